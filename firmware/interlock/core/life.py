"""A unit's life: what each boot adds to its counters, when it goes by the default figures, and when it may sleep. Pure.

`begun` and `healthy` are for the boots, `MACHINE` for the day: *worn* (awake), *service* (docked, or asked for by the
button), *stored* (deep sleep). What sleeps, and what wakes it: `firmware/README.md`, "Stored". A weapon in its holster
never lets its unit sleep.
"""

from collections import namedtuple

from . import records
from .machine import Machine, Rule, State
from .settings import DEFAULT_POLICY, Policy
from .ticks import ticks_add

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from typing import Any

    from .machine import Effect

# Of the unit's whole life: `row` bad boots without a healthy one; resets that nobody meant, crashes, boots of a cell
# that was low, flash faults; `healthy`: the newest revision of settings that it was well under; `fallen`: the revision
# whose figures it does not go by, since it was not well under them; `crash`: tells the last exception (the loader's
# mark).
Life = namedtuple("Life", ("row", "resets", "crashes", "brown_outs", "faults", "healthy", "fallen", "crash"))
NO_CRASH = bytes(4)
FIRST_REVISION = 1  # what a unit is set up with is nobody's change
NEW = Life(0, 0, 0, 0, 0, FIRST_REVISION, 0, NO_CRASH)
ROW_MAX = 3
_DECIDED = range(17, 22)  # of Policy: `on_draw` to `stop_after_hold`
HEALTHY_MS = 60000  # a boot that lasts so long is no bad one
_MOST = 0xFFFF


def begun(life: Life, flags: int, crash: bytes, revision: int) -> tuple[Life, int]:
    """A boot begins: (life, flags). `flags`: LIFE_UNMEANT, _CRASHED, _LOW_CELL, _WOKEN of `records.py`; `crash`: the
    exception's mark; `revision`: of the settings, 0 without any. LIFE_FALLBACK joins the flags while the default
    figures hold: three bad boots in a row, under settings that it has not been well under yet, are held against them.
    """
    row, resets, crashes, brown_outs, faults, well, fallen, last = life
    crashed = bool(flags & records.LIFE_CRASHED)
    unmeant = bool(flags & records.LIFE_UNMEANT) and not crashed
    if crashed:
        last = crash
    if crashed or unmeant:
        row = min(row + 1, ROW_MAX)
    if row == ROW_MAX and revision > well and fallen != revision:
        row, fallen = 0, revision
    if revision and fallen == revision:
        flags |= records.LIFE_FALLBACK
    counts = (_plus(resets, unmeant), _plus(crashes, crashed), _plus(brown_outs, flags & records.LIFE_LOW_CELL))
    return Life(row, counts[0], counts[1], counts[2], faults, well, fallen, last), flags


def healthy(life: Life, revision: int) -> Life:
    """It has been well for HEALTHY_MS under these settings, or under the default figures in their stead."""
    _, resets, crashes, brown_outs, faults, well, fallen, crash = life
    well = well if fallen == revision else max(well, revision)
    return Life(0, resets, crashes, brown_outs, faults, well, fallen, crash)


def default_figures(policy: "Policy") -> "Policy":
    """The default figures, for a unit that was not well under these. What is no figure stays: whom an event concerns,
    covert, whether a recording is stopped; and what is 0, which is never or at once."""
    figures = []
    for at, (own, default) in enumerate(zip(policy, DEFAULT_POLICY)):  # MicroPython's zip has no strict
        figures.append(own if not own or at in _DECIDED else default)
    return Policy(*figures)


def with_faults(life: Life, faults: int) -> Life:
    """So many more flash faults."""
    return Life(*(life[:4] + (min(life.faults + faults, _MOST),) + life[5:]))


def pack(what: int, detail: int, life: Life) -> bytes:
    """The payload of a LIFE record."""
    return records.pack(records.LIFE, what, detail, *life)


def unpack(fields: "Any") -> Life:
    """The Life that a LIFE record's fields tell."""
    return Life(*fields[2:])


def _plus(count: int, one: int) -> int:
    return min(count + 1, _MOST) if one else count


# The day.

WORN = 0
SERVICE = 1
STORED = 2
MODE_NAMES = {WORN: "worn", SERVICE: "service", STORED: "stored"}

REST = 0  # data: after so many ms of rest it may sleep; 0: it may not
STIR = 1  # something wants it
OPEN = 2  # service begins
SHUT = 3
STORE = 4
EVENT_NAMES = {REST: "at rest", STIR: "wanted", OPEN: "service opens", SHUT: "service closes", STORE: "rested"}

SLEEP = 0  # effect: go to sleep now


class DayState(State):
    """`store_at`: when it has rested for long enough."""

    FIELDS = ("mode", "store_at")
    TIMERS = (("store_at", STORE),)

    def __init__(self) -> None:
        self.mode = WORN
        self.store_at: int | None = None


def _begins(state: DayState, data: int, now: int, policy: "Policy") -> bool:
    return state.store_at is None and data > 0


def _count(state: DayState, data: int, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    state.store_at = ticks_add(now, data)


def _stop(state: DayState, data: int, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    state.store_at = None


def _sleep(state: DayState, data: int, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    effects.append((SLEEP,))


MACHINE = Machine(
    (
        Rule((WORN,), REST, "rest begins", None, ("count",)),
        Rule((WORN,), STORE, None, STORED, ("sleep",)),
        Rule((WORN, STORED), STIR, None, WORN, ("stop",)),
        Rule((WORN, STORED), OPEN, None, SERVICE, ("stop",)),
        Rule((SERVICE,), SHUT, None, WORN, ()),
    ),
    {"rest begins": _begins},
    {"count": _count, "stop": _stop, "sleep": _sleep},
)
