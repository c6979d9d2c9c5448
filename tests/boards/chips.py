"""What each chip's pins cannot be used for: the rules that a board's data is held to, each with its source.

A board's pins are numbers (ESP32 family, RP2) or the processor's names (STM32). `faults` gives what is wrong with a
board, as sentences; empty when nothing is.
"""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field

from interlock.boards import CAMERA_ONLY, HOLSTER_ONLY, INPUTS, OPTIONAL, OUTPUTS, SIGNALS, Board
from simulator.profiles import CHIPS, Pin

ESP32_WAKE = (0, 2, 4, 12, 13, 14, 15, 25, 26, 27, *range(32, 40))


@dataclass(frozen=True)
class Chip:
    """`taken`: {why: pins nobody may use}; `only`: {pin: signals that may have it, where others may not}; `adc`: pins
    of the converter that works beside a radio; `no_output`: neither driven nor pulled by the chip; `wake`: {how: pins
    that can end deep sleep}; `any_low`: whether `ext1` at level 0 means any of its pins; `uarts`: {UART: (TX pins, RX
    pins)}, None where the port routes any pin there; `lines`: inputs of one number share an interrupt;
    `pull_down_max_ohm`: above it an input that should rest low may not."""

    profile: str
    sources: tuple[str, ...]
    taken: Mapping[str, Sequence[Pin]]
    adc: Sequence[Pin]
    only: Mapping[Pin, Sequence[str]] = field(default_factory=dict)
    no_output: Sequence[Pin] = ()
    wake: Mapping[str, Sequence[Pin]] = field(default_factory=dict)
    any_low: bool = True
    uarts: Mapping[int | str, tuple[Sequence[Pin], Sequence[Pin]]] | None = None
    lines: bool = False
    watchdog_max_ms: int | None = None
    pull_down_max_ohm: float | None = None


RP2_UARTS = {0: ((0, 12, 16, 28), (1, 13, 17, 29)), 1: ((4, 8, 20, 24), (5, 9, 21, 25))}
_RP2_TAKEN = {
    "radio": (23, 24, 25, 29, "LED", "WL_GPIO0"),
    "console": (0, 1),
    "nothing": (30, 31, 32),
}

RULES: Mapping[str, Chip] = {
    "esp32": Chip(
        "esp32_classic",
        (
            "ESP32 Series Datasheet, 2.2 (pins) and 3 (boot configuration): straps 0, 2, 5, 12, 15; 6 to 11 flash; "
            "34 to 39 input only, no resistors; 4.9.3 (ADC2 is shared with the radio)",
            "ESP32-WROVER-E Datasheet: 16 and 17 are its PSRAM's",
            "MicroPython ports/esp32/modesp32.h: pins of ext0 and ext1",
        ),
        {
            "flash": range(6, 12),
            "console": (1, 3),
            "strap": (0, 2, 5, 12, 15),
            "PSRAM": (16, 17),
            "nothing": (20, 24, 28, 29, 30, 31),
        },
        adc=range(32, 40),
        no_output=range(34, 40),
        wake={"ext0": ESP32_WAKE, "ext1": ESP32_WAKE},
        any_low=False,
    ),
    "esp32_c3": Chip(
        "esp32_c3",
        (
            "ESP32-C3 Wireless Adventure (Espressif), table 5.5: straps 2 and 9 must be high to start, 8 is irrelevant "
            "then and must be high for the ROM loader",
            "MicroPython ports/esp32/machine_pin.h: 18 and 19 are USB; boards/ESP32_GENERIC_C3: console on UART0",
            "ESP-IDF soc_caps.h of esp32c3: GPIO 0 to 5 end deep sleep",
        ),
        {"flash": range(11, 18), "console": (20, 21), "USB": (18, 19), "strap": (2, 9)},
        adc=range(5),
        only={8: ("dock",)},
        wake={"gpio": range(6)},
    ),
    "esp32_c6": Chip(
        "esp32_c6",
        (
            "ESP32-C6 Series Datasheet, 3 (boot configuration): straps 4, 5 (SDIO), 8, 9 (boot), 15 (JTAG, if a fuse "
            "says so)",
            "MicroPython ports/esp32/machine_pin.h: 12, 13 USB, 24 to 30 flash; modesp32.h: 0 to 7 for ext1",
            "ESP-IDF soc_caps.h of esp32c6: GPIO 0 to 7 end deep sleep",
            "ESP32-C6-MINI-1 Datasheet: a chip with flash in its package has no 10 and 11, others no 14",
        ),
        {
            "flash": range(24, 31),
            "console": (16, 17),
            "USB": (12, 13),
            "strap": (4, 5, 8, 9),
            "not on every module": (10, 11, 14),
        },
        adc=range(7),
        only={15: ("buzzer", "led")},
        wake={"ext1": range(8), "gpio": range(8)},
    ),
    "esp32_s3": Chip(
        "esp32",
        (
            "ESP32-S3 Series Datasheet, 2.3 (pins) and 3 (boot configuration): straps 0, 3, 45, 46; 26 to 32 flash, 33 "
            "to 37 octal memory",
            "MicroPython ports/esp32/modesp32.h: 0 to 21 for ext0 and ext1; boards/ESP32_GENERIC_S3: console on UART0",
        ),
        {
            "flash": range(26, 33),
            "octal memory": range(33, 38),
            "console": (43, 44),
            "USB": (19, 20),
            "strap": (0, 3, 45, 46),
            "nothing": (22, 23, 24, 25),
        },
        adc=range(1, 11),
        wake={"ext0": range(22), "ext1": range(22)},
    ),
    "pico_w": Chip(
        "rp2",
        (
            "Pico W Datasheet, 2.1 (pins): 23, 24, 25, 29 are the radio's",
            "RP2040 Datasheet, 2.19.2 (function select): UART pins; 4.7: watchdog",
            "MicroPython ports/rp2/machine_wdt.c: 8388 ms",
        ),
        _RP2_TAKEN,
        adc=(26, 27, 28),
        uarts=RP2_UARTS,
        watchdog_max_ms=8388,
    ),
    "pico2_w": Chip(
        "pico2_w",
        (
            "Pico 2 W Datasheet, 2.1 (pins): as Pico W",
            "RP2350 Datasheet, 9.4 (function select): UART pins; erratum E9: 8.2 kOhm or less to ground",
            "MicroPython ports/rp2/machine_wdt.c: 16777 ms",
        ),
        _RP2_TAKEN,
        adc=(26, 27, 28),
        uarts=RP2_UARTS,
        watchdog_max_ms=16_777,
        pull_down_max_ohm=8200,
    ),
    "nucleo_wb55": Chip(
        "stm32wb",
        (
            "UM2435, MB1355 (NUCLEO-WB55RG): SWD on PA13, PA14, PB3; 32 kHz crystal on PC14, PC15; USB on PA11, PA12; "
            "virtual COM port on PB6, PB7",
            "MicroPython ports/stm32/boards/NUCLEO_WB55: pins.csv, mpconfigboard.h (LPUART1 on PA2, PA3)",
            "RM0434, EXTI: one line for each pin number, whatever its port",
        ),
        {
            "debugger": ("A13", "A14", "B3"),
            "crystal": ("C14", "C15"),
            "USB": ("A11", "A12"),
            "console": ("B6", "B7"),
        },
        adc=tuple(f"A{n}" for n in range(8)) + tuple(f"C{n}" for n in range(6)),
        uarts={"LP1": (("A2",), ("A3",))},
        lines=True,
        watchdog_max_ms=32_767,
    ),
}


def faults(board: Board, chip: Chip) -> list[str]:
    """What is wrong with the board's data; pins are meant by the processor's names (`simulator/wiring.py`)."""
    return [
        *_missing(board),
        *(said for signal, pin in board.pins.items() for said in _misplaced(signal, pin, chip, board.halls)),
        *_shared(board, chip),
        *_sleepless(board, chip),
        *_wrong_uart(board, chip),
        *_others(board, chip),
    ]


def _missing(board: Board) -> list[str]:
    said = [f"{signal} has no pin" for signal in SIGNALS if signal not in board.pins]
    said += [f"there is no signal {signal}" for signal in board.pins if signal not in SIGNALS + OPTIONAL]
    return said + [f"{signal} is no signal that could be low" for signal in board.active_low if signal not in SIGNALS]


def _misplaced(signal: str, pin: Pin, chip: Chip, halls: Container[str]) -> list[str]:
    profile = CHIPS[chip.profile]
    known = set(profile.pins) | set(profile.pin_names.values())
    said = [] if pin in known else [f"{signal}: the port has no pin {pin}"]
    said += [f"{signal} on {pin}: {why}" for why, pins in chip.taken.items() if pin in pins]
    if pin in chip.only and signal not in chip.only[pin]:
        said.append(f"{signal} on {pin}, which is for {', '.join(chip.only[pin])} only")
    if signal == "battery" and pin not in chip.adc:
        said.append(f"battery on {pin}: no converter there that works beside the radio")
    if signal == "buzzer" and profile.pwm_pins and pin not in profile.pwm_pins:
        said.append(f"buzzer on {pin}: no timer there for a tone")
    if signal in halls and pin not in chip.adc:
        said.append(f"{signal} on {pin}: no converter there for a Hall sensor")
    if pin in chip.no_output and signal != "battery":
        said.append(f"{signal} on {pin}: neither output nor resistor")
    return said


def _shared(board: Board, chip: Chip) -> list[str]:
    said = []
    names = sorted(board.pins)
    for i, one in enumerate(names):
        for other in names[i + 1 :]:
            if board.pins[one] != board.pins[other]:
                continue
            apart = {one, other} & set(HOLSTER_ONLY) and {one, other} & set(CAMERA_ONLY)
            if board.plays_both or not apart:
                said.append(f"{one} and {other} share {board.pins[one]}")
    if not board.plays_both and len(set(board.pins.values())) == len(board.pins):
        said.append("no two signals share a pin, so one unit could play both roles")
    if chip.lines:
        numbers = {signal: str(board.pins[signal])[1:] for signal in INPUTS if signal in board.pins}
        said += [
            f"{one} and {other} share interrupt line {number}"
            for one, number in numbers.items()
            for other, same in numbers.items()
            if one < other and number == same
        ]
    return said


def _sleepless(board: Board, chip: Chip) -> list[str]:
    said = []
    ways = [how for how, _, _ in board.wakes]
    said += [f"{how} has two levels" for how in set(ways) if ways.count(how) > 1]
    for how, level, signals in board.wakes:
        if how not in chip.wake:
            said.append(f"the chip has no {how}")
            continue
        said += [f"{one} does not end deep sleep on {board.pins[one]}" for one in signals
                 if board.pins[one] not in chip.wake[how]]  # fmt: skip
        said += [f"{one} is no input" for one in signals if one not in INPUTS]
        if how == "ext0" and len(signals) != 1:
            said.append("ext0 takes one pin")
        if how == "ext1" and level == 0 and not chip.any_low and len(signals) > 1:
            said.append("ext1 at level 0 would wait for all of its pins")
    if board.wakes and chip.any_low and not any("armed" in signals for _, _, signals in board.wakes):
        said.append("a weapon that is armed would not end deep sleep")
    if board.wakes and not _weapon_wakes(board):
        said.append("a weapon that is put in would not end deep sleep")
    return said


def _weapon_wakes(board: Board) -> bool:
    """Whether a level that a seat contact takes as the weapon goes in is waited for."""
    into = {
        "seat_closes": int("seat_closes" not in board.active_low),
        "seat_opens": int("seat_opens" in board.active_low),
    }
    return any(signal in signals and level == into[signal] for _, level, signals in board.wakes for signal in into)


def _wrong_uart(board: Board, chip: Chip) -> list[str]:
    if board.uart is None or chip.uarts is None:
        return []
    if board.uart not in chip.uarts:
        return [f"there is no UART {board.uart}"]
    tx, rx = chip.uarts[board.uart]
    return [
        f"{signal} on {board.pins[signal]} is not UART {board.uart}'s {line}"
        for signal, pins, line in (("shutter", tx, "TX"), ("tally", rx, "RX"))
        if board.pins[signal] not in pins
    ]


def _others(board: Board, chip: Chip) -> list[str]:
    said = []
    profile = CHIPS[chip.profile]
    limit = chip.watchdog_max_ms
    if board.watchdog_ms is not None and limit is not None and board.watchdog_ms > limit:
        said.append(f"a watchdog of {board.watchdog_ms} ms; the chip has {limit}")
    if board.adv_floor_ms * 1000 != profile.adv_floor_us:
        said.append(f"it would advertise every {board.adv_floor_ms} ms; the chip does every {profile.adv_floor_us} us")
    if not 0 < board.ppm <= 100:
        said.append(f"no crystal is wrong by {board.ppm} ppm")
    divider, low_mv, clear_mv = board.battery
    if not 0 < low_mv < clear_mv <= divider * profile.adc_full_mv[-1]:
        said.append(f"a cell of {low_mv} to {clear_mv} mV behind 1:{divider}: the converter cannot tell")
    said += [f"{signal} is an output" for signal in OUTPUTS if signal in board.active_low]
    return said
