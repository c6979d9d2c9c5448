"""Labels as they arrive: from scanners set to another keyboard, many at once, from files and photographs."""

import io

import pytest
import segno
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from host_tools.label import Label, label_text
from host_tools.labels.layouts import LAYOUTS, Scanned, understand
from host_tools.labels.reading import read, split
from host_tools.outcome import ToolError

SECRETS = st.binary(min_size=16, max_size=16)
SERIALS = st.from_regex(r"[A-Z0-9][A-Z0-9-]{0,7}", fullmatch=True)

# What a host with this layout shows of the keys that a US scanner presses, shift and all: keyed by US characters, of
# those only that a label has. From the layouts' own charts (ISO/IEC 9995; Unicode CLDR keyboards).
SHOWN = {
    "a German or Austrian keyboard": {":": "Ö", "-": "ß", "Y": "Z", "Z": "Y"},
    "a Swiss keyboard": {":": "é", "-": "'", "Y": "Z", "Z": "Y"},
    "a Swedish or Finnish keyboard": {":": "Ö", "-": "+"},
    "a Danish or Norwegian keyboard": {":": "Ø", "-": "+"},
    "a Spanish keyboard": {":": "Ñ", "-": "'"},
    "an Italian keyboard": {":": "ç", "-": "'"},
    "a French keyboard": {":": "M", "-": ")", "A": "Q", "Q": "A", "Z": "W", "W": "Z", "M": "?"}
    | dict(zip("1234567890", "&é\"'(-è_çà", strict=True)),
    "a Belgian keyboard": {":": "M", "-": ")", "A": "Q", "Q": "A", "Z": "W", "W": "Z", "M": "?"}
    | dict(zip("1234567890", "&é\"'(§è!çà", strict=True)),
    "a keyboard without its shift key": {":": ";"},
}


def through(layout, text):
    return "".join(SHOWN[layout].get(character, character) for character in text)


def test_every_layout_has_its_chart():
    assert set(SHOWN) == set(LAYOUTS)


@settings(deadline=None, max_examples=25)
@pytest.mark.parametrize("layout", list(SHOWN))
@given(serial=SERIALS, secret=SECRETS)
def test_a_label_through_another_keyboard_is_understood_and_which_one_is_said(layout, serial, secret):
    found = understand(through(layout, label_text(serial, secret)))
    assert found.label == Label(serial, secret)
    assert found.assumed is not None


@settings(deadline=None, max_examples=100)
@given(SERIALS, SECRETS)
@example("I", bytes.fromhex("e3af1229daf58d802696145441d9d889"))  # whose check letters fit "i" as well
def test_a_label_as_printed_is_never_taken_for_another(serial, secret):
    text = label_text(serial, secret)
    assert understand(text) == Scanned(Label(serial, secret), None)
    assert understand(text.lower()) == Scanned(Label(serial, secret), None)


def test_y_and_z_alone_are_told_by_the_check_letters():
    secret = next(bytes([at]) * 16 for at in range(256) if "Z" in label_text("H1", bytes([at]) * 16)[7:])
    text = label_text("H1", secret).translate(str.maketrans("YZ", "ZY"))
    found = understand(text)
    assert found.label.secret == secret and found.assumed == "a German or Austrian keyboard"


def test_what_no_keyboard_explains_is_an_error_about_the_text_as_it_came():
    text = label_text("H1", bytes(16))
    with pytest.raises(ToolError, match="mistyped"):
        understand(f"{text[:-1]}7")
    with pytest.raises(ToolError, match="no label"):
        understand("IL9ÖH1ÖXXXX")


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(SERIALS, SECRETS), max_size=6),
    st.sampled_from(["\r", "\n", "\r\n", "\t", "", "\t\r\n", " \n\n"]),
)
def test_many_in_a_row_are_told_apart_whatever_the_scanner_sends_behind_each(labels, suffix):
    text = "".join(label_text(*each) + suffix for each in labels)
    assert [understand(part).label for part in split(text)] == [Label(*each) for each in labels]


@settings(deadline=None, max_examples=20)
@pytest.mark.parametrize("layout", list(SHOWN))
@given(st.lists(st.tuples(SERIALS, SECRETS), min_size=2, max_size=4))
def test_a_scanner_that_sends_nothing_behind_each_is_understood_through_every_keyboard(layout, labels):
    text = "".join(through(layout, label_text(*each)) for each in labels)
    assert [understand(part).label for part in split(text)] == [Label(*each) for each in labels]


@pytest.mark.parametrize("argument", ["~nosuchuser/label", "@~nosuchuser/label", "x" * 300, "x" * 5000])
def test_what_names_no_file_is_an_error_for_people(argument):
    with pytest.raises(ToolError) as caught:
        read(argument)
    assert "x" * 40 not in str(caught.value) + caught.value.advice


@settings(deadline=None, max_examples=200)
@given(st.text(max_size=80))
def test_whatever_is_typed_is_a_label_or_an_error_for_people(text):
    try:
        found = understand(text)
    except ToolError as error:
        assert str(error) and error.advice
    else:
        assert len(found.label.secret) == 16


# Files and pictures.


def private(path, data):
    path.write_bytes(data)
    path.chmod(0o600)
    return path


def code(text, scale=6):
    out = io.BytesIO()
    segno.make_qr(text, error="m").save(out, kind="png", scale=scale, border=4)
    return Image.open(out).convert("L")


def png(picture, kind="PNG"):
    out = io.BytesIO()
    picture.save(out, kind)
    return out.getvalue()


TEXTS = [label_text(serial, serial.encode() * 8) for serial in ("H1", "C1", "C2")]


def test_a_text_file_may_hold_many(tmp_path):
    path = private(tmp_path / "labels.txt", b"\xef\xbb\xbf" + "\r\n".join(TEXTS).encode())
    assert [each.label.serial for each in read(f"@{path}")] == ["H1", "C1", "C2"]
    assert [each.label.serial for each in read(str(path))] == ["H1", "C1", "C2"]


def test_the_codes_alphanumeric_mode_holds_a_label():
    assert segno.make_qr(TEXTS[0], error="m").mode == "alphanumeric"


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
@pytest.mark.parametrize("turn", [0, 90, 180, 33])
def test_all_labels_of_a_photograph_are_found_from_left_to_right(tmp_path, kind, turn):
    picture = Image.new("L", (1200, 500), 200)
    for place, text in enumerate(TEXTS):
        picture.paste(code(text), (40 + 380 * place, 80))
    # As a telephone has it: turned, a little blurred, and noisy by JPEG.
    picture = picture.rotate(turn, expand=True, fillcolor=90).filter(ImageFilter.GaussianBlur(1.2))
    path = private(tmp_path / "photo", png(picture, kind))
    found = [each.label.serial for each in read(f"@{path}")]
    assert sorted(found) == ["C1", "C2", "H1"]
    if turn == 0:
        assert found == ["H1", "C1", "C2"]


def test_a_telephones_turned_photograph_is_read_as_it_was_seen(tmp_path):
    picture = code(TEXTS[0])
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation: turn by 90 degrees
    out = io.BytesIO()
    picture.save(out, "JPEG", exif=exif)
    assert read(f"@{private(tmp_path / 'photo.jpg', out.getvalue())}")[0].label.serial == "H1"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (png(Image.new("L", (300, 300), 255)), "no QR code can be made out"),
        (png(code("https://example.org/")), "the QR code in .* is no label"),
        (png(code("H1")), "is no label"),
        (png(code(TEXTS[0]))[:-200], "damaged|no QR code"),
        (b"\x00\x00\x00 ftypheic" + bytes(100), "no picture that can be read"),
        (b"\x89PNG\r\n\x1a\n" + bytes(40), "no picture|damaged"),
        (png(code(TEXTS[0].replace("-", "-7", 1))), "has a?|letters|mistyped"),
        (b"hello", "no label"),
        (b"", "no label"),
    ],
)
def test_a_bad_picture_is_an_error_that_says_why(tmp_path, data, says):
    with pytest.raises(ToolError, match=says) as caught:
        read(f"@{private(tmp_path / 'photo', data)}")
    assert caught.value.advice


def test_a_picture_that_others_may_read_is_refused(tmp_path):
    path = private(tmp_path / "photo.png", png(code(TEXTS[0])))
    path.chmod(0o644)
    with pytest.raises(ToolError, match="others may read"):
        read(str(path))


def test_without_the_decoder_it_says_what_to_install(tmp_path, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "zxingcpp", None)
    with pytest.raises(ToolError, match="not installed") as caught:
        read(f"@{private(tmp_path / 'photo.png', png(code(TEXTS[0])))}")
    assert "interlock[images]" in caught.value.advice
