"""The measurement: an observer that has learnt from some worlds judges pairs of bursts of others.

The advantage is 2 AUC - 1: 0 for whoever guesses, 1 for whoever is always right. How sure it is comes from a bootstrap
over units: all pairs of a unit are drawn together, since they hang together.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from .cues import GROUPS, Cue, Heard, Ints, Pairs, gather, pair_up
from .learning import Floats, Ranking, Table, Weights
from .listening import Burst

US = 1_000_000
WINDOW_US = 110 * US
"""Pairs further apart are not asked about: presence is repeated within 99 s, readiness within 22 s."""
PAIRS_MAX = 40_000
"""So many of a world are judged, by lot."""
_RESAMPLES = 200
EVERYTHING = "everything"
BEYOND = "beyond timing"


class Advantage(NamedTuple):
    """`sigma`: standard deviation of the bootstrap."""

    value: float
    sigma: float

    def is_noise(self, sigmas: float = 4.0) -> bool:
        """Whether it may as well be nothing."""
        return abs(self.value) <= sigmas * self.sigma

    def __str__(self) -> str:
        return f"{self.value:+.3f} ± {self.sigma:.3f}"


class Observer:
    """It learns from `worlds` of which it knows the truth: tables from the first half of each, the weights of their
    scores from the second, so that what a table took for a rule by chance gets no weight."""

    def __init__(self, worlds: Sequence[Sequence[Burst]], window_us: int = WINDOW_US) -> None:
        self._chance = np.random.default_rng(1)
        self.window_us = window_us
        halves: tuple[list[tuple[Heard, Pairs]], list[tuple[Heard, Pairs]]] = ([], [])
        for bursts in worlds:
            middle = len(bursts) // 2
            for half, some in zip(halves, (bursts[:middle], bursts[middle:]), strict=True):
                heard = gather(some)
                half.append((heard, pair_up(heard, window_us, PAIRS_MAX, self._chance)))
        labels = [np.concatenate([some.is_same for _, some in half]) for half in halves]
        self._tables = {
            name: [Table(_values(cue, halves[0]), labels[0], cue.within) for cue in group]
            for name, group in GROUPS.items()
        }
        scores = self._score(halves[1])
        self._weights = {name: Weights(scores[name], labels[1]) for name in GROUPS}
        self._weights[EVERYTHING] = Weights(np.column_stack([*scores.values()]), labels[1])

    def _score(self, worlds: Sequence[tuple[Heard, Pairs]], names: Iterable[str] = GROUPS) -> dict[str, Floats]:
        """By group: a column for each cue."""
        return {
            name: np.column_stack(
                [table.score(_values(cue, worlds)) for cue, table in zip(GROUPS[name], self._tables[name], strict=True)]
            )
            for name in names
        }

    def by_times(self, heard: Heard, first: Ints, second: Ints) -> Floats:
        """How likely each pair is of one unit, by its times alone: scores, the higher the likelier."""
        pairs = Pairs(first, second, np.zeros(len(first), np.bool_))
        return self._weights["timing"].score(self._score([(heard, pairs)], ["timing"])["timing"])

    def _judge(self, heard: Heard, pairs: Pairs) -> dict[str, Floats]:
        """The same by each group, and by everything."""
        scores = self._score([(heard, pairs)])
        judged = {name: self._weights[name].score(scores[name]) for name in GROUPS}
        judged[EVERYTHING] = self._weights[EVERYTHING].score(np.column_stack([*scores.values()]))
        return judged

    def measure(self, worlds: Sequence[Sequence[Burst]]) -> dict[str, Advantage]:
        """Its advantage in worlds that it does not know: by group, by `EVERYTHING`, what that has `BEYOND` timing."""
        judged: dict[str, list[Floats]] = {}
        labels, clusters, count = [], [], 0
        for bursts in worlds:
            heard = gather(bursts)
            some = pair_up(heard, self.window_us, PAIRS_MAX, self._chance)
            for name, scores in self._judge(heard, some).items():
                judged.setdefault(name, []).append(scores)
            labels.append(some.is_same)
            clusters.append(heard.unit[some.first] + count)
            count += int(heard.unit.max()) + 1
        is_same, cluster = np.concatenate(labels), np.concatenate(clusters)
        rankings = {name: Ranking(np.concatenate(scores), is_same) for name, scores in judged.items()}
        drawn = [np.bincount(self._chance.integers(0, count, count), minlength=count) for _ in range(_RESAMPLES)]
        resampled = {
            name: np.array([2 * ranking.auc(times[cluster].astype(np.float64)) - 1 for times in drawn])
            for name, ranking in rankings.items()
        }
        value = {name: 2 * ranking.auc() - 1 for name, ranking in rankings.items()}
        value[BEYOND] = value[EVERYTHING] - value["timing"]
        resampled[BEYOND] = resampled[EVERYTHING] - resampled["timing"]
        return {name: Advantage(value[name], float(resampled[name].std())) for name in value}


def _values(cue: Cue, worlds: Sequence[tuple[Heard, Pairs]]) -> Ints:
    return np.concatenate([cue.look(heard, some.first, some.second) for heard, some in worlds])
