"""Checking an Ed25519 signature (RFC 8032, section 5.1.7) with the standard library alone: a court's expert can read it
all, and runs it from the evidence bundle. It checks and never signs: nothing here is secret, so nothing needs to take
constant time.

Stricter than the RFC asks, so that there is one signature and one key for each statement, and no key that signs for
everybody: S below the group's order; the key's point encoded in the one canonical way, and not of small order. What is
checked is the equation without the cofactor, [S]B = R + [k]A, R compared as bytes.
"""

import hashlib
from functools import cache

KEY_BYTES = 32
SIGNATURE_BYTES = 64

_P = 2**255 - 19
_ORDER = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, _P) % _P
_ROOT = pow(2, (_P - 1) // 4, _P)  # of -1

_Point = tuple[int, int, int, int]
"""Extended coordinates (X, Y, Z, T): x = X/Z, y = Y/Z, xy = T/Z (RFC 8032, section 5.1.4)."""
_NEUTRAL: _Point = (0, 1, 1, 0)


def is_key(public: bytes) -> bool:
    """Whether these bytes can be somebody's key: 32, canonical, on the curve, not of small order."""
    return _point_of(bytes(public)) is not None


def verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether `signature` (64 bytes) is that of `message` under `public` (32 bytes)."""
    point = _point_of(bytes(public))
    if point is None or len(signature) != SIGNATURE_BYTES:
        return False
    r, s = signature[:32], int.from_bytes(signature[32:], "little")
    if s >= _ORDER:
        return False
    k = int.from_bytes(hashlib.sha512(r + public + message).digest(), "little") % _ORDER
    x, y, z, t = point
    return _encode(_two_times(s, _base(), k, (-x % _P, y, z, -t % _P))) == r


@cache
def _point_of(public: bytes) -> _Point | None:
    """The key's point; None where the bytes are no key."""
    if len(public) != KEY_BYTES:
        return None
    point = _decode(public)
    if point is None:
        return None
    eight = point
    for _ in range(3):
        eight = _double(eight)
    return None if _encode(eight) == _encode(_NEUTRAL) else point


def _decode(data: bytes) -> _Point | None:
    """Section 5.1.3; None: no point, or not its canonical form."""
    number = int.from_bytes(data, "little")
    sign, y = number >> 255, number & (1 << 255) - 1
    if y >= _P:
        return None
    u, v = (y * y - 1) % _P, (_D * y * y + 1) % _P
    x = u * v**3 * pow(u * v**7, (_P - 5) // 8, _P) % _P
    if (v * x * x - u) % _P:
        x = x * _ROOT % _P
        if (v * x * x - u) % _P:
            return None
    if x == 0 and sign:
        return None
    if x & 1 != sign:
        x = _P - x
    return x, y, 1, x * y % _P


def _encode(point: _Point) -> bytes:
    x, y, z, _ = point
    inverse = pow(z, -1, _P)
    return ((y * inverse % _P) | (x * inverse % _P & 1) << 255).to_bytes(32, "little")


def _add(one: _Point, two: _Point) -> _Point:
    """Section 5.1.4; it is complete: good for equal points as well."""
    a = (one[1] - one[0]) * (two[1] - two[0]) % _P
    b = (one[1] + one[0]) * (two[1] + two[0]) % _P
    c = 2 * one[3] * two[3] * _D % _P
    d = 2 * one[2] * two[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _double(one: _Point) -> _Point:
    """Section 5.1.4: the same as adding a point to itself, in half the time."""
    x, y, z, _ = one
    a, b = x * x % _P, y * y % _P
    h, g = a + b, a - b
    e, f = h - (x + y) ** 2, 2 * z * z + g
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _two_times(s: int, one: _Point, k: int, two: _Point) -> _Point:
    """[s]one + [k]two, bit by bit of both at once (Straus)."""
    both = _add(one, two)
    found = _NEUTRAL
    for bit in reversed(range(max(s.bit_length(), k.bit_length()))):
        found = _double(found)
        which = (s >> bit & 1, k >> bit & 1)
        if which != (0, 0):
            found = _add(found, both if which == (1, 1) else one if which[0] else two)
    return found


@cache
def _base() -> _Point:
    """The generator: y = 4/5, x even."""
    point = _decode((4 * pow(5, -1, _P) % _P).to_bytes(32, "little"))
    assert point is not None
    return point
