"""An adversary who knows the formats and has no key changes pulled journals: each change gets its right name, at each
level of what the verifier has, or nothing is said; never another name.

What can be shown of a journal that was changed at record p, and what cannot. S: number behind the last record that a
checkpoint in the file covers; O: number of the first record under a secret key; *lazy*: the records keep their numbers,
*careful*: they are numbered anew, and everything that needs no key is made to fit.

| change                                    | nothing at hand     | the public key      | the vault           |
|-------------------------------------------|---------------------|---------------------|---------------------|
| a byte, nothing made to fit               | altered, at p       | altered, at p       | altered, at p       |
| changed, removed, swapped, doubled, or    |                     |                     |                     |
| another unit's records from p on, careful |                     |                     |                     |
| - the unit's checkpoints left in, p < S   | altered             | altered             | altered, at p       |
| - left in, p >= S; or taken out           | -                   | -                   | altered, at p       |
| - another key's checkpoints put in        | -                   | unknown key         | altered, at p       |
| removed, lazy or with a break             | gap, p              | gap, p              | gap, p              |
| swapped or doubled, lazy                  | altered, at p       | altered, at p       | altered, at p       |
| tail cut at p                             |                     |                     |                     |
| - checkpoints left in, p < S              | truncated tail      | truncated tail      | truncated tail      |
| - left in, p >= S; or taken out           | -                   | -                   | -                   |

What the public key adds to "nothing at hand": that the checkpoints are the unit's, so that S counts. A *seal* record
that was moved, doubled or taken out shows to anybody: epochs follow each other; so does a record that only units of
another role write (*misnamed*, where "-" stands). Where p <= O the seal shows that
something up to O was changed: what a unit wrote before it was set up is under everybody's key. With other units'
journals, up to the last chain value of this one that they heard, "-" becomes *contradicted*, and a cut tail *truncated
tail*; with another read of the same unit, up to that one's end, *contradicted*. An older read is just that.
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from host_tools.auditing.audit import Report
from host_tools.verifying.outcomes import Altered, Gap, TruncatedTail, Witnessed
from interlock.core import checkpoint, records

from . import audits
from .adversary import (
    Pulled,
    are_markers_in_order,
    careful,
    first_event_behind,
    flipped,
    lazy,
    sealed_from,
    signed_anew,
    taken_apart,
    with_break,
)
from .audits import LEVELS, known_at, the
from .sealed_world import shift

WEAPON, OWN, OTHER = shift()
TRUE = taken_apart(WEAPON.file())
COUNT = len(TRUE.raws)
SIGNED = [checkpoint.unpack(signed.message).following for signed in TRUE.signed]
SIGNED_TO = max(SIGNED)
OPEN_TO = sealed_from(TRUE.raws)


def reports(level: str, *files: bytes) -> list[Report]:
    return audits.reports(known_at(level, WEAPON, OWN, OTHER), *files)


def report(level: str, *files: bytes) -> Report:
    return reports(level, *files)[0]


def first_altered(found: Report) -> Altered:
    return min((o for o in found.outcomes if isinstance(o, Altered)), key=lambda o: -1 if o.first is None else o.first)


WITNESSED_TO = the(report("nothing", WEAPON.file(), OWN.file(), OTHER.file()), Witnessed).following

places = st.integers(0, COUNT - 1)
inner = st.integers(0, COUNT - 2)
levels = st.sampled_from(LEVELS)
bits = st.integers(1, 255)
quick = settings(max_examples=120, deadline=None, derandomize=True)


def spliced(place: int) -> Pulled:
    """The journal's beginning, and from `place` on the own camera's records."""
    return careful(TRUE, [*TRUE.raws[:place], *taken_apart(OWN.file()).raws[place:]])


CHANGES = ("changed", "removed", "swapped", "doubled", "spliced")


def changed_with_care(change: str, p: int, at: int, bits: int) -> Pulled:
    before, here, after = TRUE.raws[:p], TRUE.raws[p], TRUE.raws[p + 1 :]
    if change == "spliced":
        return spliced(min(p, len(taken_apart(OWN.file()).raws) - 2))
    middle = {
        "changed": [flipped(here, at, bits), *after],
        "removed": after,
        "swapped": [*after[:1], here, *after[1:]],
        "doubled": [here, here, *after],
    }
    return careful(TRUE, [*before, *middle[change]])


def is_another_roles(changed: Pulled) -> bool:
    """Whether a record is there that only a camera writes: this is a holster's journal."""
    camera = {records.HEARD, records.RECORDER, records.ANSWER, records.EXPIRY, records.AIRED}
    return any(raw[1] in camera for raw in changed.raws)


def first_changed(changed: Pulled) -> int:
    """Number of the first record that is not the true one."""
    return next(place for place, (a, b) in enumerate(zip(changed.raws, TRUE.raws, strict=False)) if a != b)


@quick
@given(
    change=st.sampled_from(CHANGES),
    p=inner,
    at=st.integers(0, 63),
    bits=bits,
    level=levels,
    checkpoints=st.sampled_from(("left", "taken out", "another's")),
)
def test_records_changed_with_care_are_called_altered_by_who_can_tell_and_nothing_by_who_cannot(
    change: str, p: int, at: int, bits: int, level: str, checkpoints: str
) -> None:
    changed = changed_with_care(change, p, at, bits)
    if checkpoints == "taken out":
        changed = changed.unsigned()
    elif checkpoints == "another's":
        changed = signed_anew(changed)
    p = first_changed(changed)
    found = report(level, changed.file())
    is_contradicted = checkpoints == "left" and any(p < signed <= len(changed.raws) for signed in SIGNED)
    if level != "vault" and not is_contradicted and are_markers_in_order(changed.raws):
        cut = checkpoints == "left" and len(changed.raws) < SIGNED_TO
        strange = checkpoints == "another's" and level == "public key"
        other = "truncated tail" if cut else "unknown key" if strange else "intact"
        assert found.verdict == ("misnamed" if is_another_roles(changed) else other)
        return
    assert found.verdict == "altered"
    altered = first_altered(found)
    assert altered.first is not None and altered.last is not None
    if level == "vault" and p > OPEN_TO:
        assert altered.first == altered.last == p
    else:
        assert p <= altered.last and (altered.first <= p or altered.first == altered.last)


@quick
@given(p=places, level=levels, is_stated=st.booleans())
def test_a_record_that_was_taken_out_and_leaves_its_number_is_a_gap(p: int, level: str, is_stated: bool) -> None:
    if p == COUNT - 1:
        p = 0  # the last one is a cut tail
    taken = with_break(TRUE, p, p + 1) if is_stated else lazy(TRUE, [*TRUE.raws[:p], *TRUE.raws[p + 1 :]]).file()
    found = report(level, taken)
    assert found.verdict == "gap"
    assert the(found, Gap) == Gap(p, p, "", 0 if is_stated else COUNT - p - 1)


@quick
@given(p=inner, level=levels, is_doubled=st.booleans())
def test_records_out_of_order_are_called_altered_where_the_order_ends(p: int, level: str, is_doubled: bool) -> None:
    one, other = TRUE.raws[p : p + 2]
    middle = [one, one, other] if is_doubled else [other, one]
    found = report(level, lazy(TRUE, [*TRUE.raws[:p], *middle, *TRUE.raws[p + 2 :]]).file())
    assert found.verdict == "altered"
    assert first_altered(found).first == (p + 1 if is_doubled else p)


@quick
@given(p=places, level=levels, kept=st.booleans())
def test_a_cut_tail_shows_by_a_checkpoint_behind_it_and_by_nothing_else_in_the_file(
    p: int, level: str, kept: bool
) -> None:
    cut = careful(TRUE, list(TRUE.raws[:p]))
    found = report(level, (cut if kept else cut.unsigned()).file())
    if kept and p < SIGNED_TO:
        assert found.verdict == "truncated tail"
        tails = [outcome for outcome in found.outcomes if isinstance(outcome, TruncatedTail)]
        assert all(tail.following == p for tail in tails)
        assert {tail.witness.split()[0] for tail in tails} <= {"checkpoint", "the"}
        assert ("the vault" in {tail.witness for tail in tails}) == (level == "vault" and p <= OPEN_TO)
    elif level == "vault" and p <= OPEN_TO:
        assert the(found, TruncatedTail).witness == "the vault"
    else:
        assert found.verdict == "intact"


@quick
@given(at=st.integers(0, len(TRUE.file()) - 1), bits=bits, level=levels)
def test_a_byte_changed_by_accident_is_called_altered_at_or_before_it(at: int, bits: int, level: str) -> None:
    data = bytearray(TRUE.file())
    data[at] ^= bits
    found = report(level, bytes(data))
    assert found.verdict == "altered"
    assert min(o.offset for o in found.outcomes if isinstance(o, Altered) and o.offset is not None) <= at


@quick
@given(p=places, level=levels)
def test_with_other_units_journals_a_cut_tail_shows_as_soon_as_an_event_is_in_it(p: int, level: str) -> None:
    cut = careful(TRUE, list(TRUE.raws[:p])).unsigned()
    weapon, *others = reports(level, cut.file(), OWN.file(), OTHER.file())
    assert weapon.verdict == ("truncated tail" if first_event_behind(TRUE.raws, p) else "intact")
    assert [other.verdict for other in others] == ["intact", "intact"]


@quick
@given(
    change=st.sampled_from(CHANGES[:-1]),
    p=st.integers(0, WITNESSED_TO - 2),
    at=st.integers(0, 63),
    bits=bits,
    level=levels,
    kept=st.booleans(),
)
def test_with_other_units_journals_changes_show_without_any_key(
    change: str, p: int, at: int, bits: int, level: str, kept: bool
) -> None:
    changed = changed_with_care(change, p, at, bits)
    changed = changed if kept else changed.unsigned()
    p = first_changed(changed)
    weapon, *others = reports(level, changed.file(), OWN.file(), OTHER.file())
    is_told = level == "vault" or (kept and p < SIGNED_TO) or not are_markers_in_order(changed.raws)
    assert weapon.verdict == ("altered" if is_told else "contradicted")
    if level == "vault":
        assert [other.verdict for other in others] == ["intact", "intact"]
    assert "altered" not in [other.verdict for other in others]


@quick
@given(
    change=st.sampled_from(CHANGES),
    p=inner,
    at=st.integers(0, 63),
    bits=bits,
    level=levels,
    pulled=st.integers(1, COUNT),
)
def test_with_another_read_of_the_unit_they_contradict_each_other_or_the_keys_tell_which_is_altered(
    change: str, p: int, at: int, bits: int, level: str, pulled: int
) -> None:
    changed = changed_with_care(change, p, at, bits).unsigned()
    p = first_changed(changed)
    older = careful(TRUE, list(TRUE.raws[:pulled])).unsigned()
    one, other = reports(level, changed.file(), older.file())
    if level == "vault":
        # The record that begins the vault's era is under the open key itself: who changes that very one is found, but
        # no key tells that the other read is the true one.
        is_beginning = p == OPEN_TO - 1 < pulled
        assert one.verdict == "altered" and (is_beginning or other.verdict == "intact")
    elif not are_markers_in_order(changed.raws):
        differs_before = p < min(pulled, first_altered(one).first)
        assert (one.verdict, other.verdict) == ("altered", "contradicted" if differs_before else "intact")
    elif p < pulled:
        assert (one.verdict, other.verdict) == ("contradicted", "contradicted")
    else:
        assert (one.verdict, other.verdict) == ("misnamed" if is_another_roles(changed) else "intact", "intact")


@quick
@given(p=places, pulled=places, level=levels)
def test_an_older_read_beside_a_newer_one_is_no_finding(p: int, pulled: int, level: str) -> None:
    one, other = (careful(TRUE, list(TRUE.raws[:end])).unsigned().file() for end in (p, pulled))
    found = reports(level, one, other)
    if level == "vault" and max(p, pulled) <= OPEN_TO:
        assert "the vault" in {o.witness for f in found for o in f.outcomes if isinstance(o, TruncatedTail)}
    else:
        assert [of_one.verdict for of_one in found] == ["intact", "intact"]


@pytest.mark.parametrize("level", LEVELS)
def test_the_journals_as_they_are_have_no_finding_at_any_level(level: str) -> None:
    found = reports(level, WEAPON.file(), OWN.file(), OTHER.file())
    assert [of_one.verdict for of_one in found] == ["intact"] * 3
    assert all(of_one.sealed == (COUNT - OPEN_TO if level == "vault" else 0) for of_one in found[:1])
    assert all((of_one.signed > 0) == (level != "nothing") for of_one in found)


def test_the_units_differ_so_that_a_splice_is_one() -> None:
    assert 0 < OPEN_TO < SIGNED_TO < WITNESSED_TO <= COUNT
