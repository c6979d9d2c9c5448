"""Power fails at every flash operation, in recovery too: nothing reported is lost, nothing half done is seen.

Repeat one failure alone with the id that it prints: CUT=ring:17.bits/3.none pytest tests/powercut
"""

from collections.abc import Callable
from typing import Any

import pytest

from interlock import unit
from interlock.core import journal, records
from interlock.core.journal import Journal
from tests.core.flash import PowerCut

from .stories import SECTOR_BYTES, SERIAL, JournalStory, SettingsStory, StationStory
from .sweep import TEARS, Cut, Flash, branches, live, sweep

ALL = tuple(TEARS)
SOME = ("none", "bits")
STORIES: dict[str, Callable[[], Any]] = {
    "fresh": lambda: JournalStory(before=0, count=14, tidy_every=3),
    "sector": lambda: JournalStory(before=3, count=8, tidy_every=0),
    "ring": lambda: JournalStory(before=44, count=12, tidy_every=2),
    "ring unprepared": lambda: JournalStory(before=45, count=12, tidy_every=0),
    "long records": lambda: JournalStory(before=20, count=8, tidy_every=0, payloads=(64,)),
    "settings": SettingsStory,
    "station": lambda: StationStory(uses=6),
    "station, ring full": lambda: StationStory(uses=7, before=12),
}


@pytest.mark.parametrize("name", STORIES)
def test_every_single_cut_is_survived(name: str) -> None:
    played = sweep(name, STORIES[name], 1, [ALL])
    print(f"{name}: {played} plans")


@pytest.mark.parametrize("name", STORIES)
def test_a_second_cut_in_the_recovery_or_after_it_is_survived(name: str) -> None:
    played = sweep(name, STORIES[name], 2, [SOME, SOME], stride=3)
    print(f"{name}: {played} plans")


@pytest.mark.deep
@pytest.mark.parametrize("name", STORIES)
def test_every_pair_of_cuts_with_every_tear_is_survived(name: str) -> None:
    played = sweep(name, STORIES[name], 2, [ALL, ALL])
    print(f"{name}: {played} plans")


@pytest.mark.parametrize("name", ["sector", "ring", "ring unprepared", "long records"])
def test_a_flash_operation_that_fails_while_the_power_stays_on_costs_one_record_at_most(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Flash, "survives", True)
    for cut, story in branches(STORIES[name](), 0, ALL):
        try:
            live(story, 0, cut)
            live(story, 1, None)
        except AssertionError as broken:
            raise AssertionError(f"operation {cut.operation} fails, {cut.tear}: {broken}") from broken


@pytest.mark.parametrize("uses", [6, 7])
def test_a_flash_operation_that_fails_makes_no_unit_use_a_counter_twice(
    uses: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = StationStory(uses, before=uses - 5)
    monkeypatch.setattr(Flash, "survives", True)
    for cut, story in branches(first, 0, SOME):
        try:
            live(story, 0, cut)
            live(story, 1, None)
        except AssertionError as broken:
            raise AssertionError(f"operation {cut.operation} fails, {cut.tear}: {broken}") from broken


def test_a_battery_that_tears_every_record_of_many_boots_makes_the_unit_forget_nothing() -> None:
    """A sector holds ten torn records here: the carried facts lie three sectors back in the end."""
    story = StationStory(uses=6, before=1, sectors=6)
    for boots in range(1, 41):
        story.flash.tears_records = True
        live(story, 0, None)
        story.flash.tears_records = False
        try:
            live(story.copy(), 0, None)
        except AssertionError as broken:
            raise AssertionError(f"after {boots} boots: {broken}") from broken


def test_a_torn_erase_never_brings_a_retired_sector_back() -> None:
    """Erasing sets bits; here it got as far as those of the magic, and some of the records."""
    flash = Flash(4, SECTOR_BYTES)
    log = Journal(flash, SERIAL, list)
    while any(journal.read_header(flash, index) is None for index in range(4)):
        log.append(records.RESERVE, records.pack(records.RESERVE, 1), 0)
    half = bytearray(journal.SECTOR_MAGIC + bytes(journal.SECTOR_HEAD_BYTES - 4)).ljust(SECTOR_BYTES, b"\x0f")
    flash.arm(Cut(1, "none"))  # operation 0 retires the header, 1 erases
    flash.keep_bits = lambda i: 0xFF ^ half[i % SECTOR_BYTES]
    with pytest.raises(PowerCut):
        log.tidy(0)
    assert journal.read_header(flash, 0) is None


def damage_recovery(monkeypatch: pytest.MonkeyPatch) -> None:
    """Go on right after the last record, over what a torn write may have touched."""
    monkeypatch.setattr(journal, "_is_blank", lambda data, start, end: True)


def damage_retirement(monkeypatch: pytest.MonkeyPatch) -> None:
    """Erase without retiring the header first."""
    program = Flash.program
    monkeypatch.setattr(Flash, "program", lambda self, at, data: program(self, at, data) if any(data) else None)


def damage_carrying(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the facts behind in the old sectors, and still say that the set is complete."""
    carry = JournalStory.carry
    monkeypatch.setattr(JournalStory, "carry", lambda self: carry(self)[-1:])


def damage_reservation(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reserve one counter at a time: the next is aired before its reservation is written."""
    monkeypatch.setattr(unit, "RESERVE_BLOCK", 1)


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("ring", damage_recovery),
        ("ring", damage_retirement),
        ("ring unprepared", damage_carrying),
        ("station", damage_reservation),
    ],
)
def test_a_damaged_journal_is_caught(
    name: str, damage: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    damage(monkeypatch)
    with pytest.raises(AssertionError) as caught:
        sweep(name, STORIES[name], 1, [ALL])
    print(caught.value)
