"""What is signed, to the byte; whose key it is; and a key's text, which bears no slip of the pen."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host_tools import ed25519
from host_tools.outcome import ToolError
from host_tools.statements import keytext, statement
from host_tools.store.rows import AnnotationRow
from host_tools.vouched import Vouched, holders, signs, term

ROW = AnnotationRow("H1", 57, "training", "a drill, naïve", "PC1", 1_800_000_000_000, bytes(range(32)))
PUBLIC = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")

BYTES = (
    b"interlock statement\x01"
    b"\x00\x02H1"
    b"\x00\x00\x00\x00\x00\x00\x00\x39"
    b"\x01" + bytes(range(32)) + b"\x00\x08training"
    b"\x00\x00\x00\x0fa drill, na\xc3\xafve"
    b"\x00\x03PC1"
    b"\x00\x00\x01\xa3\x18\x5c\x50\x00"
    b"\x00"
)


def test_the_bytes_that_are_signed_stay_what_they_are() -> None:
    assert statement.encode(ROW) == BYTES
    assert statement.digest(ROW) == sha256(BYTES).digest()
    assert statement.encode(ROW._replace(about=b"d" * 32)) == BYTES[:-1] + b"\x01" + b"d" * 32
    assert statement.encode(ROW._replace(key=PUBLIC, signature=b"s" * 64)) == BYTES, "they are not in it"


rows = st.builds(
    AnnotationRow,
    serial=st.text(max_size=16),
    sequence=st.integers(0, 2**32),
    code=st.text(max_size=20),
    text=st.text(max_size=40),
    by=st.text(max_size=9),
    utc_ms=st.integers(0, 2**45),
    record=st.none() | st.binary(min_size=32, max_size=32),
    about=st.none() | st.binary(min_size=32, max_size=32),
    key=st.none(),
    signature=st.none(),
)


def encoded(row: AnnotationRow) -> bytes | None:
    try:
        return statement.encode(row)
    except ValueError:
        return None  # half a character


@given(rows, rows)
def test_no_two_statements_have_the_same_bytes(one: AnnotationRow, two: AnnotationRow) -> None:
    first, second = encoded(one), encoded(two)
    assert first is None or second is None or (first == second) == (one == two)


@pytest.mark.parametrize(
    "row",
    [
        ROW._replace(utc_ms=-1),
        ROW._replace(sequence=2**64),
        ROW._replace(text="\ud800"),
        ROW._replace(text=5),  # type: ignore[arg-type]  # SQLite takes anything
        ROW._replace(by="x" * 70_000),
        ROW._replace(record=b"short"),
        ROW._replace(about="d" * 32),  # type: ignore[arg-type]
        ROW._replace(utc_ms=None),  # type: ignore[arg-type]
    ],
)
def test_what_is_no_statement_has_no_bytes(row: AnnotationRow) -> None:
    with pytest.raises(ValueError, match=r"."):
        statement.encode(row)
    assert not statement.is_signed_well(row._replace(key=PUBLIC, signature=bytes(64)))


# A key's text.


def test_a_key_is_read_as_it_was_written_and_as_people_copy_it() -> None:
    text = keytext.key_text(PUBLIC)
    assert text.startswith("ILK1-") and len(text) == 68 and keytext.parse(text) == PUBLIC
    for copied in (text.lower(), text.replace("-", ""), f"  {text.replace('-', ' ')}\n", text.replace("1", "l")):
        assert keytext.parse(copied) == PUBLIC
    assert keytext.parse(text.replace("0", "o")) == PUBLIC
    assert keytext.short(PUBLIC) == "d75a980182b10ab7"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "does not begin with ILK1"),
        ("IL1:H1:ABC", "does not begin with ILK1"),
        ("ILK1-ABC", "has 3 letters"),
        (keytext.key_text(PUBLIC) + "A", "has 57 letters"),
        (keytext.key_text(PUBLIC)[:-1] + "U", "character that no key has"),
    ],
)
def test_what_is_no_key_is_told(text: str, says: str) -> None:
    with pytest.raises(ToolError, match=says):
        keytext.parse(text)


@given(st.integers(5, 67), st.sampled_from("0123456789ABCDEFGHJKMNPQRSTVWXYZ"))
def test_one_wrong_letter_is_seen(place: int, letter: str) -> None:
    text = keytext.key_text(PUBLIC)
    if text[place] not in ("-", letter):
        with pytest.raises(ToolError, match="mistyped"):
            keytext.parse(text[:place] + letter + text[place + 1 :])


@given(st.integers(5, 66))
def test_two_letters_that_changed_places_are_seen(place: int) -> None:
    text = keytext.key_text(PUBLIC)
    changed = text[:place] + text[place + 1] + text[place] + text[place + 2 :]
    if changed.replace("-", "") != text.replace("-", ""):
        with pytest.raises(ToolError, match="mistyped"):
            keytext.parse(changed)


def test_a_text_of_what_is_nobodys_key_is_neither_written_nor_read(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="no Ed25519"):
        keytext.key_text(bytes(32))
    with monkeypatch.context() as lax:
        lax.setattr(ed25519, "is_key", lambda _: True)
        text = keytext.key_text(bytes(32))
    with pytest.raises(ToolError, match="that anybody could"):
        keytext.parse(text)


# Whose key.


def test_a_key_counts_from_when_until_when_the_force_says() -> None:
    term_of = Vouched(PUBLIC, 100, 200)
    assert [term_of.holds(at) for at in (99, 100, 199, 200)] == [False, True, True, False]
    assert Vouched(PUBLIC).holds(0) and Vouched(PUBLIC).holds(2**50)
    stolen = Vouched(PUBLIC, 100, 100)
    assert stolen.is_void and not any(stolen.holds(at) for at in range(90, 110)) and not term_of.is_void
    people = {"PC1": (term_of,), "PC2": (Vouched(b"2" * 32),)}
    assert holders(people, PUBLIC) == ["PC1"] and holders(people, b"3" * 32) == []
    assert term(people, "PC1", PUBLIC) == term_of and term(people, "PC2", PUBLIC) is None
    assert signs(people, "PC1", 150) and not signs(people, "PC1", 250) and not signs(people, "PC3", 150)
    learned = {"PC1": (term_of._replace(known_ms=150),)}
    assert not signs(learned, "PC1", 149) and signs(learned, "PC1", 150), "nobody signs before they have a key"
