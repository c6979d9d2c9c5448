"""Whose camera is whose in a report: paired ones by the vault, spares only while the weapon's journal assigns them."""

from pathlib import Path

from host_tools.commands.report import from_store
from host_tools.reporting.report import Report
from host_tools.store.store import Store
from host_tools.vault.entries import PairEntry
from host_tools.vault.vault import Vault
from interlock.core import frames, records
from interlock.core.settings import ROLE_CAMERA, ROLE_HOLSTER

from .books import HOLSTER, OTHER, OWN, Book, holster, other, own
from .test_uses import crew

T = 1_800_000_000_000
SPARE = OTHER


def paired_and_spare(home: Path) -> Vault:
    """HOLSTER with its paired camera OWN and the spare one OTHER."""
    vault = Vault.create(home / "vault", "Hill")
    with vault.locked():
        for number, role in ((HOLSTER, ROLE_HOLSTER), (OWN, ROLE_CAMERA), (OTHER, ROLE_CAMERA)):
            vault.new_unit(f"UNIT{number}", f"UNIT{number}".encode().ljust(8), role, None)
        for camera, spare in ((OWN, False), (OTHER, True)):
            vault.save_pair(
                PairEntry(f"UNIT{HOLSTER}", f"UNIT{camera}", "committed", bytes([camera]) * 32, None, spare)
            )
    return vault


def told(home: Path, weapon: Book) -> Report:
    """The report after a use at 10 s, while the spare camera records and the paired one stands by."""
    weapon.event(10_000, frames.DRAW, 5).event(20_000, frames.REHOLSTER, 6)
    crew(weapon, 20_001, (OWN, records.CREW_OWN), (SPARE, records.CREW_READY))
    paired = own().clock(0, T).tally(0, False).heard(10_010, 5)
    spare = other().clock(0, T).tally(1000, False).tally(2000, True).heard(10_010, 5).tally(50_000, False)
    store = Store.open(home / "journals.sqlite")
    for book in (weapon, paired, spare):
        store.learn_unit(book.serial, book.unit, book.role, book.serial)
        store.add(book.serial, 0, book.chains[0], book.raws, epoch=0, by="PC1", utc_ms=T + 3_600_000)
        store.note_head(book.serial, len(book.raws), book.chains[-1], utc_ms=T + 3_600_000)
    try:
        return from_store(store, paired_and_spare(home), T + 7_200_000)
    finally:
        store.close()


def test_a_spare_camera_that_records_is_not_the_own_one_and_is_company(tmp_path: Path) -> None:
    report = told(tmp_path, holster().clock(0, T))
    (use,) = report.uses
    assert len(use.own_cameras or ()) == 1 and use.lone is False and report.headline.company.crewed == 1
    (draw,) = use.events
    assert draw.verdict == "before" and draw.own_verdict != "before" and draw.own_camera is None
    assert report.headline.draws.own_before == 0


def test_a_spare_camera_is_the_own_one_while_it_is_assigned(tmp_path: Path) -> None:
    weapon = holster().clock(0, T).at(1000, records.ASSIGNED, SPARE, T // 1000 + 900, 2, b"PC1234  ")
    report = told(tmp_path, weapon)
    (use,) = report.uses
    assert use.officer == "PC1234" and use.lone is False, "the paired camera was near, and is not the officer's now"
    (draw,) = use.events
    assert draw.own_verdict == "before" and report.headline.draws.own_before == 1


def test_a_use_with_the_assigned_spare_alone_is_a_lone_one(tmp_path: Path) -> None:
    weapon = holster().clock(0, T).at(1000, records.ASSIGNED, SPARE, T // 1000 + 900, 2, b"PC1234  ")
    weapon.event(3000, frames.DRAW, 3).event(4000, frames.REHOLSTER, 4)
    crew(weapon, 4001, (SPARE, records.CREW_READY))
    report = told(tmp_path, weapon)
    assert [use.lone for use in report.uses] == [True, False]
