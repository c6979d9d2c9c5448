"""A board's wiring as a table for people, in Markdown."""

from typing import Any

from . import circuits, draw, straps

WHOSE = {"H": "holster", "C": "camera", "": "both"}


def table(board: Any) -> str:
    """Signal, pin, level that means on, whose, parts, what ends deep sleep."""
    lines = [
        "| signal | pin | on | unit | parts | ends deep sleep |",
        "|---|---|---|---|---|---|",
    ]
    for signal, circuit in circuits.of(board):
        lines.append(
            f"| `{signal}` | {draw.pin_name(board, signal)} | {circuits.level_of(board, signal)} "
            f"| {WHOSE[circuit.role]} | {circuits.parts_of(circuit, board, signal)} "
            f"| {circuits.wakes_by(board, signal)} |"
        )
    return "\n".join(lines) + "\n"


def facts(board: Any) -> str:
    """What else the board's data say, in a few lines."""
    divider, low_mv, clear_mv = board.battery
    sleeps = "by the pins of the last column" if board.wakes else "none, it stays awake when put away"
    serial = f"UART {board.uart}, its TX is `shutter`, its RX is `tally`" if board.uart is not None else "none"
    roles = "Holster, camera or both." if board.plays_both else "Holster or camera, not both: their lines share pins."
    proof = (
        "Power-proof journal." if board.power_proof else "The journal is **not power-proof**: for trials of the radio."
    )
    return (
        f"- Advertises every {board.adv_floor_ms} ms at the shortest; clock {board.ppm} ppm; deep sleep: {sleeps}.\n"
        f"- Low battery under {low_mv} mV, over again from {clear_mv} mV; divider 1/{divider}; watchdog "
        f"{board.watchdog_ms} ms.\n"
        f"- A recorder on a serial line: {serial}.\n"
        f"- {roles} {proof}\n"
        f"{straps.said(board)}"
    )
