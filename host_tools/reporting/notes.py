"""What limits the figures of a report, in words for its readers; from its own units and uses."""

from collections.abc import Sequence

from .asked import Asked, Beside
from .listed import TESTS_MAX, TESTS_OF_UNIT
from .parts import Part

NAMED_MAX = 40
"""A force has thousands of units; the table has them all."""


def notes(told: Part, beside: Beside, asked: Asked) -> list[str]:
    """`told`: all of the report; `beside`: what is known beside it."""
    found = []
    units, vouched = told.units, told.vouched
    never = [unit.name for unit in units if unit.journal == "not pulled"]
    if never:
        found.append(
            f"Of {len(never)} known units nothing is here ({_listed(never)}): nothing was pulled yet, or it was left "
            "out of what this was made from. Their uses are not in these figures, and where a camera among them may "
            "have recorded, the verdict is indeterminate."
        )
    overdue = [
        f"{unit.name} ({unit.overdue_days} days)" for unit in units if unit.is_overdue and unit.overdue_days is not None
    ]
    if overdue:
        found.append(
            f"Not pulled for more than {asked.overdue_days} days: {len(overdue)} units ({_listed(overdue)}). What they "
            "have done since is not in these figures."
        )
    gapped = [unit.name for unit in units if unit.gaps]
    if gapped:
        found.append(
            f"Records are missing in the journals of {_listed(gapped)}. Uses may have been in them that nobody "
            "counted here."
        )
    known = [(unit, *vouched[unit.serial]) for unit in units if unit.serial in vouched and unit.records]
    vouchers = [
        f"{unit.name}: {sealed} by the seal, {signed} by signatures, of {unit.records}"
        for unit, sealed, signed in known
    ]
    if vouchers:
        found.append(
            f"Records that more than checksums vouch for: {_listed(vouchers, '; ')}. interlock verify says more."
        )
    if any(unit.journal in ("altered", "contradictory") for unit in units):
        found.append("Journals with findings (see there) never prove the absence of a recording.")
    others = sum(use.version > 1 for use in told.uses)
    if others:
        found.append(f"{others} uses come from a second version of a unit's journal. They are counted and marked.")
    unowned = sum(use.own_cameras is None for use in told.uses)
    if unowned:
        found.append(
            f"Which cameras belong to which holster is not known here in {unowned} of {len(told.uses)} uses: this "
            "computer has no vault of the force with its pairs (an auditor's has none), or records are missing that "
            "may say who was assigned. The verdict for the officer's own camera is left open then, and without pairs "
            "nothing is called unwitnessed."
        )
    if beside.is_part and told.missed:
        names = dict.fromkeys(finding.name or "" for finding in told.missed)
        found.append(
            f"This is made of a part of what is held: {_listed(list(names))} followed other weapons, too, whose "
            "journals were left out here."
        )
    unlisted = sum(one.uses for one in told.unlisted)
    if unlisted:
        found.append(
            f"{unlisted} function tests and tries in test mode are counted and not listed one by one: only the newest "
            f"are ({TESTS_OF_UNIT} of each weapon, {TESTS_MAX} in all). A report of fewer days has them."
        )
    if any(told.left):
        found.append(
            f"Not listed here, as there are too many: {told.left.notes} older notes of units and "
            f"{told.left.sessions} older sessions. A report of fewer days has them."
        )
    return found


def _listed(words: Sequence[str], between: str = ", ") -> str:
    more = len(words) - NAMED_MAX
    return between.join(words[:NAMED_MAX]) + (f"{between}and {more} more" if more > 0 else "")
