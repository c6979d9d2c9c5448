"""The label's text: what is printed can be typed, and what was mistyped is said to be."""

import random

import pytest

from host_tools import label
from host_tools.labels import reading as label_reading
from host_tools.outcome import ToolError

SECRET = bytes(range(16))


def test_a_label_reads_back_as_typed_small_spaced_and_without_hyphens() -> None:
    text = label.label_text("H1", SECRET)
    prefix, serial, secret = text.split(":")
    for typed in (
        text,
        f" {text}\n",
        f"il1:{serial}:{secret.lower()}",
        f"{prefix}:{serial}:{secret.replace('-', ' ')}",
    ):
        assert label.parse(typed) == label.Label("H1", SECRET)


def test_letters_that_look_alike_are_taken_for_what_they_must_be() -> None:
    text = label.label_text("H1", bytes(16))
    head, _, secret = text.rpartition(":")
    assert label.parse(f"{head}:{secret.replace('0', 'O')}").secret == bytes(16)


def test_a_serial_typed_in_small_letters_is_found_by_the_check() -> None:
    assert label.parse(label.label_text("H1", SECRET).lower()).serial == "H1"


def test_a_label_survives_every_secret() -> None:
    chance = random.Random(1)
    for _ in range(200):
        secret = chance.randbytes(16)
        assert label.parse(label.label_text("CAM-0001", secret)).secret == secret


def test_one_wrong_letter_is_found_at_every_place() -> None:
    text = label.label_text("H1", SECRET)
    start = text.rindex(":") + 1
    for at in range(start, len(text)):
        if text[at] == "-":
            continue
        wrong = "7" if text[at] != "7" else "8"
        with pytest.raises(ToolError, match="mistyped"):
            label.parse(text[:at] + wrong + text[at + 1 :])


def test_another_units_serial_is_found() -> None:
    with pytest.raises(ToolError, match="mistyped"):
        label.parse(label.label_text("H1", SECRET).replace(":H1:", ":H2:"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no label"),
        ("IL2:H1:AAAA", "no label"),
        ("IL1:H1:AAAA", "29 letters, not 4"),
        ("IL1:../x:AAAA", "no serial"),
        ("IL1:H1:AAA!A", "no label has"),
    ],
)
def test_what_is_no_label_is_refused_with_advice(text: str, says: str) -> None:
    with pytest.raises(ToolError, match=says) as caught:
        label.parse(text)
    assert caught.value.advice


def test_no_secret_in_repr_or_error() -> None:
    text = label.label_text("H1", SECRET)
    secret = text.rpartition(":")[2]
    assert SECRET.hex() not in repr(label.parse(text)) and "secret" not in repr(label.parse(text))
    with pytest.raises(ToolError) as caught:
        label.parse(text[:-1] + ("0" if text[-1] != "0" else "1"))
    assert secret[:10] not in str(caught.value) + caught.value.advice


def test_a_file_holds_a_label_if_only_its_owner_may_read_it(tmp_path) -> None:
    path = tmp_path / "label"
    path.write_text(label.label_text("H1", SECRET) + "\n")
    path.chmod(0o644)
    with pytest.raises(ToolError, match="others may read") as caught:
        label_reading.read(f"@{path}")
    assert f"chmod 600 {path}" in caught.value.advice
    assert "copy it to a disk of your own" in caught.value.advice  # a stick's file system knows no owners
    path.chmod(0o600)
    assert label_reading.read(f"@{path}")[0].label.secret == SECRET
    with pytest.raises(ToolError, match="cannot be read"):
        label_reading.read(f"@{path}.none")


def test_a_label_comes_from_standard_input(monkeypatch) -> None:
    import io

    monkeypatch.setattr("sys.stdin", io.StringIO(label.label_text("H1", SECRET) + "\n"))
    assert label_reading.read("-")[0].label.secret == SECRET


def test_serials_of_units_are_text_or_hex() -> None:
    assert label.serial_text(b"H1      ") == "H1"
    assert label.serial_text(b"H1\0\0\0\0\0\0") == "H1"
    assert label.serial_text(b"../../ab") == b"../../ab".hex()
