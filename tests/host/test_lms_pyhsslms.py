"""Our LMS and HSS beside an independent implementation, `pyhsslms`: each takes the other's keys and signatures."""

import random
from collections.abc import Callable

import pyhsslms
import pytest

from interlock.core import lms, signer
from interlock.core.lmots import Leaf
from interlock.core.lms import verify
from tests.core.flash import RamFlash

MESSAGE = b"a message of either side"
H5 = pyhsslms.lms_sha256_m32_h5
OTS_TYPES = {
    1: pyhsslms.lmots_sha256_n32_w1,
    2: pyhsslms.lmots_sha256_n32_w2,
    3: pyhsslms.lmots_sha256_n32_w4,
    4: pyhsslms.lmots_sha256_n32_w8,
}


@pytest.fixture(autouse=True)
def _their_keys_are_the_same_on_every_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pyhsslms.pyhsslms, "randBytes", random.Random(8554).randbytes)


def theirs_verifies(public: bytes, message: bytes, signature: bytes) -> bool:
    return bool(pyhsslms.HssPublicKey.deserialize(public).verify(message, signature))


def one_time_public(ots_type: int, identifier: bytes, q: int, seed: bytes) -> bytes:
    leaf = Leaf(ots_type, identifier, q, seed)
    while not leaf.step(1 << 20):
        pass
    assert leaf.public is not None
    return leaf.public


def ours(params: int, count: int, seen: Callable[[bytes, bytes, bytes], None]) -> None:
    """A key of ours, and its first signatures."""
    held = signer.Signer(RamFlash(signer.SECTORS), 0)
    held.generate(params, b"e" * 32)
    while held.work(1 << 20):
        pass
    for index in range(count):
        assert held.take(None) == index
        held.sign(MESSAGE + bytes([index]))
        while held.work(1 << 20):
            pass
        found = held.signed()
        assert found is not None and held.public is not None
        seen(held.public, *found)


@pytest.mark.parametrize(("params", "count"), [(1, 2), (2, 32), (3, 34)])
def test_theirs_takes_what_our_signer_signed(params: int, count: int) -> None:
    lengths = set()

    def seen(public: bytes, message: bytes, signature: bytes) -> None:
        lengths.add(len(signature))
        assert theirs_verifies(public, message, signature)
        assert not theirs_verifies(public, message + b".", signature)
        assert verify(public, message, signature)

    ours(params, count, seen)
    assert lengths == {{1: 2512, 2: 2352, 3: 4756}[params]}


@pytest.mark.parametrize("levels", [1, 2])
@pytest.mark.parametrize("ots_type", sorted(OTS_TYPES))
def test_ours_takes_what_theirs_signed(ots_type: int, levels: int) -> None:
    key = pyhsslms.HssPrivateKey(levels=levels, lms_type=H5, lmots_type=OTS_TYPES[ots_type])
    public = key.publicKey().serialize()
    for _ in range(3):
        signature = key.sign(MESSAGE)
        assert verify(public, MESSAGE, signature)
        assert not verify(public, MESSAGE + b".", signature)
        assert not verify(public, MESSAGE, signature[:-1] + bytes([signature[-1] ^ 1]))


def test_a_seed_of_theirs_gives_the_one_time_key_that_ours_computes() -> None:
    identifier, seed = b"I" * 16, b"S" * 32
    for ots_type, theirs_type in OTS_TYPES.items():
        theirs = pyhsslms.LmotsPrivateKey(identifier, (9).to_bytes(4), seed, theirs_type)
        assert one_time_public(ots_type, identifier, 9, seed) == theirs.publicKey().K


def test_a_tree_of_theirs_has_the_root_that_ours_computes() -> None:
    theirs = pyhsslms.LmsPrivateKey(H5, OTS_TYPES[3], b"S" * 32, b"I" * 16)
    tree = lms.Tree(b"I" * 16, 5)
    for q in range(32):
        tree.add(lms.leaf_hash(b"I" * 16, 32 + q, one_time_public(3, b"I" * 16, q, b"S" * 32)))
    assert tree.root == theirs.publicKey().K
