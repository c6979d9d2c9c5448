"""Frames of a message: how they are cut, and what is refused when they are put together."""

import struct

from interlock.core import wire
from interlock.core.wire import Assembler, Cutter, WireError


def refusal(assembler, frame):
    try:
        assembler.add(frame)
    except WireError as error:
        return error.reason
    return None


def test_messages_of_any_length_are_put_together_again():
    for mtu in (23, 24, 185):
        cutter, assembler = Cutter(), Assembler()
        for length in (1, 18, 19, 20, 38, 180, 181, 182, wire.MESSAGE_MAX):
            message = bytes(range(256)) * 20
            frames = cutter.cut(message[:length], mtu)
            assert all(len(frame) <= mtu - wire.ATT_OVERHEAD_BYTES for frame in frames)
            assert [assembler.add(frame) for frame in frames] == [None] * (len(frames) - 1) + [message[:length]]


def test_a_message_may_be_as_long_as_is_written_and_not_a_byte_longer():
    for extra, reason in ((0, None), (1, wire.BAD_LENGTH)):
        assembler = Assembler()
        frames = Cutter().cut(bytes(wire.MESSAGE_MAX + extra), 247)
        for frame in frames[:-1]:
            assembler.add(frame)
        assert refusal(assembler, frames[-1]) == reason


def test_a_frame_that_says_nothing_or_comes_out_of_turn_is_refused():
    frames = Cutter().cut(bytes(60), 23)
    assert refusal(Assembler(), b"") == refusal(Assembler(), frames[0][:1]) == wire.BAD_LENGTH
    assert refusal(Assembler(), frames[1]) == wire.BAD_ORDER
    assembler = Assembler()
    assembler.add(frames[0])
    assert refusal(assembler, frames[0]) == wire.BAD_ORDER


def test_who_is_told_of_a_broken_rule_reads_which_one_it_is():
    for reason, words in wire.REASON_NAMES.items():
        error = WireError(reason)
        assert (error.reason, str(error)) == (reason, words)


def test_what_a_reply_says_is_read_if_it_has_its_size_and_else_not():
    size = struct.calcsize(wire.STATUS_FORM)
    assert wire.unpack_status(bytes(size)).following == 0
    assert wire.unpack_status(bytes(size - 1)) is None and wire.unpack_status(bytes(size + 1)) is None
    line = struct.calcsize(wire.PLACED_LINE)
    lines = bytes(range(1, 2 * line + 1))
    placed = struct.pack(wire.PLACED_HEAD, 1, 300, 2)
    is_under_way, left_100ms, found = wire.unpack_placed(placed + lines)
    assert (is_under_way, left_100ms) == (True, 300)
    assert [tuple(each) for each in found] == [
        struct.unpack(wire.PLACED_LINE, lines[:line]),
        struct.unpack(wire.PLACED_LINE, lines[line:]),
    ]
    for body in (placed + lines[1:], placed + lines + b"x", placed[:-1], placed):
        assert wire.unpack_placed(body) is None
    assert wire.unpack_placed(struct.pack(wire.PLACED_HEAD, 0, 0, 0)) == (False, 0, [])
    key = bytes(struct.calcsize(wire.KEY_FORM))
    public = b"p" * wire.PUBLIC_KEY_BYTES
    assert wire.unpack_key(key)[-1] == b"" and wire.unpack_key(key + public)[-1] == public
    assert wire.unpack_key(key + public[1:]) is None and wire.unpack_key(key[1:]) is None
