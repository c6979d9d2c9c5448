"""The recordings that may be of a use: a quick look leaves out none that a close look would keep."""

from hypothesis import given
from hypothesis import strategies as st

from host_tools.judging.evidence import gather
from host_tools.judging.uses import Use
from host_tools.reporting.coverage import Timeline, known, narrowed, over
from host_tools.reporting.held import Held, from_verdict
from host_tools.reporting.reach import Reach

from .books import HOLSTER, OTHER, OWN, Book, holster, other, own, used

T = 1_800_000_000_000

Step = tuple[str, int]
steps = st.lists(
    st.tuples(st.sampled_from(["on", "off", "clock", "wrong clock", "boot", "heard"]), st.integers(1, 400_000)),
    max_size=24,
)


def camera(book: Book, told: list[Step]) -> Book:
    """A camera whose clock is set, stepped and lost, and whose recorder goes on and off."""
    ms = 0
    for what, after_ms in told:
        ms += after_ms
        if what in ("on", "off"):
            book.tally(ms, what == "on")
        elif what == "boot":
            book.reboot()
            book.base_ms, ms = 0, 0
        elif what == "heard":
            book.heard(ms, 5)
        else:
            book.clock(ms, T + ms + (90_000 if what == "wrong clock" else 0))
    return book


def weapon(set_ms: int | None) -> Book:
    book = holster()
    if set_ms is not None:
        book.clock(0, T + set_ms)
    for number in range(6):
        used(book, 100_000 + number * 300_000, 5 + number * 2)
    return book


@given(steps, steps, st.one_of(st.none(), st.integers(-500_000, 500_000)))
def test_what_is_left_out_at_a_glance_would_not_have_passed_a_closer_look(
    one: list[Step], two: list[Step], set_ms: int | None
) -> None:
    books = weapon(set_ms), camera(own(), one), camera(other(), two)
    held: dict[int, Held] = {b.unit: from_verdict(b.serial, b.serial, b.verdict(), T + 3_000_000) for b in books}
    evidence = gather(journal.journal() for journal in held.values())
    reaches: dict[int, Reach] = {}

    def kept(use: Use, number: int) -> list[object]:
        timeline = Timeline(evidence, held[HOLSTER], held[number], use, over(held[HOLSTER], use))
        return [found for found in evidence.recordings[number] if timeline.may_hold(found)]

    for use in evidence.uses:
        found = narrowed(evidence, held, use, [OWN, OTHER], reaches)
        assert found.recordings[OWN] == kept(use, OWN) and found.recordings[OTHER] == kept(use, OTHER)


def test_of_a_thousand_recordings_only_those_near_are_looked_at_closely() -> None:
    book = other().clock(0, T)
    for number in range(1000):
        book.tally(number * 60_000, True).tally(number * 60_000 + 30_000, False)
    used_once = used(holster().clock(0, T), 30_000_000, 5)
    held = {b.unit: from_verdict(b.serial, b.serial, b.verdict(), T + 90_000_000) for b in (book, used_once)}
    evidence = gather(journal.journal() for journal in held.values())
    timeline = Timeline(evidence, held[HOLSTER], held[OTHER], evidence.uses[0], known(evidence.uses[0]))
    assert 1 <= len(Reach(evidence.clocks[OTHER], evidence.recordings[OTHER]).near(timeline.utc)) < 10
