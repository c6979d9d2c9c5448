"""Questions to people at the terminal, and remarks beside a command's work."""

import sys
from collections.abc import Callable

import typer

from . import interrupts


def ask(question: str, hidden: bool = False, default: str | None = None) -> str:
    """What a person types, on a terminal; `hidden`: unseen. Ctrl-C ends the command here, too."""
    with interrupts.asking():
        return str(typer.prompt(question, default=default, show_default=bool(default), hide_input=hidden, err=True))


def asker() -> Callable[[str], str] | None:
    """A hidden question to the person at the terminal; None where there is nobody."""
    return (lambda question: ask(question, hidden=True)) if sys.stdin.isatty() else None


def tell(remark: str) -> None:
    """Tell people something that does not end the command: standard output stays the result's."""
    print(f"interlock: {remark}", file=sys.stderr)
