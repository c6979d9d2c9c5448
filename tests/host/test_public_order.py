"""No list of a public report is in an order that follows from names, numbers or hours."""

import re
from dataclasses import replace

from host_tools.reporting.model import Finding, Incident, Member, Report, Unlisted, Use
from host_tools.reporting.public import public
from host_tools.reporting.public_text import Scrubber

from .reports import T, cited, report, unit, use

ROLES = ("Holster", "Combined", "Camera", "Unit")
UNIT = re.compile(f"({'|'.join(ROLES)}) (\\d+)")


def places(text: str) -> list[tuple[int, int]]:
    """Of all pseudonyms in it."""
    return [(ROLES.index(kind), int(number)) for kind, number in UNIT.findall(text)]


def crowd(number: int, *others: int) -> Use:
    """A use that many cameras followed: private lists are in order of their numbers."""
    names = [f"C{other}" for other in others]
    made = use(number, T, None, "ub")
    line = made.timeline
    lanes = [line.lanes[0], *(replace(line.lanes[-1], name=name, kind="other") for name in names)]
    return replace(
        made,
        own_cameras=names[:3],
        crew=[Member(name, "camera", place < 3, True, False, False) for place, name in enumerate(names)],
        events=[
            replace(
                event,
                witnesses=names[3:],
                ground=replace(
                    event.ground,
                    cited=[event.ground.cited[0], *(cited(name, 40, "mode", "nothing", None) for name in names)],
                ),
            )
            for event in made.events
        ],
        timeline=replace(line, lanes=lanes),
    )


def crowded() -> Report:
    numbers = range(1, 13)
    told = [crowd(number, *numbers) for number in numbers]
    units = [unit(number, role, None) for role in ("holster", "camera") for number in numbers]
    names = [one.name for one in units]
    incidents = [
        Incident(one.incident, one.began, None, [one.incident], [one.serial, *names[12:]], one.timeline) for one in told
    ]
    vouched = "; ".join(f"{name}: 4 by the seal, 5 by signatures, of 400" for name in names)
    return report(
        told,
        units,
        incidents,
        findings=[Finding(one.serial, one.name, "its clock ran backwards") for one in units]
        + [Finding(None, None, "C1 (its record 8) and C2 (its record 9) and C3 (its record 9) heard a frame")],
        notes=[
            f"Of {len(names)} known units nothing is here ({', '.join(names)}): nothing was pulled yet",
            f"Not pulled for more than 7 days: {', '.join(f'{name} (12 days)' for name in names)}.",
            f"Records that more than checksums vouch for: {vouched}. interlock verify says more.",
        ],
        unlisted=[Unlisted(one.serial, None, None, "test mode", 1, 0, 0, 1) for one in told],
    )


def test_no_list_of_what_is_published_is_in_the_order_of_serials() -> None:
    """Who has the list of serials, or of who got which unit, would read every name from their order."""
    made = public(crowded())
    lists: list[list[str] | str] = [
        *([one.serial for one in many] for many in (made.uses, made.units[:12], made.units[12:], made.unlisted)),
        *([row.key for row in rows] for rows in (made.breakdown.units,)),
        [finding.serial for finding in made.findings if finding.serial],
        [one.reference for one in made.incidents],
        *(one.serials for one in made.incidents),
        *made.notes,
        *(finding.text for finding in made.findings),
    ]
    for one in made.uses:
        own = [member.name for member in one.crew or () if member.own]
        lists += [own, [member.name for member in one.crew or ()][len(own) :], one.own_cameras or []]
        lists.append([lane.name for lane in one.timeline.lanes[1:]])
        lists += [event.witnesses for event in one.events]
        lists += [[record.serial for record in event.ground.cited[1:]] for event in one.events]
    found = [places(" ".join(one) if isinstance(one, list) else one) for one in lists]
    assert sum(len(one) >= 9 for one in found) > 60, "there is something to be in order"
    assert [one for one in found if one != sorted(one)] == []


def test_of_a_list_that_names_the_first_units_only_the_number_is_published() -> None:
    """Which ones are named first follows from their serials."""
    names = {f"H{number}": f"Holster {number}" for number in range(9)}
    scrubber = Scrubber(names, {}, [])
    assert scrubber.text("no journal that covers the event is here of H3, H4, H5, H6 and 7 more; H3: not here") == (
        "no journal that covers the event is here of 11 units, which the force's own report names; Holster 3: not here"
    )
    note = (
        "vouch for: H3: 4 by the seal, 0 by signatures, of 400; H4: 4 by the seal, 0 by signatures, of 9; and 8 more."
    )
    assert scrubber.text(note) == "vouch for: 10 units, which the force's own report names."


def test_uses_of_a_day_are_in_an_order_that_tells_nothing_of_its_hours() -> None:
    told = [use(number, T + number * 60_000, None, "b") for number in range(1, 9)]
    units = [unit(number, "holster", None) for number in range(1, 9)]
    mixed = public(report(told, units))
    of = [use.unit for use in mixed.uses]
    assert of == sorted(of) and [one.reference for one in mixed.incidents] == [use.incident for use in mixed.uses]
