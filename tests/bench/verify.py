"""Rows: verifying a journal file, beside a bare `hmac.digest` over the same records in the same run, and its memory.

BENCH_RECORDS=10000000 makes the file as long as a large force's year; by default it is short.
"""

import hmac
import os
import subprocess
import sys
import tempfile
import time
from binascii import crc32
from collections.abc import Callable
from pathlib import Path

from host_tools.auditing.audit import audit
from host_tools.auditing.examine import Known
from host_tools.auditing.places import InFile
from host_tools.verifying.seals import Keys, begin, mac_of
from host_tools.verifying.walk import Walked, walk
from host_tools.workers.executor import Pool
from interlock.core.crypto import DIGEST_BYTES
from interlock.core.layout import CRC_BYTES
from interlock.core.seal import TAG_BYTES

from . import journals, processes
from .rows import Missing, Row, Spec, by_id

RECORDS = int(os.environ.get("BENCH_RECORDS", "300000"))
SHORT_RECORDS = 1000
TIMED_RECORDS = 30000
ROUNDS = 7
FILES, PROCESSES, SHARE_RECORDS = 8, 2, 110000  # enough to be shared out
BARE = "bare hmac.digest of as many records"
SPECS = (
    Spec("verify.chain", "verify, chain only", "records/s", BARE),
    Spec("verify.sealed", "verify, chain and seal", "records/s", BARE),
    Spec("verify.limit", "the least loop: CRC32, chain and seal, not compared with anything", "records/s", BARE),
    Spec("verify.cores", f"verify, {FILES} files by {PROCESSES} processes: faster by", "times, CPU time", "processes"),
    Spec("verify.memory", "verify, memory for a long journal", "KiB at most", "for a short one"),
)
MEMORY = """
import sys
from pathlib import Path
from tests.bench.verify import check
check(Path(sys.argv[1]), True)
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


def check(path: Path, with_vault: bool) -> Walked:
    """The file gone through, with the vault's key or without it; it must be found sound."""
    with path.open("rb") as stream:
        found = walk(stream, Keys([journals.FIRST_KEY] if with_vault else []))
    sealed = found.count("sealed")
    assert found.fault is None and found.seal_fault is None, found
    assert sealed == (found.records - 1 if with_vault else 0), found
    return found


def _seconds(*acts: Callable[[], object]) -> list[float]:
    """CPU time of each act, the fastest of a few rounds, in which they take turns: what disturbs only ever adds, and it
    disturbs all of them."""
    best = [float("inf")] * len(acts)
    for _ in range(ROUNDS):
        for i, act in enumerate(acts):
            started = time.process_time()
            act()
            best[i] = min(best[i], time.process_time() - started)
    return best


def _digests(raws: list[bytes]) -> None:
    """The loop that does nothing but `hmac.digest`."""
    key, digest = journals.FIRST_KEY, hmac.digest
    for raw in raws:
        digest(key, raw, "sha256")


def _least(raws: list[bytes]) -> None:
    """What no verifier in Python can leave out, with the cheapest calls that `hashlib` has: nine a record."""
    begun, chain = begin, bytes(DIGEST_BYTES)
    inner, outer = mac_of(journals.FIRST_KEY)
    for raw in raws:
        chained = raw[:-CRC_BYTES]
        crc32(chained)
        linked = chain + chained
        inside, outside = inner(), outer()
        inside.update(linked[:-TAG_BYTES])
        outside.update(inside.digest())
        outside.digest()
        link = begun()
        link.update(linked)
        chain = link.digest()


def _peak_kib(path: Path) -> int:
    """The most memory that a process which verifies the file has had resident."""
    done = subprocess.run([sys.executable, "-c", MEMORY, str(path)], capture_output=True, text=True, check=True)
    return int(done.stdout)


def _audit(paths: list[Path], executor: Pool | None) -> None:
    """What `interlock verify` does with files."""
    known = Known((journals.FIRST_KEY,), in_vault=True)
    for report in audit([InFile(path) for path in paths], lambda header: known, None, executor):
        assert not report.findings and report.sealed == report.records - 1, report


def _cores(folder: Path) -> Row:
    paths = [folder / f"{unit}.ilj" for unit in range(FILES)]
    for path in paths:
        journals.write(path, SHARE_RECORDS, 100 + int(path.stem))
    found = processes.gain(lambda pool: _audit(paths, pool), PROCESSES, rounds=1)
    start = max(0, found.start) * FILES * SHARE_RECORDS
    note = f"{FILES} files of {SHARE_RECORDS:,} records; a worker's start costs as much as {start:,.0f}"
    return by_id(SPECS)["verify.cores"].row(found.times, PROCESSES, note)


def _speeds(folder: Path) -> list[Row]:
    timed = folder / "timed.ilj"
    journals.write(timed, TIMED_RECORDS)
    raws = list(journals.raws(TIMED_RECORDS))
    acts = (lambda: _digests(raws), lambda: check(timed, False), lambda: check(timed, True), lambda: _least(raws))
    bare, chained, sealed, least = (TIMED_RECORDS / taken for taken in _seconds(*acts))
    specs, note = by_id(SPECS), f"{TIMED_RECORDS:,} records"
    return [
        specs["verify.chain"].row(chained, bare, note),
        specs["verify.sealed"].row(sealed, bare, note),
        specs["verify.limit"].row(least, bare, note),
    ]


def _memory(folder: Path) -> Row:
    long, short = folder / "long.ilj", folder / "short.ilj"
    journals.write(long, RECORDS)
    journals.write(short, SHORT_RECORDS)
    note = f"{RECORDS:,} records; {SHORT_RECORDS:,}"
    return by_id(SPECS)["verify.memory"].row(_peak_kib(long), _peak_kib(short), note)


def rows() -> list[Row]:
    if not Path("/proc/self/status").exists():
        raise Missing("/proc/self/status tells the memory: Linux has it")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        return [*_speeds(folder), _cores(folder), _memory(folder)]
