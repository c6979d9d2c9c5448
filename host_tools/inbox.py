"""Frames that came and were not yet read: bounded, in order, and every wait loses to a lost link and to time.

What came before the link was lost is still handed out: the last words of a unit say why it left.
"""

import asyncio
from collections import deque

from .outcome import Exit, ToolError

_FRAME_COST_BYTES = 64  # what a queued frame costs beside its bytes: tiny frames must not be free

_CLOSER = (
    "Stay within some metres of the unit, keep it in service mode, and run the command again: it goes on where it "
    "stopped."
)


class LinkLost(ToolError):
    """The connection is gone, or the unit says nothing any more. Asking again may help."""

    def __init__(self, happened: str = "the connection to the unit was lost", advice: str | None = None) -> None:
        super().__init__(happened, advice or _CLOSER, Exit.DEVICE)


class Inbox:
    """Frames of one characteristic. `most_bytes`: what may wait unread; beyond it the sender breaks the rules."""

    def __init__(self, most_bytes: int) -> None:
        self._frames: deque[bytes] = deque()
        self._most_bytes = most_bytes
        self._waiting_bytes = 0
        self._news = asyncio.Event()
        self._closed: str | None = None
        self._overflowed = False

    def put(self, frame: bytes) -> None:
        """A frame came. Never blocks, never grows beyond the bound."""
        if self._closed is not None or self._overflowed:
            return
        cost = len(frame) + _FRAME_COST_BYTES
        if self._waiting_bytes + cost > self._most_bytes:
            self._overflowed = True
        else:
            self._waiting_bytes += cost
            self._frames.append(frame)
        self._news.set()

    def close(self, happened: str) -> None:
        """The link is lost: who waits gets LinkLost once all that came is read."""
        if self._closed is None:
            self._closed = happened
        self._news.set()

    def take(self) -> bytes | None:
        """The oldest frame, or None."""
        if not self._frames:
            return None
        frame = self._frames.popleft()
        self._waiting_bytes -= len(frame) + _FRAME_COST_BYTES
        return frame

    async def get(self) -> bytes:
        """The oldest frame, as soon as there is one. LinkLost, or ToolError when the sender sent too much."""
        while True:
            frame = self.take()
            if frame is not None:
                return frame
            if self._overflowed:
                raise ToolError(
                    "the unit sends more than it was asked for",
                    "It is not what it claims to be, or its firmware is defective: keep it, and report this.",
                    Exit.DEVICE,
                )
            if self._closed is not None:
                raise LinkLost(self._closed)
            self._news.clear()
            await self._news.wait()
