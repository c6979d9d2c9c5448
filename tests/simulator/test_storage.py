"""Flash behind a board's calls: time, one thing at a time, and STM32's page that is written back late."""

import asyncio

import pytest

from simulator.clock import run
from simulator.hardware.edges import EdgeGate
from simulator.hardware.flash import NorFlash
from simulator.hardware.page_cache import LOOK_S, QUIET_S
from simulator.hardware.storage import Storage
from simulator.profiles import profile

PORT = profile("stm32wb")
PAGE = 4096
REWRITE_S = (PORT.erase_us + 16 * PORT.program_us) / 1e6


class Bench:
    """Storage of an STM32, and how often its supply was lost."""

    def __init__(self):
        self.flash = NorFlash(4 * PAGE, seed="bench", word_size=PORT.program_unit)
        self.told = []
        self.flash.on_program = self.told.append
        self.cuts = 0
        self.gate = EdgeGate(lambda pin, edges: None)
        self.storage = Storage(self.flash, PORT, self.gate, self._lose)
        self.storage.boot()

    def _lose(self):
        self.cuts += 1
        self.storage.stop(power_lost=True)

    async def write(self, address, data):
        await self.storage.call("cached_write", address, data)

    async def read(self, address, length):
        return await self.storage.call("cached_read", address, length)


def on_the_bench(scene):
    """Run `scene(bench)`."""

    async def main():
        bench = Bench()
        await scene(bench)
        bench.storage.stop(power_lost=False)

    run(main())


def test_a_write_is_read_back_at_once_and_not_on_the_chip_yet():
    async def scene(bench):
        await bench.write(10, b"abc")
        assert await bench.read(8, 6) == b"\xff\xffabc\xff"
        assert bench.flash.read(10, 3) == b"\xff\xff\xff"

    on_the_bench(scene)


def test_a_sync_erases_and_programs_the_page_and_takes_its_time():
    async def scene(bench):
        await bench.write(10, b"abc")
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        await bench.storage.call("sync")
        assert loop.time() - began_s == pytest.approx(REWRITE_S)
        assert bench.flash.read(10, 3) == b"abc"
        assert (bench.flash.erases, bench.flash.programs) == (1, 1)
        await bench.storage.call("sync")
        assert (bench.flash.erases, bench.flash.programs) == (1, 1)

    on_the_bench(scene)


def test_left_alone_the_page_is_erased_at_the_next_look_and_programmed_when_it_was_quiet_for_5_s():
    async def scene(bench):
        await bench.write(10, b"abc")
        await asyncio.sleep(LOOK_S + PORT.erase_us / 1e6 + 0.001)
        assert (bench.flash.erases, bench.flash.programs) == (1, 0)
        await asyncio.sleep(QUIET_S - LOOK_S - 0.1)
        assert bench.flash.programs == 0
        await asyncio.sleep(LOOK_S + REWRITE_S + 0.2)
        assert bench.flash.programs == 1 and bench.flash.read(10, 3) == b"abc"

    on_the_bench(scene)


def test_a_write_to_another_page_sends_the_first_one_out():
    async def scene(bench):
        await bench.write(0, b"first")
        await bench.write(PAGE, b"second")
        assert bench.flash.read(0, 5) == b"first"
        assert bench.flash.read(PAGE, 6) == b"\xff" * 6

    on_the_bench(scene)


def test_a_write_across_pages_is_whole():
    async def scene(bench):
        await bench.write(PAGE - 2, b"over")
        assert await bench.read(PAGE - 2, 4) == b"over"
        await bench.storage.call("sync")
        assert bench.flash.read(PAGE - 2, 4) == b"over"

    on_the_bench(scene)


def test_bits_can_rise_again_since_the_page_is_erased():
    async def scene(bench):
        for data in (b"\x00", b"\xf0"):
            await bench.write(0, data)
            await bench.storage.call("sync")
        assert bench.flash.read(0, 1) == b"\xf0"

    on_the_bench(scene)


def test_watchers_of_programs_are_told_what_is_new_of_a_page():
    async def scene(bench):
        await bench.write(0, b"first")
        await bench.storage.call("sync")
        await bench.write(8, b"second")
        await bench.storage.call("sync")
        assert bench.told == [b"first", b"second"]

    on_the_bench(scene)


def test_power_lost_before_the_erase_loses_what_was_new_only():
    async def scene(bench):
        await bench.write(0, b"old")
        await bench.storage.call("sync")
        await bench.write(3, b"new")
        bench.storage.stop(power_lost=True)
        assert bench.flash.read(0, 6) == b"old\xff\xff\xff"

    on_the_bench(scene)


def test_power_lost_between_erase_and_program_loses_all_that_the_page_held():
    async def scene(bench):
        await bench.write(0, b"old")
        await bench.storage.call("sync")
        await bench.write(3, b"new")
        await asyncio.sleep(2 * LOOK_S)
        bench.storage.stop(power_lost=True)
        assert bench.flash.read(0, PAGE) == b"\xff" * PAGE

    on_the_bench(scene)


@pytest.mark.parametrize("operation, fraction", [(1, 0.5), (2, 0.0), (2, 0.5)])
def test_a_cut_in_the_rewrite_tears_the_page_and_no_other(operation, fraction):
    async def scene(bench):
        await bench.write(PAGE, bytes(PAGE))
        await bench.storage.call("sync")
        await bench.write(0, b"\x00old" * 1024)
        await bench.storage.call("sync")
        bench.flash.cut_after(operation, fraction)
        await bench.write(4, b"new!")
        await bench.storage.call("sync")
        assert bench.cuts == 1
        assert bench.flash.read(PAGE, PAGE) == bytes(PAGE)
        assert bench.flash.read(0, PAGE) != b"\x00oldnew!" + b"\x00old" * 1022

    on_the_bench(scene)


def test_a_program_word_by_word_that_is_cut_has_done_what_came_before():
    flash = NorFlash(PAGE, seed=1, word_size=8)
    flash.tear_program(0, bytes(1024), 0.5)
    assert flash.read(0, 512) == bytes(512)
    assert flash.read(520, 504) == b"\xff" * 504


def test_a_cut_in_a_look_stops_the_write_back_for_good():
    async def scene(bench):
        await bench.write(0, b"abc")
        bench.flash.cut_after(1, 1.0)
        await asyncio.sleep(20)
        assert bench.cuts == 1
        assert bench.flash.programs == 0

    on_the_bench(scene)


def test_after_a_boot_the_cache_erases_again_whatever_the_boot_before_had_erased():
    async def scene(bench):
        await bench.write(0, b"abc")
        await asyncio.sleep(2 * LOOK_S)
        bench.storage.stop(power_lost=True)
        bench.storage.boot()
        await bench.write(0, b"xyz")
        await bench.storage.call("sync")
        assert bench.flash.read(0, 3) == b"xyz"
        assert bench.flash.erases == 2

    on_the_bench(scene)
