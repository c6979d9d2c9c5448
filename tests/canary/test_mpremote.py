"""What the flash tool takes of mpremote and of MicroPython's prompt: where either changes, this says so first."""

import pytest
from mpremote.transport import TransportExecError
from mpremote.transport_serial import SerialTransport

from tests.flashing.world import seat


@pytest.fixture(scope="module")
def transport(tmp_path_factory):
    with seat(tmp_path_factory.mktemp("canary") / "port") as there:
        transport = SerialTransport(str(there.path), timeout=2)
        transport.enter_raw_repl(soft_reset=False)
        yield transport
        transport.close()


def test_a_command_returns_what_it_printed_and_apart_from_it_what_it_raised(transport):
    assert transport.exec_raw("print(6 * 7)") == (b"42\n", b"")
    printed, error = transport.exec_raw("print(1)\n1 / 0")
    assert printed == b"1\n" and error.endswith(b"ZeroDivisionError: divide by zero\n")
    with pytest.raises(TransportExecError):
        transport.exec("1 / 0")


def test_raw_paste_is_used_and_takes_a_command_longer_than_its_window(transport):
    assert transport.use_raw_paste
    text = "x" * 5000
    assert transport.exec_raw(f"print(len({text!r}))") == (b"5000\n", b"")
    assert transport.use_raw_paste


def test_ctrl_c_ends_a_program_and_leaves_the_prompt(transport, monkeypatch):
    monkeypatch.setattr(transport, "use_raw_paste", False)  # in it the unix VM leaves its terminal as it is
    transport.exec_raw_no_follow("import time\nprint('up')\nwhile True:\n    time.sleep_ms(10)")
    assert transport.read_until(1, b"up\n") == b"up\n"
    transport.serial.write(b"\r\x03")
    printed, error = transport.follow(10)
    assert printed == b"" and b"KeyboardInterrupt" in error
    assert transport.exec("print(1)") == b"1\n"


def test_a_soft_reset_leaves_the_raw_prompt_and_forgets_names(transport):
    transport.exec("mine = 1")
    transport.enter_raw_repl(soft_reset=True)
    assert transport.exec("print('mine' in globals())") == b"False\n"


def test_the_implementation_says_version_mpy_and_machine(transport):
    said = transport.eval("__import__('sys').implementation._mpy & 0xFF")
    assert said == 6
    assert transport.eval("__import__('sys').implementation._machine") == "Generic ESP32S3 module with ESP32-S3"
    assert tuple(transport.eval("tuple(__import__('sys').implementation.version)"))[:2] >= (1, 29)
