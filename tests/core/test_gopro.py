"""Open GoPro's messages: examples of its specification, and packets in all sizes and orders."""

from interlock.core import gopro


def test_commands_are_the_bytes_of_the_specification():
    said = {
        gopro.SHUTTER_ON: b"\x03\x01\x01\x01",
        gopro.SHUTTER_OFF: b"\x03\x01\x01\x00",
        gopro.HARDWARE_INFO: b"\x01\x3c",
        gopro.KEEP_ALIVE: b"\x03\x5b\x01\x42",
    }
    for message in said:
        assert gopro.packets(message) == [said[message]]


def test_a_message_of_any_size_comes_out_of_its_packets():
    for size in (1, 19, 20, 31, 32, 38, 39, 300, 400):
        message = bytes([at & 0xFF for at in range(size)])
        parts = gopro.packets(message)
        assert max([len(part) for part in parts]) <= gopro.PACKET_BYTES
        together = gopro.Message()
        assert [together.take(part) for part in parts] == [None] * (len(parts) - 1) + [message]


def test_the_longer_heads_are_understood():
    long = gopro.Message()
    assert long.take(b"\x20\x03abc") == b"abc"
    assert long.take(b"\x40\x00\x03abc") == b"abc"
    assert long.take(b"\x60abc") is None and long.take(b"") is None and long.take(b"\x20") is None


def test_a_packet_that_is_missing_or_twice_ends_the_message():
    parts = gopro.packets(bytes(60))
    for order in ((0, 2, 1), (0, 1, 1, 2), (1, 2), (0, 2)):
        together = gopro.Message()
        assert [together.take(parts[at]) for at in order][-1] is None, order


def test_statuses_are_read_and_what_does_not_fit_is_left_out():
    assert gopro.statuses(b"\x53\x00\x08\x01\x00\x0a\x01\x01\x23\x04\x00\x00\x00\x78") == {8: 0, 10: 1, 35: 120}
    assert gopro.statuses(b"\x93\x00\x0a\x01\x01") == {10: 1}
    assert gopro.statuses(b"\x13\x01\x0a\x01\x01") is None, "an error proves nothing"
    assert gopro.statuses(b"\x92\x00\x0a\x01\x01") is None, "a setting is no status"
    assert gopro.statuses(b"\x13\x00\x0a\x01") == {} and gopro.statuses(b"\x13\x00\x0a\x05\x01") == {}


def test_an_advertisement_tells_whether_it_is_awake_and_lets_in():
    head = b"\x02\x01\x06\x03\x02\xa6\xfe"
    for status in (0, 1, 5):
        said = head + b"\x0f\xff\xf2\x02\x02" + bytes([status]) + bytes(10)
        assert gopro.camera_status(said) == status
    assert gopro.camera_status(head) is None
    assert gopro.camera_status(b"\x0f\xff\x4c\x00\x02\x05" + bytes(10)) is None
    assert gopro.field(b"\x0b\x09GoPro 1234", 9) == b"GoPro 1234"
    assert gopro.field(b"\xff\x09Go", 9) == b"Go" and gopro.field(b"\x00\x09", 9) is None
