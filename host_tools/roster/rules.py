"""Who carries what, and when: rules over the rows of a roster, and nothing else. `file.py` reads them from a
file, `store/store.py` keeps them, `flows/shift.py` brings them to units.

A row says of one unit and one officer: from then until then. An officer's pair follows from the rows that overlap: one
holster and one camera. Whatever order rows come in, the same follows.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from interlock.core.settings import ROLE_CAMERA, ROLE_COMBINED, ROLE_HOLSTER


class RosterRow(NamedTuple):
    """One unit is one officer's from then until then: seconds since 1970, UTC; the end does not belong to it."""

    serial: str
    officer: str
    team: str
    from_s: int
    to_s: int


class Duty(NamedTuple):
    """A pair that an officer is to carry. `from_s`, `to_s`: seconds since 1970, UTC; the end does not belong to it."""

    officer: str
    team: str
    holster: str
    camera: str
    from_s: int
    to_s: int

    def partners(self) -> tuple[tuple[str, str], ...]:
        """(unit, its partner), for both."""
        return (self.holster, self.camera), (self.camera, self.holster)


class Problem(NamedTuple):
    """Rows that do not resolve, from `from_s` until `to_s`; others' rows of the same units among them. `text`: why, as
    the end of a sentence about the officer."""

    officer: str
    text: str
    rows: tuple[RosterRow, ...]
    from_s: int
    to_s: int


def due(rows: Iterable[RosterRow], now_s: int, roles: Mapping[str, int]) -> list[Duty]:
    """The pairs that are to be assigned now, by officer. `roles`: of all units that are known, `settings.ROLE_*`."""
    return [found for found in _resolved(_at(rows, now_s), now_s, now_s + 1, roles) if isinstance(found, Duty)]


def problems(rows: Iterable[RosterRow], roles: Mapping[str, int], now_s: int | None = None) -> list[Problem]:
    """What does not resolve, now or (None) at any time, by officer and time."""
    stretches = _stretches(rows) if now_s is None else [(now_s, now_s + 1, _at(rows, now_s))]
    found = [
        problem
        for from_s, to_s, standing in stretches
        for problem in _resolved(standing, from_s, to_s, roles)
        if isinstance(problem, Problem)
    ]
    return _joined(found)


def combinations(rows: Iterable[RosterRow], roles: Mapping[str, int]) -> list[tuple[str, str]]:
    """Each (holster, camera) that is some officer's pair at some time, sorted."""
    return sorted(
        {
            (duty.holster, duty.camera)
            for from_s, to_s, standing in _stretches(rows)
            for duty in _resolved(standing, from_s, to_s, roles)
            if isinstance(duty, Duty)
        }
    )


def superseded(rows: Sequence[RosterRow], standing: Iterable[RosterRow]) -> list[RosterRow]:
    """Those of `standing` that `rows`, a new version, takes the place of: of its teams and its officers, what begins in
    the time that it covers. A shift that is under way when that time begins stays as it is."""
    teams, officers = {row.team for row in rows}, {row.officer for row in rows}
    from_s, to_s = min(row.from_s for row in rows), max(row.to_s for row in rows)
    old = (row for row in standing if row.team in teams or row.officer in officers)
    return sorted({row for row in old if from_s <= row.from_s < to_s} - set(rows))


def _at(rows: Iterable[RosterRow], now_s: int) -> list[RosterRow]:
    return sorted({row for row in rows if row.from_s <= now_s < row.to_s})


def _stretches(rows: Iterable[RosterRow]) -> Iterator[tuple[int, int, list[RosterRow]]]:
    """(from, to, rows that stand all that time) of each stretch of time in which no row begins or ends."""
    begins: dict[int, list[RosterRow]] = {}
    for row in set(rows):
        begins.setdefault(row.from_s, []).append(row)
        begins.setdefault(row.to_s, [])
    standing: list[RosterRow] = []
    for from_s, to_s in pairwise(sorted(begins)):
        standing = sorted([row for row in standing if row.to_s > from_s] + begins[from_s])
        yield from_s, to_s, standing


def _resolved(
    standing: Sequence[RosterRow], from_s: int, to_s: int, roles: Mapping[str, int]
) -> Iterator[Duty | Problem]:
    """What follows from the rows that stand all that time."""
    by_officer: dict[str, list[RosterRow]] = {}
    by_unit: dict[str, list[RosterRow]] = {}
    for row in standing:
        by_officer.setdefault(row.officer, []).append(row)
        by_unit.setdefault(row.serial, []).append(row)
    for officer, own in sorted(by_officer.items()):
        objection = _objection(officer, own, by_unit, roles)
        if objection is not None:
            text, concerned = objection
            yield Problem(officer, text, tuple(sorted(concerned)), from_s, to_s)
            continue
        ends = [[row for row in own if roles[row.serial] == role] for role in (ROLE_HOLSTER, ROLE_CAMERA)]
        if all(ends):
            # A unit that two rows give to the same officer is theirs until the later end.
            until_s = min(max(row.to_s for row in rows) for rows in ends)
            begins = max(row.from_s for row in own)
            yield Duty(officer, own[0].team, ends[0][0].serial, ends[1][0].serial, begins, until_s)


def _objection(
    officer: str, own: Sequence[RosterRow], by_unit: Mapping[str, list[RosterRow]], roles: Mapping[str, int]
) -> tuple[str, Iterable[RosterRow]] | None:
    """Why these rows of one officer, all of one time, do not resolve, and which rows that concerns; None: they do."""
    serials = sorted({row.serial for row in own})
    unknown = [serial for serial in serials if serial not in roles]
    if unknown:
        return f"has {_listed(unknown)}, which is not in service here", own
    for serial in serials:
        others = sorted({row.officer for row in by_unit[serial]} - {officer})
        if others:
            return f"has {serial}, and so {'has' if len(others) == 1 else 'have'} {_listed(others)}", by_unit[serial]
    having = {role: [serial for serial in serials if roles[serial] & role] for role in (ROLE_HOLSTER, ROLE_CAMERA)}
    is_combined = any(roles[serial] == ROLE_COMBINED for serial in serials)
    for role, what in ((ROLE_HOLSTER, "holsters"), (ROLE_CAMERA, "cameras")):
        if len(having[role]) > 1:
            return f"has several {what}, {_listed(having[role])}: only one can be assigned", own
    if having[ROLE_HOLSTER] and not having[ROLE_CAMERA] and not is_combined:
        return f"has the holster {having[ROLE_HOLSTER][0]} and no camera", own
    return None


def _listed(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _joined(found: Iterable[Problem]) -> list[Problem]:
    """The same, those of one kind that follow upon each other as one."""
    last: dict[tuple[str, str], Problem] = {}
    done: list[Problem] = []
    for problem in found:
        before = last.get(problem[:2])
        if before is not None and before.to_s == problem.from_s:
            problem = before._replace(to_s=problem.to_s, rows=tuple(sorted({*before.rows, *problem.rows})))
            done.remove(before)
        last[problem[:2]] = problem
        done.append(problem)
    return sorted(done, key=lambda problem: (problem.officer, problem.from_s, problem.text))
