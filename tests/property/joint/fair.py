"""Whether all ends well: a world is played on with power everywhere, recorders that obey, a channel that loses nothing.

Then the own camera records as long as a weapon is out, and its officer knows; made safe and put back, all comes home;
left alone, partners know each other, and a camera that is gone is missed.
"""

from collections.abc import Callable, Iterable, Iterator

from interlock.core import camera, holster, records, watch
from interlock.core.settings import REACH_JOURNAL
from interlock.core.ticks import ticks_add

from ..laws import Broken
from .acts import ACTS
from .world import Move, Unit, World

WITHIN_MS = 60


class Fair:
    """`trail`: the moves since `judge` began. States from which it is known to end well are remembered, so that each is
    gone through once."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.steps = 0
        self.trail: list[Move] = []
        self._lasting: set[int] = set()
        self._good: tuple[set[int], ...] = (set(), set(), set(), set())

    def judge(self) -> None:
        """Raises Broken unless it ends well. Leaves the world where that was decided."""
        self.trail.clear()
        self._go(self._repair())
        law = "with a fair channel the own camera records, and its officer knows"
        self._play(0, self._is_served, law)
        self._stay(law)
        self._go(self._put_back())
        self._play(1, self._is_home, "made safe, seated and left alone all is back in its place")
        if self.world.policy.ready_every_ms:
            self._play(2, self._is_company, "left alone, partners know each other")
            self._go(("cut", number) for number in self.world.shape.cameras)
            self._play(3, self._is_missed, "a holster unit whose camera is gone says so")

    def _go(self, moves: Iterable[Move]) -> None:
        for move in moves:
            self.trail.append(move)
            self.world.do(move)

    def _play(self, phase: int, is_well: Callable[[], bool], law: str) -> None:
        good, way = self._good[phase], []
        for _ in range(WITHIN_MS):
            key = hash(self.world.machine_key())
            way.append(key)
            if key in good or is_well():
                good.update(way)
                return
            self._go(self._step())
            self.steps += 1
        raise Broken(f"{law}: {self.world.plight()}")

    def _stay(self, law: str) -> None:
        """What is served stays so for longer than a lease."""
        world = self.world
        end = ticks_add(world.outside.now, world.policy.lease_ms + world.policy.renew_ms + 1)
        while world.outside.now < end:
            key = hash(world.machine_key())
            if key in self._lasting:
                return
            self._lasting.add(key)
            self._go(self._step())
            self.steps += 1
        if not self._is_served():
            raise Broken(f"{law}, and it stays so: {world.plight()}")

    # What fairness does.

    def _repair(self) -> Iterator[Move]:
        """Power everywhere, recorders that can record."""
        for number, unit in self.world.units.items():
            if not self.world.outside.powered[number]:
                yield ("boot", number)
            if not unit.is_holster and not unit.recorder.awake.on:
                yield ("plug", number)

    def _put_back(self) -> Iterator[Move]:
        """Every weapon is made safe and put back."""
        for number in self.world.shape.holsters:
            for act in ("let go", "safe", "seat"):
                if ACTS[act].may(self.world.units[number]):
                    yield ("act", act, number)

    def _step(self) -> Iterator[Move]:
        """A millisecond in which everything on the air is heard by all, and recorders obey."""
        world = self.world
        if not world.is_due():
            yield ("ms",)
        for number in world.shape.cameras:
            if world.outside.pressed[number]:
                yield ("follow", number)
        for sender, unit in world.units.items():
            for frame in unit.airtime.live():
                for number in world.receivers(sender, frame):
                    yield ("hear", number, frame)
        yield ("serve",)

    # What is well.

    def _is_served(self) -> bool:
        """Whether each weapon that is out is in use, recorded by an own camera, and its officer knows, as far as nobody
        stopped that."""
        world = self.world
        for number in world.shape.holsters:
            unit = world.units[number]
            role = unit.role
            kept = world.policy.on_draw == REACH_JOURNAL or role.state.mode == holster.STOWED
            if not unit.seat.seated and not kept and role.state.mode not in holster.OUT:
                return False
            own = [c for h, c in world.shape.pairs if h == number]
            if role.state.mode not in holster.OUT or any(world.laws.is_excused(c) for c in own):
                continue
            if not (any(world.outside.recording[c] for c in own) and role.answers.is_proven()):
                return False
        return True

    def _is_home(self) -> bool:
        """Whether nothing is out, nothing goes on and nothing waits."""
        return all(self._is_at_rest(unit) for unit in self.world.units.values())

    def _is_at_rest(self, unit: Unit) -> bool:
        state, world = unit.role.state, self.world
        if unit.is_holster:
            is_in = state.mode in (holster.HOLSTERED, holster.STOWED)
            return is_in and not unit.signal.lit and state.duty == records.MODE_NORMAL
        if world.outside.recording[unit.number] and not world.laws.may_go_on(unit.number):
            return False
        return state.mode in (camera.STANDBY, camera.UNPROVEN) and not state.weapons

    def _is_company(self) -> bool:
        """Whether all on duty know that their partners are there."""
        known = (watch.GOOD, watch.POOR)
        return self._is_off_duty() or all(
            mode in known for unit in self.world.units.values() for mode in _watched(unit)
        )

    def _is_missed(self) -> bool:
        """Whether every holster unit misses its camera."""
        holsters = [self.world.units[number] for number in self.world.shape.holsters]
        return self._is_off_duty() or all(mode == watch.MISSING for unit in holsters for mode in _watched(unit))

    def _is_off_duty(self) -> bool:
        return any(self.world.units[number].role.state.mode == holster.STOWED for number in self.world.shape.holsters)


def _watched(unit: Unit) -> list[int]:
    return [one.state.mode for one in unit.station.company._watched.values()]
