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
