"""Rows: a force's year, from a sample: import, pulls, verifying, report and Parquet over ten groups (`force.py`), each
group its own store, so that there are ten measurements of each.

BENCH_OFFICERS and BENCH_DAYS make the groups larger. What is extrapolated says so: records of 6,400 officers with two
units each, 200 a unit and day, over a year, at the median of the ten groups' records a second, and between their
slowest and fastest; in one process, so N cores take that by N as long as the disk and the database keep up.
"""

import hmac
import os
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from host_tools.exporting.parquet import write
from host_tools.reporting.asked import Asked, Beside, Named
from host_tools.reporting.holdings import StoreHoldings
from host_tools.reporting.making import make
from host_tools.store.runs import read_runs
from host_tools.store.store import Store
from host_tools.verifying.audit import audit
from host_tools.verifying.examine import Known
from host_tools.verifying.places import InFile

from . import force
from .force import Group
from .rows import Row

OFFICERS = int(os.environ.get("BENCH_OFFICERS", "4"))
DAYS = int(os.environ.get("BENCH_DAYS", "7"))
SHARDS = 10
SEED = 1
YEAR_RECORDS = 6400 * 2 * 200 * 365
HOUR_S = 3600
GIB = 1 << 30

Sample = dict[str, list[float]]


def rows() -> list[Row]:
    """Of each act: records a second, and what a force's year comes to."""
    rates: Sample = {}
    sizes: Sample = {}
    records = 0
    with tempfile.TemporaryDirectory() as folder:
        for shard in range(SHARDS):
            group = Group(shard, OFFICERS, DAYS, SEED)
            place = Path(folder) / str(shard)
            place.mkdir()
            count = sum(len(unit.raws) for unit in group.units)
            records += count
            for name, act in _acts(group, place):
                clock = time.perf_counter if name in WAITING else time.process_time
                started = clock()
                act()
                rates.setdefault(name, []).append(count / (clock() - started))
            for name, size in _sizes(place):
                sizes.setdefault(name, []).append(size / count)
    size = f"{SHARDS} groups of {OFFICERS} officers over {DAYS} days, {records:,} records"
    return [*_rates(rates, size), *_years(rates), *_bytes(sizes)]


def _acts(group: Group, place: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    """What is timed, in this order: one leaves what another needs."""
    files = force.write(place, group)
    keys = {unit.serial_bytes: Known((unit.first_key,), in_vault=True) for unit in group.units}
    holdings = StoreHoldings(place / "pulled.sqlite")
    beside = Beside(
        group.name,
        {unit.serial: Named(unit.number, unit.role, unit.serial) for unit in group.units},
        tuple((weapon.serial, body.serial) for weapon, body in zip(group.holsters, group.cameras, strict=True)),
    )
    asked = Asked(group.end_ms)
    yield "bare hmac", partial(_digests, group)
    yield "bare INSERT", partial(_inserted, group, place / "bare.sqlite")
    yield "pull", partial(_pulled, group, place / "pulled.sqlite")
    yield "import", partial(_imported, files, place / "imported.sqlite")
    yield "verify", lambda: _verified(files, keys)
    yield "report", lambda: make(holdings, beside, asked, knowing=lambda header: keys[header.serial if header else b""])
    yield "Parquet", lambda: write(holdings, beside, place / "records")
    yield "Parquet with verdicts", lambda: write(holdings, beside, place / "both", asked=asked)


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
    for report in audit([InFile(file) for file in files], lambda header: keys[header.serial if header else b""]):
        assert not report.findings and report.sealed == report.records - 1, report


def _sizes(place: Path) -> Iterator[tuple[str, int]]:
    yield "journal files", sum(file.stat().st_size for file in place.glob("*.ilj"))
    yield "database", sum(file.stat().st_size for file in place.glob("pulled.sqlite*"))
    yield "Parquet", sum(file.stat().st_size for file in (place / "records").rglob("*.parquet"))


WAITING = ("bare INSERT", "pull", "import")
"""For the disk, since what they return from is on it."""
BESIDE = {"verify": "bare hmac", "report": "verify", "pull": "bare INSERT", "import": "bare INSERT"}


def _rates(rates: Sample, size: str) -> list[Row]:
    found = []
    for name, several in rates.items():
        if name.startswith("bare"):
            continue
        beside = BESIDE.get(name)
        baseline = None if beside is None else statistics.median(rates[beside])
        title = f"{name}, {size} ({min(several):,.0f} to {max(several):,.0f})"
        found.append(Row(title, statistics.median(several), _unit(name), baseline, beside or ""))
    return found


def _unit(name: str) -> str:
    return "records/s" if name in WAITING else "records/CPU s"


def _years(rates: Sample) -> list[Row]:
    found = []
    for name, several in rates.items():
        if not name.startswith("bare"):
            slow, middle, fast = (YEAR_RECORDS / rate / HOUR_S for rate in _spread(several))
            title = f"{name}, a force's {YEAR_RECORDS:,} records, one process, extrapolated ({fast:.3g} to {slow:.3g})"
            found.append(Row(title, middle, "hours" if name in WAITING else "CPU hours"))
    return found


def _bytes(sizes: Sample) -> list[Row]:
    found = []
    for name, several in sizes.items():
        low, middle, high = _spread(several)
        least = statistics.median(sizes["journal files"])
        found.append(Row(f"{name} ({low:.4g} to {high:.4g})", middle, "bytes/record", least, "journal files"))
        year = f"{name}, a force's year, extrapolated"
        found.append(Row(year, middle * YEAR_RECORDS / GIB, "GiB"))
    return found


def _spread(several: list[float]) -> tuple[float, float, float]:
    return min(several), statistics.median(several), max(several)
