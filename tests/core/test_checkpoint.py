"""The signed message: its bytes, and that nothing else is taken for one."""

from binascii import hexlify

from interlock.core import checkpoint
from interlock.core.checkpoint import Checkpoint, pack, unpack

SAMPLE = Checkpoint(
    serial=b"HOLSTER1",
    index=7,
    following=0x01020304,
    chain=bytes(range(32)),
    boot=0x0506,
    uptime_ms=0x0708090A0B,
    utc_ms=1_795_000_000_000,
    utc_u_ms=40,
    nonce=b"n" * 16,
)


def test_the_bytes_of_the_message_are_locked():
    assert checkpoint.MESSAGE_BYTES == 105
    assert hexlify(pack(SAMPLE)).decode() == (
        "696e7465726c6f636b20636865636b706f696e742031"
        "484f4c535445523100000007"
        "01020304000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
        "05060708090a0b000001a1ee565e00000000286e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e"
    )


def test_what_was_packed_is_unpacked():
    assert unpack(pack(SAMPLE)) == SAMPLE
    most = Checkpoint(b"\xff" * 8, 2**32 - 1, 2**32 - 1, bytes(32), 2**16 - 1, 2**40 - 1, 0, 2**32 - 1, bytes(16))
    assert unpack(pack(most)) == most


def test_nothing_else_is_taken_for_a_checkpoint():
    message = pack(SAMPLE)
    assert unpack(b"") is None and unpack(message[:-1]) is None and unpack(message + b"\x00") is None
    for at in range(22):
        bad = bytearray(message)
        bad[at] ^= 1
        assert unpack(bytes(bad)) is None
