"""What strikes a visit at its nth step: a lost link, or the death of the host."""


class Killed(BaseException):
    """The host's process was killed: nothing of it may act any more, so no handler may catch this."""


class Fate:
    """Strikes at step `at` (from 0; None: never): `kill` ends the host, otherwise the link in use is cut."""

    def __init__(self, at: int | None = None, kill: bool = False) -> None:
        self.at = at
        self.kill = kill
        self.steps = 0
        self.is_dead = False

    def step(self) -> bool:
        """Count one; whether the link is cut by it. Raises Killed."""
        if self.is_dead:
            raise Killed
        struck = self.steps == self.at
        self.steps += 1
        if struck and self.kill:
            self.is_dead = True
            raise Killed
        return struck
