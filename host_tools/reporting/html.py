"""The report as one self-contained page: no script, no font, no picture from elsewhere. Text comes from
`templates/report.html`; every value is escaped there."""

from importlib.resources import files

from jinja2 import Environment, StrictUndefined

from .model import Event, Member, Report, Said, Unit
from .svg import Drawing, draw
from .times import duration_text, give_or_take

PERCENT = 100
SHOWN_MAX = 40


def render(report: Report) -> str:
    """The page."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["late"] = late_text
    environment.filters["duration"] = duration_text
    environment.filters["signed"] = signed_text
    environment.filters["member"] = member_text
    environment.filters["reaction"] = reaction_text
    source = files("host_tools").joinpath("templates", "report.html").read_text(encoding="utf-8")
    return environment.from_string(source).render(
        report=report,
        drawings=_drawings(report),
        shares=_shares(report),
        notes_of=_notes(report),
        shown_max=SHOWN_MAX,
    )


def _notes(report: Report) -> list[tuple[Unit, list[Said]]]:
    """What each unit noted, of those that noted anything."""
    found = [(unit, [said for said in report.said if said.serial == unit.serial]) for unit in report.units]
    return [(unit, noted) for unit, noted in found if noted]


def _drawings(report: Report) -> list[Drawing]:
    return [
        draw(use.timeline, f"Timeline of the use of {use.name}: the weapon's events and each camera's recordings")
        for use in report.uses
    ]


def _shares(report: Report) -> dict[str, list[tuple[str, int, float]]]:
    """For each kind of event: (verdict, how many, percent of all)."""
    found = {}
    for kind in ("discharges", "arms", "draws"):
        count = getattr(report.headline, kind)
        verdicts = ("before", "late", "unwitnessed", "indeterminate")
        found[kind] = [
            (verdict, getattr(count, verdict), PERCENT * getattr(count, verdict) / max(count.total, 1))
            for verdict in verdicts
        ]
    return found


def late_text(event: Event, own: bool = False) -> str:
    """930 ms ± 12 ms, or nothing."""
    late_ms, u_ms = (event.own_late_by_ms, event.own_late_by_u_ms) if own else (event.late_by_ms, event.late_by_u_ms)
    if late_ms is None or u_ms is None:
        return ""
    return f"{late_ms} ms {give_or_take(u_ms)}"


def signed_text(ms: int) -> str:
    """+2.345 s."""
    return f"{ms / 1000:+.3f} s" if ms else "0 s"


def reaction_text(ms: int) -> str:
    """930 ms, or 12.3 s."""
    return f"{ms} ms" if ms < 10_000 else duration_text(ms)


def member_text(member: Member) -> str:
    """C2 (camera, ready, witness)."""
    words = [member.role if not member.own else "own camera"]
    words += [
        word for word, said in (("ready", member.ready), ("acked", member.acked), ("witness", member.witnessed)) if said
    ]
    return f"{member.name} ({', '.join(words)})"
