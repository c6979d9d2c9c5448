"""`python -m simulator.boards` as whoever runs scripts meets it: output, ends, files, typing, served boards."""

import os
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest
from typer.testing import CliRunner

from simulator.boards.__main__ import app

ROOT = Path(__file__).parents[2]
COMMAND = (sys.executable, "-m", "simulator.boards")
BEACON = """
    import bluetooth, time
    ble = bluetooth.BLE()
    ble.active(True)
    ble.gap_advertise(100000, b"\\x04\\xffMPY")
    print("here")
    time.sleep(1)
    ble.active(False)
    print("gone")
    """
SCANNER = """
    import bluetooth, time
    heard = []
    def on_event(event, data):
        if event == 5:
            heard.append(bytes(data[4]))
            print(heard[-1])
        elif event == 6:
            print("done")
    ble = bluetooth.BLE()
    ble.active(True)
    ble.irq(on_event)
    ble.gap_scan(250, 30000, 30000)
    time.sleep_ms(300)
    """


@pytest.fixture
def room(tmp_path: Path) -> "Room":
    return Room(tmp_path)


class Room:
    """A folder of scripts, and the command run on them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, **scripts: str) -> None:
        for name, script in scripts.items():
            (self.folder / f"{name}.py").write_text(dedent(script))

    def run(self, *arguments: str, code: int = 0) -> list[str]:
        """Its lines, after it ended with this exit code; @ stands for the folder."""
        done = CliRunner().invoke(app, [self._resolve(a) for a in arguments], catch_exceptions=False)
        self.notes = done.stderr
        assert done.exit_code == code, done.stdout + done.stderr
        return done.stdout.splitlines()

    def run_typed(self, typed: str, *arguments: str) -> list[str]:
        """The same, as a process, which is typed this."""
        command = [*COMMAND, *(self._resolve(a) for a in arguments)]
        done = subprocess.run(command, input=typed, capture_output=True, text=True, cwd=ROOT, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.splitlines()

    def _resolve(self, argument: str) -> str:
        return argument.replace("@", f"{self.folder}/")


def said(lines: list[str], name: str) -> list[str]:
    """What one board printed."""
    return [text for who, text in (line[12:].split(": ", 1) for line in lines) if who == name]


def test_two_scripts_meet_on_one_air_and_print_in_order_of_time_the_same_every_time(room: Room) -> None:
    room.write(beacon=BEACON, scanner=SCANNER)
    lines = room.run("@beacon.py", "rp2:@scanner.py", "--seed", "3")
    assert said(lines, "beacon") == ["here", "gone"]
    heard = said(lines, "scanner")
    assert heard[-1] == "done"
    assert set(heard[:-1]) == {"b'\\x04\\xffMPY'"}
    assert 3 <= len(heard) <= 4
    times = [float(line[:11]) for line in lines]
    assert times == sorted(times)
    assert lines[0] == f"{times[0]:11.6f} beacon: here"
    assert room.run("@beacon.py", "rp2:@scanner.py", "--seed", "3") == lines
    assert room.run("@beacon.py", "rp2:@scanner.py", "--seed", "4") != lines


def test_an_exception_is_shown_without_the_machinery_and_the_others_go_on(room: Room) -> None:
    room.write(
        wrong="def f():\n  raise ValueError('so')\nprint('a')\nf()", right="import time\ntime.sleep(9)\nprint(9)"
    )
    lines = room.run("@wrong.py", "@right.py", code=1)
    assert said(lines, "wrong") == [
        "a",
        "Traceback (most recent call last):",
        '  File "wrong.py", line 4, in <module>',
        '  File "wrong.py", line 2, in f',
        "ValueError: so",
    ]
    assert said(lines, "right") == ["9"]
    assert room.notes == "wrong ended by ValueError: so\n"


def test_an_exit_code_is_a_failure_and_a_plain_exit_is_none(room: Room) -> None:
    room.write(four="import sys\nsys.exit(4)", none="import sys\nsys.exit()", syntax="1 +")
    room.run("@none.py")
    room.run("@four.py", code=1)
    assert room.notes == "four ended with exit code 4\n"
    assert said(room.run("@syntax.py", code=1), "syntax")[-1] == "SyntaxError: invalid syntax"


def test_a_limit_ends_the_run_and_is_a_failure_only_where_asked(room: Room) -> None:
    room.write(clock="import time\nwhile True:\n  print(time.time())\n  time.sleep(1)", short="print(1, end='')")
    lines = room.run("@clock.py", "@short.py", "--for", "5")
    assert said(lines, "clock") == ["0", "1", "2", "3", "4"]
    assert said(lines, "short") == ["1"]
    assert room.run("@clock.py", "@short.py", "--for", "5", "--must-end", code=1) == lines
    assert room.notes == "clock had not ended\n"


def test_boards_that_wait_for_ever_end_the_run(room: Room) -> None:
    room.write(deaf="print(input('? '))", other="print('other')")
    assert said(room.run("@deaf.py", "@other.py"), "deaf") == ["? "]
    assert room.notes == "nothing can happen any more: deaf wait for what nobody will do\n"
    room.run("@deaf.py", "--must-end", code=1)


def test_a_board_is_typed_a_file_and_another_this_commands_input(room: Room) -> None:
    room.write(
        a="print('hello', input('name? '))",
        b="import sys, time\ntime.sleep(1)\nfor line in sys.stdin:\n  print(line.strip(), time.time())",
    )
    (room.folder / "typed").write_text("1\n2\n")
    lines = room.run_typed("Anna\n", "@a.py", "@b.py", "--stdin", "a=-", "--stdin", "b=@typed")
    assert said(lines, "a") == ["name? ", "hello Anna"]
    assert said(lines, "b") == ["1 1", "2 1"]
    assert "".join(said(room.run_typed("Bo\n", "@a.py", "--stdin", "-", "--live"), "a")) == "name? hello Bo"


def test_each_board_has_its_own_files_and_they_can_be_kept(room: Room) -> None:
    room.write(
        a="""
            import os
            print(os.listdir())
            with open("/log", "a") as file:
                file.write("x")
            print(open("log").read(), os.stat("log")[6], [entry[0] for entry in os.ilistdir("/")])
            try:
                open("/etc/passwd")
            except OSError as error:
                print(error.errno)
            import helper
            """,
        helper="print('from beside the script')",
    )
    first = ["['a.py']", "x 1 ['a.py', 'log']", "2", "from beside the script"]
    lines = room.run("@a.py", "@a.py", "--files", "@kept")
    assert said(lines, "a") == said(lines, "a-2") == first
    assert said(room.run("@a.py", "--files", "@kept"), "a")[1] == "xx 2 ['a.py', 'log']"
    assert (room.folder / "kept" / "a-2" / "log").read_text() == "x"
    assert said(room.run("@a.py"), "a") == first


def test_a_reset_runs_the_script_again(room: Room) -> None:
    room.write(a="import machine\nprint(machine.reset_cause())\nif machine.reset_cause() == 1:\n  machine.reset()")
    assert len(said(room.run("@a.py"), "a")) == 2


def test_the_air_is_written_for_wireshark(room: Room) -> None:
    room.write(beacon=BEACON)
    room.run("@beacon.py", "--pcap", "@air.pcap")
    data = (room.folder / "air.pcap").read_bytes()
    assert struct.unpack_from("<IHHiIII", data)[6] == 256
    assert data.count(b"\x04\xffMPY") >= 27


def test_live_runs_no_faster_than_real_time_and_lets_bluetooth_hosts_in(room: Room) -> None:
    room.write(a="import time\nprint('on', end='')\nprint(input())")
    begun = time.monotonic()
    room.write(b="import time\ntime.sleep(1)")
    room.run("@b.py", "--live")
    assert time.monotonic() - begun > 1.3
    arguments = [*COMMAND, f"{room.folder}/a.py", "--live", "--door", "0", "--stdin", "-"]
    with subprocess.Popen(arguments, cwd=ROOT, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdin is not None and process.stderr is not None
        host, port = process.stderr.readline().decode().split("tcp:")[1].split(":")
        with socket.create_connection((host, int(port)), timeout=60) as line:
            line.sendall(bytes.fromhex("01030c00"))
            assert line.recv(100) == bytes.fromhex("040e0401030c00")
        process.communicate(b"over\n", timeout=60)
    assert process.returncode == 0


@pytest.mark.parametrize(
    "arguments, says",
    [
        ((), "name a script"),
        (("@no.py",), "there is no script"),
        (("x.y:@a.py",), "there is no port 'x.y'; there are esp32, rp2"),
        (("@a.py", "--port", "esp8266"), "there is no port 'esp8266'"),
        (("@a.py", "--door", "0"), "--door needs --live"),
        (("@a.py", "@a.py", "--stdin", "-"), "which board is typed -? Say BOARD=-; boards: a, a-2"),
        (("@a.py", "--stdin", "a=@missing"), "missing cannot be read"),
    ],
)
def test_a_mistake_is_told_with_its_remedy(room: Room, arguments: tuple[str, ...], says: str) -> None:
    room.write(a="print(1)")
    assert room.run(*arguments, code=2) == []
    assert says in room.notes


def test_without_a_vm_it_says_what_to_install(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    room.write(a="print(1)")
    monkeypatch.setenv("MICROPYTHON", sys.executable)
    room.run("@a.py", code=3)
    assert "no usable MicroPython VM" in room.notes


class Served:
    """A bench with two boards; `board` starts a program on one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process = subprocess.Popen(
            [*COMMAND, "--serve", folder, "--boards", "esp32,rp2"], cwd=ROOT, stderr=subprocess.PIPE
        )
        assert self.process.stderr is not None
        assert b"board1" in self.process.stderr.readline()

    def board(self, number: int, *arguments: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [self.folder / f"board{number}", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=self.folder,
        )

    def run(self, number: int, script: str, typed: str = "", code: int = 0) -> str:
        with self.board(number, "-c", dedent(script)) as program:
            output, _ = program.communicate(typed, timeout=60)
        assert program.returncode == code, output
        return output

    def end(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=60)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    bench = Served(tmp_path_factory.mktemp("bench"))
    yield bench
    bench.end()
    assert list(bench.folder.iterdir()) == [] or [p.name for p in bench.folder.iterdir()] == ["file.py"]


def test_a_served_board_is_a_micropython_to_run(served: Served) -> None:
    assert served.run(0, "import sys\nprint(sys.implementation.name, sys.platform)") == "micropython esp32\n"
    assert served.run(1, "print(input('? '))", typed="hello\n") == "? hello\n"
    assert "NameError: name 'x' isn't defined" in served.run(0, "x", code=1)
    assert served.run(0, "import sys\nsys.exit(7)", code=7) == ""
    (served.folder / "file.py").write_text("print('from a file')")
    with served.board(1, "file.py") as program:
        assert program.communicate(timeout=60)[0] == "from a file\n"
    with served.board(1, "missing.py") as program:
        assert program.communicate(timeout=60)[0] == "board1: missing.py cannot be read: No such file or directory\n"
    assert program.returncode == 2
    with served.board(1) as program:
        assert program.communicate("print('from standard input')", timeout=60)[0] == "from standard input\n"


def test_served_boards_share_an_air_and_each_keeps_its_files(served: Served) -> None:
    with served.board(0, "-c", dedent(BEACON).replace("sleep(1)", "sleep(60)")) as beacon:
        assert beacon.stdout is not None
        assert beacon.stdout.readline() == "here\n"
        assert "MPY" in served.run(1, SCANNER.replace("250", "500").replace("300", "600"))
        beacon.terminate()
    assert served.run(1, SCANNER) == "done\n"  # whoever ran the beacon is gone, and so is its radio
    served.run(0, "with open('kept', 'w') as f: f.write('yes')")
    assert served.run(0, "print(open('kept').read())") == "yes\n"
    assert "ENOENT" in served.run(1, "open('kept')", code=1)


def test_the_next_program_takes_a_served_board_over(served: Served) -> None:
    with served.board(0, "-c", "print('first')\ninput()") as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "first\n"
        assert served.run(0, "print('second')") == "second\n"
        assert first.wait(timeout=60) == 3


def test_a_board_of_a_bench_that_is_gone_says_so(tmp_path: Path) -> None:
    bench = Served(tmp_path / "bench")
    program = bench.folder / "board0"
    kept = program.read_text()
    with bench.board(0, "-c", "print('on')\ninput()") as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "on\n"
        bench.end()
        assert running.wait(timeout=60) == 3
    assert not program.exists()
    program.write_text(kept)
    program.chmod(0o755)
    done = subprocess.run([program, "-c", ""], capture_output=True, text=True, timeout=60, env=dict(os.environ))
    assert done.returncode == 3
    assert "--serve still running?" in done.stdout
