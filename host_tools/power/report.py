"""One board, one role, one cell: everything that `interlock power` says, as data. Pure."""

from collections.abc import Sequence
from typing import Any

from interlock.core.airtime import FAST_MS
from interlock.core.settings import ROLE_CAMERA, ROLE_NAMES, Policy

from . import duty as duties
from . import hearing, reckon
from .figures import Figures, Range

BURST_INTERVALS_MS = (20, 50, 100)
UNMEASURED = (
    "Nothing of this was measured on a board: it is arithmetic on data sheets and on other people's measurements. "
    "docs/boards/bring-up.md says what to measure first."
)


def reckoned(
    figures: Figures, role: int, mah: float, policy: Policy, habits: duties.Habits, build: str,
    wakes: bool, floor_ms: int, scan_duties: Sequence[float], loss: float,
) -> dict[str, Any]:  # fmt: skip
    """The result as `host_tools/schemas/power.json` has it. `wakes`: whether pins end the board's deep sleep;
    `floor_ms`: its shortest advertising interval."""

    def modes_at(scan_duty: float, interval_ms: float) -> dict[str, reckon.Current]:
        found = duties.of_role(
            role, policy, habits, figures["poll"].typ, figures["program"].typ, figures["erase"].typ, interval_ms,
            scan_duty,
        )  # fmt: skip
        return {mode: reckon.current(figures, one, build) for mode, one in found.items()}

    floor = max(FAST_MS, floor_ms)
    can_sleep = wakes and policy.store_after_ms > 0
    currents = modes_at(1.0, floor)
    on_duty = reckon.shift(currents, habits)
    whole_day = reckon.day(currents, habits, policy.store_after_ms, wakes)
    on_shift = reckon.life(figures, mah, on_duty, habits)
    days = reckon.life(figures, mah, whole_day.scaled(1 / 24), None).hours.scaled(1 / 24)
    is_camera = bool(role & ROLE_CAMERA)
    points = []
    for interval_ms in sorted({floor, *(i for i in BURST_INTERVALS_MS if i >= floor)}):
        for scan_duty in scan_duties if is_camera else (1.0,):
            mean = reckon.shift(modes_at(scan_duty, interval_ms) if is_camera else currents, habits)
            heard = hearing.latency(interval_ms, duties.SCAN_MS, scan_duty, loss)
            points.append(
                {
                    "scan_duty": scan_duty,
                    "advertising_ms": interval_ms,
                    "is_today": scan_duty == 1.0 and interval_ms == floor,
                    "mean_ma": _range(mean),
                    "life_h": _range(reckon.life(figures, mah, mean).hours),
                    "latency_ms": {
                        "mean": _round(heard.mean_ms),
                        "p50": _round(heard.p50_ms),
                        "p99": _round(heard.p99_ms),
                    },
                }
            )
    return {
        "board": figures.board,
        "role": ROLE_NAMES[role],
        "build": build,
        "battery_mah": mah,
        "measured": False,
        "modes": [
            {
                "mode": mode,
                "what": duties.MODES[mode] if mode != duties.STORED or can_sleep else _why_not(wakes),
                "happens": mode != duties.STORED or can_sleep,
                "mean_ma": _range(one.mean_ma),
                "life_h": _range(reckon.life(figures, mah, one.mean_ma).hours),
                "costs": _costs(mode, figures, floor, loss, can_sleep),
                "by_consumer": {name: _range(value) for name, value in one.by_consumer.items()},
            }
            for mode, one in ((mode, currents[mode]) for mode in duties.MODES)
        ],
        "shift": {"hours": habits.shift_h, "mean_ma": _range(on_duty), "life_h": _range(on_shift.hours),
                  "shifts": _range(on_shift.shifts or on_shift.hours)},
        "day": {"mah": _range(whole_day), "days": _range(days)},
        "points": points,
        "assumptions": _assumptions(figures, policy, habits, build, wakes),
        "figures": [
            {"name": f.name, "unit": _unit_of(f.unit), "value": _range(f.value), "kind": f.kind, "source": f.source}
            for f in figures.by_name.values()
        ],
    }  # fmt: skip


def _why_not(wakes: bool) -> str:
    if not wakes:
        return "no pin of this board ends its deep sleep (or nobody can rely on it): it stays awake when put away"
    return "the policy's store_after_ms is 0: it stays awake when put away"


def _costs(mode: str, figures: Figures, floor_ms: float, loss: float, can_sleep: bool) -> str:
    """What this mode costs in latency, in words."""
    heard = hearing.latency(floor_ms, duties.SCAN_MS, 1.0, loss)
    if mode in (duties.WORN, duties.OUT):
        return (
            f"edge to frame: 2.5 ms in the mean, 5 at most, where an interrupt is lost; frame to camera: "
            f"{heard.mean_ms:.1f} ms in the mean, {heard.p99_ms:.0f} in 99 of 100"
        )
    if mode == duties.STOWED:
        return "as worn; leaving the holster is no draw while it is put away"
    if mode == duties.STORED:
        wake = figures["wake"]
        if not can_sleep:
            return "does not happen"
        return f"{wake.typ:.0f} ms ({wake.low:.0f} to {wake.high:.0f}) from the edge to the first line of the program"
    if figures.board.startswith("pico"):
        return "a weapon drawn ends the connection first, up to two connection intervals: its stack airs one thing only"
    return "as worn: the port advertises beside a connection"


def _assumptions(figures: Figures, policy: Policy, habits: duties.Habits, build: str, wakes: bool) -> list[str]:
    cell, usable = figures["cell"], figures["usable"]
    built = f"MicroPython as its port is delivered. {figures.radio_note}."
    if build != reckon.STOCK:
        built = (
            "A build with the radio's modem sleep switched on, which nobody has made or tried. What the firmware does "
            "today is --build stock."
        )
    sleeps = (
        "never, by policy" if not policy.store_after_ms else f"after {policy.store_after_ms / 60000:g} minutes put away"
    )
    return [
        built,
        "The firmware polls its contacts every 5 ms, so the processor never sleeps while a unit is awake; light sleep "
        "beside Bluetooth is not used on any port.",
        "A camera unit listens all the time; other scan duties are what-ifs which no setting offers.",
        f"Deep sleep: {sleeps if wakes else 'none on this board'}.",
        f"A shift has {habits.shift_h:g} h, {habits.uses:g} uses of {habits.use_s:g} s; a day {habits.away_h:g} h put "
        f"away off the dock, {habits.session_s:g} s with a technician; the dock charges.",
        f"By policy readiness each {policy.ready_every_ms / 1000:g} s, presence each "
        f"{policy.present_every_ms / 1000:g} s, renewal each {policy.renew_ms / 1000:g} s; "
        f"{habits.neighbours:g} advertising reports of strangers a second; {habits.missed:.0%} of frames missed.",
        f"Of the printed capacity {usable.typ:.0%} can be used ({usable.low:.0%} to {usable.high:.0%}: age, cold, "
        f"cut-off); the cell has {cell.typ:g} V in the mean, and loses {figures['self_discharge'].typ:g} % a month.",
        "Where a source names one value only, the range is a fifth of it either way; all extremes are taken together.",
        "Without the recorder's own supply or a connection to it over Bluetooth, and without what a development board "
        "adds (USB bridge, power LED).",
    ]


def _unit_of(unit: str) -> str:
    return {"uA": "mA", "us": "ms"}.get(unit, unit)


def _range(value: Range) -> dict[str, float]:
    return {"low": _round(value.low), "typ": _round(value.typ), "high": _round(value.high)}


def _round(value: float) -> float:
    """Four digits: more would pretend."""
    return float(f"{value:.4g}")
