"""Reports by hand, piece by piece, for tests of what is made of a report; how one comes about is tested elsewhere.
`rich_report.py` puts one together."""

from dataclasses import replace

from host_tools.reporting.breakdown import breakdown, headline
from host_tools.reporting.model import (
    Annotation,
    Bar,
    Cited,
    ClockFit,
    ClockOffset,
    Continuity,
    Event,
    Ground,
    Incident,
    Lane,
    Mark,
    Member,
    Moment,
    Report,
    Timeline,
    Unit,
    Use,
)
from host_tools.time_words import utc_text

DAY_MS = 86_400_000
T = 1_793_000_000_000  # 2026-10-26, 07:33 UTC
TEAMS = ("Armed Response 1", "Armed Response 2", "Roads")
VERDICTS = ("before", "late", "unwitnessed", "indeterminate")


def moment(utc_ms: int | None, boot: int = 3, uptime_ms: int = 724_000, u_ms: int = 14) -> Moment:
    if utc_ms is None:
        text = f"boot {boot}, 12:04 after start (before {utc_text(T + DAY_MS)})"
        return Moment(boot, uptime_ms, None, None, None, T + DAY_MS, text)
    text = f"{utc_text(utc_ms)} ± {u_ms} ms"
    return Moment(boot, uptime_ms, utc_ms, u_ms, utc_ms - u_ms, utc_ms + u_ms, text)


def cited(name: str, sequence: int, kind: str, says: str, at_ms: int | None) -> Cited:
    return Cited(name, name, sequence, kind, says, at_ms)


def ground(verdict: str, weapon: str, camera: str, sequence: int, after_ms: int) -> Ground:
    """The argument for one event, with its records."""
    event = cited(weapon, sequence, "event", "the event itself", after_ms)
    begins = cited(camera, 812, "recorder", "the recorder's signal came on", 925)
    return {
        "before": Ground(
            "before-protocol",
            f"{camera} had said that it records when {weapon} journalled the event, {after_ms - 925} ms after it began",
            [
                cited(weapon, sequence - 1, "ack received", f"ack of {camera}: recording since 20 ms", 950),
                event,
                begins,
                cited(camera, 840, "recorder", "the recorder's signal went off", 49_950),
            ],
        ),
        "late": Ground(
            "late",
            f"the recording of {camera} began 925 ms ± 12 ms after the event",
            [event, replace(begins, at_ms=925 + after_ms)],
        ),
        "unwitnessed": Ground(
            "no-recording",
            f"the journal of {camera} covers the use and shows no recording",
            [event, cited(camera, 815, "mode", "went to sleep", -90_000), cited(camera, 816, "mode", "woke up", None)],
        ),
        "indeterminate": Ground("not-covered", f"the journal of {camera} ends before the use", [event]),
    }[verdict]


def event(
    kind: str, sequence: int, utc_ms: int | None, after_ms: int, verdict: str, weapon: str, camera: str, **more: object
) -> Event:
    shown, late = verdict in ("before", "late"), verdict == "late"
    why = ground(verdict, weapon, camera, sequence, after_ms)
    made = Event(
        reference=f"{weapon}:{sequence}",
        sequence=sequence,
        event=kind,
        at=moment(None if utc_ms is None else utc_ms + after_ms),
        after_ms=after_ms,
        verdict=verdict,
        reason=why.condition,
        camera=camera if shown else None,
        in_touch=True if shown else None,
        late_by_ms=925 if late else None,
        late_by_u_ms=12 if late else None,
        buffer_covers=True if late else None,
        own_verdict=verdict,
        own_reason=why.condition,
        own_camera=camera if shown else None,
        own_late_by_ms=925 if late else None,
        own_late_by_u_ms=12 if late else None,
        own_buffer_covers=True if late else None,
        witnesses=[],
        alerts=[] if shown else ["camera not heard"],
        aired=True,
        contradicted=False,
        annotations=[],
        ground=why,
        own_ground=why,
        continuity=Continuity("unbroken", [], "it ran on until the weapon was back", [])
        if verdict == "before"
        else None,
        exempt=None,
        confirmed=True if kind == "discharge" else None,
    )
    return replace(made, **more)  # type: ignore[arg-type]


def said(code: str, signature: str = "good", confirmed_by: str | None = None, **more: object) -> Annotation:
    made = Annotation(
        code=code,
        text="the officer was attacked\nbefore the hand was at the camera" if code == "immediate_danger" else "planned",
        by="PC4711",
        utc_ms=T + 9 * DAY_MS,
        at=utc_text(T + 9 * DAY_MS),
        signature=signature,
        key=None if signature == "none" else "5f2c8a9be1d04471",
        confirmed_by=confirmed_by,
        confirmed_utc_ms=None if confirmed_by is None else T + 10 * DAY_MS,
        doubts=[],
    )
    return replace(made, **more)  # type: ignore[arg-type]


def timeline(weapon: str, camera: str, events: list[Event], others: tuple[str, ...] = ()) -> Timeline:
    """As the own camera began 925 ms after the last event that is late, unless it shows nothing."""
    marks = [Mark(e.after_ms, e.event, e.event) for e in events] + [Mark(18_000, "reholster", "back")]
    shown = any(e.camera for e in events)
    begin_ms = max((e.after_ms for e in events if e.verdict == "late"), default=-1500) + 925
    bars = [Bar(begin_ms - 6, begin_ms + 6, 49_940, 49_960, True, 30_000)] if shown else []
    answers = [
        Mark(30, "heard", "acknowledged: heard"),
        Mark(begin_ms + 25, "recording", "acknowledged: recording for 0.0 s"),
    ]
    lanes = [Lane(weapon, "weapon", marks, [])]
    if not shown:
        lanes.append(Lane("alerts", "alerts", [Mark(2000, "alert", "camera not heard")], []))
    lanes.append(Lane(camera, "own", answers if shown else [], bars))
    for other in others:
        bar = Bar(1600, 2900, 26_000, None, False, 0)
        lanes.append(Lane(other, "other", [Mark(3100, "witness", "says that it records")], [bar]))
    return Timeline(-2000, 27_000, lanes)


def use(number: int, utc_ms: int | None, team: str | None, verdicts: str, first: int = 100, **more: object) -> Use:
    """`verdicts`: letters b, l, u, i, of draw, arm, discharge in turn, as many as there are."""
    weapon, camera = f"H{number}", f"C{number}"
    told = {verdict[0]: verdict for verdict in VERDICTS}
    events = [
        event(kind, first + place, utc_ms, after_ms, told[letter], weapon, camera)
        for place, (letter, kind, after_ms) in enumerate(
            zip(verdicts, ("draw", "arm", "discharge"), (0, 2000, 3000), strict=False)
        )
    ]
    made = Use(
        serial=weapon,
        name=f"Holster no. {number}",
        unit=number,
        version=1,
        began=moment(utc_ms),
        lasted_ms=18_000,
        own_cameras=[camera],
        officer=f"PC{1000 + number}",
        coded=None,
        cancelled=False,
        crew=[Member(camera, "camera", True, True, True, False)],
        lone=True,
        heard_ms=30,
        recording_ms=950,
        late_acks=0,
        alerts=0,
        events=events,
        timeline=timeline(weapon, camera, events),
        incident=events[0].reference if events else f"{weapon}:{first}",
        team=team,
        month=None if utc_ms is None else utc_text(utc_ms)[:7],
        offsets=[ClockOffset(camera, camera, 2, -412, 3, -431, -390, "both")],
        end=Ground("returned", "the weapon was put back", [cited(weapon, first + 9, "event", "put back", 18_000)]),
        pickup_faulty_ms=0,
    )
    return replace(made, **more)  # type: ignore[arg-type]


def unit(number: int, role: str, team: str | None, overdue_days: int | None = 1, **more: object) -> Unit:
    serial = f"{'H' if role == 'holster' else 'C'}{number}"
    pulled = None if overdue_days is None else T + 36 * DAY_MS - overdue_days * DAY_MS
    made = Unit(
        serial=serial,
        name=f"Holster no. {number}" if role == "holster" else serial,
        unit=number if role == "holster" else 100 + number,
        role=role,
        journal="not pulled" if pulled is None else "intact",
        records=0 if pulled is None else 4210 + number,
        last_pull_utc_ms=pulled,
        last_pull="never" if pulled is None else utc_text(pulled),
        boots=3,
        boots_without_clock=0,
        clock="not set" if pulled is None else "set",
        gaps=[],
        lost_records=0,
        conflicts=0,
        uses=2 if role == "holster" else 0,
        assigned=None,
        team=team,
        overdue_days=overdue_days,
        is_overdue=overdue_days is None or overdue_days > 7,
        fits=[] if pulled is None else [ClockFit(3, 14, 12.4, 0.6, 7.2, 21)],
        pickup_faulty_ms=0,
    )
    return replace(made, **more)  # type: ignore[arg-type]


def report(uses: list[Use], units: list[Unit], incidents: list[Incident] | None = None, **more: object) -> Report:
    if incidents is None:
        incidents = [Incident(u.incident, u.began, u.lasted_ms, [u.incident], [u.serial], u.timeline) for u in uses]
    made = Report(
        made_utc_ms=T + 36 * DAY_MS,
        made=utc_text(T + 36 * DAY_MS),
        force="Hillshire Constabulary",
        since_utc_ms=T - DAY_MS,
        since=utc_text(T - DAY_MS),
        until_utc_ms=None,
        until=None,
        is_public=False,
        overdue_after_days=7,
        headline=headline(uses),
        breakdown=breakdown(uses, units),
        incidents=incidents,
        uses=uses,
        units=units,
        findings=[],
        sessions=[],
        said=[],
        notes=[],
    )
    return replace(made, **more)  # type: ignore[arg-type]
