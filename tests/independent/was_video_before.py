#!/usr/bin/env python3
"""For every draw, arm and discharge: was video running before it? From what read_journal.py says, and nothing else.

    python3 -I read_journal.py --json *.ilj | python3 -I was_video_before.py [--json]

It ties the clocks of two units by what each heard of the other (a thing is never heard before it was said), so it needs
no clock that anybody set. Verdicts are those that README.md names. Nothing is verified here. Exit code 0; 2: wrongly
asked.
"""

import json
import sys

SLACK_MS = 5  # a record is written a few milliseconds after what it tells of
RECORDING, HOLDING = 2, 3
COUNTED = {1: "draw", 2: "arm", 3: "discharge"}


def named(journal, name):
    """(record, its first row) of each record of that name."""
    return [(record, record["rows"][0]) for record in journal["records"] if record["name"] == name and record["rows"]]


def uses(holster):
    """Each use of the weapon as {events: [(record, row)], until: ms}; it ends with *use over*, or with the boot."""
    use = {"events": [], "until": None}
    for record in holster["records"]:
        if record["name"] == "event" and record["rows"][0]["event"] in COUNTED:
            use["events"].append((record, record["rows"][0]))
        elif record["name"] in ("use over", "boot") and use["events"]:
            yield {**use, "until": record["uptime_ms"] if record["name"] == "use over" else float("inf")}
            use = {"events": [], "until": None}
    if use["events"]:
        yield {**use, "until": float("inf")}


def stretches(camera):
    """(boot, from ms, until ms) of each stretch of proven recording; until is infinite where nothing ended it."""
    begun = None
    for record, row in named(camera, "recorder"):
        boot, at = record["boot"], record["uptime_ms"]
        is_on = row["tally"] and row["believed"] and row["mode"] in (RECORDING, HOLDING)
        if begun and (not is_on or boot != begun[0]):
            yield (*begun, at if boot == begun[0] else float("inf"))
            begun = None
        if is_on and not begun:
            begun = (boot, at - row["tally_ago_ms"])
    if begun:
        yield (*begun, float("inf"))


def sayings(holster, camera):
    """(holster's boot and ms, camera's boot and ms, who spoke) of each thing that one said and the other journalled."""
    heard = {
        row["counter"]: record for record, row in named(camera, "trigger heard") if row["sender"] == holster["unit"]
    }
    for record, row in named(holster, "event"):
        if row["counter"] in heard:
            other = heard[row["counter"]]
            yield (
                record["boot"],
                record["uptime_ms"] - row["aired_ago_ms"],
                other["boot"],
                other["uptime_ms"],
                "holster",
            )
    said = {("aired", row["counter"]): record for record, row in named(camera, "aired")}
    said.update(
        {
            (row["counter"], row["kind_reason"]): record
            for record, row in named(camera, "answer sent")
            if row["holster"] == holster["unit"]
        }
    )
    for name in ("witness", "ack received"):
        for record, row in named(holster, name):
            other = said.get(("aired", row["counter"]) if name == "witness" else (row["counter"], row["kind_reason"]))
            if row["camera"] == camera["unit"] and other:
                yield record["boot"], record["uptime_ms"], other["boot"], other["uptime_ms"], "camera"


def clocks(holster, camera):
    """{(holster's boot, camera's boot): (least, most)} that the camera's uptime is ahead by, in ms."""
    bounds = {}
    for boot, at, other_boot, other_at, who in sayings(holster, camera):
        least, most = bounds.get((boot, other_boot), (float("-inf"), float("inf")))
        ahead = other_at - at
        bounds[boot, other_boot] = (
            (max(least, ahead - SLACK_MS), most) if who == "camera" else (least, min(most, ahead))
        )
    return {boots: bound for boots, bound in bounds.items() if float("inf") not in map(abs, bound)}


def by_journal(event, until, holster, camera):
    """(verdict, late by ms, give or take ms) of one camera by its own journal."""
    record, row = event
    at = record["uptime_ms"] - row["edge_ago_ms"]
    late = []
    for (boot, other_boot), (least, most) in clocks(holster, camera).items():
        if boot != record["boot"]:
            continue
        for stretch_boot, start, end in stretches(camera):
            if stretch_boot != other_boot or end < at + least or start > until + most:
                continue
            if start <= at + least and end >= at + most:
                return "before", None, None
            if start > at + most:
                late.append(("late", round(start - at - (least + most) / 2), round((most - least) / 2)))
            else:
                return "indeterminate", None, None
    return min(late, key=lambda found: found[1]) if late else ("unwitnessed", None, None)


def by_ack(event, holster, camera):
    """Whether the camera's acks alone show that it recorded before: one behind the event that is older than it."""
    record, row = event
    at = record["uptime_ms"] - row["edge_ago_ms"]
    return any(
        ack["camera"] == camera
        and ack["kind_reason"] >> 4 == 1
        and ack["counter"] >= row["counter"]
        and heard["boot"] == record["boot"]
        and heard["uptime_ms"] - ack["since_ms"] <= at <= heard["uptime_ms"]
        for heard, ack in named(holster, "ack received")
    )


def joined(found):
    """The best of several cameras' verdicts."""
    order = ["before", "late", "indeterminate", "unwitnessed"]
    return min(found, key=lambda one: (order.index(one[0]), one[1] or 0), default=("unwitnessed", None, None))


def judged(journals):
    """One dictionary of each draw, arm and discharge."""
    cameras = [journal for journal in journals if journal["role"] & 2]
    for holster in (journal for journal in journals if journal["role"] & 1):
        own = {row["camera"] for _, row in named(holster, "ack received")}
        for use in uses(holster):
            for event in use["events"]:
                found = {camera["unit"]: by_journal(event, use["until"], holster, camera) for camera in cameras}
                found.update((camera, ("before", None, None)) for camera in own if by_ack(event, holster, camera))
                verdict, late_by, give = joined(found.values())
                yield {
                    "unit": holster["serial"],
                    "sequence": event[0]["sequence"],
                    "event": COUNTED[event[1]["event"]],
                    "verdict": verdict,
                    "late_by_ms": late_by,
                    "late_by_u_ms": give,
                    "own_verdict": joined(one for camera, one in found.items() if camera in own)[0],
                }


def main(arguments):
    """The program. Exit code as the module says."""
    try:
        events = list(judged(json.load(sys.stdin)))
    except (ValueError, KeyError, TypeError) as problem:
        print(f"{__doc__}\n{problem!r}", file=sys.stderr)
        return 2
    if "--json" in arguments:
        print(json.dumps(events))
        return 0
    for event in events:
        late = "" if event["late_by_ms"] is None else f" by {event['late_by_ms']} ms ± {event['late_by_u_ms']}"
        print(
            f"{event['unit']}:{event['sequence']:<5} {event['event']:10} {event['verdict']}{late}"
            f" (own camera: {event['own_verdict']})"
        )
    before = sum(event["verdict"] == "before" for event in events)
    print(f"video was running before {before} of {len(events)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
