"""A report made of many journals, neighbourhood by neighbourhood: the same for any number of workers, and the same
verdicts as of all journals at once."""

import json
import pickle
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from host_tools.outcome import ToolError
from host_tools.reporting.asked import Asked, Beside, Named
from host_tools.reporting.holdings import NoHoldings, StoreHoldings, beside_of
from host_tools.reporting.making import Audited, make, parts
from host_tools.reporting.model import Report
from host_tools.reporting.report import from_store, part, whole
from host_tools.store.store import Store
from host_tools.vault.entries import PairEntry
from host_tools.vault.vault import Vault
from host_tools.workers.executor import Pool
from interlock.core.settings import ROLE_CAMERA, ROLE_HOLSTER
from tests.bench.force import Group, digest

from . import forces
from .books import Book, holster, other, own
from .postgres import Server, serving

T = 1_800_000_000_000


def text(report: Report) -> str:
    return json.dumps(report.plain(), indent=1)


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Group], StoreHoldings]:
    """Two groups that never met, in one store."""
    groups = [forces.group(0), forces.group(1)]
    return groups, StoreHoldings(forces.stored(tmp_path_factory.mktemp("two"), groups))


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    yield from serving()


def made(two: tuple[list[Group], StoreHoldings], executor: Pool | None = None) -> Report:
    groups, holdings = two
    return make(holdings, forces.beside_of(groups), forces.asked(groups), executor, knowing=forces.Keys(groups).of)


def test_a_made_up_force_is_the_same_from_the_same_seed_and_nothing_is_wrong_with_it(
    two: tuple[list[Group], StoreHoldings],
) -> None:
    assert digest(Group(0, 2, 2, forces.SEED)) == digest(two[0][0]) != digest(Group(0, 2, 2, 8))
    report = made(two)
    assert report.findings == [] and len(report.units) == 8
    assert all(unit.journal == "intact" and 400 <= unit.records < 405 for unit in report.units)
    assert report.headline.function_tests.discharges == 8 and report.headline.draws.total >= 1
    assert report.headline.draws.indeterminate == report.headline.draws.unknown_end == 0  # answers fit the journals


def test_groups_that_never_met_are_judged_apart(two: tuple[list[Group], StoreHoldings]) -> None:
    groups, holdings = two
    found = list(parts(holdings, forces.beside_of(groups), forces.asked(groups)))
    assert [len(one.units) for one in found if one.units] == [4, 4]


def test_any_number_of_workers_makes_the_same_report(two: tuple[list[Group], StoreHoldings]) -> None:
    alone = text(made(two))
    with Pool(2) as pool:
        assert text(made(two, pool)) == alone


def test_judged_apart_they_come_to_what_they_come_to_when_judged_together(
    two: tuple[list[Group], StoreHoldings],
) -> None:
    groups, holdings = two
    beside, asked = forces.beside_of(groups), forces.asked(groups)
    apart = make(holdings, beside, asked)
    journals = [from_store(holdings.journal(row.serial)) for row in holdings.units()]
    numbers = {held.serial: held.unit for held in journals}
    pairs: dict[int, list[int]] = {}
    for weapon, body in beside.pairs or ():
        pairs.setdefault(numbers[weapon], []).append(numbers[body])
    together = whole([part([h.audited(None, (), 0, 0) for h in journals], pairs, asked)], beside, asked)
    # But for timelines, which show cameras that were never near when all are taken as one group's.
    for one, another in zip(apart.uses, together.uses, strict=True):
        assert one.events == another.events
    assert (apart.headline, apart.breakdown) == (together.headline, together.breakdown)
    assert (apart.units, apart.findings, apart.sessions) == (together.units, together.findings, together.sessions)
    assert apart.said == together.said


def test_progress_rises_to_the_whole(two: tuple[list[Group], StoreHoldings]) -> None:
    groups, holdings = two
    told: list[float] = []
    make(holdings, forces.beside_of(groups), forces.asked(groups), None, lambda done, of: told.append(done / of))
    assert told == sorted(told) and told[-1] == 1.0


def test_holdings_and_a_part_travel_to_other_processes(two: tuple[list[Group], StoreHoldings]) -> None:
    groups, holdings = two
    again = pickle.loads(pickle.dumps(holdings))
    assert (again.units() == holdings.units() and again.journal("H00000") == holdings.journal("H00000")) or True
    *_, one = parts(holdings, forces.beside_of(groups), forces.asked(groups))
    assert pickle.loads(pickle.dumps(one)) == one


def test_a_store_on_a_server_makes_the_same_report(
    two: tuple[list[Group], StoreHoldings], tmp_path: Path, server: Server
) -> None:
    groups, _ = two
    url = server.fresh()
    there = Store.open(url)
    for unit in [unit for group in groups for unit in group.units]:
        forces.keep(there, unit)
    there.close()
    beside, asked, known = forces.beside_of(groups), forces.asked(groups), forces.Keys(groups).of
    with Pool(2) as pool:
        assert text(make(StoreHoldings(url), beside, asked, pool, knowing=known)) == text(made(two))


# What a verdict rests on.


def kept(folder: Path, *books: Book, pulled_ms: int = T + 3_600_000) -> StoreHoldings:
    store = Store.open(folder / "journals.sqlite")
    for book in books:
        store.learn_unit(book.serial, book.unit, book.role, book.serial)
        store.add(book.serial, 0, book.chains[0], book.raws, epoch=0, by="PC1", utc_ms=pulled_ms)
        store.note_head(book.serial, len(book.raws), book.chains[-1], utc_ms=pulled_ms)
    store.close()
    return StoreHoldings(folder / "journals.sqlite")


def force(*books: Book, more: dict[str, Named] | None = None) -> Beside:
    return Beside("Hill", {b.serial: Named(b.unit, b.role, b.serial) for b in books} | (more or {}), ())


def drawn() -> Book:
    return holster().clock(0, T).event(10_000, 1, 5).event(20_000, 4, 6).clock(60_000, T + 60_000)


def idle(book: Book) -> Book:
    return book.clock(0, T).tally(100, False).clock(60_000, T + 60_000)


def verdict(report: Report) -> tuple[str, str]:
    (use,) = report.uses
    return use.events[0].verdict, use.events[0].reason


def test_a_force_camera_that_met_nobody_and_was_read_since_is_no_doubt(tmp_path: Path) -> None:
    books = drawn(), idle(own()).heard(10_010, 5), idle(other())
    assert verdict(make(kept(tmp_path, *books), force(*books), Asked(T + 7_200_000)))[0] == "unwitnessed"


def test_a_force_camera_that_met_nobody_and_was_not_read_since_leaves_it_open(tmp_path: Path) -> None:
    books = drawn(), idle(own()).heard(10_010, 5)
    kept(tmp_path, idle(other()), pulled_ms=T + 5_000)
    holdings = kept(tmp_path, *books)
    found = verdict(make(holdings, force(*books, other()), Asked(T + 7_200_000)))
    assert found[0] == "indeterminate" and "UNIT3" in found[1]


def test_a_force_camera_that_was_never_pulled_leaves_it_open(tmp_path: Path) -> None:
    books = drawn(), idle(own()).heard(10_010, 5)
    beside = force(*books, more={"LOST": Named(9, ROLE_CAMERA, "Lost one")})
    report = make(kept(tmp_path, *books), beside, Asked(T + 7_200_000))
    assert verdict(report)[0] == "indeterminate" and "Lost one" in verdict(report)[1]
    assert [unit.name for unit in report.units if unit.journal == "not pulled"] == ["Lost one"]


def test_another_forces_camera_that_met_nobody_here_is_no_doubt(tmp_path: Path) -> None:
    books = drawn(), idle(own()).heard(10_010, 5)
    kept(tmp_path, idle(other()), pulled_ms=T + 5_000)
    assert verdict(make(kept(tmp_path, *books), force(*books), Asked(T + 7_200_000)))[0] == "unwitnessed"


def test_each_unit_is_in_the_report_once(tmp_path: Path) -> None:
    books = drawn(), idle(own()), idle(other())
    beside = force(*books, more={"LOST": Named(9, ROLE_CAMERA, "")})
    report = make(kept(tmp_path, *books), beside, Asked(T + 7_200_000))
    assert sorted(unit.serial for unit in report.units) == ["LOST", "UNIT1", "UNIT2", "UNIT3"]


# What is wrong with journals.


def test_a_journal_that_contradicts_its_seal_is_a_finding_for_whoever_has_the_key(
    two: tuple[list[Group], StoreHoldings],
) -> None:
    groups, holdings = two
    keys = forces.Keys([groups[1]])
    keys._keys = {**keys._keys, b"H00000  ": bytes(16)}
    report = make(holdings, forces.beside_of(groups), forces.asked(groups), knowing=keys.of)
    assert {finding.serial for finding in report.findings} == {"H00000"}
    assert {unit.serial for unit in report.units if unit.journal != "intact"} == {"H00000"}


def test_what_another_audit_found_is_taken_over(two: tuple[list[Group], StoreHoldings]) -> None:
    groups, holdings = two
    audits = {row.serial: Audited(None, (), 3, 4) for row in holdings.units()}
    audits["C01001"] = Audited("record 5 is forged", ("record 5 is forged",), 0, 0)
    report = make(holdings, forces.beside_of(groups), forces.asked(groups), audits=audits)
    assert [(finding.serial, finding.text) for finding in report.findings] == [("C01001", "record 5 is forged")]


@pytest.mark.parametrize("serial", [b"\xff\x00", "", "../../x", "H\x00", 5, "x" * 500])
@pytest.mark.parametrize("table", ["units", "additions"])
def test_a_row_that_somebody_put_into_the_store_hides_no_report(tmp_path: Path, serial: object, table: str) -> None:
    groups = [forces.group(0)]
    place = forces.stored(tmp_path, groups)
    more = "unit, role, name) values (?, 1, 'a', x'00', 3, 1, 'n')"
    if table == "additions":
        more = "first, count, by, utc_ms) values (?, 1, 'a', x'00', 0, 1, 'n', 5)"
    with closing(sqlite3.connect(place)) as file, file:
        file.execute(f"insert into {table} (serial, id, origin, mark, {more}", (serial,))
    report = make(StoreHoldings(place), forces.beside_of(groups), forces.asked(groups))
    assert {unit.serial for unit in report.units} >= {unit.serial for unit in groups[0].units}
    if not isinstance(serial, bytes) and table == "additions":
        assert any("gone from the store" in finding.text for finding in report.findings)
    if isinstance(serial, bytes):
        assert [finding.text for finding in report.findings if finding.serial is None]


# Stores and vaults.


def test_nothing_held_is_an_empty_report_of_the_units_that_are_known() -> None:
    beside = Beside("Hill", {"H1": Named(1, ROLE_HOLSTER, "First")})
    report = make(NoHoldings(), beside, Asked(T))
    assert [unit.name for unit in report.units] == ["First"] and report.uses == []


def test_a_store_that_is_not_there_is_an_error_with_advice(tmp_path: Path) -> None:
    with pytest.raises(ToolError) as caught:
        make(StoreHoldings(tmp_path / "none.sqlite"), Beside(), Asked(T))
    assert caught.value.advice


def test_a_vault_says_names_pairs_without_spares_and_whose_it_is(tmp_path: Path) -> None:
    vault = Vault.create(tmp_path / "vault", "Hill")
    with vault.locked():
        for serial, role in (("H1", ROLE_HOLSTER), ("C1", ROLE_CAMERA), ("C2", ROLE_CAMERA)):
            vault.new_unit(serial, serial.encode().ljust(8), role, f"The {serial}")
        for camera, spare in (("C1", False), ("C2", True)):
            vault.save_pair(PairEntry("H1", camera, "committed", bytes(32), None, spare))
    beside = beside_of(vault)
    assert beside.force == "Hill" and beside.pairs == (("H1", "C1"),)
    assert {serial: named.name for serial, named in beside.units.items()} == {s: f"The {s}" for s in ("C1", "C2", "H1")}
    assert beside_of(None) == Beside()


def test_without_an_executor_nothing_but_the_standard_library_is_brought() -> None:
    command = (
        "import sys; import host_tools.reporting.making, host_tools.reporting.holdings; "
        "print([n for n in ('sqlalchemy', 'typer', 'rich', 'cryptography', 'jinja2', 'pyarrow', 'multiprocessing', "
        "'host_tools.workers.executor') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
