"""A command line understood without running it: by the parser of the command itself.

Placeholders are CAPITALS, `...`, and what stands in [brackets].
"""

import importlib.util
import re
import shlex
from functools import cache
from pathlib import Path
from typing import Any

import typer
from typer.main import get_command

from host_tools.menu import load
from host_tools.program import app
from simulator.boards import __main__ as boards
from simulator.terminal import __main__ as terminal

from .reading import ROOT

_TARGET = re.compile(r"^([a-z-]+):(?!=)", re.M)
_PLACEHOLDER = re.compile(r"[A-Z][A-Z0-9_-]*(\.\w+)?$|.*\.\.\.$|<.*>$")
_OPTION = re.compile(r"(?<![\w-])(--[a-z][a-z-]*)")
_ACT_AT_ONCE = {"--install-completion", "--show-completion", "--help", "-h"}
"""Options that do something while a line is parsed."""
_OF_TYPER = {"simulator.boards": boards.boards, "simulator.terminal": terminal.main}
_OF_SOURCE = ("tests.bench", "tests.deep", "tests.mutation")
PROGRAMS = ("interlock", "make", "python", "python3", "pipx", "git", "export", "cd", "rm", "mpremote", "pip")


class Wrong(Exception):
    """What is the matter with a command line, for whoever wrote it."""


@cache
def targets() -> frozenset[str]:
    return frozenset(_TARGET.findall((ROOT / "Makefile").read_text(encoding="utf-8")))


def words_of(line: str) -> list[str]:
    """The words of the first command of a line; redirections, pipes and what follows are cut off. Wrong."""
    try:
        lexer = shlex.shlex(line.replace("[", "").replace("]", ""), posix=True, punctuation_chars="|&;<>")
        lexer.whitespace_split = True
        words: list[str] = []
        for word in lexer:
            if set(word) <= set("|&;<>"):
                break
            words.append(word)
    except ValueError as error:
        raise Wrong(f"no command line: {error}") from error
    return words


def program(words: list[str]) -> str:
    """Which program that is, wherever it lies; empty for no program of PROGRAMS."""
    name = words[0].rpartition("/")[2] if words else ""
    return name if name in PROGRAMS else ""


def check(line: str, is_spoken: bool = False) -> None:
    """Wrong, if this command line would be refused, as far as that shows without running it. `is_spoken`: in a
    sentence, where what a command needs may be left out."""
    words = words_of(line)
    name = program(words)
    if name == "interlock":
        _interlock(words[1:], is_spoken)
    elif name == "make":
        _make(words[1:])
    elif name.startswith("python"):
        _python(words[1:])


def _interlock(words: list[str], is_spoken: bool) -> None:
    if words[:1] == ["..."] or (words and _PLACEHOLDER.match(words[0])):
        return
    words = [word for word in words if word not in _ACT_AT_ONCE]
    has_places = any(_PLACEHOLDER.match(word) for word in words)
    given = [word for word in words if word != "..."]
    command: Any = get_command(app)
    try:
        context = command.make_context("interlock", given)
        while rest := [*getattr(context, "_protected_args", []), *context.args]:
            name, command, rest = command.resolve_command(context, rest)
            context = command.make_context(name, rest, parent=context)
            if not hasattr(command, "resolve_command"):
                return
    except typer.Exit:
        return
    except typer.TyperException as error:
        kind = type(error).__name__
        is_cut_short = kind in ("MissingParameter", "NoArgsIsHelpError") or "requires an argument" in str(error.message)
        if is_spoken and is_cut_short:
            return
        if has_places and kind in ("BadParameter", "MissingParameter"):
            return
        raise Wrong(f"interlock refuses it: {error.format_message()}") from error


def _make(words: list[str]) -> None:
    for word in words:
        if "=" not in word and not word.startswith("-") and word not in targets():
            raise Wrong(f"the Makefile has no target {word}")


def _python(words: list[str]) -> None:
    """Modules that are ours, and their options, are there."""
    if words[:1] == ["-m"]:
        if len(words) < 2:
            raise Wrong("python -m WHAT?")
        try:
            found = importlib.util.find_spec(words[1])
        except ModuleNotFoundError:
            found = None
        if found is None or found.origin is None:
            raise Wrong(f"there is no module {words[1]}")
        unknown = [word for word in words[2:] if word.startswith("--") and word.split("=")[0] not in _options(words[1])]
        if unknown:
            raise Wrong(f"{words[1]} has no {', '.join(unknown)}")
    elif words and words[0].endswith(".py") and not (ROOT / words[0]).exists():
        raise Wrong(f"there is no {words[0]}")


@cache
def _options(module: str) -> frozenset[str]:
    """Options of `python -m module`: those of its parser, or those that its source names."""
    if module in _OF_TYPER:
        alone = typer.Typer(add_completion=False)
        alone.command()(_OF_TYPER[module])
        return _options_of(get_command(alone))
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        return frozenset()
    origin = Path(spec.origin)
    sources = [origin] if origin.name != "__init__.py" else sorted(origin.parent.glob("*.py"))
    return frozenset(one for path in sources for one in _OPTION.findall(path.read_text(encoding="utf-8")))


def _options_of(command: Any) -> frozenset[str]:
    """Of a command, and of those below it."""
    own = {name for one in command.params for name in (*one.opts, *one.secondary_opts) if name.startswith("--")}
    return frozenset(own).union(*(_options_of(inner) for inner in getattr(command, "commands", {}).values()))


@cache
def options() -> frozenset[str]:
    """Every option of every command of `interlock`, and of the modules that documents name."""
    top: Any = get_command(app)
    of_modules = (_options(module) for module in (*_OF_TYPER, *_OF_SOURCE))
    return _options_of(top).union(*(_options_of(load(name)) for name in top.commands), *of_modules)


def is_command(word: str, group: str = "") -> bool:
    """Whether `interlock [group] word` is a command."""
    top: Any = get_command(app)
    if not group:
        return word in top.commands
    return group in top.commands and word in getattr(load(group), "commands", {})


def is_group(word: str) -> bool:
    """Whether `interlock word` has commands of its own, and does nothing without one of them."""
    top: Any = get_command(app)
    loaded = load(word) if word in top.commands else None
    return bool(getattr(loaded, "commands", {})) and not getattr(loaded, "invoke_without_command", False)
