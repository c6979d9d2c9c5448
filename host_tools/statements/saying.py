"""How a statement is made and kept: it names the record that is here, is signed if its author can, and is refused where
it could only be doubted later. The command is `commands/annotate.py`; what statements are worth, `weigh.py` says.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from interlock.core import records
from interlock.core.layout import decode

from ..outcome import ToolError
from ..store.rows import CONFIRMED, WITHDRAWN, AnnotationRow
from ..store.store import Store
from . import statement
from .weigh import Weighed, weighed

_NEW_KEY = "Make one: interlock annotate --new-key, and give what it prints to whoever keeps the force's vault."


class Signs(Protocol):
    """`signing.Signer`."""

    @property
    def public(self) -> bytes: ...

    def sign(self, row: AnnotationRow) -> AnnotationRow: ...


class Author(NamedTuple):
    """Who says it; `signer`: None: without a signature; `utc_ms`: when, by this host's clock."""

    person: str
    utc_ms: int
    signer: Signs | None


def say(store: Store, serial: str, sequence: int, code: str, text: str, author: Author) -> list[AnnotationRow]:
    """What a person says of an event. ToolError when the store has no such event."""
    return _keep(store, [_row(store, serial, sequence, code, text, author, None)], author)


def withdraw(
    store: Store, serial: str, sequence: int, text: str, author: Author, of: str | None = None
) -> list[AnnotationRow]:
    """Withdraw what stands of the event: a row for each. `of`: only what this person said, or what has this code. None:
    there is only one. ToolError when nothing does, when several do, or when this person may not."""
    standing = _meant(_standing(store, serial, sequence), of, f"{serial}:{sequence}")
    if not standing:
        raise ToolError(f"nothing is said of {serial}:{sequence} that could be withdrawn", "interlock annotate lists.")
    if author.signer is None and any(said.row.signature is not None for said in standing):
        raise ToolError(
            f"what is said of {serial}:{sequence} is signed, and {author.person} has no signing key here",
            f"Only a signed withdrawal counts against it. {_NEW_KEY}",
        )
    rows = [_row(store, serial, sequence, WITHDRAWN, text, author, statement.digest(said.row)) for said in standing]
    return _keep(store, rows, author)


def confirm(
    store: Store, serial: str, sequence: int, text: str, author: Author, of: str | None = None
) -> list[AnnotationRow]:
    """Confirm what others said of the event, as far as it stands: a row for each. `of`: as of `withdraw`. ToolError
    when there is nothing, when several stand, or when this is no second person."""
    if author.signer is None:
        raise ToolError(f"only a signature confirms, and {author.person} has no signing key here", _NEW_KEY)
    standing = _standing(store, serial, sequence)
    if not standing:
        raise ToolError(
            f"nothing is said of {serial}:{sequence} that could be confirmed",
            "interlock annotate lists what was said; say it first: interlock annotate EVENT --code CODE --text TEXT.",
        )
    sound = [said for said in standing if said.signature != "forged"]
    others = [said for said in sound if said.row.by != author.person]
    second = [said for said in others if said.row.key != author.signer.public]
    if not sound:
        raise ToolError(
            f"what is said of {serial}:{sequence} is forged: {standing[0].doubts[0]}",
            "Do not confirm it. interlock report names it as a finding; withdraw it, or let it stand as evidence.",
        )
    if not second:
        raise ToolError(
            f"{'that is the very key that said' if others else f'{author.person} said'} it of {serial}:{sequence}",
            "It takes a second person with a key of their own to confirm it.",
        )
    second = _meant(second, of, f"{serial}:{sequence}")
    rows = [_row(store, serial, sequence, CONFIRMED, text, author, statement.digest(said.row)) for said in second]
    return _keep(store, rows, author)


def _meant(standing: list[Weighed], of: str | None, event: str) -> list[Weighed]:
    """Those of these statements of which is spoken: nobody should confirm, or take away, what they did not read."""
    if of is None and len(standing) < 2:
        return standing
    meant = [said for said in standing if of in (said.row.by, said.row.code)]
    if not meant and standing:
        there = ", ".join(f"{said.row.code} by {said.row.by}" for said in standing)
        what = "several statements stand" if of is None else f"nothing of {of} stands"
        raise ToolError(f"{what} of {event}: {there}", "Say which: --of PERSON, or --of CODE.")
    return meant


def _standing(store: Store, serial: str, sequence: int) -> list[Weighed]:
    """What stands of the event, whoever vouches for whom."""
    the_record(store, serial, sequence)
    rows = store.annotations(serial)
    return [said for said in weighed(rows, lambda n: store.raws(serial, n), {}) if said.row.sequence == sequence]


def _row(
    store: Store, serial: str, sequence: int, code: str, text: str, author: Author, about: bytes | None
) -> AnnotationRow:
    record = statement.record_digest(the_record(store, serial, sequence))
    row = AnnotationRow(serial, sequence, code, text, author.person, author.utc_ms, record, about)
    return row if author.signer is None else author.signer.sign(row)


def _keep(store: Store, rows: Sequence[AnnotationRow], author: Author) -> list[AnnotationRow]:
    store.say(rows[0].serial, rows)
    first = rows[0]
    store.custody(first.serial, author.person, "annotated", f"record {first.sequence}: {first.code}", author.utc_ms)
    return list(rows)


def the_record(store: Store, serial: str, sequence: int) -> bytes:
    """The event's record: of several under one number the main line's, if it is an event. ToolError when there is
    none."""
    raws = store.raws(serial, sequence)
    events = [raw for raw in raws if (record := decode(raw, 0)) is not None and record.kind == records.EVENT]
    if not events:
        if not raws and serial not in [row.serial for row in store.units()]:
            raise ToolError(f"the store knows no unit {serial}", "interlock verify lists those that it knows.")
        raise ToolError(
            f"record {sequence} of {serial} {'is no event of the weapon' if raws else 'is not here'}",
            "interlock report lists events by serial and number, such as H1:57.",
        )
    if len(events) > 1:
        main = [record.raw for record in store.journal(serial).records if record.sequence == sequence]
        events = [raw for raw in events if raw in main] or events
    return events[0]
