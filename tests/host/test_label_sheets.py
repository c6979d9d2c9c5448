"""Sheets of labels, and who gets to see them: what is printed is read back by a decoder, and is handed out once."""

import asyncio
import contextlib
import io
import re
import shutil
import subprocess

import aiohttp
import pytest
import segno
import zxingcpp
from PIL import Image

from host_tools.commands import labels_sheet
from host_tools.label import Label, label_text, parse
from host_tools.labels import server as sheet_server
from host_tools.labels import sheet
from host_tools.outcome import ToolError

SECRET = bytes(range(16))


def test_a_serial_in_words():
    assert sheet.in_words("H1") == "Hotel one"
    assert sheet.in_words("IL0x_-9") == "India Lima zero small X-ray underscore dash nine"


def test_a_label_for_set_up_reads_back_from_its_code_and_from_its_letters():
    cell = sheet.of_label(Label("CAM-0001", SECRET))
    out = io.BytesIO()
    segno.make_qr(cell.text, error="m").save(out, kind="png", scale=4, border=sheet.QUIET_ZONE)
    (code,) = zxingcpp.read_barcodes(Image.open(out))
    assert parse(code.text) == parse("".join(cell.lines)) == Label("CAM-0001", SECRET)


def test_the_drawing_is_the_code(tmp_path):
    """The modules of the SVG's path, set by hand, are read by the decoder."""
    cell = sheet.of_label(Label("H1", SECRET))
    size = int(re.search(r'viewBox="0 0 (\d+) ', cell.code)[1])
    picture = Image.new("L", (size, size), 255)
    x = y = 0.0
    for command, numbers in re.findall(r"([Mmh])([-\d. ]+)", re.search(r'd="([^"]+)"', cell.code)[1]):
        values = [float(number) for number in re.findall(r"-?[\d.]+", numbers)]
        if command == "h":
            for at in range(int(values[0])):
                picture.putpixel((int(x) + at, int(y)), 0)
            x += values[0]
        else:
            x, y = (values[0], values[1]) if command == "M" else (x + values[0], y + values[1])
    big = picture.resize((size * 8, size * 8), Image.Resampling.NEAREST)
    (code,) = zxingcpp.read_barcodes(big)
    assert code.text == cell.text


@pytest.mark.parametrize("paper", sheet.PAPERS.values(), ids=lambda paper: paper.name)
def test_every_label_lies_on_its_sheet_and_beside_the_others(paper):
    assert paper.left + (paper.columns - 1) * paper.pitch + paper.width <= paper.page_width
    assert paper.top + paper.rows * paper.height <= paper.page_height
    assert paper.pitch >= paper.width
    cells = [sheet.of_serial(f"H{at}") for at in range(paper.places + 1)]
    page = sheet.render(cells, paper, skip=3)
    assert page.count("<section>") == 2 and page.count("<svg") == len(cells)
    places = re.findall(r"left: ([\d.]+)mm; top: ([\d.]+)mm", page)
    assert len(set(places[: paper.places - 3])) == paper.places - 3
    assert places[0] == (f"{paper.left + 3 % paper.columns * paper.pitch:.2f}",
                         f"{paper.top + 3 // paper.columns * paper.height:.2f}")  # fmt: skip


def test_names_are_escaped_and_nothing_is_fetched_from_elsewhere():
    page = sheet.render([sheet.of_serial("H1", '<script>"&')], sheet.PAPERS["a4"])
    assert "&lt;script&gt;&#34;&amp;" in page and "<script" not in page
    assert not re.findall(r"(?:src|href)=(?!\"data:,\")", page) and "secrets" not in page
    secret = sheet.render([sheet.of_label(Label("H1", SECRET))], sheet.PAPERS["a4"])
    assert "handed out once" in secret


# Handing it out.


def served(story):
    """Run `story(address, session)` beside the server; (what the server said, what the story gave)."""

    async def main():
        found = asyncio.get_running_loop().create_future()
        async with aiohttp.ClientSession() as session:
            serving = asyncio.ensure_future(sheet_server.hand_out("<p>secret</p>", found.set_result, 5.0))
            try:
                told = await story(await found, session)
                return await serving, told
            finally:
                serving.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await serving

    return asyncio.run(main())


def test_a_page_is_handed_to_the_first_who_asks_and_to_nobody_else():
    async def story(address, session):
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/[\w-]{43}", address)
        async with session.get(address.rpartition("/")[0] + "/" + "x" * 43) as answer:
            assert answer.status == 404 and "secret" not in await answer.text()
        async with session.head(address) as answer:
            assert answer.status == 405, "asking for its head does not use it up"
        async with session.get(address) as answer:
            assert answer.status == 200 and await answer.text() == "<p>secret</p>"
            headers = answer.headers
        assert headers["Cache-Control"] == "no-store" and "default-src 'none'" in headers["Content-Security-Policy"]
        assert headers["Referrer-Policy"] == "no-referrer"
        async with session.get(address) as answer:
            assert answer.status == 410 and "secret" not in await answer.text()
        return address

    done, address = served(story)
    assert done

    async def later():
        async with aiohttp.ClientSession() as session:
            with pytest.raises(aiohttp.ClientConnectionError):
                await session.get(address)

    asyncio.run(later())


def test_nobody_comes_and_it_is_gone():
    told = []
    assert asyncio.run(sheet_server.hand_out("page", told.append, 0.05)) is False and len(told) == 1


# The command.


@pytest.fixture
def force(desk):
    assert desk.run("provision", desk.unit("H1"), "--role", "holster", "--force", "MPS", "--signing", "none")[0] == 0
    return desk


def test_labels_are_made_kept_printed_and_thrown_away(force, tmp_path):
    assert force.json("labels", "new", "--count", "3") == {"serials": ["IL0001", "IL0002", "IL0003"]}
    assert force.json("labels", "new", "--prefix", "IL")["serials"] == ["IL0004"]
    assert force.json("labels", "list") == {"serials": ["IL0001", "IL0002", "IL0003", "IL0004"]}
    code, out, err = force.run("labels", "sheet", "IL0001", "IL0003", "--out", "-")
    assert code == 0, err
    texts = re.findall(r"<code>(.*?)</code>", out)
    found = [parse(text.replace("<br>", "")) for text in texts]
    assert [label.serial for label in found] == ["IL0001", "IL0003"]
    code, _, err = force.run("labels", "sheet", "--out", str(tmp_path / "sheet.html"))
    assert code == 2 and "--in-the-clear" in err and not (tmp_path / "sheet.html").exists()
    path = tmp_path / "clear.html"
    done = force.json("labels", "sheet", "--in-the-clear", str(path), "--skip", "23")
    assert done == {"serials": force.json("labels", "list")["serials"], "sheets": 2, "secrets": True, "out": str(path)}
    assert path.stat().st_mode & 0o777 == 0o600 and label_text("IL0001", found[0].secret)[-10:] in path.read_text()
    assert force.run("labels", "sheet", "--in-the-clear", str(path))[0] == 2, "nothing is overwritten"
    assert force.run("labels", "drop", "IL0002")[0] == 2
    assert force.json("labels", "drop", "IL0002", "--yes") == {"serials": ["IL0002"]}
    assert "IL0002" not in force.json("labels", "list")["serials"]
    code, _, err = force.run("labels", "sheet", "H1")
    assert code == 2 and "has no label of H1" in err
    done = force.json("labels", "sheet", "--serials", "--out", str(tmp_path / "serials.html"))
    assert done["serials"] == ["H1"] and not done["secrets"]
    assert "holster 1" in (tmp_path / "serials.html").read_text()


def test_labels_are_taken_in_by_scanner_with_a_beep_for_each(force, monkeypatch, tmp_path):
    texts = {serial: force.unit(serial) for serial in ("C1", "C2", "C3", "C4")}
    wrong = texts["C3"][:-1] + ("7" if texts["C3"][-1] != "7" else "8")
    german = texts["C2"].translate(str.maketrans({":": "Ö", "-": "ß", "Y": "Z", "Z": "Y"}))
    sent = "\r".join([texts["C1"], german, wrong, texts["C1"], label_text("H1", SECRET)]) + "\r"
    monkeypatch.setattr("sys.stdin", io.StringIO(sent))
    done = force.json("labels", "add", code=1)
    assert (done["added"], done["known"], done["set_up"]) == (["C1", "C2"], ["C1"], ["H1"])
    assert [failure["line"] for failure in done["failures"]] == [3]
    path = tmp_path / "C4.txt"
    path.write_text(texts["C4"])
    path.chmod(0o600)
    code, out, err = force.run("labels", "add", str(path), texts["C3"])
    assert code == 0 and "2 labels new" in out and "C4" in err and texts["C3"][10:20] not in out + err
    assert force.json("labels", "list")["serials"] == ["C1", "C2", "C3", "C4"]
    code, _, err = force.run("labels", "add", label_text("C1", SECRET))
    assert code == 1 and "another label" in err


def test_a_prefix_is_checked_and_its_numbers_run_out(force):
    for prefix, says in (("TOOLONG", "no prefix"), ("", "no prefix"), ("a b", "no serial")):
        code, _, err = force.run("labels", "new", "--prefix", prefix)
        assert code == 2 and says in err
    assert force.run("labels", "add", label_text("IL9998", SECRET))[0] == 0
    code, _, err = force.run("labels", "new", "--count", "2")
    assert code == 2 and "numbers left" in err
    assert force.json("labels", "new")["serials"] == ["IL9999"]


def test_a_technicians_vault_has_no_labels(force, tmp_path):
    keys = ("--new-key-file", str(tmp_path / "key2"))
    assert force.run("credentials", "PC7", "--out", str(tmp_path / "laptop"), *keys)[0] == 0
    force.home = tmp_path / "laptop"
    code, _, err = force.run("--key-file", str(tmp_path / "key2"), "labels", "new")
    assert code == 2 and "PC7's vault" in err


def test_no_secret_goes_into_a_file_by_the_shells_arrow_either(force, monkeypatch, tmp_path):
    assert force.run("labels", "add", force.unit("C1"))[0] == 0
    path = tmp_path / "sheet.html"
    with path.open("w") as file:
        with pytest.raises(ToolError, match="standard output is a file"):
            monkeypatch.setattr("sys.stdout", file)
            labels_sheet.bring("a secret", "-", None, secret=True)
        monkeypatch.undo()
    assert path.read_text() == ""


def test_the_first_labels_make_the_vault(desk):
    code, _, err = desk.run("labels", "add", desk.unit("C1"))
    assert code == 2 and "interlock labels add --force NAME" in err
    assert desk.json("labels", "add", desk.unit("C1"), "--force", "MET")["added"] == ["C1"]
    assert desk.json("labels", "new", "--force", "MET")["serials"] == ["IL0001"]
    code, _, err = desk.run("labels", "new", "--force", "OTHER")
    assert code == 2 and "that of MET" in err


def test_no_secret_of_a_label_is_in_any_file_or_in_what_is_printed(force):
    texts = [force.unit(serial) for serial in ("C1", "C2")]
    said = force.run("labels", "add", *texts) + force.run("labels", "new", "--count", "2") + force.run("labels", "list")
    said += force.run("labels", "add", texts[0][:-1] + ("7" if texts[0][-1] != "7" else "8"))
    code, page, _ = force.run("labels", "sheet", "--out", "-")
    lines = [re.sub("<br>", "", text) for text in re.findall(r"<code>(.*?)</code>", page)]
    secrets = [parse(line) for line in lines]
    assert code == 0 and len(secrets) == 4
    files = [path.read_bytes() for path in force.home.rglob("*") if path.is_file()]
    assert len(files) > 5
    for label in secrets:
        letters = label_text(label.serial, label.secret).rpartition(":")[2]
        for form in (label.secret, label.secret.hex().encode(), letters.encode(), letters.replace("-", "").encode()):
            assert not any(form in data for data in files), label.serial
            assert form.decode("latin-1") not in "".join(map(str, said)), label.serial


# On the screen, and on paper.

CHROMIUM = shutil.which("chromium")
QUIET = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
)


@pytest.mark.deep
@pytest.mark.skipif(CHROMIUM is None, reason="no chromium here")
@pytest.mark.parametrize("paper", list(sheet.PAPERS))
def test_a_browser_shows_every_label_so_that_a_scanner_reads_it(tmp_path, paper):
    kind = sheet.PAPERS[paper]
    labels = [Label(f"IL{at:04}", bytes([at]) * 16) for at in range(kind.places)]
    page = tmp_path / "sheet.html"
    page.write_text(sheet.render([sheet.of_label(label, "front <b>desk") for label in labels], kind), encoding="utf-8")
    picture = tmp_path / "sheet.png"
    size = ("--window-size=900,1400", "--force-device-scale-factor=2", f"--user-data-dir={tmp_path / 'profile'}")
    shot = [CHROMIUM, *QUIET, *size, f"--screenshot={picture}", page.as_uri()]
    subprocess.run(shot, capture_output=True, timeout=120, check=True)
    codes = zxingcpp.read_barcodes(Image.open(picture).convert("L"))
    found = {parse(code.text) for code in codes}
    assert found == set(labels)
    paper_file = tmp_path / "sheet.pdf"
    wanted = ("--no-pdf-header-footer", f"--print-to-pdf={paper_file}", f"--user-data-dir={tmp_path / 'profile'}")
    subprocess.run([CHROMIUM, *QUIET, *wanted, page.as_uri()], capture_output=True, timeout=120, check=True)
    data = paper_file.read_bytes()
    assert re.findall(rb"/Count (\d+)", data) == [b"1"], "a full sheet is one page"
    width, height = (float(each) for each in re.search(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", data).groups())
    assert (round(width / 72 * 25.4), round(height / 72 * 25.4)) == (round(kind.page_width), round(kind.page_height))
