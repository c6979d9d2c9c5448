"""The console script `interlock`: a menu of commands, and one place where errors become text and exit codes."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from .commands import policy
from .commands.assign import assign
from .commands.checkpoint import checkpoint
from .commands.credentials import credentials
from .commands.export import export
from .commands.mode import mode
from .commands.pair import pair
from .commands.provision import provision
from .commands.pull import pull
from .commands.replace import replace
from .commands.report import report
from .commands.revoke import revoke
from .commands.rotate import rotate
from .commands.scan import scan
from .commands.simulate import simulate
from .commands.status import status
from .commands.sync import sync
from .commands.verify import verify
from .context import Context, default_home
from .outcome import ToolError

INTERRUPTED = 130  # what typer makes of Ctrl-C

app = typer.Typer(
    help="Interlock: cameras that follow the taser, and the proof of it.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    add_completion=True,
)


@app.callback()
def options(
    context: typer.Context,
    home: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where vault and journals are; else $INTERLOCK_HOME, else ~/.interlock"),
    ] = None,
    air: Annotated[
        str | None,
        typer.Option(
            metavar="tcp:HOST:PORT",
            envvar="INTERLOCK_AIR",
            help="A simulated world's door instead of this host's radio",
        ),
    ] = None,
    person: Annotated[
        str | None, typer.Option("--as", metavar="PERSON", help="Who you are, as units note it; else the login name")
    ] = None,
) -> None:
    context.obj = Context(home if home is not None else default_home(), air, person)


for command in (
    *(scan, provision, pair, assign, status, sync, mode, pull, checkpoint, verify, export, report),
    *(rotate, revoke, replace, credentials, simulate),
):
    app.command()(command)
app.add_typer(policy.app, name="policy")


def main() -> None:
    """Run one command and leave with its exit code."""
    try:
        app()
    except SystemExit as end:
        if end.code == INTERRUPTED:
            print("\ninterlock: interrupted. Whatever was done is safe; run it again to go on.", file=sys.stderr)
        raise
    except ToolError as error:
        print(f"interlock: {error}\n{error.advice}", file=sys.stderr)
        sys.exit(int(error.code))
