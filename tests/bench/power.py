"""Rows: how long a cell lasts on duty, in shifts. Arithmetic on data sheets and other people's measurements, as
`interlock power` does it: nothing of it was measured, and the ranges are wide (`docs/boards/power.md`)."""

import importlib

from host_tools.power import duty, figures, reckon, report
from interlock.core.settings import DEFAULT_POLICY, ROLE_CAMERA, ROLE_HOLSTER

from .rows import Row, Spec, by_id
from .sizes import BOARDS

BATTERY_MAH = 1000
SHIFT = duty.Habits()
ROLES = {"holster": ROLE_HOLSTER, "camera": ROLE_CAMERA}
SPECS = tuple(
    Spec(f"power.{board}.{role}", f"{board}, {role} unit: a cell of {BATTERY_MAH:,} mAh lasts", "hours", "a shift")
    for board in BOARDS
    for role in ROLES
)


def rows() -> list[Row]:
    specs, out = by_id(SPECS), []
    for name in BOARDS:
        board = importlib.import_module(f"interlock.boards.{name}").BOARD
        for role, number in ROLES.items():
            told = report.reckoned(
                figures.load(name), number, BATTERY_MAH, DEFAULT_POLICY, SHIFT, reckon.STOCK, bool(board.wakes),
                board.adv_floor_ms, (1.0,), 0.0,
            )  # fmt: skip
            life = told["shift"]["life_h"]
            note = f"reckoned, {life['low']:.3g} to {life['high']:.3g}"
            out.append(specs[f"power.{name}.{role}"].row(life["typ"], SHIFT.shift_h, note))
    return out
