"""Heads that partners note in passing, hour by hour, with nothing happening: what they show of a journal."""

from dataclasses import replace

import pytest

from host_tools.verifying.outcomes import Contradicted, RolledBack, TruncatedTail, UnwitnessedTail, Witnessed
from interlock.core import frames, receiver, records

from .adversary import careful, taken_apart
from .audits import LEVELS, known_at, reports, the
from .sealed_world import GROUP, SLOT, Unit, crew, works

SERVICE = (records.MODE, records.MODE_MUTE, records.MODE_BY_SESSION, 60)


def quiet_hours(*units: Unit, hours: int = 3) -> None:
    """The weapon journals something that nobody hears of, and its camera meets its head afterwards, once an hour."""
    weapon, own = units[:2]
    for _ in range(hours):
        weapon.record(*SERVICE)
        met(weapon, own)


def met(weapon: Unit, own: Unit) -> None:
    """The camera notes the head in a presence frame, of which the weapon keeps no record."""
    heard = own.receiver.hear(weapon.frame(frames.PRESENT), 0, SLOT)
    assert heard is not None and heard.kind == receiver.OWN
    own.record(records.MET, heard.sender, heard.counter, heard.body)
    own.receiver.tidy()


@pytest.mark.parametrize("level", LEVELS)
def test_a_cut_tail_shows_by_a_head_that_was_met_alone(level: str) -> None:
    weapon, own, _ = units = crew()
    works(*units, uses=1)
    quiet_hours(*units)
    known = known_at(level, *units)
    whole = taken_apart(weapon.file())
    assert [found.verdict for found in reports(known, whole.file(), own.file())] == ["intact"] * 2
    for cut in (1, 2, 3):
        found = reports(known, replace(whole, raws=whole.raws[:-cut]).file(), own.file())[0]
        assert found.verdict == "truncated tail"
        tail = the(found, TruncatedTail)
        assert tail.following == len(whole.raws) - cut and tail.is_finding
        assert tail.witness.startswith("C1 (its record") and "a chain value that is not here" in tail.text
    # Nobody met the head behind what was journalled last: of that nothing shows, and that is said.
    weapon.record(*SERVICE)
    found = reports(known, whole.file(), own.file())[0]
    assert found.verdict == "intact"


def test_a_cut_tail_shows_by_a_frame_of_which_only_the_counter_could_be_read() -> None:
    weapon, own, _ = units = crew()
    works(*units, uses=1)
    whole = taken_apart(weapon.file())
    own.record(records.HEARD, weapon.number, weapon.counter + 1, receiver.OWN, frames.DRAW << 4, bytes(4))
    found = reports({}, whole.file(), own.file())[0]
    assert found.verdict == "truncated tail"
    tail = the(found, TruncatedTail)
    assert f"heard its draw, frame {weapon.counter + 1}" in tail.text


def test_what_was_met_after_the_last_pull_is_no_finding_before_the_next_one() -> None:
    weapon, own, _ = units = crew()
    works(*units, uses=1)
    early = weapon.file()
    quiet_hours(*units, hours=1)
    found = reports({}, early, own.file())[0]
    assert "newer pull" in the(found, TruncatedTail).text
    assert reports({}, early, weapon.file(), own.file())[0].verdict == "intact"


def test_heads_that_were_met_witness_a_tail_that_no_use_does() -> None:
    weapon, own, _ = units = crew()
    works(*units, uses=1)
    weapon.record(*SERVICE)
    lonely = the(reports({}, weapon.file(), own.file())[0], UnwitnessedTail)
    met(weapon, own)
    found = reports({}, weapon.file(), own.file())[0]
    assert the(found, Witnessed).following == len(taken_apart(weapon.file()).raws) > lonely.first
    assert not [outcome for outcome in found.outcomes if isinstance(outcome, UnwitnessedTail)]


@pytest.mark.parametrize("level", LEVELS)
def test_a_record_changed_before_a_head_that_was_met_shows(level: str) -> None:
    weapon, own, _ = units = crew()
    works(*units, uses=1)
    quiet_hours(*units)
    weapon.uses(own)
    pulled = taken_apart(weapon.file())
    place = next(i for i, raw in enumerate(pulled.raws) if raw[1] == records.MODE)
    changed = [*pulled.raws[:place], *pulled.raws[place + 1 :]]
    found = reports(known_at(level, *units), careful(pulled, changed).unsigned().file(), own.file())[0]
    assert found.verdict in ("contradicted", "rolled back", "altered")
    assert level != "nothing" or isinstance(found.findings[0], Contradicted | RolledBack)


def test_an_arming_whose_frame_was_built_before_its_draw_was_recorded_contradicts_nothing() -> None:
    weapon, own, _ = units = crew()
    works(*units, uses=1)
    # In one turn of the loop: the frame of the arming was built with the head before the draw's record.
    head = weapon.journal.head[: frames.DIGEST_BYTES]
    weapon.does(frames.DRAW, own)
    weapon.counter += 1
    built = frames.build_unit(weapon.keys, GROUP, frames.ARM, 0, weapon.counter, head, SLOT)
    weapon.record(records.EVENT, frames.ARM, 0, weapon.counter, 3, 2, records.AGO_NONE, 0)
    own.hears(built)
    weapon.does(frames.REHOLSTER, own)
    assert [found.verdict for found in reports(known_at("vault", *units), weapon.file(), own.file())] == ["intact"] * 2
