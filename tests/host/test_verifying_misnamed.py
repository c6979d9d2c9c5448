"""What is said of whose a journal is, in its header or in a list, is covered by nothing: its records, and those of
others, show whether it is true."""

from dataclasses import replace

import pytest

from host_tools.verifying.outcomes import Misnamed
from interlock.core.settings import ROLE_CAMERA, ROLE_COMBINED, ROLE_HOLSTER

from .adversary import taken_apart
from .audits import LEVELS, known_at, reports, the
from .sealed_world import Unit, crew, works

STRANGE = 99


def called(whose: Unit, **stated: int) -> bytes:
    """Its file, of which the header says another number (`unit`) or role."""
    pulled = taken_apart(whose.file())
    return replace(pulled, header=pulled.header._replace(**stated)).file()


@pytest.mark.parametrize(
    ("place", "role", "says"),
    [
        (0, ROLE_CAMERA, "it is said to be a camera, and has records that only a holster writes"),
        (1, ROLE_HOLSTER, "it is said to be a holster, and has records that only a camera writes"),
        (2, ROLE_HOLSTER, "it is said to be a holster, and has records that only a camera writes"),
        (2, 8, "it is said to be a unit of role 8, and has records that only a camera writes"),
    ],
)
def test_a_role_that_is_not_that_of_its_records_is_found_and_named(place: int, role: int, says: str) -> None:
    units = crew()
    works(*units, uses=1)
    for level in ("nothing", "public key"):
        found = reports(known_at(level, *units), called(units[place], role=role))[0]
        assert found.verdict == "misnamed" and the(found, Misnamed).text == says
        assert the(found, Misnamed).unit is None


@pytest.mark.parametrize("level", LEVELS)
def test_a_role_that_its_records_do_not_speak_against_is_none(level: str) -> None:
    units = crew()
    boxed = [unit.file() for unit in units]
    works(*units, uses=1)
    for unit, before in zip(units, boxed, strict=True):
        for file in (before, unit.file()):
            assert not [o for o in reports(known_at(level, unit), file)[0].outcomes if isinstance(o, Misnamed)]
    for unit in units:
        found = reports({}, called(unit, role=ROLE_COMBINED))[0]
        assert found.verdict == "intact", "that it has no records of the other role yet shows nothing"


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("level", ["nothing", "public key"])
def test_a_number_under_which_nobody_heard_its_chain_values_is_found_and_named(level: str, place: int) -> None:
    units = crew()
    works(*units, uses=3)
    files = [unit.file() for unit in units]
    files[place] = called(units[place], unit=STRANGE)
    found = reports(known_at(level, *units), *files)
    outcome = the(found[place], Misnamed)
    number = units[place].number
    assert f"it is said to be unit {STRANGE}, and " in outcome.text
    assert outcome.text.endswith(f"of its chain values from unit {number}: that is what it is")
    assert isinstance(outcome, Misnamed) and outcome.unit == number and found[place].verdict == "misnamed"
    for other, report in enumerate(found):
        assert other == place or report.verdict == "intact", "it is compared under its own number with the others"


def test_a_number_that_another_unit_has_is_found_where_its_own_is_missing() -> None:
    weapon, own, other = units = crew()
    works(*units, uses=3)
    found = reports({}, weapon.file(), own.file(), called(other, unit=own.number))
    assert the(found[2], Misnamed).unit == other.number
    assert [report.verdict for report in found] == ["intact", "intact", "misnamed"]


def test_of_a_journal_that_is_not_here_nobody_else_is_taken_to_be_it() -> None:
    weapon, own, other = units = crew()
    works(*units, uses=3)
    for here in ((weapon, own), (weapon, other), (own, other)):
        found = reports({}, *(unit.file() for unit in here))
        assert not [o for report in found for o in report.outcomes if isinstance(o, Misnamed)]
