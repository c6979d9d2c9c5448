"""A board as a dock in a busy locker room has it: twenty units in all states, notices, overdue ones, events."""

import asyncio

from host_tools.dock.board import Board
from host_tools.dock.lights import HOUR_S, PULL, Known, Light, Setback, Trouble
from host_tools.outcome import Exit, ToolError
from interlock.core.settings import ROLE_CAMERA, ROLE_HOLSTER, ROLE_NAMES

UTC_MS = 1_790_000_000_000


class Adapter:
    """What the board shows of a lane."""

    def __init__(self, name, busy, trouble=None):
        self.name, self.busy, self.links, self.trouble = name, busy, 3, trouble


def board():
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    made = Board(
        "LONDON",
        "DOCK1",
        loop.time,
        lambda: UTC_MS + int(1000 * (loop.time() - began_s)),
        26 * HOUR_S,
        dict(ROLE_NAMES),
    )
    now_s = loop.time()
    for number in range(1, 11):
        for letter, role in (("H", ROLE_HOLSTER), ("C", ROLE_CAMERA)):
            serial = f"{letter}{number}"
            unit = Known(serial, f"{ROLE_NAMES[role]} {number}", role)
            unit.heard_s = now_s
            unit.pulled_s, unit.pulled_ms = now_s - 600 * number, UTC_MS - 600_000 * number
            unit.following = unit.verified_to = 1200 + 731 * number
            unit.battery_mv = 3700 + 31 * number
            unit.clock, unit.clock_off_ms, unit.officer = "set", 12, f"PC{1000 + number}"
            made.units[serial] = unit
    units = made.units
    units["H2"].doing = "pulling: 1200 of 16407 records"
    units["C2"].doing = "pulling"
    units["H3"].findings["check: altered"] = (
        "record 1204 was altered: its seal does not fit. Everything before it is as the unit wrote it"
    )
    units["C4"].cable = "failed"
    units[
        "C4"
    ].cable_text = "the tally stays on after the recorder was stopped. Look at the camera and at the tally's wire"
    units["H5"].setbacks[PULL] = Setback(
        Trouble("not to be trusted", "the unit is not to be trusted: it does not know the secret", "Keep it."), 6, now_s
    )
    units["H6"].flags, units["H6"].battery_mv = ("low battery",), 3412
    units["C6"].clock, units["C6"].clock_off_ms = "refused", 3_600_000
    units["H7"].pulled_s, units["H7"].heard_s = now_s - 22 * HOUR_S, None
    units["C7"].pending = ("assignment: H7, C7",)
    units["H8"].pulled_s, units["H8"].pulled_ms, units["H8"].heard_s = now_s - 50 * HOUR_S, UTC_MS - 180_000_000, None
    units["C9"].pulled_s = units["C9"].pulled_ms = units["C9"].following = units["C9"].heard_s = None
    units["C10"].is_revoked = True
    units["H10"].name = "<script>alert('name')</script> & a very long name that somebody gave it"
    broken = ToolError("the Bluetooth adapter is off", "Switch Bluetooth on (bluetoothctl power on).", Exit.DEVICE)
    made.lanes = [Adapter("hci0", 2), Adapter("hci1", 0, broken)]
    made.others = {"X77": (now_s, "boxed"), "Z1": (now_s, "in service")}
    made.counts.update(pulls=412, records=20_318, bytes=1_020_000)
    made.failures.update({"not heard": 3, "not to be trusted": 6})
    made.forward_to, made.forward_behind_s = "postgresql://dock1:***@records.example/interlock", now_s - 700
    made.notice(
        "adapter hci1",
        Light.RED,
        "adapter hci1: the Bluetooth adapter is off",
        "Switch Bluetooth on (bluetoothctl power on).",
    )
    made.notice("the server", Light.YELLOW, "nothing can be forwarded: the server does not answer", "Nothing is lost.")
    for number in range(1, 9):
        made.tell(f"pulled: {12 * number} new records", f"C{number}")
    made.tell("record 1204 was altered: its seal does not fit", "H3", Light.RED)
    return made
