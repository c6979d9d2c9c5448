"""Questions to people at the terminal, and remarks beside a command's work."""

import getpass
import sys
from collections.abc import Callable

import typer

from . import interrupts
from .outcome import ToolError


def ask(question: str, hidden: bool = False, default: str | None = None) -> str:
    """What a person types, on a terminal; `hidden`: unseen. Ctrl-C ends the command here, too."""
    with interrupts.asking():
        if hidden:
            return _unseen(question, default)
        return str(typer.prompt(question, default=default, show_default=bool(default), err=True))


def _unseen(question: str, default: str | None) -> str:
    """Not typer's hidden prompt, which shows the question first and hides what is typed then: a scanner that is quick
    would show a secret, and lose it, too."""
    while True:
        try:
            text = getpass.getpass(f"{question}: ", sys.stderr)
        except UnicodeDecodeError as error:
            raise ToolError("what was typed is no UTF-8", "Let the terminal send UTF-8, or use a file.") from error
        except (KeyboardInterrupt, EOFError):
            typer.echo(err=True)
            raise typer.Abort() from None
        if text or default is not None:
            return text or str(default)


def asker() -> Callable[[str], str] | None:
    """A hidden question to the person at the terminal; None where there is nobody."""
    return (lambda question: ask(question, hidden=True)) if sys.stdin.isatty() else None


def tell(remark: str) -> None:
    """Tell people something that does not end the command: standard output stays the result's."""
    print(f"interlock: {remark}", file=sys.stderr)
