"""`interlock annotate EVENT`: what a person says of a draw, arm or discharge, beside its verdict."""

import re
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from interlock.core import records

from ..context import utc_ms
from ..outcome import ToolError
from .running import Json, of, print_json
from .store import when
from .tables import console, table

if TYPE_CHECKING:
    from ..store.rows import AnnotationRow
    from ..store.store import Store

EVENT = re.compile(r"(.+):([0-9]{1,10})")
TEXT_MAX = 2000  # characters


def annotate(
    context: typer.Context,
    event: Annotated[
        str | None, typer.Argument(metavar="[SERIAL:NUMBER]", help="The event, as interlock report lists it")
    ] = None,
    code: Annotated[
        str | None,
        typer.Option(metavar="CODE", help="immediate_danger, sensor_fault, test, training, other"),
    ] = None,
    text: Annotated[str | None, typer.Option(metavar="TEXT", help="What there is to say, in words")] = None,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="What was said of it before does not hold")] = False,
    as_json: Json = False,
) -> None:
    """Say something of an event: why no video was running, that it was training, that a sensor was at fault.

    It stands beside the event's verdict in the report and never replaces it, nor changes a figure. It cannot be deleted
    or altered: --withdraw says that what was said before does not hold, and both stay on record, with who said it.

    Without an event: lists all that was ever said.

    Examples:

    - `interlock annotate H1:57 --code immediate_danger --text "lone officer, attacked at the door"`
    - `interlock annotate H1:57 --withdraw --text "meant H2:57"`
    - `interlock annotate`: all of them

    Next: `interlock report` shows it.

    JSON: a list of {serial, sequence, code, text, by, utc_ms, stands}: all, or that which was said just now; code is
    withdrawn for a withdrawal; stands: false once it was withdrawn.
    """
    home = of(context)
    if event is None:
        if code is not None or text is not None or withdraw:
            raise ToolError("no event is named", "Name it as interlock report lists it: interlock annotate H1:57 ...")
        store = home.open_store(read_only=True)
        try:
            _show(store.annotations(), as_json)
        finally:
            store.close()
        return
    found = EVENT.fullmatch(event)
    if found is None:
        raise ToolError(f"{event!r} is no event", "Name it as interlock report lists it, such as H1:57.")
    serial, sequence = found[1], int(found[2])
    code, words = _said(code, text, withdraw)
    if not home.has_store:
        raise ToolError(f"there is no store at {home.store_place}", "Pull a journal first (interlock pull).")
    store = home.open_store()
    try:
        _check(store, serial, sequence, withdraw)
        person = home.who(None)
        store.annotate(serial, sequence, code, words, by=person, utc_ms=utc_ms())
        store.custody(serial, person, "annotated", f"record {sequence}: {code}", utc_ms())
        _show([row for row in store.annotations(serial) if row.sequence == sequence][-1:], as_json)
    finally:
        store.close()


def _said(code: str | None, text: str | None, withdraw: bool) -> tuple[str, str]:
    """Code and words. ToolError where they are none."""
    from ..store.rows import CODES, WITHDRAWN

    choice = "; ".join(f"{name}: {meaning}" for name, meaning in CODES.items())
    if withdraw == (code is not None):
        raise ToolError(
            "a code is missing" if not withdraw else "--withdraw has no code",
            f"Give --code CODE, one of: {choice}. Or --withdraw, for what was said before.",
        )
    if code is not None and code not in CODES:
        raise ToolError(f"{code!r} is no code", f"The codes: {choice}.")
    words = (text or "").strip()
    if not words:
        raise ToolError(
            "nothing is said in words",
            f'Say what there is to say, of a withdrawal, too, in at most {TEXT_MAX} characters: --text "...".',
        )
    if len(words) > TEXT_MAX or not all(c.isprintable() or c == "\n" for c in words):
        raise ToolError(
            f"the text has more than {TEXT_MAX} characters, or some that cannot be shown",
            f'Say in words what there is to say, in at most {TEXT_MAX} characters: --text "...".',
        )
    return code or WITHDRAWN, words


def _check(store: "Store", serial: str, sequence: int, withdraw: bool) -> None:
    """ToolError when the store holds no such event, or when nothing was said of it that could be withdrawn."""
    from ..store.rows import standing

    journal = store.journal(serial)
    held = [record for told in (journal.records, *(b.records for b in journal.branches)) for record in told]
    kinds = {record.kind for record in held if record.sequence == sequence}
    if records.EVENT not in kinds:
        what = "is no event of the weapon" if kinds else "is not here"
        raise ToolError(
            f"record {sequence} of {serial} {what}",
            "interlock report lists events by serial and number, such as H1:57.",
        )
    if withdraw and sequence not in [row.sequence for row in standing(store.annotations(serial))]:
        raise ToolError(f"nothing is said of {serial}:{sequence} that could be withdrawn", "interlock annotate lists.")


def _show(rows: "list[AnnotationRow]", as_json: bool) -> None:
    from ..store.rows import WITHDRAWN, standing
    from ..store.sound import plain

    held = standing(rows)
    if as_json:
        print_json([row._asdict() | {"stands": row in held} for row in rows])
        return
    if not rows:
        console().print("Nothing was said of any event.")
        return
    shown = table("event", "code", "text", "by", "when, UTC")
    for row in rows:
        gone = "" if row in held or row.code == WITHDRAWN else " (withdrawn)"
        cells = (f"{row.serial}:{row.sequence}", row.code + gone, plain(row.text), plain(row.by))
        shown.add_row(*map(escape, cells), when(row.utc_ms))
    console().print(shown)
