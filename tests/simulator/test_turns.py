"""Virtual time for a runner outside: held while it is its turn, whatever real time it takes."""

import subprocess
import sys
import time
from pathlib import Path
from textwrap import dedent

import pytest

from simulator.boards.turns import Turns

ROOT = Path(__file__).parents[2]


@pytest.fixture
def turns() -> Turns:
    return Turns(["a", "b"])


def test_time_is_held_while_no_board_has_a_program(turns: Turns) -> None:
    assert turns.is_held()
    turns.began("a")
    assert not turns.is_held()
    turns.ended("a")
    assert turns.is_held()


def test_after_next_it_is_held_until_the_next_program(turns: Turns) -> None:
    turns.began("a")
    turns.printed("a", b"SET A = 1\nNE")
    assert not turns.is_held()
    turns.printed("a", b"XT\r\nmore")
    assert turns.is_held()
    turns.began("b")
    assert not turns.is_held()
    turns.printed("b", b"NEXT\n")
    assert not turns.is_held()  # there is no third


def test_what_is_broadcast_before_the_other_has_begun_is_typed_to_it_later(turns: Turns) -> None:
    turns.began("a")
    turns.printed("a", b"NEXT\nBROADCAST early\n")
    turns.began("b")
    assert not turns.is_held()
    turns.printed("b", b"NEXT\n")
    assert turns.is_held()
    turns.typed("b", b"BROADCAST early\r\n")
    assert not turns.is_held()


def test_a_program_that_ends_leaves_nobody_waiting(turns: Turns) -> None:
    turns.began("a")
    turns.printed("a", b"NEXT\n")
    turns.ended("a")
    turns.began("b")
    assert not turns.is_held()


def test_after_a_broadcast_it_is_held_until_the_others_are_typed_as_many_lines(turns: Turns) -> None:
    turns.began("a")
    turns.printed("a", b"NEXT\n")
    turns.began("b")
    turns.printed("a", b"BROADCAST early\n")
    assert not turns.is_held()  # the runner waits for NEXT of b, which needs time for it
    turns.printed("b", b"NEXT\nBROADCAST x\nBROADCAST y\n")
    assert turns.is_held()
    turns.typed("b", b"BROADCAST early\r\n")
    assert turns.is_held()
    turns.typed("a", b"BROADCAST x\r\nBROA")
    assert turns.is_held()
    turns.typed("a", b"DCAST y\r\n")
    assert not turns.is_held()
    turns.printed("b", b"BROADCAST z\n")
    assert turns.is_held()
    turns.ended("a")
    assert not turns.is_held()


SCRIPT = """
    import sys, time
    print("NEXT")
    begun = time.ticks_ms()
    print("BROADCAST", NAME)
    sys.stdin.readline()
    time.sleep(SECONDS)
    print("after", time.ticks_diff(time.ticks_ms(), begun))
    """


def test_boards_notice_nothing_of_the_runners_time_and_fly_through_their_own(tmp_path: Path) -> None:
    """Each waits for the other's line, which is typed seconds late; one then sleeps for an hour."""
    folder = tmp_path / "b"
    command = [sys.executable, "-m", "simulator.boards", "--serve", folder, "--turns"]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE) as bench:
        assert bench.stderr is not None
        bench.stderr.readline()
        programs = []
        for name, seconds in (("board0", 3600), ("board1", 1)):
            script = dedent(SCRIPT).replace("NAME", f"{name!r}").replace("SECONDS", str(seconds))
            program = subprocess.Popen(
                [folder / name, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            programs.append(program)
            assert program.stdout is not None
            assert program.stdout.readline() == "NEXT\n"
            time.sleep(1)
        ends = []
        for program, other in ((programs[0], "board1"), (programs[1], "board0")):
            assert program.stdin is not None
            program.stdin.write(f"BROADCAST {other}\r\n")
            program.stdin.flush()
            time.sleep(1)
        for program in programs:
            assert program.stdout is not None
            ends.append(program.stdout.read())
            assert program.wait(timeout=60) == 0
        bench.terminate()
    # board0 had to wait for board1 to boot; nobody had to wait for the one who typed.
    assert ends == ["BROADCAST board0\nafter 3600300\n", "BROADCAST board1\nafter 1000\n"]


def test_turns_are_for_served_boards_only(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("")
    done = subprocess.run(
        [sys.executable, "-m", "simulator.boards", tmp_path / "a.py", "--turns"], cwd=ROOT, capture_output=True
    )
    assert done.returncode == 2
    assert b"--turns needs --serve" in done.stderr
