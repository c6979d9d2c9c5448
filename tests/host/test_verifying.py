"""What is said of journals of units that were rolled back, copied, cut off, set up twice, or whose flash failed; and of
what was signed. Changes by an adversary: `test_verifying_adversary.py`."""

from dataclasses import replace

import pytest

from host_tools import journal_file
from host_tools.auditing.examine import Known
from host_tools.journal_items import Header, Signed
from host_tools.verifying.outcomes import (
    AiredUnrecorded,
    Altered,
    Cloned,
    Contradicted,
    Gap,
    Intact,
    RolledBack,
    TruncatedTail,
    UnknownKey,
    UnsignedSince,
    UnwitnessedTail,
    Witnessed,
)
from host_tools.verifying.seals import EVOLUTIONS_MAX, Keys
from host_tools.verifying.testimony import CHANCES
from interlock.core import checkpoint, frames, records
from interlock.core.seal import OpenSeal, next_key
from interlock.core.settings import ROLE_CAMERA, ROLE_HOLSTER

from .adversary import careful, kind_of, payload_of, taken_apart
from .audits import LEVELS, known_at, reports, the
from .sealed_world import GROUP, SLOT, Unit, crew, shift, works

ERA = 1 << 24


def verdicts(known: dict[bytes, Known], *files: bytes) -> list[str]:
    return [found.verdict for found in reports(known, *files)]


# Rolled back, cloned.


def rolled_back(sign: bool = False) -> tuple[tuple[Unit, Unit, Unit], bytes, bytes]:
    """A crew; the weapon's journal before an old image was put back on it, and after it went on from there."""
    units = crew()
    weapon = units[0]
    works(*units, uses=2)
    image = weapon.image()
    works(*units, uses=1)
    if sign:
        weapon.sign()
    before, weapon.signed = weapon.file(), weapon.signed[:1]
    weapon.restore(image)
    works(*units, uses=2)
    if sign:
        weapon.sign()
    return units, before, weapon.file()


@pytest.mark.parametrize("level", LEVELS)
def test_an_old_image_put_back_shows_beside_an_earlier_pull_and_by_its_right_name_to_the_vault(level: str) -> None:
    units, before, after = rolled_back()
    known = known_at(level, *units)
    word = "rolled back" if level == "vault" else "contradicted"
    earlier, later = reports(known, before, after)
    assert (earlier.verdict, later.verdict) == (word, word)
    parted = the(later, RolledBack if level == "vault" else Contradicted)
    true, false = taken_apart(before).raws, taken_apart(after).raws
    first = next(place for place, (a, b) in enumerate(zip(true, false, strict=False)) if a != b)
    assert (parted.since if isinstance(parted, RolledBack) else parted.first) == first
    assert verdicts(known, after) == ["intact"], "alone it is a journal like any other"


@pytest.mark.parametrize("level", LEVELS)
def test_an_old_image_put_back_shows_by_what_others_had_heard(level: str) -> None:
    units, _, after = rolled_back()
    weapon, *others = reports(known_at(level, *units), after, units[1].file(), units[2].file())
    assert weapon.verdict == ("contradicted" if level == "nothing" else "rolled back")
    assert "altered" not in [other.verdict for other in others]


@pytest.mark.parametrize("level", LEVELS)
def test_two_messages_under_one_index_are_a_clone_to_everybody(level: str) -> None:
    units, before, after = rolled_back(sign=True)
    for found in reports(known_at(level, *units), before, after):
        assert found.verdict == "cloned"
        assert the(found, Cloned).index == 1


def test_a_later_index_that_covers_less_is_a_rollback() -> None:
    weapon, *_ = units = crew()
    works(*units, uses=1)
    image = weapon.ring.data[:]
    works(*units, uses=2)
    longer = weapon.sign()
    weapon.ring.data[:] = image  # only the journal, not what sits beside it
    weapon.boot()
    shorter = weapon.sign()
    file = replace(taken_apart(weapon.file()), signed=(longer, shorter)).file()
    assert "rolled back" in {outcome.name for outcome in reports(known_at("public key", weapon), file)[0].findings}


# Beyond the end, and missing inside.


@pytest.mark.parametrize("level", LEVELS)
def test_power_lost_between_air_and_flash_is_told_as_that(level: str) -> None:
    weapon, own, other = units = crew()
    works(*units, uses=1)
    weapon.does(frames.DRAW, own, other, is_recorded=False)
    drawn = weapon.counter
    weapon.boot()
    works(*units, uses=1)
    found, *others = reports(known_at(level, *units), *(unit.file() for unit in units))
    lost = the(found, AiredUnrecorded)
    assert found.verdict == "aired but unrecorded" and (lost.counter, lost.what) == (drawn, "draw")
    assert lost.restarted and "power loss" in lost.text and "C1" in lost.witness and "C2" in lost.witness
    assert [other.verdict for other in others] == ["intact", "intact"]


def test_a_frame_that_no_restart_explains_is_told_without_blame() -> None:
    weapon, _, other = units = crew()
    works(*units, uses=1)
    weapon.does(frames.DISCHARGE, other, is_recorded=False)
    works(*units, uses=1)
    found = reports(known_at("vault", *units), *(unit.file() for unit in units))[0]
    lost = the(found, AiredUnrecorded)
    assert (lost.what, lost.restarted, lost.witness) == ("discharge", False, "C2 (its record 17)")
    assert "power loss possible" in lost.text


def test_an_answer_that_a_camera_aired_and_did_not_record_shows_in_the_weapons_journal() -> None:
    weapon, own, other = units = crew()
    works(*units, uses=2)
    pulled = taken_apart(own.file())
    place = next(i for i, raw in enumerate(pulled.raws) if kind_of(raw) == records.HEARD)
    without = careful(pulled, [*pulled.raws[:place], *pulled.raws[place + 1 :]]).unsigned()
    found = reports({}, weapon.file(), without.file(), other.file())[1]
    assert found.verdict == "contradicted"
    assert the(found, AiredUnrecorded).what == "an answer"


def test_a_unit_that_was_pulled_before_the_others_is_told_to_be_pulled_again() -> None:
    weapon, own, other = units = crew()
    works(*units, uses=1)
    early = weapon.file()
    works(*units, uses=1)
    found = reports(known_at("vault", *units), early, own.file(), other.file())[0]
    tail = the(found, TruncatedTail)
    assert "C1" in tail.witness and "newer pull" in tail.text
    assert verdicts(known_at("vault", *units), early, weapon.file(), own.file()) == ["intact"] * 3


def test_how_far_others_know_a_journal_and_by_which_chance_is_said() -> None:
    weapon, own, other = shift()
    found = reports({}, weapon.file(), own.file(), other.file())[0]
    seen, tail = the(found, Witnessed), the(found, UnwitnessedTail)
    assert seen.by == ("C1", "C2") and 0 < seen.error < 100 / CHANCES
    assert seen.following <= tail.first and tail.first + tail.count == found.following
    lonely = reports({}, weapon.file())[0]
    assert the(lonely, UnwitnessedTail).first == 0 and any("checked alone" in text for text in lonely.limits)


def test_what_only_the_groups_key_vouches_for_never_calls_a_unit_rolled_back() -> None:
    weapon, _, other = units = crew()
    works(*units, uses=1)
    member = frames.UnitKeys(bytes(32), weapon.number)
    forged = frames.build_unit(member, GROUP, frames.DRAW, 0, weapon.counter + 1, b"lies", SLOT)
    assert other.hears(forged) is not None
    works(*units, uses=2)
    found = reports(known_at("vault", *units), *(unit.file() for unit in units))[0]
    assert found.verdict == "contradicted" and "only the group's key" in the(found, Contradicted).text


def test_numbers_that_two_units_use_compare_nothing() -> None:
    weapon, own, other = units = crew()
    works(*units, uses=1)
    double = Unit(weapon.number, ROLE_HOLSTER, "X9").set_up(Unit(2, ROLE_CAMERA, "X8"))
    works(*units, uses=1)
    known = known_at("vault", *units, double)
    assert verdicts(known, weapon.file(), double.file(), own.file(), other.file()) == ["intact"] * 4


# Signatures.


def test_what_is_behind_the_last_checkpoint_is_counted() -> None:
    weapon = shift()[0]
    found = reports(known_at("public key", weapon), weapon.file())[0]
    last = checkpoint.unpack(weapon.signed[-1].message)
    assert the(found, UnsignedSince) == UnsignedSince(last.following, found.following - last.following, last.index)
    assert found.signed == last.following


def test_a_key_that_nobody_vouches_for_is_said_and_where_another_was_expected_found() -> None:
    weapon, own, _ = shift()
    alone = reports({}, weapon.file())[0]
    assert alone.verdict == "intact" and not the(alone, UnknownKey).is_finding and alone.signed == 0
    other_key = Known(signing_keys={own.signer.public: "given"})
    found = reports({weapon.serial: other_key}, weapon.file())[0]
    assert found.verdict == "unknown key" and the(found, UnknownKey).expected


@pytest.mark.parametrize("part", ["message", "signature"])
def test_a_checkpoint_that_was_changed_is_found_by_its_signature(part: str) -> None:
    weapon = shift()[0]
    pulled = taken_apart(weapon.file())
    whole = getattr(pulled.signed[0], part)
    changed = pulled.signed[0]._replace(**{part: whole[:-1] + bytes([whole[-1] ^ 1])})
    file = replace(pulled, signed=(changed, *pulled.signed[1:])).file()
    for level in LEVELS:
        found = reports(known_at(level, weapon), file)[0]
        assert found.verdict == "altered" and the(found, Altered).shown_by == "signature"


def test_another_units_checkpoint_in_a_journal_is_found() -> None:
    weapon, own, _ = shift()
    file = replace(taken_apart(weapon.file()), signed=tuple(own.signed)).file()
    known = {weapon.serial: Known(signing_keys={weapon.signer.public: "given", own.signer.public: "given"})}
    found = reports(known, file)[0]
    assert found.verdict == "altered" and "another unit's" in found.findings[0].text


def test_what_a_units_key_signed_that_is_no_checkpoint_is_found() -> None:
    weapon = Unit(1, ROLE_HOLSTER, "H1").set_up(Unit(2, ROLE_CAMERA, "C1"))
    for message in (b"anything", checkpoint.pack(checkpoint.unpack(weapon.sign().message)._replace(index=7))):
        weapon.signer.take(None)
        weapon.signer.sign(message)
        while weapon.signer.work(1 << 20):
            pass
        signed = Signed(*weapon.signer.signed(), weapon.signer.public)
        file = replace(taken_apart(weapon.file()), signed=(signed,)).file()
        found = reports(known_at("public key", weapon), file)[0]
        assert found.verdict == "altered" and the(found, Altered).shown_by == "signature"


# Seals and eras.


def test_a_unit_that_was_set_up_again_is_under_the_key_of_its_new_era() -> None:
    weapon = Unit(1, ROLE_HOLSTER, "H1").set_up(Unit(2, ROLE_CAMERA, "C1"))
    weapon.change_key()
    old, weapon.seal_key = weapon.seal_key, bytes(range(16))
    weapon.set_up(Unit(2, ROLE_CAMERA, "C1"))
    known = replace(weapon.vault(), seal_keys=(old, weapon.seal_key))
    found = reports({weapon.serial: known}, weapon.file())[0]
    assert found.verdict == "intact" and found.sealed == found.records - 5
    lost = reports({weapon.serial: replace(known, seal_keys=(old,))}, weapon.file())[0]
    assert lost.verdict == "unknown key" and "era 2" in the(lost, UnknownKey).text


def test_a_set_up_that_was_cut_and_done_again_with_the_same_key_is_no_finding() -> None:
    weapon = Unit(1, ROLE_HOLSTER, "H1").set_up(Unit(2, ROLE_CAMERA, "C1"))
    weapon.journal.seal.give(weapon.seal_key)
    weapon.change_key()
    weapon.uses()
    weapon.change_key()
    found = reports(known_at("vault", weapon), weapon.file())[0]
    assert found.verdict == "intact" and found.sealed == found.records - 5


def test_a_whole_journal_written_anew_under_everybodys_key_is_found_with_the_vault() -> None:
    weapon = shift()[0]
    pulled = taken_apart(weapon.file())
    plain = [raw for raw in pulled.raws if kind_of(raw) not in (records.SEAL, records.CHECKPOINT)]
    forged = careful(pulled, plain).unsigned()
    assert verdicts(known_at("public key", weapon), forged.file()) == ["intact"], "nothing contradicts it"
    found = reports(known_at("vault", weapon), forged.file())[0]
    first = next(i for i, raw in enumerate(plain) if kind_of(raw) == records.CONFIG and any(payload_of(raw)[:4]))
    altered = the(found, Altered)
    assert found.verdict == "altered" and altered.last == first and "everybody knows" in altered.text


def test_a_header_that_calls_itself_another_unit_than_the_vault_knows_is_found() -> None:
    weapon = shift()[0]
    pulled = taken_apart(weapon.file())
    file = replace(pulled, header=pulled.header._replace(unit=9)).file()
    assert verdicts(known_at("vault", weapon), file) == ["altered"]


def test_an_epoch_that_no_journal_can_have_reached_costs_nothing_and_is_found() -> None:
    weapon = shift()[0]
    pulled = taken_apart(weapon.file())
    place = 40
    header = Header(1, 1, weapon.serial, place, pulled.chains[place], ERA + place + 1)
    found = reports(known_at("vault", weapon), journal_file.join(header, pulled.raws[place:]))[0]
    assert found.verdict == "altered" and "rules out" in found.findings[0].text
    assert Keys([bytes(16)]).candidates(ERA + EVOLUTIONS_MAX + 1, EVOLUTIONS_MAX + 1) == ()


def test_a_journal_whose_beginning_the_ring_has_eaten_is_sealed_from_its_first_record_on() -> None:
    weapon = Unit(1, ROLE_HOLSTER, "H1").set_up(Unit(2, ROLE_CAMERA, "C1"))
    while weapon.journal.first < 500:
        weapon.uses()
        if weapon.journal.is_seal_overdue():
            weapon.change_key()
        while weapon.journal.tidy(next(weapon.clock)):
            pass
    pulled = taken_apart(weapon.file())
    assert pulled.header.epoch > ERA + 5
    found = reports(known_at("vault", weapon), weapon.file())[0]
    assert found.verdict == "intact" and found.sealed == found.records
    assert the(found, Gap) == Gap(0, pulled.header.first - 1, "ring")


def test_keys_follow_from_the_vaults_as_the_unit_makes_them() -> None:
    key = bytes(range(16))
    assert Keys([key]).candidates(ERA + 2, 9) == (next_key(next_key(key)),)
    assert Keys([key]).candidates(0, 9) == (OpenSeal().key,)
    assert Keys([key]).candidates(1, 9) == ()


def test_only_what_keys_cover_is_called_as_the_unit_wrote_it() -> None:
    """Behind the last signature anybody may have written; a seal's chain goes back to the first record."""
    assert Intact(67, 0, 57).text == "57 of its 67 records are as the unit wrote them: 57 by signatures"
    assert Intact(31, 26, 0).text == "its 31 records are as the unit wrote them: 26 by their seals"
    assert Intact(31, 26, 20, loose=3).text.startswith("28 of its 31 records are")
