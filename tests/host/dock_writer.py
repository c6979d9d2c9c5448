"""A dock in a process of its own: `python -m tests.host.dock_writer NAME PLACE [TO]`.

Brings the same two journals as every other dock into the store at PLACE, part by part, and forwards them to TO after
each. A line that it prints, `SERIAL NEXT`, says that all before record NEXT is stored there. A server that is gone is
waited for. It ends when all is where it belongs."""

import random
import sys
import time
from pathlib import Path

from host_tools.outcome import Exit, ToolError
from host_tools.store.store import Store

from .journals import life

SERIALS = ("H1", "C1")
RECORDS = 24
PAUSE_S = 0.05


def main(name: str, place: str, to: str | None) -> None:
    chance = random.Random(name)
    lives = {serial: life(RECORDS, serial=serial) for serial in SERIALS}
    until = dict.fromkeys(SERIALS, 0)
    here = opened(place)
    there = None if to is None else opened(to)
    while min(until.values()) < RECORDS:
        serial = chance.choice([serial for serial in SERIALS if until[serial] < RECORDS])
        raws, chains = lives[serial]
        first = max(0, until[serial] - chance.randrange(4))
        end = min(RECORDS, until[serial] + chance.randint(1, 6))
        now_ms = 1000 + end
        insist(here.add, serial, first, chains[first], raws[first:end], epoch=0, by=name, utc_ms=now_ms)
        insist(here.custody, serial, name, "pulled", f"up to {end}", now_ms)
        if there is not None:
            # Only where it is the one that pulls: two docks have a unit one after the other.
            insist(here.note_head, serial, end, chains[end], utc_ms=now_ms)
            insist(here.forward, there)
        until[serial] = end
        print(serial, end, flush=True)


def insist(work, *args, **more):  # type: ignore[no-untyped-def]
    """Until the server is there again. What failed for another reason ends it."""
    while True:
        try:
            return work(*args, **more)
        except ToolError as error:
            if error.code != Exit.DEVICE:
                raise
            time.sleep(PAUSE_S)


def opened(place: str) -> Store:
    return insist(Store.open, place if "://" in place else Path(place))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else None)
