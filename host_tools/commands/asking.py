"""Hidden questions, and remarks beside a command's work."""

import sys
from collections.abc import Callable

from .running import ask


def asker() -> Callable[[str], str] | None:
    """A hidden question to the person at the terminal; None where there is nobody."""
    return (lambda question: ask(question, hidden=True)) if sys.stdin.isatty() else None


def tell(remark: str) -> None:
    """Tell people something that does not end the command: standard output stays the result's."""
    print(f"interlock: {remark}", file=sys.stderr)
