"""This host's clock: units take their time from it, and every figure of the report rests on that."""

import ctypes
import datetime
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .finding import Finding, fail, ok, skipped, warn

if TYPE_CHECKING:
    from .surroundings import Surroundings

CHECK = "clock"
UNSYNCHRONISED = 5  # TIME_ERROR, adjtimex(2): the state in which nobody disciplines the clock
BUILT = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)  # no clock is right that shows less
ERROR_MS_MAX = 1000
_ADVICE = {
    "linux": "Switch it on: timedatectl set-ntp true (or run chrony). Offline: set it from a radio clock or a phone, "
    "and sync the units anew.",
    "darwin": "System Settings, General, Date & Time: set time and date automatically.",
    "win32": "Settings, Time & language, Date & time: set the time automatically; or, as administrator: w32tm /resync.",
}


@dataclass(frozen=True)
class ClockState:
    """`is_synchronised`: somebody disciplines it; `error_ms`: how far it may be off, as the system estimates that."""

    is_synchronised: bool
    error_ms: float | None = None


class _Timex(ctypes.Structure):
    """struct timex up to what is read, and room behind it (linux/timex.h; macOS begins its own the same way)."""

    _fields_ = [
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("room", ctypes.c_byte * 512),
    ]


def look(platform: str, run: Callable[[Sequence[str]], str | None]) -> ClockState | None:
    """None where the system does not say."""
    if platform == "win32":
        told = run(["w32tm", "/query", "/status"])
        return None if told is None else ClockState("3(" not in told.splitlines()[0] if told.strip() else False)
    try:
        library = ctypes.CDLL(None, use_errno=True)
        call = library.adjtimex if platform == "linux" else library.ntp_adjtime
    except (OSError, AttributeError):
        return None
    told_by_kernel = _Timex()
    state = call(ctypes.byref(told_by_kernel))  # modes 0: reads only
    if state < 0:
        return None
    error_ms = told_by_kernel.maxerror / 1000
    return ClockState(state != UNSYNCHRONISED, error_ms if sys.platform == "linux" else None)


def clock(around: "Surroundings", now: datetime.datetime) -> Finding:
    """Whether units may take their time from here."""
    advice = _ADVICE.get(around.platform, "Let it be set by a time server.")
    if now < BUILT:
        return fail(CHECK, f"this host's clock says {now:%Y-%m-%d %H:%M} UTC, which is long past", advice)
    state = around.clock()
    if state is None:
        return skipped(CHECK, f"the system does not say whether its clock ({now:%Y-%m-%d %H:%M} UTC) is synchronised")
    if not state.is_synchronised:
        return warn(CHECK, "nobody keeps this host's clock right, and units take their time from it", advice)
    if state.error_ms is not None and state.error_ms > ERROR_MS_MAX:
        return warn(CHECK, f"this host's clock may be off by {state.error_ms / 1000:.1f} s", advice)
    return ok(CHECK, "synchronised" if state.error_ms is None else f"synchronised within {state.error_ms:.0f} ms")


def zone(find: Callable[[str], object]) -> Finding:
    """Whether times of day can be told: of rosters and reports. `find`: ZoneInfo."""
    try:
        find("Europe/London")
    except (KeyError, ValueError, OSError):
        return fail("time zones", "this host has no time zone data", "pip install tzdata (Debian: apt install tzdata).")
    return ok("time zones", f"local time is {datetime.datetime.now().astimezone():%Z (UTC%z)}")
