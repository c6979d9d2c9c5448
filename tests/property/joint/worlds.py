"""The worlds that the tests go through, each with the depth to which `make test` and `make test-deep` search it."""

from typing import NamedTuple

from interlock.core.settings import REACH_JOURNAL, REACH_OWN, Policy

from .search import TINY, WATCHFUL
from .world import Shape


class Case(NamedTuple):
    shape: Shape
    policy: Policy
    depth: int
    deep: int


_PAIR = Shape((1,), (2,), ((1, 2),))
_BUTTON = ("draw", "seat", "arm anywhere", "safe", "discharge", "press", "let go", "test mode")
_LONGER = TINY._replace(cancel_ms=6)  # longer than arming and making safe again take
WORLDS: dict[str, Case] = {
    "one officer": Case(_PAIR, TINY, 2, 5),
    "one officer, who then does nothing": Case(_PAIR._replace(acts=(), trouble=0), TINY, 6, 9),
    "one officer, the button and the modes": Case(_PAIR._replace(acts=_BUTTON, trouble=0, bag=1), _LONGER, 3, 5),
    "one officer, two troubles": Case(_PAIR._replace(trouble=2), TINY, 2, 4),
    "one officer, a recorder that runs already": Case(_PAIR._replace(running=True), TINY, 2, 4),
    "one officer, edges before timers": Case(_PAIR._replace(edges_first=True), TINY, 2, 4),
    "one officer, every millisecond": Case(_PAIR._replace(fine=True), TINY, 2, 4),
    "a witness beside": Case(Shape((1,), (2, 3), ((1, 2),)), TINY, 1, 3),
    "a witness beside, strangers without clocks": Case(Shape((1,), (2, 3), ((1, 2),), clockless=True), TINY, 1, 3),
    "two weapons, one camera": Case(Shape((1, 2), (3,), ((1, 3), (2, 3))), TINY, 2, 3),
    "draws in the journal only": Case(_PAIR, TINY._replace(on_draw=REACH_JOURNAL, on_arm=REACH_JOURNAL), 2, 4),
    "own camera only": Case(
        Shape((1,), (2, 3), ((1, 2),)), TINY._replace(on_draw=REACH_OWN, on_arm=REACH_OWN, on_discharge=REACH_OWN), 2, 3
    ),
    "readiness and presence": Case(_PAIR._replace(acts=("draw", "seat", "dock", "undock")), WATCHFUL, 2, 4),
}
