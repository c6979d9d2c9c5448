"""`interlock store`, `import`, `annotate` and `export`, as a person uses them on what was pulled."""

import hashlib
import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from host_tools import journal_file
from host_tools.commands import store as commands
from host_tools.journal_file import Run
from host_tools.journal_items import Header
from host_tools.outcome import ToolError
from host_tools.program import app
from host_tools.store.runs import RUN_RECORDS, read_runs
from host_tools.store.schema import VERSION
from host_tools.store.store import Store
from interlock.core.layout import UNKNOWN

from .books import Book
from .journals import CHAINS, RAWS, SERIAL, life
from .report_shift import shift
from .schemas import conforms
from .test_store_migration import old_store

T = 1_800_000_000_000


class Office:
    """Commands with a home of their own; `json` checks what was printed against the command's schema."""

    def __init__(self, home: Path) -> None:
        self.home = home

    @property
    def place(self) -> Path:
        return self.home / "journals.sqlite"

    def run(self, *arguments: object, code: int = 0) -> str:
        words = ["--home", str(self.home), "--as", "clerk", *map(str, arguments)]
        done = CliRunner().invoke(app, words, env={"COLUMNS": "200"})
        if isinstance(done.exception, ToolError):
            assert int(done.exception.code) == code, done.exception
            return f"{done.exception} {done.exception.advice}"
        assert done.exit_code == code, (done.output, done.exception)
        return done.stdout

    def json(self, *arguments: object, code: int = 0) -> Any:
        told = json.loads(self.run(*arguments, "--json", code=code))
        words = [str(argument) for argument in arguments]
        conforms(" ".join(words[:2]) if words[0] == "store" else words[0], told)
        return told


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    # Its journals are of 2027: today they would have come in the future, and be spoken of before they were.
    for command in ("annotate", "report"):
        monkeypatch.setattr(f"host_tools.commands.{command}.utc_ms", lambda: T + 72_000_000)
    return Office(tmp_path / "home")


def filled(place: Path, books: Sequence[Book], by: str = "alice") -> None:
    store = Store.open(place)
    for book in books:
        store.learn_unit(book.serial, book.unit, book.role, book.serial)
        store.add(book.serial, 0, book.chains[0], book.raws, epoch=0, by=by, utc_ms=T + 36_000_000)
        store.note_head(book.serial, len(book.raws), book.chains[-1], utc_ms=T + 36_000_000)
        store.custody(book.serial, by, "pulled", f"{len(book.raws)} new", 1000)
    store.close()


def conflicting(place: Path) -> tuple[list[bytes], list[bytes]]:
    """A store in which H1 told two stories from record 0 on; the other one."""
    raws, chains = life(20, salt=7)
    store = Store.open(place)
    store.learn_unit(SERIAL, 1, 1, "one")
    store.add(SERIAL, 0, chains[0], raws, epoch=0, by="bob", utc_ms=T)
    store.add(SERIAL, 0, CHAINS[0], RAWS[:30], epoch=0, by="alice", utc_ms=T + 1000)
    store.close()
    return raws, chains


# Journal files and other stores.


def test_an_exported_journal_is_imported_elsewhere_verbatim_and_only_once(office: Office, tmp_path: Path) -> None:
    weapon, *_ = shift()
    count = len(weapon.raws)
    filled(office.place, [weapon])
    file = tmp_path / "UNIT1.ilj"
    assert office.json("export", weapon.serial, "--out", file)["versions"] == []
    other = Office(tmp_path / "other")
    (done,) = other.json("import", file)
    assert (done["kind"], done["serials"], done["new"], done["conflicts"]) == ("journal", [weapon.serial], count, 0)
    (again,) = other.json("import", file)
    assert (again["new"], again["known"], again["failure"]) == (0, count, None)
    out = tmp_path / "again.ilj"
    other.run("export", weapon.serial, "--out", out)
    assert out.read_bytes() == file.read_bytes()
    assert [(row["who"], row["what"]) for row in other.json("store", "custody", weapon.serial)] == [
        ("clerk", "imported"),
        ("clerk", "exported"),
    ]
    assert f"{count} known" in other.run("import", file) and "imported" in other.run("store", "custody", weapon.serial)


@pytest.mark.parametrize("size", [3, RUN_RECORDS + 5])
def test_a_journal_with_holes_is_taken_apart_as_it_was_put_together(tmp_path: Path, size: int) -> None:
    raws, chains = life(size + 30)
    runs = [
        Run(size + 10, UNKNOWN, 0, raws[size + 10 : size + 13]),
        Run(size + 20, chains[size + 20], 0, raws[size + 20 :]),
    ]
    signed = [journal_file.Signed(b"message", b"signature", b"key")]
    header = Header(1, 7, b"H1      ", 0, chains[0], 0)
    file = tmp_path / "H1.ilj"
    file.write_bytes(journal_file.join(header, raws[:size], runs, signed))
    found = read_runs(file)
    assert (found.serial, found.header, found.signed) == ("H1", header, signed)
    assert b"".join(raw for run in found.runs for raw in run.raws) == b"".join(
        raws[:size] + raws[size + 10 : size + 13] + raws[size + 20 :]
    )
    assert max(len(run.raws) for run in found.runs) <= RUN_RECORDS
    for run in found.runs:
        assert run.chain == (UNKNOWN if run.first == size + 10 else chains[run.first])


def test_a_damaged_journal_is_not_taken_and_what_contradicts_is_kept_beside(office: Office, tmp_path: Path) -> None:
    raws, chains = life(20, salt=7)
    file = tmp_path / "H1.ilj"
    whole = journal_file.join(Header(1, 1, b"H1      ", 0, chains[0], 0), raws)
    file.write_bytes(whole[:200] + bytes([whole[200] ^ 1]) + whole[201:])
    (done,) = office.json("import", file, code=1)
    assert "not as it was written" in done["failure"] and "interlock verify" in done["advice"] and not done["new"]
    store = Store.open(office.place)
    store.add(SERIAL, 0, CHAINS[0], RAWS[:30], epoch=0, by="alice", utc_ms=T)
    file.write_bytes(whole)
    (done,) = office.json("import", file, code=1)
    assert (done["new"], done["conflicts"]) == (20, 20) and store.size() == 50
    assert "20 numbers have more than one record" in office.run("import", file, code=1)
    store.close()
    assert "there is no file" in office.run("import", tmp_path / "nowhere.ilj", code=2)
    (tmp_path / "text").write_text("no journal at all")
    (done,) = office.json("import", tmp_path / "text", code=1)
    assert done["failure"] and done["kind"] == "journal"


def test_another_laptops_store_is_imported_with_its_custody(office: Office, tmp_path: Path) -> None:
    filled(tmp_path / "usb.sqlite", shift(), by="bob")
    (done,) = office.json("import", tmp_path / "usb.sqlite")
    assert done["kind"] == "store" and done["serials"] == ["UNIT1", "UNIT2", "UNIT3"]
    (again,) = office.json("import", tmp_path / "usb.sqlite")
    assert again["new"] == 0 and again["known"] == done["new"] > 15
    rows = office.json("store", "custody", "UNIT2")
    assert [(row["who"], row["what"]) for row in rows] == [("bob", "pulled"), ("clerk", "imported")]
    assert rows[0]["origin"] in rows[1]["detail"] and rows[0]["origin"] != rows[1]["origin"]


# What contradicts, who did what, forwarding.


def test_conflicts_are_shown_and_every_version_is_exported(office: Office, tmp_path: Path) -> None:
    assert office.run("store", "conflicts", code=2)
    raws, _ = conflicting(office.place)
    found = office.json("store", "conflicts", code=1)
    assert [one["sequence"] for one in found] == list(range(20)) and found == office.json(
        "store", "conflicts", SERIAL, code=1
    )
    assert [(v["raw"], v["by"]) for v in found[3]["versions"]] == [(raws[3].hex(), "bob"), (RAWS[3].hex(), "alice")]
    shown = office.run("store", "conflicts", code=1)
    assert raws[3].hex() in shown and RAWS[3].hex() in shown and "alice" in shown
    told = office.json("export", SERIAL, "--out", tmp_path / "H1.ilj", code=1)
    assert told["conflicts"] == 20 and told["versions"] == [
        {"file": None, "first": 0, "differs_from": 0, "records": 20}
    ]
    told = office.json("export", SERIAL, "--versions", tmp_path / "all", code=1)
    assert told["versions"][0]["file"] == "H1-2.ilj"
    both = [journal_file.check(path.read_bytes()) for path in (tmp_path / "H1.ilj", tmp_path / "all" / "H1-2.ilj")]
    assert [[record.raw for record in verdict.records] for verdict in both] == [RAWS[:30], raws]
    assert "another version, from record 0 on" in office.run("export", SERIAL, "--versions", tmp_path / "all", code=1)
    assert office.run("store", "conflicts", "H2") == "No number of any unit has more than one record.\n"
    assert office.json("verify", code=1)[0]["conflicts"] == 20


def test_where_there_is_no_store_nothing_is_forwarded_and_none_is_made(office: Office, tmp_path: Path) -> None:
    wrong = Office(tmp_path / "nowhere")
    refused = wrong.run("store", "forward", tmp_path / "force.sqlite", code=2)
    assert "there is no store at" in refused and "interlock --home DIR" in refused
    assert not wrong.home.exists() and not (tmp_path / "force.sqlite").exists()


def test_that_the_other_store_was_of_an_older_interlock_is_told(office: Office, tmp_path: Path) -> None:
    """Who shares that file with older programs shuts them out."""
    filled(office.place, shift())
    other = old_store(tmp_path / "force.sqlite")
    words = ["--home", str(office.home), "store", "forward", str(other)]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, (done.output, done.exception)
    told = " ".join(done.stderr.split())
    assert "was of an older interlock, which cannot use it any more" in told and "force.sqlite.schema-2" in told
    assert "older interlock" not in CliRunner().invoke(app, words).stderr


def test_a_store_is_forwarded_to_another_place_and_that_is_noted_in_both(office: Office, tmp_path: Path) -> None:
    filled(office.place, shift())
    other = tmp_path / "force.sqlite"
    done = office.json("store", "forward", other)
    assert done["serials"] == ["UNIT1", "UNIT2", "UNIT3"] and done["heads"] == 3 and done["to"] == str(other)
    assert "nothing that was not there" in office.run("store", "forward", other)
    assert not any(v for v in office.json("store", "forward", other, "--thorough").values() if isinstance(v, int))
    custody = [(row["who"], row["what"]) for row in office.json("store", "custody", "UNIT1")]
    assert custody == [("alice", "pulled"), ("clerk", "forwarded")]
    there = ("--store", str(other))
    assert [
        (row["who"], row["what"]) for row in json.loads(office.run(*there, "store", "custody", "UNIT1", "--json"))
    ] == custody
    assert "pulled" in office.run(*there, "store", "custody", "UNIT1")
    assert "knows no unit" in office.run("store", "custody", "UNIT9", code=2)
    assert "cannot be in mysql" in office.run("store", "forward", "mysql://x/y", code=2)


def test_a_store_says_its_name_and_schema(office: Office) -> None:
    assert "there is no store" in office.run("store", "migrate", code=2)
    filled(office.place, shift())
    told = office.json("store", "migrate")
    assert told["schema"] == VERSION and told["store"] == str(office.place) and len(told["origin"]) == 32
    assert told["origin"] in office.run("store", "migrate")
    assert commands.when(T) == "2027-01-15 08:00:00"


# Annotations.


def test_an_annotation_stands_beside_the_verdict_and_changes_none(office: Office) -> None:
    filled(office.place, shift())
    before = office.json("report")
    unwitnessed = before["uses"][1]["events"][0]
    assert unwitnessed["annotations"] == [] and unwitnessed["reference"].startswith("UNIT1:")
    event, words = unwitnessed["reference"], "attacked at the [door] <b>"
    (said,) = office.json("annotate", event, "--code", "immediate_danger", "--text", words)
    assert said["stands"] and said["by"] == "clerk" and said["text"] == words
    after = office.json("report")
    (shown,) = after["uses"][1]["events"][0].pop("annotations")
    assert (shown["code"], shown["text"], shown["by"]) == ("immediate_danger", words, "clerk")
    before["uses"][1]["events"][0].pop("annotations")
    for made in (before, after):
        made.pop("made"), made.pop("made_utc_ms")
    assert before == after, "no verdict, no figure"
    printed = office.run("report", "--out", office.home / "page")
    assert f"annotation {event} immediate_danger: {words} (said by clerk" in printed
    page = (office.home / "page" / "report.html").read_text()
    assert "attacked at the [door] &lt;b&gt;" in page and event in page
    assert office.json("store", "custody", "UNIT1")[-1]["what"] == "annotated"


def test_an_annotation_is_withdrawn_by_another_one_and_both_stay(office: Office) -> None:
    filled(office.place, shift())
    event = office.json("report")["uses"][0]["events"][0]["reference"]
    assert office.run("annotate") == "Nothing was said of any event.\n"
    assert "nothing is said" in office.run("annotate", event, "--withdraw", "--text", "x", code=2)
    office.run("annotate", event, "--code", "training", "--text", "a drill")
    office.run("annotate", event, "--withdraw", "--text", "it was real")
    assert [(row["code"], row["stands"]) for row in office.json("annotate")] == [
        ("training", False),
        ("withdrawn", False),
    ]
    assert "training (withdrawn)" in office.run("annotate") and "it was real" in office.run("annotate")
    assert office.json("report")["uses"][0]["events"][0]["annotations"] == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["UNIT1", "--code", "other", "--text", "x"], "is no event"),
        (["UNIT1:0", "--code", "other", "--text", "x"], "is no event of the weapon"),
        (["UNIT1:999", "--code", "other", "--text", "x"], "is not here"),
        (["UNIT9:1", "--code", "other", "--text", "x"], "knows no unit"),
        (["UNIT1:2", "--code", "excused", "--text", "x"], "is no code"),
        (["UNIT1:2", "--text", "x"], "a code is missing"),
        (["UNIT1:2", "--code", "other"], "in words"),
        (["UNIT1:2", "--code", "other", "--text", "x\x1b[2J"], "cannot be shown"),
        (["--code", "other", "--text", "x"], "no event is named"),
    ],
)
def test_what_is_no_annotation_is_refused_with_advice(office: Office, arguments: list[str], says: str) -> None:
    filled(office.place, shift())
    assert says in office.run("annotate", *arguments, code=2)
    assert office.json("annotate") == []


def changed(place: Path, statement: str, *values: object) -> None:
    """What somebody with another tool does to a store."""
    with closing(sqlite3.connect(place)) as file, file:
        file.execute("DROP TRIGGER records_no_update")
        file.execute(statement, values)


def test_a_record_that_was_smuggled_in_under_anothers_digest_keeps_nothing_out(office: Office, tmp_path: Path) -> None:
    usb = tmp_path / "usb.sqlite"
    other, chains = life(10, salt=7)
    store = Store.open(usb)
    store.add(SERIAL, 0, chains[0], other, epoch=0, by="eve", utc_ms=T)
    store.close()
    digest = hashlib.sha256(CHAINS[5] + RAWS[5]).digest()[:16]
    changed(usb, "UPDATE records SET digest = ? WHERE sequence = 5", digest)
    office.run("import", usb)
    store = Store.open(office.place)
    assert store.add(SERIAL, 0, CHAINS[0], RAWS[:10], epoch=0, by="alice", utc_ms=T) == (10, 0, 10)
    assert len(store.conflicts()) == 10
    store.close()


def test_of_a_store_with_rows_that_are_none_the_others_are_taken_and_that_is_told(
    office: Office, tmp_path: Path
) -> None:
    filled(tmp_path / "usb.sqlite", shift())
    changed(tmp_path / "usb.sqlite", "UPDATE records SET raw = 'text' WHERE serial = 'UNIT1' AND sequence = 3")
    (done,) = office.json("import", tmp_path / "usb.sqlite", code=1)
    (left,) = done["skipped"]
    assert (left["serial"], left["table"], left["rows"]) == ("UNIT1", "records", 1) and "raw is" in left["why"]
    assert done["failure"] is None and done["known"] == 0 and done["serials"] == ["UNIT1", "UNIT2", "UNIT3"]
    assert "1 rows of records of UNIT1 are none" in office.run("import", tmp_path / "usb.sqlite", code=1)
    store = Store.open(office.place)
    assert store.size() == done["new"] and store.journal("UNIT2").complete and not store.journal("UNIT1").complete
    store.close()
    there = ("--store", str(tmp_path / "usb.sqlite"))
    assert "were left out" in office.run(*there, "store", "forward", tmp_path / "force.sqlite", code=1)
