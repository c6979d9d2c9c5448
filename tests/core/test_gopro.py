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


def test_a_short_message_has_a_head_of_one_byte_and_a_longer_one_of_two():
    assert [part[0] for part in gopro.packets(bytes(31))] == [31, 0x80]
    assert [part[:2] for part in gopro.packets(b"\x07" * 32)] == [b"\x20\x20", b"\x80\x07"]
    assert gopro.packets(bytes(300))[0][:2] == b"\x21\x2c" and gopro.packets(bytes(8191))[0][:2] == b"\x3f\xff"
    for size in (19, 20, 31, 32, 300, 8191):
        parts = gopro.packets(bytes(size))
        assert {len(part) for part in parts[:-1]} <= {gopro.PACKET_BYTES} and len(parts[-1]) > 1
        assert [part[0] for part in parts[1:]] == [0x80 | at & 15 for at in range(len(parts) - 1)]
        together = gopro.Message()
        assert [together.take(part) for part in parts][-1] == bytes(size)


def test_a_head_says_the_size_in_five_bits_in_thirteen_or_in_sixteen():
    whole = bytes([at & 0xFF for at in range(0x1234)])
    for head, size in ((b"\x1f", 31), (b"\x21\x02", 0x102), (b"\x32\x34", 0x1234), (b"\x40\x12\x34", 0x1234)):
        together = gopro.Message()
        assert together.take(head + whole[: size - 1]) is None
        assert together.take(b"\x80" + whole[size - 1 : size]) == whole[:size]
    for head in (b"\x40", b"\x40\x00", b"\x20", b"\x00", b"\x60", b"\x7f"):
        assert gopro.Message().take(head) is None


def test_what_is_behind_a_message_in_its_packet_is_no_part_of_it():
    together = gopro.Message()
    assert together.take(b"\x02abc") == b"ab" and together.take(b"\x80d") is None
    assert together.take(b"\x04abc") is None and together.take(b"\x80def") == b"abcd"
    assert together.take(b"\x04abc") is None and together.take(b"\x02xy") == b"xy", "a new one ends what was begun"
    assert together.take(b"\x04abc") is None and together.take(b"\x7f") is None and together.take(b"\x80d") is None
    assert together.take(b"\x00abc") is None and together.take(b"\x80d") is None


def test_a_packet_out_of_turn_ends_the_message_for_good():
    parts = gopro.packets(bytes(80))
    together = gopro.Message()
    assert [together.take(parts[at]) for at in (0, 2, 1, 2, 3, 4)] == [None] * 6
    assert [together.take(part) for part in parts][-1] == bytes(80)


def test_a_status_of_more_than_four_bytes_is_passed_over_and_what_follows_is_read():
    five = b"\x08\x05\x01\x02\x03\x04\x05"
    assert gopro.statuses(b"\x13\x00" + five + b"\x0a\x01\x01") == {10: 1}
    assert gopro.statuses(b"\x13\x00\x23\x04\x01\x02\x03\x04\x0a\x01\x01") == {35: 0x01020304, 10: 1}
    assert gopro.statuses(b"\x13\x00\x0a\x00\x08\x02\x01\x02") == {10: 0, 8: 0x0102}
    assert gopro.statuses(b"\x13\x00\x0a\x00") == {10: 0} and gopro.statuses(b"\x13\x00") == {}
    assert gopro.statuses(b"\x13") is None and gopro.statuses(b"") is None


def test_a_field_is_found_behind_others_and_ends_with_its_length():
    two = b"\x02\x01\x06\x04\x09GoP\x03\xffxy"
    assert gopro.field(two, 1) == b"\x06" and gopro.field(two, 9) == b"GoP" and gopro.field(two, 0xFF) == b"xy"
    assert gopro.field(two, 6) is None and gopro.field(b"", 9) is None and gopro.field(b"\x01", 1) is None
    assert gopro.field(b"\x01\x09", 9) == b"" and gopro.field(b"\x00\x00\x02\x09x", 9) is None


def test_a_gopros_advertisement_is_told_by_its_company_and_has_the_byte():
    assert gopro.camera_status(b"\x05\xff\xf2\x02\x02\x05") == 5
    assert gopro.camera_status(b"\x04\xff\xf2\x02\x02") is None
    assert gopro.camera_status(b"\x05\xff\xf2\x03\x02\x05") is None
    assert gopro.camera_status(b"\x05\xfe\xf2\x02\x02\x05") is None


def test_a_head_may_come_alone_and_what_it_leaves_open_says_nothing():
    for head in (b"\x20\x03", b"\x40\x00\x03", b"\x5f\x00\x03", b"\x03"):
        together = gopro.Message()
        assert together.take(head) is None and together.take(b"\x80abc") == b"abc"
    assert gopro.Message().take(b"\x41\x00\x03abc") == b"abc"


def test_a_message_does_not_begin_with_what_goes_on():
    for first in range(0x80, 0x100):
        assert gopro.Message().take(bytes([first]) + b"d") is None
