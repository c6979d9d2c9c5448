"""Damage to the code that keeps evidence, each with the hunt that must catch it: a sweep that stays green under one of
these proves nothing. `test_mutants.py` plays them."""

from collections.abc import Callable
from typing import Any, NamedTuple

from pytest import MonkeyPatch

from interlock import unit
from interlock.core import journal, layout, records, recovery, slots
from interlock.core.journal import Journal
from interlock.core.layout import Record, Sector
from interlock.core.reading import Cursor, Reading
from interlock.core.recovery import Recovered
from interlock.unit import Unit

from . import test_rot
from .audit import forget
from .catalogue import story_of
from .chip import Chip
from .sweep import fail_each, fail_each_read, quick, sweep, thorough

Damage = Callable[[MonkeyPatch], None]
Hunt = Callable[[str], object]


class Mutant(NamedTuple):
    """`hunt`: what must catch it, in the story `name`."""

    what: str
    damage: Damage
    hunt: Hunt
    name: str


class Mutants(list[Mutant]):
    """A list of them, which grows by decorated functions."""

    def add(self, what: str, hunt: Hunt, name: str) -> Callable[[Damage], Damage]:
        def enter(damage: Damage) -> Damage:
            self.append(Mutant(what, damage, hunt, name))
            return damage

        return enter


def found(mutant: Mutant) -> str | None:
    """What the hunt says of the code as it is damaged."""
    story_of(mutant.name)  # which begins in good health
    forget()
    try:
        with MonkeyPatch.context() as patch:
            mutant.damage(patch)
            mutant.hunt(mutant.name)
    except AssertionError as caught:
        return [*str(caught).splitlines(), "caught"][0]
    finally:
        forget()
    return None


def cuts(name: str) -> None:
    sweep(name, story_of(name), [thorough])


def failures(name: str) -> None:
    fail_each(name, story_of(name), quick)


def unread(name: str) -> None:
    fail_each_read(name, story_of(name))


OF_RECORDS = Mutants()

# The journal.


def _unlooked(self: Any, offset: int, data: bytes) -> bool:
    try:
        self._flash.program(offset, data)
    except OSError:
        pass
    return True


@OF_RECORDS.add("recovery goes on right behind the last whole record, and nothing is read back", cuts, "nor.ring")
def _(patch: MonkeyPatch) -> None:
    patch.setattr(layout, "is_blank", lambda data, start, end: True)
    patch.setattr(Journal, "_program", _unlooked)


@OF_RECORDS.add("a sector is erased whose header was not retired", cuts, "nor.ring")
def _(patch: MonkeyPatch) -> None:
    patch.setattr(journal, "RETIRED", b"\xff" * layout.SECTOR_HEAD_BYTES)


@OF_RECORDS.add("a torn record is believed: its CRC is not looked at", cuts, "nor.sector")
def _(patch: MonkeyPatch) -> None:
    def decode(data: Any, offset: int) -> Record | None:
        if offset + layout.OVERHEAD_BYTES > len(data) or data[offset] > records.PAYLOAD_MAX:
            return None
        return Record(bytes(data[offset : offset + layout.OVERHEAD_BYTES + data[offset]]))

    patch.setattr(layout, "decode", decode)


@OF_RECORDS.add("facts are left behind in the old sectors, and the set is called complete", cuts, "nor.ring-unprepared")
def _(patch: MonkeyPatch) -> None:
    whole = Journal._next_sector

    def next_sector(self: Any, uptime_ms: int) -> None:
        carry, self._carry = self._carry, lambda: carry()[-1:]
        whole(self, uptime_ms)
        self._carry = carry

    patch.setattr(Journal, "_next_sector", next_sector)


@OF_RECORDS.add("the set of facts is called complete before it is", cuts, "nor.station-ring")
def _(patch: MonkeyPatch) -> None:
    carry = Unit._carry
    patch.setattr(Unit, "_carry", lambda self: carry(self)[::-1])


@OF_RECORDS.add("the oldest records go and no record says so", cuts, "nor.ring")
def _(patch: MonkeyPatch) -> None:
    patch.setattr(Journal, "_report_loss", lambda self, uptime_ms: None)


@OF_RECORDS.add("a loss that a cut kept from being told is forgotten", cuts, "nor.ring-rest")
def _(patch: MonkeyPatch) -> None:
    recover = Journal._recover

    def forgetful(self: Any) -> None:
        recover(self)
        self._loss_known = self.first

    patch.setattr(Journal, "_recover", forgetful)


@OF_RECORDS.add("what was programmed is not read back", failures, "nor.sector")
def _(patch: MonkeyPatch) -> None:
    patch.setattr(Journal, "_program", _unlooked)


@OF_RECORDS.add("a driver is believed that says it failed after it took all", failures, "nor.sector")
def _(patch: MonkeyPatch) -> None:
    def program(self: Any, offset: int, data: bytes) -> bool:
        try:
            self._flash.program(offset, data)
        except OSError:
            return False
        return True

    patch.setattr(Journal, "_program", program)


@OF_RECORDS.add("nothing is read anew where a record could not be read back", unread, "nor.sector")
def _(patch: MonkeyPatch) -> None:
    patch.setattr(Journal, "_reread", lambda self: None)


@OF_RECORDS.add("a write that failed is reported as done", failures, "nor.station")
def _(patch: MonkeyPatch) -> None:
    write = Journal._write
    patch.setattr(Journal, "_write", lambda *args: write(*args) or True)


@OF_RECORDS.add("a boot number is used twice", cuts, "nor.station")
def _(patch: MonkeyPatch) -> None:
    recover = Journal._recover

    def same_boot(self: Any) -> None:
        recover(self)
        self.boot = max(1, self.boot - 1)

    patch.setattr(Journal, "_recover", same_boot)


@OF_RECORDS.add("a driver pads its pages with zeros in front", cuts, "rp2.sector")
def _(patch: MonkeyPatch) -> None:
    area = Chip.area

    def padding(self: Chip, first: int, count: int) -> Any:
        flash = area(self, first, count)
        whole = flash.program
        flash.program = lambda offset, data: whole(offset // 256 * 256, bytes(offset % 256) + data)
        return flash

    patch.setattr(Chip, "area", padding)


# Bits that rot.


@OF_RECORDS.add(
    "a newest sector without header is ignored",
    test_rot.test_a_sector_whose_header_rots_costs_itself_and_no_number_is_used_again,
    "nor.ring",
)
def _(patch: MonkeyPatch) -> None:
    patch.setattr(Recovered, "_take_headless", lambda self, headless: None)


@OF_RECORDS.add(
    "a chain value is made up behind what cannot be read",
    test_rot.test_a_record_that_rots_costs_itself_and_the_rest_is_read,
    "nor.ring",
)
def _(patch: MonkeyPatch) -> None:
    patch.setattr(recovery, "UNKNOWN", layout.chain_start(b"made up!"))


@OF_RECORDS.add(
    "the scrub finds nothing",
    test_rot.test_what_rots_before_the_newest_record_is_told_at_boot_or_by_the_scrub,
    "nor.ring",
)
def _(patch: MonkeyPatch) -> None:
    patch.setattr(Journal, "_scrub", lambda self: None)


@OF_RECORDS.add(
    "the last complete set is looked for in a sector that lost records",
    test_rot.test_a_unit_that_lost_a_record_or_the_newest_header_airs_no_counter_twice,
    "nor.station-ring",
)
def _(patch: MonkeyPatch) -> None:
    patch.setattr(Sector, "missing", lambda self, following=None: (0, 0))


@OF_RECORDS.add(
    "a cursor claims to know the chain behind a hole",
    test_rot.test_a_record_that_rots_costs_itself_and_the_rest_is_read,
    "nor.long-records",
)
def _(patch: MonkeyPatch) -> None:
    leap = Cursor._leap

    def knowing(self: Any) -> bool:
        chain = self.chain
        found = leap(self)
        self.chain = chain if self.chain == layout.UNKNOWN else self.chain
        return found

    patch.setattr(Cursor, "_leap", knowing)


@OF_RECORDS.add(
    "a cursor stops before a sector whose first record rotted",
    test_rot.test_a_record_that_rots_costs_itself_and_the_rest_is_read,
    "nor.ring",
)
def _(patch: MonkeyPatch) -> None:
    patch.setattr(Cursor, "_leap", lambda self: False)


@OF_RECORDS.add(
    "a reading joins what a hole parts",
    test_rot.test_a_record_that_rots_costs_itself_and_the_rest_is_read,
    "nor.ring",
)
def _(patch: MonkeyPatch) -> None:
    def join(self: Any, span: Any) -> None:
        if self.spans:
            self.spans[-1].records += span.records
        else:
            self.spans.append(span)

    patch.setattr(Reading, "_join", join)


# Counters and marks.


@OF_RECORDS.add("a counter is aired before it is reserved", cuts, "nor.station")
def _(patch: MonkeyPatch) -> None:
    patch.setattr(unit, "RESERVE_BLOCK", 1)


@OF_RECORDS.add("a boot goes on in a block of counters that was used", cuts, "nor.station")
def _(patch: MonkeyPatch) -> None:
    recover = Unit._recover

    def hopeful(self: Any) -> None:
        recover(self)
        self.counter = max(0, self.counter - 2 * unit.RESERVE_BLOCK)

    patch.setattr(Unit, "_recover", hopeful)


@OF_RECORDS.add("what was heard is forgotten by a reboot", cuts, "nor.station")
def _(patch: MonkeyPatch) -> None:
    recover = Unit._recover

    def deaf(self: Any) -> None:
        self.journal.recent = [record for record in self.journal.recent if record.kind != records.HEARD]
        recover(self)

    patch.setattr(Unit, "_recover", deaf)


# Settings.


@OF_RECORDS.add("the old settings are erased before the new ones are there", cuts, "nor.settings")
def _(patch: MonkeyPatch) -> None:
    store = slots.store

    def hasty(flash: Any, first: int, data: bytes, decode: Any, value: Any) -> None:
        for slot in range(slots.SECTORS):
            flash.erase((first + slot) * flash.sector_bytes)
        store(flash, first, data, decode, value)

    patch.setattr(slots, "store", hasty)
