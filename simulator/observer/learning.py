"""What an observer learns from worlds of which it was told the truth: no more than tables and weights."""

import numpy as np
from numpy.typing import NDArray

from .cues import Ints

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_SMOOTH = 10.0
_RIDGE = 1.0
_STEPS = 12
_VALUES_MAX = 1 << 14


class Table:
    """How much each value of a cue speaks for one unit: logarithm of a likelihood ratio, summed over its columns as if
    they were independent. `within`: as `cues.Cue` has it."""

    def __init__(self, values: Ints, is_same: Bools, within: int = 0) -> None:
        columns, size = values.shape[1], int(values.max()) + 1
        if size > _VALUES_MAX:
            raise ValueError(f"a cue with {size} values")
        run = within or size + 1  # beyond the last: values never met
        self._size = (size // run + 1) * run
        place = values + np.arange(columns) * self._size
        total = columns * self._size
        same = np.bincount(place[is_same].ravel(), minlength=total).reshape(columns, -1, run)
        other = np.bincount(place[~is_same].ravel(), minlength=total).reshape(columns, -1, run)
        # As if each value had been met some more times, in the proportion in which all pairs have it: what is rare or
        # new says little.
        usual = _SMOOTH * (same + other + 1) / (same + other + 1).sum(axis=2, keepdims=True)
        rates = [(counts + usual) / (counts + usual).sum(axis=2, keepdims=True) for counts in (same, other)]
        self._weight = (np.log(rates[0]) - np.log(rates[1])).reshape(columns, -1)

    def score(self, values: Ints) -> Floats:
        """One figure for each row."""
        known = np.minimum(values, self._size - 1)
        return np.asarray(self._weight[np.arange(values.shape[1]), known].sum(axis=1))


class Weights:
    """A logistic regression with a ridge: how much each of several scores counts."""

    def __init__(self, scores: Floats, is_same: Bools) -> None:
        self._mean, self._scale = scores.mean(axis=0), scores.std(axis=0) + 1e-9
        inputs = self._prepare(scores)
        weights = np.zeros(inputs.shape[1])
        ridge = np.full(inputs.shape[1], _RIDGE)
        ridge[0] = 0  # of the constant
        for _ in range(_STEPS):  # Newton's, on a convex function
            likely = 1 / (1 + np.exp(-np.clip(inputs @ weights, -30, 30)))
            slope = inputs.T @ (is_same - likely) - ridge * weights
            bend = (inputs.T * (likely * (1 - likely))) @ inputs + np.diag(ridge + 1e-9)
            weights = weights + np.linalg.solve(bend, slope)
        self._weights = weights

    def _prepare(self, scores: Floats) -> Floats:
        return np.column_stack([np.ones(len(scores)), (scores - self._mean) / self._scale])

    def score(self, scores: Floats) -> Floats:
        """One figure for each row: the higher, the likelier one unit."""
        return np.asarray(self._prepare(scores) @ self._weights)


class Ranking:
    """Scores of pairs, ready for many counts of how well they tell `is_same` from the rest."""

    def __init__(self, scores: Floats, is_same: Bools) -> None:
        _, self._level = np.unique(scores, return_inverse=True)
        self._levels = int(self._level.max()) + 1
        self._is_same = is_same

    def auc(self, weight: Floats | None = None) -> float:
        """Area under the receiver operating characteristic: how often a pair of one unit scores above a pair of two;
        ties count half. `weight`: of each pair."""
        given = np.ones(len(self._level)) if weight is None else weight
        same = np.bincount(self._level, given * self._is_same, self._levels)
        other = np.bincount(self._level, given * ~self._is_same, self._levels)
        below = np.cumsum(other) - other / 2
        return float((same * below).sum() / (same.sum() * other.sum()))
