"""A journal file taken apart, for whoever stores it: its records in unbroken runs, verbatim, and what was signed."""

from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from interlock.core.layout import CRC_BYTES, OVERHEAD_BYTES, UNKNOWN, Record, chain_next
from interlock.core.records import PAYLOAD_MAX, SEAL

from ..journal_file import Header, Run, Signed, first_fault
from ..journal_items import BREAK_BYTES, BREAK_MAGIC, HEADER_BYTES, KIND_AT, SIGNED_MAGIC, Source
from ..label import serial_text
from ..outcome import Exit, ToolError
from ..stream import epoch_behind

RUN_RECORDS = 1000  # at most, so that each is one short transaction


class Runs(NamedTuple):
    """`serial`: of the unit, as text."""

    serial: str
    header: Header
    runs: list[Run]
    signed: list[Signed]


def read_runs(path: Path) -> Runs:
    """The file's parts. ToolError when it cannot be read, is no journal file, or is not as it was written."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ToolError(f"{path} cannot be read: {error.strerror}", "Check the path and its permissions.") from error
    return runs_in(data, path.name)


def runs_in(data: bytes, name: str = "FILE") -> Runs:
    """The parts of a journal file's bytes. `name`: what it is called. ToolError when they are none, or not as they were
    written."""
    header, fault = first_fault(data)
    if header is None or fault is not None:
        assert fault is not None, "a file without a header is none"
        raise ToolError(
            f"it is not as it was written, at byte {fault.offset}: {fault.reason}",
            f"Keep it as it is. interlock verify {name} says more; a whole copy can be imported.",
            Exit.FINDINGS,
        )
    return Runs(serial_text(header.serial), header, *_parts(data, header))


def _parts(data: bytes, header: Header) -> tuple[list[Run], list[Signed]]:
    """Of a file that is sound."""
    source = Source(BytesIO(data), len(data))
    source.header()
    runs: list[Run] = []
    signed: list[Signed] = []
    raws: list[bytes] = []
    at, first, chain, epoch = HEADER_BYTES, header.first, header.chain, header.epoch
    begins = (first, chain, epoch)

    def close() -> None:
        if raws:
            runs.append(Run(*begins, list(raws)))
            raws.clear()

    while True:
        kind = source.data[at]
        if kind <= PAYLOAD_MAX:
            raw = source.data[at : at + OVERHEAD_BYTES + kind]
            if len(raws) == RUN_RECORDS or not raws:
                close()
                begins = (first, chain, epoch)
            raws.append(raw)
            if chain != UNKNOWN:
                chain = chain_next(chain, raw[:-CRC_BYTES])
            if raw[KIND_AT] == SEAL:
                epoch = epoch_behind(Record(raw), epoch)
            first += 1
            at += len(raw)
        elif kind == BREAK_MAGIC[0]:
            close()
            first, chain, epoch = source.break_(at)
            at += BREAK_BYTES
        elif kind == SIGNED_MAGIC[0]:
            found, size = source.signed(at)
            signed.append(found)
            at += size
        else:
            close()
            return runs, signed
