"""The figures of a report reckoned again from its JSON, by somebody who has read `host_tools/FIGURES.md` and nothing
else: no line of the program is used here."""

import math
from typing import Any

Json = dict[str, Any]


def headline(uses: list[Json], unlisted: list[Json]) -> Json:
    counted = [use for use in uses if use["coded"] is None]
    meant = [use for use in counted if not use["cancelled"]]
    aired = [use for use in meant if any(event["aired"] for event in use["events"])]
    discharges = _of_kind(counted, "discharge")
    alerts: dict[str, list[int]] = {}
    for use in meant:
        for label in (
            m["label"] for lane in use["timeline"]["lanes"] if lane["kind"] == "alerts" for m in lane["marks"]
        ):
            name, muted = (label[: -len(" (muted)")], 1) if label.endswith(" (muted)") else (label, 0)
            figures = alerts.setdefault(name, [0, 0])
            figures[0] += 1
            figures[1] += muted
    return {
        "discharges": count(discharges),
        "arms": count(_of_kind(counted, "arm")),
        "draws": count(_of_kind(meant, "draw")),
        "cancelled_draws": count(_of_kind([use for use in counted if use["cancelled"]], "draw")),
        "function_tests": _apart(uses, unlisted, "function test"),
        "test_mode": _apart(uses, unlisted, "test mode"),
        "company": {
            name: sum(use["lone"] is lone for use in meant)
            for name, lone in (("lone", True), ("crewed", False), ("unknown", None))
        },
        "without_training": count([event for event in discharges if not _is_training(event)]),
        "heard": quantiles([use["heard_ms"] for use in aired]),
        "recording": quantiles([use["recording_ms"] for use in aired]),
        "unanswered": sum(use["late_acks"] is not None and use["heard_ms"] is None for use in aired),
        "pickup_faulty_uses": sum(use["pickup_faulty_ms"] > 0 for use in counted),
        "pickup_faulty_ms": sum(use["pickup_faulty_ms"] for use in counted),
        "alerts": [{"name": n, "given": alerts[n][0], "muted": alerts[n][1]} for n in sorted(alerts)],
    }


def count(events: list[Json]) -> Json:
    found: Json = {"total": len(events)}
    for verdict in ("before", "late", "unwitnessed", "indeterminate"):
        found[verdict] = sum(event["verdict"] == verdict for event in events)
    late = [event for event in events if event["verdict"] == "late"]
    found["late_covered"] = sum(event["buffer_covers"] is True for event in late)
    found["late_by"] = quantiles([event["late_by_ms"] for event in late])
    for verdict in ("before", "late", "unwitnessed", "indeterminate"):
        found[f"own_{verdict}"] = sum(event["own_verdict"] == verdict for event in events)
    found["before_untouched"] = sum(event["verdict"] == "before" and event["in_touch"] is False for event in events)
    exempt = [event for event in events if event["verdict"] != "before" and _well_signed(event)]
    found["exempt"] = len(exempt)
    found["exempt_confirmed"] = sum(any(said["confirmed_by"] for said in _well_signed(event)) for event in exempt)
    doubted = [event for event in events if event["confirmed"] is False]
    found["unconfirmed"] = len(doubted)
    found["unconfirmed_before"] = sum(event["verdict"] == "before" for event in doubted)
    ends = [event["continuity"]["state"] for event in events if event["continuity"]]
    for name, state in (("unbroken", "unbroken"), ("broken", "broken"), ("unknown_end", "unknown")):
        found[name] = ends.count(state)
    return found


def late_by(low: float, high: float) -> tuple[int, int]:
    """(`late_by_ms`, `late_by_u_ms`) where the recording began between `low` and `high` after the event."""
    by_ms = round((low + high) / 2)
    return by_ms, math.ceil(max(high - by_ms, by_ms - low) + high * 100 / 1_000_000)


def quantiles(times: list[int | None]) -> Json:
    known = sorted(ms for ms in times if ms is not None)
    found: Json = {"count": len(known)}
    for name, percent in (("p50_ms", 50), ("p90_ms", 90), ("p99_ms", 99), ("max_ms", 100)):
        found[name] = known[math.ceil(len(known) * percent / 100) - 1] if known else None
    return found


def rows(uses: list[Json], unlisted: list[Json], field: str) -> dict[str, tuple[int, Json]]:
    """(uses, headline) by key; `field`: month, serial or team."""
    keys = {one[field] for one in (*uses, *unlisted)}
    found = {}
    for key in keys:
        here, more = ([one for one in found if one[field] == key] for found in (uses, unlisted))
        figures = headline(here, more)
        found["unknown" if key is None else key] = (len(here) + sum(one["uses"] for one in more), figures)
    return found


def _of_kind(uses: list[Json], kind: str) -> list[Json]:
    return [event for use in uses for event in use["events"] if event["event"] == kind]


def _apart(uses: list[Json], unlisted: list[Json], coding: str) -> Json:
    found = [use for use in uses if use["coded"] == coding]
    more = [one for one in unlisted if one["coded"] == coding]
    figures = {"uses": len(found) + sum(one["uses"] for one in more)}
    for name, kind in (("discharges", "discharge"), ("arms", "arm"), ("draws", "draw")):
        figures[name] = len(_of_kind(found, kind)) + sum(one[name] for one in more)
    return figures


def _well_signed(event: Json) -> list[Json]:
    return [said for said in event["annotations"] if said["signature"] == "good"]


def _is_training(event: Json) -> bool:
    return any(said["code"] in ("training", "test") and said["confirmed_by"] for said in _well_signed(event))
