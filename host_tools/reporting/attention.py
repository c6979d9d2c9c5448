"""Which uses an auditor must look at, and why, in a few words: what the pages show first where there are thousands."""

from collections.abc import Iterable

from .model import Event, Use

GRAVE = "discharge"


def attention(use: Use) -> list[str]:
    """Empty where nothing is unusual: a draw is late as a rule, and uses that count apart need no video."""
    found = [] if use.coded is not None else [text for event in use.events for text in _verdict(use, event)]
    if any(event.continuity is not None and event.continuity.state == "broken" for event in use.events):
        found.append("recording broke off")
    if any(event.contradicted for event in use.events):
        found.append("record contradicted")
    if use.version > 1:
        found.append(f"version {use.version} of the journal")
    if any(said.signature == "forged" for event in use.events for said in event.annotations):
        found.append("forged annotation")
    return found


def _verdict(use: Use, event: Event) -> Iterable[str]:
    wanting = ("unwitnessed", "indeterminate") if event.event == "draw" else ("late", "unwitnessed", "indeterminate")
    if event.verdict in wanting and not use.cancelled:
        yield f"{event.event} {event.verdict}"


def rank(reasons: Iterable[str]) -> int:
    """What to sort by: discharges first, then everything else, then what needs nobody."""
    told = list(reasons)
    return 0 if any(reason.startswith(GRAVE) for reason in told) else 1 if told else 2
