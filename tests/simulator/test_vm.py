"""The MicroPython VM in lock-step with virtual time: clock, interrupts, entropy, and what happens when it dies."""

import asyncio
import os
import sys

import pytest

from simulator.clock import now_us
from simulator.hardware.interpreter import VmError, find_vm, vm_version
from simulator.hardware.vm import FirmwareError

from .boards import BOOT_S, for_s, play, to_the_end


def test_the_version_comes_from_the_vm_itself():
    said = vm_version()
    assert said.startswith("micropython 1.")
    assert "linux" in said or "darwin" in said


def test_a_board_runs_its_script_and_what_it_prints_is_kept(tmp_path):
    board = play(tmp_path, "print('hello')\nprint('world', end='')", to_the_end)
    assert board.output == ["hello", "world"]


def test_boot_py_runs_before_the_script(tmp_path):
    (tmp_path / "boot.py").write_text("print('boot')")
    assert play(tmp_path, "print('main')", to_the_end).output == ["boot", "main"]


def test_sleeping_costs_virtual_time_exactly(tmp_path):
    async def story(board):
        await to_the_end(board)
        at.append(now_us(asyncio.get_running_loop()))

    at: list[int] = []
    play(tmp_path, "import time\ntime.sleep(86400)", story)
    assert at == [86400 * 1_000_000 + round(BOOT_S * 1e6)]


@pytest.mark.parametrize("start_ms, expected", [(0, "0 100"), ((1 << 30) - 50, "1073741774 50")])
def test_ticks_wrap_at_two_to_the_thirty(tmp_path, start_ms, expected):
    script = """
        import time
        a = time.ticks_ms()
        time.sleep_ms(100)
        b = time.ticks_ms()
        print(a, b)
        assert time.ticks_diff(b, a) == 100
        assert time.ticks_add(a, 100) == b
        assert 0 <= time.ticks_us() < 1 << 30
        """
    assert play(tmp_path, script, to_the_end, ticks_at_boot_ms=start_ms).output == [expected]


def test_the_real_clock_is_out_of_reach(tmp_path):
    script = """
        import time, utime, sys
        assert utime is time and sys.modules["utime"] is time
        for name in ("asyncio", "uasyncio", "_asyncio", "select", "uselect", "socket", "_thread"):
            try:
                getattr(__import__(name), "anything")
                print("reached", name)
            except ImportError:
                pass
        """
    assert play(tmp_path, script, to_the_end).output == []


def test_hashing_moves_virtual_time(tmp_path):
    script = """
        import hashlib, time
        def cost(n):
            t = time.ticks_us()
            hashlib.sha256(bytes(n)).digest()
            return time.ticks_diff(time.ticks_us(), t)
        print(cost(0), cost(64 * 100) - cost(0), cost(56) - cost(55))
        """
    board = play(tmp_path, script, to_the_end)
    empty, hundred, padding = map(int, board.output[0].split())
    port = board.profile
    assert empty == 2 * port.sha256_call_us + port.sha256_block_us + port.tick_us
    assert hundred == 100 * port.sha256_block_us + port.sha256_call_us
    assert padding == port.sha256_block_us


def test_sha256_itself_is_the_real_one(tmp_path):
    script = """
        import hashlib, binascii
        h = hashlib.sha256(b"a")
        h.update(b"bc")
        print(str(binascii.hexlify(h.digest()), "utf8"))
        """
    # FIPS 180-4, example "abc"
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert play(tmp_path, script, to_the_end).output == [expected]


def press_at(second, pin=4, level=0):
    async def story(board):
        asyncio.get_running_loop().call_at(BOOT_S + second, board.set_pin, pin, level)
        await to_the_end(board)

    return story


def test_an_edge_during_a_long_computation_is_latched_within_2_ms(tmp_path):
    script = """
        import hashlib, machine, time
        pin, seen = machine.Pin(4, machine.Pin.IN, machine.Pin.PULL_UP), []
        start = time.ticks_us()
        pin.irq(lambda p: seen.append((time.ticks_diff(time.ticks_us(), start), p.value())), machine.Pin.IRQ_FALLING)
        for _ in range(5000):
            hashlib.sha256(bytes(64)).digest()
        print(*seen[0], len(seen))
        """
    board = play(tmp_path, script, press_at(0.1))
    latched_us, level, times = map(int, board.output[0].split())
    assert 100_000 <= latched_us <= 102_000
    assert (level, times) == (0, 1)


def test_the_door_opens_at_the_very_instant_of_an_edge(tmp_path):
    script = """
        import machine, simrt, time
        pin = machine.Pin(4, machine.Pin.IN, machine.Pin.PULL_UP)
        pin.irq(lambda p: None)
        start = time.ticks_us()
        simrt.rest(10000)
        print(time.ticks_diff(time.ticks_us(), start), pin.value())
        """
    board = play(tmp_path, script, press_at(2))
    opened_us, level = map(int, board.output[0].split())
    assert 2_000_000 <= opened_us <= 2_000_300
    assert level == 0


def test_the_door_closes_no_later_than_asked(tmp_path):
    script = """
        import simrt, time
        start = time.ticks_ms()
        simrt.rest(250)
        print(time.ticks_diff(time.ticks_ms(), start))
        simrt.rest(0)
        simrt.rest(-5)
        print(time.ticks_diff(time.ticks_ms(), start))
        """
    assert play(tmp_path, script, to_the_end).output == ["250", "250"]


def test_sleep_serves_interrupts_but_sleeps_on(tmp_path):
    script = """
        import machine, time
        pin, seen = machine.Pin(4, machine.Pin.IN, machine.Pin.PULL_UP), []
        start = time.ticks_ms()
        pin.irq(lambda p: seen.append(time.ticks_diff(time.ticks_ms(), start)))
        time.sleep_ms(5000)
        print(seen, time.ticks_diff(time.ticks_ms(), start))
        """
    assert play(tmp_path, script, press_at(2)).output == ["[2000] 5000"]


def test_handlers_never_nest(tmp_path):
    script = """
        import machine, time
        log = []
        def slow(pin):
            log.append("in")
            time.sleep_ms(50)
            log.append("out")
        pin = machine.Pin(4, machine.Pin.IN, machine.Pin.PULL_UP)
        pin.irq(slow)
        time.sleep_ms(500)
        print(log)
        """

    async def story(board):
        for n in range(4):
            asyncio.get_running_loop().call_at(BOOT_S + 0.1 + n * 0.01, board.set_pin, 4, n % 2)
        await to_the_end(board)

    assert play(tmp_path, script, story).output == [str(["in", "out"] * 4)]


def test_an_exception_in_a_pin_handler_is_printed_and_forgotten(tmp_path):
    script = """
        import machine, time
        machine.Pin(4, machine.Pin.IN, machine.Pin.PULL_UP).irq(lambda p: 1 // 0)
        time.sleep_ms(500)
        print("alive")
        """

    async def story(board):
        for n in range(2):
            asyncio.get_running_loop().call_at(BOOT_S + 0.1 + n * 0.01, board.set_pin, 4, n)
        await to_the_end(board)

    output = play(tmp_path, script, story).output
    assert sum(line.startswith("ZeroDivisionError") for line in output) == 2
    assert output[-1] == "alive"


def test_entropy_is_the_seeds(tmp_path):
    script = """
        import os, random
        print(os.urandom(8), random.getrandbits(30), random.random())
        random.seed()
        print(random.getrandbits(30))
        """
    first, again, other = (play(tmp_path, script, to_the_end, seed=seed).output for seed in (1, 1, 2))
    assert first == again != other


def test_a_second_boot_gets_fresh_entropy(tmp_path):
    async def story(board):
        await to_the_end(board)
        await board.power_off()
        await board.power_on()
        await to_the_end(board)

    first, second = play(tmp_path, "import os\nprint(os.urandom(8))", story).output
    assert first != second


def test_two_runs_with_one_seed_are_the_same_run(tmp_path):
    script = """
        import hashlib, machine, os, simrt, time
        class Thing: pass
        pin = machine.Pin(4, machine.Pin.IN, machine.Pin.PULL_UP)
        pin.irq(lambda p: print("edge", time.ticks_us()))
        kept = []
        for n in range(40):
            kept.append({Thing(): bytearray(os.urandom(1)[0]) for _ in range(5)})
            hashlib.sha256(os.urandom(200)).digest()
            simrt.rest(os.urandom(1)[0])
        print(time.ticks_us())
        """
    runs = [play(tmp_path, script, press_at(1.5)) for _ in range(3)]
    assert len({tuple(board.output) for board in runs}) == 1
    assert len({board.heap_peak for board in runs}) == 1


def test_the_heap_peak_is_what_the_firmware_keeps_not_what_it_throws_away(tmp_path):
    script = """
        import machine, simrt
        for _ in range(100):
            bytearray(10000)
        machine.unique_id()
        simrt.rest(1000)
        kept = bytearray(50000)
        machine.unique_id()
        simrt.rest(1000)
        del kept
        machine.unique_id()
        simrt.rest(1000)
        """
    board = play(tmp_path, script, to_the_end)
    # The collector is conservative: a stale word on the stack may hold one of the thrown-away blocks.
    assert 50_000 <= board.heap_peak <= 65_000


def test_what_is_held_for_a_second_after_a_long_quiet_is_in_the_heap_peak(tmp_path):
    """No event announces it: a firmware does much by its own deadlines."""
    script = """
        import machine, simrt
        for _ in range(200):
            machine.unique_id()
            simrt.rest(4000)
        kept = bytearray(50000)
        machine.unique_id()
        simrt.rest(1000)
        del kept
        machine.unique_id()
        simrt.rest(1000)
        """
    assert play(tmp_path, script, to_the_end).heap_peak >= 50_000


def test_the_heap_is_counted_late_on_each_day_whatever_it_is(tmp_path):
    """Though the firmware asks nothing of the world, and held more at its start."""
    script = """
        import machine, simrt
        early = bytearray(100000)
        machine.unique_id()
        simrt.rest(1000)
        del early
        kept = []
        for _ in range(80):
            kept.append(bytearray(100))
            simrt.rest(3600 * 1000)
        """
    board = play(tmp_path, script, to_the_end)
    first, second, third = (board.heap_of_day[day] for day in (1, 2, 3))
    assert set(board.heap_of_day) == {1, 2, 3} and third < board.heap_peak
    assert 24 * 100 <= second - first <= 24 * 200 and 24 * 100 <= third - second <= 24 * 200


def test_doubles_work_while_the_firmware_has_locked_the_heap(tmp_path):
    script = """
        import machine, micropython, time
        pin, v, locked = machine.Pin(4, machine.Pin.OUT), 0, False
        def fast():
            pin.value(1)
            v = pin.value()
            while time.ticks_diff(time.ticks_ms(), 0) < 5:
                pass
            return v
        micropython.heap_lock()
        micropython.heap_lock()
        v = fast()
        try:
            [v]
        except MemoryError:
            locked = True
        micropython.heap_unlock()
        micropython.heap_unlock()
        print(v, locked)
        """
    assert play(tmp_path, script, to_the_end).output == ["1 True"]


def test_an_exception_that_leaves_the_firmware_names_board_and_place(tmp_path):
    script = "def aim():\n    raise ValueError('no target')\n\naim()\n"
    with pytest.raises(FirmwareError) as caught:
        play(tmp_path, script, to_the_end)
    assert "unit 7" in str(caught.value)
    assert caught.value.traceback.splitlines()[-1] == "ValueError: no target"
    assert 'File "main.py", line 2, in aim' in caught.value.traceback


@pytest.mark.parametrize("executable", ["/bin/false", "/nonexistent/micropython", "/etc/passwd", sys.executable])
def test_a_useless_vm_is_an_error_with_advice_and_no_hang(tmp_path, monkeypatch, executable):
    monkeypatch.setenv("MICROPYTHON", executable)
    for attempt in (lambda: play(tmp_path, "", for_s(1)), vm_version):
        with pytest.raises(VmError) as caught:
            attempt()
        what, advice = str(caught.value).splitlines()
        assert executable in what
        assert "MICROPYTHON" in advice


def test_micropython_names_the_vm(monkeypatch):
    monkeypatch.setenv("MICROPYTHON", "/some/where")
    assert find_vm() == "/some/where"


def test_a_killed_vm_leaves_no_process_behind(tmp_path):
    async def story(board):
        await asyncio.sleep(1)
        pids.append(board.vm.pid)
        await board.power_off()
        with pytest.raises(ProcessLookupError):
            os.kill(pids[0], 0)

    pids: list[int] = []
    play(tmp_path, "import time\ntime.sleep(100)", story)
    assert pids


def test_any_amount_of_output_is_taken(tmp_path):
    script = "for n in range(20000): print('line', n)"
    assert play(tmp_path, script, to_the_end).output == [f"line {n}" for n in range(20000)]
