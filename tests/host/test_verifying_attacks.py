"""Attacks that once passed for intact, and what is said of them now; and journals that look like them and are honest.

What explains a gap is believed only of records that somebody vouches for; behind a hole nothing is proven; who found a
unit's present seal key rewrites no earlier epoch unseen.
"""

import random
from collections.abc import Callable

import pytest

from host_tools.auditing.audit import Report
from host_tools.journal_file import Run, join, runs_of
from host_tools.journal_items import Header
from host_tools.verifying import testimony
from host_tools.verifying.outcomes import Altered, Gap, Intact, TruncatedTail
from interlock.core import frames, records
from interlock.core.journal import SCRUB_MS
from interlock.core.layout import SECTOR_HEAD_BYTES, UNKNOWN, chain_start, encode, padded
from interlock.core.reading import Reading
from interlock.core.seal import OpenSeal
from interlock.core.settings import ROLE_CAMERA, ROLE_HOLSTER

from . import audits, sealed_world
from .adversary import (
    Excuse,
    epoch_at,
    excuse,
    kind_of,
    made,
    run_from,
    sealed_anew,
    taken_apart,
    under_open_key,
    with_window,
)
from .audits import LEVELS, known_at, the
from .sealed_world import Unit, crew, shift, works

WEAPON, OWN, OTHER = shift()
TRUE = taken_apart(WEAPON.file())
COUNT = len(TRUE.raws)
EVENTS = [number for number, raw in enumerate(TRUE.raws) if kind_of(raw) == records.EVENT]
SIGNED = [number + 1 for number, raw in enumerate(TRUE.raws) if kind_of(raw) == records.CHECKPOINT]
INNER = (EVENTS[0] - 1, EVENTS[3] + 2)
OVER_CHECKPOINT = (SIGNED[0] - 9, SIGNED[0] + 3)
TO_THE_END = (EVENTS[4] - 1, COUNT)


def reports(level: str, *files: bytes) -> list[Report]:
    return audits.reports(known_at(level, WEAPON, OWN, OTHER), *files)


# Without any key.


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("window", [INNER, OVER_CHECKPOINT, TO_THE_END])
@pytest.mark.parametrize("kind", ["loss", "flash fault", "none"])
def test_what_is_loose_behind_a_hole_explains_none(kind: Excuse, window: tuple[int, int], level: str) -> None:
    first, following = window
    (found,) = reports(level, with_window(TRUE, first, following, kind))
    assert found.verdict == "gap"
    assert the(found, Gap) == Gap(first, first, "", following - first - 1)
    assert not [outcome for outcome in found.outcomes if isinstance(outcome, Intact)]


@pytest.mark.parametrize("level", LEVELS[1:])
@pytest.mark.parametrize("window", [INNER, OVER_CHECKPOINT, TO_THE_END])
@pytest.mark.parametrize("kind", ["loss", "flash fault"])
def test_nor_does_it_behind_a_second_break_that_looks_like_a_new_sector(
    kind: Excuse, window: tuple[int, int], level: str
) -> None:
    (found,) = reports(level, with_window(TRUE, *window, kind, is_again=True))
    assert found.verdict in ("gap", "altered") and the(found, Gap).is_finding


@pytest.mark.parametrize("level", LEVELS)
def test_what_is_loose_elsewhere_explains_none_either(level: str) -> None:
    gone, (first, following) = EVENTS[0], (EVENTS[1], EVENTS[2])
    why = excuse("flash fault", 0, gone)
    assert why is not None
    loose = [made(TRUE.raws[first + 1], first + 1, *why), *TRUE.raws[first + 2 : following]]
    held = run_from(TRUE, gone + 1)._replace(raws=TRUE.raws[gone + 1 : first])
    later = [held, Run(first + 1, UNKNOWN, epoch_at(TRUE, first), loose), run_from(TRUE, following)]
    (found,) = reports(level, join(TRUE.header, TRUE.raws[:gone], later, TRUE.signed))
    assert found.findings == (Gap(gone, gone, ""), Gap(first, first, "", len(loose)))


@pytest.mark.parametrize("level", LEVELS[1:])
def test_checkpoints_that_were_hidden_behind_a_hole_are_told_as_not_shown(level: str) -> None:
    (found,) = reports(level, with_window(TRUE, *OVER_CHECKPOINT, "none"))
    told = [text for text in found.limits if "checkpoint" in text and "hole" in text]
    assert any(f"signed before record {SIGNED[0]}" in text for text in told)
    assert not any(f"signed before record {SIGNED[1]}" in text for text in told)


def test_a_hole_excuses_no_more_frames_than_records_are_missing() -> None:
    found, *others = reports("nothing", with_window(TRUE, *INNER, "flash fault"), OWN.file(), OTHER.file())
    missing = [outcome for outcome in found.findings if outcome.name == "aired but unrecorded"]
    altered = len([number for number in EVENTS if INNER[0] < number < INNER[1]])
    assert len(missing) == altered - 1 > 0
    assert [other.verdict for other in others] == ["intact", "intact"]


def test_frames_beyond_the_end_are_not_excused_by_a_hole_that_is_too_small() -> None:
    found, *_ = reports("nothing", with_window(TRUE, *TO_THE_END, "none"), OWN.file(), OTHER.file())
    assert "truncated tail" in {outcome.name for outcome in found.findings}


def test_a_signed_record_that_explains_a_gap_must_be_what_was_signed() -> None:
    first, following = INNER
    taken = taken_apart(with_window(TRUE, first, following, "none"))
    chain = TRUE.chains[-1]
    payload = records.pack(records.FAULT, records.FAULT_RECORDS, 0, first, 1)
    fault, _ = encode(records.FAULT, COUNT, 2, 90_000, payload, chain, OpenSeal())
    later = [Run(first + 1, TRUE.chains[first + 1], 1 << 24, [*TRUE.raws[first + 1 :], fault])]
    file = join(taken.header, TRUE.raws[:first], later, TRUE.signed)
    assert reports("nothing", file)[0].verdict == "intact", "who has no key cannot know"
    assert the(reports("public key", file)[0], Gap) == Gap(first, first, "")
    assert the(reports("vault", file)[0], Gap) == Gap(first, first, "")


# Under everybody's key.


@pytest.mark.parametrize("first", [0, 500])
def test_a_journal_of_a_unit_with_keys_that_holds_nothing_sealed_is_a_finding_with_the_vault(first: int) -> None:
    file = under_open_key(TRUE, first)
    for level in LEVELS[:2]:
        assert reports(level, file)[0].verdict == "intact", "nothing contradicts it"
    (found,) = reports("vault", file)
    if first:
        assert found.verdict == "altered" and "sealed records are missing" in the(found, Altered).reason
        assert the(found, Gap) == Gap(0, first - 1, ""), "a loss under the open key explains nothing"
    else:
        tail = the(found, TruncatedTail)
        assert found.verdict == "truncated tail" and tail.witness == "the vault" and tail.following == found.following


def test_an_early_pull_of_a_unit_beside_a_later_one_may_hold_nothing_sealed() -> None:
    weapon = Unit(1, ROLE_HOLSTER, "H1")
    early = weapon.file()
    weapon.set_up(Unit(2, ROLE_CAMERA, "C1")).uses()
    known = known_at("vault", weapon)
    assert [found.verdict for found in audits.reports(known, early)] == ["truncated tail"]
    assert [found.verdict for found in audits.reports(known, early, weapon.file())] == ["intact", "intact"]


# Under the present key.


@pytest.mark.parametrize("level", LEVELS)
def test_who_has_the_present_key_cannot_go_over_a_hole_from_an_earlier_epoch_to_it(level: str) -> None:
    (found,) = reports(level, sealed_anew(TRUE, WEAPON, 15, 16))
    assert found.verdict == "altered" and the(found, Altered).first == 15
    assert "each change of key is one" in the(found, Altered).text
    assert "sealed" not in found.outcomes[0].name and not found.signed


def test_over_a_hole_with_room_for_the_changes_of_key_what_is_sealed_is_said_to_hang_on_others() -> None:
    file = sealed_anew(TRUE, WEAPON, 15, 21)
    (found,) = reports("vault", file)
    assert the(found, Gap) == Gap(15, 20, "flash"), "told, though the seal fits"
    assert any("behind record 20" in text and "under the key that they found" in text for text in found.limits)
    assert found.verdict == "altered" and the(found, Altered).shown_by == "checkpoint", "checkpoints do not fit it"
    beside = reports("vault", file, OWN.file(), OTHER.file())[0]
    assert {"altered", "rolled back"} & {outcome.name for outcome in beside.findings}


def test_a_ring_sealed_anew_from_its_first_record_on_is_said_to_hang_on_others() -> None:
    file = sealed_anew(TRUE, WEAPON, 0, 20)
    (found,) = reports("vault", file)
    assert any("before record 20" in text and "under the key that they found" in text for text in found.limits)
    assert found.verdict == "altered" and the(found, Altered).shown_by == "checkpoint"
    assert reports("vault", file, WEAPON.file())[0].verdict in ("altered", "rolled back")


# Honest.


def rotted(sign: bool = False) -> Unit:
    """A unit whose newest sector rotted, which started anew and told it."""
    weapon = Unit(1, ROLE_HOLSTER, "H1").set_up(Unit(2, ROLE_CAMERA, "C1"))
    for _ in range(8):
        weapon.uses()
    if sign:
        weapon.sign()
    rot(weapon, 20)
    return weapon


def rot(weapon: Unit, number: int) -> None:
    """Spoil one record of its first sector; it starts anew, and says what it finds."""
    raws = [record.raw for record in Reading(weapon.ring).records]
    weapon.ring.data[SECTOR_HEAD_BYTES + sum(padded(len(raw)) for raw in raws[:number]) + 5] = 0
    weapon.boot()
    quiet(weapon)


def quiet(weapon: Unit, until_ms: int = 0) -> None:
    while weapon.journal.tidy(until_ms or next(weapon.clock)):
        pass


@pytest.mark.parametrize("uses", [0, 1, 60])
@pytest.mark.parametrize("level", LEVELS)
def test_records_that_rotted_in_the_newest_sector_are_explained_as_soon_as_the_unit_says_so(
    uses: int, level: str
) -> None:
    weapon = rotted()
    for _ in range(uses):
        weapon.uses()
    (found,) = audits.reports(known_at(level, weapon), weapon.file())
    assert found.verdict == "intact"
    gap = the(found, Gap)
    assert (gap.first, gap.last, gap.explained) == (20, 20, "flash") and gap.loose > 0
    assert found.records - found.sealed == (gap.loose + 5 if level == "vault" else found.records)


def test_with_a_public_key_that_is_so_once_a_checkpoint_covers_what_the_unit_says() -> None:
    weapon = rotted(sign=True)
    known = known_at("public key", weapon)
    assert audits.reports(known, weapon.file())[0].verdict == "gap", "the checkpoint was signed over what is missing"
    weapon.uses()
    weapon.sign()
    (found,) = audits.reports(known, weapon.file())
    assert found.verdict == "intact" and the(found, Gap).explained == "flash" and found.signed > 0
    for level in LEVELS:
        assert audits.reports(known_at(level, weapon), weapon.file())[0].verdict == "intact"


def overflowed() -> tuple[Unit, list[Run]]:
    """A unit whose ring went round between two pulls, and what both pulled."""
    weapon = Unit(1, ROLE_HOLSTER, "H1").set_up(Unit(2, ROLE_CAMERA, "C1"))
    weapon.uses()
    first = runs_of(Reading(weapon.ring).spans)
    while weapon.journal.first < 300:
        weapon.uses()
        if weapon.journal.is_seal_overdue():
            weapon.change_key()
        quiet(weapon)
    weapon.sign()
    return weapon, [*first, *runs_of(Reading(weapon.ring).spans)]


@pytest.mark.parametrize("level", LEVELS)
def test_a_ring_that_went_round_between_two_pulls_is_explained_by_the_very_record_that_it_kept(level: str) -> None:
    weapon, (one, other) = overflowed()
    header = Header(weapon.role, weapon.number, weapon.serial, 0, one.chain)
    known = known_at(level, weapon)
    (found,) = audits.reports(known, join(header, one.raws, [other], weapon.signed))
    assert found.verdict == "intact" and the(found, Gap) == Gap(len(one.raws), other.first - 1, "ring")
    after = taken_apart(join(header._replace(first=other.first, chain=other.chain, epoch=other.epoch), other.raws))
    later = Run(other.first + 1, after.chains[1], other.epoch, other.raws[1:])
    (cut,) = audits.reports(known, join(header, one.raws, [later], weapon.signed))
    assert cut.verdict == "gap", "one more is missing than the unit lost"
    early = taken_apart(join(header, one.raws))
    held = run_from(early, 11)
    (holed,) = audits.reports(known, join(header, one.raws[:10], [held, other], weapon.signed))
    assert holed.findings == (Gap(10, 10, ""),), "the ring had not dropped it when it was pulled"


@pytest.mark.parametrize("level", LEVELS)
def test_a_loss_explains_no_hole_within_what_the_ring_kept(level: str) -> None:
    weapon, (_, other) = overflowed()
    whole = taken_apart(weapon.file())
    place = 40
    epoch = other.epoch
    for raw in other.raws[: place + 1]:
        epoch = int.from_bytes(raw[13:17]) if kind_of(raw) == records.SEAL else epoch
    rest = Run(other.first + place + 1, whole.chains[place + 1], epoch, other.raws[place + 1 :])
    (found,) = audits.reports(known_at(level, weapon), join(whole.header, other.raws[:place], [rest], weapon.signed))
    assert found.verdict == "gap" and found.findings == (Gap(other.first + place, other.first + place, ""),)


def test_rot_where_others_heard_it_is_excused_for_what_is_missing_and_no_more() -> None:
    weapon, own, other = units = crew()
    works(*units, uses=2)
    number = next(n for n, r in enumerate(Reading(weapon.ring).records) if r.kind == records.EVENT)
    rot(weapon, number)
    works(*units, uses=1)
    known = known_at("vault", *units)
    files = [unit.file() for unit in units]
    assert [found.verdict for found in audits.reports(known, *files)] == ["intact"] * 3
    weapon.does(frames.DRAW, own, other, is_recorded=False)
    works(*units, uses=1)
    found = audits.reports(known, *(unit.file() for unit in units))[0]
    assert [outcome.name for outcome in found.findings] == ["aired but unrecorded"]


def worn(seed: int) -> Unit:
    """A unit whose ring of few sectors goes round, and rots now and then, in the end at rest and signed."""
    chance = random.Random(seed)
    weapon = Unit(1, ROLE_HOLSTER, "H1").set_up(Unit(2, ROLE_CAMERA, "C1"))
    for _ in range(5):
        for _ in range(chance.randint(10, 60)):
            weapon.uses()
            if weapon.journal.is_seal_overdue() or chance.random() < 0.2:
                weapon.change_key()
            quiet(weapon)
        weapon.sign()
        if chance.random() < 0.6:
            at = chance.randrange(len(weapon.ring.data) - 200)
            for place in range(at, at + chance.choice((1, 4, 200))):
                weapon.ring.data[place] &= chance.randrange(256)
            at_rest(weapon)
    weapon.change_key()
    at_rest(weapon)
    weapon.sign()
    return weapon


def at_rest(weapon: Unit) -> None:
    """It starts anew, and reads all of its flash in hours of quiet."""
    weapon.boot()
    for turn in range(1, 3 * sealed_world.RING_SECTORS):
        quiet(weapon, turn * SCRUB_MS)


@pytest.mark.parametrize("seed", range(6))
def test_what_a_worn_unit_lost_it_explains_itself_at_every_level(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealed_world, "RING_SECTORS", 6)
    weapon = worn(seed)
    for level in LEVELS:
        (found,) = audits.reports(known_at(level, weapon), weapon.file())
        assert found.verdict == "intact", found.findings


# Work.


def journal_of(unit: int, role: int, serial: bytes, facts: list[tuple[int, bytes]]) -> bytes:
    start = chain = chain_start(serial)
    raws = []
    for number, (kind, payload) in enumerate(facts):
        raw, chain = encode(kind, number, 1, number, payload, chain, OpenSeal())
        raws.append(raw)
    return join(Header(role, unit, serial, 0, start), raws)


def test_chain_values_that_could_be_anywhere_are_looked_for_in_one_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    passes, searched = [], []

    def counted(this: testimony.Testimony, digests: set[bytes]) -> dict:
        passes.append(len(this.heads))
        return index(this, digests)

    def narrow(this: testimony.Testimony, digest: bytes, low: int, high: int, known: dict) -> int | None:
        searched.append(high - low if high - low < testimony.NARROW else 0)
        return find(this, digest, low, high, known)

    index: Callable = testimony.Testimony.index
    find: Callable = testimony.Testimony.find
    monkeypatch.setattr(testimony.Testimony, "index", counted)
    monkeypatch.setattr(testimony.Testimony, "find", narrow)
    records_of_one, heard = 3000, 500
    one = journal_of(1, 1, b"A       ", [(200, b"")] * records_of_one)
    said = [records.pack(records.HEARD, 1, n, 4, 0x50, n.to_bytes(4)) for n in range(1, heard + 1)]
    other = journal_of(2, 2, b"B       ", [(records.HEARD, payload) for payload in said])
    audits.reports({}, one, other)
    assert passes == [4 * (records_of_one + 1)] and len(searched) == heard and max(searched) < testimony.NARROW


def test_an_index_finds_what_a_search_finds() -> None:
    heads = [number.to_bytes(4) for number in (5, 7, 5, 0x05070507, 5)]
    listening = testimony.Testimony()
    listening.begin(10)
    listening.heads += b"".join(heads) + bytes(4 * 2 * testimony.NARROW)
    high = 10 + len(heads) + testimony.NARROW
    for digest in {*heads, b"none"}:
        for low in range(10, 16):
            true = [10 + place for place, head in enumerate(heads) if head == digest and 10 + place >= low]
            index = listening.index([digest])
            assert listening.find(digest, low, high, lambda index=index: index) == (true[-1] if true else None)
    assert bytes(32) == UNKNOWN
