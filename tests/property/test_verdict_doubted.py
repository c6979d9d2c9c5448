"""Records that are altered, or contradicted: whatever somebody writes there, nothing better is said than is true."""

from collections.abc import Sequence
from typing import Any

from hypothesis import given, note, settings
from hypothesis import strategies as st

from host_tools.judging.continuity import State, continuity
from host_tools.judging.evidence import UnitJournal, gather
from host_tools.judging.table import Verdict
from host_tools.judging.verdict import judge
from interlock.core import camera, frames, records
from interlock.core.layout import Record, chain_start, encode
from interlock.core.seal import OpenSeal
from interlock.core.settings import ROLE_HOLSTER

from .test_verdict import EXAMPLES, _judged, _numbered, _shows
from .test_verdict_held import reported
from .true_story import UTC_MS, WEAPON, Story, journals, stories

CERTAIN = (Verdict.BEFORE, Verdict.LATE)
_doubts = st.lists(st.one_of(st.none(), st.just(0), st.integers(1, 40)), min_size=3, max_size=3)


def _doubting(told: Sequence[UnitJournal], doubts: Sequence[int | None]) -> list[UnitJournal]:
    return [
        journal if first is None else journal._replace(doubted=first)
        for journal, first in zip(told, doubts, strict=False)
    ]


@given(stories(), _doubts)
@settings(max_examples=EXAMPLES)
def test_a_doubt_never_makes_a_verdict_better(story: Story, doubts: list[int | None]) -> None:
    whole, doubted = gather(journals(story)), gather(_doubting(journals(story), doubts))
    assert len(whole.uses) == len(doubted.uses)
    for (here, there), sources in doubted.sources.items():
        limits = [doubted.doubted.get(unit.unit, 1 << 32) for unit in (here, there)]
        assert all(source.here < limits[0] and source.there < limits[1] for source in sources)
    for (use, event, _), (same, again, _) in zip(_judged(whole, story), _judged(doubted, story), strict=True):
        for cameras in (story.numbers, story.numbers[:1]):
            sound, found = judge(whole, use, event, cameras), judge(doubted, same, again, cameras)
            note(f"{sound} {found}")
            if found.verdict is Verdict.BEFORE:
                assert sound.verdict is Verdict.BEFORE
                before, after = (
                    continuity(*each) for each in ((whole, use, event, sound), (doubted, same, again, found))
                )
                assert before is not None and after is not None
                if sound.camera == found.camera and after.state is State.UNBROKEN:
                    assert before.state is State.UNBROKEN
            elif found.verdict is Verdict.LATE:
                assert sound.verdict in CERTAIN
            elif found.verdict is Verdict.UNWITNESSED and sound.verdict is Verdict.INDETERMINATE:
                # Only an ack is taken back, beside a journal of its camera that is whole.
                assert doubts[0] is not None


@given(stories())
@settings(max_examples=50)
def test_a_doubt_behind_the_last_record_of_a_weapon_changes_nothing(story: Story) -> None:
    whole = journals(story)
    weapon = whole[0]._replace(doubted=len(whole[0].records))
    one, other = gather(whole), gather([weapon, *whole[1:]])
    for (use, event, _), (same, again, _) in zip(_judged(one, story), _judged(other, story), strict=True):
        assert judge(one, use, event, story.numbers) == judge(other, same, again, story.numbers)


@st.composite
def _lies(draw: st.DrawFn) -> tuple[int, bytes, int, int]:
    """A record of a kind that verdicts rest on: kind, payload, at so many ms by the unit's clock, in so many boots."""
    counter, ms = draw(st.integers(9, 18)), draw(st.integers(0, 4_000_000))
    cameras = st.sampled_from([2, 3])
    fields: dict[int, tuple[Any, ...]] = {
        records.EVENT: (
            draw(st.sampled_from([frames.DRAW, frames.DISCHARGE, frames.REHOLSTER])),
            *(0, counter, 0),
            draw(st.integers(0, 60_000)),
            *(records.AGO_NONE, 0),
        ),
        records.ACK: (
            draw(cameras),
            counter,
            draw(st.sampled_from([frames.PROVEN, frames.HEARD])) << 4,
            draw(st.sampled_from([0, 500, 10_000, 0xFFFFFF])),
            *(30, bytes(4)),
        ),
        records.WITNESS: (draw(cameras), draw(st.integers(999, 1010)), bytes(4)),
        records.HEARD: (WEAPON, counter, draw(st.sampled_from([1, 4])), frames.DRAW << 4, bytes(4)),
        records.AIRED: (draw(st.integers(999, 1010)), frames.RECORDING),
        records.CLOCK: (2, UTC_MS + draw(st.integers(0, 30_000_000)), 20, 0),
        records.RECORDER: (camera.RECORDING, *draw(st.sampled_from([(1, 1), (0, 1), (1, 0)])), ms, 300),
        records.BOOT: (1, 0, 1, 0),
    }
    kind = draw(st.sampled_from(sorted(fields)))
    return kind, records.pack(kind, *fields[kind]), ms, draw(st.integers(0, 1))


def _rewritten(told: UnitJournal, first: int, lies: Sequence[tuple[int, bytes, int, int]]) -> UnitJournal:
    """The journal, from record `first` on as a liar has it."""
    true = [record for record in told.records if record.sequence < first]
    number = true[-1].sequence + 1 if true else 0
    boot, uptime_ms = (true[-1].boot, true[-1].uptime_ms) if true else (1, 0)
    chain, false = chain_start(b"LIAR    "), []
    for at, (kind, payload, ms, starts) in enumerate(lies):
        boot += starts if kind == records.BOOT else 0
        raw, chain = encode(kind, number + at, boot, max(uptime_ms, ms), payload, chain, OpenSeal())
        false.append(Record(raw))
    return told._replace(records=(*true, *false), complete=False, doubted=number)


@given(stories(), st.data())
@settings(max_examples=EXAMPLES)
def test_whatever_a_liar_writes_no_verdict_is_better_than_the_truth(story: Story, data: st.DataObject) -> None:
    told = journals(story)
    for at, journal in enumerate(told):
        if data.draw(st.booleans()):
            begin = data.draw(st.integers(0, len(journal.records)))
            told[at] = _rewritten(journal, begin, data.draw(st.lists(_lies(), max_size=6)))
    evidence = gather(told)
    truth = {(event.event, counter): event for counter, event in enumerate(story.happenings, 10)}
    doubts = {journal.unit: journal.doubted for journal in told}
    first = doubts[WEAPON]
    assert told[0].role == ROLE_HOLSTER
    for use in evidence.uses:
        for event in use.events:
            found = judge(evidence, use, event, story.numbers)
            note(f"{event} {found}")
            if first is not None and event.sequence >= first:
                assert found.verdict not in CERTAIN
                continue
            true, takes = truth[event.event, event.counter], _numbered(story)
            if found.verdict is Verdict.BEFORE:
                assert found.camera is not None and _shows(takes[found.camera], true)
                ran = continuity(evidence, use, event, found)
                assert ran is not None
                if ran.state is State.UNBROKEN:
                    (take,) = [take for take in takes[found.camera] if take.has(true.ms)]
                    assert take.end_ms >= story.back_of(true)
            elif found.verdict is Verdict.LATE and true.event != frames.REHOLSTER:
                assert found.camera is not None and found.late_by_ms is not None and found.late_by_u_ms is not None
                assert not any(_shows(each, true) for each in takes.values())
                low, high = found.late_by_ms - found.late_by_u_ms - 1, found.late_by_ms + found.late_by_u_ms + 1
                assert any(low <= late <= high for late in story.lateness_of(takes[found.camera], true))


@given(stories(), _doubts)
@settings(max_examples=EXAMPLES)
def test_a_doubt_makes_no_verdict_of_a_report_better(story: Story, doubts: list[int | None]) -> None:
    by_unit = {unit: first for unit, first in enumerate(doubts, WEAPON) if first is not None}
    whole, doubted = reported(story), reported(story, by_unit)
    pairs = zip(*([event for use in report.uses for event in use.events] for report in (whole, doubted)), strict=True)
    for sound, found in pairs:
        note(f"{sound} {found}")
        if found.verdict == Verdict.BEFORE:
            assert sound.verdict == Verdict.BEFORE
        elif found.verdict == Verdict.LATE:
            assert sound.verdict in CERTAIN
