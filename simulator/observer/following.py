"""What the times alone give away: how far an observer can follow one unit from announcement to announcement."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from .cues import Heard, Ints, gather
from .experiment import Observer
from .learning import Bools, Floats, Ranking
from .listening import Burst


class Step(NamedTuple):
    """`advantage`: in telling the announcement of this unit that is so many on from other units' bursts, nan where the
    window is too short for it; `followed`: how often who goes from each burst to the likeliest next one is still with
    the unit after so many hops."""

    distance: int
    advantage: float
    followed: float


def follow(observer: Observer, worlds: Sequence[Sequence[Burst]], distances: Sequence[int]) -> list[Step]:
    """By its cues of time, in worlds that it does not know."""
    scores: dict[int, list[tuple[Floats, Bools]]] = {distance: [] for distance in distances}
    hits: dict[int, list[Bools]] = {distance: [] for distance in distances}
    for bursts in worlds:
        heard = gather([burst for burst in bursts if burst.pseudonym >= 0])
        nth = _nth_of_unit(heard)
        first, second = _all_pairs(heard, observer.window_us)
        judged = observer.by_times(heard, first, second)
        is_same = heard.unit[first] == heard.unit[second]
        away = np.where(is_same, nth[second] - nth[first], 0)
        following = _likeliest(first, second, judged, len(nth))
        at = np.arange(len(nth))
        for hop in range(1, max(distances) + 1):
            at = np.where(at >= 0, following[at], -1)
            if hop in hits:
                started = np.flatnonzero(at >= 0)
                hits[hop].append(heard.unit[started] == heard.unit[at[started]])
        for distance in distances:
            kept = ~is_same | (away == distance)
            scores[distance].append((judged[kept], is_same[kept]))
    return [
        Step(
            distance,
            _advantage(*(np.concatenate(part) for part in zip(*scores[distance], strict=True))),
            float(np.concatenate(hits[distance]).mean()),
        )
        for distance in distances
    ]


def _advantage(scores: Floats, is_same: Bools) -> float:
    return 2 * Ranking(scores, is_same).auc() - 1 if is_same.any() else math.nan


def _nth_of_unit(heard: Heard) -> Ints:
    """Of each burst: how many its unit had before."""
    nth = np.zeros(len(heard.unit), np.int64)
    for unit in np.unique(heard.unit):
        mine = heard.unit == unit
        nth[mine] = np.arange(mine.sum())
    return nth


def _all_pairs(heard: Heard, window_us: int) -> tuple[Ints, Ints]:
    ends = np.searchsorted(heard.begin_us, heard.begin_us + window_us, "right")
    here = np.arange(len(heard.begin_us))
    first = np.repeat(here, ends - here - 1)
    return first, np.concatenate([np.arange(i + 1, end) for i, end in enumerate(ends)]).astype(np.int64)


def _likeliest(first: Ints, second: Ints, scores: Floats, count: int) -> Ints:
    """For each burst the likeliest later one, or -1 where its window goes beyond the end."""
    best = np.full(count, -1, np.int64)
    order = np.lexsort((scores, first))
    best[first[order]] = second[order]
    return best
