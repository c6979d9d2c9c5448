"""The self-test over the cable, before the unit starts: what a technician with a new board in the hand wants to know.

What needs people (light) is shown, what needs hardware that may not be wired yet (contacts, cell) is told and fails
nothing. The shutter is never touched. In service, `interlock selftest` tests more, over the air.
"""

import importlib
from dataclasses import dataclass
from typing import Any

from interlock.boards import CAMERA_ONLY, HOLSTER_ONLY, INPUTS
from interlock.core import settings

from ..outcome import ToolError
from . import chips
from .connection import Connection, Lost
from .look import Found, space

PASSED, FAILED, TOLD = "passed", "failed", "told"
RADIO_S = 20.0
SCRATCH = b"interlock flash: a sector to try"
CELL_MV = (2500, 5500)  # what a lithium cell, or USB behind its divider, can show
ROOM_BYTES = 8192  # beside a second release: logs of nobody, and littlefs' own


@dataclass(frozen=True)
class Part:
    """`outcome`: passed, failed, or told (for people to judge); `advice`: what to do about it, or None."""

    name: str
    outcome: str
    detail: str
    advice: str | None = None


_MODULES = """
found = []
for n in {names}:
    try:
        __import__(n)
    except ImportError:
        found.append(n)
print(found)
"""

# Levels of inputs, each on the pull that its contact wants; the lamp three times.
_PINS = """
import machine, time
P = machine.Pin
found = {{}}
for n, p, low in {inputs}:
    try:
        found[n] = P(p, P.IN, P.PULL_UP if low else P.PULL_DOWN).value() != low
    except Exception as e:
        found[n] = repr(e)
try:
    l = P({led}, P.OUT)
    for i in range(6):
        l.value(1 - i % 2)
        time.sleep_ms(60)
except Exception as e:
    found['led'] = repr(e)
print(found)
"""

_CELL = """
import machine
a = machine.ADC(machine.Pin({pin}))
print(sorted([a.read_u16() for i in range(9)])[4])
"""

_RADIO = """
import bluetooth, time
b = bluetooth.BLE()
b.active(True)
m = b.config('mac')
b.gap_advertise(100000, b'\\x02\\x01\\x06', connectable=False)
time.sleep_ms(250)
b.gap_advertise(None)
b.active(False)
print((m[0], bytes(m[1])))
"""

# docs/library/stm.rst: status 0 where the second processor does not run; versions of updater (0) and stack (1).
_SECOND_CORE = """
import stm
print((stm.rfcore_status(), tuple(stm.rfcore_fw_version(0)), tuple(stm.rfcore_fw_version(1))))
"""


def test(board: Connection, name: str, role: int, found: Found, release_bytes: int) -> list[Part]:
    """All parts, in order; the board stands at its prompt with /hold in place. Lost when it does not answer."""
    data = importlib.import_module(f"interlock.boards.{name}").BOARD
    return [
        _modules(board, name),
        _room(space(board), release_bytes),
        _flash(found),
        *_pins(board, data, role),
        _cell(board, data),
        *([_second_core(board)] if "stm" in chips.chip(name).needs else []),
        _radio(board),
    ]


def _modules(board: Connection, name: str) -> Part:
    needed = chips.NEEDED + chips.chip(name).needs
    missing = board.ask(_MODULES.format(names=repr(needed)), "say what it has")
    if not missing:
        return Part("micropython", PASSED, f"has all {len(needed)} modules")
    return Part(
        "micropython",
        FAILED,
        f"lacks {', '.join(missing)}",
        f"Install the MicroPython of firmware/boards/{name}: --micropython FILE.",
    )


def _room(free: int, release_bytes: int) -> Part:
    if free < 0:
        return Part("files", TOLD, "the port does not say how much room its files have")
    if free >= release_bytes + ROOM_BYTES:
        return Part("files", PASSED, f"{free // 1024} KiB free: room for an update over the air")
    return Part(
        "files",
        FAILED,
        f"{free // 1024} KiB free: an update over the air does not fit beside what is there",
        "Remove what is not the unit's: mpremote fs ls lists it.",
    )


def _flash(found: Found) -> Part:
    """A sector that holds nothing is written, read and erased; one that may hold records is never touched."""
    area = found.journal_area
    if found.journal_sectors:
        return Part("flash", TOLD, f"not tried: the journal holds records ({found.journal_sectors} sectors)")
    offset = area.size - area.sector_bytes
    try:
        area.erase(offset)
        area.program(offset, SCRATCH)
        there = bytearray(len(SCRATCH))
        area.read(offset, there)
        area.erase(offset)
        blank = bytearray(len(SCRATCH))
        area.read(offset, blank)
    except Lost:
        raise
    except ToolError as error:
        return Part("flash", FAILED, str(error), "Run it again; if it stays, the board's flash is defective.")
    if there != SCRATCH or set(blank) != {0xFF}:
        return Part("flash", FAILED, "it does not hold what is written", "The board's flash is defective.")
    return Part("flash", PASSED, f"a sector was written, read and erased; journal of {area.size // 1024} KiB")


def _pins(board: Connection, data: Any, role: int) -> list[Part]:
    left_out: tuple[str, ...] = () if role & settings.ROLE_HOLSTER else HOLSTER_ONLY
    left_out += () if role & settings.ROLE_CAMERA else CAMERA_ONLY
    wanted = [signal for signal in INPUTS if signal not in left_out]
    inputs = [(signal, data.pins[signal], int(signal in data.active_low)) for signal in wanted]
    levels = board.ask(_PINS.format(inputs=repr(inputs), led=repr(data.pins["led"])), "read its pins")
    bad = {signal: level for signal, level in levels.items() if isinstance(level, str)}
    if bad:
        listed = ", ".join(f"{signal} ({data.pins[signal]}): {error}" for signal, error in bad.items())
        return [Part("pins", FAILED, listed, "Is it the board that you named? Its data is in interlock/boards/.")]
    active = [signal for signal in wanted if levels[signal]]
    parts = [Part("pins", PASSED, f"{len(wanted)} inputs read; active: {', '.join(active) or 'none'}")]
    if {"seat_closes", "seat_opens"} <= set(wanted) and levels["seat_closes"] == levels["seat_opens"]:
        parts.append(
            Part(
                "seat",
                TOLD,
                "both halves of the seat contact read the same",
                "Not wired yet? Wired, one of them is active and the other is not.",
            )
        )
    return [*parts, Part("light", TOLD, "blinked three times: did you see it?")]


def _cell(board: Connection, data: Any) -> Part:
    try:
        raw = board.ask(_CELL.format(pin=repr(data.pins["battery"])), "read its cell")
    except Lost:
        raise
    except ToolError as error:
        return Part("battery", FAILED, str(error), "Is it the board that you named?")
    mv = raw * 3300 // 65535 * data.battery[0]
    if CELL_MV[0] <= mv <= CELL_MV[1]:
        return Part("battery", PASSED, f"{mv / 1000:.2f} V (full scale taken as 3.3 V)")
    return Part("battery", TOLD, f"{mv / 1000:.2f} V", "No cell, or its divider is not wired yet.")


def _second_core(board: Connection) -> Part:
    """The wireless processor of an STM32WB55, which has firmware of its own."""
    advice = "Install ST's updater and its BLE HCI layer (firmware/boards/nucleo_wb55), then switch it off and on."
    try:
        status, updater, stack = board.ask(_SECOND_CORE, "ask its wireless processor")
    except Lost:
        raise
    except ToolError as error:
        return Part("wireless", FAILED, str(error), advice)
    if not any(stack):
        return Part("wireless", FAILED, f"the wireless processor has no stack (status {status:#x})", advice)
    versions = f"stack {'.'.join(map(str, stack))}, updater {'.'.join(map(str, updater))}"
    return Part("wireless", PASSED, versions)


def _radio(board: Connection) -> Part:
    try:
        kind, address = board.ask(_RADIO, "advertise", RADIO_S)
    except Lost:
        return Part(
            "radio",
            FAILED,
            "the board did not come back from switching its radio on",
            "Switch it off and on, and run this again. If it stays, its radio, or the stack for it, is defective.",
        )
    except ToolError as error:
        return Part("radio", FAILED, str(error), "Is this a board with Bluetooth, and its MicroPython built for it?")
    return Part("radio", PASSED, f"advertised, address {address.hex(':')} (kind {kind})")
