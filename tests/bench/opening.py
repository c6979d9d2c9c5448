"""Rows: what a boot reads of its flash before it can journal, by the size of the ring."""

from interlock.core.journal import Journal
from interlock.core.seal import KEY_BYTES, Seal

from .nor import SECTOR_BYTES, Nor
from .rows import Row, Spec, by_id
from .workload import carried, rest, uses

RINGS = (13, 166, 237)  # sectors that the boards leave to it
SERIAL = b"BENCH001"
USES_A_SECTOR = 16  # rather more than there are: so many openings meet a sector that is all but full

SPECS = (
    *(
        Spec(f"opening.{sectors}.{what}", f"opening a ring of {sectors} sectors, at most: {text}", unit, beside)
        for sectors in RINGS
        for what, text, unit, beside in (
            ("bytes", "bytes read", "bytes", "the ring"),
            ("reads", "reads", "reads", "one a sector"),
        )
    ),
    Spec("opening.keys.reads", "opening the seal's keys: reads", "reads", "one a sector"),
)


class Unit:
    """A journal with its flash and its seal's keys, which can be opened again and again."""

    def __init__(self, sectors: int) -> None:
        self.ring, self.keys = Nor(sectors), Nor(2)
        seal = Seal(self.keys, 0)
        seal.give(bytes(range(KEY_BYTES)))
        self.log = Journal(self.ring, SERIAL, carried, seal)
        rest(self.log, 0)

    def openings(self) -> list[tuple[int, int]]:
        """What openings read, as `opened` gives it: empty, and after each use while a full ring goes on by a sector."""
        found = [self.opened()]
        for uptime_ms, kind, payload, is_last in uses(self.ring.size):
            self.log.append(kind, payload, uptime_ms)
            if is_last:
                rest(self.log, uptime_ms)
                if self.log.first > 0:
                    found.append(self.opened())
                if len(found) > USES_A_SECTOR:
                    break
        return found

    def opened(self) -> tuple[int, int]:
        """(reads, bytes read) of opening it now."""
        self.ring.reset()
        Journal(self.ring, SERIAL, carried, Seal(self.keys, 0))
        return self.ring.reads, self.ring.read_bytes


def rows() -> list[Row]:
    specs, out = by_id(SPECS), []
    for sectors in RINGS:
        openings = Unit(sectors).openings()
        reads, read_bytes = (max(each) for each in zip(*openings, strict=True))
        out += [
            specs[f"opening.{sectors}.bytes"].row(read_bytes, sectors * SECTOR_BYTES),
            specs[f"opening.{sectors}.reads"].row(reads, sectors),
        ]
    keys = Unit(RINGS[0]).keys
    keys.reset()
    Seal(keys, 0)
    return [*out, specs["opening.keys.reads"].row(keys.reads, 2)]
