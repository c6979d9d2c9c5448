"""Runs on a virtual board in place of `main.py`: the firmware, its heap locked whenever the loop waits, and on until
the frame of an edge is the stack's, or, where there was no edge, until the sensors are seen to. Prints what each hot
event met: see `test_hot_path.py`, which says in LEAKS what is to allocate too early, to show that this would notice.
"""

import micropython
from board import load

from interlock import app
from interlock.core import frames, holster
from interlock.drivers.contact import Contact
from interlock.drivers.door import Door
from interlock.holster_role import HolsterRole
from interlock.radio.broadcast import Broadcast

LEAKS = ""

_idle, _react, _advertise, _step = Door.idle, HolsterRole.react, Broadcast.advertise, holster.MACHINE.step
_edge, _take, _build = Contact._edge, Contact.take, frames.build_unit


class _Heap:
    is_locked = False
    has_aired = False  # whether the stack took a frame in this turn before anything took memory
    did = ()  # while the sensors are seen to: frames given to the stack, frames made


def _unlock():
    if _Heap.is_locked:
        _Heap.is_locked = False
        micropython.heap_unlock()


def idle(self, deadline, contacts):
    _Heap.is_locked, _Heap.has_aired = True, False
    micropython.heap_lock()
    _idle(self, deadline, contacts)


def react(self):
    _Heap.did = ()
    _react(self)
    _unlock()
    until = "".join(_Heap.did).rfind("aired")
    if _Heap.did.count("aired") > 1:
        print("two edges in one turn,", "".join(_Heap.did)[:until].count("made"), "frames made between them")


def build_unit(*args):
    _Heap.did += ("made",)
    return _build(*args)


def advertise(self, frame, interval_ms):
    taken = _advertise(self, frame, interval_ms)
    if _Heap.is_locked:
        _Heap.has_aired = taken
        _unlock()
    _Heap.did += ("aired",)
    return taken


def step(state, event, data, now, policy):
    is_news = _Heap.is_locked or _Heap.has_aired  # later it is asked what the next events would air
    aired = "aired on a locked heap" if _Heap.has_aired else "aired too late"
    _unlock()
    _Heap.has_aired = False
    after, effects = _step(state, event, data, now, policy)
    if is_news and event in holster.HOT and holster.AIR in [effect[0] for effect in effects]:
        print(holster.EVENT_NAMES[event], aired)
    return after, effects


def leaking_edge(self, pin):
    bytearray(40)
    _edge(self, pin)


def leaking_take(self):
    return len([_take(self)]) and self.on


frames.build_unit = build_unit
Door.idle, HolsterRole.react, Broadcast.advertise, holster.MACHINE.step = idle, react, advertise, step
if LEAKS == "handler":
    Contact._edge = leaking_edge
elif LEAKS == "take":
    Contact.take = leaking_take
app.main(load())
