"""A journal on a flash with a sector that reads or not, boot by boot, under power cuts: no number comes twice, nothing
that can be read is lost, and what never reads again costs its numbers once."""

from contextlib import suppress

from hypothesis import example, given
from hypothesis import strategies as st

from interlock.core import records
from interlock.core.journal import Journal
from interlock.core.reading import Reading
from tests.core.test_dead_sectors import Cut, Supplied
from tests.core.test_recovery import MOST, SERIAL

ENOUGH = 1 << 30
BLOCK = 256
BOOTS = st.lists(
    st.tuples(
        st.booleans(),  # whether the sector reads
        st.sampled_from((0, 1, 3, 30, 140, 300)),  # records
        st.sampled_from((ENOUGH, *range(12), 50, 150)),  # programs until the power fails
        st.booleans(),  # whether there is time for quiet work
        st.booleans(),  # and for a look at the sectors in turn
    ),
    min_size=2,
    max_size=12,
)


class Life:
    """A unit's boots. `written`: what each number was reported for; `log`: the journal of the last boot; `ceiling`: of
    the frame counters that it may use; `highest`: that any boot could have used."""

    def __init__(self, sectors: int) -> None:
        self.flash = Supplied(sectors)
        self.written: dict[int, int] = {}
        self.log: Journal | None = None
        self.ceiling = self.highest = 0

    def facts(self) -> list[tuple[int, bytes]]:
        return [(records.RESERVE, records.pack(records.RESERVE, self.ceiling)), (records.CONFIG, bytes(40))]

    def boot(self, now: int, count: int, is_quiet: bool, is_scrubbed: bool) -> None:
        """One, which may end in Cut."""
        self.log = None
        self.log = log = Journal(self.flash, SERIAL, self.facts)
        # As a unit does it: no counter comes again, and a set of facts that was cut becomes whole.
        ceilings = [record.fields().ceiling for record in log.recent if record.kind == records.RESERVE]
        self.ceiling = max([0, *ceilings]) + BLOCK * (1 + log.recovered_missing + log.recovered_torn)
        assert self.ceiling >= self.highest + BLOCK
        for kind, payload in self.facts():
            log.append(kind, payload, 0)
        self.highest = self.ceiling
        for i in range(count):
            number = log.append(records.ALERT, records.pack(records.ALERT, i & 255), now + i)
            assert number not in self.written, f"number {number} twice: for {self.written[number]}, and for {now + i}"
            self.written[number] = now + i
            if is_quiet and i == 2:
                while log.tidy(0):
                    pass
            if is_scrubbed and i % 8 == 3:
                log._scrub()


@given(sectors=st.sampled_from((5, 6, 9)), flaky=st.integers(0, 4), boots=BOOTS)
@example(5, 0, [(True, 300, ENOUGH, False, False), (False, 30, ENOUGH, True, False), (True, 300, ENOUGH, True, True)])
def test_no_number_comes_twice_and_what_can_be_read_is_there(
    sectors: int, flaky: int, boots: list[tuple[bool, int, int, bool, bool]]
) -> None:
    life, first = Life(sectors), 0
    for boot, (does_read, count, supply, is_quiet, is_scrubbed) in enumerate(boots):
        life.flash.unread = () if does_read else (flaky,)
        life.flash.supply = supply
        with suppress(Cut):
            life.boot(boot * 1000, count, is_quiet, is_scrubbed)
        life.flash.supply, life.flash.unread = ENOUGH, ()
        held = Reading(life.flash).records if life.written else []
        numbers = [record.sequence for record in held]
        assert numbers == sorted(set(numbers))
        there = {record.sequence: record.uptime_ms for record in held if record.kind == records.ALERT}
        # An old sector that reads again stands before others that were overwritten meanwhile.
        first = max(first, 0 if life.log is None else life.log.first)
        kept = [number for number in life.written if number >= first]
        assert all(there[number] == life.written[number] for number in kept)


@given(dead=st.integers(0, 4), starts=st.lists(st.sampled_from((1, 2, 20, 200)), min_size=2, max_size=12))
def test_a_dead_sector_costs_its_numbers_once(dead: int, starts: list[int]) -> None:
    life = Life(6)
    life.boot(0, 300, True, False)
    life.flash.unread = (dead,)
    for boot, count in enumerate(starts):
        life.boot(1000 * (boot + 1), max(3, count), True, False)
        assert life.log is not None
        if boot:
            assert life.log.recovered_missing == 0
        else:
            assert MOST <= life.log.recovered_missing <= 2 * MOST, "with those of its own that were before the last set"
