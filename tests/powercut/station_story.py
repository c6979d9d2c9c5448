"""A whole unit that airs frames and hears its partner, life after life, on one chip: settings area and journal."""

from contextlib import suppress
from typing import Any

from interlock.core import records, settings
from interlock.core.layout import SECTOR_HEAD_BYTES
from interlock.core.settings import DEFAULT_POLICY, DEFAULT_RECORDER, NO_KEY, PAIRED, ROLE_COMBINED, Partner, Settings
from interlock.station import Station

from .audit import SERIAL, Acknowledged, Verified, era_key
from .chip import Chip, Cut, Operation
from .stories import UNKNOWN_TYPE, fill


class SilentRadio:
    """Nothing is aired: a station's counters and journal are what is looked at."""

    retry_at = None

    def advertise(self, frame: bytes, interval_ms: int) -> bool:
        return True

    def silence(self) -> bool:
        return True


def config(role: int = ROLE_COMBINED) -> Settings:
    partners = [Partner(2, ROLE_COMBINED, PAIRED, b"p" * 32, b"q" * 32)]
    return Settings(1, SERIAL, 1, role, b"u" * 32, b"g" * 32, NO_KEY, partners, DEFAULT_POLICY, *DEFAULT_RECORDER)


class StationStory:
    """`uses`: frames aired in a life; `begin`: (number of the journal's newest sector, bytes left in it) before the
    first that is cut, and `unsealed` records under the present seal key; `silent`: frames that a life airs before them
    and does not journal, as renewals are; `sectors`: of the journal."""

    outlives_death = False  # a draw is aired all the same, with a counter that nobody reserved

    def __init__(
        self,
        port: str,
        uses: int,
        begin: tuple[int, int] = (0, 4096),
        *,
        unsealed: int = 0,
        silent: int = 0,
        sectors: int = 4,
        sector_bytes: int | None = None,
    ) -> None:
        self.chip = Chip(port, settings.SECTORS + sectors, sector_bytes)
        self.sectors = sectors
        self.uses, self.silent = uses, silent
        self.known = Acknowledged()
        self.aired: set[int] = set()
        self.heard = 0
        self.marked = 0
        self.boots = 0
        self.now = 0
        self.recovering = True
        self.begin(*begin)
        self.live(0)
        station = self.open()
        self.boots = station.journal.boot
        for _ in range(unsealed):
            self.record(station, UNKNOWN_TYPE, b"")
        self.check()

    def copy(self) -> Any:
        other = type(self).__new__(type(self))
        other.__dict__.update(self.__dict__, chip=self.chip.copy(), known=self.known.copy(), aired=set(self.aired))
        return other

    def keep(self) -> Any:
        return self.chip.area(0, settings.SECTORS)

    def ring(self) -> Any:
        return self.chip.area(settings.SECTORS, self.sectors)

    def open(self) -> Station:
        radio: Any = SilentRadio()
        return Station(config(), self.ring(), self.keep(), radio, lambda: self.now & 0x3FFFFFFF, 1)

    def begin(self, number: int, left_bytes: int) -> None:
        """What is done once, before all lives: the vault gives a seal key, and the ring fills."""
        station = self.open()
        self.boots = station.journal.boot
        station.reseal(era_key(1))
        fill(self.ring(), number, left_bytes, lambda: self.record(station, UNKNOWN_TYPE, b""))

    def live(self, life: int) -> None:
        self.recovering = True
        station = self.open()
        assert station.marks.get(2, 0) >= self.marked, "a mark that was journalled is forgotten: replay is open"
        assert station.journal.boot > self.boots, "a boot number is used twice"
        self.boots = station.journal.boot
        station.reserve()
        self.recovering = False
        self.work(station)

    def work(self, station: Station) -> None:
        for _ in range(self.silent):
            self.air(station)
        for i in range(self.uses):
            self.now += 2000
            self.use(station, i)
            station.reserve()
            if i % 5 == 4:
                station.tidy()

    def air(self, station: Station) -> int:
        counter = station.use_counter()
        assert counter > max(self.aired, default=0), f"counter {counter} is not behind all that were used"
        self.aired.add(counter)
        return counter

    def use(self, station: Station, i: int) -> None:
        counter = self.air(station)
        event = (1, 0, counter, 1, 1, records.AGO_NONE, 0)
        self.record(station, records.EVENT, records.pack(records.EVENT, *event))
        if i % 3 == 0:
            self.heard += 1
            station.receiver.marks[2] = self.heard
            heard = (2, self.heard, 1, 0x10, bytes(4))
            if self.record(station, records.HEARD, records.pack(records.HEARD, *heard)):
                self.marked = self.heard

    def tear_first_record(self) -> None:
        """A battery just too weak: in the next life what is small succeeds, the first record is torn."""
        chip = self.chip
        chip.arm(None)

        def watch(operation: Operation) -> None:
            if operation.data is not None and len(operation.data) != SECTOR_HEAD_BYTES:
                chip.arm(Cut(operation.number, "bits"))

        chip.watcher = watch

    def record(self, station: Station, kind: int, payload: bytes) -> bool:
        """As roles do, with note taken."""
        self.known.pending.add((kind, payload))
        if not station.record(kind, payload):
            return False
        self.known.written[station.journal.sequence - 1] = (kind, payload)
        return True

    def check(self) -> Verified:
        return self.known.check(self.chip.cells(settings.SECTORS, self.sectors))


class SettingsStory:
    """Settings replaced life after life: always the old ones or the new ones."""

    recovering = outlives_death = True

    def __init__(self, port: str) -> None:
        self.chip = Chip(port, settings.SECTORS, 1024 if port == "nor" else None)
        self.allowed: list[Settings | None] = [None]
        self.store(1)

    def copy(self) -> "SettingsStory":
        other = SettingsStory.__new__(SettingsStory)
        other.chip, other.allowed = self.chip.copy(), list(self.allowed)
        return other

    def area(self) -> Any:
        return self.chip.area(0, settings.SECTORS)

    def store(self, revision: int) -> None:
        area = self.area()
        wanted = config()._replace(revision=revision, serial=b"SET%05d" % revision)
        self.allowed = [settings.load(area), wanted]
        settings.store(area, wanted)
        self.allowed = [wanted]

    def live(self, life: int) -> None:
        for _ in range(2):
            present = settings.load(self.area())
            assert present is not None
            with suppress(OSError):
                self.store(present.revision + 1)

    def check(self) -> None:
        assert settings.load(self.area()) in self.allowed, "neither the old settings nor the new ones are in force"
