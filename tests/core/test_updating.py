"""An update's replies as a host reads them: every field at its place, and nothing of another size."""

import struct

from interlock.core import updating

PROGRESS = struct.pack(updating.PROGRESS_FORM, updating.RECEIVING, updating.SOUND, 70000, 65536)


def state_bytes(board=b"esp32c3", key=b"released"):
    """A reply to UPDATE_STATE."""
    own = (b"\x01\x02\x03", b"\x04\x05\x06", b"\x07\x08\x09", board, 6, b"\x01\x18\x02", key)
    told = (updating.REFUSED, updating.NO_ROOM, 11, 12, 13, 1, updating.FLAG_TRIAL)
    return struct.pack(updating.STATE_FORM, *(told + own))


def test_a_progress_is_read_field_by_field():
    found = updating.unpack_progress(PROGRESS)
    assert found == (updating.RECEIVING, updating.SOUND, 70000, 65536)
    assert (found.phase, found.finding, found.taken, found.checked) == tuple(found)


def test_a_state_is_read_field_by_field():
    found = updating.unpack_state(state_bytes())
    assert found[:7] == (updating.REFUSED, updating.NO_ROOM, 11, 12, 13, 1, updating.FLAG_TRIAL)
    assert (found.total, found.slot, found.flags) == (13, 1, updating.FLAG_TRIAL)
    assert (found.version_a, found.version_b, found.floor) == ((1, 2, 3), (4, 5, 6), (7, 8, 9))
    assert (found.board, found.mpy, found.micropython, found.key) == ("esp32c3", 6, (1, 24, 2), b"released")


def test_of_a_boards_name_only_what_can_be_shown_is_taken():
    for name, shown in (
        (b"", ""),
        (b"sixteen-letters_", "sixteen-letters_"),
        (b"!a b\x00\x7f~\xff\n", "!ab~"),
    ):
        assert updating.unpack_state(state_bytes(name)).board == shown


def test_a_reply_of_another_size_is_none():
    for unpack, body in ((updating.unpack_progress, PROGRESS), (updating.unpack_state, state_bytes())):
        assert unpack(body) is not None and unpack(bytearray(body)) == unpack(body)
        assert unpack(body[:-1]) is None and unpack(body + b"\x00") is None and unpack(b"") is None
