"""A small world of real roles, and everything that may happen in it.

The channel is a bag: of each sender's newest frames every one may arrive at any later moment, once, often or never, in
any order. So it loses, doubles, delays and reorders. A move is one turn of one unit's loop (or what makes it turn), in
the order of `app.py`: sensors, then a frame, then what is due. Time passes from deadline to deadline, or by the ms.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from interlock.camera_role import CameraRole
from interlock.core import camera, frames, holster, receiver
from interlock.core.settings import ROLE_CAMERA, ROLE_HOLSTER, Policy
from interlock.core.ticks import earlier, is_due, ticks_add
from interlock.holster_role import HolsterRole

from ..laws import Broken
from .acts import ACTS
from .doubles import Airtime, Battery, Contact, Pickup, Recorder, Seat, Signal, TestStation, settings_of
from .freeze import MEANING, TICKS_AT, Cell, key_of
from .laws import Laws

Move = tuple[Any, ...]


class Shape(NamedTuple):
    """Who is there (units by their numbers) and what may happen."""

    holsters: tuple[int, ...]
    cameras: tuple[int, ...]
    pairs: tuple[tuple[int, int], ...]  # (holster, its own camera)
    acts: tuple[str, ...] = ("draw", "seat", "arm", "safe", "discharge")  # what officers do, of ACTS
    faults: tuple[str, ...] = ("cut", "hand", "unplug")  # what may go wrong
    trouble: int = 1  # so many times in all
    bag: int = 2  # newest frames of each sender that may still arrive
    running: bool = False  # recorders record already
    clockless: bool = False  # strangers do not know the time
    fine: bool = False  # time passes by the millisecond
    edges_first: bool = False  # an edge may come before a timer that is due


class Outside:
    """What no unit knows: weapons, recorders, supplies, the bag."""

    def __init__(self, shape: Shape) -> None:
        self.now = TICKS_AT
        self.powered = dict.fromkeys(shape.holsters + shape.cameras, True)
        self.recording = dict.fromkeys(shape.cameras, shape.running)
        self.pressed = dict.fromkeys(shape.cameras, False)
        self.trouble = shape.trouble
        self.bag: dict[int, tuple[bytes, ...]] = dict.fromkeys(self.powered, ())


class Unit:
    """One unit's objects. `begin` boots it."""

    def __init__(self, world: "World", number: int) -> None:
        shape, outside = world.shape, world.outside
        self.number = number
        self.is_holster = number in shape.holsters
        kin = shape.holsters if self.is_holster else shape.cameras
        self.name = f"{'H' if self.is_holster else 'C'}{kin.index(number) + 1}"
        role = ROLE_HOLSTER if self.is_holster else ROLE_CAMERA
        partners = [sum(pair) - number for pair in shape.pairs if number in pair]
        self.station = TestStation(
            settings_of(number, role, partners, world.policy),
            lambda: outside.now,
            lambda kind, fields: world.recorded(self, kind, fields),
            lambda frame: world.aired(self, frame),
            shape.clockless,
        )
        self.airtime: Airtime = self.station.airtime  # type: ignore[assignment]
        self.signal = Signal()
        self.seat = Seat(True)
        self.contacts = [Contact(False) for _ in range(4)]
        self.armed, self.discharge, self.dock, self.button = self.contacts
        self.recorder = Recorder(lambda: world.pulsed(self), shape.running)
        kind = HolsterRole if self.is_holster else CameraRole
        self.role: Any = kind.__new__(kind)
        objects = [self.role, self.station, self.airtime, self.station.journal, self.signal]
        objects += [self.seat, *self.contacts] if self.is_holster else [self.recorder.tally, self.recorder.awake]
        self.cell = Cell(objects, world.fixed)
        world.fixed.update(
            (id(self.station.config), id(world.policy), id(self.recorder), id(self.station.radio), id(self.station.ear))
        )

    def begin(self) -> None:
        """Boot it."""
        self.seat.take(0)
        for contact in (*self.contacts, self.recorder.tally, self.recorder.awake):
            contact.take()
        self.station.boot()
        if self.is_holster:
            self.role.__init__(self.station, self.seat, *self.contacts, Battery(), self.signal)
            self.role.pickup = Pickup(self.discharge)
        else:
            self.role.__init__(self.station, self.recorder, self.signal, self.dock)
        company = self.station.company
        company.says = self.role.says
        company.warn = self._warn

    def _warn(self) -> None:
        self.signal.nudge(0)

    def cut(self) -> None:
        """It loses power: nothing of it goes on."""
        self.airtime.entries = {}
        self.station.marks = {}
        self.signal.lit = False
        self.role.__dict__ = {}
        del self.station.company


class World:
    """`moves` says what may happen next, `do` does it and judges it, `save` and `load` keep and bring back."""

    def __init__(self, shape: Shape, policy: Policy) -> None:
        self.shape, self.policy = shape, policy
        self.fixed: set[int] = set()
        self.outside = Outside(shape)
        self.laws = Laws(self)
        self.units = {number: Unit(self, number) for number in shape.holsters + shape.cameras}
        self.outer = Cell([self.outside, self.laws.ghost], self.fixed)
        self.cells = [*(unit.cell for unit in self.units.values()), self.outer]
        self.dirty: set[int] = set()
        self.listener: Callable[[Unit, str, Any], None] | None = None  # told of what units do, to tell it to people
        for unit in self.units.values():
            unit.begin()
        for cell in self.cells:
            cell.learn()
        self._flats: list[Any] = []  # of the state that was loaded last, and when that is
        self._flats_at = 0
        self.settle()

    def settle(self) -> None:
        """All weapons in their places: what the search begins with."""
        end = ticks_add(self.outside.now, self.policy.settle_ms)
        while self.outside.now < end:
            self.outside.now += 1
            self._serve()

    # States.

    def save(self, before: list[Any] | None = None) -> list[Any]:
        """What `load` takes. `before`: of the state before this move, of which untouched units are kept."""
        numbers = list(self.units)
        out = []
        for i, cell in enumerate(self.cells):
            untouched = before is not None and i < len(numbers) and numbers[i] not in self.dirty
            out.append(before[i] if untouched and before is not None else cell.save())
        return out

    def load(self, saved: list[Any]) -> None:
        for cell, content in zip(self.cells, saved, strict=True):
            cell.load(content)
        self.dirty.clear()
        self._flats = [cell.flat(self.outside.now) for cell in self.cells]
        self._flats_at = self.outside.now

    def undo(self, saved: list[Any]) -> None:
        """Load what the last move began with."""
        for (number, unit), content in zip(self.units.items(), saved, strict=False):
            if number in self.dirty:
                unit.cell.load(content)
        self.outer.load(saved[-1])
        self.dirty.clear()

    def flats(self) -> list[Any]:
        """Of each unit; of those that no move has touched as they were."""
        now = self.outside.now
        if now != self._flats_at:
            return [unit.cell.flat(now) for unit in self.units.values()]
        return [
            unit.cell.flat(now) if number in self.dirty else self._flats[i]
            for i, (number, unit) in enumerate(self.units.items())
        ]

    def key(self) -> bytes:
        return key_of([*self.flats(), self.outer.flat(self.outside.now)])

    def machine_key(self) -> bytes:
        """The same without what was: laws' memory, frames that are off the air, trouble left."""
        outside = self.outside
        around = [*outside.powered.values(), *outside.recording.values(), *outside.pressed.values()]
        return key_of([*self.flats(), around])

    # What may happen.

    def moves(self) -> Iterator[Move]:
        outside, shape = self.outside, self.shape
        yield ("time",)
        if self.is_due() and not shape.edges_first:
            return
        for number in shape.holsters:
            unit = self.units[number]
            for act in shape.acts:
                if ACTS[act].may(unit):
                    yield ("act", act, number)
        for number in shape.cameras:
            if outside.pressed[number]:
                yield ("follow", number)
        yield from self._deliveries()
        for number, powered in outside.powered.items():
            if not powered:
                yield ("boot", number)
        if not outside.trouble:
            return
        for number in self.units:
            if "cut" in shape.faults and outside.powered[number]:
                yield ("cut", number)
        for number in shape.cameras:
            if "hand" in shape.faults:
                yield ("hand", number)
            if "unplug" in shape.faults and self.units[number].recorder.awake.on:
                yield ("unplug", number)

    def _deliveries(self) -> Iterator[Move]:
        for sender, bag in self.outside.bag.items():
            for frame in bag:
                for receiver_number in self.receivers(sender, frame):
                    yield ("hear", receiver_number, frame)

    def receivers(self, sender: int, frame: bytes) -> Iterator[int]:
        """Whom a frame may concern: an ack its holster, a witness all holsters, all else all cameras."""
        meaning = MEANING[frame]
        for number, unit in self.units.items():
            if number == sender or not self.outside.powered[number]:
                continue
            others = unit.is_holster == (sender in self.shape.cameras)
            if (meaning[0] == "ack" and number == meaning[1]) or (meaning[0] != "ack" and others):
                yield number

    def do(self, move: Move) -> None:
        """Make it happen. Raises Broken where a law does not hold."""
        getattr(self, "_do_" + move[0])(*move[1:])
        self.laws.after()

    def _do_time(self) -> None:
        if not self.is_due():
            at = None if self.shape.fine else self._next_due()
            at = ticks_add(self.outside.now, 1) if at is None or at - self.outside.now > 50 else at
            self.outside.now = at
            if self.shape.edges_first and self.is_due():
                return  # an edge may be quicker than the timer
        self._serve()

    def _serve(self) -> None:
        for _ in range(3):  # a turn may find that there is something to do at once
            for unit in self.units.values():
                if self.outside.powered[unit.number]:
                    self.turn(unit)
            if not self.is_due():
                return
        raise Broken("what is due is served: no loop spins")

    def _do_ms(self) -> None:
        self.outside.now = ticks_add(self.outside.now, 1)

    _do_serve = _serve

    def _do_plug(self, number: int) -> None:
        self.units[number].recorder.awake.set(True)
        self._wake(self.units[number])

    def _do_act(self, act: str, number: int) -> None:
        unit = self.units[number]
        ACTS[act].do(unit)
        self._wake(unit, act)

    def _do_hear(self, number: int, frame: bytes) -> None:
        self.turn(self.units[number], frame)

    def _do_follow(self, number: int) -> None:
        self.outside.pressed[number] = False
        self.laws.follows(number)
        self._record(number, not self.outside.recording[number])

    def _do_hand(self, number: int) -> None:
        self.outside.trouble -= 1
        self.laws.by_hand(self.units[number], False)
        self._record(number, not self.outside.recording[number])

    def _do_unplug(self, number: int) -> None:
        """The recorder loses its supply, and may have it again at once."""
        self.outside.trouble -= 1
        unit = self.units[number]
        self.laws.by_hand(unit, True)
        self.outside.pressed[number] = False
        unit.recorder.awake.set(False)
        self._record(number, False)

    def _do_cut(self, number: int) -> None:
        self.outside.trouble -= 1
        self.outside.powered[number] = False
        self.units[number].cut()
        self.laws.cut(self.units[number])
        self.dirty.add(number)

    def _do_boot(self, number: int) -> None:
        self.outside.powered[number] = True
        self.units[number].begin()
        self.laws.booted(self.units[number])
        self.turn(self.units[number])

    def _record(self, number: int, on: bool) -> None:
        self.outside.recording[number] = on
        self.units[number].recorder.tally.set(on)
        self._wake(self.units[number])

    def _wake(self, unit: Unit, act: str = "") -> None:
        self.dirty.add(unit.number)
        if self.outside.powered[unit.number]:
            self.turn(unit, act=act)

    # A unit's turn: see App.turn.

    def turn(self, unit: Unit, frame: bytes | None = None, act: str = "") -> None:
        self.dirty.add(unit.number)
        self.laws.turning(unit, act)
        unit.signal.nudges = 0
        # The loop wakes for that, too; what ends with this millisecond is off the air.
        unit.airtime.expire(self.outside.now)
        unit.role.react()
        if frame is not None:
            self._hear(unit, frame)
        unit.role.tick()
        unit.station.company.tick(self.outside.now, unit.role.busy())
        if unit.is_holster:
            while unit.role.prepare():
                pass
        self.laws.turned(unit)

    def _hear(self, unit: Unit, frame: bytes) -> None:
        if MEANING[frame][0] == "ack":
            self.laws.acking(frame)
            self.laws.acked(unit, frame, unit.role.hear(frame))
            return
        heard = unit.station.ear.hear(frame, unit.station.marks)
        if heard is None:
            return
        self.laws.heard(unit, heard)
        unit.station.company.hear(heard)
        if unit.is_holster:
            if heard.event == frames.RECORDING and heard.kind != receiver.OWN_STALE:
                unit.role.witness(heard)
        else:
            unit.role.hear(heard)

    def _next_due(self) -> int | None:
        now, first = self.outside.now, None
        for unit in self.units.values():
            if self.outside.powered[unit.number]:
                first = earlier(first, unit.role.deadline(now), now)
                first = earlier(first, unit.station.company.deadline(now), now)
        return first

    def is_due(self) -> bool:
        """Whether some unit has something to do now."""
        return is_due(self._next_due(), self.outside.now)

    def plight(self) -> str:
        """How it stands, in words."""
        said = []
        for unit in self.units.values():
            names = holster.MODE_NAMES if unit.is_holster else camera.MODE_NAMES
            is_on = self.outside.powered[unit.number]
            said.append(f"{unit.name} is {names[unit.role.state.mode] if is_on else 'off'}")
        return ", ".join(said)

    # What units do.

    def recorded(self, unit: Unit, kind: int, fields: Any) -> None:
        if self.listener:
            self.listener(unit, "recorded", (kind, fields))
        self.laws.recorded(unit, kind, fields)

    def aired(self, unit: Unit, frame: bytes) -> None:
        if self.listener:
            self.listener(unit, "aired", frame)
        self.laws.aired(unit, frame)
        bag = self.outside.bag[unit.number]
        if frame not in bag:
            self.outside.bag[unit.number] = (*bag, frame)[-self.shape.bag :]

    def pulsed(self, unit: Unit) -> None:
        if self.listener:
            self.listener(unit, "pulsed", None)
        self.laws.pulsed(unit)
        self.outside.pressed[unit.number] = True
