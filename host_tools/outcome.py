"""What a command can end with: exit codes, and errors that carry advice."""

from enum import IntEnum


class Exit(IntEnum):
    DONE = 0
    FINDINGS = 1
    USAGE = 2
    DEVICE = 3


class ToolError(Exception):
    """An error for people: what happened, and what to do next. `code` is the exit code that goes with it."""

    def __init__(self, happened: str, advice: str, code: Exit = Exit.USAGE) -> None:
        super().__init__(happened)
        self.advice = advice
        self.code = code


class Misused(ToolError):
    """The command line was not understood, and people were told so already."""
