"""Whose camera is whose in a report: paired ones by the vault, spares only while the weapon's journal assigns them."""

from dataclasses import replace
from pathlib import Path

import pytest

from host_tools.commands.report import from_store
from host_tools.judging.uses import uses_of
from host_tools.reporting.breakdown import headline
from host_tools.reporting.held import from_verdict
from host_tools.reporting.model import Use
from host_tools.reporting.report import Report, build
from host_tools.store.store import Store
from host_tools.vault.entries import PairEntry
from host_tools.vault.vault import Vault
from interlock.core import frames, records
from interlock.core.settings import ROLE_CAMERA, ROLE_HOLSTER

from .books import HOLSTER, OTHER, OWN, Book, holster, other, own
from .test_uses import crew

T = 1_800_000_000_000
HOUR = 3_600_000
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


def told(home: Path, weapon: Book, is_spare_assigned: bool = False) -> Report:
    """The report after a use at 10 s, while the spare camera records and the paired one stands by."""
    flags = (0, records.CREW_OWN) if is_spare_assigned else (records.CREW_OWN, 0)
    weapon.event(10_000, frames.DRAW, 5).event(20_000, frames.REHOLSTER, 6)
    crew(weapon, 20_001, (OWN, flags[0]), (SPARE, flags[1] | records.CREW_READY))
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
    report = told(tmp_path, weapon, is_spare_assigned=True)
    (use,) = report.uses
    assert use.officer == "PC1234" and use.lone is False, "the paired camera was near, and is not the officer's now"
    (draw,) = use.events
    assert draw.own_verdict == "before" and report.headline.draws.own_before == 1


def test_a_use_with_the_assigned_spare_alone_is_a_lone_one(tmp_path: Path) -> None:
    weapon = holster().clock(0, T).at(1000, records.ASSIGNED, SPARE, T // 1000 + 900, 2, b"PC1234  ")
    weapon.event(3000, frames.DRAW, 3).event(4000, frames.REHOLSTER, 4)
    crew(weapon, 4001, (SPARE, records.CREW_OWN | records.CREW_READY))
    report = told(tmp_path, weapon, is_spare_assigned=True)
    assert [use.lone for use in report.uses] == [True, False]


def test_an_own_camera_that_the_weapon_names_and_the_pairs_do_not_counts_as_its_own() -> None:
    """Its journal is not here, or it is paired with another weapon by now."""
    weapon = holster().clock(0, T).event(10_000, frames.DRAW, 5).event(20_000, frames.REHOLSTER, 6)
    crew(weapon, 20_001, (OWN, records.CREW_OWN))
    (use,) = judged(weapon, other().clock(0, T).tally(0, False), pairs={HOLSTER: []}).uses
    assert use.own_cameras == [f"unit {OWN}"]
    assert (use.events[0].own_verdict, use.events[0].own_ground.row) == ("indeterminate", "not-covered")


def test_where_the_weapon_names_others_than_the_pairs_only_before_is_said_of_its_own() -> None:
    weapon = holster().clock(0, T).event(10_000, frames.DRAW, 5).event(20_000, frames.REHOLSTER, 6)
    crew(weapon, 20_001, (OWN, records.CREW_OWN))
    silent = own().clock(0, T).tally(0, False).tally(HOUR, False)
    on = own().clock(0, T).tally(0, False).tally(1000, True).tally(HOUR, False)
    paired_since = other().clock(0, T).tally(0, False).tally(1000, True).tally(HOUR, False)
    (use,) = judged(weapon, silent, paired_since, pairs={HOLSTER: [OTHER]}).uses
    assert (use.events[0].own_verdict, use.events[0].own_ground.row) == ("indeterminate", "own-unknown")
    assert "tells of other own cameras than the pairs here" in use.events[0].own_reason
    (use,) = judged(weapon, on, paired_since, pairs={HOLSTER: [OTHER]}).uses
    assert use.events[0].own_verdict == "before" and use.own_cameras == [f"UNIT{OWN}"]
    (use,) = judged(weapon, silent, pairs={HOLSTER: [OWN]}).uses
    assert use.events[0].own_verdict == "unwitnessed", "where they agree, it is the one"


def test_a_crew_record_that_is_altered_makes_no_camera_the_own_one() -> None:
    weapon = holster().clock(0, T).event(10_000, frames.DRAW, 5).event(20_000, frames.REHOLSTER, 6)
    crew(weapon, 20_001, (OTHER, records.CREW_OWN))
    (use,) = uses_of(HOLSTER, weapon.records, doubted=3)
    assert use.named == set() and uses_of(HOLSTER, weapon.records)[0].named == {OTHER}


def test_whose_use_it_was_is_not_said_where_the_assignment_may_have_ended_in_a_gap() -> None:
    weapon = holster().clock(0, T).at(200, records.ASSIGNED, SPARE, T // 1000 + 900, 2, b"PC1234  ").skip(9)
    weapon.event(10_000, frames.DRAW, 5).event(20_000, frames.REHOLSTER, 6)
    (use,) = judged(weapon, own().clock(0, T).tally(0, False), pairs={HOLSTER: [OWN]}).uses
    assert use.officer is None and use.own_cameras is None and use.events[0].own_verdict == "indeterminate"


def judged(*books: Book, pairs: dict[int, list[int]]) -> Report:
    held = [
        replace(from_verdict(book.serial, book.serial, book.verdict(), T + 2 * HOUR), records=tuple(book.records))
        for book in books
    ]
    return build(held, pairs, made_ms=T + 3 * HOUR)


def test_what_the_weapon_calls_its_own_says_nothing_of_a_use_in_which_that_was_changed() -> None:
    weapon = holster().clock(0, T).event(10_000, frames.DRAW, 5)
    weapon.at(12_000, records.ASSIGNED, SPARE, T // 1000 + 900, 1, b"PC1     ").event(20_000, frames.REHOLSTER, 6)
    crew(weapon, 20_001, (SPARE, records.CREW_OWN))
    (use,) = judged(weapon, own().clock(0, T).tally(0, False), pairs={HOLSTER: [OWN]}).uses
    assert use.own_cameras == [f"UNIT{OWN}"]


@pytest.mark.parametrize("claimed", [[OTHER], [OWN, OTHER], []])
def test_pairs_that_a_weapons_newest_records_speak_against_are_a_finding_and_count_for_nothing(
    claimed: list[int],
) -> None:
    """Its records can be signed; a list of pairs is somebody's word."""
    weapon = holster().clock(0, T).at(100, records.CONFIG, 3, bytes(8))
    weapon.event(10_000, frames.DRAW, 5).event(20_000, frames.REHOLSTER, 6)
    crew(weapon, 20_001, (OWN, records.CREW_OWN), (OTHER, records.CREW_READY))
    silent = own().clock(0, T).tally(0, False).tally(HOUR, False)
    on = other().clock(0, T).tally(0, False).tally(1000, True).tally(HOUR, False)
    honest = judged(weapon, silent, on, pairs={HOLSTER: [OWN]})
    assert honest.findings == [] and honest.uses[0].events[0].own_verdict == "unwitnessed"
    report = judged(weapon, silent, on, pairs={HOLSTER: claimed})
    (finding,) = report.findings
    calls = [f"calls UNIT{OWN} its own camera"] if OWN not in claimed else []
    calls += [f"does not call UNIT{OTHER} its own camera"] if OTHER in claimed else []
    assert finding.text.startswith(f"in its use from record 2 on it {' and '.join(calls)}, and the pairs here say")
    (event,) = report.uses[0].events
    assert event.own_verdict == "indeterminate" and report.uses[0].own_cameras == [f"UNIT{OWN}"]


def test_that_pairs_were_others_before_its_last_settings_is_no_finding() -> None:
    weapon = holster().clock(0, T).at(100, records.CONFIG, 3, bytes(8))
    weapon.event(10_000, frames.DRAW, 5).event(20_000, frames.REHOLSTER, 6)
    crew(weapon, 20_001, (OWN, records.CREW_OWN), (OTHER, records.CREW_READY))
    weapon.at(30_000, records.CONFIG, 4, bytes(8))
    pairs = {HOLSTER: [OTHER]}
    assert judged(weapon, pairs=pairs).findings == []
    weapon.event(40_000, frames.DRAW, 7).event(50_000, frames.REHOLSTER, 8)
    crew(weapon, 50_001, (OTHER, records.CREW_OWN), (OWN, records.CREW_READY))
    assert judged(weapon, pairs=pairs).findings == []
    weapon.event(60_000, frames.DRAW, 9).event(70_000, frames.REHOLSTER, 10)
    crew(weapon, 70_001, (OWN, records.CREW_OWN))
    assert len(judged(weapon, pairs=pairs).findings) == 1


def far_camera(weapon: Book, *others: Book) -> Use:
    """The use of a weapon whose own camera stands by, in a neighbourhood with a camera that records for others."""
    weapon.event(10_000, frames.DISCHARGE, 5).event(20_000, frames.REHOLSTER, 6)
    silent = own().clock(0, T).tally(0, False).heard(10_010, 5).tally(HOUR, False)
    (use,) = judged(weapon, silent, *others, pairs={HOLSTER: [OWN]}).uses
    return use


def test_before_by_a_camera_that_heard_nothing_of_the_weapon_is_marked_and_the_own_camera_is_apart() -> None:
    far = other().clock(0, T).tally(0, False).tally(1000, True).tally(HOUR, False)
    far.heard(HOUR + 1000, 90)  # in another use: it is of the neighbourhood
    use = far_camera(holster().clock(0, T), far)
    (shot,) = use.events
    assert (shot.verdict, shot.camera, shot.in_touch) == ("before", f"UNIT{OTHER}", False)
    assert shot.own_verdict == "unwitnessed"
    count = headline([use]).discharges
    assert (count.before, count.before_untouched, count.own_before, count.own_unwitnessed) == (1, 1, 0, 1)


def test_before_by_a_camera_that_heard_the_weapon_or_was_heard_by_it_is_in_touch() -> None:
    on = other().clock(0, T).tally(0, False).tally(1000, True)
    heard = on.heard(10_010, 5).tally(HOUR, False)
    assert [shot.in_touch for shot in far_camera(holster().clock(0, T), heard).events] == [True]
    unheard = other().clock(0, T).tally(0, False).tally(1000, True).tally(HOUR, False)
    weapon = holster().clock(0, T).event(10_000, frames.DISCHARGE, 5).ack(10_050, 5, 1, 9_000, OTHER)
    weapon.event(20_000, frames.REHOLSTER, 6)
    (use,) = judged(weapon, unheard, pairs={HOLSTER: [OWN]}).uses
    assert [(shot.verdict, shot.in_touch) for shot in use.events] == [("before", True)]


def test_the_own_camera_is_in_touch_and_where_none_shows_it_nothing_is_said() -> None:
    weapon = holster().clock(0, T).event(10_000, frames.DISCHARGE, 5).event(20_000, frames.REHOLSTER, 6)
    on = own().clock(0, T).tally(0, False).tally(1000, True).tally(HOUR, False)
    (use,) = judged(weapon, on, pairs={HOLSTER: [OWN]}).uses
    assert [(shot.verdict, shot.in_touch) for shot in use.events] == [("before", True)]
    assert [(shot.verdict, shot.in_touch) for shot in far_camera(holster().clock(0, T)).events] == [
        ("unwitnessed", None)
    ]
