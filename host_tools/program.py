"""What `interlock` takes before a command, and what it says without one. `menu.py` has the commands, `cli.py` runs
them."""

from pathlib import Path
from typing import Annotated

import typer
from typer.main import get_command

from .context import Context, default_home
from .menu import Menu
from .outcome import Misused

FIRST_STEPS = """\
Interlock: cameras that follow the taser, and the proof of it.

The first day of a force, units in their docks or with their buttons held:
  interlock scan                                  which units invite here
  interlock provision --role holster --force MET  set one up; asks for its label, and makes the vault
  interlock provision --role camera               and another one
  interlock pair H1 C1                            let that camera follow that holster (serials are on the labels)

Every day, at the dock:
  interlock pull                                  fetch what is new of all journals in range
  interlock verify                                are they as they were written?
  interlock report                                was video running before every use?

Without hardware:  interlock simulate locker_room --live
All commands:      interlock --help
One of them:       interlock pull --help
"""
app = typer.Typer(
    cls=Menu,
    help="Interlock: cameras that follow the taser, and the proof of it. Without a command: the first steps.",
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    add_completion=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
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
    store: Annotated[
        str | None,
        typer.Option(
            metavar="URL|FILE",
            envvar="INTERLOCK_STORE",
            help="Where journals are: postgresql://HOST/DATABASE, or a file; else journals.sqlite in --home",
        ),
    ] = None,
    key_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            envvar="INTERLOCK_KEY_FILE",
            help="What unlocks the vault instead of a passphrase; a new vault makes it",
        ),
    ] = None,
    is_version_asked: Annotated[
        bool, typer.Option("--version", help="This program, the protocol it speaks and the form of its store")
    ] = False,
) -> None:
    if is_version_asked:
        print(versions())
        raise typer.Exit()
    context.obj = Context(home if home is not None else default_home(), air, person, store, key_file)
    if context.invoked_subcommand is None:
        print(FIRST_STEPS, end="")


def versions() -> str:
    """What is here: three lines, a name and a version each."""
    from interlock import VERSION
    from interlock.core import wire

    from .store import schema

    program = ".".join(str(part) for part in VERSION)
    return f"interlock {program}\nsession protocol {wire.VERSION}\nstore {schema.VERSION}"


def run() -> object:
    """Do what the command line says; the exit code, where the command names one. KeyboardInterrupt, ToolError."""
    try:
        return get_command(app).main(standalone_mode=False)
    except typer.Abort:  # Ctrl-C, or no more input, at a prompt
        raise KeyboardInterrupt from None
    except typer.TyperException as error:
        from typer.rich_utils import rich_format_error

        rich_format_error(error)  # type: ignore[arg-type]
        path = getattr(getattr(error, "ctx", None), "command_path", "interlock")
        raise Misused(error.format_message(), f"{path} --help") from error
