"""The figures of a report, reckoned from its uses: nothing else is looked at, so that everybody can reckon them again
from what is printed. Each rule is in `host_tools/FIGURES.md`."""

from collections.abc import Callable, Iterable, Sequence

from ..judging.uses import Coding
from ..judging.verdict import Verdict
from .figures import AlertCount, Apart, Breakdown, Company, Count, Headline, Quantiles, Row, Unlisted
from .model import Annotation, Event, Unit, Use

MUTED = " (muted)"
"""What the text of an alert ends with that was journalled only."""
UNKNOWN = "unknown"
TRAINING = ("test", "training")
"""Codes of annotations that `without_training` leaves out where a second person confirmed them."""


def headline(uses: Sequence[Use], unlisted: Sequence[Unlisted] = ()) -> Headline:
    """Uses that are coded count apart, and so do draws that were none; whatever was armed or discharged counts.
    `unlisted`: coded ones that are not among the uses."""
    counted = [use for use in uses if use.coded is None]
    meant = [use for use in counted if not use.cancelled]
    aired = [use for use in meant if any(event.aired for event in use.events)]
    discharges = _events(counted, "discharge")
    return Headline(
        discharges=count(discharges),
        arms=count(_events(counted, "arm")),
        draws=count(_events(meant, "draw")),
        cancelled_draws=count(_events([use for use in counted if use.cancelled], "draw")),
        function_tests=_apart(uses, unlisted, Coding.FUNCTION_TEST),
        test_mode=_apart(uses, unlisted, Coding.TRIED),
        company=Company(
            lone=sum(use.lone is True for use in meant),
            crewed=sum(use.lone is False for use in meant),
            unknown=sum(use.lone is None for use in meant),
        ),
        without_training=count([event for event in discharges if not is_training(event)]),
        heard=quantiles(use.heard_ms for use in aired),
        recording=quantiles(use.recording_ms for use in aired),
        # `late_acks` is there where the unit summed the use up at all.
        unanswered=sum(use.late_acks is not None and use.heard_ms is None for use in aired),
        alerts=_alerts(meant),
        pickup_faulty_uses=sum(use.pickup_faulty_ms > 0 for use in counted),
        pickup_faulty_ms=sum(use.pickup_faulty_ms for use in counted),
    )


def count(events: Sequence[Event]) -> Count:
    """The figures over these events."""
    verdicts, own = [event.verdict for event in events], [event.own_verdict for event in events]
    ends = [event.continuity.state for event in events if event.continuity is not None]
    exempt = [event for event in events if event.exempt is not None]
    return Count(
        total=len(events),
        before=verdicts.count(Verdict.BEFORE),
        before_untouched=sum(event.verdict == Verdict.BEFORE and event.in_touch is False for event in events),
        late=verdicts.count(Verdict.LATE),
        late_covered=sum(event.verdict == Verdict.LATE and event.buffer_covers is True for event in events),
        late_by=quantiles(event.late_by_ms for event in events if event.verdict == Verdict.LATE),
        unwitnessed=verdicts.count(Verdict.UNWITNESSED),
        indeterminate=verdicts.count(Verdict.INDETERMINATE),
        own_before=own.count(Verdict.BEFORE),
        own_late=own.count(Verdict.LATE),
        own_unwitnessed=own.count(Verdict.UNWITNESSED),
        own_indeterminate=own.count(Verdict.INDETERMINATE),
        exempt=len(exempt),
        exempt_confirmed=sum(any(said.confirmed_by is not None for said in _signed(event)) for event in exempt),
        unbroken=ends.count("unbroken"),
        broken=ends.count("broken"),
        unknown_end=ends.count("unknown"),
        unconfirmed=sum(event.confirmed is False for event in events),
        unconfirmed_before=sum(event.confirmed is False and event.verdict == Verdict.BEFORE for event in events),
    )


def quantiles(times_ms: Iterable[int | None]) -> Quantiles:
    """Nearest rank: of n times in order, number ceil(n x share). What is None does not count."""
    known = sorted(ms for ms in times_ms if ms is not None)
    if not known:
        return Quantiles(0, None, None, None, None)
    p50, p90, p99 = (known[-(-len(known) * percent // 100) - 1] for percent in (50, 90, 99))
    return Quantiles(len(known), p50, p90, p99, known[-1])


def is_training(event: Event) -> bool:
    """Whether one person said so, and a second confirmed it."""
    return any(said.code in TRAINING and said.confirmed_by is not None for said in _signed(event))


def breakdown(uses: Sequence[Use], units: Sequence[Unit], unlisted: Sequence[Unlisted] = ()) -> Breakdown:
    """Each use in one row of each; months in order, units as in `units`, teams by name; what is unknown comes last."""
    names = {unit.serial: unit.name for unit in units}
    order = {serial: place for place, serial in enumerate(names)}
    both = (uses, unlisted)
    return Breakdown(
        months=_rows(*both, lambda use: use.month, lambda month: month, str),
        units=_rows(*both, lambda use: use.serial, lambda serial: names.get(serial, serial), lambda s: order.get(s, 0)),
        teams=_rows(*both, lambda use: use.team, lambda team: team, str),
    )


def _rows(
    uses: Sequence[Use],
    unlisted: Sequence[Unlisted],
    key_of: Callable[[Use | Unlisted], str | None],
    name_of: Callable[[str], str],
    order: Callable[[str], str | int],
) -> list[Row]:
    found: dict[str | None, tuple[list[Use], list[Unlisted]]] = {}
    for use in uses:
        found.setdefault(key_of(use), ([], []))[0].append(use)
    for more in unlisted:
        found.setdefault(key_of(more), ([], []))[1].append(more)

    def row(key: str, name: str, several: tuple[list[Use], list[Unlisted]]) -> Row:
        here, beside = several
        return Row(key, name, len(here) + sum(more.uses for more in beside), headline(here, beside))

    unknown = found.pop(None, None)
    known = sorted((key for key in found if key is not None), key=lambda key: (order(key), key))
    rows = [row(key, name_of(key), found[key]) for key in known]
    return rows + ([] if unknown is None else [row(UNKNOWN, "not known", unknown)])


def _events(uses: Iterable[Use], kind: str) -> list[Event]:
    return [event for use in uses for event in use.events if event.event == kind]


def _apart(uses: Iterable[Use], unlisted: Iterable[Unlisted], coding: Coding) -> Apart:
    found = [use for use in uses if use.coded == coding]
    kinds = [event.event for use in found for event in use.events]
    more = [one for one in unlisted if one.coded == coding]
    return Apart(
        uses=len(found) + sum(one.uses for one in more),
        discharges=kinds.count("discharge") + sum(one.discharges for one in more),
        arms=kinds.count("arm") + sum(one.arms for one in more),
        draws=kinds.count("draw") + sum(one.draws for one in more),
    )


def _alerts(uses: Iterable[Use]) -> list[AlertCount]:
    """By name. From the timelines: an alert may be of no event that is judged."""
    labels = [mark.label for use in uses for lane in use.timeline.lanes if lane.kind == "alerts" for mark in lane.marks]
    names = sorted({label.removesuffix(MUTED) for label in labels})
    return [AlertCount(n, labels.count(n) + labels.count(n + MUTED), labels.count(n + MUTED)) for n in names]


def _signed(event: Event) -> list[Annotation]:
    return [said for said in event.annotations if said.signature == "good"]
