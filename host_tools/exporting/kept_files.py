"""One unit of an export: its journal files, and `SERIAL.json` with what the store noted beside the records.

`SERIAL.json`: unit, role, name; `heads`: ends of its journal as it stated them at pulls; `arrivals`: which records came
by whose hand, the first addition first; `stretches`, `signed_at`, `signed`: see `stretches.py`; `custody`: who did what
with the unit or its journal. Times: UTC, ms since 1970, by the host's clock.
"""

import re
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..auditing.places import Kept
from ..outcome import Exit, ToolError
from ..store.lines import Arrival, Head, Stored, without_doubles
from ..store.rows import CustodyRow
from . import files, plain
from .stretches import CHAIN_BYTES, SIGNED_MAX, Stretch, laid_out, rows_of, signed_in

FOLDER = "journals"
ARRIVED_MAX = 1 << 24
"""Records that came, each time counted: more than any unit makes in its life."""
STRETCHES_MAX = 1 << 20
SERIAL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,15}")
_FIELDS = {"serial", "unit", "role", "name", "heads", "arrivals", "stretches", "signed_at", "signed", "custody"}


def check_serial(serial: Any, where: str) -> str:
    """The serial, when files can be called by it. ToolError otherwise."""
    if not isinstance(serial, str) or SERIAL.fullmatch(serial) is None:
        raise plain.wrong(where, "names a unit whose serial is none")
    return serial


def write_kept(folder: Path, kept: Kept) -> list[str]:
    """The unit's files; their names, the journal first. What was written is read again: it is the same, or this ends in
    an AssertionError. ToolError when the store holds of the unit what no journal can hold."""
    with _hindered_by(kept):
        content = _content(kept)
    for name, data in content.items():
        files.write(folder, name, data)
    serial = kept.stored.serial
    with _hindered_by(kept):
        again = read_kept(folder, serial)
    assert _settled(again) == _settled(kept), f"the export of {serial} is not what the store holds"
    return [name for name in content if name.endswith(".ilj")]


@contextmanager
def _hindered_by(kept: Kept) -> Iterator[None]:
    try:
        yield
    except (struct.error, TypeError, ValueError, ToolError) as error:
        raise ToolError(
            f"what the store holds of {kept.stored.serial!r} cannot be exported, somebody changed it: {error}",
            "Keep the store as it is: that is a finding. Other units can be exported by name: interlock export SERIAL "
            "... --audit DIR.",
            Exit.FINDINGS,
        ) from error


def _content(kept: Kept) -> dict[str, bytes]:
    """The unit's files by name."""
    stored = kept.stored
    serial = check_serial(stored.serial, "the store")
    for outcome in stored.unfit:
        raise ToolError(outcome.text, "")  # told with the unit's serial by `_hindered_by`
    laid = laid_out(stored, kept.signed)
    unit, role, name = stored.identity
    facts = {
        "serial": serial,
        "unit": unit,
        "role": role,
        "name": name,
        "heads": [plain.of_row(head) for head in stored.heads],
        "arrivals": [plain.of_row(arrival) for arrival in stored.arrivals],
        "stretches": [plain.of_row(stretch) for stretch in laid.stretches],
        "signed_at": laid.signed_at,
        "signed": len(kept.signed),
        "custody": [plain.of_row_as_is(row) for row in kept.custody],
    }
    content = {f"{FOLDER}/{file}": data for file, data in laid.files.items()}
    return {**content, f"{FOLDER}/{serial}.json": plain.written(facts)}


def _settled(kept: Kept) -> tuple[object, ...]:
    """To be compared: what comes back from files is in one order, and held once."""
    stored = kept.stored
    rows = sorted(without_doubles(stored.rows), key=lambda row: (row.sequence, row.addition))
    return stored.identity, rows, list(stored.heads), list(stored.arrivals), list(kept.signed), list(kept.custody)


def _facts(folder: Path, serial: str) -> tuple[dict[str, Any], list[Stretch], set[str], str]:
    """What `SERIAL.json` says, its stretches, the journal files that they are of, and the name of `SERIAL.json`."""
    name = f"{FOLDER}/{check_serial(serial, 'the export')}.json"
    facts = plain.read(files.read(folder, name), name)
    if not isinstance(facts, dict) or set(facts) != _FIELDS or facts["serial"] != serial:
        raise plain.wrong(name, f"is not what an export has of {serial}")
    stretches = plain.to_rows(Stretch, facts["stretches"], f"{name}, stretch")
    wanted = {f"{serial}.ilj"} | {stretch.file for stretch in stretches}
    for file in wanted:
        if re.fullmatch(rf"{serial}(\.[1-9][0-9]{{0,5}})?\.ilj", file) is None:
            raise plain.wrong(name, f"names {file!r}, which is no journal of {serial}")
    if len(stretches) > STRETCHES_MAX:
        raise plain.wrong(name, "has more stretches than any unit")
    return facts, stretches, wanted, name


def names_of(folder: Path, serial: str) -> tuple[list[str], int]:
    """Names of the files that an export has of a unit, and how many checkpoints are in its journal. ToolError when
    `SERIAL.json` does not say."""
    facts, _, wanted, name = _facts(folder, serial)
    signed = plain.value_of(int, facts["signed"], f"{name}, signed")
    if not 0 <= signed <= SIGNED_MAX:
        raise plain.wrong(name, "has more checkpoints than any unit")
    return [name, *(f"{FOLDER}/{file}" for file in sorted(wanted))], signed


def read_kept(folder: Path, serial: str) -> Kept:
    """The unit's files in an export. ToolError when they are not there, or none."""
    facts, stretches, wanted, name = _facts(folder, serial)
    main = f"{serial}.ilj"
    held = {file: files.read(folder, f"{FOLDER}/{file}", files.JOURNAL_BYTES_MAX) for file in sorted(wanted)}
    at, count = (plain.value_of(int, facts[key], f"{name}, {key}") for key in ("signed_at", "signed"))
    identity = (
        plain.value_of(int, facts["unit"], f"{name}, unit"),
        plain.value_of(int, facts["role"], f"{name}, role"),
        plain.value_of(str, facts["name"], f"{name}, name"),
    )
    heads = plain.to_rows(Head, facts["heads"], f"{name}, head")
    arrivals = plain.to_rows(Arrival, facts["arrivals"], f"{name}, arrival")
    _check_numbers(identity, heads, arrivals, name)
    stored = Stored(serial, identity, rows_of(stretches, held, name), heads, arrivals)
    custody = plain.to_rows_as_is(CustodyRow, facts["custody"], f"{name}, custody")
    return Kept(stored, tuple(signed_in(held[main], at, count, name)), tuple(custody))


def _check_numbers(identity: tuple[int, int, str], heads: list[Head], arrivals: list[Arrival], name: str) -> None:
    """What journals are made of must fit into one, and no number may cost hours."""
    unit, role, _ = identity
    if not (0 <= unit < 1 << 16 and 0 <= role < 1 << 8):
        raise plain.wrong(name, "is of a unit with a number that none has")
    if any(not 0 <= head.following < 1 << 32 or len(head.chain) != CHAIN_BYTES for head in heads):
        raise plain.wrong(name, "has an end that is none")
    if any(not 0 <= arrival.first <= arrival.last < 1 << 32 for arrival in arrivals):
        raise plain.wrong(name, "has an arrival that is none")
    if sum(arrival.last - arrival.first + 1 for arrival in arrivals) > ARRIVED_MAX:
        raise plain.wrong(name, "says that more records came than any unit makes")


def untold(folder: Path, kept: Kept) -> list[str]:
    """Names of the unit's journal files in an export that are others than those that what was read of them, `kept`, is
    written to: what its `SERIAL.json` passes over is in no report. ToolError when one cannot be read."""
    try:
        content = _content(kept)
    except (struct.error, TypeError, ValueError, ToolError):
        content = {}  # what somebody changed so that no journal can hold it
    wanted = {name: data for name, data in content.items() if name.endswith(".ilj")}
    names, _ = names_of(folder, kept.stored.serial)
    here = [name for name in names if name.endswith(".ilj")]
    return [name for name in here if wanted.get(name) != files.read(folder, name, files.JOURNAL_BYTES_MAX)]
