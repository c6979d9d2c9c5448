"""A true story, and the journals that units which lived it would have written: weapon, cameras, frames, acks, clocks.

Time is the world's, in ms. Each unit has boots, and in each a clock that started at some moment and runs at its own
rate. A camera follows the weapon's frames as far as it hears them, but whether its recorder records is the story's
affair, not its own: it journals and acks what is so. Truth is known, so a verdict can be held against it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from hypothesis import strategies as st

from host_tools.judging.evidence import UnitJournal
from host_tools.judging.table import GRACE_MS
from interlock.core import camera, frames, records
from interlock.core.layout import Record, chain_start, encode
from interlock.core.seal import OpenSeal
from interlock.core.settings import ROLE_CAMERA, ROLE_HOLSTER

WEAPON = 1
UTC_MS = 1_800_000_000_000
START_MS = 3_600_000.0  # the first event of the story, in the world's time


@dataclass(frozen=True)
class Take:
    """A recording that there really was: from `begin_ms` to `end_ms`, infinite: to the story's end and beyond."""

    begin_ms: float
    end_ms: float

    def has(self, ms: float) -> bool:
        return self.begin_ms <= ms <= self.end_ms


@dataclass(frozen=True)
class Clock:
    """`zero_ms`: when it started; `ppm`: how much too fast it runs."""

    zero_ms: float
    ppm: float

    def at(self, ms: float) -> int:
        return max(0, math.floor((ms - self.zero_ms) * (1 + self.ppm / 1e6)))


@dataclass(frozen=True)
class Happening:
    """An event of the weapon at `ms`; `heard`: for each camera after how many ms its frame was heard, None: never;
    `answered`: and after how many more its ack was heard, None: never."""

    ms: float
    event: int
    heard: tuple[float | None, ...]
    answered: tuple[float | None, ...]


@dataclass(frozen=True)
class CameraStory:
    """`is_own`: it acks; others only follow. `has_restart_ms`: when its unit started anew, None: never; `pulled_ms`:
    records behind this moment are not here, None: no journal of it is; `hole`: this part of its records is lost;
    `host_ms`: how far the host's clock was ahead that set its."""

    is_own: bool
    clock: Clock
    takes: tuple[Take, ...]
    restart_ms: float | None
    pulled_ms: float | None
    hole: tuple[float, float] | None
    sync_ms: float | None
    host_ms: float = 0.0

    @property
    def starts(self) -> tuple[float, ...]:
        return (self.clock.zero_ms,) if self.restart_ms is None else (self.clock.zero_ms, self.restart_ms)

    @property
    def clocks(self) -> list[Clock]:
        """Of each boot."""
        return [Clock(start_ms, self.clock.ppm) for start_ms in self.starts]

    def at(self, ms: float, in_boot_of_ms: float | None = None) -> int:
        """Its uptime then, in the boot of that moment, or of another one."""
        of_ms = ms if in_boot_of_ms is None else in_boot_of_ms
        return next(clock for clock in reversed(self.clocks) if clock.zero_ms <= of_ms).at(ms)


@dataclass(frozen=True)
class Story:
    """`host_ms`: how far the host's clock was ahead that set the weapon's."""

    clock: Clock
    sync_ms: float | None
    happenings: tuple[Happening, ...]
    cameras: tuple[CameraStory, ...]
    end_ms: float
    host_ms: float = 0.0

    @property
    def back_ms(self) -> float:
        """When the weapon was back for good."""
        return self.happenings[-1].ms

    def back_of(self, event: Happening) -> float:
        """When the weapon was back after this event."""
        return next(one.ms for one in self.happenings if one.event == frames.REHOLSTER and one.ms >= event.ms)

    def lateness_of(self, takes: Sequence[Take], event: Happening) -> list[float]:
        """By how many ms each of these recordings began after the event, if it still counts as one of it."""
        until_ms = self.back_of(event) + GRACE_MS
        return [take.begin_ms - event.ms for take in takes if event.ms < take.begin_ms <= until_ms]

    @property
    def numbers(self) -> tuple[int, ...]:
        return tuple(range(2, 2 + len(self.cameras)))


@dataclass
class Entry:
    ms: float
    kind: int
    payload: bytes
    order: int = 0


@dataclass
class Journal:
    """Entries in the world's time, to be written by a unit's clocks."""

    unit: int
    role: int
    entries: list[Entry] = field(default_factory=list)

    def note(self, ms: float, kind: int, *fields: object) -> None:
        self.entries.append(Entry(ms, kind, records.pack(kind, *fields), len(self.entries)))  # type: ignore[arg-type]

    def written(
        self, clocks: Sequence[Clock], until_ms: float = math.inf, hole: tuple[float, float] | None = None
    ) -> tuple[Record, ...]:
        """`clocks`: of each boot, in order."""
        chain, found = chain_start(f"U{self.unit}".encode().ljust(8)), []
        for number, entry in enumerate(sorted(self.entries, key=lambda entry: (entry.ms, entry.order))):
            boot = max(at for at, clock in enumerate(clocks) if at == 0 or clock.zero_ms <= entry.ms)
            uptime_ms = clocks[boot].at(entry.ms)
            raw, chain = encode(entry.kind, number, boot + 1, uptime_ms, entry.payload, chain, OpenSeal())
            if entry.ms <= until_ms and not (hole and hole[0] <= entry.ms <= hole[1]):
                found.append(Record(raw))
        return tuple(found)


def journals(story: Story) -> list[UnitJournal]:
    """Those that are here, as `gather` takes them."""
    weapon = Journal(WEAPON, ROLE_HOLSTER)
    books = [Journal(number, ROLE_CAMERA) for number in story.numbers]
    if story.sync_ms is not None:
        weapon.note(story.sync_ms, records.CLOCK, 2, round(UTC_MS + story.sync_ms + story.host_ms), 20, 0)
    for number, (book, told) in enumerate(zip(books, story.cameras, strict=True)):
        _recorder(book, told, story)
        _follow(weapon, book, told, number, story)
    for counter, event in enumerate(story.happenings, 10):
        weapon.note(event.ms, records.EVENT, event.event, 0, counter, 0, 0, records.AGO_NONE, 0)
    found = [UnitJournal(WEAPON, ROLE_HOLSTER, weapon.written([story.clock]), True)]
    for book, told in zip(books, story.cameras, strict=True):
        if told.pulled_ms is None:
            continue
        kept = book.written(told.clocks, told.pulled_ms, told.hole)
        is_whole = told.pulled_ms >= story.end_ms and len(kept) == len(book.entries)
        found.append(UnitJournal(book.unit, ROLE_CAMERA, kept, is_whole))
    return found


def _recorder(book: Journal, told: CameraStory, story: Story) -> None:
    """What the unit saw of the tally: at its starts, and at every edge between. It believes what it saw begin, and what
    it finds on when it starts anew, if it believed it before."""
    for start_ms in told.starts:
        book.note(start_ms, records.BOOT, 1, 0, 1, 0)
        on = any(take.has(start_ms) for take in told.takes)
        is_sound = not on or _believed(told, start_ms) is not None
        mode = camera.HOLDING if on else camera.STANDBY
        book.note(start_ms, records.RECORDER, mode, int(on), int(is_sound), 0, 300)
    for take in told.takes:
        if take.begin_ms > told.clock.zero_ms:
            book.note(take.begin_ms, records.RECORDER, camera.RECORDING, 1, 1, 0, 300)
        if told.clock.zero_ms < take.end_ms < story.end_ms:
            book.note(take.end_ms, records.RECORDER, camera.STANDBY, 0, 1, 0, 0)
    if told.sync_ms is not None:
        book.note(told.sync_ms, records.CLOCK, 2, round(UTC_MS + told.sync_ms + told.host_ms), 20, 0)


def _follow(weapon: Journal, book: Journal, told: CameraStory, number: int, story: Story) -> None:
    """What it hears of the weapon's frames, and how it answers: at once, and, while the weapon is out for all that it
    knows, once more when a recording begins."""
    news: list[tuple[float, int, float | None]] = []
    out: tuple[int, float, float | None] | None = None
    for counter, event in enumerate(story.happenings, 10):
        after_ms = event.heard[number]
        heard_ms = event.ms if after_ms is None else event.ms + after_ms
        if out is not None and (after_ms is not None or event.event == frames.REHOLSTER):
            # A weapon that is back hears nothing any more.
            begun = [take.begin_ms for take in told.takes if out[1] < take.begin_ms < heard_ms]
            news += [(begin_ms, out[0], out[2]) for begin_ms in begun]
            out = None
        if after_ms is None:
            continue
        back_ms = event.answered[number]
        book.note(heard_ms, records.HEARD, WEAPON, counter, 1 if told.is_own else 4, event.event << 4, bytes(4))
        news.append((heard_ms, counter, back_ms))
        out = None if event.event == frames.REHOLSTER else (counter, heard_ms, back_ms)
    for frame, (built_ms, counter, back_ms) in enumerate(sorted(news), 1000):
        if told.is_own:
            _ack(weapon, book, told, (built_ms, counter, back_ms))
        elif back_ms is not None and _believed(told, built_ms) is not None:
            book.note(built_ms, records.AIRED, frame, frames.RECORDING)
            weapon.note(built_ms + back_ms, records.WITNESS, book.unit, frame, bytes(4))


def _ack(weapon: Journal, book: Journal, told: CameraStory, news: tuple[float, int, float | None]) -> None:
    built_ms, counter, back_ms = news
    take = _believed(told, built_ms)
    kind = frames.HEARD if take is None else frames.PROVEN
    begun_ms = max(start_ms for start_ms in told.starts if start_ms <= built_ms)
    # A unit that started anew counts from its start.
    since_ms = 0 if take is None else told.at(built_ms) - told.at(max(take.begin_ms, begun_ms), built_ms)
    book.note(built_ms, records.ANSWER, WEAPON, counter, kind << 4)
    if back_ms is not None:
        fields = (book.unit, counter, kind << 4, min(since_ms, 0xFFFFFF), 30, bytes(4))
        weapon.note(built_ms + back_ms, records.ACK, *fields)


def _believed(told: CameraStory, ms: float) -> Take | None:
    """The recording that runs then, if the unit saw it begin."""
    return next((take for take in told.takes if take.has(ms) and take.begin_ms > told.clock.zero_ms), None)


# Stories.

_ppm = st.floats(-95, 95, allow_nan=False)
_LAG = st.one_of(st.none(), st.floats(1, 60), st.floats(1, 60), st.floats(1, 3_000))
_QUICK = st.floats(1, 60)
_KINDS = st.lists(st.sampled_from([frames.DRAW, frames.ARM, frames.DISCHARGE]), min_size=1, max_size=3)


def _takes(draw: st.DrawFn, from_ms: float, span_ms: float) -> tuple[Take, ...]:
    """Recordings that follow each other, 300 ms apart at least."""
    found = []
    at_ms = from_ms
    for _ in range(draw(st.integers(0, 4))):
        at_ms += draw(st.one_of(st.floats(300, 3_000), st.floats(300, span_ms)))
        lasts_ms = draw(st.one_of(st.just(math.inf), st.floats(20, 2_000), st.floats(20, span_ms)))
        found.append(Take(at_ms, at_ms + lasts_ms))
        at_ms += lasts_ms
        if math.isinf(at_ms):
            break
    return tuple(found)


def _happenings(draw: st.DrawFn, count: int, long_ms: float, lag: st.SearchStrategy[float | None]) -> list[Happening]:
    """One use or two. A frame is on the air until the next one: it is heard until then, or never."""
    moments = [START_MS]
    kinds = [kind for _ in range(draw(st.integers(1, 2))) for kind in (*draw(_KINDS), frames.REHOLSTER)]
    for _ in kinds:
        moments.append(moments[-1] + draw(st.one_of(st.floats(200, 3_000), st.floats(200, long_ms))))
    found = []
    for kind, ms, next_ms in zip(kinds, moments, moments[1:], strict=False):
        heard = [draw(lag) for _ in range(count)]
        in_time = tuple(after if after is not None and ms + after < next_ms else None for after in heard)
        found.append(Happening(ms, kind, in_time, tuple(draw(lag) for _ in range(count))))
    return found


def _camera(draw: st.DrawFn, number: int, story: tuple[float, float, float], is_calm: bool) -> CameraStory:
    """`is_calm`: it acks, its journal is here, and it has seen every recording begin."""
    back_ms, end_ms, long_ms = story
    clock = Clock(START_MS - draw(st.floats(20_000, 3_000_000)), draw(_ppm))
    first_ms = START_MS - draw(st.sampled_from([200.0, 3_000.0, long_ms]))
    takes = _takes(draw, max(clock.zero_ms + (3_000 if is_calm else -1_000), first_ms), back_ms - START_MS + 15_000)
    sync_ms = draw(st.one_of(st.none(), st.floats(clock.zero_ms + 1_000, START_MS)))
    if is_calm:
        return CameraStory(True, clock, takes, None, math.inf, None, sync_ms)
    restart_ms = draw(st.one_of(st.none(), st.none(), st.floats(START_MS - 2_000, back_ms + 5_000)))
    pulled_ms = draw(st.sampled_from([math.inf, math.inf, math.inf, None, START_MS + 2_000]))
    hole_ms = draw(st.one_of(st.none(), st.none(), st.floats(START_MS - 5_000, end_ms)))
    hole = None if hole_ms is None else (hole_ms, hole_ms + draw(st.floats(0, 9_000)))
    return CameraStory(number == 0 or draw(st.booleans()), clock, takes, restart_ms, pulled_ms, hole, sync_ms)


@st.composite
def stories(draw: st.DrawFn, *, is_calm: bool = False) -> Story:
    """One or two cameras; the weapon is out for seconds, minutes or hours. `is_calm`: all journals are here, and every
    frame and ack was heard at once."""
    long_ms = draw(st.sampled_from([10_000.0, 60_000.0, 6 * 3_600_000.0]))
    count = draw(st.integers(1, 2))
    events = _happenings(draw, count, long_ms, _QUICK if is_calm else _LAG)
    end_ms = events[-1].ms + 120_000
    cameras = tuple(_camera(draw, number, (events[-1].ms, end_ms, long_ms), is_calm) for number in range(count))
    clock = Clock(START_MS - draw(st.floats(1_000, 3_000_000)), draw(_ppm))
    sync_ms = draw(st.one_of(st.none(), st.floats(clock.zero_ms + 10, START_MS - 10)))
    return Story(clock, sync_ms, tuple(events), cameras, end_ms)


HOSTS_MS = (0.0, 0.0, 5_000.0, -60_000.0, 3_600_000.0, -3_600_000.0, 20 * 86_400_000.0)


@st.composite
def wrong_hosts(draw: st.DrawFn) -> Story:
    """As calm ones, where hosts' clocks were wrong, by seconds to weeks."""
    story = draw(stories(is_calm=True))
    host = st.sampled_from(HOSTS_MS)
    cameras = tuple(replace(told, host_ms=draw(host)) for told in story.cameras)
    return replace(story, cameras=cameras, host_ms=draw(host))
