"""What a person sees and types: commands in pseudo-terminals, before a live world."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from host_tools.label import label_text

from .terminals import INTERLOCK, PATIENCE_S, Terminal

ROOT = Path(__file__).parents[2]
INTERRUPTED = "interrupted. Whatever was done is safe"
ESCAPE = b"\x1b["


class Place:
    """A live world, and a home for its technician. `labels`: by serial."""

    def __init__(self, folder: Path, told: dict[str, object]) -> None:
        self.home = folder / "home"
        self.labels = dict(told["labels"])  # type: ignore[call-overload]
        self.env = {"INTERLOCK_AIR": str(told["air"]), "INTERLOCK_HOME": str(self.home)}
        self.env["INTERLOCK_KEY_FILE"] = str(folder / "key")

    def terminal(self, *arguments: object, columns: int = 80, **env: str) -> Terminal:
        return Terminal(*arguments, columns=columns, **self.env, **env)

    def run(self, *arguments: object) -> "subprocess.CompletedProcess[str]":
        done = subprocess.run(
            [INTERLOCK, *map(str, arguments)],
            capture_output=True, text=True, check=False, timeout=PATIENCE_S, env={**os.environ, **self.env},
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Two units set up, one boxed."""
    folder = tmp_path_factory.mktemp("terminal")
    process = subprocess.Popen(
        [INTERLOCK, "simulate", "locker_room", "--live", "--port", "0", "--json", "--out", str(folder / "live")],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        place = Place(folder, json.loads(process.stdout.readline()))
        key = ("--signing", "none")
        place.run("provision", place.labels["H1"], "--role", "holster", "--force", "MET", *key)
        place.run("provision", place.labels["C1"], "--role", "camera", "--name", "front desk", *key)
        yield place
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE_S)


# Without a world.


def nowhere(folder: Path) -> dict[str, str]:
    return {"INTERLOCK_HOME": str(folder / "home"), "INTERLOCK_KEY_FILE": str(folder / "key")}


def ask_for_label(folder: Path) -> Terminal:
    """A command that asks for a label."""
    terminal = Terminal("provision", "--role", "holster", "--force", "MET", **nowhere(folder))
    terminal.see("abel")
    return terminal


@pytest.mark.parametrize("sent", ["\r", "\n", "\r\n", "scanned"], ids=["cr", "lf", "both", "scanned"])
def test_labels_that_come_at_once_are_all_taken_and_never_shown(tmp_path: Path, sent: str) -> None:
    labels = [label_text(f"P{number}", bytes([number]) * 16) for number in range(1, 5)]
    with Terminal("labels", "add", "--force", "MET", **nowhere(tmp_path)) as terminal:
        terminal.see("it is not shown")
        if sent == "scanned":
            for key in "".join(f"{label}\r" for label in labels):
                terminal.type(key, enter=False)
                time.sleep(0.001)
        else:
            terminal.type("".join(label + sent for label in labels), enter=False)
        terminal.see("P4")
        # A second end of line that came at once ends nothing, a person's does.
        assert terminal.types_until_it_ends("") == 0 and terminal.is_restored()
        assert "4 labels new in the vault" in terminal.text()
        shown = terminal.said.decode(errors="replace")
        assert not any(part in shown for label in labels for part in label.partition(":")[2].split(":")[1].split("-"))


def test_a_label_is_asked_for_and_what_is_typed_is_not_shown(tmp_path: Path) -> None:
    with ask_for_label(tmp_path) as terminal:
        assert terminal.hides_input()
        terminal.type("IL1:H1:TRKR8-1X0RY-S9Y8P-92ZC0-FQ7JN-YV3X")
        assert "mistyped" in terminal.see("mistyped")
        assert terminal.ends() == 2 and terminal.is_restored()
        assert b"TRKR8" not in terminal.said and b"YV3X" not in terminal.said


def test_ctrl_c_among_labels_restores_the_terminal(tmp_path: Path) -> None:
    with Terminal("labels", "add", "--force", "MET", **nowhere(tmp_path)) as terminal:
        terminal.see("it is not shown")
        assert terminal.hides_input()
        terminal.press_ctrl_c()
        assert terminal.ends() == 130 and terminal.is_restored()


AT_ONCE = """
import sys, termios
from host_tools import cli

change = termios.tcsetattr
def and_ctrl_c(*how):
    change(*how)
    termios.tcsetattr = change
    raise KeyboardInterrupt

termios.tcsetattr = and_ctrl_c
sys.argv = ["interlock", "labels", "add", "--force", "MET"]
cli.main()
"""


def test_ctrl_c_at_the_instant_at_which_labels_are_hidden_restores_the_terminal(tmp_path: Path) -> None:
    with Terminal("-c", AT_ONCE, program=Path(sys.executable), **nowhere(tmp_path)) as terminal:
        assert terminal.ends() == 130 and terminal.is_restored(), terminal.text()
        assert terminal.text().count(INTERRUPTED) == 1


def test_ctrl_c_at_a_hidden_prompt_ends_it_with_one_sentence_and_restores_the_terminal(tmp_path: Path) -> None:
    with ask_for_label(tmp_path) as terminal:
        terminal.type("IL1:H1:SECRET", enter=False)
        terminal.press_ctrl_c()
        assert terminal.ends() == 130 and terminal.is_restored()
        assert terminal.text().count(INTERRUPTED) == 1 and "Traceback" not in terminal.text()
        assert b"SECRET" not in terminal.said


WATCHED = """
import sys, termios
from host_tools.asking import ask

class Watched:
    def __getattr__(self, name): return getattr(sys.__stderr__, name)
    def write(self, text):
        if text.strip():
            print("echo", bool(termios.tcgetattr(0)[3] & termios.ECHO), "at", text.split()[0], flush=True)
        return sys.__stderr__.write(text)

sys.stderr = Watched()
print("answer", ask("Label (it is not shown)", hidden=True), flush=True)
"""


def test_the_echo_is_off_before_a_hidden_question_is_shown(tmp_path: Path) -> None:
    with Terminal("-c", WATCHED, program=Path(sys.executable), **nowhere(tmp_path)) as terminal:
        terminal.see("(it is not shown):")
        terminal.type("")  # nothing: it is asked again
        terminal.see("shown):", times=2)
        terminal.type("IL1:H1:SECRET")
        terminal.see("answer IL1:H1:SECRET")
        assert terminal.ends() == 0 and terminal.is_restored()
        assert terminal.text().count("echo False at Label") == 2 and "echo True" not in terminal.text()
        assert terminal.said.count(b"SECRET") == 1, "shown by the answer only"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_other_signals_end_it_as_ctrl_c_does(tmp_path: Path, number: signal.Signals, code: int) -> None:
    with ask_for_label(tmp_path) as terminal:
        terminal.process.send_signal(number)
        assert terminal.ends() == code and terminal.is_restored()
        assert terminal.text().count(INTERRUPTED) == 1


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    line = f"{INTERLOCK} schema report | head -n 1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False, timeout=PATIENCE_S)
    assert done.stderr == "" and done.stdout.split() in (["{", "141"], ["{", "0"])
    # Whatever the pipe holds, here nobody has it open to read.
    reader, writer = os.pipe()
    os.close(reader)
    gone = subprocess.run([INTERLOCK, "schema", "report"], stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert (gone.returncode, gone.stderr) == (141, b"")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("labels add --force MET <&-", "0 labels new in the vault"),
        ("schema report <&- 2>&-", '"$schema"'),
        ("schema report >&-", ""),
        ("policy show <&- >&-", "interlock: there is no vault at "),
        ("policy show <&- >&- 2>&-", ""),
    ],
)
def test_a_standard_stream_that_was_closed_is_nowhere(tmp_path: Path, line: str, says: str) -> None:
    """As some schedulers start commands."""
    done = subprocess.run(
        ["sh", "-c", f"exec {INTERLOCK} {line}"],
        capture_output=True, text=True, check=False, timeout=PATIENCE_S, env={**os.environ, **nowhere(tmp_path)},
    )  # fmt: skip
    told = done.stdout + done.stderr
    assert says in told and bool(told) == bool(says) and "error in this program" not in told
    assert done.returncode == (2 if "policy" in line else 0)


def test_a_report_that_nobody_reads_is_no_finding(tmp_path: Path) -> None:
    """rich would end with 1, which says that a journal is altered."""
    reader, writer = os.pipe()
    os.close(reader)
    command = [INTERLOCK, "--home", tmp_path, "power", "--board", "esp32_s3", "--battery", "1000"]
    gone = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert (gone.returncode, gone.stderr) == (141, b"")


def test_without_colours_help_has_none() -> None:
    with Terminal("--help", NO_COLOR="1") as terminal:
        assert terminal.ends() == 0 and b"\x1b[3" not in terminal.said and b"\x1b[1;3" not in terminal.said
    with Terminal("policy", "--help", TERM="dumb") as terminal:
        assert terminal.ends() == 0 and ESCAPE not in terminal.said


# Before a live world.


@pytest.mark.deep
def test_a_scan_counts_down_and_shows_what_it_hears_and_a_menu_takes_names(place: Place) -> None:
    with place.terminal("scan") as terminal:
        terminal.see("Listening for units that invite", "%")
        terminal.see("H1: in service", "C2: ")  # as they come, before the table
        assert terminal.ends() == 0 and terminal.is_restored()
        shown = terminal.text()
        assert "holster 1" in shown and "front desk" in shown
        # C2 is still boxed, unless a test that sets it up came before: this world is everybody's.
        assert ("not in this vault" in shown) == ("C2: boxed" in shown)
        assert "Listening" not in shown
    with place.terminal("status") as terminal:
        shown = terminal.see("Which unit (its number here, serial or name) [1]")
        assert " dBm  holster 1" in shown and " dBm  front desk" in shown
        terminal.type("nobody")
        terminal.see("nobody is not in the vault")
        terminal.type("FRONT DESK")
        shown = terminal.see("C1  front desk", "battery")
        assert terminal.ends() == 0 and terminal.is_restored()


@pytest.mark.deep
@pytest.mark.parametrize(
    ("arguments", "seen"),
    [
        (("scan", "--seconds", "60"), "Listening"),
        (("status",), "Listening"),
        (("status",), "Which unit"),
        (("pull", "H1"), "connecting"),
        (("revoke", "H1"), "Revoke H1?"),
        (("rotate",), "Visiting"),
    ],
)
def test_ctrl_c_in_each_phase_is_one_sentence_and_the_terminal_is_as_before(
    place: Place, arguments: tuple[str, ...], seen: str
) -> None:
    with place.terminal(*arguments) as terminal:
        terminal.see(seen)
        terminal.press_ctrl_c()
        assert terminal.ends() == 130 and terminal.is_restored()
        assert terminal.text().count(INTERRUPTED) == 1 and "Traceback" not in terminal.text()
    assert '"is_revoked": false' in place.run("status", "H1", "--json").stdout


@pytest.mark.deep
def test_a_second_ctrl_c_ends_at_once_and_shows_the_cursor_again(place: Place) -> None:
    """Tidying up is made to last, by what a test may put in front of the program."""
    slow = (
        "import asyncio, sys\n"
        "from host_tools import cli\n"
        "from host_tools.commands import scan\n"
        "async def tidy(*_):\n"
        "    try: await asyncio.sleep(600)\n"
        "    finally:\n"
        "        print('tidying up', flush=True)\n"
        "        await asyncio.sleep(600)\n"
        "scan.flow = tidy\n"
        "sys.argv = ['interlock', 'scan', '--seconds', '600']\n"
        "cli.main()\n"
    )
    path = place.home.parent / "slow.py"
    path.write_text(slow)
    with _of_python(path, place) as terminal:
        terminal.see("Listening")
        terminal.press_ctrl_c()
        terminal.see("tidying up")
        terminal.press_ctrl_c()
        assert terminal.ends() == 130 and terminal.is_restored()


def _of_python(path: Path, place: Place) -> Terminal:
    wrapper = path.with_suffix("")
    wrapper.write_text(f"#!/bin/sh\nexec {sys.executable} {path}\n")
    wrapper.chmod(0o700)
    return Terminal(program=wrapper, **place.env)


@pytest.mark.deep
def test_what_cannot_be_undone_is_asked_and_no_is_no(place: Place) -> None:
    with place.terminal("revoke", "holster 1") as terminal:
        terminal.see("there is no way back", "Revoke H1?")
        terminal.type("n")
        terminal.see("it was not confirmed", "Nothing was changed")
        assert terminal.ends() == 2 and terminal.is_restored()
    assert '"is_revoked": false' in place.run("status", "H1", "--json").stdout


@pytest.mark.deep
@pytest.mark.parametrize("columns", [24, 40, 80])
def test_a_narrow_terminal_cuts_nothing_off(place: Place, columns: int) -> None:
    with place.terminal("pull", columns=columns) as terminal:
        assert terminal.ends() == 0 and terminal.is_restored()
        shown = "".join(terminal.text().split())
        assert "H1" in shown and "C1" in shown and "…" not in shown and shown.count("complete") >= 2
    with place.terminal("verify", columns=columns) as terminal:
        assert terminal.ends() == 0
        assert "…" not in terminal.text() and "".join(terminal.text().split()).count("intact") >= 2


@pytest.mark.deep
def test_a_dumb_terminal_gets_plain_lines(place: Place) -> None:
    with place.terminal("pull", TERM="dumb") as terminal:
        assert terminal.ends() == 0 and ESCAPE not in terminal.said and b"complete" in terminal.said


@pytest.mark.deep
def test_the_third_unit_is_set_up_by_a_label_that_is_typed_unseen(place: Place) -> None:
    with place.terminal("provision", "--role", "camera", "--signing", "h5") as terminal:
        terminal.see("abel")
        terminal.type(place.labels["C2"])
        terminal.see("C2 is set up")
        assert terminal.ends() == 0 and terminal.is_restored()
        assert place.labels["C2"].rpartition(":")[2].encode() not in terminal.said
