"""`bluetooth` inside the VM, down to the air: two boards, one script each, one air."""

import asyncio
from textwrap import dedent

import pytest

from simulator.clock import run
from simulator.entropy import seeded_entropy
from simulator.hardware.board import VirtualBoard
from simulator.profiles import PROFILES, profile
from simulator.radio.air import Air

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
        print(UUID(0x180F) == UUID(b"\\x0f\\x18"), UUID(1) == UUID(2), UUID(1) == 1, UUID(1) == b"\\x01\\x00")
        name = "6e400001-b5a3-f393-e0a9-e50e24dcca9e"
        print(UUID(name) in (UUID(1), UUID(name)), len({UUID(name), UUID(name)}), UUID(UUID(name)) == UUID(name))
        print(UUID(0x180F), UUID(b"\\x01\\x02\\x03\\x04"), repr(UUID(name.upper())), UUID(-1))
        print(bytes(UUID(0x180F)), bytes(UUID(name))[:2], memoryview(UUID(0x180F))[0], UUID("ab"))
        print(UUID(0x0001) < UUID(0x0100), UUID(2) < UUID(name), UUID(name) <= UUID(name), UUID(2) > UUID(1))
        def refused(do):
            try:
                print(do())
            except Exception as error:
                print(type(error).__name__, error)
        refused(lambda: UUID(b"123"))
        refused(lambda: UUID(name + "0"))
        refused(lambda: UUID(name[:-1] + "g"))
        refused(lambda: UUID(0x10000))
        refused(lambda: len(UUID(1)))
        for wrong in (lambda: UUID(1) < 2, lambda: UUID(None), lambda: UUID(1)[0]):
            try:
                wrong()
            except TypeError:
                print("TypeError")
        """
    assert play(tmp_path, script, to_the_end).output == [
        "True False False False",
        "True 1 True",
        "UUID(0x180f) UUID(0x04030201) UUID('6e400001-b5a3-f393-e0a9-e50e24dcca9e') UUID(0xffff)",
        r"b'\x0f\x18' b'\x9e\xca' 15 UUID(0x6261)",
        "False True True True",
        "ValueError UUID too short",
        "ValueError UUID too long",
        "ValueError invalid char in UUID",
        "ValueError invalid UUID",
        "TypeError object of type 'UUID' has no len()",
        *["TypeError"] * 3,
    ]


@pytest.mark.parametrize("port", PROFILES)
def test_a_port_has_the_methods_and_settings_that_it_is_built_with(tmp_path, port):
    script = """
        import bluetooth
        ble = bluetooth.BLE()
        channels = ["l2cap_" + name for name in ("listen", "connect", "disconnect", "send", "recvinto")]
        for name in ["gap_connect", "gattc_write", "gap_pair", "gap_passkey"] + channels + ["hci_cmd"]:
            if not hasattr(ble, name):
                print(name)
        ble.active(True)
        for key, value in (("bond", 1), ("mitm", 1), ("io", 3), ("le_secure", 1), ("rxbuf", 512), ("mtu", 100)):
            try:
                ble.config(**{key: value})
            except ValueError as error:
                print(key, error)
        for key in ("mac", "mtu", "gap_name", "rxbuf", "addr_mode", "bond"):
            try:
                ble.config(key)
            except ValueError as error:
                print(key, error)
        """
    unknown = "unknown config param"
    channels = [f"l2cap_{name}" for name in ("listen", "connect", "disconnect", "send", "recvinto")]
    missing = {"esp32": channels, "rp2": ["gap_pair", "gap_passkey", *channels], "stm32wb": []}[port]
    pairing = [f"{key} {unknown}" for key in ("bond", "mitm", "io", "le_secure")] if port == "rp2" else []
    settings = [*pairing, f"rxbuf {unknown}", *(f"{key} {unknown}" for key in ("rxbuf", "addr_mode", "bond"))]
    assert play(tmp_path, script, to_the_end, port=port, has_radio=True).output == [*missing, "hci_cmd", *settings]


def test_channels_are_not_modelled_where_a_port_has_them(tmp_path):
    script = """
        import bluetooth
        ble = bluetooth.BLE()
        ble.active(True)
        for name, *args in (
            ("listen", 22, 100),
            ("connect", 1, 22, 100),
            ("disconnect", 1, 64),
            ("send", 1, 64, b"x"),
            ("recvinto", 1, 64, bytearray(1)),
        ):
            try:
                getattr(ble, "l2cap_" + name)(*args)
            except OSError as error:
                print(name, error.errno)
        """
    refused = [f"{name} 95" for name in ("listen", "connect", "disconnect", "send", "recvinto")]
    assert play(tmp_path, script, to_the_end, port="stm32wb", has_radio=True).output == refused


@pytest.mark.parametrize(
    ("call", "error"),
    [
        ("ble.gap_scan(duration_ms=0)", "TypeError"),
        ("ble.gattc_write(1, 2, b'', mode=1)", "TypeError"),
        ("ble.gap_connect(0)", "TypeError"),
        ("ble.gap_connect(0, b'short')", "ValueError"),
        ("ble.gap_connect(0, 6)", "TypeError"),
        ("ble.gattc_discover_services(1, 0x180F)", "TypeError"),
        ("ble.gap_advertise(20000, 5)", "TypeError"),
        ("ble.gatts_register_services(((bluetooth.UUID(1), ((bluetooth.UUID(2),),)),))", "ValueError"),
        ("ble.gatts_register_services([(bluetooth.UUID(n), ()) for n in range(9)])", "OSError"),
        ("ble.irq(5)", "ValueError"),
        ("ble.config('mtu', mtu=5)", "TypeError"),
        ("ble.config()", "TypeError"),
        ("ble.gattc_read(1, 3)", "OSError"),
    ],
)
def test_calls_that_the_ports_refuse(tmp_path, call, error):
    script = f"""
        import bluetooth
        ble = bluetooth.BLE()
        ble.active(True)
        try:
            {call}
        except (TypeError, ValueError, OSError) as error:
            print(type(error).__name__)
        """
    assert play(tmp_path, script, to_the_end, has_radio=True).output == [error]


@pytest.mark.parametrize(
    ("port", "expected"), [("esp32", ["(6,)", "256"]), ("rp2", ["100"]), ("stm32wb", ["(6,)", "256"])]
)
def test_activating_twice_begins_anew_with_nimble(tmp_path, port, expected):
    script = """
        import bluetooth
        ble = bluetooth.BLE()
        ble.irq(lambda event, data: print((event,) + data))
        ble.active(True)
        ble.config(mtu=100)
        ble.gap_scan(0, 30000, 30000)
        ble.active(True)
        print(ble.config("mtu"))
        """
    output = play(tmp_path, script, to_the_end, port=port, has_radio=True).output
    assert [line for line in output if not line.startswith(("(29", "(30"))] == expected


def test_the_defaults_of_a_scan_are_the_documented_ones(tmp_path):
    async def story(board):
        await asyncio.sleep(1)
        controller = board.ble._stack.radio.controller
        assert (controller.le_scan_interval, controller.le_scan_window) == (2048, 18)  # 1.28 s, 11.25 ms
        assert (controller.le_scan_enable, controller.le_scan_type) == (True, 0)

    play(tmp_path, "import bluetooth; ble = bluetooth.BLE(); ble.active(True); ble.gap_scan()", story, has_radio=True)
