"""A report as rich as a real one: two months, three teams, two officers in one incident, what people said, units that
nobody pulled."""

from dataclasses import replace

from host_tools.reporting.model import (
    Annotation,
    Continuity,
    Finding,
    Gap,
    Incident,
    Report,
    Said,
    Session,
    Timeline,
    Use,
)

from .reports import DAY_MS, TEAMS, T, cited, moment, report, said, timeline, unit, use


def joined(first: Use, second: Use, after_ms: int) -> tuple[Use, Use, Incident]:
    """Two officers' uses as one incident, the second's beginning so much later."""
    lanes = list(first.timeline.lanes)
    for lane in second.timeline.lanes:
        marks = [replace(mark, at_ms=mark.at_ms + after_ms) for mark in lane.marks]
        bars = [
            replace(bar, start_low_ms=bar.start_low_ms + after_ms, start_high_ms=bar.start_high_ms + after_ms)
            for bar in lane.bars
        ]
        lanes.append(replace(lane, marks=marks, bars=bars))
    serials = [first.serial, second.serial, *(first.own_cameras or []), *(second.own_cameras or [])]
    line = Timeline(-2000, 30_000 + after_ms, lanes)
    found = Incident(first.incident, first.began, 18_000 + after_ms, [first.incident, second.incident], serials, line)
    return first, replace(second, incident=first.incident), found


def rich() -> Report:
    """What an oversight committee gets."""
    one, two, three = TEAMS
    told = [
        use(1, T, one, "lbb"),
        use(2, T + 4200, one, "lb", timeline=timeline("H2", "C2", use(2, T, one, "lb").events, ("C1",)), lone=False),
        use(1, T + DAY_MS, one, "uuu", 140, heard_ms=None, recording_ms=None, alerts=2),
        use(3, T + 3 * DAY_MS, two, "lll"),
        use(4, T + 5 * DAY_MS, two, "iii", own_cameras=None, crew=None, lone=None, heard_ms=None, recording_ms=None),
        use(7, T + 8 * DAY_MS, three, "lbb", lasted_ms=None),
        use(5, T + 9 * DAY_MS, one, "lbb", late_acks=1, alerts=1),
        use(6, T + 9 * DAY_MS, one, "l", cancelled=True),
        use(6, T + 10 * DAY_MS, one, "lbb", 150, coded="function test"),
        use(8, None, None, "ub", version=2, officer=None),
        use(5, T + 12 * DAY_MS, one, "", 170),
    ]
    first, second, shared = joined(told[0], told[1], 4200)
    told[:2] = [first, second]
    told[2] = _annotated(told[2], "immediate_danger", [said("immediate_danger", confirmed_by="Insp Ruth Hale")])
    told[3] = _annotated(told[3], "training", [
        said("training"), said("other", "forged", text="no", doubts=["its signature does not fit"]),
    ])  # fmt: skip
    told[4] = _annotated(told[4], None, [
        said("sensor_fault", "none"), said("test", "stranger", doubts=["nobody vouches for the key"]),
    ])  # fmt: skip
    gone = Continuity("broken", [(6200, 9100), (15_000, None)], "the recorder's signal went off twice", [
        cited("C5", 830, "recorder", "the recorder's signal went off", 6200),
        cited("C5", 831, "recorder", "it came on again", 9100),
    ])  # fmt: skip
    told[6] = replace(told[6], events=[
        *told[6].events[:2], replace(told[6].events[2], continuity=gone, contradicted=True, witnesses=["C2", "C3"]),
    ])  # fmt: skip
    units = [unit(n, "holster", TEAMS[(n > 2) + (n > 6)] if n < 9 else None) for n in range(1, 10)]
    units += [unit(n, "camera", None) for n in range(1, 11)]
    units[4] = replace(units[4], journal="altered", assigned="C5 until 2026-12-02 18:00:00 UTC, for PC1005 (by admin)")
    units[7] = replace(units[7], journal="contradictory", conflicts=3, clock="contradictory", boots_without_clock=1)
    units[8] = unit(9, "holster", None, None, uses=0)
    units[11] = replace(units[11], gaps=[Gap(40, 55, True)], lost_records=16)
    units[12] = unit(4, "camera", None, 16)
    units[18] = unit(10, "camera", None, None)
    own = [
        Incident(u.incident, u.began, u.lasted_ms, [u.incident], [u.serial, *(u.own_cameras or ())], u.timeline)
        for u in told[2:]
    ]
    return report(
        told, units, [shared, *own],
        findings=[
            Finding("H5", "Holster no. 5", "record 1204 was altered: its seal does not fit"),
            Finding("H8", "Holster no. 8", "two units, or a copied one, answered as H8"),
            Finding("H3", "Holster no. 3", "what PC4711 said of H3:102 is forged"),
            Finding("C3", "C3", "records 40 to 55 were overwritten before anybody pulled them"),
            Finding(None, None, "camera C1 heard triggers of unit 77, of which nothing was pulled"),
        ],
        sessions=[
            Session("H1", "Holster no. 1", moment(T + DAY_MS), "PC1234", "technician", "end", 9300, ["pull"], 420, 0),
            Session("C4", "C4", moment(T + 2 * DAY_MS), None, None, "wrong secret", None, [], None, 3),
        ],
        said=[
            Said("H4", "Holster no. 4", moment(T + DAY_MS), "partner", "C4 is missing: 3 times not heard"),
            Said("H4", "Holster no. 4", moment(T + 2 * DAY_MS), "assignment", "C5, for PC1005 (by admin)"),
            Said("C1", "C1", moment(T + 2 * DAY_MS), "alert", "recording stopped by hand"),
        ],
        notes=[
            "Of 2 known units nothing was pulled yet (Holster no. 9, C10). Their uses are not in these figures, and "
            "where a camera among them may have recorded, the verdict is indeterminate.",
            "Journals with findings (see there) never prove the absence of a recording.",
        ],
    )  # fmt: skip


def _annotated(told: Use, exempt: str | None, annotations: list[Annotation]) -> Use:
    last = replace(told.events[-1], exempt=exempt, annotations=annotations)
    return replace(told, events=[*told.events[:-1], last])


def many(uses: int = 3000) -> Report:
    """A force's year."""
    patterns = ("lbb", "lb", "l", "lbb", "lll", "l", "lb", "uuu", "l", "i")
    told = [
        use(1 + n % 200, T + n * 7_200_000, TEAMS[n % 3], patterns[n % len(patterns)], 100 + 10 * n)
        for n in range(uses)
    ]
    units = [unit(n, role, TEAMS[n % 3]) for role in ("holster", "camera") for n in range(1, 201)]
    return report(told, units)
