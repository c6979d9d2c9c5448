"""A member is stored so that a unit can inflate it, and no larger than zlib alone makes it."""

import random
import zlib

import pytest

from host_tools.building import deflating
from interlock_loader.container import DEFLATED, STORED, WINDOW_BITS

from .units import built

SEED = 12


def inflated(stored):
    """As a unit does it: in a window of 1 KiB."""
    packer = zlib.decompressobj(-WINDOW_BITS)
    found = packer.decompress(stored)
    assert packer.eof and not packer.unused_data
    return found


def alone(data):
    packer = zlib.compressobj(9, zlib.DEFLATED, -WINDOW_BITS, 9)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize("count", (1, 255, 256, 257, 2_000, 20_000))
def test_what_is_stored_is_what_was_given(count):
    made = random.Random(SEED)
    texts = bytes(made.choice(b"abcdefgh") for _ in range(count))
    for data in (texts, bytes(count), texts[: count // 2] + bytes(made.randrange(200, 256) for _ in range(count // 2))):
        how, stored = deflating.pack(data)
        assert (inflated(stored) if how == DEFLATED else stored) == data
        assert len(stored) <= min(len(data), len(alone(data)))
    assert deflating.pack(made.randbytes(count))[0] == STORED


def test_what_differs_in_a_file_gets_codes_of_its_own():
    made = random.Random(SEED)
    names = bytes(made.choice(b"abcdefgh") for _ in range(4_000))
    code = bytes(made.choice(range(128, 136)) for _ in range(4_000))
    assert len(deflating.pack(names + code)[1]) < 0.98 * len(alone(names + code))


def test_a_release_gains_by_it():
    plain = [data for name, data in built("pico_w").plain.items()]
    stored = sum(len(deflating.pack(data)[1]) for data in plain)
    assert 0.95 * sum(len(alone(data)) for data in plain) < stored < 0.99 * sum(len(alone(data)) for data in plain)
