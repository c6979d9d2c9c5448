"""How a VM and its host talk over one socket: values as bytes, one request and one reply at a time.

The other half is `doubles/simrt.py`; both are started together, so there are no versions. Numbers are little-endian.

    request  length u32 | kind u8 | flags u8 | local_us i64 | until_us i64 | heap u32 | body: (op, args) of a CALL
    reply    length u32 | errno i16 | world_us i64 | body: (value, events, levels), or nothing for (None, (), ())

flags: 1: events may come with the reply; 2: the watchdog was fed. `length` counts the body. Values: None, bool, int of
64 bits, str, bytes, tuples of values.
"""

import struct
from typing import NamedTuple

CALL = 0
"""Do something at `local_us` and answer."""
WAIT = 1
"""Answer at `until_us` (-1: never by itself), or with the first event when `hears`."""

_HEARS, _FED = 1, 2
REQUEST = struct.Struct("<IBBqqI")
REPLY = struct.Struct("<Ihq")

_INT = struct.Struct("<cq")
_SIZE = struct.Struct("<cI")


class Request(NamedTuple):
    """`hears`: events may come with the reply. `fed`: the watchdog was, just before. `heap`: live bytes of the
    firmware, 0 when not sampled."""

    kind: int
    hears: bool
    fed: bool
    local_us: int
    until_us: int
    heap: int
    op: str
    args: tuple[object, ...]


def encode(value: object) -> bytes:
    """One value as bytes; TypeError for what has no encoding."""
    if value is None:
        return b"n"
    if isinstance(value, bool):
        return b"t" if value else b"f"
    if isinstance(value, int):
        return _INT.pack(b"i", value)
    if isinstance(value, str):
        text = value.encode()
        return _SIZE.pack(b"s", len(text)) + text
    if isinstance(value, (bytes, bytearray)):
        return _SIZE.pack(b"b", len(value)) + value
    if isinstance(value, (tuple, list)):
        return _SIZE.pack(b"l", len(value)) + b"".join(map(encode, value))
    raise TypeError(f"no encoding for {type(value).__name__}")


def decode(data: bytes, at: int = 0) -> tuple[object, int]:
    """(value, where the next one begins)."""
    mark = data[at]
    if mark == 0x6E:
        return None, at + 1
    if mark in (0x74, 0x66):
        return mark == 0x74, at + 1
    if mark == 0x69:
        return _INT.unpack_from(data, at)[1], at + _INT.size
    size = _SIZE.unpack_from(data, at)[1]
    at += _SIZE.size
    if mark == 0x62:
        return data[at : at + size], at + size
    if mark == 0x73:
        return data[at : at + size].decode(), at + size
    items = []
    for _ in range(size):
        item, at = decode(data, at)
        items.append(item)
    return tuple(items), at


def read_request(header: bytes, body: bytes) -> Request:
    """The request in a header of REQUEST.size bytes and its body."""
    _, kind, flags, local_us, until_us, heap = REQUEST.unpack(header)
    op, args = "", ()
    if body:
        (op, args), _ = decode(body)  # type: ignore[misc]  # the double always sends (str, tuple)
    return Request(kind, bool(flags & _HEARS), bool(flags & _FED), local_us, until_us, heap, op, args)


def write_reply(
    errno: int,
    world_us: int,
    value: object,
    events: list[tuple[str, tuple[object, ...]]],
    levels: list[tuple[int | str, int]],
) -> bytes:
    """A whole reply: the value of a CALL, (kind, data) of what interrupts, (pin, level) of what changed."""
    body = encode((value, events, levels)) if events or levels or value is not None else b""
    return REPLY.pack(len(body), errno, world_us) + body
