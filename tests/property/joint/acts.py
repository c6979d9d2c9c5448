"""What officers do with their weapons, and technicians with units."""

from collections.abc import Callable
from typing import Any, NamedTuple

from interlock.core import records


class Act(NamedTuple):
    """`may(unit)`: can it be done now? `do(unit)`; `words` for people; `plays`: the scenario's action, if any."""

    may: Callable[[Any], bool]
    do: Callable[[Any], Any]
    words: str
    plays: str = ""


_ARM = ("the weapon of {} is armed", "arm")
ACTS: dict[str, Act] = {
    "draw": Act(lambda u: u.seat.seated, lambda u: u.seat.set(False), "the weapon of {} is drawn", "draw"),
    "seat": Act(lambda u: not u.seat.seated, lambda u: u.seat.set(True), "the weapon of {} is put back", "holster"),
    "arm": Act(lambda u: not u.armed.on and not u.seat.seated, lambda u: u.armed.set(True), *_ARM),
    "arm anywhere": Act(lambda u: not u.armed.on, lambda u: u.armed.set(True), *_ARM),
    "safe": Act(lambda u: u.armed.on, lambda u: u.armed.set(False), "the weapon of {} is made safe", "safe"),
    "discharge": Act(
        lambda u: u.armed.on, lambda u: u.discharge.pulse(), "the weapon of {} is discharged", "discharge"
    ),
    "press": Act(lambda u: not u.button.on, lambda u: u.button.set(True), "the button of {} is pressed"),
    "let go": Act(lambda u: u.button.on, lambda u: u.button.set(False), "the button of {} is let go"),
    "dock": Act(lambda u: not u.dock.on and u.seat.seated, lambda u: u.dock.set(True), "{} is docked"),
    "undock": Act(lambda u: u.dock.on, lambda u: u.dock.set(False), "{} is taken from its dock"),
    "test mode": Act(
        lambda u: bool(u.role.__dict__),  # it has power
        lambda u: u.role.command(records.MODE_TEST, 1),
        "a technician sets {} to test mode",
    ),
}
