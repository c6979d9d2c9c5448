"""Runs in MicroPython, its code in place (`romfs.py`): the heap that journal and signer hold, and need while they work.

In the 32-bit VM of `web_vm.py`, which collects only before a call from outside, the heap at the beginning of `turn` is
what lives, and at its end what is needed at most where nothing is collected in a turn. In the unix VM, which collects
whenever it must, the turns pass or fail with the size of its heap. Flash contents come as files: see `heap.py`.
"""

import gc
import json

from tests.core.flash import RamFlash

SERIAL = b"BENCH001"
USES = 30
SLICE_HASHES = 200
SLICES = 300
H10 = 1


class Flash(RamFlash):
    """Flash with the contents of a file. Making and reading it takes no memory beside its own, as on a board."""

    def __init__(self, name, sectors):
        RamFlash.__init__(self, 0)
        self.size = sectors * self.sector_bytes
        self.data = bytearray(self.size)
        self._view = memoryview(self.data)
        with open("/rom/" + name, "rb") as held:  # noqa: PTH123 - MicroPython has no pathlib
            held.readinto(self.data)

    def read(self, offset, buffer):
        buffer[:] = self._view[offset : offset + len(buffer)]


_ring, _area = Flash("ring", 21), Flash("area", 19)


def _journal():
    from interlock.core import journal, seal, settings
    from tests.bench import workload

    yield "the journal's modules"
    keys = seal.Seal(_area, settings.SEAL_FIRST)
    log = journal.Journal(_ring, SERIAL, workload.carried, keys)
    yield "a full journal opened"
    log.recent = []  # as the unit does when it has read them
    for uptime_ms, kind, payload, is_last in workload.uses(USES):
        log.append(kind, payload, uptime_ms)
        yield "a record journalled"
        if is_last:
            for _ in workload.resting(log, uptime_ms):
                yield "a piece of quiet work"
    yield from _signer()


def _signer():
    from interlock.core import checkpoint, lms, settings, signer

    yield "the signer's modules"
    held = signer.Signer(_area, settings.SIGNER_FIRST)
    yield "a signer with a key opened"
    held.take(None)
    yield "an index taken"
    held.sign(bytes(checkpoint.MESSAGE_BYTES))
    yield "a slice of a signature"
    while held.work(SLICE_HASHES):
        yield "a slice of a signature"
    message, signature = held.signed()
    yield "a signature read"
    assert lms.verify(held.public, message, signature)
    yield "a signature verified"
    held.generate(H10, bytes(32))
    for _ in range(SLICES):
        held.work(SLICE_HASHES)
        yield "a slice of a key"


_turns = _journal()
_stage = None
_names = []
_live = {}
_peak = {}
_base = None


def turn():
    """One turn, begun on a heap that holds only what lives. False when there is no more to do."""
    global _base, _stage
    before = gc.mem_alloc()
    gc.collect()  # in the 32-bit VM only a wish for the next call
    if _base is None:
        _base = before
        return True
    if _stage is not None:
        _live[_stage] = max(_live.get(_stage, 0), before - _base)
    _stage = next(_turns, None)
    if _stage is None:
        return False
    if _stage not in _peak:
        _names.append(_stage)
    _peak[_stage] = max(_peak.get(_stage, 0), gc.mem_alloc() - _base)
    return True


def found():
    return json.dumps([[name, _live[name], _peak[name]] for name in _names])
