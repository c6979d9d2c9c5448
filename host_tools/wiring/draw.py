"""A board's wiring as SVG, made from its data: symbols, lines, and the board with its pins."""

from collections.abc import Callable
from html import escape
from types import MappingProxyType
from typing import Any

from . import circuits, straps
from .circuits import Circuit

WIDTH = 1240
ROW = 94
TOP = 250
LEFT = 40
BOARD_X = 930
BOARD_WIDTH = 270
INK = "#1F2933"
PALE = "#616E7C"
FILL = "#F5F7FA"
ROLES = MappingProxyType({"H": ("holster", "#0072B2"), "C": ("camera", "#D55E00"), "": ("both", "#616E7C")})


class Sheet:
    """SVG elements, one a line, so that a change of the data shows in a diff."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def line(self, x1: float, y1: float, x2: float, y2: float, dash: str = "") -> None:
        style = f' stroke-dasharray="{dash}"' if dash else ""
        self.lines.append(f'<path d="M{x1:g} {y1:g}L{x2:g} {y2:g}"{style}/>')

    def path(self, d: str, fill: str = "none") -> None:
        self.lines.append(f'<path d="{d}" fill="{fill}"/>')

    def rect(self, x: float, y: float, w: float, h: float, fill: str = "#FFFFFF", r: float = 2) -> None:
        self.lines.append(f'<rect x="{x:g}" y="{y:g}" width="{w:g}" height="{h:g}" rx="{r:g}" fill="{fill}"/>')

    def circle(self, x: float, y: float, r: float, fill: str = "#FFFFFF") -> None:
        self.lines.append(f'<circle cx="{x:g}" cy="{y:g}" r="{r:g}" fill="{fill}"/>')

    def text(self, x: float, y: float, text: str, kind: str = "t", anchor: str = "start", colour: str = INK) -> None:
        self.lines.append(
            f'<text x="{x:g}" y="{y:g}" class="{kind}" text-anchor="{anchor}" fill="{colour}">{escape(text)}</text>'
        )

    # Symbols.

    def dot(self, x: float, y: float) -> None:
        self.circle(x, y, 2.6, INK)

    def ground(self, x: float, y: float) -> None:
        for width, down in ((11, 0), (7, 4), (3, 8)):
            self.line(x - width, y + down, x + width, y + down)

    def supply(self, x: float, y: float, name: str = "3.3 V") -> None:
        self.line(x - 8, y, x + 8, y)
        self.text(x, y - 4, name, "s", "middle")

    def resistor(self, x: float, y: float, value: str, upright: bool = False) -> None:
        """Centred; 44 long."""
        if upright:
            self.rect(x - 6, y - 15, 12, 30)
            self.text(x + 11, y + 4, value, "s")
        else:
            self.rect(x - 18, y - 6, 36, 12)
            self.text(x, y - 11, value, "s", "middle")

    def capacitor(self, x: float, y: float, value: str) -> None:
        """From the wire at y down to ground at y + 26."""
        self.dot(x, y)
        self.line(x, y, x, y + 11)
        self.line(x - 9, y + 11, x + 9, y + 11)
        self.line(x - 9, y + 16, x + 9, y + 16)
        self.line(x, y + 16, x, y + 24)
        self.ground(x, y + 24)
        self.text(x + 13, y + 20, value, "s")

    def clamp(self, x: float, y: float) -> None:
        """A surge clamp from the wire at y to ground."""
        self.dot(x, y)
        self.line(x, y, x, y + 9)
        self.path(f"M{x - 7} {y + 18}L{x + 7} {y + 18}L{x} {y + 9}Z", "#FFFFFF")
        self.path(f"M{x - 9} {y + 12}L{x - 7} {y + 9}L{x + 7} {y + 9}L{x + 9} {y + 6}")
        self.line(x, y + 18, x, y + 24)
        self.ground(x, y + 24)

    def led(self, x: float, y: float, rays: bool = True) -> None:
        """Pointing right, centred."""
        self.path(f"M{x - 7} {y - 8}L{x - 7} {y + 8}L{x + 7} {y}Z", "#FFFFFF")
        self.line(x + 7, y - 8, x + 7, y + 8)
        if rays:
            for dx in (0, 7):
                self.path(f"M{x - 2 + dx} {y - 11}l7 -8m-4 1l4 -1l-1 4")

    def switch(self, x: float, y: float, closed: bool) -> None:
        """Between x and x + 40."""
        self.circle(x + 3, y, 3)
        self.circle(x + 37, y, 3)
        self.line(x + 5, y - 2, x + 36, y - (2 if closed else 14))

    def boxed(self, x: float, y: float, w: float, h: float, *lines: str) -> None:
        self.rect(x, y, w, h)
        for place, text in enumerate(lines):
            self.text(x + w / 2, y + h / 2 + 4 + 13 * (place - (len(lines) - 1) / 2), text, "s", "middle")


def contact(sheet: Sheet, y: float, signal: str, circuit: Circuit, board: Any) -> None:
    is_low = signal in board.active_low
    sheet.ground(LEFT + 30, y + 12) if is_low else sheet.supply(LEFT + 30, y - 14)
    sheet.line(LEFT + 30, y, LEFT + 30, y + 12 if is_low else y - 14)
    sheet.line(LEFT + 30, y, LEFT + 60, y)
    sheet.switch(LEFT + 60, y, "opened" in circuit.outside)
    sheet.line(LEFT + 100, y, 440, y)
    sheet.clamp(400, y)
    sheet.resistor(480, y, circuits.SERIES)
    sheet.line(440, y, 462, y)
    sheet.line(498, y, BOARD_X, y)
    sheet.capacitor(600, y, circuits.FILTER)
    _pull(sheet, 720, y, circuits.pull_of(board, signal), is_low)


def _pull(sheet: Sheet, x: float, y: float, value: str, up: bool) -> None:
    sheet.dot(x, y)
    if up:
        sheet.line(x, y, x, y - 8)
        sheet.rect(x - 5, y - 30, 10, 22)
        sheet.line(x, y - 30, x, y - 36)
        sheet.supply(x, y - 36)
        sheet.text(x + 10, y - 15, value, "s")
    else:
        sheet.line(x, y, x, y + 6)
        sheet.rect(x - 5, y + 6, 10, 20)
        sheet.line(x, y + 26, x, y + 30)
        sheet.ground(x, y + 30)
        sheet.text(x + 12, y + 20, value, "s")


def hall(sheet: Sheet, y: float, signal: str, circuit: Circuit, board: Any) -> None:
    sheet.boxed(LEFT + 40, y - 18, 90, 36, "Hall sensor", "3.3 V")
    sheet.line(LEFT + 130, y, 462, y)
    sheet.resistor(480, y, circuits.SERIES)
    sheet.line(498, y, BOARD_X, y)
    sheet.capacitor(600, y, circuits.FILTER)


def pulse(sheet: Sheet, y: float, signal: str, circuit: Circuit, board: Any) -> None:
    sheet.path(f"M{LEFT + 20} {y + 6}c0 -12 12 -12 12 0c0 -12 12 -12 12 0c0 -12 12 -12 12 0c0 -12 12 -12 12 0")
    sheet.line(LEFT + 68, y + 6, LEFT + 110, y + 6)
    sheet.line(LEFT + 110, y + 6, LEFT + 110, y)
    sheet.line(LEFT + 110, y, 200, y)
    sheet.boxed(200, y - 22, 170, 44, "comparator and stretcher", "0 or 3.3 V, ≥ 8 ms")
    sheet.line(370, y, 502, y)
    _pull(sheet, 420, y, circuits.PULL_DOWN, False)
    sheet.resistor(520, y, circuits.SERIES)
    sheet.line(538, y, BOARD_X, y)


def opto(sheet: Sheet, y: float, signal: str, circuit: Circuit, board: Any) -> None:
    sheet.circle(LEFT + 34, y - 12, 3.5)
    sheet.circle(LEFT + 34, y + 14, 3.5)
    sheet.text(LEFT + 22, y - 8, "+", "s", "end")
    sheet.text(LEFT + 22, y + 18, "−", "s", "end")
    sheet.line(LEFT + 38, y - 12, 240, y - 12)
    sheet.resistor(258, y - 12, "1 kΩ")
    sheet.line(276, y - 12, 393, y - 12)
    sheet.rect(370, y - 30, 120, 58, FILL)
    sheet.led(400, y - 12)
    sheet.line(407, y - 12, 424, y - 12)
    sheet.line(424, y - 12, 424, y + 14)
    sheet.line(424, y + 14, LEFT + 38, y + 14)
    sheet.line(452, y - 14, 452, y + 14)
    sheet.path(f"M452 {y - 4}L472 {y - 18}L472 {y - 36}M452 {y + 4}L472 {y + 18}l-7 -1m7 1l-2 -7")
    sheet.supply(472, y - 36)
    sheet.line(472, y + 18, 510, y + 18)
    sheet.line(510, y + 18, 510, y)
    sheet.line(510, y, BOARD_X, y)
    _pull(sheet, 720, y, circuits.PULL_DOWN, False)


def relay(sheet: Sheet, y: float, signal: str, circuit: Circuit, board: Any) -> None:
    sheet.circle(LEFT + 34, y - 14, 3.5)
    sheet.circle(LEFT + 34, y + 14, 3.5)
    sheet.line(LEFT + 38, y - 14, 380, y - 14)
    sheet.line(LEFT + 38, y + 14, 380, y + 14)
    sheet.rect(366, y - 30, 124, 58, FILL)
    sheet.line(380, y - 14, 380, y - 8)
    sheet.line(380, y + 14, 380, y + 8)
    sheet.path(f"M380 {y - 8}l14 14")
    sheet.circle(380, y - 8, 2)
    sheet.circle(380, y + 8, 2)
    sheet.path(f"M474 {y - 8}L458 {y - 8}L466 {y + 6}Z", "#FFFFFF")
    sheet.line(458, y + 6, 474, y + 6)
    sheet.path(f"M448 {y - 4}l-10 -3m4 -2l-4 2l3 3M448 {y + 4}l-10 -3m4 -2l-4 2l3 3")
    sheet.line(466, y - 8, 466, y - 18)
    sheet.line(466, y - 18, 540, y - 18)
    sheet.line(540, y - 18, 540, y)
    sheet.line(540, y, 582, y)
    sheet.resistor(600, y, "470 Ω")
    sheet.line(618, y, BOARD_X, y)
    sheet.line(466, y + 6, 466, y + 34)
    sheet.ground(466, y + 34)
    _pull(sheet, 720, y, "100 kΩ", False)


def lamp(sheet: Sheet, y: float, signal: str, circuit: Circuit, board: Any) -> None:
    sheet.ground(LEFT + 30, y + 12)
    sheet.line(LEFT + 30, y, LEFT + 30, y + 12)
    sheet.line(LEFT + 30, y, 200, y)
    sheet.path(f"M214 {y - 8}L214 {y + 8}L200 {y}Z", "#FFFFFF")
    sheet.line(200, y - 8, 200, y + 8)
    for dx in (0, 7):
        sheet.path(f"M{204 + dx} {y - 11}l-6 -8m0 4l0 -4l4 1")
    sheet.line(214, y, 582, y)
    sheet.resistor(600, y, "560 Ω")
    sheet.line(618, y, BOARD_X, y)


def motor(sheet: Sheet, y: float, signal: str, circuit: Circuit, board: Any) -> None:
    sheet.circle(290, y - 8, 15)
    sheet.text(290, y - 4, "M", "s", "middle")
    sheet.line(305, y - 8, 392, y - 8)
    sheet.line(275, y - 8, 230, y - 8)
    sheet.line(230, y - 8, 230, y - 26)
    sheet.supply(230, y - 26)
    sheet.path(f"M{297} {y + 10}L{297} {y + 22}L{285} {y + 16}Z", "#FFFFFF")
    sheet.line(285, y + 10, 285, y + 22)
    sheet.line(297, y + 16, 340, y + 16)
    sheet.line(340, y + 16, 340, y - 8)
    sheet.dot(340, y - 8)
    sheet.line(285, y + 16, 245, y + 16)
    sheet.line(245, y + 16, 245, y - 8)
    sheet.dot(245, y - 8)
    sheet.rect(380, y - 28, 88, 58, FILL)
    sheet.text(424, y - 15, "N-MOSFET", "s", "middle")
    sheet.line(392, y - 8, 412, y - 8)
    sheet.line(412, y - 8, 412, y - 2)
    sheet.line(412, y + 10, 412, y + 34)
    sheet.line(412, y - 4, 412, y + 12)
    sheet.line(419, y - 4, 419, y + 12)
    sheet.line(419, y + 4, 468, y + 4)
    sheet.ground(412, y + 34)
    sheet.line(468, y + 4, 500, y + 4)
    sheet.line(500, y + 4, 500, y)
    sheet.line(500, y, 582, y)
    sheet.resistor(600, y, "100 Ω")
    sheet.line(618, y, BOARD_X, y)
    _pull(sheet, 530, y, "100 kΩ", False)


def piezo(sheet: Sheet, y: float, signal: str, circuit: Circuit, board: Any) -> None:
    sheet.ground(LEFT + 30, y + 12)
    sheet.line(LEFT + 30, y, LEFT + 30, y + 12)
    sheet.line(LEFT + 30, y, 196, y)
    sheet.line(196, y - 12, 196, y + 12)
    sheet.rect(200, y - 12, 10, 24, FILL)
    sheet.line(214, y - 12, 214, y + 12)
    sheet.line(214, y, 582, y)
    sheet.resistor(600, y, "100 Ω")
    sheet.line(618, y, BOARD_X, y)
    _pull(sheet, 320, y, "1 kΩ", False)


def divider(sheet: Sheet, y: float, signal: str, circuit: Circuit, board: Any) -> None:
    sheet.circle(LEFT + 34, y, 3.5)
    sheet.text(LEFT + 44, y - 6, "cell +", "s")
    sheet.line(LEFT + 38, y, 462, y)
    sheet.resistor(480, y, circuits.DIVIDER_PART)
    sheet.line(498, y, BOARD_X, y)
    sheet.capacitor(600, y, "100 nF")
    _pull(sheet, 720, y, circuits.DIVIDER_PART, False)


DRAWN: MappingProxyType[str, Callable[[Sheet, float, str, Circuit, Any], None]] = MappingProxyType(
    {
        circuits.CONTACT: contact, circuits.HALL: hall, circuits.PULSE: pulse, circuits.OPTO: opto,
        circuits.RELAY: relay, circuits.LAMP: lamp, circuits.MOTOR: motor, circuits.PIEZO: piezo,
        circuits.DIVIDER: divider,
    }
)  # fmt: skip


def strap(sheet: Sheet, y: float, found: straps.Strap) -> None:
    """A pin that is read at reset: its resistor, and what goes to ground."""
    sheet.text(LEFT, y - 18, f"{straps.name(found)}, read at reset: {found.why or found.part}", "t")
    sheet.line(720 if found.part == straps.UP else 560, y, BOARD_X, y)
    _pull(sheet, 720, y, straps.PULL, True)
    if found.part == straps.ENABLE:
        sheet.capacitor(600, y, "1 µF")
    elif found.part == straps.PAD:
        sheet.circle(556, y, 3.5)
        sheet.text(556, y + 18, "pad", "s", "middle")
    sheet.circle(BOARD_X, y, 4, INK)
    sheet.text(BOARD_X + 12, y + 4, straps.name(found), "n")


def power(sheet: Sheet, regulator: str, feeds: str) -> None:
    """The supply, above the signals. `feeds`: what the board gets."""
    y = 180.0
    sheet.text(LEFT, 130, "Supply", "h")
    sheet.boxed(LEFT, y - 24, 120, 48, "lithium cell,", "protected, 3.7 V")
    sheet.line(LEFT + 120, y, LEFT + 170, y)
    sheet.boxed(LEFT + 170, y - 18, 70, 36, "fuse 0.5 A")
    sheet.line(LEFT + 240, y, 400, y)
    sheet.dot(340, y)
    sheet.text(346, y - 8, "cell +", "s")
    sheet.line(340, y, 340, y + 34)
    sheet.boxed(280, y + 34, 120, 30, "charger")
    sheet.line(280, y + 49, 150, y + 49)
    sheet.circle(146, y + 49, 3.5)
    sheet.text(136, y + 53, "dock 5 V", "s", "end")
    sheet.boxed(400, y - 24, 150, 48, *regulator.split("\n"))
    sheet.line(550, y, BOARD_X, y)
    sheet.capacitor(640, y, "10 µF + 100 nF")
    sheet.text(BOARD_X - 60, y - 8, feeds, "s", "middle")


REGULATORS = MappingProxyType(
    {
        "pico_w": "none: cell + to VSYS,\nits own converter",
        "pico2_w": "none: cell + to VSYS,\nits own converter",
        "nucleo_wb55": "3.3 V, ≥ 150 mA,\n≤ 60 µA for itself",
    }
)
DEFAULT_REGULATOR = "3.3 V, ≥ 500 mA,\n≤ 60 µA for itself"


def picture(board: Any) -> str:
    """The whole SVG."""
    rows = circuits.of(board)
    below = TOP + 20 + ROW * len(rows)
    height = below + straps.ROW * len(straps.drawn(board)) + 66
    sheet = Sheet()
    sheet.text(LEFT, 46, f"Wiring of {board.name}", "b")
    sheet.text(
        LEFT, 70,
        "Drawn from firmware/interlock/boards/; values are chosen, nothing of this was built or measured yet.", "p",
        colour=PALE,
    )  # fmt: skip
    sheet.text(
        LEFT, 90,
        "No output goes to the weapon: its sensors are read, nothing drives it. Lines that leave the case are clamped. "
        "Contacts are drawn with the weapon out.",
        "p", colour=PALE,
    )  # fmt: skip
    is_fed_by_cell = board.name in ("pico_w", "pico2_w")
    power(sheet, REGULATORS.get(board.name, DEFAULT_REGULATOR), "cell +" if is_fed_by_cell else "3.3 V")
    sheet.rect(BOARD_X, 140, BOARD_WIDTH, height - 180, FILL, 8)
    sheet.text(BOARD_X + BOARD_WIDTH / 2, 164, board.name, "h", "middle")
    sheet.text(BOARD_X + 12, 184, "VSYS" if is_fed_by_cell else "3V3", "n")
    if is_fed_by_cell:
        sheet.text(BOARD_X + 12, 202, "3.3 V at 3V3(OUT)", "s")
    for place, (signal, circuit) in enumerate(rows):
        y = TOP + 48 + ROW * place
        role, colour = ROLES[circuit.role]
        sheet.text(LEFT, y - 38, f"{signal}: {circuit.outside}", "t")
        sheet.text(692, y - 38, circuit.why, "p", "end", PALE)
        DRAWN[circuit.kind](sheet, y, signal, circuit, board)
        sheet.circle(BOARD_X, y, 4, INK)
        sheet.text(BOARD_X + 12, y - 2, pin_name(board, signal), "n")
        sheet.text(BOARD_X + 12, y + 13, f"on: {circuits.level_of(board, signal)}", "p", colour=PALE)
        sheet.text(BOARD_X + BOARD_WIDTH - 12, y - 2, signal, "t", "end")
        sheet.text(BOARD_X + BOARD_WIDTH - 12, y + 13, role, "p", "end", colour)
    for place, found in enumerate(straps.drawn(board)):
        strap(sheet, below + 34 + straps.ROW * place, found)
    sheet.ground(BOARD_X + 40, height - 30)
    sheet.line(BOARD_X + 40, height - 40, BOARD_X + 40, height - 30)
    sheet.text(LEFT, height - 22, _note(board), "p", colour=PALE)
    style = (
        "text{font-family:'DejaVu Sans',Helvetica,Arial,sans-serif}.t{font-size:13px}.s{font-size:11px}"
        ".p{font-size:11.5px}.n{font-size:13px;font-weight:bold}.h{font-size:15px;font-weight:bold}"
        ".b{font-size:22px;font-weight:bold}"
    )
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'role="img" aria-label="Wiring of {escape(board.name)}">\n<style>{style}</style>\n'
        f'<rect width="{WIDTH}" height="{height}" fill="#FFFFFF"/>\n'
    )
    wires = [line.replace("<text", '<text stroke="none"') for line in sheet.lines]
    return head + f'<g stroke="{INK}" stroke-width="1.4" fill="none">\n' + "\n".join(wires) + "\n</g>\n</svg>\n"


def pin_name(board: Any, signal: str) -> str:
    """As people who solder know it."""
    pin = board.pins[signal]
    if isinstance(pin, int):
        return f"GPIO {pin}"
    return f"P{pin}" if pin[0] in "ABC" else pin  # a processor's port, or the board's own name


def _note(board: Any) -> str:
    if not board.plays_both:
        return "A unit of this board is holster or camera, not both: their lines share pins. Wire those of its role."
    return (
        "A holster unit has no recorder's lines, a camera unit none of the weapon's; one that is both has all of them."
    )
