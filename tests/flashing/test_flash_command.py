"""`interlock flash` as it is typed: what it says, what it keeps, and how it refuses."""

import errno
import fcntl
import os
import pty
import subprocess
import sys
import tty

import pytest

from host_tools.flashing import flashed, ports
from host_tools.flashing.connection import Connection
from interlock.core import access
from tests.host.schemas import conforms

from .test_flow import settings_area
from .world import BOARD, release, seat

HOW = ("--board", BOARD, "--role", "holster")


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "it.ilu"
    path.write_bytes(release())
    return str(path)


def test_a_board_becomes_a_unit_with_a_label_of_the_vault_that_provision_knows(desk, board, file):
    port = str(board.path)
    (told,) = desk.json("flash", port, *HOW, "--file", file, "--force", "MPS")
    conforms("flash", [told])
    assert (told["serial"], told["new_label"], told["set_up"], told["version"]) == ("IL0001", True, False, "0.1.0")
    assert told["machine"].endswith("ESP32-S3") and told["changes"] and told["bytes"]
    (label,) = desk.vault().labels()
    assert access.load_label(settings_area(board)) == access.Label(b"IL0001  ", label.secret)
    assert flashed.read(desk.home)["IL0001"].role == "holster"
    # Again, for people: nothing is written, and no secret is said.
    code, out, err = desk.run("flash", port, *HOW, "--file", file)
    assert code == 0 and "its files were right already, the label that it had" in out
    assert label.secret.hex() not in out + err and "IL1:" not in out + err


def test_a_board_whose_flashing_was_cut_gets_the_label_that_it_was_to_get(desk, board, file, monkeypatch):
    port = str(board.path)
    store = access.store_label

    def cut(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(access, "store_label", cut)
    code, _, err = desk.run("flash", port, *HOW, "--file", file, "--force", "MPS")
    assert code == 130 and "run it again" in err
    monkeypatch.setattr(access, "store_label", store)
    assert desk.json("flash", port, *HOW, "--file", file)[0]["serial"] == "IL0001"
    assert [label.serial for label in desk.vault().labels()] == ["IL0001"]


def test_a_label_of_the_vault_is_for_one_board_only(desk, board, file):
    port = str(board.path)
    desk.json("labels", "new", "--count", "2", "--prefix", "CAM", "--force", "MPS")
    assert desk.json("flash", port, *HOW, "--file", file, "--label", "CAM0002")[0]["serial"] == "CAM0002"
    code, _, err = desk.run("flash", port, *HOW, "--file", file, "--label", "CAM0001")
    assert code == 2 and "has a label already: CAM0002, not CAM0001" in err
    flashed.note(desk.home, flashed.Entry("CAM0001", "abc", BOARD, "camera", "0.1.0", 1))
    code, _, err = desk.run("flash", port, *HOW, "--file", file, "--label", "CAM0001", "--relabel", "--yes")
    assert code == 2 and "is on another board already" in err


def test_what_cannot_be_meant_is_refused_with_its_remedy(desk, tmp_path, file):
    for arguments, said in (
        (("flash",), "--board is not said"),
        (("flash", "--board", "esp33"), "Boards are: esp32"),
        (("flash", "--board", BOARD), "--role is not said"),
        (("flash", "--board", BOARD, "--role", "both"), "is no role"),
        (("flash", "--board", "esp32_c3", "--role", "combined"), "too few pins"),
        (("flash", *HOW[:3], "holster", "--file", file, "--source"), "different things"),
        (("flash", *HOW, "--count", "2", "--label", "X"), "of one unit"),
        (("flash", *HOW, "--label-on", "screen"), "nobody sits"),
        (("flash", "x", *HOW, "--file", str(tmp_path / "no.ilu"), "--force", "MPS"), "cannot be read"),
        (("flash", "x", *HOW, "--file", __file__), "is no release file"),
    ):
        code, _, err = desk.run(*arguments)
        assert code == 2 and said in err, (arguments, err)


def test_a_port_that_is_not_there_or_busy_or_mute_is_told(desk, tmp_path, file, monkeypatch):
    how = (*HOW, "--file", file, "--force", "MPS")
    code, _, err = desk.run("flash", str(tmp_path / "none"), *how)
    assert code == 3 and "there is no port" in err
    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    try:
        name = os.ttyname(theirs)
        fcntl.flock(theirs, fcntl.LOCK_EX)
        code, _, err = desk.run("flash", name, *how)
        assert code == 3 and "another program has the port" in err
        fcntl.flock(theirs, fcntl.LOCK_UN)
        enter = Connection.enter
        monkeypatch.setattr(Connection, "enter", lambda self, _=0: enter(self, 0.0))
        code, _, err = desk.run("flash", name, *how)
        assert code == 3 and "no MicroPython prompt answers" in err and "--micropython" in err
    finally:
        os.close(ours)
        os.close(theirs)


FROM_A_SERVICE = """
import sys
from host_tools.flashing.connection import Busy, Connection

try:
    Connection(sys.argv[1]).open()
except Busy:
    print("busy")
try:
    open("/dev/tty")
except OSError:
    print("no terminal")
"""


def test_a_port_that_is_busy_does_not_become_the_terminal_of_a_program_without_one():
    """One that hangs up with the board ends the program."""
    ours, theirs = pty.openpty()
    try:
        fcntl.flock(theirs, fcntl.LOCK_EX)
        command = [sys.executable, "-c", FROM_A_SERVICE, os.ttyname(theirs)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, start_new_session=True)
        assert done.stdout.split("\n")[:2] == ["busy", "no terminal"], done
    finally:
        os.close(ours)
        os.close(theirs)


def test_who_may_not_use_a_port_is_told_of_the_group(monkeypatch):
    from host_tools.flashing import connection

    for number, said in ((errno.EACCES, "dialout"), (errno.EBUSY, "ModemManager"), (errno.EIO, "plug the board in")):
        assert said in connection._not_opened("COM9", OSError(number, "x")).advice


def test_auto_takes_the_only_board_there_is(monkeypatch):
    found = []
    monkeypatch.setattr(ports, "boards", lambda: found)
    with pytest.raises(ports.ToolError, match="no board was found"):
        ports.chosen("auto")
    found.append(ports.Port("/dev/ttyACM0", "Espressif"))
    assert ports.chosen("auto") == "/dev/ttyACM0"
    found.append(ports.Port("/dev/ttyACM1", "Raspberry Pi"))
    with pytest.raises(ports.ToolError, match="2 ports may have a board"):
        ports.chosen("auto")
    assert ports.chosen("COM3") == "COM3"


def test_usb_ids_tell_boards_from_other_serial_ports(monkeypatch):
    from serial.tools import list_ports
    from serial.tools.list_ports_common import ListPortInfo

    def port(name, vid, pid):
        info = ListPortInfo(name)
        info.vid, info.pid = vid, pid
        return info

    there = [port("/dev/a", 0x303A, 0x1001), port("/dev/b", 0x2E8A, 0x0005), port("/dev/c", 0x046D, 0xC52B)]
    there += [port("/dev/d", 0xF055, 0x9800), port("/dev/e", None, None), port("/dev/f", 0x10C4, 0xEA60)]
    monkeypatch.setattr(list_ports, "comports", lambda: there)
    assert [found.name for found in ports.boards()] == ["/dev/a", "/dev/b", "/dev/d", "/dev/f"]


def test_a_box_full_of_boards_is_flashed_one_after_the_other_at_one_port(desk, board, tmp_path, file, monkeypatch):
    from host_tools.commands import flash_desk

    with seat(tmp_path / "second", seed=2) as other:
        at_hand = tmp_path / "at hand"
        at_hand.symlink_to(board.path)
        waited = []

        def swap(port, there):
            waited.append(there)
            at_hand.unlink(missing_ok=True)
            if there:
                at_hand.symlink_to(other.path)

        monkeypatch.setattr(flash_desk, "_await", swap)
        told = desk.json("flash", str(at_hand), *HOW, "--file", file, "--force", "MPS", "--count", "2")
    assert [one["serial"] for one in told] == ["IL0001", "IL0002"] and waited == [False, True]
    assert len({one["unique_id"] for one in told}) == 2
    assert {row.unique_id for row in flashed.read(desk.home).values()} == {one["unique_id"] for one in told}


def test_a_label_on_the_screen_is_its_code_and_text_and_goes_with_a_key(monkeypatch):
    import io

    from rich.console import Console

    from host_tools.label import Label, label_text
    from host_tools.labels import screen

    shown = io.StringIO()
    monkeypatch.setattr(screen, "Console", lambda **_: Console(file=shown, force_terminal=True, highlight=False))
    monkeypatch.setattr("builtins.input", lambda *_: "")
    label = Label("IL0001", bytes(16))
    screen.show(label)
    enter, leave = "\x1b[?1049h", "\x1b[?1049l"
    text = shown.getvalue()
    assert text.startswith(enter) and leave in text
    assert text.index(enter) < text.index(label_text("IL0001", bytes(16))) < text.index(leave)
    assert any(block in text for block in "█▄▀")


def test_without_the_extra_the_remedy_is_said(monkeypatch):
    import sys

    from host_tools.flashing import connection

    for name in ("mpremote.transport", "serial", "serial.tools"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ports.ToolError) as told:
        connection.Connection("/dev/none").open()
    assert ".[flash]" in told.value.advice
    with pytest.raises(ports.ToolError) as told:
        ports.boards()
    assert ".[flash]" in told.value.advice
