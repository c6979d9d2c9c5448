"""What commands that read or change journals leave in the store's chain of custody."""

from collections.abc import Iterable

import typer

from ..context import Context, utc_ms
from ..outcome import ToolError


def note(context: Context, serials: Iterable[str], what: str, detail: str) -> None:
    """That the person at this command did this with these units' journals. Where the store may only be read, that is
    said and hinders nothing."""
    try:
        store = context.open_store()
        try:
            who = context.who(None)
            for serial in serials:
                store.custody(serial, who, what, detail, utc_ms())
        finally:
            store.close()
    except ToolError as error:
        typer.echo(f"Not noted in the chain of custody: {error}", err=True)
