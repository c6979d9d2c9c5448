"""Inside the VM: the line to the world, the local clock, and the dispatch of soft interrupts.

Not for firmware: firmware sees the same-named doubles beside this file, and this file's `rest` only as the door that
`board.py` puts into BOARD. Host side and byte layout: `simulator/hardware/wire.py`, `simulator/hardware/vm.py`.

Time: `now_us()` is the world's time as last told plus what computing has cost since. At 1 ms of such debt, and at
every call and wait, the world catches up; what happened meanwhile is dispatched there and then, never nested.
"""

import gc
import struct

import micropython
from micropython import const

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_CALL = const(0)
_WAIT = const(1)
_DEBT_MAX_US = const(1000)
_HEAP_EVERY_US = const(250000)
_ENTRY_COSTS = {"pin": "pin_irq_us", "timer": "timer_us", "hard_pin": "hard_irq_us", "hard_timer": "hard_irq_us"}

profile = ""
ticks_offset_us = 0
costs: "dict[str, Any]" = {}  # costs, and other facts of the port and this boot

_line: "Any" = None  # the socket, once there is one
_request = bytearray(26)
_reply = bytearray(14)
_world_us = 0
_debt_us = 0
_events: "list[tuple[str, Any]]" = []
_handlers: "dict[str, Callable[[Any], None]]" = {}
_levels: "dict[Any, int]" = {}
_busy = False
_ran = False
_fed = False
_heap_base = 0
_heap_due_us = 0
_has_called = False


def connect(fd: int) -> None:
    """Report for duty on the inherited socket and learn what board this is."""
    global _line, profile, ticks_offset_us, costs
    import sys

    _line = open(fd, "r+b")
    profile, ticks_offset_us, pairs = call("vm.boot", sys.implementation.name, sys.version)
    costs = dict(pairs)


def call(op: str, *args: object) -> "Any":
    """Have the host do `op` at this instant of virtual time; its value, or OSError."""
    value = request(op, args)
    dispatch()
    return value


def request(op: str, args: tuple[object, ...]) -> "Any":
    """As `call`, but what happened meanwhile stays queued until `dispatch`."""
    global _has_called
    _has_called = True
    return _exchange(_CALL, -1, 0, _encode((op, args)))


def feed() -> None:
    """The watchdog was fed: the world hears of it at the next exchange, which is never far (see `charge`)."""
    global _fed
    _fed = True


def on(kind: str, handler: "Callable[[Any], None]") -> None:
    """Dispatch events of this kind to `handler(data)`, which lets no exception out. Between it and the firmware's own
    handler nothing is allocated: the firmware may have locked the heap."""
    _handlers[kind] = handler


def enqueue(kind: str, data: "Any", depth: int) -> bool:
    """Queue an event of the board's own; False when `depth` of its kind wait already."""
    waiting = 0
    for event in _events:
        waiting += event[0] == kind
    if waiting < depth:
        _events.append((kind, data))
    return waiting < depth


def mirror(levels: "dict[Any, int]") -> None:
    """Keep `levels` (pin: level) as the world last told them: at every exchange, in handlers too."""
    global _levels
    levels.update(_levels)
    _levels = levels


def now_us() -> int:
    """The board's own idea of the world's time."""
    return _world_us + _debt_us


def charge(us: int) -> None:
    """Computing took this long."""
    global _debt_us
    _debt_us += us
    if _debt_us >= _DEBT_MAX_US:
        sleep_us(0)


def sleep_us(us: int) -> None:
    """Let the world go on for so long; interrupts are served meanwhile."""
    until = now_us() + us
    while _debt_us or _world_us < until:
        depth = open_heap()
        try:
            _exchange(_WAIT, max(until, now_us()), 0, b"")
        finally:
            close_heap(depth)
        dispatch()


def rest(ms: int | None = None) -> None:
    """The door: come back after `ms` (None: never by itself), or as soon as an event was dispatched."""
    rest_us(None if ms is None else ms * 1000)


def rest_us(us: int | None) -> None:
    """`rest`, finer."""
    global _ran
    if _busy:
        raise RuntimeError("rest() in an interrupt handler: it would sleep for ever")
    _ran = False
    until = -1 if us is None else now_us() + us
    while True:
        depth = open_heap()
        try:
            _exchange(_WAIT, until if us is None else max(until, now_us()), _sample_heap(), b"")
        finally:
            close_heap(depth)
        dispatch()
        if _ran or 0 <= until <= now_us():
            break
    charge(costs["rest_us"])


def dispatch() -> None:
    """Serve what is queued, unless a handler is being served already or the heap is open for a double's own work."""
    global _busy, _ran, _debt_us
    if _busy:
        return
    _busy = True
    try:
        while _events:
            depth = open_heap()
            kind, data = _events.pop(0)  # which makes the list smaller, and that is an allocation
            close_heap(depth)
            _ran = True
            handler = _handlers.get(kind)
            if handler:
                _debt_us += costs[_ENTRY_COSTS.get(kind, "handler_us")]
                handler(data)
    finally:
        _busy = False


def serve(handler: "Callable[..., object]", *data: "Any") -> object:
    """Run a handler within a call of the firmware; other events wait until it has returned."""
    global _busy, _debt_us
    was_busy = _busy
    _busy = True
    try:
        _debt_us += costs["handler_us"]
        return handler(*data)
    finally:
        _busy = was_busy


def open_heap() -> int:
    """Let a double allocate although the firmware has locked the heap; the depth for `close_heap`.

    A double stands in for C code, whose memory is not on the Python heap."""
    micropython.heap_lock()
    depth = micropython.heap_unlock()
    for _ in range(depth):
        micropython.heap_unlock()
    return depth


def close_heap(depth: int) -> None:
    """Lock the heap again as deep as it was."""
    while depth:
        micropython.heap_lock()
        depth -= 1


def watch_heap() -> None:
    """What is live now belongs to the doubles; the firmware's share is counted from here."""
    global _heap_base
    gc.collect()
    _heap_base = gc.mem_alloc()


def _sample_heap() -> int:
    # A turn that asked nothing of the world is the same idle turn again: collecting in each would cost more than all
    # that the firmware does in it.
    global _heap_due_us, _has_called
    if _world_us < _heap_due_us or not _has_called:
        return 0
    _has_called = False
    _heap_due_us = _world_us + _HEAP_EVERY_US
    gc.collect()
    return max(0, gc.mem_alloc() - _heap_base)


def _exchange(kind: int, until: int, heap: int, body: bytes) -> "Any":
    global _world_us, _debt_us, _fed
    local = _world_us + _debt_us
    struct.pack_into("<IBBqqI", _request, 0, len(body), kind, (not _busy) | _fed << 1, local, until, heap)
    _fed = False
    _line.write(_request)
    if body:
        _line.write(body)
    if _line.readinto(_reply) != 14:
        raise SystemExit  # the world is gone
    length, errno, _world_us = struct.unpack("<Ihq", _reply)
    _debt_us = max(0, local - _world_us)
    value = None
    if length:
        (value, events, levels), _ = _decode(_line.read(length), 0)
        _events.extend(events)
        for pin, level in levels:
            _levels[pin] = level
    if errno:
        raise OSError(errno)
    return value


def _encode(value: "Any") -> bytes:
    if value is None:
        return b"n"
    if value is True:
        return b"t"
    if value is False:
        return b"f"
    if isinstance(value, int):
        return b"i" + struct.pack("<q", value)
    if isinstance(value, str):
        text = value.encode()
        return b"s" + struct.pack("<I", len(text)) + text
    if isinstance(value, (bytes, bytearray, memoryview)):
        return b"b" + struct.pack("<I", len(value)) + bytes(value)
    return b"l" + struct.pack("<I", len(value)) + b"".join([_encode(item) for item in value])


def _decode(data: bytes, at: int) -> "tuple[Any, int]":
    mark = data[at]
    if mark == 0x6E:
        return None, at + 1
    if mark == 0x74 or mark == 0x66:
        return mark == 0x74, at + 1
    if mark == 0x69:
        return struct.unpack_from("<q", data, at + 1)[0], at + 9
    size = struct.unpack_from("<I", data, at + 1)[0]
    at += 5
    if mark == 0x62:
        return data[at : at + size], at + size
    if mark == 0x73:
        return str(data[at : at + size], "utf8"), at + size
    items = []
    for _ in range(size):
        item, at = _decode(data, at)
        items.append(item)
    return tuple(items), at
