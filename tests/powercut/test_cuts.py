"""Power fails at every flash operation, in recovery too: nothing reported is lost, nothing half done is seen.

Repeat one failure alone with the id that it prints: CUT=ring:17.bits/3.none pytest tests/powercut
"""

from collections.abc import Callable
from typing import Any

import pytest

from .stories import JournalStory, SettingsStory, StationStory
from .sweep import TEARS, sweep

ALL = tuple(TEARS)
SOME = ("none", "bits")
STORIES: dict[str, Callable[[], Any]] = {
    "fresh": lambda: JournalStory(before=0, count=14, tidy_every=3),
    "sector": lambda: JournalStory(before=3, count=8, tidy_every=0),
    "ring": lambda: JournalStory(before=26, count=10, tidy_every=2),
    "ring unprepared": lambda: JournalStory(before=27, count=10, tidy_every=0),
    "long records": lambda: JournalStory(before=20, count=8, tidy_every=0, payloads=(64,)),
    "settings": SettingsStory,
    "station": lambda: StationStory(uses=6),
    "station, ring full": lambda: StationStory(uses=7, before=12),
}


@pytest.mark.parametrize("name", STORIES)
def test_every_single_cut_is_survived(name: str) -> None:
    played = sweep(name, STORIES[name], 1, [ALL])
    print(f"{name}: {played} plans")


@pytest.mark.parametrize("name", STORIES)
def test_a_second_cut_in_the_recovery_or_after_it_is_survived(name: str) -> None:
    played = sweep(name, STORIES[name], 2, [SOME, SOME], stride=2)
    print(f"{name}: {played} plans")


@pytest.mark.deep
@pytest.mark.parametrize("name", STORIES)
def test_every_pair_of_cuts_with_every_tear_is_survived(name: str) -> None:
    played = sweep(name, STORIES[name], 2, [ALL, ALL])
    print(f"{name}: {played} plans")
