"""The console script `interlock`: a menu of commands, and one place where errors become text and exit codes."""

import sys

import typer

from .commands.simulate import simulate
from .commands.verify import verify
from .outcome import ToolError

app = typer.Typer(
    help="Interlock: cameras that follow the taser, and the proof of it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=True,
)
app.command()(simulate)
app.command()(verify)


def main() -> None:
    """Run one command and leave with its exit code."""
    try:
        app()
    except ToolError as error:
        print(f"interlock: {error}\n{error.advice}", file=sys.stderr)
        sys.exit(int(error.code))
