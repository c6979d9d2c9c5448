"""One idea a file of Python: what outgrows this has two. A document is read by its headings, and may be longer."""

from .imports import ROOT

LINES_MAX = 400
ROOMS = ("bleak_bumble", "examples", "firmware", "host_tools", "simulator", "tests")


def test_no_file_is_longer_than_a_reader_keeps_in_mind() -> None:
    files = [path for room in ROOMS for path in (ROOT / room).rglob("*.py")]
    assert len(files) > 500, "or this looks at nothing"
    lines = {str(path.relative_to(ROOT)): path.read_bytes().count(b"\n") for path in files}
    assert not {name: count for name, count in lines.items() if count > LINES_MAX}
