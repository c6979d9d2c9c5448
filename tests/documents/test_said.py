"""What sentences and tables say to type: each command of prose is typed here, in a block, or called by a test.

`TYPED_HERE` has the line of a document, the same with its CAPITALS filled in, and how it ends; the rest goes by the
command's path (`interlock vault backup`, `make demo`), with whatever arguments: a block has it that a test plays, or a
test of `ELSEWHERE` calls it. Options are held apart: each one of prose is in such a line, or in a call of a test that
calls its command. `NOT_PLAYED` is what remains, each with its reason. What a command prints is asked by its own tests,
here only of those that end in an error. A name of a command alone (`interlock vault`) is no line to type.
"""

import re
from pathlib import Path

import pytest

from . import calling, shell
from .playing import Reader
from .reading import ROOT, blocks, documents, files, spoken
from .test_blocks import PLAYED_HERE, player

DEMO = "interlock --home build/demo"
FINDINGS, USAGE, DEVICE = 1, 2, 3
TYPED_HERE = (
    # Of the demo.
    (".venv/bin/interlock --home build/demo policy show", "", 0),
    (".venv/bin/interlock --home build/demo why EVENT", ".venv/bin/interlock --home build/demo why H1:93", 0),
    (".venv/bin/interlock verify build/demo/journals/*.ilj --vault build/demo/vault", "", 0),
    (
        ".venv/bin/interlock verify build/demo/journals/H1.ilj --public-key build/demo/vault/public/H1-1.pub",
        "interlock verify build/demo/journals/H1.ilj --vault build/demo/vault"
        " --public-key build/demo/vault/public/H1-1.pub --json",  # docs/proof.md's synopsis, all of it
        0,
    ),
    ("python3 -I tests/independent/decode_frames.py build/demo/air.pcap build/demo/vault/units/*.json", "", 0),
    ("python3 -I tests/independent/read_journal.py build/demo/journals/H1.ilj", "", 0),
    ("python3 -I tests/independent/verify_journal.py build/demo/journals/H1.ilj", "", 0),
    ("interlock report --json", f"{DEMO} report --json", 0),
    ("interlock report --public", f"{DEMO} report --public --out build/public", 0),
    ("interlock store conflicts", f"{DEMO} store conflicts", 0),
    ("interlock store custody SERIAL", f"{DEMO} store custody H1", 0),
    ("interlock store migrate", f"{DEMO} store migrate", 0),
    ("interlock export SERIAL --out", f"{DEMO} export H1 --out build/H1.ilj", 0),
    ("interlock export --audit DIR", f"{DEMO} export --audit build/audit", 0),
    ("interlock report --recompute DIR", "interlock report --recompute build/audit", 0),
    ("interlock export EVENT --bundle FILE.zip", f"{DEMO} export H1:93 --bundle build/H1-93.zip", 0),
    ("interlock export --parquet DIR", f"{DEMO} export --parquet build/columns", 0),
    ("interlock annotate --new-key", f"{DEMO} annotate --new-key --signing-key-file build/sign.key", 0),
    (
        "interlock annotate H1:57 --code CODE --text TEXT",
        f"{DEMO} annotate H1:93 --code training --text drill --signing-key-file build/sign.key",
        0,
    ),
    (
        "interlock credentials PERSON --role auditor",
        f"{DEMO} credentials mallory --role auditor --out build/mallory --new-key-file build/mallory.key",
        0,
    ),
    (
        "interlock vault vouch PERSON KEY",
        f"{DEMO} vault vouch alice $({DEMO} annotate --show-key | grep -o 'ILK1-[0-9A-Z-]*' | head -1)",
        0,
    ),
    ("interlock vault unvouch", f"{DEMO} vault unvouch alice --yes", 0),
    ("interlock vault backup", f"{DEMO} vault backup build/backup --new-key-file build/backup.key", 0),
    # Of nobody's.
    ("interlock schema report", "", 0),
    ("interlock power --board BOARD --battery MAH", "interlock power --board esp32_c3 --battery 500", 0),
    ("interlock dock --help", "", 0),
    (".venv/bin/python -m tests.deep --list", "", 0),
    (".venv/bin/python -m host_tools.building.weighing pico_w", "", 0),
    # Of a force that begins.
    ("interlock policy show", "", USAGE),  # no vault yet, and it says so
    ("interlock labels new --count 24", "interlock labels new --force POLICE --count 24", 0),
    ("interlock vault add-key SAFE --role recovery --new-key-file FILE", "", 0),
    ("interlock vault check", "", 0),
    ("interlock vault mirror DIR", "mkdir build/mirror && interlock vault mirror build/mirror", 0),
    ("interlock import FILE", "interlock import build/demo/journals/H1.ilj", 0),
    ("interlock roster show --at 2026-05-31T06:00", "", 0),
    ("interlock store forward URL", "interlock store forward build/copy.sqlite", 0),
    # Nobody is in range, nor is there any air. The first is docs/dock.md's synopsis, with a file for the PostgreSQL.
    ("interlock dock --once", "interlock dock --once --listen 127.0.0.1:0 --forward build/copy.sqlite", DEVICE),
    ("interlock identify C1", "", DEVICE),
    ("interlock doctor", "", FINDINGS),
)
"""(as it stands in a document, as it is typed or nothing, exit code)."""
FAILS = {
    "interlock policy show": "there is no vault at",
    "interlock dock --once": "the virtual air cannot be used",
    "interlock identify C1": "the virtual air cannot be used",
    "interlock doctor": "to be mended: see fail above",
}
"""What those say that end in an error."""
ELSEWHERE = {
    "interlock assign": "tests/host/test_service_commands.py",
    "interlock checkpoint": "tests/host/test_commands.py",
    "interlock labels add": "tests/host/test_label_sheets.py",
    "interlock labels sheet": "tests/host/test_label_sheets.py",
    "interlock place": "tests/host/test_place_command.py",
    "interlock policy set": "tests/host/test_policy_command.py",
    "interlock provision": "tests/system/test_terminal.py",
    "interlock replace": "tests/host/test_service_commands.py",
    "interlock revoke": "tests/host/test_service_commands.py",
    "interlock rotate": "tests/host/test_service_commands.py",
    "interlock update": "tests/host/test_update_command.py",
    "interlock vault encrypt": "tests/host/test_vault_command.py",
    "interlock vault restore": "tests/host/test_vault_command.py",
    "interlock vault unlock": "tests/host/test_vault_command.py",
    "make check": ".ci/run",
    "make demo": "tests/documents/test_said.py",
    "make test": ".ci/run",
    "pipx install": "tests/documents/test_installed.py",
    "python -m simulator.boards": "tests/simulator/test_boards_cli.py",
    "python -m tests.bench": "tests/bench/test_machinery.py",
    "python -m tests.bench.headlines": "tests/bench/test_headlines.py",
    "python -m tests.mutation": "tests/deep/lanes.py",
}
"""The test that calls this command, by its path and with some arguments; or the script of CI, or the deep lanes."""
NOT_PLAYED = {
    "interlock bond": "wants bluetoothd: tests/bluez/test_doctor.py calls it where QEMU is",
    "make": "shows the menu",
    "make BOARD=": "builds MicroPython in its own tree, with a C compiler for the chip; nobody has done it yet",
    "make bench": "20 CPU minutes; its modules have tests of their own",
    "make bench-check": "5 CPU minutes; the lane is the lead's at a release",
    "make format": "writes into the tree",
    "make test-bluez": "wants QEMU and a kernel",
    "make test-deep": "two CPU hours",
    "mpremote connect": "somebody else's program; tests/canary/test_mpremote.py plays what it relies on",
    "pip install": "fetches packages; test_installed.py does, from the tree",
    "rm": "removes what a reader made",
}
SETS_UP = ("export",)
"""Words of a shell, which no program takes."""
OF_ALL = {"--home", "--key-file"}
"""Options before a command, which every command has."""


def path_of(text: str) -> str:
    """`interlock vault backup` of a line with options and arguments; `interlock` alone for a command's mere name."""
    words = shell.words_of(text)
    name = shell.program(words)
    name = "python" if name == "python3" else name
    rest = words[1:]
    while rest and rest[0].startswith("-") and rest[0] not in ("-m", "-I") and name == "interlock":
        rest = rest[2:] if rest[0] in ("--home", "--key-file") else rest[1:]
    if name == "python":
        scripts = [one for one in rest if one.endswith(".py")]
        return f"python -m {rest[1]}" if rest[:1] == ["-m"] else " ".join([name, *scripts[:1]])
    if name != "interlock":
        found = [re.match(r"([a-z][a-z-]+$|[A-Z_]+=)", one) for one in rest]
        return " ".join([name, *[one[1] for one in found if one][:1]])
    path = rest[:1] if rest and shell.is_command(rest[0]) else []
    if path and len(rest) == 1 and shell.is_group(path[0]):
        return name
    path += [one for one in rest[1:2] if path and re.fullmatch(r"[a-z-]+", one) and shell.is_command(one, path[0])]
    return " ".join(["interlock", *path])


def said() -> dict[str, str]:
    """{command of prose: where it stands first}: of those that have more than a name."""
    found: dict[str, str] = {}
    for document in documents():
        for one in spoken(document):
            try:
                words = shell.words_of(one.text)
            except shell.Wrong:
                continue
            if not shell.program(words) or words[0] in SETS_UP:
                continue
            if path_of(one.text) != "interlock":
                found.setdefault(one.text, one.place)
    return found


def options_of(text: str) -> list[str]:
    """`--name`, and `NAME=` of make, of a line; without those of all commands."""
    found = (re.match(r"(--[a-z][a-z-]*|[A-Z_]+=)", word) for word in shell.words_of(text)[1:])
    return [one[1] for one in found if one and one[1] not in OF_ALL]


def typed() -> list[str]:
    """Lines that are typed by a test: those of `TYPED_HERE`, README's column, and blocks that a test plays."""
    played = [*PLAYED_HERE, *(one for path in documents() for one in blocks(path) if one.kind == "sh" and player(one))]
    column = [one.text for one in spoken(ROOT / "README.md") if one.head == "type"]  # test_first_hour.py types it
    lines = [line or text for text, line, _ in TYPED_HERE] + [line for block in played for line in block.lines]
    return lines + [line for line in column if shell.program(shell.words_of(line)) not in ("", "make")]


def known() -> set[str]:
    """The paths of commands that are typed, called, or said not to be."""
    return {path_of(line) for line in typed()} | set(ELSEWHERE) | set(NOT_PLAYED)


def is_called_with(path: str, option: str) -> bool:
    """Whether some test that calls this command has this option in a call, too."""
    tests = (one for one in files() if one.suffix == ".py" and one.is_relative_to(ROOT / "tests"))
    for file in tests:
        if file.parent.name == "documents" and file.name.startswith("test_said"):
            continue
        if option in file.read_text(encoding="utf-8"):
            lines = calling.lines_of(file)
            has_both = any(calling.is_line_of(words, path) for words in lines)
            if has_both and any(calling.has_option(words, option) for words in lines):
                return True
    return False


def test_each_command_of_prose_is_played_somewhere_or_said_not_to_be() -> None:
    here, there = {text for text, _, _ in TYPED_HERE}, known()
    left = {text: at for text, at in said().items() if text not in here and path_of(text) not in there}
    assert not left, "\n".join(f"{at}: `{text}`: nobody plays {path_of(text)!r}" for text, at in left.items())


def test_each_option_of_prose_is_typed_with_its_command_or_in_a_call_of_a_test_that_calls_it() -> None:
    there = {(path_of(line), option) for line in typed() for option in options_of(line)}
    asked = {(path_of(text), option): at for text, at in said().items() for option in options_of(text)}
    left = {
        one: at
        for one, at in asked.items()
        if one[0] not in NOT_PLAYED and one not in there and not is_called_with(*one)
    }
    assert not left and len(asked) > 30, "\n".join(
        f"{at}: no test gives {path} {option}" for (path, option), at in left.items()
    )


def test_nothing_is_said_here_that_no_document_says() -> None:
    there = {one.text for document in documents() for one in spoken(document)}
    assert not [text for text, _, _ in TYPED_HERE if text not in there]
    assert set(FAILS) == {text for text, line, code in TYPED_HERE if code}
    paths = {path_of(text) for text in said()}
    assert not [path for path in (*ELSEWHERE, *NOT_PLAYED) if path not in paths]
    assert not set(ELSEWHERE) & set(NOT_PLAYED)


@pytest.mark.parametrize(("path", "by"), ELSEWHERE.items())
def test_the_test_that_is_said_to_play_a_command_calls_it(path: str, by: str) -> None:
    assert any(calling.is_line_of(words, path) for words in calling.lines_of(ROOT / by)), f"{by} does not call {path}"


def test_a_comment_a_message_and_a_script_that_is_not_there_are_no_call() -> None:
    for source in (
        "# interlock rotate",
        "assert 'interlock rotate' in menu, 'interlock rotate'",
        "rotate('the vault')",
    ):
        assert not any(calling.is_line_of(words, "interlock rotate") for words in calling.lines_in(source))
    for source in ("run('rotate')", "run([*program, 'rotate', '--yes'])", "type(f'interlock --home {home} rotate')"):
        assert any(calling.is_line_of(words, "interlock rotate") for words in calling.lines_in(source)), source
    called = calling.lines_in("from ..bench import __main__ as bench\nbench.main(['check'])", ("tests", "deep"))
    assert ("-m", "tests.bench", "check") in called
    assert not {path_of(f"python3 -I tests/independent/{name}.py") for name in ("nosuch", "read_journals")} & known()
    assert path_of("make BOARD=X MORE=Y") != path_of("make") and path_of("make MORE=Y") not in known()


@pytest.mark.deep
def test_whole_commands_of_sentences_and_tables_end_as_is_said_here(tmp_path: Path) -> None:
    reader = Reader(tmp_path)
    reader.succeed("make demo", timeout_s=1800)
    wrong = []
    for text, line, code in TYPED_HERE:
        typed = (line or text).replace("FILE", "build/safe.key")
        done = reader.type(typed)
        if done.returncode != code or FAILS.get(text, "") not in done.stdout + done.stderr:
            wrong.append(f"{typed}\nended with {done.returncode}\n{done.stdout[-400:]}\n{done.stderr[-400:]}")
    assert not wrong, "\n\n".join(wrong)
