"""What a recorder that talks says of itself, for whoever looks at contacts (`drivers/contact.py`). There is no pin:
whoever listens to the recorder calls `say`."""


class Sign:
    """Off, and nothing is known yet. The first word counts as a change whatever it is: from then on something is."""

    settle_at: int | None = None

    def __init__(self) -> None:
        self.on = False
        self.is_known = False
        self._level = False
        self._is_new = False

    def say(self, level: bool) -> None:
        self._is_new = self._is_new or not self.is_known
        self.is_known = True
        self._level = level

    def read(self) -> bool:
        """As it was said last."""
        return self._level

    def differs(self) -> bool:
        return self._is_new or self._level != self.on

    def take(self) -> int:
        """1 when it changed since the last take, and `on` is the level now; else 0."""
        if not self.differs():
            return 0
        self._is_new = False
        self.on = self._level
        return 1
