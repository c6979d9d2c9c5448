"""Which circuit hangs on which signal: data. Values are chosen for 3.3 V and were not built: `docs/boards/` says so.

What each part must fulfil is `docs/boards/bill-of-materials.md`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from . import straps

CONTACT = "contact"  # to ground, on a pull-up
HALL = "hall"  # an analogue sensor
PULSE = "pulse"  # a conditioner that drives the line high
OPTO = "opto"  # a foreign voltage, told by an optocoupler
RELAY = "relay"  # a photo relay that closes foreign contacts
LAMP = "lamp"
MOTOR = "motor"
PIEZO = "piezo"
DIVIDER = "divider"

PULL_UP = "100 kΩ"
PULL_DOWN = "4.7 kΩ"  # RP2350 datasheet, erratum E9: 8.2 kΩ or less, or an input rests near 2 V
DIVIDER_PART = "220 kΩ"
SERIES = "1 kΩ"
FILTER = "10 nF"


@dataclass(frozen=True)
class Circuit:
    """One signal's. `outside`: what hangs there; `why`: what the values are for; `role`: whose it is ("" both)."""

    kind: str
    outside: str
    why: str
    role: str = ""


CIRCUITS: Mapping[str, Circuit] = MappingProxyType(
    {
        "seat_closes": Circuit(
            CONTACT, "reed, closed by the seated weapon's magnet", "must disagree with seat_opens", "H"
        ),
        "seat_opens": Circuit(CONTACT, "reed, opened by the seated weapon's magnet", "a broken wire shows", "H"),
        "armed": Circuit(CONTACT, "safety's contact, closed when armed", "an edge, not how long", "H"),
        "discharge": Circuit(
            PULSE, "pick-up at the weapon's lead, its own amplifier", "rests low, a pulse is high", "H"
        ),
        "dock": Circuit(CONTACT, "dock's pin, to ground in the dock", "leaves the case: protected", ""),
        "button": Circuit(CONTACT, "push button", "also safe mode at power-on", ""),
        "tally": Circuit(OPTO, "recorder's tally voltage", "high while it records", "C"),
        "awake": Circuit(OPTO, "recorder's accessory voltage", "high while it is on", "C"),
        "shutter": Circuit(RELAY, "recorder's shutter contacts", "closed for 100 ms: a press", "C"),
        "led": Circuit(LAMP, "light", "about 2 mA", ""),
        "haptic": Circuit(MOTOR, "vibration motor", "a MOSFET carries it", ""),
        "buzzer": Circuit(PIEZO, "piezo disc", "driven by PWM", ""),
        "battery": Circuit(DIVIDER, "cell", "half the cell's voltage, 8 µA of load", ""),
    }
)
ORDER = tuple(CIRCUITS)


def of(board: Any) -> list[tuple[str, Circuit]]:
    """(signal, circuit) of what this board has, in the order in which they are drawn."""
    found = []
    for signal in ORDER:
        if signal not in board.pins:
            continue
        circuit = CIRCUITS[signal]
        if signal in board.halls:
            circuit = Circuit(HALL, "analogue Hall sensor", "read by the ADC each 5 ms", circuit.role)
        found.append((signal, circuit))
    return found


def pull_of(board: Any, signal: str) -> str:
    """The resistor that a contact rests on."""
    return straps.STRONG.get(board.name, {}).get(signal, PULL_UP)


def parts_of(circuit: Circuit, board: Any, signal: str) -> str:
    """The parts between the outside and the pin, in words."""
    if circuit.kind == CONTACT:
        rest = "3.3 V" if signal in board.active_low else "ground"
        pull = "pull-up" if signal in board.active_low else "pull-down"
        return f"{SERIES} in series, {FILTER} to ground, {pull} {pull_of(board, signal)} to {rest}, surge clamp"
    return {
        HALL: f"sensor fed from 3.3 V, {SERIES} in series, {FILTER} to ground",
        PULSE: f"comparator 0 or 3.3 V with a stretcher to 8 ms or more, {PULL_DOWN} to ground, {SERIES} in series",
        OPTO: f"1 kΩ to the optocoupler's LED; its transistor from 3.3 V to the pin, {PULL_DOWN} to ground",
        RELAY: "470 Ω to a photo relay's LED, its contacts over the recorder's, 100 kΩ to ground",
        LAMP: "560 Ω to the LED, to ground",
        MOTOR: "100 Ω to an N-MOSFET's gate, 100 kΩ to ground; motor from 3.3 V, diode across it",
        PIEZO: "100 Ω to the disc, to ground; 1 kΩ across it",
        DIVIDER: f"{DIVIDER_PART} from the cell, {DIVIDER_PART} and 100 nF to ground",
    }[circuit.kind]


def level_of(board: Any, signal: str) -> str:
    """What level means on."""
    if signal in board.halls:
        return "analogue"
    if signal == "battery":
        return f"ADC, 1/{board.battery[0]} of the cell"
    return "low" if signal in board.active_low else "high"


def wakes_by(board: Any, signal: str) -> str:
    """How this signal ends deep sleep, or nothing."""
    found = [f"{how}, level {level}" for how, level, signals in board.wakes if signal in signals]
    return "; ".join(found)
