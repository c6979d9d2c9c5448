"""`lms.verify` on whatever bytes: False, never an error, and never more hashes than it promises."""

import hashlib
import struct
from binascii import unhexlify
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from interlock.core import lmots, lms
from interlock.core.lms import verify
from tests.core import rfc8554

HASHES_MAX = 70_000
VALID = [
    (unhexlify(rfc8554.PUBLIC_1), rfc8554.MESSAGE_1, unhexlify(rfc8554.SIGNATURE_1)),
    (unhexlify(rfc8554.PUBLIC_2), rfc8554.MESSAGE_2, unhexlify(rfc8554.SIGNATURE_2)),
]
LMS_TYPES = st.sampled_from(sorted(lms.HEIGHTS))
OTS_TYPES = st.sampled_from(sorted(lmots.TYPES))


class Counting:
    """Stands in for hashlib: counts what was hashed."""

    def __init__(self) -> None:
        self.hashes = 0

    def sha256(self, data: bytes) -> Any:
        self.hashes += 1
        return hashlib.sha256(data)


@pytest.fixture(scope="module")
def counted() -> Any:
    counting = Counting()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lmots, "hashlib", counting)
        patch.setattr(lms, "hashlib", counting)
        yield counting


def refuses(counted: Counting, public: bytes, message: bytes, signature: bytes) -> bool:
    counted.hashes = 0
    verdict = verify(public, message, signature)
    assert counted.hashes <= HASHES_MAX
    return verdict is False


@given(st.binary(max_size=70), st.binary(max_size=200), st.binary(max_size=6000))
@example(b"", b"", b"")
@example(bytes(60), b"", bytes(4))
def test_any_bytes_are_refused(counted: Counting, public: bytes, message: bytes, signature: bytes) -> None:
    assert refuses(counted, public, message, signature)


@given(st.sampled_from(VALID), st.integers(0, 2), st.data())
def test_a_changed_byte_anywhere_is_refused(
    counted: Counting, valid: tuple[bytes, bytes, bytes], which: int, data: st.DataObject
) -> None:
    parts = list(valid)
    at = data.draw(st.integers(0, len(parts[which]) - 1))
    flipped = data.draw(st.integers(1, 255))
    parts[which] = parts[which][:at] + bytes([parts[which][at] ^ flipped]) + parts[which][at + 1 :]
    assert refuses(counted, *parts)


@given(st.sampled_from(VALID), st.data())
def test_a_piece_cut_out_or_put_in_is_refused(
    counted: Counting, valid: tuple[bytes, bytes, bytes], data: st.DataObject
) -> None:
    public, message, signature = valid
    start, end = sorted(data.draw(st.tuples(*[st.integers(0, len(signature))] * 2)))
    put_in = data.draw(st.binary(max_size=40))
    changed = signature[:start] + put_in + signature[end:]
    assert changed == signature or refuses(counted, public, message, changed)


@given(st.integers(1, 8), LMS_TYPES, OTS_TYPES, st.booleans(), st.data())
def test_a_signature_of_the_right_shape_is_refused_at_any_size(
    counted: Counting, levels: int, lms_type: int, ots_type: int, has_equal_levels: bool, data: st.DataObject
) -> None:
    """Right types, lengths and leaf numbers, and nothing in it that is right."""
    filling = data.draw(st.binary(min_size=1, max_size=8))

    def filled(count: int) -> bytes:
        return (filling * (count // len(filling) + 1))[:count]

    public = struct.pack(">III", levels, lms_type, ots_type) + filled(48)
    signature = struct.pack(">I", levels - 1)
    for level in range(levels):
        signature += struct.pack(">II", data.draw(st.integers(0, 31)), ots_type)
        signature += filled(lmots.signature_bytes(ots_type) - 4)
        signature += struct.pack(">I", lms_type) + filled(lms.HEIGHTS[lms_type] * 32)
        if level < levels - 1:
            if not has_equal_levels:
                lms_type, ots_type = data.draw(LMS_TYPES), data.draw(OTS_TYPES)
            signature += struct.pack(">II", lms_type, ots_type) + filled(48)
    assert refuses(counted, public, filled(20), signature)


def test_what_is_right_takes_no_more_hashes_than_was_promised(counted: Counting) -> None:
    for public, message, signature in VALID:
        counted.hashes = 0
        assert verify(public, message, signature)
        assert 1000 < counted.hashes <= HASHES_MAX
    longest = lmots.TYPES[4]
    assert lms.LEVELS_MAX * (longest.chains * 255 + 3 + max(lms.HEIGHTS.values())) <= HASHES_MAX
