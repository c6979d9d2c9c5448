"""Rows: verifying a journal file, beside a bare `hmac.digest` over the same records in the same run, and its memory.

BENCH_RECORDS=10000000 makes the file as long as a large force's year; by default it is short.
"""

import hmac
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

from host_tools.campaign.executor import Failed, Pool
from host_tools.verifying.audit import audit
from host_tools.verifying.examine import Known
from host_tools.verifying.places import InFile
from host_tools.verifying.seals import Keys
from host_tools.verifying.walk import Walked, walk

from . import journals
from .rows import Row

RECORDS = int(os.environ.get("BENCH_RECORDS", "300000"))
SHORT_RECORDS = 1000
TIMED_RECORDS = 30000
ROUNDS = 7
FILES, PROCESSES, SHARE_RECORDS = 8, 2, 110000  # enough to be shared out
RECORD_BYTES = 32
GOAL = 0.8
BARE = "bare hmac.digest of as many records"
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


def _seconds(*acts: Callable[[], object], rounds: int = ROUNDS) -> list[float]:
    """Of each act the fastest of a few rounds, in which they take turns: what disturbs only ever adds, and it disturbs
    all of them."""
    best = [float("inf")] * len(acts)
    for _ in range(rounds):
        for i, act in enumerate(acts):
            started = time.perf_counter()
            act()
            best[i] = min(best[i], time.perf_counter() - started)
    return best


def _digests(raws: list[bytes]) -> None:
    """The loop that does nothing but `hmac.digest`."""
    key, digest = journals.FIRST_KEY, hmac.digest
    for raw in raws:
        digest(key, raw, "sha256")


def _peak_kib(path: Path) -> int:
    """The most memory that a process which verifies the file has had resident."""
    done = subprocess.run([sys.executable, "-c", MEMORY, str(path)], capture_output=True, text=True, check=True)
    return int(done.stdout)


def _audit(paths: list[Path], processes: int) -> None:
    """What `interlock verify` does with files."""
    known = Known((journals.FIRST_KEY,), in_vault=True)
    with Pool(processes) if processes > 1 else nullcontext() as executor:
        for report in audit([InFile(path) for path in paths], lambda header: known, None, executor):
            assert not report.findings and report.sealed == report.records - 1, report


def _bare_share(_: int) -> None:
    _digests([bytes(RECORD_BYTES)] * SHARE_RECORDS)


def _bare_shares() -> None:
    with Pool(PROCESSES) as pool:
        for _, outcome in pool.map_unordered(_bare_share, range(FILES)):
            assert not isinstance(outcome, Failed), outcome


def _cores(folder: Path) -> Row:
    paths = [folder / f"{unit}.ilj" for unit in range(FILES)]
    for path in paths:
        journals.write(path, SHARE_RECORDS, 100 + int(path.stem))
    acts = (lambda: _audit(paths, 1), lambda: _audit(paths, PROCESSES))
    bare_acts = (lambda: list(map(_bare_share, range(FILES))), _bare_shares)
    alone, together, bare_alone, bare_together = _seconds(*acts, *bare_acts, rounds=1)
    name, beside = f"verify, {FILES} files by {PROCESSES} processes: faster by", "bare hmac.digest by as many"
    return Row(name, alone / together, "times", bare_alone / bare_together, beside)


def _speeds(folder: Path) -> list[Row]:
    timed = folder / "timed.ilj"
    journals.write(timed, TIMED_RECORDS)
    raws = list(journals.raws(TIMED_RECORDS))
    acts = (lambda: _digests(raws), lambda: check(timed, False), lambda: check(timed, True))
    bare, chained, sealed = (TIMED_RECORDS / taken for taken in _seconds(*acts))
    return [
        Row("verify, chain only", chained, "records/s", bare, BARE),
        Row("verify, with the vault's seal keys", sealed, "records/s", bare, BARE),
        Row("verify, with the vault's seal keys, of bare hmac.digest", sealed / bare, "times", GOAL, "goal"),
    ]


def _memory(folder: Path) -> list[Row]:
    if not Path("/proc/self/status").exists():
        return []
    long, short = folder / "long.ilj", folder / "short.ilj"
    journals.write(long, RECORDS)
    journals.write(short, SHORT_RECORDS)
    name, beside = f"verify, memory for {RECORDS:,} records", f"for {SHORT_RECORDS:,} records"
    return [Row(name, _peak_kib(long), "KiB at most", _peak_kib(short), beside)]


def rows() -> list[Row]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        return [*_speeds(folder), _cores(folder), *_memory(folder)]
