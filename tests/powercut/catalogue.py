"""All stories by name, `port.story`. Names are parts of the ids that failures print."""

from collections.abc import Callable
from functools import cache
from typing import Any

from tests.core.signer_world import TINY, TINY_TWO

from .seal_story import SealStory
from .signer_story import CheckpointStory, KeyStory
from .station_story import SettingsStory, StationStory
from .stories import JournalStory

# A seal's key evolves after 64 records in one sector: these many before a life let it do so.
NEARLY = 55


def _larger(port: str, sector_bytes: int) -> int | None:
    """Some stories want larger sectors than a bare journal does."""
    return sector_bytes if port == "nor" else None


def _worn(port: str) -> int:
    """In the middle of the ring's second sector, which is the next one behind number 4."""
    return (512 if port == "nor" else 4096) * 3 // 2


def _seal(port: str, left_bytes: int, number: int = 0, *, turns: bool = False) -> SealStory:
    """A key that evolves after some records; `turns`: into a sector of its log that is to be erased for it."""
    evolved = 2 * ((2048 if port == "nor" else 4096) // 24) - 2 if turns else 0
    return SealStory(port, (number, left_bytes), 12, unsealed=NEARLY, evolved=evolved, sector_bytes=_larger(port, 2048))


STORIES: dict[str, Callable[[str], Any]] = {
    "fresh": lambda port: JournalStory(port, (-1, 0), 14, tidy_every=3),
    "sector": lambda port: JournalStory(port, (0, 200), 9),
    "ring": lambda port: JournalStory(port, (5, 160), 12, tidy_every=2),
    "ring-unprepared": lambda port: JournalStory(port, (4, 260), 12),
    "ring-rest": lambda port: JournalStory(port, (4, 260), 2, rests=True),
    "ring-worn": lambda port: JournalStory(port, (4, 220), 12, tidy_every=3, stuck=_worn(port)),
    "long-records": lambda port: JournalStory(port, (4, 260), 8, payloads=(64,)),
    "seal-many": lambda port: _seal(port, 1980),
    "seal-ring": lambda port: _seal(port, 1640, number=5),
    "seal-sector": lambda port: _seal(port, 1980, number=3, turns=True),
    "seal-quiet": lambda port: SealStory(port, (4, 160), 20, quiet=True),
    "seal-given": lambda port: SealStory(port, (0, 300), 7, gives=True),
    "settings": SettingsStory,
    "station": lambda port: StationStory(port, 6, sector_bytes=_larger(port, 1024)),
    "station-ring": lambda port: StationStory(port, 7, (5, 860), sector_bytes=_larger(port, 1024)),
    "weak-battery": lambda port: StationStory(port, 6, sectors=6, sector_bytes=_larger(port, 1024)),
    "station-long": lambda port: StationStory(port, 9, (0, 2400), silent=150, unsealed=52, sector_bytes=4096),
}
# They need the sectors of a real port.
SIGNING: dict[str, Callable[[str], Any]] = {
    "key": lambda port: KeyStory(port, TINY),
    "key-replaced": lambda port: KeyStory(port, TINY, old=TINY_TWO),
    "key-two": lambda port: KeyStory(port, TINY_TWO, old=TINY),
    "checkpoint": lambda port: CheckpointStory(port, TINY),
    "checkpoint-two": lambda port: CheckpointStory(port, TINY_TWO, used=3),
}
REAL_PORTS = ("esp32", "rp2")
NAMES = (
    *(f"nor.{story}" for story in STORIES),
    *(f"{port}.{story}" for port in REAL_PORTS for story in (*STORIES, *SIGNING)),
)


@cache
def _told(name: str) -> Any:
    port, _, story = name.partition(".")
    return (STORIES | SIGNING)[story](port)


def story_of(name: str) -> Any:
    """The story before its first life. KeyError when there is none of that name."""
    return _told(name).copy()
