"""Sealed messages of a session: what opens, what does not, and how much work a step is."""

from interlock.core.secure import BLOCK_BYTES, TAG_BYTES, Sealer
from tests.core.receiver_world import hmacs_of

ENC, MAC = b"e" * 32, b"m" * 32


def test_what_is_sealed_opens_in_its_order_at_any_length():
    unit, host = Sealer(ENC, MAC), Sealer(ENC, MAC)
    for length in (1, 31, 32, 33, 64, 244):
        plain = bytes(range(256))[:length]
        sealed = unit.seal(plain)
        assert len(sealed) == length + TAG_BYTES and plain not in sealed
        assert host.open(sealed) == plain
        assert host.open(sealed) is None, "not the next one"


def test_a_message_that_says_nothing_is_too_short():
    unit, host = Sealer(ENC, MAC), Sealer(ENC, MAC)
    empty = unit.seal(b"")
    assert len(empty) == TAG_BYTES and host.open(empty) is None and host.open(b"") is None
    assert host.open(Sealer(ENC, MAC).seal(b"x")) == b"x", "the count went on only with what opened"


def test_a_step_is_so_many_blocks_and_the_tag_comes_with_the_last():
    sealing = Sealer(ENC, MAC).begin(bytes(5 * BLOCK_BYTES))
    assert [hmacs_of(lambda: sealing.step(2)) for _ in range(2)] == [2, 2] and sealing.result is None
    assert hmacs_of(lambda: sealing.step(2)) == 2, "the last block and the tag"
    assert sealing.result == Sealer(ENC, MAC).seal(bytes(5 * BLOCK_BYTES))
    assert hmacs_of(lambda: sealing.step(2)) == 0


def work(length):
    """HMACs that (sealing, opening) a message of this length costs."""
    unit, host = Sealer(ENC, MAC), Sealer(ENC, MAC)
    made = []
    sealing = hmacs_of(lambda: made.append(unit.seal(bytes(length))))
    return sealing, hmacs_of(lambda: host.open(made[0]))


def test_a_message_costs_a_block_each_32_bytes_and_its_tag():
    assert [work(length) for length in (1, 32, 33, 64)] == [(2, 2), (2, 2), (3, 3), (3, 3)]
