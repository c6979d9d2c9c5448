"""What a unit does about its own life: tells the journal how a boot came about, restarts on purpose, and sleeps when
nobody can want it. Decisions are `core/life.py`; the loader's side is `interlock_loader/keeper.py`.

Deep sleep is for boards that a pin can wake (`Board.wakes`), and never for a weapon in its holster. What is missed:
nothing but the time it takes to boot (`boot_us` of the simulator's profiles; estimates). A weapon that comes and goes
within that time leaves the level of its seat behind, and which pin woke the unit: it is recorded as out. One contact
that fails meanwhile may be the one that wakes it: so it looks at all lines every LOOK_MS, and sleeps on if none moved.
"""

import machine

from .core import camera, holster, life, records
from .core.machine import due
from .core.settings import LEVEL, MOMENTARY, ROLE_CAMERA, ROLE_HOLSTER
from .core.ticks import is_due, ticks_add

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from collections.abc import Callable

    from .boards import Board
    from .camera_role import CameraRole
    from .core.settings import Settings
    from .drivers.contact import Contact
    from .holster_role import HolsterRole
    from .unit import Unit

_WEAPON = ("seat_closes", "seat_opens", "armed")
_WIRED = (MOMENTARY, LEVEL)
_SOMEBODY = ("dock", "button")
BOXED_MS = 600000
LOOK_MS = 900000
CELL_MV = 1000  # below that nothing is connected there


def before(board: "Board", has_cell: bool) -> tuple[int, bytes]:
    """How this boot came about, as far as chip and loader know: (flags of a LIFE record, the exception's mark).
    `has_cell`: whether the board measures its cell."""
    cause, keeper = machine.reset_cause(), board.keeper
    flags, crash = 0, life.NO_CRASH
    if is_woken():
        flags = records.LIFE_WOKEN
    elif cause in (machine.WDT_RESET, getattr(machine, "HARD_RESET", machine.WDT_RESET)):
        if keeper is None or not keeper.was_expected:
            flags = records.LIFE_UNMEANT
    elif cause == machine.PWRON_RESET and has_cell and _is_cell_low(board):
        flags = records.LIFE_LOW_CELL
    if keeper is not None and keeper.after_crash:
        flags |= records.LIFE_CRASHED
        crash = keeper.state.crash
    return flags, crash


def is_woken() -> bool:
    """Whether this boot ended a deep sleep."""
    return bool(machine.reset_cause() == getattr(machine, "DEEPSLEEP_RESET", None))


def _is_cell_low(board: "Board") -> bool:
    from .drivers.battery import Battery

    divider, low_mv, clear_mv = board.battery
    return CELL_MV < Battery(board.pins["battery"], divider, low_mv, clear_mv).read_mv() < low_mv


def is_stowed_still(board: "Board", unit: "Unit") -> bool:
    """Whether a holster unit that woke was woken by somebody, not by a weapon: then it is put away as before."""
    if not (is_woken() and unit.was_asleep) or _is_looking():
        return False
    from .drivers.sleep_esp32 import woken_by

    pins = [board.pins[name] for name in _WEAPON]
    return not [pin for pin in woken_by() if pin in pins]


def _is_looking() -> bool:
    """Whether time ended its sleep, and no pin."""
    if not is_woken():
        return False
    from .drivers.sleep_esp32 import ended_by_time

    return ended_by_time()


def sleep_on(board: "Board", config: "Settings") -> None:
    """Sleep again, and tell nobody, if time alone ended the sleep and no line has moved; else return."""
    if not _is_looking():
        return
    lines: tuple[str, ...] = _SOMEBODY
    if config.role & ROLE_HOLSTER:
        lines += _WEAPON
    if config.role & ROLE_CAMERA:
        lines += ("awake", "tally")
    for name in lines:
        if board.contact(name, _nothing, _no_time).on != (name == "seat_opens"):
            return
    from .drivers import sleep_esp32 as deep

    signals = wakers(board, bool(config.role & ROLE_HOLSTER), bool(config.role & ROLE_CAMERA), config.recorder)
    if signals and not deep.wakes_now(board, signals):
        deep.sleep(board, signals, LOOK_MS)


def _nothing() -> None:
    pass


def _no_time() -> int:
    return 0  # one look, and no edge that a tick would belong to


def wakers(board: "Board", is_holster: bool, is_camera: bool, recorder: int) -> tuple[str, ...]:
    """The signals that can wake a unit of these roles, or none where those that it needs cannot. `recorder`: kind of
    the camera's."""
    # An analogue sensor wakes nobody.
    able = [name for _, _, names in board.wakes for name in names if name not in board.halls]
    found = [name for name in able if name in _SOMEBODY]
    if not found:
        return ()
    if is_holster:
        weapon = [name for name in able if name in _WEAPON]
        if not [name for name in weapon if name != "armed"]:
            return ()
        found += weapon
    if is_camera:
        # A recorder without that wire cannot wake it.
        if "awake" not in able or recorder not in _WIRED:
            return ()
        found.append("awake")
    return tuple(found)


class Life:
    """`unit`: whose journal it is; `holster`, `camera`: its roles, None for those it has not; `revision`: gives
    that of its settings, 0 without any; `rests_ms`: after how many ms of rest it sleeps, 0 for never."""

    def __init__(
        self,
        board: "Board",
        unit: "Unit",
        dock: "Contact",
        button: "Contact",
        revision: "Callable[[], int]",
        rests_ms: "Callable[[], int]",
        holster: "HolsterRole | None" = None,
        camera: "CameraRole | None" = None,
    ) -> None:
        now = unit.ticks()
        self._board = board
        self._unit = unit
        self._contacts = (dock, button)
        self._revision = revision
        self._rests_ms = rests_ms
        self._holster = holster
        self._camera = camera
        self._well_at: int | None = ticks_add(now, life.HEALTHY_MS)
        self.day = life.DayState()
        # Whom nobody could miss sleeps until a pin wakes it.
        self._look_ms = None if holster is None and camera is None else LOOK_MS
        recorder = camera.station.config.recorder if camera is not None else 0
        self._signals = wakers(board, holster is not None, camera is not None, recorder)

    # Boots.

    def restart(self, why: int) -> None:
        """Start anew, on purpose: the loader and the next boot shall know."""
        if why != records.LIFE_FOR_RADIO:
            # Whoever saw an invitation meanwhile would look for an address that ends with this boot.
            self._unit.radio.silence()
        self._unit.tell_life(records.LIFE_RESTART, why)
        if self._board.keeper is not None and why != records.LIFE_FOR_TRIAL:
            self._board.keeper.expect()
        machine.reset()

    def restart_for_radio(self) -> None:
        """As the radio's supervisor asks."""
        self.restart(records.LIFE_FOR_RADIO)

    # The day.

    def turn(self, busy: bool, is_open: bool) -> None:
        """One turn of the loop. `busy`: a weapon or a recorder is in use; `is_open`: a technician may connect."""
        now = self._unit.ticks()
        if not busy and is_due(self._well_at, now):
            self._well_at = None
            self._unit.be_well(self._revision())
            if self._holster is None and self._camera is None:
                self._tell_loader()
        if is_open != (self.day.mode == life.SERVICE):
            self._step(life.OPEN if is_open else life.SHUT, 0, now)
        rest_ms = 0 if busy else self._rest_ms()
        if not rest_ms:
            if self.day.store_at is not None:
                self._step(life.STIR, 0, now)
            return
        self._step(life.REST, rest_ms, now)
        self.day, event = due(self.day, now)
        if event is not None:
            self._step(event, 0, now)

    def _tell_loader(self) -> None:
        """A boxed unit has no trial that would: `trial.py`."""
        if self._board.keeper is not None:
            try:
                self._board.keeper.healthy()
            except OSError:
                pass  # what counted against it stays

    def deadline(self) -> int | None:
        """The next tick at which there is something to do, or None. Being well waits for the loop."""
        return self.day.store_at

    def _step(self, event: int, data: int, now: int) -> None:
        # It reads no policy.
        self.day, effects = life.MACHINE.step(self.day, event, data, now, None)  # type: ignore[arg-type]
        if effects:
            self._sleep()

    def _rest_ms(self) -> int:
        """After how long a rest it may sleep, as things are; 0: not at all."""
        after_ms = self._rests_ms()
        if not after_ms or not self._signals or self._contacts[0].on or self._contacts[1].on or self._unit.in_session:
            return 0
        if self._holster is not None and not _is_put_away(self._holster):
            return 0
        if self._camera is not None and not self._is_camera_off(self._camera):
            return 0
        return after_ms

    def _is_camera_off(self, role: "CameraRole") -> bool:
        recorder = role.recorder
        if role.state.mode != camera.STANDBY or recorder.awake.on or recorder.tally.on:
            return False
        # Of a combined unit the holster's part knows: its weapon is not there.
        return self._holster is not None or not role.station.company.is_near()

    def _sleep(self) -> None:
        from .drivers import sleep_esp32 as deep

        now = self._unit.ticks()
        if deep.wakes_now(self._board, self._signals):
            self._step(life.STIR, 0, now)
            return
        self._unit.tell_life(records.LIFE_STORED, records.LIFE_FOR_NOTHING)
        self._unit.radio.switch_off()
        deep.sleep(self._board, self._signals, self._look_ms)
        self.restart(records.LIFE_FOR_RADIO)  # refused: the radio is off, and comes back with a start


def _is_put_away(role: "HolsterRole") -> bool:
    """Whether a holster unit is stowed and its holster empty beyond doubt."""
    if role.state.mode != holster.STOWED or role.armed.on or role.seat.faulty or role.seat.disagree_at is not None:
        return False
    closes, opens = role.seat.contacts[:2]
    return not closes.on and opens.on
