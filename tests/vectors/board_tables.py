"""Tables of `docs/boards/`: what to measure on the first real board, and what is expected; the power tables.

Everything that the simulator or the power model takes for granted has a row here; what is new and has none is a
KeyError, so nobody forgets it.
"""

from pathlib import Path
from types import MappingProxyType
from typing import Any

from host_tools.power import duty, figures, reckon, report
from host_tools.power.figures import Range
from host_tools.wiring.files import boards
from interlock.core.settings import DEFAULT_POLICY, ROLE_CAMERA, ROLE_HOLSTER
from simulator.profiles import CHIPS
from simulator.profiles.costs import cost_names

DOCS = Path(__file__).parents[2] / "docs" / "boards"
BRING_UP = DOCS / "bring-up.md"
POWER = DOCS / "power.md"
BATTERY_MAH = 1000

COSTS = MappingProxyType(
    {
        "boot_us": "scope: supply or reset line against `led`, set in main.py's first line",
        "tick_us": "loop of 10,000 `time.ticks_us()` and a comparison, divided",
        "rest_us": "loop of 1,000 `door.idle` with a deadline that is past, divided",
        "handler_us": "scope: a pulse on the sender's antenna (its own pin set at `gap_advertise`) against a pin set "
        "first in the handler; at once also `micropython.schedule` to its function",
        "pin_irq_us": "scope: edge on an input against a pin that its soft handler sets first; median and p99 of 1,000",
        "hard_irq_us": "the same with `hard=True`, where there is one",
        "timer_us": "scope: `Timer` of 10 ms, jitter and delay of a pin that its callback sets",
        "sha256_call_us": "10,000 digests of 0 bytes, divided by three calls each",
        "sha256_block_us": "1,000 digests of 6,400 bytes less the calls, divided by 100 blocks",
        "aes_block_us": "where there is `cryptolib`: 10,000 blocks, divided",
        "adv_start_us": "scope: pin set before `gap_advertise` against the first burst on a near-field probe",
        "scan_start_us": "supply current on the scope: pin set before `gap_scan` against the step of the receiver",
        "att_us": "sniffer: end of an ATT write against a pin that the handler sets first",
        "gatts_us": "1,000 `gatts_write` of 20 bytes, divided",
        "notify_us": "8 `gatts_notify` in a row, timed before ENOMEM, divided",
        "program_us": "256 `writeblocks` of one page into erased flash, divided; worst of 1,000, too",
        "erase_us": "100 erases of one sector, divided; worst of 1,000, too; on the WB55 with the radio on, too",
        "read_us": "1,000 reads of 256 bytes, divided",
    }
)
"""How each cost of the simulator's profiles is measured."""

CURRENTS = MappingProxyType(
    {
        "awake_idle": "at the prompt, `bluetooth` never on, a loop of `time.sleep_ms(5)`",
        "awake_run": "the same with a busy loop",
        "radio_on": "a holster unit with the weapon in, between two announcements",
        "receive": "a camera unit on duty",
        "transmit": "peak of a burst on the scope, a 1 ohm shunt; needs no mean",
        "modem_sleep": "a build of MicroPython with the radio's sleep switched on: does it work at all?",
        "deep_sleep": "a unit put away for longer than `store_after_ms`, after one minute; then warm, at 40 degrees C",
        "wake": "scope: edge of `button` (esp32: `dock`) in deep sleep to the first burst on a near-field probe (ms)",
        "flash": "supply current while `erase_us` is measured, less the mean before",
        "program": "as `program_us` above (ms)",
        "erase": "as `erase_us` above (ms)",
        "poll": "scope: pin set while `door.idle` looks at the contacts (ms of each 5)",
    }
)
"""How each figure of the power model is measured: with a source-measure unit or a power profiler at the cell."""


def costs() -> str:
    """Every cost of every profile, expected, and how it is measured."""
    ports = list(CHIPS)
    lines = [f"| cost | how | {' | '.join(ports)} | measured |", f"|---|---|{'---:|' * len(ports)}---|"]
    for name in cost_names():
        expected = " | ".join(_us(getattr(CHIPS[port], name)) for port in ports)
        lines.append(f"| `{name}` | {COSTS[name]} | {expected} | |")
    return "\n".join(lines) + "\n"


def _us(value: int) -> str:
    return f"{value / 1000:g} ms" if value >= 1000 else f"{value} µs"


def currents() -> str:
    """Every figure of every board's power model, expected, and how it is measured."""
    names = figures.boards()
    found = {name: figures.load(name) for name in names}
    lines = [f"| figure | how | {' | '.join(names)} | measured |", f"|---|---|{'---:|' * len(names)}---|"]
    for figure in dict.fromkeys((*CURRENTS, *figures.NEEDED)):
        cells = [said(found[name][figure]) if found[name].has(figure) else "" for name in names]
        lines.append(f"| `{figure}` | {CURRENTS[figure]} | {' | '.join(cells)} | |")
    return "\n".join(lines) + "\n"


def said(value: Range) -> str:
    """42.3 (27.6 to 47.6), in mA or ms."""
    return f"{value.typ:.3g} ({value.low:.3g} to {value.high:.3g})"


def modes() -> str:
    """Every board and role in each mode: milliamperes at the cell, and what a cell of 1,000 mAh is worth."""
    lines = [
        f"| board | unit | {' | '.join(f'{mode}, mA' for mode in duty.MODES)} | life on duty, {BATTERY_MAH} mAh, h |",
        f"|---|---|{'---:|' * len(duty.MODES)}---:|",
    ]
    for board in boards():
        for role, name in ((ROLE_HOLSTER, "holster"), (ROLE_CAMERA, "camera")):
            told = _reckoned(board, role)
            cells = [_cell(mode["mean_ma"]) if mode["happens"] else "none" for mode in told["modes"]]
            lines.append(f"| {board.name} | {name} | {' | '.join(cells)} | {_cell(told['shift']['life_h'])} |")
    return "\n".join(lines) + "\n"


def _reckoned(board: Any, role: int) -> dict[str, Any]:
    return report.reckoned(
        figures.load(board.name), role, BATTERY_MAH, DEFAULT_POLICY, duty.Habits(), reckon.STOCK, bool(board.wakes),
        board.adv_floor_ms, (1.0,), 0.0,
    )  # fmt: skip


def _cell(value: dict[str, float]) -> str:
    return f"{value['typ']:.3g} ({value['low']:.3g} to {value['high']:.3g})"


def sources() -> str:
    """Every figure with its source."""
    lines = ["| board | figure | mA or ms at the cell | kind | source |", "|---|---|---:|---|---|"]
    shared = figures.SHARED
    for name in figures.boards():
        for figure in figures.load(name).by_name.values():
            if figure.name not in shared:
                lines.append(f"| {name} | `{figure.name}` | {said(figure.value)} | {figure.kind} | {figure.source} |")
    first = figures.load(figures.boards()[0])
    for figure in (first.by_name[name] for name in shared):
        unit = "" if figure.unit in ("mA", "uA") else f" {figure.unit}"
        lines.append(f"| all | `{figure.name}` | {said(figure.value)}{unit} | {figure.kind} | {figure.source} |")
    return "\n".join(lines) + "\n"
