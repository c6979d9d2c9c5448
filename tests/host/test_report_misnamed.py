"""Who may write lists of units cannot make a camera a holster, or give a unit another number: verdicts stay, and what
was done is found and named."""

from collections.abc import Callable
from pathlib import Path

import pytest

from host_tools.reporting.asked import Beside, Named
from host_tools.reporting.holdings import StoreHoldings
from host_tools.reporting.making import make, parts
from host_tools.reporting.model import Report
from host_tools.workers.executor import Pool
from interlock.core.settings import ROLE_CAMERA, ROLE_HOLSTER

from . import forces
from .exports import ASKED, Force, tampered

STRANGE = 99


@pytest.fixture
def force(tmp_path: Path) -> Force:
    return Force(tmp_path / "journals.sqlite")


def listed(force: Force, serial: str, change: Callable[[Named], Named]) -> Beside:
    """Somebody writes it into the store, and into what the force knows."""
    known = force.beside
    said = change(known.units[serial])
    tampered(force.place, "UPDATE units SET unit = ?, role = ? WHERE serial = ?", said.number, said.role, serial)
    return Beside(known.force, {**known.units, serial: said}, known.pairs, known.people, known.keys)


def verdicts(report: Report) -> list[tuple[str, str, str]]:
    return [(event.reference, event.verdict, event.own_verdict) for use in report.uses for event in use.events]


def told(report: Report) -> list[tuple[str | None, str]]:
    return [(finding.serial, finding.text) for finding in report.findings]


def nothing_is_claimed_anew(honest: Report, report: Report) -> bool:
    """But that a journal with a finding covers no event, so that nobody says any more that it shows none."""
    both = list(zip(verdicts(honest), verdicts(report), strict=True))
    assert any(was[1] == "before" for was, _ in both)
    return all(
        one in (another, "indeterminate" if another == "unwitnessed" else another)
        for was, now in both
        for another, one in zip(was, now, strict=True)
    )


@pytest.mark.parametrize(
    ("serial", "role", "says"),
    [
        ("C1", ROLE_HOLSTER, "it is said to be a holster, and has records that only a camera writes"),
        ("C2", ROLE_HOLSTER, "it is said to be a holster, and has records that only a camera writes"),
        ("H1", ROLE_CAMERA, "it is said to be a camera, and has records that only a holster writes"),
    ],
)
@pytest.mark.parametrize("with_list", [True, False])
def test_what_a_unit_is_shows_by_its_records(force: Force, serial: str, role: int, says: str, with_list: bool) -> None:
    honest = make(force.holdings, force.beside if with_list else Beside(), ASKED)
    beside = listed(force, serial, lambda known: known._replace(role=role))
    report = make(force.holdings, beside if with_list else Beside(), ASKED)
    new = [one for one in told(report) if one not in told(honest)]
    assert new == [(serial, says)]
    assert nothing_is_claimed_anew(honest, report)
    roles = {unit.serial: unit.role for unit in report.units}
    assert roles == {"H1": "holster", "C1": "camera", "C2": "camera"}


@pytest.mark.parametrize("serial", ["H1", "C1", "C2"])
def test_which_number_a_unit_has_shows_by_what_others_heard(force: Force, serial: str) -> None:
    honest = make(force.holdings, force.beside, ASKED)
    number = force.beside.units[serial].number
    beside = listed(force, serial, lambda known: known._replace(number=STRANGE))
    report = make(force.holdings, beside, ASKED)
    (new,) = [one for one in told(report) if one not in told(honest)]
    assert new[0] == serial and new[1].startswith(f"it is said to be unit {STRANGE}, and ")
    assert new[1].endswith(f"of its chain values from unit {number}: that is what it is")
    assert {unit.serial: unit.unit for unit in report.units} == {"H1": 1, "C1": 2, "C2": 3}
    assert nothing_is_claimed_anew(honest, report)


def test_a_camera_that_is_elsewhere_is_asked_though_it_is_said_to_be_a_holster(tmp_path: Path) -> None:
    """Of one that was pulled too early nobody knows what it recorded."""
    groups = [forces.group(0), forces.group(1)]
    camera = groups[1].cameras[0]
    place = forces.stored(tmp_path, groups)
    tampered(place, "DELETE FROM heads WHERE serial = ?", camera.serial)
    holdings, honest = StoreHoldings(place), forces.beside_of(groups)

    def of_first(beside: Beside) -> list[tuple[str, str, str]]:
        made = [one for one in parts(holdings, beside, forces.asked(groups)) if one.uses]
        (part,) = [one for one in made if {use.serial for use in one.uses} & {h.serial for h in groups[0].holsters}]
        return [(e.reference, e.verdict, e.own_verdict) for use in part.uses for e in use.events]

    said = honest.units[camera.serial]._replace(role=ROLE_HOLSTER)
    listed = Beside(honest.force, {**honest.units, camera.serial: said}, honest.pairs)
    assert of_first(listed) == of_first(honest)
    assert "unwitnessed" not in {any_camera for _, any_camera, _ in of_first(honest)}


def test_any_number_of_workers_finds_it(force: Force) -> None:
    beside = listed(force, "C1", lambda known: known._replace(role=ROLE_HOLSTER))
    with Pool(2) as pool:
        assert make(force.holdings, beside, ASKED, pool) == make(force.holdings, beside, ASKED)
