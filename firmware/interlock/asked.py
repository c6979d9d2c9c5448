"""What a unit in service does when it is asked, by a technician or by its button: the self-test, the placement.

Loaded when asked for (`parts.py`), and let go of when nobody is here and nothing would be forgotten with it. A
technician asks by `serving.py`.
"""

from . import parts
from .core import holster, records
from .core.ticks import earlier
from .drivers.signal import FAILED

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from .app import App
    from .placement import Placement
    from .self_test import SelfTest


class Asked:
    """`app`: whose parts are tested and watched."""

    def __init__(self, app: "App") -> None:
        self._app = app
        self.tester = parts.Part(self._make_tester)
        self.report: bytes | None = None  # of the last self-test, while the tester is not in memory
        self.placement = parts.Part(self._make_placement)

    def _make_tester(self) -> "SelfTest":
        from .self_test import SelfTest

        return SelfTest(self._app)

    def _make_placement(self) -> "Placement":
        from .placement import Placement

        assert self._app.holster is not None
        return Placement(self._app.holster)

    def press(self) -> None:
        """A short press. Put away, or without a holster's part, the unit tests itself: so its officer may at the
        shift's start."""
        app = self._app
        role = app.holster
        if app.is_busy() or (role is not None and role.state.mode != holster.STOWED):
            return
        tester: SelfTest | None = self.tester.get()
        if tester is None:
            app.signal.play(app.station.ticks(), FAILED)
        else:
            tester.begin_all(records.BY_BUTTON)

    def shields(self) -> bool:
        """Whether the weapon is out for a placement only."""
        placement: Placement | None = self.placement.held
        return placement is not None and placement.shields()

    def follow(self) -> None:
        """One turn of the loop, after the roles': what a placement watches."""
        if self.placement.held is not None:
            self.placement.held.turn()

    def turn(self, busy: bool) -> None:
        """One turn of the loop, after that. `busy`: a weapon is in use."""
        if self.tester.held is not None:
            self.tester.held.turn(busy)

    def deadline(self, first: int | None, now: int) -> int | None:
        """The next tick at which there is something to do, `first` or before that."""
        if self.tester.held is None:
            return first
        return earlier(first, self.tester.held.deadline(now), now)

    def let_go(self) -> None:
        """Forget what nobody needs. Not with a weapon in use."""
        if self._app.station.in_session:
            return
        tester: SelfTest | None = self.tester.held
        if tester is not None and tester.is_idle():
            self.report = tester.report()
            self.tester.forget()
        placement: Placement | None = self.placement.held
        if placement is not None and placement.is_idle():
            self.placement.forget()
