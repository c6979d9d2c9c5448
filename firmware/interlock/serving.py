"""The desk of a unit, and what that may have the unit do: loaded with it, and let go of with it. A part that cannot be
loaded is refused, as a flash that fails."""

from . import recorders
from .core import frames, records, wire
from .desk import Desk

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from .app import App
    from .core.settings import Settings
    from .placement import Placement
    from .self_test import SelfTest
    from .setup import SetUp


class _Served:
    """`app`: a unit in service."""

    def __init__(self, app: "App") -> None:
        self._app = app

    def adopt(self, config: "Settings") -> None:
        """New settings are in force: go by them without a restart."""
        station = self._app.station
        station.go_by(config)
        kind, payload = station.config_fact()
        station.record(kind, payload)

    def command(self, mode: int, seconds: int) -> int:
        """Enter a mode, by a technician; OK, or why not."""
        role = self._app.holster
        return wire.OK if role is not None and role.command(mode, seconds) else wire.BAD_MODE

    def test(self, credential: int, which: int) -> tuple[int, bytes]:
        """Begin a self-test of these parts, or none; OK or why not, and the last one's report."""
        asked = self._app.asked
        if not which and asked.report is not None and asked.tester.held is None:
            return wire.OK, asked.report
        tester: SelfTest | None = asked.tester.get()
        if tester is None:
            return wire.FLASH_FAILED, b""
        return tester.begin(credential, which) if which else wire.OK, tester.report()

    def place(self, credential: int, what: int, seconds: int) -> tuple[int, bytes]:
        """As `Served.place`."""
        if self._app.holster is None:
            return wire.NOT_ALLOWED, b""
        placement: Placement | None = self._app.asked.placement.get()
        if placement is None:
            return wire.FLASH_FAILED, b""
        return placement.ask(credential, what, seconds)

    def identify(self, ms: int, how: int) -> int:
        """Blink, and buzz, for so long; what of it, as `Served.identify` says. Not with a weapon in use."""
        app = self._app
        return 0 if app.is_busy() else app.signal.identify(app.station.ticks(), ms, bool(how & wire.BY_BUZZ))

    def sense(self) -> tuple[int, int]:
        """(status flags, cell mV) for a technician."""
        app = self._app
        cell_mv = 0
        flags = wire.FLAG_FALLBACK if app.station.has_fallen else 0
        role = app.holster
        if role is not None:
            cell_mv = role.battery.read_mv()
            flags |= wire.FLAG_LOW_BATTERY if role.battery.low else 0
            flags |= wire.FLAG_SENSOR_FAULT if role.state.conditions & frames.FLAG_SENSOR_FAULT else 0
            flags |= wire.FLAG_MUTED if role.answers.is_muted else 0
            flags |= wire.FLAG_TEST if role.state.duty == records.MODE_TEST else 0
            flags |= wire.FLAG_FUNCTION_TEST if role.state.duty == records.MODE_FUNCTION_TEST else 0
        if app.camera is not None:
            flags |= wire.FLAG_TALLY if app.camera.recorder.tally.on else 0
            flags |= wire.FLAG_AWAKE if app.camera.recorder.awake.on else 0
        return flags, cell_mv


def in_service(app: "App") -> Desk:
    """The desk of a unit in service."""
    served, board, station = _Served(app), app.board, app.station
    does = (served.adopt, served.sense, served.identify, served.command, served.test)
    desk = Desk(station, app.keep, app.label, station.config, *does, keeper=board.keeper)
    desk.placement = served.place
    desk.plays_both = board.plays_both
    desk.has_recorder = lambda kind: recorders.is_possible(kind, board)
    return desk


def boxed(unit: "SetUp") -> Desk:
    """The desk of a unit in its box."""
    board = unit.board
    desk = Desk(unit.unit, board.settings_area(), unit.label, None, _ignore, _nothing, unit.identify)
    desk.plays_both = board.plays_both
    desk.has_recorder = lambda kind: recorders.is_possible(kind, board)
    return desk


def _ignore(_: "Settings") -> None:
    """New settings of a boxed unit come into force with its restart."""


def _nothing() -> tuple[int, int]:
    """A boxed unit watches neither recorder nor cell."""
    return 0, 0
