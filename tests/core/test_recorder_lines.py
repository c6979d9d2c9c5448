"""Lines between a camera unit and a recorder's adapter: what is not exactly right is not there."""

from interlock.core import recorder_lines as lines


def answer(word=lines.RECORDING, sequence=0x1A2B, **numbers):
    return lines.build(lines.ANSWER, sequence, word, numbers)


def test_a_line_is_read_as_it_was_built():
    for mark, words in ((lines.ASK, lines.VERBS), (lines.ANSWER, lines.STATES), (lines.EVENT, lines.STATES)):
        for word in words:
            for numbers in ({}, {"since": 0}, {"buffer": 30000, "battery": 100, "free": 0}):
                line = lines.build(mark, 0xFFFF, word, numbers)
                assert lines.parse(line) == lines.parse(line[:-1] + b"\r\n") == lines.Line(mark, 0xFFFF, word, numbers)


def test_the_longest_line_fits():
    longest = answer(since=lines.NUMBER_MAX, buffer=lines.NUMBER_MAX, battery=100, free=lines.NUMBER_MAX)
    assert len(longest) <= lines.LINE_MAX and lines.Ear().hear(longest)


def test_any_byte_that_is_not_as_it_was_sent_makes_it_nobodys_line():
    good = answer(since=5230, buffer=30000)
    for at in range(len(good) - 1):
        for other in (good[at] ^ 1, good[at] ^ 0x80, 0, 10, 255):
            assert other == good[at] or lines.parse(good[:at] + bytes([other]) + good[at + 1 :]) is None
        assert lines.parse(good[:at]) is None and lines.parse(good[:at] + good[at + 1 :]) is None


def sealed(text):
    return text + b" *%08X" % (lines.crc32(text) & 0xFFFFFFFF)


def test_a_good_checksum_is_not_enough():
    bad = [b"", b"<", b"< 1A2B", b"? 1A2B standby", b"< 1A2 standby", b"< XXXX standby", b"> 1A2B standby"]
    bad += [b"< 1A2B START", b"< 1A2B recording since=-5", b"< 1A2B recording since=", b"\xff\xfe 1A2B standby"]
    for text in bad:
        assert lines.parse(sealed(text)) is None, text
    assert lines.parse(sealed(b"< 1A2B standby colour=blue")) is not None, "what is unknown is passed over"


def test_lines_are_put_together_from_pieces_and_an_endless_one_is_dropped():
    ear, good = lines.Ear(), answer()
    found = []
    for byte in b"noise\n" + good + b"x" * 300 + good + good:
        found += ear.hear(bytes([byte]))
    assert [line.word for line in found] == [lines.RECORDING, lines.RECORDING], "one is lost with the noise before it"


def padded(size):
    """A good line of just so many bytes without its end."""
    head = b"< 1A2B standby battery=83 x="
    return sealed(head + b"y" * (size - len(head) - 10))


def test_a_line_has_up_to_96_bytes_with_its_end():
    assert len(padded(95)) == 95 == lines.LINE_MAX - 1
    assert lines.parse(padded(95)) == lines.parse(padded(95) + b"\r\n") == lines.Line("<", 0x1A2B, "standby", BATTERY)
    assert lines.parse(padded(96)) is None
    assert [line.numbers for line in lines.Ear().hear(padded(95) + b"\n")] == [BATTERY]
    ear = lines.Ear()
    assert ear.hear(padded(96) + b"\n" + padded(97) + b"\n") == []
    assert [line.numbers for line in ear.hear(padded(95) + b"\n")] == [BATTERY], "it is over with its end"


BATTERY = {"battery": 83}


def test_a_line_reads_as_the_document_shows_it():
    for text, word, numbers in (
        (b"> 1A2B START", "START", {}),
        (b"> 0000 STOP", "STOP", {}),
        (b"> FFFF STATUS", "STATUS", {}),
        (b"! 0000 standby", "standby", {}),
        (b"! 0000 starting", "starting", {}),
        (b"! 0000 asleep", "asleep", {}),
        (b"! 0000 full", "full", {}),
        (b"< 00FF fault", "fault", {}),
        (
            b"< 1A2B recording since=5230 buffer=30000 battery=83 free=214",
            "recording",
            {"since": 5230, "buffer": 30000, "battery": 83, "free": 214},
        ),
    ):
        mark, number = text[:1].decode(), int(text[2:6], 16)
        assert lines.parse(sealed(text)) == (mark, number, word, numbers)
        assert lines.build(mark, number, word, numbers) == sealed(text) + b"\n"


def test_a_number_too_large_to_count_is_the_largest_that_is_counted():
    for value, read in ((lines.NUMBER_MAX, 0x3FFFFFFF), (lines.NUMBER_MAX + 1, 0x3FFFFFFF), (10**30, 0x3FFFFFFF)):
        assert lines.parse(sealed(b"< 1A2B recording free=%d" % value)).numbers == {"free": read}


def test_what_is_cut_short_or_has_no_checksum_is_no_line():
    for line in (b"", b"\n", b"*", b" *00000000", b"x *00000000", sealed(b""), sealed(b"< 1A2B"), b"< 1A2B standby"):
        assert lines.parse(line) is None
    good = sealed(b"< 1A2B standby")
    assert lines.parse(good) is not None
    assert lines.parse(good.replace(b" *", b"_*")) is None and lines.parse(good.replace(b" *", b" +")) is None
    assert lines.parse(good[:-1] + b"X") is None


def test_each_line_of_a_burst_is_heard_in_its_order():
    burst = answer(lines.STANDBY, 1) + b"\n\r\n" + answer(lines.FULL, 2) + answer(lines.FAULT, 3)
    ear = lines.Ear()
    assert [(line.sequence, line.word) for line in ear.hear(burst[:70])] == [(1, lines.STANDBY), (2, lines.FULL)]
    assert [(line.sequence, line.word) for line in ear.hear(burst[70:])] == [(3, lines.FAULT)]


def test_a_line_that_is_longer_than_its_checksum_says_is_none():
    good = sealed(b"< 1A2B standby")
    for more in (b" ", b"\t", b"X", b" \r\n", b"\n ", b"\x00"):
        assert lines.parse(good + more) is None
    assert lines.parse(good + b"\r\n\r\n") is not None


def test_words_are_parted_by_one_blank_and_a_number_has_one_value():
    for text in (b"<  1A2B standby", b"< 1A2B  standby", b" < 1A2B standby", b"<\t1A2B\tstandby"):
        assert lines.parse(sealed(text)) is None
    for text in (b"< 1A2B recording since=5=5", b"< 1A2B recording since==5"):
        assert lines.parse(sealed(text)) is None
    assert lines.parse(sealed(b"< 1A2B recording x=5=5")).numbers == {}


def test_of_a_line_that_is_too_long_no_part_is_heard():
    for more in (b"\rjunk", b"\r" * 2, b"\r" + bytes(300)):
        assert lines.Ear().hear(padded(95) + more + b"\n") == []
