"""What sentences and tables name is there: commands with their options, make's targets, modules, files, links."""

import fnmatch
import re

import pytest

from . import shell
from .reading import ROOT, anchors, documents, files, links, spoken

ROOMS = {path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")}
NOT_HERE = {"summary.md", "bench.md", "rfcore_firmware.py", "run-multitests.py"}
"""What commands write, and MicroPython's own."""
NO_COMMANDS = {"interlock statement"}
"""What a signature covers begins with these bytes."""
OTHERS_OPTIONS = {"--help", "--encoding", "--template", "--version"}
"""Options of other people's programs: createdb's, and everybody's."""
NAMES = [path.relative_to(ROOT).as_posix() for path in documents()]


@pytest.mark.parametrize("name", NAMES)
def test_a_command_in_a_sentence_is_one_that_its_program_takes(name: str) -> None:
    wrong = []
    for one in spoken(ROOT / name):
        text = one.text
        if text in NO_COMMANDS or not re.match(r"[\w./-]", text):
            continue
        if one.head == "`interlock ...`" != f"`{text}`":
            text = _of_column(text, one.follows)
        try:
            if shell.program(shell.words_of(text)):
                shell.check(text, is_spoken=True)
        except shell.Wrong as error:
            wrong.append(f"{one.place}: `{one.text}`: {error}")
    assert not wrong, "\n".join(wrong)


def _of_column(text: str, follows: tuple[str, ...]) -> str:
    """In a column of commands `add` behind `labels new` is `labels add`; an option goes with the first."""
    if not follows:
        return f"interlock {text}"
    first = follows[0].split()
    if text.startswith("-"):
        return f"interlock {first[0]} {text}" if len(first) == 1 or not shell.is_command(first[1], first[0]) else ""
    if len(first) > 1 and shell.is_command(text.split()[0], first[0]):
        return f"interlock {first[0]} {text}"
    return f"interlock {text}" if shell.is_command(text.split()[0]) else ""


@pytest.mark.parametrize("name", NAMES)
def test_an_option_that_stands_alone_is_some_commands(name: str) -> None:
    known = shell.options() | OTHERS_OPTIONS
    wrong = [
        f"{one.place}: `{one.text}`: no command has it"
        for one in spoken(ROOT / name)
        if one.text.startswith("--") and one.text.split()[0].split("=")[0] not in known
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", NAMES)
def test_a_file_in_a_sentence_is_there(name: str) -> None:
    paths = [path.relative_to(ROOT).as_posix() for path in files()]
    wrong = []
    for one in spoken(ROOT / name):
        text = one.text.rstrip("/")
        if re.fullmatch(r"[\w.*/-]+\.(py|md)", text) and not text.startswith("/") and text not in NOT_HERE:
            is_there = any(fnmatch.fnmatch(path, text) or fnmatch.fnmatch(path, f"*/{text}") for path in paths)
        elif re.fullmatch(r"[\w.*-]+(/[\w.*-]+)+", text) and text.split("/")[0] in ROOMS - {"build"}:
            is_there = any(ROOT.glob(text))
        else:
            continue
        if not is_there and not re.search(r"NAME|BOARD|COMMAND", text):
            wrong.append(f"{one.place}: `{one.text}` is not in the tree")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", NAMES)
def test_links_within_the_repository_lead_somewhere(name: str) -> None:
    wrong = []
    for line, target in links(ROOT / name):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        path = ((ROOT / name).parent / file).resolve() if file else ROOT / name
        if not path.exists():
            wrong.append(f"{name}:{line}: {target}: no such file")
        elif anchor and path.suffix == ".md" and anchor not in anchors(path):
            wrong.append(f"{name}:{line}: {target}: no such heading there")
    assert not wrong, "\n".join(wrong)


def test_this_reading_sees_what_is_wrong() -> None:
    for line in ("interlock pul", "interlock pull --nothing", "make nothing", "python -m simulator.nothing"):
        with pytest.raises(shell.Wrong):
            shell.check(line, is_spoken=True)
    with pytest.raises(shell.Wrong):
        shell.check("interlock power --board esp32_c3")
    for line in ("interlock power --board esp32_c3 --battery MAH", "make check test", "interlock pull | tail"):
        shell.check(line)
