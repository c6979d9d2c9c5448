"""What a ModelUnit says of its self-test: as the firmware would, of parts that are as a test makes them."""

import asyncio
import struct

from interlock.core import lines, records, selftest, settings, wire

TEST_S = 2.0
STILL = wire.PlacedLine(lines.SEEN_OFF, 0, 0, 0, wire.PLACED_NONE, 0, wire.PLACED_NONE, wire.PLACED_NONE)


class Tested:
    """A unit that can identify and test itself. `shown`: seconds and how, as it was asked last; `findings`: of parts
    that are not as they should be; `tests_left`: tests that it takes."""

    held: settings.Settings | None
    loop: asyncio.AbstractEventLoop | None

    def __init__(self) -> None:
        self.shown = (0, 0)
        self.findings: dict[int, int] = {}
        self.tests_left = 8
        self.placed = [(False, [STILL] * len(lines.LINES))]
        self._parts = 0
        self._until_s = 0.0

    def note(self, kind: int, payload: bytes) -> None:
        """Journal it."""
        raise NotImplementedError

    # needs.Served

    def identify(self, seconds: int, how: int) -> int:
        self.shown = (seconds, how)
        return (wire.BY_LIGHT | how & wire.BY_BUZZ) if seconds else 0

    def self_test(self, credential: int, parts: int) -> tuple[int, bytes]:
        now_s = 0.0 if self.loop is None else self.loop.time()
        assert self.held is not None
        role = self.held.role
        if parts and not 0 < self._until_s - now_s <= TEST_S:  # each command has a loop of its own
            if not self.tests_left:
                return wire.TOO_OFTEN, self._report(role, now_s)
            self.tests_left -= 1
            self._parts, self._until_s = parts, now_s + TEST_S
            for when_s in (now_s, self._until_s):
                self.note(records.SELF_TEST, bytes([credential]) + self._report(role, when_s))
        return wire.OK, self._report(role, now_s)

    def place(self, credential: int, what: int, seconds: int) -> tuple[int, bytes]:
        """`placed`: what it tells next, one after another; the last one stays."""
        assert self.held is not None
        if not self.held.role & settings.ROLE_HOLSTER:
            return wire.NOT_ALLOWED, b""
        if what == wire.PLACE_BEGIN and self.held.policy.test_ms // 1000 < seconds:
            return wire.BAD_MODE, b""
        under_way, told = self.placed[0] if what != wire.PLACE_END else (False, self.placed[0][1])
        if len(self.placed) > 1:
            self.placed.pop(0)
        head = struct.pack(wire.PLACED_HEAD, under_way, 200, len(told))
        return wire.OK, head + b"".join(struct.pack(wire.PLACED_LINE, *line) for line in told)

    def _report(self, role: int, now_s: float) -> bytes:
        if not self._parts:
            return selftest.pack(selftest.NEVER, 0, {}, 0, 0, 0)
        if 0 < self._until_s - now_s <= TEST_S:
            return selftest.pack(records.TEST_BEGUN, self._parts, {}, 0, 0, 0)
        found = {part: self.findings.get(part, selftest.PASSED) for part in selftest.PARTS if self._parts & part}
        if self._parts & selftest.RECORDER and not role & settings.ROLE_CAMERA:
            found[selftest.RECORDER] = selftest.ABSENT
        if self._parts & selftest.SIGNAL:
            found[selftest.SIGNAL] = selftest.SHOWN
        timed = (900, 40) if found.get(selftest.RECORDER) == selftest.PASSED else (0, 0)
        return selftest.pack(records.TEST_DONE, self._parts, found, 3900, *timed)
