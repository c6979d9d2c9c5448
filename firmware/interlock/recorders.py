"""The recorder that a camera unit has: one driver of four kinds, loaded only where it is configured. What is on the
lines: `firmware/RECORDER.md`."""

import os

from .core import settings
from .radio.bonds import can_pair

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from .boards import Board
    from .core.sign import Sign
    from .drivers.contact import Contact
    from .drivers.door import Watched
    from .radio.bonds import Bonds
    from .radio.broadcast import Broadcast

    class Recorder(Protocol):
        """What a camera unit's role asks of a recorder.

        `tally`: on is proof that it records, as far as its kind can prove anything; `awake`: it can be started at once.
        `contacts`: what the door looks at. `speaks`: what it says is known only once it said it; `proven_ms`: how long
        before its tally went off it last said that it records; `is_silent`: it went off since nobody said anything any
        more; `buffer_ms`: its own word for its pre-event buffer. `toggles`: start and stop are the same press.
        `is_wanted`: told by the role: a weapon is out, or it is being started or stopped; `is_kept`: a weapon is out,
        so a stop that was not done yet is off. No method raises for what a recorder does."""

        is_wanted: bool
        is_kept: bool

        @property
        def speaks(self) -> bool: ...

        @property
        def toggles(self) -> bool: ...

        @property
        def tally(self) -> Contact | Sign: ...

        @property
        def awake(self) -> Contact | Sign: ...

        @property
        def contacts(self) -> tuple[Watched, ...]: ...

        @property
        def buffer_ms(self) -> int | None: ...

        @property
        def proven_ms(self) -> int | None: ...

        @property
        def is_silent(self) -> bool: ...

        def start(self, now: int) -> None:
            """Let it record. Never stops one that records."""

        def stop(self, now: int) -> None:
            """End a recording."""

        def hear(self, now: int) -> None:
            """First thing in a turn: take what it says."""

        def tick(self, now: int) -> None:
            """Once a turn: do what is due."""

        def deadline(self, now: int) -> int | None:
            """The next tick at which something is."""


def is_possible(kind: int, board: "Board") -> bool:
    """Whether a unit on this board can have such a recorder. A GoPro takes commands of bonded peers only, and some
    ports are built without pairing; a UART needs pins that have one."""
    if kind == settings.GOPRO:
        return can_pair()
    return kind != settings.UART or board.uart is not None


def make(
    board: "Board",
    config: settings.Settings,
    contact: "Callable[[str], Contact]",
    radio: "Broadcast",
    bonds: "Bonds",
    now: int,
    was_recording: bool,
) -> "Recorder":
    """The recorder of these settings. `contact`: gives an input by its name; `was_recording`: a recording goes on over
    this restart. On a board that cannot have its kind there are the wires, on which nothing will be proven."""
    kind = config.recorder if is_possible(config.recorder, board) else settings.MOMENTARY
    if kind == settings.UART and board.uart is not None:
        from .drivers.recorder_uart import Serial

        sequence = int.from_bytes(os.urandom(2), "big")
        return Serial(board.uart, board.pins["shutter"], board.pins["tally"], sequence, now)
    if kind == settings.GOPRO:
        from .radio.gopro import GoPro

        if board.keeper is not None:  # which has a file system
            bonds.keep("/gopro.bonds")
        return GoPro(radio, bonds, config.recorder_id, now)
    tally, awake = contact("tally"), contact("awake")
    if kind == settings.LEVEL:
        from .drivers.recorder_level import Level

        return Level(board.pins["shutter"], tally, awake, was_recording and tally.on)
    from .drivers.recorder_momentary import Momentary

    return Momentary(board.pins["shutter"], tally, awake)
