"""Holes in a journal: what the unit says of them explains them, and nothing else."""

import pytest

from host_tools.verifying.gaps import STATED_MAX, Told, explain, reasons
from host_tools.verifying.outcomes import (
    Gap,
    Intact,
)
from interlock.core import records
from interlock.core.layout import SECTOR_HEAD_BYTES, Record, encode, padded
from interlock.core.seal import OpenSeal
from interlock.core.settings import ROLE_CAMERA, ROLE_HOLSTER
from tests.core.flash import PowerCut

from .adversary import taken_apart
from .audits import known_at, reports, the
from .sealed_world import Unit


def test_records_that_rotted_are_a_gap_that_the_unit_explains_and_what_is_behind_is_not_called_sealed() -> None:
    weapon = Unit(1, ROLE_HOLSTER, "H1").set_up(Unit(2, ROLE_CAMERA, "C1"))
    for _ in range(8):
        weapon.uses()
    pulled = taken_apart(weapon.file())
    offset = SECTOR_HEAD_BYTES + sum(padded(len(raw)) for raw in pulled.raws[:20])
    weapon.ring.data[offset + 5] = 0  # of its number
    weapon.boot()
    while weapon.journal.tidy(next(weapon.clock)):
        pass
    weapon.uses()
    found = reports(known_at("vault", weapon), weapon.file())[0]
    loose = pulled.header.first + len(pulled.raws) - 21
    assert the(found, Gap) == Gap(20, 20, "flash", loose)
    assert found.verdict == "intact" and any("behind holes" in text for text in found.limits)
    assert f"{loose} records behind them are held by their numbers alone" in the(found, Gap).text
    assert found.sealed == found.records - loose - 5, "where the unit went on it is sealed again"
    assert the(found, Intact).text.startswith(f"{found.records - loose} of its {found.records} records")


def test_a_gap_is_explained_by_what_the_unit_says_of_its_ring_and_its_flash_only() -> None:
    for gap, kept, faults, loose, why in (
        ((0, 99), [100], [], 0, "ring"),
        ((0, 99), [99], [], 0, ""),
        ((50, 99), [100], [], 0, "ring"),
        ((50, 99), [120], [], 0, ""),
        ((50, 99), [50, 100, 120], [], 0, "ring"),
        ((0, 99), [100], [], 5, ""),
        ((0, 99), [100], [100], 5, "flash"),
        ((0, 299), [100], [290], 0, ""),
        ((0, 299), [200], [290], 0, "flash"),
        ((500, 500), [], [500], 0, "flash"),
        ((500, 520), [], [480], 0, "flash"),
        ((500, 520), [], [510], 0, "flash"),
        ((500, 520), [], [900], 0, ""),
        ((500, 520), [], [200], 0, ""),
        ((500, 500), [], [500], 167, "flash"),
        ((500, 500), [], [500], 168, ""),
        ((500, 900), [], [510, 660, 810], 0, "flash"),
        ((500, 900), [], [510, 860], 0, ""),
    ):
        losses, flash_faults = Told(), Told()
        for numbers, told in ((kept, losses), (faults, flash_faults)):
            for number in numbers:
                told.note(number, 1000)
        assert explain(*gap, losses, flash_faults, loose) == why, (gap, kept, faults, loose)
        assert explain(*gap, losses, flash_faults, loose, (lambda _: False, lambda _: False)) == ""


def test_a_record_explains_only_what_was_missing_before_it() -> None:
    early = Told()
    early.note(40, 60)
    assert explain(40, 59, Told(), early) == "flash" and explain(40, 60, Told(), early) == ""
    early.note(99, 60)
    assert len(early) == 1, "none can state what comes behind it"


def test_one_of_the_records_that_say_the_same_is_enough_whichever_counts() -> None:
    often = Told()
    for at in (60, 70, 80):
        often.note(40, at)
    assert len(often) == 1
    for counting in (60, 70, 80):
        assert explain(40, 50, Told(), often, 0, (lambda _: False, lambda at, it=counting: at == it)) == "flash"
    assert explain(40, 50, Told(), often, 0, (lambda _: False, lambda _: False)) == ""


def test_what_is_said_very_often_is_kept_as_it_was_said_first_and_last() -> None:
    often, asked = Told(), list[int]()
    for at in range(100, 1100):
        often.note(40, at)
    assert explain(40, 50, Told(), often, 0, (lambda _: False, lambda at: bool(asked.append(at)))) == ""
    assert asked == [*range(100, 100 + STATED_MAX), 1099]


def test_of_flash_faults_only_those_that_took_records_explain_any() -> None:
    for kind, why in ((records.FAULT_RECORDS, "flash"), (records.FAULT_ERASE, ""), (records.FAULT_PROGRAM, "")):
        payload = records.pack(records.FAULT, kind, 0, 500, 1)
        raw, _ = encode(records.FAULT, 900, 1, 0, payload, bytes(32), OpenSeal())
        assert explain(500, 500, *reasons([Record(raw)])) == why


def test_a_power_cut_in_a_record_leaves_a_journal_without_findings() -> None:
    weapon = Unit(1, ROLE_HOLSTER, "H1").set_up(Unit(2, ROLE_CAMERA, "C1"))
    for flash in (weapon.ring, weapon.keep):
        flash.keep_bits = lambda i: 0x55
    for cut in range(12):
        weapon.ring.cut_after = weapon.ring.operations + cut
        with pytest.raises((PowerCut, OSError)):
            while True:
                weapon.uses()
                weapon.change_key()
        weapon.ring.cut_after = None
        weapon.boot()
    found = reports(known_at("vault", weapon), weapon.file())[0]
    assert found.verdict == "intact" and found.sealed == found.records - 5
