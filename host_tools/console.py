"""rich's console, which ends a command whose reader is gone as all else here does: not with 1, which is findings."""

from typing import NoReturn

from rich import console


class Console(console.Console):
    """As rich's, but for a closed pipe: raises BrokenPipeError, of which `menu.py` and `cli.py` make exit code 141."""

    def on_broken_pipe(self) -> NoReturn:
        self.quiet = True
        raise BrokenPipeError
