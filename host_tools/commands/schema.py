"""`interlock schema [COMMAND]`: what a command's --json holds."""

import json
from typing import Annotated

import typer

from .. import schemas
from ..naming import did_you_mean
from ..outcome import ToolError
from . import completing
from .running import Json, print_json


def schema(
    command: Annotated[
        list[str] | None,
        typer.Argument(metavar="COMMAND", help="Such as pull, or policy show", autocompletion=completing.commands),
    ] = None,
    as_json: Json = False,
) -> None:
    """Print the JSON Schema (2020-12) of what a command prints with --json: every field, its type, its unit.

    A command that fails before it has a result prints what `interlock schema error` says instead, with the text for
    people on standard error. Fields keep their names; new ones may be added. Without COMMAND: which schemas there are.

    Examples:

    - `interlock schema pull`
    - `interlock schema policy show`

    Next: `interlock pull --json`.

    JSON: without COMMAND a list of names; with it the schema in any case.
    """
    names = schemas.names()
    if not command:
        if as_json:
            print_json(names)
        else:
            print("\n".join(names))
        return
    name = " ".join(command).replace("_", " ")
    if name not in names:
        raise ToolError(
            f"there is no schema of '{name}'",
            f"{did_you_mean(name, names)}interlock schema lists those that there are.",
        )
    print(json.dumps(schemas.schema(name), indent=2, ensure_ascii=False))
