"""An STM32WB is not power-proof, and this is what that costs: `pyb.Flash` erases a whole page and writes it back, so a
cut between the two takes every record of the page that was being written. It takes no other, and recovery comes up.

The chip programs double words; its cache is the simulator's (`simulator/hardware/page_cache.py`)."""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from interlock.boards.nucleo_wb55 import BOARD
from interlock.core import layout
from interlock.core.journal import Journal
from interlock.core.reading import Reading

from .audit import SERIAL
from .catalogue import STORIES
from .stories import UNKNOWN_TYPE
from .sweep import branches, quick, sweep

PORT = "stm32wb"


def within_a_loop(work: Callable[[], Any]) -> Any:
    """The cache's timer wants one; it never gets its turn, as every write here is synced at once."""

    async def run() -> Any:
        return work()

    return asyncio.run(run())


def lost(story: Any) -> set[int]:
    """Records that were reported as written and are not there after the cut, while their sector was not the oldest."""
    reading = Reading(story.ring())
    held = {record.sequence for record in reading.records}
    return {sequence for sequence in story.known.written if sequence >= reading.first} - held


@pytest.mark.parametrize("name", ["fresh", "sector", "ring"])
def test_a_cut_takes_the_page_that_was_being_written_and_no_other_and_recovery_comes_up(name: str) -> None:
    def play() -> None:
        story = STORIES[name](PORT)
        tally: Counter[str] = Counter()
        for cut, branch in branches(story, 0, quick, lambda moment: True):
            log = Journal(branch.ring(), SERIAL, branch.carry)
            gone = lost(branch)
            tally["cuts"] += 1
            tally["cuts that lose records"] += bool(gone)
            tally["most records lost"] = max(tally["most records lost"], len(gone))
            if gone:
                # The newest ones, all from one on: those of one page.
                assert all(record.sequence < min(gone) for record in Reading(branch.ring()).records), cut
                assert max(gone) - min(gone) < branch.ring().sector_bytes // layout.OVERHEAD_BYTES
            sequence = log.append(UNKNOWN_TYPE, b"after the cut", 1)
            assert Journal(branch.ring(), SERIAL, branch.carry).sequence == sequence + 1
            assert Reading(branch.ring()).records[-1].payload == b"after the cut"
        print(f"{PORT}.{name}: {dict(tally)}")
        # What is shown is that it happens: between the erase of a page and the last of its double words.
        assert 0 < tally["cuts that lose records"] < tally["cuts"]
        assert tally["most records lost"] > 5

    within_a_loop(play)


@pytest.mark.parametrize("name", ["station", "seal-many"])
def test_what_other_boards_promise_is_broken_there(name: str) -> None:
    with pytest.raises(AssertionError, match=rf"CUT={PORT}\.{name}:"):
        within_a_loop(lambda: sweep(f"{PORT}.{name}", STORIES[name](PORT), [quick]))


def test_settings_survive_there_too_since_their_two_pages_are_written_in_turn() -> None:
    assert within_a_loop(lambda: sweep(f"{PORT}.settings", STORIES["settings"](PORT), [quick])).plans > 10


def test_the_board_says_so() -> None:
    assert not BOARD.power_proof
