"""Whoever writes into the store in somebody's name exempts nothing, and it is said what is wrong with it."""

from pathlib import Path
from typing import Any

import pytest

from host_tools.statements import statement
from host_tools.store.rows import CONFIRMED, WITHDRAWN, AnnotationRow
from host_tools.store.store import Store

from .adversary import taken_apart
from .lies import TRUTH, Force, figures, findings, tampered
from .signers import ANN, BOB, CID


def exempting(force: Force, sequence: int) -> AnnotationRow:
    """Not signed yet."""
    digest = statement.record_digest(taken_apart(force.day.h1.file()).raws[sequence])
    return AnnotationRow(
        "H1", sequence, "immediate_danger", "attacked at the door", "ANN", force.day.world.utc_ms, digest
    )


def confirming(said: AnnotationRow) -> AnnotationRow:
    """BOB stands by it; not signed yet."""
    about = statement.digest(said)
    return said._replace(
        code=CONFIRMED, text="", by="BOB", about=about, utc_ms=said.utc_ms + 1, key=None, signature=None
    )


def say(force: Force, *rows: AnnotationRow) -> None:
    """As `interlock annotate` stores it, or an insert by SQL: the store asks for no signature."""
    store = Store.open(force.store_place)
    store.say("H1", list(rows))
    store.close()


def exempted(report: dict[str, Any]) -> tuple[int, int]:
    counted = report["headline"]["discharges"]
    return counted["exempt"], counted["exempt_confirmed"]


def test_an_exemption_that_one_signs_and_another_confirms_counts(tmp_path: Path) -> None:
    force = Force(tmp_path).pulled().with_vault()
    said = ANN.sign(exempting(force, force.day.secret))
    say(force, said, BOB.sign(confirming(said)))
    report = force.reported()
    assert exempted(report) == (1, 1) and figures(report) == TRUTH


LIES_OF_PEOPLE = {
    "in the name of one who signs": (
        lambda row: [row],
        "by ANN is not signed, though ANN has a key that the force vouches for",
    ),
    "signed with a key of the liar's": (lambda row: [CID.as_person("ANN").sign(row)], None),
    "with another text than was signed": (
        lambda row: [ANN.sign(row)._replace(text="as agreed")],
        "is forged: its signature does not fit what it says",
    ),
    "with another code than was signed": (
        lambda row: [ANN.sign(row._replace(code="other"))._replace(code="immediate_danger")],
        "is forged: its signature does not fit what it says",
    ),
    "moved to another event": (
        lambda row: [ANN.sign(row._replace(sequence=9))._replace(sequence=row.sequence)],
        "is forged: its signature does not fit what it says",
    ),
    "said of another record": (
        lambda row: [ANN.sign(row._replace(record=bytes(32)))],
        "is forged: the record that is here under this number is not the one that it was said of",
    ),
}


@pytest.mark.parametrize("lie", LIES_OF_PEOPLE)
def test_a_forged_exemption_is_named_and_exempts_nothing(tmp_path: Path, lie: str) -> None:
    force = Force(tmp_path).pulled().with_vault()
    tell, named = LIES_OF_PEOPLE[lie]
    say(force, *tell(exempting(force, force.day.secret)))
    report = force.reported()
    assert exempted(report) == (0, 0) and figures(report) == TRUTH
    (told,) = force.why(force.day.secret)
    assert told["exempt"] is None and told["verdict"] == "unwitnessed"
    if named is not None:
        assert any(f"H1:{force.day.secret} " in text and named in text for text in findings(report, "H1"))
    (said,) = told["annotations"]
    assert said["signature"] != "good" and said["doubts"], said


@pytest.mark.parametrize("column", ["text", "by", "utc_ms", "sequence"])
def test_an_exemption_edited_in_the_store_is_named_and_exempts_nothing(tmp_path: Path, column: str) -> None:
    force = Force(tmp_path).pulled().with_vault()
    say(force, ANN.sign(exempting(force, force.day.secret)))
    assert exempted(force.reported()) == (1, 0)
    value = {"text": "as agreed", "by": "BOB", "utc_ms": 1, "sequence": force.day.last}[column]
    tampered(force.store_place, (f"UPDATE annotations SET {column} = ?", (value,)))
    report = force.reported()
    assert exempted(report) == (0, 0) and figures(report) == TRUTH
    number = force.day.last if column == "sequence" else force.day.secret
    assert any(f"H1:{number} " in text and "is forged" in text for text in findings(report, "H1"))
    assert "There are findings (unit H1)" in force.words("report")


def test_a_confirmation_with_the_key_that_said_it_is_no_second_persons_word(tmp_path: Path) -> None:
    force = Force(tmp_path).pulled().with_vault()
    said = ANN.sign(exempting(force, force.day.secret))
    say(force, said, ANN.as_person("BOB").sign(confirming(said)))
    report = force.reported()
    assert exempted(report) == (1, 0)
    (shown,) = force.why(force.day.secret)[0]["annotations"]
    assert shown["confirmed_by"] is None and "BOB confirmed it with the very key that said it" in shown["doubts"]


def withdrawing(said: AnnotationRow) -> AnnotationRow:
    """ANN takes it back; not signed yet."""
    about = statement.digest(said)
    return said._replace(
        code=WITHDRAWN, text="a mistake", about=about, utc_ms=said.utc_ms + 1, key=None, signature=None
    )


@pytest.mark.parametrize("to", ["H9", "C1", 5])
def test_a_withdrawal_that_was_moved_to_another_unit_is_named(tmp_path: Path, to: str | int) -> None:
    """Where that is not here nobody weighs it, and the exemption counts again."""
    force = Force(tmp_path).pulled().with_vault()
    said = ANN.sign(exempting(force, force.day.secret))
    say(force, said, ANN.sign(withdrawing(said)))
    assert exempted(force.reported()) == (0, 0)
    tampered(force.store_place, ("UPDATE annotations SET serial = ? WHERE code = 'withdrawn'", (to,)))
    report = force.reported()
    named = f"a withdrawal of {to}:{force.day.secret} by ANN is "
    texts = [finding["text"] for finding in report["findings"] if finding["text"].startswith(named)]
    assert texts and "its signature does not fit what it says" in " ".join(texts)
    if to != "C1":
        moved = "about a unit of which nothing is here: it was moved there, or that unit was taken out"
        assert texts == [f"{named}{moved}; its signature does not fit what it says"]
        assert {finding["serial"] for finding in report["findings"] if finding["text"] in texts} == {None}


def test_an_unsigned_copy_of_a_withdrawal_does_not_bring_the_exemption_back(tmp_path: Path) -> None:
    force = Force(tmp_path).pulled().with_vault()
    said = ANN.sign(exempting(force, force.day.secret))
    say(force, said, ANN.sign(withdrawing(said)))
    same = "serial, sequence, code, text, by, utc_ms, record, about"
    copied = f"INSERT INTO annotations (id, origin, mark, {same}) SELECT 0, 'x', x'00', {same} FROM annotations"
    copied += " WHERE code = 'withdrawn'"
    tampered(force.store_place, (copied, ()))
    report = force.reported()
    assert exempted(report) == (0, 0)
    assert any("is there twice: somebody copied it" in text for text in findings(report, "H1"))


def test_who_is_not_vouched_for_any_more_cannot_date_a_statement_back(tmp_path: Path) -> None:
    """It names the record of an event that had not happened yet."""
    force = Force(tmp_path).pulled().with_vault()
    day_ms = 86_400_000
    said = exempting(force, force.day.secret)
    back = ANN.sign(said._replace(utc_ms=said.utc_ms - day_ms))
    say(force, back, BOB.sign(confirming(back)))
    report = force.reported()
    assert exempted(report) == (0, 0)
    assert any("cannot be of its date: it is dated before the event" in text for text in findings(report, "H1"))
