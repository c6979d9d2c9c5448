"""What a life record says to people."""

from host_tools import words
from interlock.core import life, records
from interlock.core.life import Life


def said(what: int, detail: int, lived: Life = life.NEW) -> str:
    fields = records.unpack(records.LIFE, life.pack(what, detail, lived))
    return words.in_words(records.LIFE, fields, 1, str)


def test_an_occasion_is_told_with_its_reason() -> None:
    assert said(records.LIFE_STORED, records.LIFE_FOR_NOTHING) == "goes to sleep: nothing wanted it"
    assert said(records.LIFE_RESTART, records.LIFE_FOR_RADIO) == "restarts: for the radio"
    assert said(records.LIFE_RESTART, 77) == "restarts: reason 77"


def test_a_bad_boot_is_told_with_all_that_was_counted() -> None:
    lived = Life(2, 3, 1, 0, 4, 1, 7, b"\x01\x02\x03\x04")
    text = said(records.LIFE_BEGUN, records.LIFE_CRASHED | records.LIFE_FALLBACK, lived)
    assert text == (
        "began: crashed before, default figures in force; bad boots in a row 2; unexpected resets 3; crashes 1; "
        "flash faults 4; figures of revision 7 left aside; last exception 01020304"
    )
