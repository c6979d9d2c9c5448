"""A virtual board: supply, resets, pins, flash and battery, as firmware and world see them."""

import asyncio

import pytest

from simulator.hardware.vm import FirmwareError
from simulator.profiles import profile

from .boards import BOOT_S, for_s, play, to_the_end

# Those that program NOR flash directly; what STM32 has between is in test_storage.py and test_flash_doubles.py.
FLASHES = {
    "esp32": "import esp32; area = esp32.Partition.find(esp32.Partition.TYPE_DATA, label='journal')[0]",
    "rp2": "import rp2; area = rp2.Flash()",
}


def test_reset_reboots_and_nothing_runs_after_it(tmp_path):
    script = """
        import machine, time
        print("boot", machine.reset_cause())
        if machine.reset_cause() == machine.PWRON_RESET:
            time.sleep(1)
            try:
                machine.reset()
            finally:
                print("never")
        """
    board = play(tmp_path, script, for_s(5))
    assert board.output == ["boot 1", "boot 2"]
    assert board.boots == 2


def test_an_unfed_watchdog_bites_and_a_fed_one_does_not(tmp_path):
    script = """
        import machine, time
        print("boot", machine.reset_cause())
        dog = machine.WDT(timeout=1000)
        for _ in range(20):
            time.sleep_ms(900)
            dog.feed()
        print("idle")
        time.sleep(60)
        """
    board = play(tmp_path, script, for_s(BOOT_S + 18.5))
    assert board.output == ["boot 1", "idle"]
    board = play(tmp_path, script, for_s(BOOT_S + 19.1))
    assert board.output == ["boot 1", "idle"]  # bitten, and booting
    board = play(tmp_path, script, for_s(BOOT_S + 20))
    assert board.output == ["boot 1", "idle", "boot 3"]


def test_the_watchdog_has_its_ports_limit(tmp_path):
    with pytest.raises(FirmwareError, match="ValueError"):
        play(tmp_path, "import machine\nmachine.WDT(timeout=9000)", to_the_end, port="rp2")


def test_power_off_ends_everything_at_that_instant(tmp_path):
    script = """
        import machine, time
        led = machine.Pin(2, machine.Pin.OUT, value=1)
        while True:
            time.sleep_ms(100)
            print(time.ticks_ms())
        """
    driven = []

    async def story(board):
        board.on_output = lambda pin, level: driven.append((pin, level))
        await asyncio.sleep(BOOT_S + 0.35)
        await board.power_off()
        assert not board.is_running
        await asyncio.sleep(10)

    assert play(tmp_path, script, story).output == ["100", "200", "300"]
    assert driven == [(2, 1), (2, 0)]


def test_inputs_read_their_level_else_their_pull(tmp_path):
    script = """
        from machine import Pin
        print(Pin(1, Pin.IN).value(), Pin(2, Pin.IN, Pin.PULL_UP).value(), Pin(3, Pin.IN, Pin.PULL_DOWN).value())
        print(Pin(4, Pin.IN, Pin.PULL_UP).value(), Pin(5, Pin.IN, Pin.PULL_DOWN)())
        """

    async def story(board):
        board.set_pin(4, 0)
        board.set_pin(5, 1)
        await to_the_end(board)

    assert play(tmp_path, script, story).output == ["0 1 0", "0 1"]


def test_only_the_edges_asked_for_interrupt(tmp_path):
    script = """
        import time
        from machine import Pin
        up, down = [], []
        Pin(1, Pin.IN).irq(lambda p: up.append(p.value()), Pin.IRQ_RISING)
        Pin(2, Pin.IN).irq(lambda p: down.append(p.value()), Pin.IRQ_FALLING)
        off = Pin(3, Pin.IN)
        off.irq(lambda p: print("never"))
        off.irq(None)
        time.sleep(1)
        print(up, down)
        """

    async def story(board):
        loop = asyncio.get_running_loop()
        for pin in (1, 2, 3):
            for n in range(4):
                loop.call_at(BOOT_S + 0.1 + n * 0.1, board.set_pin, pin, 1 - n % 2)
        await to_the_end(board)

    assert play(tmp_path, script, story).output == ["[1, 1] [0, 0]"]


def test_edges_beyond_the_schedulers_depth_are_lost_and_counted(tmp_path):
    script = """
        import esp32, machine, time
        area = esp32.Partition.find(esp32.Partition.TYPE_DATA, label="journal")[0]
        count = []
        machine.Pin(4, machine.Pin.IN).irq(lambda p: count.append(1))
        area.ioctl(6, 0)
        print(len(count))
        """

    async def story(board):
        for n in range(20):
            asyncio.get_running_loop().call_at(BOOT_S + 0.005 + n * 0.001, board.set_pin, 4, 1 - n % 2)
        await to_the_end(board)

    board = play(tmp_path, script, story)
    assert board.output == ["8"]
    assert board.dropped_edges == 12


def test_with_interrupts_off_the_edges_of_a_pin_collapse_into_one(tmp_path):
    script = """
        import machine, rp2
        area, count = rp2.Flash(), []
        machine.Pin(4, machine.Pin.IN).irq(lambda p: count.append(p.value()))
        area.ioctl(6, 0)
        print(count)
        """
    start = profile("rp2").boot_us / 1e6

    async def story(board):
        for n in range(7):
            asyncio.get_running_loop().call_at(start + 0.005 + n * 0.001, board.set_pin, 4, 1 - n % 2)
        await to_the_end(board)

    assert play(tmp_path, script, story, port="rp2").output == ["[1]"]


def test_the_battery_is_what_the_world_says(tmp_path):
    async def story(board):
        board.adc_mv[1] = 1850
        await to_the_end(board)

    script = "from machine import ADC, Pin\nprint(ADC(Pin(1)).read_uv(), ADC(Pin(1)).read_u16())"
    assert play(tmp_path, script, story).output == ["1850000 36739"]


@pytest.mark.parametrize("port", FLASHES)
def test_flash_programs_without_erasing_when_given_an_offset(tmp_path, port):
    script = f"""
        {FLASHES[port]}
        area.writeblocks(1, b"\\x0f" * 256, 256)
        area.writeblocks(1, b"\\x3c" * 256, 256)
        buffer = bytearray(257)
        area.readblocks(1, buffer, 255)
        print(buffer[0], buffer[1], buffer[256])
        area.writeblocks(1, b"\\x3c" * 4096)
        area.readblocks(1, buffer)
        print(buffer[0], area.ioctl(5, 0))
        area.ioctl(6, 1)
        area.readblocks(1, buffer)
        print(buffer[0])
        """
    board = play(tmp_path, script, to_the_end, port=port)
    assert board.output == ["255 12 12", "60 4096", "255"]
    assert (board.flash.programs, board.flash.erases) == (3, 2)


def test_rp2_programs_whole_pages_only(tmp_path):
    for line in ("area.writeblocks(0, bytes(255), 0)", "area.writeblocks(0, bytes(256), 8)"):
        with pytest.raises(FirmwareError, match=r"OSError.*EINVAL"):
            play(tmp_path, f"{FLASHES['rp2']}\n{line}", to_the_end, port="rp2")


@pytest.mark.parametrize("port", FLASHES)
def test_the_end_of_the_flash_is_guarded(tmp_path, port):
    with pytest.raises(FirmwareError, match="OSError"):
        play(tmp_path, f"{FLASHES[port]}\narea.readblocks(area.ioctl(4, 0), bytearray(1))", to_the_end, port=port)


def test_each_port_has_its_own_flash_module_only(tmp_path):
    for port, module in (("esp32", "rp2"), ("rp2", "esp32")):
        with pytest.raises(FirmwareError, match="ImportError"):
            play(tmp_path, f"import {module}", to_the_end, port=port)


@pytest.mark.parametrize("port", FLASHES)
def test_flash_operations_take_their_time(tmp_path, port):
    script = f"""
        import time
        {FLASHES[port]}
        t = time.ticks_us()
        area.ioctl(6, 0)
        u = time.ticks_us()
        area.writeblocks(0, bytes(512), 0)
        v = time.ticks_us()
        print(time.ticks_diff(u, t), time.ticks_diff(v, u))
        """
    board = play(tmp_path, script, to_the_end, port=port)
    port_costs = board.profile
    erase_us, program_us = map(int, board.output[0].split())
    assert erase_us == port_costs.erase_us + port_costs.tick_us
    assert program_us == 2 * port_costs.program_us + port_costs.tick_us


def test_the_flash_outlives_the_power(tmp_path):
    script = f"""
        {FLASHES["esp32"]}
        buffer = bytearray(1)
        area.readblocks(0, buffer)
        print(buffer[0])
        area.writeblocks(0, bytes([buffer[0] >> 1]), 0)
        """

    async def story(board):
        for _ in range(3):
            await board.power_on()
            await to_the_end(board)
            await board.power_off()

    assert play(tmp_path, script, story).output == ["255", "127", "63"]


def test_power_cut_on_cue_stops_the_board_in_that_operation(tmp_path):
    script = f"""
        {FLASHES["esp32"]}
        for n in range(10):
            area.writeblocks(0, bytes([n]), n)
            print(n)
        """

    async def story(board):
        board.flash.cut_after(4, fraction=0)
        await asyncio.sleep(1)
        assert not board.is_running
        await asyncio.sleep(1)
        assert board.boots == 1
        await board.power_on()
        assert board.is_running

    board = play(tmp_path, script, story)
    assert board.output == ["0", "1", "2"]
    assert board.flash.read(0, 5) == b"\x00\x01\x02\xff\xff"


def test_power_lost_in_the_middle_of_an_erase_tears_it(tmp_path):
    script = f"""
        {FLASHES["esp32"]}
        area.writeblocks(0, b"\\x55" * 4096, 0)
        print("erasing")
        area.ioctl(6, 0)
        print("never")
        """

    async def story(board):
        while not board.output:
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.010)
        await board.power_off()
        assert board.flash.read(0, 4096) not in (b"\x55" * 4096, b"\xff" * 4096)

    assert play(tmp_path, script, story).output == ["erasing"]


def test_a_reset_lets_the_flash_chip_finish(tmp_path):
    script = f"""
        import machine
        {FLASHES["esp32"]}
        if machine.reset_cause() == machine.PWRON_RESET:
            area.writeblocks(0, bytes(4096), 0)
            machine.WDT(timeout=20)
            area.ioctl(6, 0)
        buffer = bytearray(4096)
        area.readblocks(0, buffer)
        print(machine.reset_cause(), buffer == b"\\xff" * 4096)
        """
    assert play(tmp_path, script, for_s(2)).output == ["3 True"]


def test_a_failing_board_fails_whoever_waits_for_it(tmp_path):
    async def story(board):
        with pytest.raises(FirmwareError):
            await board.failed
        with pytest.raises(FirmwareError):
            board.check()

    play(tmp_path, "import time\ntime.sleep(1)\nraise KeyError('key')", story)


def test_identities_differ_between_boards_and_last(tmp_path):
    board = play(tmp_path, "import machine\nprint(len(machine.unique_id()))", to_the_end)
    assert board.output == ["6"]
