"""Link-layer bonds with technicians' hosts: an extra on ports that can pair, and never a condition for anything. The
sessions' own protocol secures what counts, whether the link is encrypted or not.

In RAM, until the unit starts anew: then it has another address, under which no host looks for its old bond. The unit
only answers: it calls no `gap_pair`, which resets boards whose NimBLE is built with asserts. A record beyond the bound
is refused. By its sources NimBLE then lets its oldest host go and tries again, so a stranger at the dock can push a
bond out: it costs that host an encrypted link, and nothing else. No board has shown it yet.
"""

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from typing import Any

IRQ_GET_SECRET = 29
IRQ_SET_SECRET = 30
RECORDS_MAX = 7  # the unit's own identity, and two for each of three hosts
RECORD_BYTES_MAX = 128


class Bonds:
    """What the stack gives to be kept: records by kind and key."""

    def __init__(self) -> None:
        self._records: dict[tuple[int, bytes], bytes] = {}

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
            return self._records.pop(place, None) is not None
        if len(value) > RECORD_BYTES_MAX or (place not in self._records and len(self._records) >= RECORDS_MAX):
            return False
        self._records[place] = bytes(value)
        return True
