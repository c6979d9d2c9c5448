"""RECORDER.md says what recorders' drivers do."""

import binascii
import re
from pathlib import Path

from interlock.core import gopro, recorder_lines, settings

TEXT = (Path(__file__).parents[2] / "firmware" / "RECORDER.md").read_text()
DRIVERS = Path(__file__).parents[2] / "firmware" / "interlock"


def constant(path: str, name: str) -> int:
    found = re.search(rf"^{name} = (\d+)\b", (DRIVERS / path).read_text(), re.MULTILINE)
    assert found, name
    return int(found[1])


def test_every_example_line_is_as_the_codec_builds_and_reads_it():
    lines = [line.strip() for line in TEXT.splitlines() if re.match(r"    [<>!] ", line)]
    assert len(lines) == 7
    for line in lines:
        text, _, crc = line.rpartition(" *")
        assert int(crc, 16) == binascii.crc32(text.encode())
        read = recorder_lines.parse(line.encode())
        assert read is not None and recorder_lines.build(*read) == line.encode() + b"\n"


def test_kinds_words_and_numbers_are_those_of_the_code():
    kinds = re.findall(r"^\| `(\w+)` \|", TEXT, re.MULTILINE)
    assert kinds == list(settings.RECORDER_NAMES.values())
    words = re.search(r"\| word of the adapter.*?\n\n", TEXT, re.DOTALL)
    assert words is not None
    told = [word for row in re.findall(r"^\| ([a-z, ]+) \|", words[0], re.MULTILINE)[1:] for word in row.split(", ")]
    assert tuple(told) == recorder_lines.STATES
    numbers = re.findall(r"^\| (\w+) \| (?:ms|percent|minutes) \|", TEXT, re.MULTILINE)
    assert tuple(numbers) == recorder_lines.NUMBERS


def test_times_are_those_of_the_code():
    uart, level, pulse = "drivers/recorder_uart.py", "drivers/recorder_level.py", "drivers/recorder_momentary.py"
    for sentence, path, name in (
        ("asks every {} ms", uart, "POLL_MS"),
        ("again after {} ms without an answer", uart, "ANSWER_MS"),
        ("START is repeated until one is answered, {} times at most", uart, "STARTS"),
        ("STOP {} times", uart, "STOPS"),
        ("After {} ms without an answer", uart, "STALE_MS"),
        ("(by {} ms and a thousandth)", uart, "SLACK_MS"),
        ("taken off for {} ms", level, "GAP_MS"),
        ("a pulse of {} ms", pulse, "PULSE_MS"),
        ("an attempt lasts {} ms at most", "radio/gopro.py", "ATTEMPT_MS"),
    ):
        assert sentence.format(constant(path, name)) in TEXT, name
    for sentence, name in (
        ("asked every {} s", "POLL_MS"),
        ("after {} s without any", "STALE_MS"),
        ("Keep Alive every {} s", "ALIVE_MS"),
        ("tried again after {} s", "RETRY_MS"),
        ("doubling to {} s", "RETRY_MAX_MS"),
    ):
        assert sentence.format(constant("radio/gopro.py", name) // 1000) in TEXT, name
    assert ", ".join(map(str, gopro.WATCHED)) in TEXT and recorder_lines.LINE_MAX == 96
