"""Timelines of several uses as one, on the first weapon's clock."""

import math
from collections.abc import Sequence
from dataclasses import replace

from ..clocks.exchange import Span
from ..time_words import give_or_take
from .lanes import Bar, Lane, Mark, Timeline
from .uses import Tried

KINDS = ("own", "other")


def spread(span: Span) -> float:
    return span.high - span.low


def shared_timeline(several: Sequence[Tried], shifts: Sequence[Span | None]) -> Timeline:
    """`shifts`: of each use's beginning, since the first one's, on its clock; None: nothing ties the two. Weapons come
    first, each with its alerts, then cameras: whose own they are of any, and others."""
    weapons: list[Lane] = []
    cameras: dict[int, Lane] = {}
    low_ms, high_ms = 0, 0
    for found, moved in zip(several, shifts, strict=True):
        drawn = found.use.timeline
        name = drawn.lanes[0].name
        if moved is None:
            says = f"{name}: nothing ties its clock to {several[0].use.name}'s"
            weapons.append(Lane(says, "weapon", [], []))
            continue
        middle = round((moved.low + moved.high) / 2)
        low_ms, high_ms = min(low_ms, middle + drawn.from_ms), max(high_ms, middle + drawn.to_ms)
        for lane in drawn.lanes:
            if lane.kind not in KINDS:
                exact = found is several[0] or lane.kind != "weapon"
                sure = "" if exact else f" ({give_or_take(math.ceil(spread(moved) / 2))})"
                named = f"{lane.name} of {name}" if lane.kind == "alerts" else lane.name
                weapons.append(replace(_moved(lane, moved, ""), name=named + sure))
        lanes = [lane for lane in drawn.lanes if lane.kind in KINDS]
        for camera, lane in zip(found.shown, lanes, strict=True):
            here = _moved(lane, moved, f"{name}: ")
            cameras[camera] = here if camera not in cameras else _merged(cameras[camera], here)
    shown = sorted(cameras.values(), key=lambda lane: KINDS.index(lane.kind))
    return Timeline(low_ms, high_ms, [*weapons, *shown])


def _moved(lane: Lane, by: Span, prefix: str) -> Lane:
    middle = round((by.low + by.high) / 2)
    low, high = math.floor(by.low), math.ceil(by.high)
    return Lane(
        lane.name,
        lane.kind,
        [Mark(mark.at_ms + middle, mark.kind, prefix + mark.label) for mark in lane.marks],
        [
            replace(
                bar,
                start_low_ms=bar.start_low_ms + low,
                start_high_ms=bar.start_high_ms + high,
                end_low_ms=bar.end_low_ms + low,
                end_high_ms=None if bar.end_high_ms is None else bar.end_high_ms + high,
            )
            for bar in lane.bars
        ],
    )


def _merged(lane: Lane, other: Lane) -> Lane:
    """One camera as two uses saw it: a recording that both show stands once, as sharp as the two together know it."""
    bars = list(lane.bars)
    for bar in other.bars:
        same = next((n for n, known in enumerate(bars) if _is_same(known, bar)), None)
        if same is None:
            bars.append(bar)
        else:
            bars[same] = _both(bars[same], bar)
    kind = "own" if "own" in (lane.kind, other.kind) else "other"
    marks = sorted([*lane.marks, *other.marks], key=lambda mark: mark.at_ms)
    return Lane(lane.name, kind, marks, sorted(bars, key=lambda bar: bar.start_low_ms))


def _is_same(a: Bar, b: Bar) -> bool:
    """Whether they may be one recording."""
    starts = a.start_low_ms <= b.start_high_ms and b.start_low_ms <= a.start_high_ms
    ends = (a.end_high_ms is None or b.end_low_ms <= a.end_high_ms) and (
        b.end_high_ms is None or a.end_low_ms <= b.end_high_ms
    )
    return starts and ends and (a.proven, a.buffer_ms) == (b.proven, b.buffer_ms)


def _both(a: Bar, b: Bar) -> Bar:
    highs = [ms for ms in (a.end_high_ms, b.end_high_ms) if ms is not None]
    return replace(
        a,
        start_low_ms=max(a.start_low_ms, b.start_low_ms),
        start_high_ms=min(a.start_high_ms, b.start_high_ms),
        end_low_ms=max(a.end_low_ms, b.end_low_ms),
        end_high_ms=min(highs, default=None),
    )
