"""X25519 (RFC 7748) in big integers, in small steps: a unit must go on turning its loop, feeding its watchdog and
watching its weapon, while it multiplies. Only provisioning needs it.

Not constant in time: big integers are not, on any port. What could be timed is a key that lives for one provisioning.
"""

P = 2**255 - 19
_A24 = 121665
BASE = b"\x09" + bytes(31)
KEY_BYTES = 32


class Ladder:
    """The product of `scalar` and the point `u` (both 32 bytes, little-endian), step by step.

    `step(n)` does n of the 255 + 255 steps and says whether it is finished; then `result` holds the 32 bytes."""

    def __init__(self, scalar: bytes, u: bytes) -> None:
        k = bytearray(scalar)
        k[0] &= 248
        k[31] = k[31] & 127 | 64
        point = bytearray(u)
        point[31] &= 127
        self._k = int.from_bytes(bytes(k), "little")
        self._x1 = int.from_bytes(bytes(point), "little") % P
        self._x2, self._z2, self._x3, self._z3 = 1, 0, self._x1, 1
        self._swap = 0
        self._bit = 254
        self._inverse = 1
        self._inverse_bit = -1
        self.result: bytes | None = None

    def step(self, count: int) -> bool:
        """Go on by `count` steps; whether the result is there."""
        while count > 0 and self.result is None:
            if self._bit >= 0:
                self._climb()
            else:
                self._invert()
            count -= 1
        return self.result is not None

    def _climb(self) -> None:
        bit = self._k >> self._bit & 1
        if self._swap ^ bit:
            self._x2, self._x3 = self._x3, self._x2
            self._z2, self._z3 = self._z3, self._z2
        self._swap = bit
        a, b = (self._x2 + self._z2) % P, (self._x2 - self._z2) % P
        aa, bb = a * a % P, b * b % P
        e = (aa - bb) % P
        da, cb = (self._x3 - self._z3) * a % P, (self._x3 + self._z3) * b % P
        self._x3 = (da + cb) * (da + cb) % P
        self._z3 = self._x1 * ((da - cb) * (da - cb) % P) % P
        self._x2 = aa * bb % P
        self._z2 = e * (aa + _A24 * e) % P
        self._bit -= 1
        if self._bit < 0:
            if self._swap:
                self._x2, self._z2 = self._x3, self._z3
            self._inverse_bit = 254

    def _invert(self) -> None:
        """One bit of z2 ** (P - 2): Fermat, from the highest bit down."""
        self._inverse = self._inverse * self._inverse % P
        if (P - 2) >> self._inverse_bit & 1:
            self._inverse = self._inverse * self._z2 % P
        self._inverse_bit -= 1
        if self._inverse_bit < 0:
            self.result = (self._x2 * self._inverse % P).to_bytes(KEY_BYTES, "little")


def multiply(scalar: bytes, u: bytes) -> bytes:
    """X25519(scalar, u): 32 bytes, at once."""
    ladder = Ladder(scalar, u)
    ladder.step(1000)
    assert ladder.result is not None
    return ladder.result
