"""Forged, moved and copied statements: each is found and named, and takes nothing from what was signed well."""

from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from host_tools.statements import statement
from host_tools.statements.weigh import findings, weighed
from host_tools.store.rows import CODES, CONFIRMED, WITHDRAWN, AnnotationRow
from host_tools.vouched import Vouched

from .signers import ANN, BOB, CID, PEOPLE, RAWS, T, raw_of, unsigned
from .weighing import SAID, found, stands


def test_a_row_that_somebody_put_into_the_database_in_anothers_name_is_found() -> None:
    row = unsigned("ANN", 2, "immediate_danger", "attacked")
    (said,) = stands(row)
    assert said.signature == "none" and said.doubts == ("it is not signed, though ANN has a key",)
    (text,) = found(row)
    assert text.startswith("the annotation immediate_danger of UNIT1:2 by ANN is not signed, though ANN has a key")


def test_what_was_said_unsigned_before_the_person_had_a_key_is_no_forgery() -> None:
    row, people = unsigned("ANN", 2), {"ANN": (Vouched(ANN.public, known_ms=T + 1),)}
    assert found(row, people=people) == [] and stands(row, people=people)[0].doubts == ()
    assert stands(SAID, people=people)[0].signature == "good", "signed the day before the force was told"


@pytest.mark.parametrize(
    "change",
    [
        {"code": "immediate_danger"},
        {"text": "a drill."},
        {"by": "BOB"},
        {"utc_ms": T + 1},
        {"sequence": 1},
        {"serial": "UNIT2"},
        {"record": statement.record_digest(RAWS[1])},
        {"record": None},
        {"about": bytes(32)},
        {"key": BOB.public},
        {"key": None},
        {"key": b"short"},
        {"signature": bytes(64)},
        {"signature": None},
        {"signature": b""},
        {"sequence": 1, "record": statement.record_digest(RAWS[1])},
    ],
    ids=lambda change: "+".join(change),
)
def test_a_signed_row_that_was_altered_or_moved_is_forged(change: dict[str, object]) -> None:
    row = SAID._replace(**change)  # type: ignore[arg-type]
    (said,) = stands(row)
    assert said.signature == "forged" and said.doubts[0].startswith("its signature does not fit")
    assert [text for text in found(row) if "is forged: its signature does not fit what it says" in text]


def test_a_statement_of_a_record_that_was_changed_since_is_forged_and_of_another_version_is_not() -> None:
    other = {2: RAWS[1]}
    (said,) = weighed([SAID], other.get, PEOPLE)
    assert said.signature == "forged" and "not the one that it was said of" in said.doubts[0]
    assert "is forged: the record that is here" in findings([SAID], other.get, PEOPLE)[0]
    both = {2: (RAWS[1], RAWS[2])}
    assert weighed([SAID], both.get, PEOPLE)[0].signature == "good" and findings([SAID], both.get, PEOPLE) == []
    plain = unsigned("DAN", 2)
    assert "was said of another record" in findings([plain], other.get, PEOPLE)[0]


def test_a_copied_row_says_nothing_anew_and_does_not_undo_a_withdrawal() -> None:
    rows = (SAID, ANN.withdraws(SAID), SAID)
    assert stands(*rows) == []
    assert found(*rows) == ["the annotation training of UNIT1:2 by ANN is there twice: somebody copied it"]
    assert len(stands(SAID, SAID)) == 1


def test_who_takes_away_what_another_one_said_and_signed_is_named_with_their_words() -> None:
    taken = BOB.sign(BOB.withdraws(SAID)._replace(text="I do not like it", key=None, signature=None))
    assert stands(SAID, taken) == []
    assert found(SAID, taken) == [
        "the annotation training of UNIT1:2 by ANN was taken away by BOB, who did not say it: I do not like it"
    ]
    assert found(SAID, ANN.withdraws(SAID)) == []


BARE = [
    lambda row: row._replace(key=None, signature=None),
    lambda row: row._replace(signature=bytes(64)),
    lambda row: row._replace(key=CID.public),
    lambda row: CID.as_person(row.by).sign(row),
]
"""Copies of a row that anybody can make: each says what it says, and bears no good signature."""


@pytest.mark.parametrize("copy", BARE)
def test_a_copy_without_the_signature_does_not_take_the_signed_one_away(
    copy: Callable[[AnnotationRow], AnnotationRow],
) -> None:
    """Whoever has the database puts it before the signed one."""
    for rows in ([SAID, ANN.withdraws(SAID)], [SAID, BOB.confirms(SAID)], [SAID]):
        honest = stands(*rows)
        for place in range(len(rows)):
            forged = [*rows[:place], copy(rows[place]), *rows[place:]]
            assert stands(*forged) == honest
            assert any("is there twice: somebody copied it" in text for text in found(*forged))


@given(
    st.lists(st.tuples(st.integers(0, 4), st.sampled_from(BARE), st.integers(0, 9)), max_size=6),
    st.permutations([SAID, BOB.confirms(SAID), ANN.says(1, "other"), BOB.withdraws(ANN.says(1, "other")), BOB.says(2)]),
)
def test_no_rows_without_a_good_signature_change_what_was_signed_well(
    copies: list[tuple[int, Callable[[AnnotationRow], AnnotationRow], int]], honest: list[AnnotationRow]
) -> None:
    rows = list(honest)
    for which, copy, place in copies:
        rows.insert(place, copy(honest[which]))
    good = [said for said in stands(*rows) if said.signature == "good"]
    assert sorted(said[:5] for said in good) == sorted(said[:5] for said in stands(*honest))


@pytest.mark.parametrize("order", [1, -1])
def test_no_order_of_rows_undoes_a_withdrawal(order: int) -> None:
    assert stands(*[SAID, ANN.withdraws(SAID)][::order]) == []


@pytest.mark.parametrize("about", [statement.digest(SAID), None])
def test_a_withdrawal_that_is_less_well_signed_takes_nothing_away(about: bytes | None) -> None:
    plain = unsigned("EVE", 2, WITHDRAWN, "no")._replace(about=about)
    assert [said.row for said in stands(SAID, plain)] == [SAID]
    assert found(SAID, plain) == [
        "a withdrawal of UNIT1:2 by EVE does not count: it is less well signed than what ANN said"
    ]
    forged = ANN.withdraws(SAID)._replace(text="changed", about=about)
    assert [said.row for said in stands(SAID, forged)] == [SAID] and "is forged" in found(SAID, forged)[0]
    strange = CID.withdraws(SAID)
    assert stands(SAID, strange) != [] and stands(SAID, strange, people={}) == []


def test_a_forged_withdrawal_does_not_even_hide_a_forged_statement() -> None:
    forged = SAID._replace(text="changed")
    gone = BOB.withdraws(forged)._replace(text="changed, too")
    assert [said.row for said in stands(forged, gone)] == [forged]
    assert [said.row for said in stands(forged, unsigned("DAN", 2, WITHDRAWN)._replace(about=gone.about))] == []


@pytest.mark.parametrize("code", [CONFIRMED, WITHDRAWN])
def test_a_statement_about_another_events_statement_does_nothing_and_is_told(code: str) -> None:
    row = BOB.sign(unsigned("BOB", 1, code)._replace(about=statement.digest(SAID)))
    (said,) = stands(SAID, row)
    assert said.confirmed_by is None and said.doubts == ()
    assert found(SAID, row)[0].endswith(
        "UNIT1:1 by BOB "
        + {
            CONFIRMED: "confirms a statement that is not here",
            WITHDRAWN: "withdraws a statement that is not here",
        }[code]
    )


def test_of_several_who_confirm_the_first_is_named() -> None:
    people = {**PEOPLE, "CID": (Vouched(CID.public),)}
    (said,) = stands(SAID, BOB.confirms(SAID), CID.confirms(SAID, T + 9), people=people)
    assert (said.confirmed_by, said.confirmed_utc_ms, said.doubts) == ("BOB", T + 2000, ())


@pytest.mark.parametrize("row", [BOB.confirms(SAID), BOB.withdraws(SAID)], ids=["confirmed", "withdrawn"])
def test_a_statement_that_was_taken_out_is_missed_by_those_about_it(row: AnnotationRow) -> None:
    assert stands(row) == [] and "a statement that is not here" in found(row)[0]
    assert "a statement that is not here" in found(row._replace(about=None), row)[-1]


def test_a_statement_of_what_is_no_event_or_not_here_is_found() -> None:
    assert "about a record that is no event" in found(ANN.says(0))[0]
    away = ANN.sign(unsigned("ANN", 99)._replace(record=SAID.record))
    assert found(away) == ["the annotation training of UNIT1:99 by ANN is about a record that is not here"]
    assert stands(away)[0].signature == "good", "what is not here yet may come"
    assert "does not say of which record" in found(ANN.says(99))[0]
    assert "about a record that is not here" in found(unsigned("DAN", 99))[0]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"text": 5}, "is no statement that this program could have stored"),
        ({"record": "x" * 32}, "is no statement"),
        ({"about": b"x"}, "is no statement"),
        ({"utc_ms": -5}, "is no statement"),
        ({"by": "\x1b[2J"}, r"by '\x1b[2J' is forged"),
        ({"code": "excused"}, "has a code that no one can give"),
        ({"by": "АNN"}, "bears a name that is no person's id"),  # the first letter is Cyrillic
        ({"key": "text"}, "is forged"),
        ({"key": 10**15}, "is forged"),
        ({"signature": "text"}, "is forged"),
        ({"sequence": "2"}, "is no statement"),
        ({"utc_ms": 1e3}, "is no statement"),
    ],
)
def test_whatever_sql_put_there_is_told_and_breaks_nothing(change: dict[str, object], says: str) -> None:
    row = SAID._replace(**change)  # type: ignore[arg-type]
    assert any(says in text for text in found(row)) and all(text.isprintable() for text in found(row))
    assert [said.row for said in stands(row, BOB.says(1))][-1] == BOB.says(1)


FIELDS = ("serial", "sequence", "code", "text", "by", "utc_ms", "record", "about", "key", "signature")


def flipped(value: object, bit: int) -> object:
    if isinstance(value, int):
        return value ^ 1 << bit % 40
    data = bytearray(value.encode() if isinstance(value, str) else value)  # type: ignore[arg-type]
    data[bit // 8 % len(data)] ^= 1 << bit % (7 if isinstance(value, str) else 8)
    return data.decode() if isinstance(value, str) else bytes(data)


@given(st.sampled_from([SAID._replace(about=None), BOB.confirms(SAID)]), st.sampled_from(FIELDS), st.integers(0, 4095))
def test_any_bit_that_is_flipped_in_what_is_signed_makes_it_forged(row: AnnotationRow, field: str, bit: int) -> None:
    value = getattr(row, field)
    assume(value not in (None, ""))
    changed = row._replace(**{field: flipped(value, bit)})  # type: ignore[arg-type]
    texts = findings([SAID, changed] if row.code == CONFIRMED else [changed], raw_of, PEOPLE)
    assert any("is forged" in text for text in texts), (changed, texts)
    assert all(said.signature == "forged" or said.row == SAID for said in stands(SAID, changed))
    assert all(said.confirmed_by is None for said in stands(SAID, changed))


rows = st.one_of(
    st.builds(
        lambda pen, n, code: pen.says(n, code),
        st.sampled_from([ANN, BOB, CID]),
        st.integers(0, 4),
        st.sampled_from(sorted(CODES)),
    ),
    st.builds(partial(unsigned, "DAN"), st.integers(0, 4), st.sampled_from(sorted(CODES))),
    st.builds(lambda pen, row: pen.confirms(row), st.sampled_from([ANN, BOB, CID]), st.just(SAID)),
    st.builds(lambda pen, row: pen.withdraws(row), st.sampled_from([ANN, BOB, CID]), st.just(SAID)),
    st.builds(lambda row, text: row._replace(text=text), st.just(SAID), st.sampled_from(["a", "b"])),
)


@given(st.lists(rows, max_size=8), st.randoms())
def test_whatever_rows_there_are_good_means_signed_by_that_person_and_forgers_change_nothing(
    told: list[AnnotationRow], chance: object
) -> None:
    honest = [row for row in told if row.text != "a" and row.text != "b"]
    forged = [row for row in told if row not in honest]
    good = [said for said in stands(*honest) if said.signature == "good"]
    assert all(said.row.by in PEOPLE and statement.is_signed_well(said.row) for said in good)
    assert all(said.confirmed_by in (None, *PEOPLE) and said.confirmed_by != said.row.by for said in good)
    mixed = [said for said in stands(*honest, *forged) if said.signature != "forged"]
    assert mixed == stands(*honest), "what was not signed by anybody takes nothing away and adds nothing good"
