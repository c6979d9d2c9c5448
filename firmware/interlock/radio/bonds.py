"""Link-layer bonds with technicians' hosts: an extra on ports that can pair, and never a condition for anything. The
sessions' own protocol secures what counts, whether the link is encrypted or not.

In RAM, until the unit starts anew: then it has another address, under which no host looks for its old bond. The unit
only answers: it calls no `gap_pair`, which resets boards whose NimBLE is built with asserts (but for a GoPro: see
`gopro.py`, which also keeps the records in a file). A record beyond the bound is refused. By its sources NimBLE then
lets its oldest host go and tries again, so a stranger at the dock can push a bond out: it costs that host an encrypted
link, and nothing else. No board has shown it yet.
"""

import os
import struct
from binascii import crc32

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from typing import Any

IRQ_GET_SECRET = 29
IRQ_SET_SECRET = 30
OUR_IRK = 10  # kind of record
PEER = 200  # kind of a record of ours, which the stack does not know: the address of a GoPro, by its name
RECORDS_MAX = 8  # the unit's own identity, a GoPro's address, and two for each of three hosts
FORM = ">BBB"  # in the file: kind, bytes of the key, bytes of the value, before both; CRC32 behind all
RECORD_BYTES_MAX = 128


def can_pair() -> bool:
    """Whether this port's Bluetooth can: some are built without."""
    import bluetooth  # the rest of this module asks no stack

    return hasattr(bluetooth.BLE, "gap_pair")


class Bonds:
    """What the stack gives to be kept: records by kind and key."""

    def __init__(self) -> None:
        self._records: dict[tuple[int, bytes], bytes] = {}
        self._path = ""  # of the file, where there is one

    def keep(self, path: str) -> None:
        """From now on in this file, too; what it holds is taken, if it is whole."""
        self._path = path
        try:
            with open(path, "rb") as file:
                data = file.read()
        except OSError:
            return
        if len(data) < 4 or struct.unpack(">I", data[-4:])[0] != crc32(data[:-4]) & 0xFFFFFFFF:
            return
        at = 0
        while at + 3 <= len(data) - 4:
            kind, key_bytes, value_bytes = struct.unpack_from(FORM, data, at)
            at += 3
            self._records[kind, data[at : at + key_bytes]] = data[at + key_bytes : at + key_bytes + value_bytes]
            at += key_bytes + value_bytes

    def _save(self) -> None:
        """Written anew and then renamed: a cut leaves the file as it was, or as it is to be."""
        data = b""
        for (kind, key), value in self._records.items():
            data += struct.pack(FORM, kind, len(key), len(value)) + key + value
        data += struct.pack(">I", crc32(data) & 0xFFFFFFFF)
        try:
            with open(self._path + ".new", "wb") as file:
                file.write(data)
            os.rename(self._path + ".new", self._path)
        except OSError:
            pass  # until the next start the bond is in RAM

    def forget(self) -> None:
        """Drop all bonds, as one whose peer lost them is good for nothing; the unit's own identity stays."""
        self._records = {place: value for place, value in self._records.items() if place[0] == OUR_IRK}
        if self._path:
            self._save()

    def get(self, kind: int, index: int, key: "Any") -> bytes | None:
        """The record of this key, or, without one, the index-th of its kind; None when there is none."""
        if key is not None:
            return self._records.get((kind, bytes(key)))
        of_kind = [record for (its_kind, _), record in self._records.items() if its_kind == kind]
        return of_kind[index] if index < len(of_kind) else None

    def set(self, kind: int, key: "Any", value: "Any") -> bool:
        """Keep or replace a record; without a value, drop it. Whether that was done."""
        place = (kind, bytes(key))
        if value is None:
            is_known = self._records.pop(place, None) is not None
            if is_known and self._path:
                self._save()
            return is_known
        if len(value) > RECORD_BYTES_MAX or (place not in self._records and len(self._records) >= RECORDS_MAX):
            return False
        self._records[place] = bytes(value)
        if self._path:
            self._save()
        return True
