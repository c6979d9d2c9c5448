"""Runs inside MicroPython: the same records into our journal and into files on LittleFS2, on the same counting NOR.

Usage: micropython wear_in_vm.py ROOT. Prints, as JSON, what each did to the flash.
"""

import json
import struct
import sys

import vfs

if __name__ == "__main__":
    sys.path[:0] = [sys.argv[1], sys.argv[1] + "/firmware"]

from interlock.core.journal import Journal
from interlock.core.layout import HEAD, OVERHEAD_BYTES
from interlock.core.seal import KEY_BYTES, Seal
from tests.bench.nor import Nor
from tests.bench.workload import USE, carried, rest, uses

SECTORS = 32  # 128 KiB
USES = 235
RECORDS = USES * len(USE)
ROTATE_BYTES = 16384
FILES_KEPT = 4


class Waits:
    """Counts the records that were not safe before an erase was over."""

    def __init__(self, flash):
        self._flash = flash
        self.count = 0

    def around(self, write):
        before = self._flash.erases
        write()
        self.count += self._flash.erases > before


def ours():
    flash, keys = Nor(SECTORS), Nor(2)
    seal = Seal(keys, 0)
    seal.give(bytes(range(KEY_BYTES)))
    log = Journal(flash, b"BENCH001", carried, seal)
    rest(log, 0)
    flash.reset()
    keys.reset()
    epoch, waits, most, stored, plain = seal.epoch, Waits(flash), 0, 0, [0, 0]
    for uptime_ms, kind, payload, is_last in uses(USES):
        before, following = flash.programs, log.sequence
        waits.around(lambda: log.append(kind, payload, uptime_ms))  # noqa: B023 - called at once
        most = max(most, flash.programs - before)
        if log.sequence == following + 1:  # it opened no sector, which brings records of the journal's own
            plain[0] += 1
            plain[1] += flash.programs - before
        stored += len(payload) + OVERHEAD_BYTES
        if is_last:
            rest(log, uptime_ms)
    return {
        "ring": flash.counts(),
        "keys": keys.counts(),
        "waits": waits.count,
        "most_programs": most,
        "plain": plain,
        "stored_bytes": stored,
        "key_changes": seal.epoch - epoch,
        "overflowed": log.first > 0,
    }


class Rotated:
    """Files of at most ROTATE_BYTES, the oldest removed; `limit` None: one file that grows."""

    def __init__(self, files, limit):
        self._files = files
        self._limit = limit
        self._number = 0
        self._size = 0
        self._file = files.open("/0", "ab")

    def append(self, data):
        if self._limit is not None and self._size + len(data) > self._limit:
            self._file.close()
            self._number += 1
            if self._number >= FILES_KEPT:
                self._files.remove("/" + str(self._number - FILES_KEPT))
            self._size = 0
            self._file = self._files.open("/" + str(self._number), "ab")
        self._file.write(data)
        self._file.flush()  # LittleFS keeps nothing of what was not flushed
        self._size += len(data)


def littlefs(program_bytes, limit):
    flash = Nor(SECTORS)
    vfs.VfsLfs2.mkfs(flash, progsize=program_bytes)
    log = Rotated(vfs.VfsLfs2(flash, progsize=program_bytes, mtime=False), limit)
    flash.reset()
    waits, stored = Waits(flash), 0
    for sequence, (uptime_ms, kind, payload, _) in enumerate(uses(USES)):
        time_parts = (uptime_ms >> 24) & 0xFFFF, (uptime_ms >> 8) & 0xFFFF, uptime_ms & 0xFF
        body = struct.pack(HEAD, len(payload), kind, sequence, 1, *time_parts) + payload
        waits.around(lambda: log.append(body))  # noqa: B023 - called at once
        stored += len(body)
    return {"ring": flash.counts(), "waits": waits.count, "stored_bytes": stored}


if __name__ == "__main__":
    found = {
        "records": RECORDS,
        "ours": ours(),
        # Program sizes as the ports mount it: 32 is the default (esp32), rp2's own is a page.
        "lfs_32": littlefs(32, ROTATE_BYTES),
        "lfs_256": littlefs(256, ROTATE_BYTES),
        "lfs_32_one_file": littlefs(32, None),
    }
    print(json.dumps(found))
