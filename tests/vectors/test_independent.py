"""The reader that was written from the text agrees with ours: on files, on changed files, on what a unit signed."""

import io
import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from host_tools.verifying.seals import Keys
from host_tools.verifying.walk import walk
from interlock.core import checkpoint, lms, records
from interlock.core.journal import Journal
from interlock.core.reading import Reading
from interlock.core.signer import Signer
from tests.core import rfc8554
from tests.core.flash import RamFlash

from . import independent, independent_lms, independent_seal
from .documents import JOURNAL, dump
from .independent import Break, Checkpoint, verify
from .readings import SERIAL, carry, items_of_spans, ours, theirs

HEADER_BYTES = 60
FIRST_KEY = bytes(range(16))
OTHER_KEY = bytes(range(16, 32))


# Files.


def test_every_changed_byte_of_the_worked_file_is_refused_at_the_same_place_by_both():
    whole = dump(JOURNAL, "example: ilj")
    assert ours(whole, [FIRST_KEY]) == theirs(whole, [FIRST_KEY]) == (True, None)
    for at in range(len(whole)):
        for value in {whole[at] ^ 1, whole[at] ^ 0x80, 0x00, 0xFC, 0xFD, 0xFE, 0xFF} - {whole[at]}:
            bad = whole[:at] + bytes([value]) + whole[at + 1 :]
            assert theirs(bad) == ours(bad), f"byte {at} changed to {value:#x}"
            assert not theirs(bad)[0]


def test_a_file_cut_or_continued_anywhere_is_refused_at_the_same_place_by_both():
    whole = dump(JOURNAL, "example: ilj")
    for bad in [whole[:length] for length in range(len(whole))] + [whole + b"\x00", whole + whole]:
        assert theirs(bad) == ours(bad), f"{len(bad)} bytes"
        assert not theirs(bad)[0]


class Written:
    """A journal written by the reader's own means, `items` of a file that begins with record 0."""

    def __init__(self):
        self.start = self.chain = independent.chain_start(SERIAL)
        self.items = []
        self.key = independent_seal.OPEN_KEY
        self.sequence = 0

    def add(self, kind=200, payload=b"", chain=None):
        record, self.chain = independent.write_record(
            kind, self.sequence, 1, self.sequence, payload, chain or self.chain, self.key
        )
        self.items.append(record)
        self.sequence += 1
        return self

    def seal(self, epoch, key):
        self.add(records.SEAL, epoch.to_bytes(4, "big"))
        self.key = key
        return self

    def skip(self, stated, epoch=0):
        """One record gets lost; `stated`: whether the chain value behind it is known."""
        self.add()
        self.items[-1] = Break(self.sequence, self.chain if stated else None, epoch)
        return self

    def file(self, serial=SERIAL, first=0, epoch=0):
        return independent.write_ilj(1, 1, serial, first, self.start, self.items, epoch)

    def place(self, number):
        """Offset of an item."""
        return HEADER_BYTES + sum(len(item.raw) for item in self.items[:number])


ERA = 1 << 24
NEXT_KEY = independent_seal.key_after(FIRST_KEY)


def sealed():
    return Written().add(records.BOOT, bytes(4)).seal(ERA, FIRST_KEY).add()


def swapped(written, one, other):
    written.items[one], written.items[other] = written.items[other], written.items[one]
    return written


def without(written, number):
    del written.items[number]
    return written


# (what it is, the journal, offset of the first thing wrong, in items; None: nothing is)
CASES = [
    ("whole", sealed(), None),
    ("a key that evolves", sealed().seal(ERA + 1, NEXT_KEY).add(), None),
    ("an era that was given and skipped", sealed().seal(3 * ERA, OTHER_KEY).add(), None),
    ("a record that is not under its key", sealed().seal(ERA + 1, FIRST_KEY).add(), 4),
    ("an era under no key of the vault's", sealed().seal(2 * ERA, b"k" * 16).add().add(), 4),
    ("an epoch that is left out", sealed().seal(ERA + 2, NEXT_KEY).add(), 3),
    ("an epoch that goes back", sealed().seal(ERA, FIRST_KEY).add(), 3),
    ("an era that does not begin at its beginning", sealed().seal(2 * ERA + 1, NEXT_KEY).add(), 3),
    ("an open key that evolves", Written().seal(1, independent_seal.OPEN_KEY).add(), 0),
    ("an event under the open key", Written().add(records.BOOT, bytes(4)).add(records.EVENT, bytes(13)), 1),
    ("settings in force under the open key", Written().add(records.CONFIG, b"\0\0\0\1" + bytes(8)), 0),
    ("a record that does not continue the chain", sealed().add(chain=bytes(32)), 3),
    ("records in another order", swapped(sealed().add().add(), 3, 4), 3),
    ("a record too few", without(sealed().add().add().add(), 3), 3),
    ("a stated hole", sealed().skip(True, ERA).add(), None),
    ("a stated hole, chain unknown", sealed().skip(False, ERA).add(), None),
    ("a stated hole in which a key changed", sealed().skip(True, ERA + 1).add(), 4),
    ("a break that goes back to an older key", sealed().seal(ERA + 1, NEXT_KEY).skip(True, ERA).add(), 4),
]


@pytest.mark.parametrize(("written", "wrong"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_what_is_wrong_under_right_checksums_is_refused_at_the_same_place_by_both(written, wrong):
    data, keys = written.file(), [OTHER_KEY, FIRST_KEY]
    expected = (wrong is None, None if wrong is None else written.place(wrong))
    assert theirs(data, keys) == ours(data, keys) == expected
    assert theirs(data) == ours(data)


def test_of_several_things_wrong_the_first_one_counts_to_both():
    written = Written()
    written.key = OTHER_KEY
    data = swapped(written.add().add().add().add(), 2, 3).file()
    assert theirs(data) == ours(data) == (False, written.place(0))
    assert theirs(data[:-1]) == ours(data[:-1]) == (False, written.place(0))


def test_a_header_that_says_what_no_first_record_can_have_is_refused_at_the_same_place_by_both():
    written = sealed()
    for data, where in (
        (written.file(serial=b"HOLSTER2"), 20),
        (written.file(epoch=ERA), 52),
        (written.file(first=1), HEADER_BYTES),
    ):
        assert theirs(data) == ours(data) == (False, where)


def test_a_break_where_nothing_is_missing_is_refused_for_it_could_cut_the_chain_unseen():
    for chain in (None, bytes(range(32))):
        written = sealed()
        written.items.append(Break(written.sequence, chain, ERA))
        data = written.add().file()
        assert theirs(data) == ours(data) == (False, written.place(3))


def test_behind_a_hole_records_are_held_by_their_checksums_alone_until_the_chain_value_is_stated():
    written = sealed().skip(False, ERA)
    at = len(written.items)
    written.add().add(chain=bytes(32))
    written.items.append(Break(written.sequence, written.chain, ERA))
    data = written.add().file()
    verdict = verify(data, [FIRST_KEY])
    assert verdict == independent.Verdict(True, None, "intact", breaks=2, unchained=2)
    assert ours(data, [FIRST_KEY]) == (True, None)
    found = walk(io.BytesIO(data), Keys([FIRST_KEY]))
    assert (found.count("loose"), found.count("sealed"), found.chain) == (2, 2, written.chain)
    written.add(chain=bytes(32))
    data = written.file()
    assert theirs(data, [FIRST_KEY]) == ours(data, [FIRST_KEY]) == (False, written.place(at + 4))


@settings(max_examples=200, deadline=None, derandomize=True)
@given(seed=st.integers(0, 1 << 32))
def test_files_with_anything_done_to_them_are_judged_alike(seed):
    chance = random.Random(seed)
    written = sealed()
    for _ in range(chance.randrange(12)):
        written.add(chance.randrange(200, 256), chance.randbytes(chance.randrange(65)))
        if chance.random() < 0.2:
            written.skip(chance.random() < 0.5, ERA)
    data = bytearray(written.file())
    for _ in range(chance.randrange(3)):
        one, other = sorted(chance.randrange(len(data)) for _ in range(2))
        how = chance.randrange(4)
        if how == 0:
            data[one] ^= 1 << chance.randrange(8)
        elif how == 1:
            del data[one:other]
        elif how == 2:
            data[one:one] = data[one:other]
        else:
            items = [item.raw for item in written.items]
            chance.shuffle(items)
            data[HEADER_BYTES : HEADER_BYTES + sum(map(len, items))] = b"".join(items)
    assert theirs(bytes(data), [FIRST_KEY]) == ours(bytes(data), [FIRST_KEY])
    assert theirs(bytes(data)) == ours(bytes(data))


# Checkpoints.


@pytest.mark.parametrize("case", [1, 2])
def test_the_readers_signatures_are_those_of_the_rfc(case, monkeypatch):
    monkeypatch.setitem(independent_lms.ONE_TIME_KINDS, 4, (8, 34, 0))  # W8, which units do not use
    message = getattr(rfc8554, f"MESSAGE_{case}")
    public, signature = (bytes.fromhex(getattr(rfc8554, f"{name}_{case}")) for name in ("PUBLIC", "SIGNATURE"))
    assert independent_lms.index_of(message, signature, public) == {1: 5 * 32 + 10, 2: 3 * 32 + 4}[case]
    for at in [*range(12), *range(12, len(signature), 61)]:
        changed = signature[:at] + bytes([signature[at] ^ 1]) + signature[at + 1 :]
        with pytest.raises(ValueError):
            independent_lms.index_of(message, changed, public)


class Signing:
    """A journal whose end the unit signs again and again, and its file with the last `kept` checkpoints."""

    def __init__(self, params):
        self.signer = Signer(RamFlash(12), 0)
        self.signer.generate(params, bytes(range(32)))
        self.work()
        self.ring = RamFlash(4)
        self.log = Journal(self.ring, SERIAL, carry)
        self.checkpoints = []

    def work(self):
        while self.signer.work(1 << 20):
            pass

    def sign(self, serial=SERIAL):
        index = self.signer.take(None)
        self.log.append(records.CHECKPOINT, records.pack(records.CHECKPOINT, index, self.signer.remaining), 1)
        said = checkpoint.Checkpoint(serial, index, self.log.sequence, self.log.head, 1, 2, 3, 4, bytes(16))
        self.signer.sign(checkpoint.pack(said))
        self.work()
        self.checkpoints.append(Checkpoint(*self.signer.signed(), self.signer.public))

    def file(self, kept=1):
        read = Reading(self.ring)
        items = [*items_of_spans(read.spans), *self.checkpoints[-kept:]]
        return independent.write_ilj(1, 1, SERIAL, read.first, read.chain, items)


def checked(data, public):
    """Offset of the first checkpoint that is not right, as the host's parts judge it; None for none."""
    wrong = []

    def take(signed, offset):
        said = checkpoint.unpack(signed.message)
        fits = said is not None and said.serial == SERIAL and lms.verify(public, signed.message, signed.signature)
        if not fits:
            wrong.append(offset)

    assert walk(io.BytesIO(data), take=take).fault is None
    return min(wrong, default=None)


@pytest.mark.parametrize(("params", "signatures"), [(2, 3), (3, 34)])
def test_checkpoints_that_a_unit_signed_fit_its_journal_and_changed_ones_are_refused_where_they_stand(
    params, signatures
):
    unit = Signing(params)
    for _ in range(signatures):
        unit.sign()
    unit.log.append(records.BOOT, bytes(4), 3)
    data, public = unit.file(2), unit.signer.public
    verdict = verify(data, public=public)
    following = unit.log.sequence - 1
    assert verdict.intact
    assert verdict.signed == ((signatures - 2, following - 1), (signatures - 1, following))
    assert checked(data, public) is None
    where = len(data) - 44 - len(unit.checkpoints[-1].raw)
    chance = random.Random(params)
    for part in ("message", "signature"):
        for _ in range(10):
            whole = getattr(unit.checkpoints[-1], part)
            at = chance.randrange(len(whole))
            changed = whole[:at] + bytes([whole[at] ^ 1 << chance.randrange(8)]) + whole[at + 1 :]
            right, unit.checkpoints[-1] = unit.checkpoints[-1], replace(unit.checkpoints[-1], **{part: changed})
            bad = unit.file(2)
            unit.checkpoints[-1] = right
            assert theirs(bad, public=public) == (False, where) and checked(bad, public) == where
            assert theirs(bad) == (True, None), "without the unit's key nothing can be said"


def test_a_journal_that_was_rewritten_does_not_fit_what_the_unit_had_signed():
    unit = Signing(2)
    unit.log.append(records.BOOT, bytes(4), 1)
    unit.sign()
    items = list(items_of_spans(Reading(unit.ring).spans))
    forged, chain = [], independent.chain_start(SERIAL)
    for record in items:
        payload = b"\x01" + record.payload[1:] if record.kind == records.BOOT else record.payload
        written, chain = independent.write_record(record.kind, record.sequence, 1, 1, payload, chain)
        forged.append(written)
    data = independent.write_ilj(1, 1, SERIAL, 0, independent.chain_start(SERIAL), forged + unit.checkpoints)
    assert theirs(data) == ours(data) == (True, None), "the chain alone is whole"
    where = len(data) - 44 - len(unit.checkpoints[0].raw)
    verdict = verify(data, public=unit.signer.public)
    assert (verdict.where, verdict.reason) == (where, "checkpoint of another chain")


def test_a_checkpoint_of_another_unit_is_refused():
    unit = Signing(2)
    unit.sign(b"HOLSTER2")
    verdict = verify(unit.file(), public=unit.signer.public)
    assert (verdict.intact, verdict.reason) == (False, "checkpoint of another unit or index")


def test_a_checkpoint_of_a_place_that_the_file_does_not_have_is_kept_and_counts_for_nothing():
    unit = Signing(2)
    for _ in range(3):
        unit.log.append(records.BOOT, bytes(4), 1)
    unit.sign()
    items = list(items_of_spans(Reading(unit.ring).spans))
    start = independent.chain_start(SERIAL)
    second = independent.chain_next(start, items[0])
    for first, chain, held in (
        (0, start, items[:-1]),
        (0, start, [items[0], Break(2, None, 0), *items[2:]]),
        (1, second, items[1:]),
    ):
        data = independent.write_ilj(1, 1, SERIAL, first, chain, [*held, *unit.checkpoints])
        verdict = verify(data, public=unit.signer.public)
        assert verdict.intact
        assert bool(verdict.signed) == (held[-1] is items[-1] and verdict.unchained == 0)
