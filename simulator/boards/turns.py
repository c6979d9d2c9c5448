"""When virtual time stands still for a runner of MicroPython's two-instance tests, and when it may fly.

What such a runner does next takes it real time, of which the boards must not notice anything: it reacts to two kinds
of lines that they print (tests/run-multitests.py). After NEXT it starts the next board's program; after BROADCAST ...,
once all have said NEXT, it types that line to the other boards. Until it has, time is held, and so it is while no board
has a program. Otherwise nobody outside has a turn, and time moves from timer to timer. A bench needs as many boards as
the tests have instances.
"""

NEXT = b"NEXT"
BROADCAST = b"BROADCAST "


class Turns:
    """Of the boards `names`; `is_held` is for a `clock.HeldLoop`. A test goes from its first program to its last."""

    def __init__(self, names: list[str]) -> None:
        self._names = names
        self._programs: dict[str, bytes] = {}  # and the line that each has begun
        self._begin()

    def _begin(self) -> None:
        self._starting = set(self._names)  # those that have not said NEXT
        self._has_next = False
        self._untold = dict.fromkeys(self._names, 0)  # lines that each is to be typed yet

    def is_held(self) -> bool:
        """Whether somebody outside has a turn."""
        is_starting = any(name in self._starting for name in self._programs)
        is_untold = any(self._untold[name] for name in self._programs)
        return not self._programs or self._has_next or (is_untold and not is_starting)

    def began(self, name: str) -> None:
        """A board has got a program."""
        self._programs[name] = b""
        self._has_next = False

    def ended(self, name: str) -> None:
        """A board has none any more."""
        self._programs.pop(name, None)
        if not self._programs:
            self._begin()

    def typed(self, name: str, data: bytes) -> None:
        """Somebody typed this to a board."""
        self._untold[name] = max(0, self._untold[name] - data.count(b"\n"))

    def printed(self, name: str, data: bytes) -> None:
        """A board printed this."""
        *lines, begun = (self._programs.get(name, b"") + data).split(b"\n")
        self._programs[name] = begun
        for line in lines:
            if line.rstrip() == NEXT:
                self._starting.discard(name)
                self._has_next = len(self._programs) < len(self._names)
            elif line.startswith(BROADCAST):
                for other in self._names:
                    self._untold[other] += other != name
