"""Rows: a force's year, from a sample: import, pulls, verifying, report and Parquet over ten groups (`force.py`), each
group its own store, so that there are ten measurements of each; and what two processes gain over all of them.

BENCH_OFFICERS and BENCH_DAYS make the groups larger. What is extrapolated says so: records of 6,400 officers with two
units each, 200 a unit and day, over a year, at the median of the ten groups' records a second, and between their
slowest and fastest, in one process, each journal read as often as for one report.

One report of a force's year does not fit into one process's memory: at the sample's rate it has 584,000 uses that
count, about 15 KB each. By month (`--since`, `--until`) it does, but each month's report reads the journals from their
beginning: up to twelve times the work of *figures* here, *pages and tables* once. How much more processes gain depends
on how much there is to read: the last rows say what two of them did here, by CPU time (`processes.py`).
"""

import hmac
import os
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

from host_tools.auditing.audit import audit
from host_tools.auditing.examine import Known
from host_tools.auditing.places import InFile
from host_tools.commands import report_written
from host_tools.exporting.parquet import write
from host_tools.journal_items import Header
from host_tools.reporting.asked import Asked, Beside, Named
from host_tools.reporting.holdings import StoreHoldings
from host_tools.reporting.making import make
from host_tools.reporting.model import Report
from host_tools.store.runs import read_runs
from host_tools.store.store import Store
from host_tools.workers.executor import Pool

from . import force, processes
from .force import Group
from .rows import Row, Spec, by_id

OFFICERS = int(os.environ.get("BENCH_OFFICERS", "4"))
DAYS = int(os.environ.get("BENCH_DAYS", "7"))
SHARDS = 10
SEED = 1
YEAR_RECORDS = 6400 * 2 * 200 * 365
HOUR_S = 3600
GIB = 1 << 30
PROCESSES = 2
FIGURES, PAGES = "report, figures", "report, pages and tables"

Sample = dict[str, list[float]]


WAITING = ("bare INSERT", "pull", "import")
"""For the disk, since what they return from is on it."""
ONCE = dict.fromkeys((FIGURES, PAGES), ", read once")
BESIDE = {"verify": "bare hmac", FIGURES: "verify", "pull": "bare INSERT", "import": "bare INSERT"}
ACTS = {
    "pull": "pull",
    "import": "import",
    "verify": "verify",
    "figures": FIGURES,
    "pages": PAGES,
    "parquet": "Parquet",
    "parquet_verdicts": "Parquet with verdicts",
}
ALONE = {"pull": "pull", "import": "import"}
"""What waits for the disk, by its CPU time alone, which is no matter of the disk."""
BYTES = {"files": "journal files", "database": "database", "parquet": "Parquet"}
SHARED = {"verify": "verify", "figures": FIGURES}
ROUNDS = {"verify": 8, FIGURES: 1}
SPECS = (
    *(
        Spec(
            f"force.{id_}.rate",
            f"a force's sample: {name}",
            "records/s" if name in WAITING else "records/CPU s",
            BESIDE.get(name, ""),
        )
        for id_, name in ACTS.items()
    ),
    *(
        Spec(
            f"force.{id_}.year",
            f"{name}, a force's {YEAR_RECORDS:,} records{ONCE.get(name, '')}, extrapolated",
            "hours" if name in WAITING else "CPU hours",
            "half an hour of two cores" if id_ == "verify" else "",
        )
        for id_, name in ACTS.items()
    ),
    *(
        Spec(f"force.{id_}.cpu", f"a force's sample: {name}, CPU time", "records/CPU s", "bare INSERT, CPU time")
        for id_, name in ALONE.items()
    ),
    *(Spec(f"force.{id_}.bytes", name, "bytes/record", "journal files") for id_, name in BYTES.items()),
    *(Spec(f"force.{id_}.gib", f"{name}, a force's year, extrapolated", "GiB") for id_, name in BYTES.items()),
    *(
        Spec(f"force.{id_}.cores", f"{name} by {PROCESSES} processes: faster by", "times, CPU time")
        for id_, name in SHARED.items()
    ),
)


def rows() -> list[Row]:
    """Of each act: records a second, and what a force's year comes to."""
    rates: Sample = {}
    cpu_rates: Sample = {}
    sizes: Sample = {}
    records = 0
    groups: list[tuple[Group, list[Path]]] = []
    with tempfile.TemporaryDirectory() as folder:
        for shard in range(SHARDS):
            group = Group(shard, OFFICERS, DAYS, SEED)
            place = Path(folder) / str(shard)
            place.mkdir()
            count = sum(len(unit.raws) for unit in group.units)
            records += count
            for name, act in _acts(group, place):
                started_s, cpu_started_s = time.perf_counter(), time.process_time()
                act()
                cpu_s = time.process_time() - cpu_started_s
                spent_s = time.perf_counter() - started_s if name in WAITING else cpu_s
                rates.setdefault(name, []).append(count / spent_s)
                cpu_rates.setdefault(name, []).append(count / cpu_s)
            for name, size in _sizes(place):
                sizes.setdefault(name, []).append(size / count)
            groups.append((group, sorted(place.glob("*.ilj"))))
        shared = list(_shared(groups, Path(folder), records))
    return [*_rates(rates, records), *_alone(cpu_rates), *_bytes(sizes), *shared]


def _rates(rates: Sample, records: int) -> Iterator[Row]:
    specs, size = by_id(SPECS), f"{SHARDS} groups of {OFFICERS} officers over {DAYS} days, {records:,} records"
    for id_, name in ACTS.items():
        low, middle, high = _spread(rates[name])
        beside = BESIDE.get(name)
        baseline = None if beside is None else statistics.median(rates[beside])
        yield specs[f"force.{id_}.rate"].row(middle, baseline, f"{low:,.0f} to {high:,.0f}; {size}")
        slow, hours, fast = (YEAR_RECORDS / rate / HOUR_S for rate in (low, middle, high))
        spec = specs[f"force.{id_}.year"]
        yield spec.row(hours, 1.0 if spec.beside else None, f"{fast:.3g} to {slow:.3g}, one process")


def _alone(cpu_rates: Sample) -> Iterator[Row]:
    specs, bare = by_id(SPECS), statistics.median(cpu_rates["bare INSERT"])
    for id_, name in ALONE.items():
        low, middle, high = _spread(cpu_rates[name])
        yield specs[f"force.{id_}.cpu"].row(middle, bare, f"{low:,.0f} to {high:,.0f}")


def _bytes(sizes: Sample) -> Iterator[Row]:
    specs, least = by_id(SPECS), statistics.median(sizes["journal files"])
    for id_, name in BYTES.items():
        low, middle, high = _spread(sizes[name])
        yield specs[f"force.{id_}.bytes"].row(middle, least, f"{low:.4g} to {high:.4g}")
        yield specs[f"force.{id_}.gib"].row(middle * YEAR_RECORDS / GIB)


def _acts(group: Group, place: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    """What is timed, in this order: one leaves what another needs."""
    files = force.write(place, group)
    keys, beside = _keys([group]), _beside([group])
    holdings = StoreHoldings(place / "pulled.sqlite")
    asked = Asked(group.end_ms)
    reports: list[Report] = []
    yield "bare hmac", partial(_digests, group)
    yield "bare INSERT", partial(_inserted, group, place / "bare.sqlite")
    yield "pull", partial(_pulled, group, place / "pulled.sqlite")
    yield "import", partial(_imported, files, place / "imported.sqlite")
    yield "verify", lambda: _verified(files, keys)
    yield FIGURES, lambda: reports.append(make(holdings, beside, asked, knowing=_knowing(keys)))
    yield PAGES, lambda: report_written.write(reports[0], place / "page")
    yield "Parquet", lambda: write(holdings, beside, place / "records")
    yield "Parquet with verdicts", lambda: write(holdings, beside, place / "both", asked=asked)


def _keys(groups: Iterable[Group]) -> dict[bytes, Known]:
    return {unit.serial_bytes: Known((unit.first_key,), in_vault=True) for group in groups for unit in group.units}


def _knowing(keys: dict[bytes, Known]) -> Callable[[Header | None], Known]:
    return lambda header: keys[header.serial if header else b""]


def _beside(groups: Sequence[Group]) -> Beside:
    return Beside(
        groups[0].name,
        {unit.serial: Named(unit.number, unit.role, unit.serial) for group in groups for unit in group.units},
        tuple((weapon.serial, body.serial) for one in groups
              for weapon, body in zip(one.holsters, one.cameras, strict=True)),
    )  # fmt: skip


def _shared(several: list[tuple[Group, list[Path]]], folder: Path, records: int) -> Iterator[Row]:
    """What two processes gain over one, with all groups in one store."""
    groups, files = [group for group, _ in several], [file for _, files in several for file in files]
    keys, beside, asked = _keys(groups), _beside(groups), Asked(groups[0].end_ms)
    for group in groups:
        _pulled(group, folder / "all.sqlite")
    holdings = StoreHoldings(folder / "all.sqlite")
    acts: dict[str, Callable[[Pool | None], object]] = {
        "verify": lambda pool: audit([InFile(file) for file in files], _knowing(keys), executor=pool),
        FIGURES: lambda pool: make(holdings, beside, asked, pool, knowing=_knowing(keys)),
    }
    for id_, name in SHARED.items():
        found = processes.gain(acts[name], PROCESSES, ROUNDS[name])
        note = f"{records:,} records; a worker's start costs as much as {max(0, found.start) * records:,.0f}"
        yield by_id(SPECS)[f"force.{id_}.cores"].row(found.times, note=note)


def _digests(group: Group) -> None:
    """The loop that does nothing but `hmac.digest`."""
    digest = hmac.digest
    for unit in group.units:
        key = unit.first_key
        for raw in unit.raws:
            digest(key, raw, "sha256")


def _inserted(group: Group, place: Path) -> None:
    """The same bytes into a table without anything: a transaction for each pull, as durable as the store's."""
    with sqlite3.connect(place) as database:
        database.execute("pragma journal_mode = wal")
        database.execute("pragma synchronous = full")
        database.execute("create table records (serial, sequence, raw, primary key (serial, sequence)) without rowid")
        for unit in group.units:
            for one in unit.pulls:
                several = enumerate(unit.raws[one.first : one.following], one.first)
                rows = [(unit.serial, sequence, raw) for sequence, raw in several]
                database.executemany("insert into records values (?, ?, ?)", rows)
                database.commit()


def _pulled(group: Group, place: Path) -> None:
    store = Store.open(place)
    for unit in group.units:
        store.learn_unit(unit.serial, unit.number, unit.role, unit.serial)
        force.pull(store, unit)
    store.close()


def _imported(files: list[Path], place: Path) -> None:
    store = Store.open(place)
    for file in files:
        store.take_journal(read_runs(file), file.name, by="bench", utc_ms=force.BEGIN_MS)
    store.close()


def _verified(files: list[Path], keys: dict[bytes, Known]) -> None:
    for report in audit([InFile(file) for file in files], _knowing(keys)):
        assert not report.findings and report.sealed == report.records - 1, report


def _sizes(place: Path) -> Iterator[tuple[str, int]]:
    yield "journal files", sum(file.stat().st_size for file in place.glob("*.ilj"))
    yield "database", sum(file.stat().st_size for file in place.glob("pulled.sqlite*"))
    yield "Parquet", sum(file.stat().st_size for file in (place / "records").rglob("*.parquet"))


def _spread(several: list[float]) -> tuple[float, float, float]:
    return min(several), statistics.median(several), max(several)
