"""What of people's statements is believed, and what somebody did to them: each forgery is found and named."""

import pytest

from host_tools.statements import statement
from host_tools.statements.weigh import Known, findings
from host_tools.store.rows import CONFIRMED, WITHDRAWN, AnnotationRow
from host_tools.vouched import People, Vouched

from .signers import ANN, BOB, CID, PEOPLE, Pen, T, raw_of, unsigned
from .weighing import SAID, found, stands

# What is good.


def test_what_a_person_signs_is_their_word_and_a_second_one_confirms_it() -> None:
    (said,) = stands(SAID, BOB.confirms(SAID))
    assert said == (SAID, "good", ANN.public.hex()[:16], "BOB", T + 2000, ())
    assert found(SAID, BOB.confirms(SAID)) == []


def test_what_nobody_signed_stands_and_says_so() -> None:
    row = unsigned("DAN", 2)
    assert stands(row) == [(row, "none", None, None, None, ())] and found(row) == []
    old = AnnotationRow("UNIT1", 2, "other", "as older programs wrote it", "DAN", T)
    assert stands(old)[0].signature == "none" and found(old) == []


def test_each_record_may_have_several_statements_and_each_is_confirmed_by_itself() -> None:
    other, draw = BOB.says(2, "other", "rain"), BOB.says(1)
    first, second, third = stands(SAID, other, draw, ANN.confirms(other))
    assert (first.row, first.confirmed_by) == (SAID, None)
    assert (second.row, second.confirmed_by) == (other, "ANN") and third.confirmed_by is None


def test_a_withdrawal_takes_away_what_it_names_and_its_confirmation_falls_with_it() -> None:
    other = BOB.says(2, "other", "rain")
    rows = (SAID, other, BOB.confirms(SAID), ANN.withdraws(SAID))
    assert [said.row for said in stands(*rows)] == [other] and found(*rows) == []
    again = ANN.says(2, at_ms=T + 5000)
    (_, said) = stands(*rows, again)
    assert said.row == again and said.confirmed_by is None, "what is said anew was not confirmed"


def test_a_confirmation_is_withdrawn_as_any_statement_is() -> None:
    confirmed = BOB.confirms(SAID)
    (said,) = stands(SAID, confirmed, BOB.withdraws(confirmed))
    assert said.confirmed_by is None and said.doubts == ()


def test_a_withdrawal_of_an_older_program_takes_away_all_that_was_said_before_unsigned() -> None:
    rows = [unsigned("DAN", 2), unsigned("DAN", 1), unsigned("EVE", 2, WITHDRAWN, "no"), unsigned("EVE", 2, "other")]
    assert [(said.row.by, said.row.sequence) for said in stands(*rows)] == [("DAN", 1), ("EVE", 2)]
    assert found(*rows) == []


# Whose key.


@pytest.mark.parametrize(
    ("people", "says"),
    [
        ({}, "nobody here vouches for the key"),
        ({"BOB": (Vouched(ANN.public),)}, "signed with the key of BOB"),
        ({"ANN": (Vouched(BOB.public),)}, "nobody here vouches for the key"),
        ({"ANN": (Vouched(ANN.public, T + 1),)}, "dated when the force did not vouch for ANN's key"),
        ({"ANN": (Vouched(ANN.public, 0, T),)}, "dated when the force did not vouch for ANN's key"),
        ({"ANN": (Vouched(ANN.public, 0, 0),)}, "is one that others may have"),
    ],
)
def test_a_key_that_is_not_this_persons_then_makes_a_stranger(people: People, says: str) -> None:
    (said,) = stands(SAID, people=people)
    assert said.signature == "stranger" and says in said.doubts[0] and said.key == ANN.public.hex()[:16]


def test_a_person_with_a_newer_key_keeps_what_the_older_one_signed() -> None:
    people = {"ANN": (Vouched(ANN.public, 0, T + 1), Vouched(CID.public, T + 1))}
    later = CID.as_person("ANN").says(1, at_ms=T + 9)
    assert [said.signature for said in stands(SAID, later, people=people)] == ["good", "good"]


# Who may confirm.


@pytest.mark.parametrize(
    ("by", "says"),
    [
        (ANN, "the same person confirmed it"),
        (ANN.as_person("BOB"), "with the very key that said it"),
        (CID.as_person("BOB"), "does not count: nobody here vouches"),
        (CID, "does not count: nobody here vouches"),
        (BOB.as_person("CID"), "does not count: it is signed with the key of BOB"),
    ],
)
def test_what_is_no_second_persons_word_confirms_nothing(by: Pen, says: str) -> None:
    (said,) = stands(SAID, by.confirms(SAID))
    assert said.confirmed_by is None and says in said.doubts[0] and said.signature == "good"


def test_an_unsigned_or_forged_confirmation_confirms_nothing_and_a_good_one_beside_it_does() -> None:
    about = statement.digest(SAID)
    plain = unsigned("EVE", 2, CONFIRMED, "")._replace(about=about)
    forged = BOB.confirms(SAID)._replace(text="I was there")
    (said,) = stands(SAID, plain, forged)
    assert said.confirmed_by is None
    assert said.doubts == ("its confirmation by EVE is not signed", "its confirmation by BOB is forged")
    (said,) = stands(SAID, plain, forged, BOB.confirms(SAID, T + 9))
    assert said.confirmed_by == "BOB" and len(said.doubts) == 2


def test_a_confirmation_that_was_moved_to_another_statement_is_forged() -> None:
    other = ANN.says(1)
    moved = BOB.confirms(SAID)._replace(sequence=1, about=statement.digest(other))
    (said,) = stands(other, moved)
    assert (
        said.confirmed_by is None
        and "forged" in said.doubts[0]
        and "confirmation of UNIT1:1 by BOB is forged" in (found(other, moved)[0])
    )


# Doubts of other kinds.


def test_what_speaks_against_a_statement_is_said_and_does_not_hide_it() -> None:
    known = Known(happened_ms=lambda _: T + 1, officer=lambda _: "ANN", now_ms=T)
    (said,) = stands(SAID, known=known)
    assert said.signature == "good" and said.doubts == (
        "it was said by the officer whose use it is",
        "it is dated before the event",
    )
    (said,) = stands(SAID, known=Known(happened_ms=lambda _: T, officer=lambda _: None, now_ms=T - 600_000))
    assert said.doubts == ()


def test_the_officer_whose_use_it_is_is_no_second_person() -> None:
    known = Known(officer=lambda _: "BOB")
    (said,) = stands(SAID, BOB.confirms(SAID), known=known)
    assert said.confirmed_by is None
    assert said.doubts == ("its confirmation by BOB does not count: it is the use of BOB",)
    (said,) = stands(
        SAID, BOB.confirms(SAID), CID.confirms(SAID), people={**PEOPLE, "CID": (Vouched(CID.public),)}, known=known
    )
    assert said.confirmed_by == "CID"


@pytest.mark.parametrize(
    ("known", "says"),
    [
        (Known(happened_ms=lambda _: T + 600_001), "it is dated before the event, of which nobody could know then"),
        (Known(now_ms=T - 600_001), "it is dated in the future"),
    ],
)
def test_a_date_that_cannot_be_makes_no_good_signature(known: Known, says: str) -> None:
    """Whoever is not vouched for any more would date as they like."""
    (said,) = stands(SAID, known=known)
    assert said.signature == "stranger" and says in said.doubts
    (text,) = findings([SAID], raw_of, PEOPLE, known)
    assert text == f"the annotation training of UNIT1:2 by ANN cannot be of its date: {says}"
    later = ANN.says(2, at_ms=T + 600_001) if known.now_ms is None else ANN.says(2, at_ms=T - 600_001)
    (said,) = stands(later, BOB.confirms(later, T), known=known)
    assert said.signature == "good" and said.confirmed_by is None
    assert said.doubts == (f"its confirmation by BOB does not count: {says}",)
