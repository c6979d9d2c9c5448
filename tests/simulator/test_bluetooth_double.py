"""`bluetooth` inside the VM, down to the air: two boards, one script each, one air."""

import asyncio
from textwrap import dedent

import pytest

from simulator.air import Air
from simulator.board import VirtualBoard
from simulator.clock import run
from simulator.entropy import seeded_entropy
from simulator.profiles import PROFILES, profile

from .boards import play, to_the_end

SENDER = """
    import bluetooth, time
    ble = bluetooth.BLE()
    ble.active(True)
    time.sleep_ms(100)
    ble.gap_advertise(20000, b"\\x03\\xffhi", connectable=False)
    time.sleep(10)
    """


def hear(tmp_path, script, port="esp32", until_s=3.0):
    """What a board prints that runs `script` a metre from a board that advertises b"\\x03\\xffhi" every 20 ms."""
    paths = []
    for name, text in (("sender", SENDER), ("listener", script)):
        directory = tmp_path / name
        directory.mkdir()
        paths.append(directory / "main.py")
        paths[-1].write_text(dedent(text))

    async def scene():
        air = Air(1)
        boards = [VirtualBoard(path.parent.name, profile(port), air, 1, path) for path in paths]
        for metres, board in enumerate(boards):
            air.place(board.name, metres, 0)
            await board.power_on()
        await asyncio.sleep(until_s)
        for board in boards:
            board.check()
            await board.power_off()
        return boards[1].output

    with seeded_entropy(1):
        return run(scene())


@pytest.mark.parametrize("port", PROFILES)
def test_what_one_board_advertises_another_hears(tmp_path, port):
    script = """
        import bluetooth, simrt
        got = []
        def irq(event, data):
            if event == 5:
                got.append((data[2], bytes(data[4]), len(bytes(data[1])), data[3] < 0))
        ble = bluetooth.BLE()
        assert ble is bluetooth.BLE()
        ble.active(True)
        ble.irq(irq)
        ble.gap_scan(0, 30000, 30000)
        while len(got) < 20:
            simrt.rest()
        print(set(got))
        """
    assert hear(tmp_path, script, port) == [r"{(2, b'\x03\xffhi', 6, True)}"]


def test_what_the_handler_is_lent_is_rubbish_afterwards(tmp_path):
    script = """
        import bluetooth, simrt
        kept = []
        ble = bluetooth.BLE()
        ble.active(True)
        ble.irq(lambda event, data: kept.append(data[4]))
        ble.gap_scan(0, 30000, 30000)
        simrt.rest()
        print(bytes(kept[0]))
        """
    assert hear(tmp_path, script) == [r"b'\xee\xee\xee\xee'"]


def test_an_exception_in_the_handler_unregisters_it(tmp_path):
    script = """
        import bluetooth, time
        times = []
        def irq(event, data):
            times.append(1)
            raise KeyError("handler")
        ble = bluetooth.BLE()
        ble.active(True)
        ble.irq(irq)
        ble.gap_scan(0, 30000, 30000)
        time.sleep_ms(1500)
        print(len(times))
        """
    output = hear(tmp_path, script)
    assert output[0] == "Unhandled exception in IRQ callback handler"
    assert output[-2:] == ["KeyError: handler", "1"]


def test_a_powered_off_board_falls_silent_and_a_booted_one_is_inactive(tmp_path):
    script = """
        import bluetooth, machine, time
        ble = bluetooth.BLE()
        print(ble.active())
        ble.active(True)
        ble.gap_advertise(20000, b"x")
        time.sleep_ms(100)
        if machine.reset_cause() == machine.PWRON_RESET:
            machine.reset()
        print("done")
        """

    async def story(board):
        await asyncio.sleep(1)
        assert board.output == ["False", "False", "done"]

    play(tmp_path, script, story, has_radio=True)


def test_advertising_allocates_nothing_the_firmware_would_notice(tmp_path):
    script = """
        import bluetooth, micropython
        ble, frame = bluetooth.BLE(), bytearray(31)
        ble.active(True)
        def fast():
            ble.gap_advertise(20000, frame, connectable=False)
        micropython.heap_lock()
        fast()
        micropython.heap_unlock()
        print("aired")
        """
    assert play(tmp_path, script, to_the_end, has_radio=True).output == ["aired"]


@pytest.mark.parametrize(
    "call, code",
    [
        ("ble.gap_advertise(20000, bytes(32))", "-18"),
        ("ble.gap_advertise(10000, b'')", "22"),
        ("ble.active(False); ble.gap_scan(0)", "19"),
        ("ble.gap_scan(0, 30000, 30000); ble.config(addr_mode=3)", "16"),
    ],
)
def test_refusals_reach_the_firmware_as_os_errors(tmp_path, call, code):
    script = f"""
        import bluetooth
        ble = bluetooth.BLE()
        ble.active(True)
        try:
            {call}
        except OSError as error:
            print(error.errno)
        """
    assert play(tmp_path, script, to_the_end, has_radio=True).output == [code]


def test_config_is_asked_by_name_and_set_by_keyword(tmp_path):
    script = """
        import bluetooth
        ble = bluetooth.BLE()
        ble.active(True)
        ble.config(addr_mode=3)
        kind, address = ble.config("mac")
        print(kind, len(address), address[0] >> 6)
        """
    assert play(tmp_path, script, to_the_end, has_radio=True).output == ["1 6 0"]


def test_a_uuid_knows_its_kinds(tmp_path):
    script = """
        from bluetooth import UUID
        print(UUID(0x180F) == UUID(b"\\x0f\\x18"), UUID(1) == UUID(2))
        name = "6e400001-b5a3-f393-e0a9-e50e24dcca9e"
        print(UUID(name) in (UUID(1), UUID(name)), len({UUID(name), UUID(name)}))
        try:
            UUID(b"123")
        except ValueError as error:
            print(error)
        """
    assert play(tmp_path, script, to_the_end).output == ["True False", "True 1", "UUID too short"]
