"""What the report's pages share: the templates' environment, and how values are put in words there. Every value is
escaped by the environment; no page refers to anything but its neighbours of the same report."""

import re
import zlib
from functools import cache
from importlib.resources import files

from jinja2 import Environment, FunctionLoader, StrictUndefined

from ..time_words import duration_text, give_or_take, utc_text
from .model import Count, Event, Member, Quantiles
from .period import period_text

PERCENT = 100
INCIDENTS = "incidents"
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
_PLAIN = re.compile(r"(?:[A-Z0-9]+|[A-Z][a-z]+ \d+):\d+")


@cache
def environment() -> Environment:
    """One for all pages of a process: a force's year has thousands of them."""
    made = Environment(
        loader=FunctionLoader(_source),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        cache_size=-1,
        finalize=visible,
    )
    made.filters |= {
        "late": late_text,
        "duration": duration_text,
        "signed": signed_text,
        "member": member_text,
        "reaction": reaction_text,
        "quantiles": quantiles_text,
        "shares": shares,
        "percent": percent_text,
        "when": when_text,
        "period": period_text,
        "ahead": ahead_text,
        "incident_path": incident_path,
    }
    return made


def _source(name: str) -> str:
    return files("host_tools").joinpath("templates", name).read_text(encoding="utf-8")


def visible(value: object) -> object:
    """Characters that would turn the text around, or show nothing at all, by their numbers. A name must not be able to
    write what stands beside it the other way round."""
    return _UNSEEN.sub(_numbered, value) if type(value) is str else value


def _numbered(found: re.Match[str]) -> str:
    return f"[U+{ord(found.group()):04X}]"


def incident_path(reference: str) -> str:
    """Where the page of an incident is, from the report's page: incidents/H1-57.html. What could be no file's name is
    left out of it, and a check sum of the reference keeps two of these apart."""
    name = re.sub(r"[^A-Za-z0-9]", "-", reference)
    if not _PLAIN.fullmatch(reference):
        name = f"{name[:40]}-{zlib.crc32(reference.encode()):08x}"
    return f"{INCIDENTS}/{name}.html"


def late_text(event: Event, own: bool = False) -> str:
    """930 ms ± 12 ms, or nothing."""
    late_ms, u_ms = (event.own_late_by_ms, event.own_late_by_u_ms) if own else (event.late_by_ms, event.late_by_u_ms)
    if late_ms is None or u_ms is None:
        return ""
    return f"{late_ms} ms {give_or_take(u_ms)}"


def signed_text(ms: int) -> str:
    """+2.345 s."""
    return f"{ms / 1000:+.3f} s" if ms else "0 s"


def ahead_text(ms: int) -> str:
    """Of a clock, beside another: 412 ms behind."""
    return f"{abs(ms)} ms {'behind' if ms < 0 else 'ahead'}"


def reaction_text(ms: int | None) -> str:
    """930 ms, or 12.3 s."""
    if ms is None:
        return "–"
    return f"{ms} ms" if ms < 10_000 else duration_text(ms)


def quantiles_text(of: Quantiles) -> str:
    """Of one time itself, of more how they are spread."""
    if of.count == 0:
        return "no time that is known"
    if of.count == 1:
        return reaction_text(of.max_ms)
    half, most, longest = (reaction_text(ms) for ms in (of.p50_ms, of.p90_ms, of.max_ms))
    return f"at most {half} in half of them, {most} in 90\u00a0%, {longest} in all"


def member_text(member: Member) -> str:
    """C2 (camera, ready, witness)."""
    words = [member.role if not member.own else "own camera"]
    words += [
        word for word, said in (("ready", member.ready), ("acked", member.acked), ("witness", member.witnessed)) if said
    ]
    return f"{member.name} ({', '.join(words)})"


def shares(count: Count, own: bool = False) -> list[tuple[str, int, float]]:
    """(verdict, how many, percent of all), of any camera or of the own ones."""
    verdicts = ("before", "late", "unwitnessed", "indeterminate")
    numbers = [(verdict, int(getattr(count, f"own_{verdict}" if own else verdict))) for verdict in verdicts]
    return [(verdict, number, PERCENT * number / max(count.total, 1)) for verdict, number in numbers]


def percent_text(part: int, whole: int) -> str:
    """50 %; rounded down, so that 100 % is all of them; nothing of nothing."""
    return f"{PERCENT * part // whole}\u00a0%" if whole else ""


def when_text(utc_ms: int | None, is_public: bool) -> str:
    """A public report tells the day."""
    text = "" if utc_ms is None else utc_text(utc_ms)
    return text[:10] if is_public else text
