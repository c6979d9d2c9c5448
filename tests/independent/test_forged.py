"""Of files that no unit wrote the stranger's verifier says what JOURNAL.md says, and our own walk likewise."""

import hmac
import io
import json
import random
import re
import runpy
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from host_tools.verifying.seals import Keys
from host_tools.verifying.walk import walk

from .forging import ERA, OPEN_KEY, closed, gap, header, link, record, start

HERE = Path(__file__).parent
DOCUMENTS = HERE.parents[1] / "firmware"
SERIAL = b"HOLSTER1"
FIRST_KEY, OTHER_KEY, NOBODYS_KEY = bytes(range(16)), bytes(range(16, 32)), b"k" * 16
LOSS, SEAL, FAULT, EVENT = 4, 12, 14, 200
ZEROS = bytes(32)

verify: Callable[[bytes, Sequence[bytes], Sequence[bytes]], dict[str, Any]] = runpy.run_path(
    str(HERE / "verify_journal.py")
)["verify"]


class Forger:
    """Writes a journal file item by item, as whoever holds `key` would."""

    def __init__(self, first: int = 0, chain: bytes | None = None, epoch: int = 0, key: bytes = OPEN_KEY) -> None:
        self.chain = start(SERIAL) if chain is None else chain
        self.data = header(first, self.chain, epoch, SERIAL)
        self.due, self.count, self.key = first, 0, key

    def add(self, kind: int = EVENT, payload: bytes = b"") -> "Forger":
        raw = record(kind, self.due, payload, self.chain, self.key)
        self.chain = link(self.chain, raw)
        self.data += raw
        self.due, self.count = self.due + 1, self.count + 1
        return self

    def seal(self, epoch: int, key: bytes) -> "Forger":
        self.add(SEAL, epoch.to_bytes(4))
        self.key = key
        return self

    def miss(self, records: int, stated: bytes = ZEROS, epoch: int = ERA) -> "Forger":
        """So many records are not here, and the chain value behind them is `stated`, and gone on from."""
        self.due += records
        self.data += gap(self.due, stated, epoch)
        self.chain = stated
        return self

    def file(self, stated: bytes | None = None) -> bytes:
        return closed(self.data, self.count, self.chain if stated is None else stated)


def told(data: bytes, keys: Sequence[bytes] = ()) -> list[str]:
    return [text for _, text in verify(data, [], keys)["faults"]]


def is_walked(data: bytes, keys: Sequence[bytes] = ()) -> bool:
    """Whether our own walk finds no fault. Why records are missing it does not judge."""
    found = walk(io.BytesIO(data), Keys(keys))
    return found.fault is None and found.seal_fault is None


def first_fault(data: bytes, keys: Sequence[bytes]) -> int | None:
    """Where our own walk finds the first thing wrong, records that nobody says are missing among them."""
    found = walk(io.BytesIO(data), Keys(keys))
    places = [fault.offset for fault in (found.fault, found.seal_fault) if fault is not None]
    return min(places + [hole.offset for hole in found.holes if not hole.stated], default=None)


def first_told(data: bytes, keys: Sequence[bytes]) -> int | None:
    """The same of the stranger's, without what nobody explains, which the walk does not judge."""
    faults = verify(data, [], keys)["faults"]
    return min((at for at, text in faults if not text.endswith("no record says why")), default=None)


def sealed() -> Forger:
    return Forger().add(1, bytes(4)).seal(ERA, FIRST_KEY).add()


def loss(first_kept: int) -> tuple[int, bytes]:
    return LOSS, first_kept.to_bytes(4)


def flash_fault(sequence: int, kind: int = 4) -> tuple[int, bytes]:
    return FAULT, bytes([kind, 0, 0]) + sequence.to_bytes(4) + b"\0\1"


STATED = b"s" * 32


def test_the_documents_own_file_is_intact_and_its_key_is_told_from_another() -> None:
    dump = (DOCUMENTS / "JOURNAL.md").read_text(encoding="utf-8").split("<!-- example: ilj -->")[1].split("<!--")[0]
    data = bytes.fromhex("".join(re.findall(r"^[0-9a-f]{3}  ([0-9a-f]+)", dump, re.MULTILINE)))
    assert told(data) == told(data, [FIRST_KEY]) == []
    assert told(data, [OTHER_KEY]) == ["record 2: altered, its tag does not fit"]


def test_a_file_of_hundred_bytes_costs_no_million_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever epoch it states: no key is stepped to where this record cannot be, nor one key for ever."""
    parts, mac, macs = verify.__globals__, verify.__globals__["mac"], []

    def counting(key: bytes, message: bytes) -> bytes:
        macs.append(message)
        assert len(macs) < 200
        return bytes(mac(key, message))

    monkeypatch.setitem(parts, "mac", counting)
    late = ERA | 0xFFFFFF
    begun = Forger(5, STATED, late, FIRST_KEY).add()
    broken = sealed().miss(3, STATED, late).add()
    for file in (begun, broken):
        assert any("altered" in text for text in told(file.file(), [FIRST_KEY]))
    back_and_forth = Forger(1000, STATED, ERA | 90, FIRST_KEY).add()
    for epoch in (10, 90) * 4:
        back_and_forth.miss(1, STATED, ERA | epoch).add()
    monkeypatch.setitem(parts, "STEPS_MAX", 100)
    assert told(back_and_forth.file(), [FIRST_KEY])


def test_a_hole_is_a_gap_unless_a_record_says_why() -> None:
    missing = "gap: records 3 to 7 are missing, and no record says why"
    for why, expected in (
        ((EVENT, b""), [missing]),
        (loss(8), []),
        (loss(7), [missing]),
        (loss(9), [missing]),
        (flash_fault(3), []),
        (flash_fault(3, kind=3), []),
        (flash_fault(3, kind=2), [missing]),
        (flash_fault(3 + 169 + 5), [missing]),
        (flash_fault(3 + 160), []),
        (flash_fault(3 + 160 + 1000), [missing]),
    ):
        late = sealed().miss(5, STATED)
        for _ in range(170):
            late.add()
        data = late.add(*why).file()
        for keys in ((), [FIRST_KEY]):
            assert told(data, keys) == expected, why
            assert is_walked(data, keys)


def test_a_flash_fault_reaches_168_records_and_several_reach_further() -> None:
    reach = [(FAULT, flash_fault(3 + at)[1]) for at in (100, 400)]
    one = sealed().miss(500, STATED).add(*reach[0]).file()
    both = sealed().miss(500, STATED).add(*reach[0]).add(*reach[1]).file()
    assert told(one) and not told(both)


def test_what_explains_a_gap_counts_only_under_a_key_that_the_vault_gave() -> None:
    data = Forger(9, STATED, ERA, OTHER_KEY).add(*loss(9)).file()
    assert told(data) == []
    assert "record 9: altered, its tag does not fit" in told(data, [FIRST_KEY])
    right = Forger(9, STATED, ERA, FIRST_KEY).add(*loss(9)).file()
    assert told(right, [FIRST_KEY]) == []


def test_a_file_that_begins_later_says_why_or_has_a_gap() -> None:
    data = Forger(9, STATED, ERA, FIRST_KEY).add().file()
    assert told(data) == ["gap: records 0 to 8 are missing, and no record says why"]


def test_records_behind_an_unknown_chain_value_are_told_and_a_loss_among_them_explains_nothing() -> None:
    data = sealed().miss(5).add(*loss(8)).file(ZEROS)
    assert told(data) == ["gap: records 3 to 7 are missing, and no record says why"]
    assert is_walked(data)


def test_records_that_go_on_from_zeros_are_in_chain_once_something_shows_it() -> None:
    why = flash_fault(3)
    run = sealed().miss(5).add().add()
    restated = run.miss(0, run.chain).add(*why).file()  # the value that the next sector states follows from zeros
    restart = sealed().miss(5).add().miss(0, ZEROS).add(*why).file()  # a sector states zeros where nothing is missing
    for data in (restated, restart):
        assert told(data) == []
        assert is_walked(data)
    for data in (
        sealed().miss(5).add().add(*why).file(),  # a footer shows nothing
        sealed().miss(5).add().add(*why).file(ZEROS),
        sealed().miss(5).add().add(*why).miss(0, STATED).add().file(),
        Forger(9, ZEROS, ERA, FIRST_KEY).add(*loss(9)).file(),
    ):
        assert [text[:12] for text in told(data)] == ["gap: records"]
        assert is_walked(data)
    sealed_run = sealed().miss(5).add().add(*why).file()
    assert told(sealed_run, [FIRST_KEY]) == [], "a seal that fits shows it"
    follows = sealed().miss(5).add().add()
    assert told(follows.miss(0, follows.chain).add(*why).file(), [FIRST_KEY]) == []
    other = sealed().miss(5).add().add(*why).miss(0, STATED).add().file()
    assert told(other, [FIRST_KEY])[0] == "break to 10: the records lead to another chain value"
    assert not is_walked(other, [FIRST_KEY])
    known = sealed().miss(5, STATED).add().miss(0, STATED).add().file()
    assert "break to 9 where 9 was due" in told(known)
    assert not is_walked(known)


def test_a_key_cannot_change_more_often_than_there_are_records() -> None:
    for data, is_right in (
        (sealed().miss(5, STATED, ERA + 5).add().add(*loss(8)).file(), True),
        (sealed().miss(5, STATED, ERA + 6).add().add(*loss(8)).file(), False),
        (sealed().miss(5, STATED, 2 * ERA + 4).add().add(*loss(8)).file(), True),
        (sealed().miss(5, STATED, 2 * ERA + 5).add().add(*loss(8)).file(), False),
        (sealed().miss(5, STATED, 1).add().add(*loss(8)).file(), False),
    ):
        assert (not any("break: epoch" in text for text in told(data))) is is_right
        assert is_walked(data) is is_right


def test_under_the_open_key_a_unit_in_service_writes_nothing() -> None:
    data = Forger().add(1, bytes(4)).add(16, bytes(14)).file()
    assert told(data) == []
    assert told(data, [FIRST_KEY])[0] == "record 1: only a unit in service writes this, and it is under the open key"
    assert not is_walked(data, [FIRST_KEY])


def compared(seed: int) -> tuple[int | None, ...]:
    """Makes a file from a seed. Both find the same place: without keys, with the right one, with two. Returns these."""
    chance = random.Random(seed)
    forger, epoch, key = sealed(), ERA, FIRST_KEY
    for _ in range(chance.randrange(1, 14)):
        how = chance.random()
        if how < 0.6:
            forger.add(chance.choice([1, 16, EVENT]), chance.randbytes(chance.randrange(65)))
        elif how < 0.7:
            forger.add(*chance.choice([loss(forger.due), flash_fault(chance.randrange(forger.due + 1))]))
        elif how < 0.85:
            epoch += 1
            key = hmac.digest(key, b"interlock seal key", "sha256")[:16]
            forger.seal(epoch, key)
        elif how < 0.88:
            forger.key = NOBODYS_KEY
        else:
            missing = chance.randrange(4)
            rise = chance.randrange(2) if missing else 0
            forger.miss(missing, chance.choice([STATED, ZEROS, forger.chain]), epoch + rise)
    data = bytearray(forger.file(chance.choice([None, None, ZEROS])))
    for _ in range(chance.randrange(2)):
        one, other = sorted(chance.randrange(len(data)) for _ in range(2))
        if chance.random() < 0.5:
            data[one] ^= 1 << chance.randrange(8)
        else:
            data[one:other] = chance.choice([b"", bytes(data[one:other]) * 2])
    places = []
    for keys in ((), [FIRST_KEY], [OTHER_KEY, FIRST_KEY]):
        places.append(first_fault(bytes(data), keys))
        assert first_told(bytes(data), keys) == places[-1], f"seed {seed}, {len(keys)} keys"
    return tuple(places)


def test_whatever_is_done_to_a_file_both_find_the_same_first_place() -> None:
    found = [compared(seed) for seed in range(300)]
    assert sum(places == (None, None, None) for places in found) >= 10, "some are sound"
    assert sum(places[0] is None and places[1] is not None for places in found) >= 10, "some only a key shows"
    assert sum(places[0] is not None for places in found) >= 10, "some anybody sees"


@pytest.mark.deep
def test_whatever_is_done_to_a_file_both_find_the_same_first_place_ten_thousand_times() -> None:
    for seed in range(300, 10_000):
        compared(seed)


def test_an_unknown_type_is_kept_and_read_as_bytes(tmp_path: Path) -> None:
    path = tmp_path / "unknown.ilj"
    path.write_bytes(sealed().add(199, b"\xab\xcd").file())
    command = [sys.executable, "-I", str(HERE / "read_journal.py"), "--json", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)[0]["records"][-1]["rows"] == [{"payload": "abcd"}]
