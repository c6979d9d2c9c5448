"""`interlock why`: the argument for a verdict as people and programs get it, held against the journals it cites."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from host_tools.outcome import ToolError
from host_tools.program import app
from host_tools.record_words import fields_text
from interlock.core import camera, frames, lines, proof, records, updating
from interlock.core.layout import Record
from interlock.core.settings import ROLE_CAMERA, ROLE_HOLSTER

from .books import HOLSTER, Book, holster, own
from .report_shift import T, shift
from .schemas import conforms
from .test_store_commands import filled
from .test_unconfirmed import shot, spike, told_of_lines


class Office:
    """A computer with a store, and no vault."""

    def __init__(self, home: Path, books: tuple[Book, ...]) -> None:
        self.home = home
        self.books = {book.serial: book for book in books}
        filled(home / "journals.sqlite", books)

    def run(self, *words: str) -> str:
        done = CliRunner().invoke(app, ["--home", str(self.home), *words], env={"COLUMNS": "240"})
        if isinstance(done.exception, ToolError):
            raise done.exception
        assert done.exit_code == 0, (done.output, done.exception)
        return done.stdout

    def json(self, event: str) -> list[dict[str, Any]]:
        told = json.loads(self.run("why", event, "--json"))
        conforms("why", told)
        assert isinstance(told, list)
        return told

    def record(self, cited: dict[str, Any]) -> Record:
        (found,) = [one for one in self.books[cited["serial"]].records if one.sequence == cited["sequence"]]
        return found


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path / "home", shift())


def events(book: Book) -> list[str]:
    judged = (frames.DRAW, frames.ARM, frames.DISCHARGE)
    found = [one for one in book.records if one.kind == records.EVENT and one.fields().event in judged]
    return [f"{book.serial}:{one.sequence}" for one in found]


def test_every_verdict_names_its_row_its_condition_and_records_that_are_what_it_says(office: Office) -> None:
    for reference in events(office.books["UNIT1"]):
        (told,) = office.json(reference)
        assert told["reference"] == reference and told["ground"]["row"] and told["ground"]["condition"]
        everything = [*told["ground"]["cited"], *told["end"]["cited"]]
        everything += told["continuity"]["cited"] if told["continuity"] else []
        assert told["ground"]["cited"][0]["sequence"] == int(reference.rpartition(":")[2])
        for cited in everything:
            record = office.record(cited)
            assert records.TYPE_NAMES[record.kind] == cited["kind"] and cited["says"]
            assert cited["fields"] and cited["utc"]


def test_late_is_told_with_its_measure_and_the_records_of_tally_and_exchange(office: Office) -> None:
    draw, *_ = events(office.books["UNIT1"])
    (told,) = office.json(draw)
    assert (told["verdict"], told["ground"]["row"]) == ("late", "late")
    condition = told["ground"]["condition"]
    assert "after the event" in condition and "before the weapon's return" in condition and "±" in condition
    kinds = [cited["kind"] for cited in told["ground"]["cited"]]
    assert {"event", "ack received", "recorder", "trigger heard"} <= set(kinds)
    tally = next(cited for cited in told["ground"]["cited"] if cited["kind"] == "recorder")
    assert abs(tally["at_ms"] - 925) <= 30 and "tally on" in tally["fields"]
    assert told["continuity"] is None and [offset["by"] for offset in told["offsets"]]


def test_before_is_proven_by_the_ack_and_followed_until_the_weapon_was_back(office: Office) -> None:
    discharge = events(office.books["UNIT1"])[2]
    (told,) = office.json(discharge)
    assert (told["event"], told["verdict"], told["ground"]["row"]) == ("discharge", "before", "before-protocol")
    acks = [cited for cited in told["ground"]["cited"] if cited["kind"] == "ack received"]
    assert acks and "recording for 2.100 s" in acks[0]["says"]
    assert told["continuity"]["state"] == "unbroken" and told["continuity"]["breaks"] == []
    assert "reholster" in told["end"]["condition"] and told["end"]["row"] == "returned"


def test_people_read_the_same_with_the_records_in_words(office: Office) -> None:
    discharge = events(office.books["UNIT1"])[2]
    text = office.run("why", discharge)
    for word in ("before-protocol", "ack received", "unbroken", "Clock of UNIT2", "Own camera", "discharge, frame 7"):
        assert word in text, word


def test_a_discharge_that_is_not_confirmed_is_said_to_be_so_and_so_are_faulty_minutes(
    tmp_path: Path,
) -> None:
    book = told_of_lines(spike(), 42_000, lines.FAULT, lines.NOISY).event(50_000, frames.DRAW, 9)
    shot(book, 55_000, 10, 1).event(60_000, frames.REHOLSTER, 11)
    office = Office(tmp_path / "home", (book, own().clock(0, T)))
    _, lone, sure, _, later = events(book)
    told = [office.json(event)[0] for event in (lone, sure, later)]
    assert [(one["confirmed"], one["pickup_faulty_ms"]) for one in told] == [(False, 0), (True, 0), (True, 10_000)]
    assert "Not confirmed by its pick-up" in office.run("why", lone)
    assert "enough pulses to be sure" in office.run("why", sure)
    assert "Its pick-up was faulty for 10 s of this use" in office.run("why", later)


def test_an_event_that_is_none_is_told_with_those_nearby_and_a_unit_with_what_was_meant(office: Office) -> None:
    with pytest.raises(ToolError) as caught:
        office.run("why", "UNIT1:0")
    assert "no draw, arm or discharge is record 0 of UNIT1" in str(caught.value)
    assert events(office.books["UNIT1"])[0] in caught.value.advice
    with pytest.raises(ToolError) as caught:
        office.run("why", "UNTI1:3")
    assert "Do you mean UNIT1?" in caught.value.advice
    with pytest.raises(ToolError) as caught:
        office.run("why", "nonsense")
    assert "is no event" in str(caught.value) and caught.value.code == 2


def test_a_journal_that_is_not_here_is_named_as_what_is_missing(tmp_path: Path) -> None:
    weapon, *_ = shift()
    camera_book = own().clock(0, T).tally(5_000, False)
    office = Office(tmp_path / "home", (weapon, camera_book))
    lone = events(weapon)[-1]
    (told,) = office.json(lone)
    assert told["verdict"] == "indeterminate" and told["ground"]["row"] == "not-covered"
    assert "ends" in told["ground"]["condition"] or "cover" in told["ground"]["condition"]
    assert "UNIT2" in told["reason"]


# Fields in words.


def text(book: Book, role: int = ROLE_CAMERA) -> str:
    return fields_text(book.records[-1], role, lambda unit: f"U{unit}")


def test_the_fields_of_records_that_verdicts_cite_are_told_in_words() -> None:
    assert text(holster().event(9, frames.DRAW, 5)) == "draw, frame 5, 0 ms after it happened, aired 0 ms before"
    assert text(holster().ack(9, 5, frames.HEARD)) == "U2 to frame 5: heard"
    assert text(holster().ack(9, 5, frames.PROVEN, 70)) == "U2 to frame 5: recording, for 70 ms, buffer 30 s"
    refused = frames.REFUSED << 4 | frames.REASON_INTERRUPTED
    assert "U1: not recording (" in text(own().at(9, records.ANSWER, HOLSTER, 5, refused))
    assert text(own().heard(9, 5)) == "frame 5 of U1 (draw): its own weapon's, new"
    assert "tally on, as it is for 0 ms, proves; buffer 3 s" in text(own().tally(9, True, buffer_ms=3000))
    assert "tally off" in text(own().at(9, records.RECORDER, camera.STANDBY, 0, 0, 7, 0))
    assert text(own().clock(9, T)) == "2027-01-15 08:00:00 UTC ± 20 ms, 0 ms before, by technician"
    assert text(own().at(9, records.PROOF, proof.LOST)) == "lost"
    assert text(holster().at(9, records.MODE, records.MODE_TEST, 1, 60), ROLE_HOLSTER) == "test for 60 s (session)"
    assert text(own().at(9, records.LOSS, 40)) == "first_kept 40"
    failed = own().at(9, records.FAULT, records.FAULT_PROGRAM, 3, 1200, 2)
    assert text(failed) == "program failed: sector 3, from record 1200 on, 2 records concerned"
    missing = own().at(9, records.FAULT, records.FAULT_PART, 2, 7, 0)
    assert text(missing) == "part of the program not loaded: part 2, from record 7 on, 0 records concerned"
    assert text(own().at(9, records.FAULT, 99, 2, 7, 0)).startswith("kind 99: sector 2")


def test_what_became_of_a_release_is_told_in_words() -> None:
    about = (1, 0, 2, 0, bytes(8), 0, 1, 0)
    for phase, finding, said in (
        (updating.READY, 0, "release 0.2.0 is whole and checked, beside 0.1.0, which runs"),
        (updating.SWITCHED, 0, "release 0.2.0 is switched to, on trial, from 0.1.0"),
        (updating.CONFIRMED, 0, "release 0.2.0 has passed its trial"),
        (updating.FELL_BACK, 0, "release 0.2.0 was given up: 0.1.0 runs instead"),
        (updating.REFUSED, updating.WRONG_BOARD, "release 0.2.0 was refused: for another board; 0.1.0 runs"),
        (updating.REFUSED, 99, "release 0.2.0 was refused: finding 99; 0.1.0 runs"),
    ):
        assert text(own().at(9, records.UPDATE, phase, finding, *about)) == said


def test_a_release_that_was_no_longer_whole_has_no_version() -> None:
    fields = (updating.FELL_BACK, 0, 1, 255, 255, 255, bytes(8), 0, 1, 0)
    said = "a release that is not whole any more was given up: 0.1.0 runs instead"
    assert text(own().at(9, records.UPDATE, *fields)) == said


def test_codes_that_nobody_knows_are_told_by_their_number() -> None:
    assert "kind 9" in text(own().heard(9, 5, kind=9))
    assert "mode 77" in text(own().at(9, records.RECORDER, 77, 0, 0, 7, 0))
    assert "event 15" in text(own().at(9, records.AIRED, 7, 15))
    assert "kind 7 (reason 15)" in text(own().at(9, records.ANSWER, HOLSTER, 5, 0x7F))


def test_the_time_of_a_record_by_a_clock_that_something_contradicts_says_so(tmp_path: Path) -> None:
    right = Office(tmp_path / "right", shift())
    _, camera, witness = shift()
    wrong = holster().clock(0, T - 86_400_000).session(500)
    wrong.event(10_000, frames.DRAW, 5).ack(10_030, 5, frames.HEARD).ack(10_950, 5, frames.PROVEN, 20)
    wrong.event(20_000, frames.REHOLSTER, 8)
    told = Office(tmp_path / "wrong", (wrong, camera, witness))
    for office, is_said in ((right, False), (told, True)):
        (event, *_) = office.json(events(office.books["UNIT1"])[0])
        said = [one["utc"] for one in event["ground"]["cited"] if one["serial"] == "UNIT1" and one["utc"] is not None]
        assert said and all(("contradicted, see findings" in text) is is_said for text in said)
