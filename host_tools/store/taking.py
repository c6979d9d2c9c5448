"""What is written of units, their records and signatures, within a transaction that somebody else began. Used by
`store.py` only."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select

from interlock.core import checkpoint
from interlock.core.layout import CRC_BYTES, UNKNOWN, Record, chain_next
from interlock.core.records import SEAL

from ..journal_items import KIND_AT, number_in
from ..outcome import ToolError
from ..stream import epoch_behind
from . import sound
from .kept import identity_of
from .numbers import digest_of, insert_all, insert_new
from .rows import Added, CheckpointRow, CustodyRow, Imported, UnitRow
from .runs import Runs
from .said import note_custody
from .schema import additions, checkpoints, records, units


def unit_of(connection: Connection, serial: str) -> UnitRow | None:
    return identity_of(connection, serial)[0]


def learn(connection: Connection, origin: str, row: UnitRow) -> None:
    if unit_of(connection, row.serial) != row:
        insert_new(connection, units, row.serial, origin, [row._asdict()])


def record_rows(serial: str, first: int, chain: bytes, epoch: int, raws: Sequence[bytes]) -> list[dict[str, Any]]:
    """The rows to insert; their addition is not known yet. ToolError when one is no record, or out of sequence."""
    rows: list[dict[str, Any]] = []
    is_known = chain != UNKNOWN
    for number, data in enumerate(raws, first):
        raw = bytes(data)
        if number_in(raw) != number:
            raise ToolError(
                f"what was handed to the store as record {number} of {serial} is none",
                "Nothing of this part was stored. Pull again, and report this if it stays.",
            )
        after = chain_next(chain, raw[:-CRC_BYTES]) if is_known else chain
        digest = digest_of(chain, raw)
        row = {"serial": serial, "sequence": number, "digest": digest, "chain": chain, "after": after, "epoch": epoch}
        rows.append(row | {"addition": 0, "raw": raw})
        chain = after
        if raw[KIND_AT] == SEAL:
            epoch = epoch_behind(Record(raw), epoch)
    for row in (rows[0], rows[-1]) if rows else ():  # what is between has the same serial, numbers in between
        sound.check(records, row)
    return rows


def add(connection: Connection, origin: str, rows: Sequence[dict[str, Any]], by: str, utc_ms: int) -> Added:
    """Rows of `record_rows`, one at least: those that are not here yet."""
    serial, first, chain = rows[0]["serial"], rows[0]["sequence"], rows[0]["chain"]
    held = connection.execute(
        select(records.c.sequence, records.c.digest, records.c.raw).where(
            records.c.serial == serial, records.c.sequence.between(first, first + len(rows) - 1)
        )
    ).all()
    known = {(sequence, digest) for sequence, digest, _ in held}
    if chain == UNKNOWN:  # what came before the hole was there is the same record
        digests = {(row["sequence"], row["raw"]): row["digest"] for row in rows}
        known |= {(n, digests[n, raw]) for n, _, raw in held if (n, raw) in digests}
    taken = {sequence for sequence, _ in known}
    new = [row for row in rows if (row["sequence"], row["digest"]) not in known]
    if new:
        said = {"first": first, "count": len(rows), "by": by, "utc_ms": utc_ms}
        addition = insert_new(connection, additions, serial, origin, [said])
        for row in new:
            row["addition"] = addition
        insert_all(connection, records, new)
    return Added(len(new), len(rows) - len(new), sum(row["sequence"] in taken for row in new))


def add_checkpoint(connection: Connection, origin: str, row: CheckpointRow) -> bool:
    """Whether no other message of this key and index is here."""
    same = (
        checkpoints.c.serial == row.serial,
        checkpoints.c.public == row.public,
        checkpoints.c.index == row.index,
    )
    held = connection.execute(select(checkpoints.c.message, checkpoints.c.signature).where(*same)).all()
    if (row.message, row.signature) not in [tuple(pair) for pair in held]:
        insert_new(connection, checkpoints, row.serial, origin, [vars(row)])
    return all(other == row.message for other, _ in held)


def take_journal(connection: Connection, origin: str, parts: Runs, file: str, by: str, utc_ms: int) -> Imported:
    """A journal file's parts, and that they came, in the chain of custody."""
    serial = parts.serial
    known_unit = unit_of(connection, serial)
    if known_unit is None or not known_unit.unit:
        learn(connection, origin, UnitRow(serial, parts.header.unit, parts.header.role, ""))
    new = known = 0
    for run in parts.runs:
        rows = record_rows(serial, run.first, run.chain, run.epoch, run.raws)
        added = add(connection, origin, rows, by, utc_ms)
        new, known = new + added.new, known + added.known
    before = _signed(connection, serial)
    for one in parts.signed:
        said = checkpoint.unpack(one.message)
        index = -1 if said is None else said.index
        add_checkpoint(connection, origin, CheckpointRow(serial, index, *one, utc_ms=utc_ms, by=by))
    signed = len(_signed(connection, serial) - before)
    if new or signed:
        detail = f"{new} new, {known} known, from {file}"
        note_custody(connection, origin, CustodyRow(serial, by, "imported", detail, utc_ms))
    return Imported(new, known, signed)


def _signed(connection: Connection, serial: str) -> set[tuple[bytes, ...]]:
    found = connection.execute(
        select(checkpoints.c.public, checkpoints.c.message, checkpoints.c.signature).where(
            checkpoints.c.serial == serial
        )
    )
    return {tuple(row) for row in found}
