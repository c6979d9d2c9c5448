"""Bits that change long after they were written: what is left is read, no number is used again, the journal tells."""

import random
from typing import Any

import pytest

from interlock.core import layout, records, settings
from interlock.core.journal import SCRUB_MS, Journal
from interlock.core.reading import Reading

from .audit import check_readers_agree, in_quiet, read_out
from .catalogue import story_of
from .stories import SECTORS, JournalStory

BARE = ("nor.ring", "nor.long-records", "nor.seal-quiet")


def lived(name: str) -> Any:
    """A story after one life."""
    story = story_of(name)
    story.chip.arm(None)
    story.live(0)
    story.chip.arm(None)
    return story


def rot(story: Any, address: int, seed: str) -> None:
    """One bit of that byte changes."""
    image = bytearray(story.chip.image())
    image[address] ^= 1 << random.Random(seed).randrange(8)
    story.chip.load(bytes(image))


class Held:
    """Where what the ring of a story holds lies on its chip. `places`: {sequence: (sector, address, bytes)}; `chains`:
    {sequence: value behind that record}."""

    def __init__(self, story: JournalStory) -> None:
        self.chains = {place.sequence: place.chain for place in read_out(story.ring())}
        self.heads = {}
        self.places = {}
        cells = story.chip.cells(story.first_sector, SECTORS)
        for index in range(SECTORS):
            sector = layout.read_sector(cells, index)
            if sector.head is None:
                continue
            begin = (story.first_sector + index) * story.chip.sector_size
            self.heads[index] = (sector.head.number, begin)
            data = story.chip.read(begin, story.chip.sector_size)
            for record in sector.records:
                self.places[record.sequence] = (index, begin + data.index(record.raw), len(record.raw))
        self.newest = max(self.heads, key=lambda index: self.heads[index][0])

    def in_sector(self, index: int) -> set[int]:
        return {sequence for sequence, place in self.places.items() if place[0] == index}


def go_on(story: JournalStory, held: Held, lost: set[int]) -> Journal:
    """The next boot, some records, quiet work, another boot: only `lost` is missing, and all is read in one way."""
    highest = max(set(held.places) - (lost if lost == {max(held.places)} else set()))
    wrote = {place.sequence: place.raw for place in check_readers_agree(story.ring(), starts=())}
    log = story.open()
    first = log.sequence
    assert log.sequence > highest, "a number that was used is used again"
    for i in range(3):
        assert log.append(records.ALERT, bytes([i]), 0) > highest
    log = story.open()
    in_quiet(log, 0)
    found = {place.sequence: place for place in check_readers_agree(story.ring())}
    for sequence in set(held.places) - lost:
        assert sequence < log.first or found[sequence].raw == wrote[sequence], f"record {sequence} is gone, too"
    # Whoever read it before has seen the chain value there: another one would be taken for a forgery.
    stated = {span.first: span.chain for span in Reading(story.ring()).spans if span.chain != layout.UNKNOWN}
    if first in stated and first - 1 in held.chains:
        assert stated[first] == held.chains[first - 1], f"another chain value is stated before {first}"
    return log


def faults(story: JournalStory) -> list[tuple[int, int, int]]:
    """(kind, sector, first sequence) of the flash faults that the journal tells of."""
    found = []
    for place in check_readers_agree(story.ring(), starts=()):
        record = layout.Record(place.raw)
        if record.kind == records.FAULT:
            found.append(record.fields()[:3])
    return found


@pytest.mark.parametrize("name", BARE)
def test_a_record_that_rots_costs_itself_and_the_rest_is_read(name: str) -> None:
    whole = lived(name)
    held = Held(whole)
    for sequence, (_, address, length) in held.places.items():
        story = whole.copy()
        rot(story, address + random.Random(f"{name} {sequence}").randrange(length), f"{name} {sequence}")
        go_on(story, held, {sequence})


@pytest.mark.parametrize("name", BARE)
def test_a_sector_whose_header_rots_costs_itself_and_no_number_is_used_again(name: str) -> None:
    whole = lived(name)
    held = Held(whole)
    for index, (_, begin) in held.heads.items():
        for at in range(0, layout.SECTOR_HEAD_BYTES, 3):
            story = whole.copy()
            rot(story, begin + at, f"{name} {index} {at}")
            go_on(story, held, held.in_sector(index))


@pytest.mark.parametrize("name", BARE)
def test_what_rots_before_the_newest_record_is_told_at_boot_or_by_the_scrub(name: str) -> None:
    whole = lived(name)
    held = Held(whole)
    oldest = min(held.heads, key=lambda index: held.heads[index][0])
    for index in held.heads:
        of_sector = sorted(held.in_sector(index))
        if index == oldest or len(of_sector) < 2:
            continue  # it goes before anybody looks
        for sequence in (of_sector[len(of_sector) // 2 - 1], *([of_sector[-1]] if index != held.newest else [])):
            story = whole.copy()
            rot(story, held.places[sequence][1] + 3, f"{name} {sequence}")
            scrub(story)
            assert (records.FAULT_RECORDS, index, sequence) in faults(story)
        story = whole.copy()
        rot(story, held.heads[index][1] + 5, f"{name} head {index}")
        scrub(story)
        kinds = [kind for kind, sector, _ in faults(story) if sector == index]
        assert kinds == [records.FAULT_HEADER]


def scrub(story: JournalStory) -> None:
    """A boot, and quiet until every sector was looked at once."""
    log = story.open()
    for turn in range(1, SECTORS + 1):
        in_quiet(log, turn * SCRUB_MS)


@pytest.mark.parametrize("name", ["nor.station", "nor.station-ring"])
def test_a_unit_that_lost_a_record_or_the_newest_header_airs_no_counter_twice(name: str) -> None:
    whole = lived(name)
    cells = whole.chip.cells(settings.SECTORS, whole.sectors)
    sectors = [layout.read_sector(cells, index) for index in range(whole.sectors)]
    _, newest = max((sector.head.number, index) for index, sector in enumerate(sectors) if sector.head is not None)
    damaged = [newest * cells.sector_bytes + at for at in range(0, layout.SECTOR_HEAD_BYTES, 5)]
    for index, sector in enumerate(sectors):
        data = bytearray(cells.sector_bytes)
        cells.read(index * cells.sector_bytes, data)
        # The very last one looks like a torn write.
        for record in sector.records[: -1 if index == newest else None]:
            damaged.append(index * cells.sector_bytes + data.index(record.raw) + 5)
    for at in damaged:
        story = whole.copy()
        rot(story, settings.SECTORS * cells.sector_bytes + at, f"{name} {at}")
        story.marked = 0  # marks that were heard in those records are gone with them
        story.live(1)
        assert len(story.aired) == len(whole.aired) + story.uses
