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
_DAY_US = const(86400000000)
_LAST_HOUR_US = const(3600000000)
_HEAD_BYTES = const(26)
_REPLY_BYTES = const(14)
_BODY_BYTES = const(4608)
_SPARE_BYTES = const(64)  # room for a number behind anything
_PERIOD = const(1 << 30)
_BILLION = const(1000000000)
_ENTRY_COSTS = {"pin": "pin_irq_us", "timer": "timer_us", "hard_pin": "hard_irq_us", "hard_timer": "hard_irq_us"}

profile = ""
ticks_offset_us = 0
stood_still_us = 0  # for so much of the board's time ticks did not count
costs: "dict[str, Any]" = {}  # costs, and other facts of the port and this boot

_line: "Any" = None  # the socket, once there is one
_request = bytearray(_HEAD_BYTES + _BODY_BYTES)  # one for all, so that asking leaves no garbage behind
_reply = bytearray(_REPLY_BYTES)
_body = b""
_at = 0
_world_us = 0
_debt_us = 0
_events: "list[tuple[str, Any]]" = []
_handlers: "dict[str, Callable[[Any], None]]" = {}
_levels: "dict[Any, int]" = {}
_busy = False
_ran = False
_fed = False
_heap_base = 0
_heap_peak = 0
_heap_due_us = 0
_heap_day = 0
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
    return _exchange(_CALL, -1, 0, (op, args))


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


def ticks_ms() -> int:
    """`time.ticks_ms`, `charge` and `simclock.uptime_us` in one piece: called more often than all else together."""
    global _debt_us
    debt = _debt_us + costs["tick_us"]
    if debt >= _DEBT_MAX_US:
        charge(costs["tick_us"])
        debt = _debt_us
    else:
        _debt_us = debt
    us: int = _world_us + debt - _levels["ticks zero us"]
    ppb: int = _levels["clock ppb"]
    if ppb:
        us += us * ppb // _BILLION
    return (us + _levels["ticks base us"] - stood_still_us + ticks_offset_us) // 1000 & (_PERIOD - 1)


def sleep_us(us: int) -> None:
    """Let the world go on for so long; interrupts are served meanwhile."""
    until = now_us() + us
    while _debt_us or _world_us < until:
        _exchange(_WAIT, max(until, now_us()), 0, None)
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
        _exchange(_WAIT, until if us is None else max(until, now_us()), _sample_heap(), None)
        dispatch()
        if _ran or 0 <= until <= now_us():
            break
    charge(costs["rest_us"])


def dispatch() -> None:
    """Serve what is queued, unless a handler is being served already or the heap is open for a double's own work."""
    global _busy, _ran, _debt_us
    if _busy or not _events:
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
    global _heap_base, _heap_day
    _heap_day = (_world_us + _LAST_HOUR_US) // _DAY_US
    gc.collect()
    _heap_base = gc.mem_alloc()


def _sample_heap() -> int:
    # Collecting costs more than all that the firmware does in a turn. So a turn that asked nothing of the world is
    # taken for the same idle turn again; and where the whole heap, garbage among it, holds no more than the peak, its
    # live part does not either, which is so most of the time. Once a day, at 23:00, it is counted whatever it is
    # (`Vm.heap_of_day`).
    global _heap_due_us, _heap_day, _has_called
    day = (_world_us + _LAST_HOUR_US) // _DAY_US
    if day != _heap_day:
        _heap_day = day
        return _live()
    if _world_us < _heap_due_us or not _has_called:
        return 0
    _has_called = False
    _heap_due_us = _world_us + _HEAP_EVERY_US
    return _live() if gc.mem_alloc() - _heap_base > _heap_peak else 0


def _live() -> int:
    global _heap_peak
    gc.collect()
    live: int = max(0, gc.mem_alloc() - _heap_base)
    _heap_peak = max(_heap_peak, live)
    return live


def _exchange(kind: int, until: int, heap: int, asked: "tuple[Any, Any] | None") -> "Any":
    global _world_us, _debt_us, _fed
    local = _world_us + _debt_us
    end = _HEAD_BYTES if asked is None else _put(asked, _HEAD_BYTES)
    flags = (not _busy) | _fed << 1
    struct.pack_into("<IBBqqI", _request, 0, end - _HEAD_BYTES, kind, flags, local, until, heap)
    _fed = False
    _line.write(_request, end)
    if _line.readinto(_reply) != _REPLY_BYTES:
        raise SystemExit  # the world is gone
    depth = open_heap()
    try:
        length, errno, _world_us = struct.unpack("<Ihq", _reply)
        value = _receive(length) if length else None
    finally:
        close_heap(depth)
    _debt_us = local - _world_us if local > _world_us else 0
    if errno:
        raise OSError(errno)
    return value


def _receive(length: int) -> "Any":
    """The body of a reply: what happened is queued, what was asked for is returned."""
    global _body, _at
    _body, _at = _line.read(length), 0
    value, events, levels = _take()
    _body = b""
    _events.extend(events)
    for pin, level in levels:
        _levels[pin] = level
    return value


# Small functions: one with more than a few variables has them on the heap, and is garbage when it returns.


def _put(value: "Any", at: int) -> int:
    """Write a value into the request (`wire.py`); where it ends."""
    if value is None:
        _request[at] = 0x6E
        return at + 1
    if value is True or value is False:
        _request[at] = 0x74 if value else 0x66
        return at + 1
    if isinstance(value, int):
        struct.pack_into("<Bq", _request, at, 0x69, value)
        return at + 9
    if isinstance(value, (tuple, list)):
        return _put_items(value, at)
    return _put_bytes(0x73, value.encode(), at) if isinstance(value, str) else _put_bytes(0x62, value, at)


def _put_items(items: "Any", at: int) -> int:
    at = _put_size(0x6C, len(items), at)
    for item in items:
        at = _put(item, at)
    return at


def _put_bytes(mark: int, data: "Any", at: int) -> int:
    at = _put_size(mark, len(data), at)
    end = at + len(data)
    if end + _SPARE_BYTES > len(_request):
        _request.extend(bytes(end + _SPARE_BYTES - len(_request)))
    _request[at:end] = data
    return end


def _put_size(mark: int, size: int, at: int) -> int:
    if at + _SPARE_BYTES > len(_request):
        _request.extend(bytes(_SPARE_BYTES))
    struct.pack_into("<BI", _request, at, mark, size)
    return at + 5


def _take() -> "Any":
    """The next value of the body."""
    global _at
    mark, at = _body[_at], _at + 1
    if mark == 0x6E:
        _at = at
        return None
    if mark == 0x74 or mark == 0x66:
        _at = at
        return mark == 0x74
    if mark == 0x69:
        _at = at + 8
        return struct.unpack_from("<q", _body, at)[0]
    size = struct.unpack_from("<I", _body, at)[0]
    at += 4
    if mark == 0x6C:
        _at = at
        return tuple([_take() for _ in range(size)])
    _at = at + size
    return _body[at:_at] if mark == 0x62 else str(_body[at:_at], "utf8")
