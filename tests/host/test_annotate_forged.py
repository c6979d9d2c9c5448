"""What a forger with the database gets, and what the force says of keys."""

from pathlib import Path

import pytest

from host_tools import context
from host_tools.commands import annotate, report
from host_tools.statements.weigh import weighed
from host_tools.store.store import Store

from .report_shift import T
from .saying_room import EVENT, OTHER, Room, store_raws, vouched


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path)


def test_each_forgery_in_the_database_is_found_and_named(room: Room) -> None:
    keys = vouched(("ANN", room.key("ANN")), ("BOB", room.key("BOB")))
    room.says("ANN")
    assert room.found(keys) == []
    columns = "serial, id, origin, mark, sequence, code, text, by, utc_ms"
    room.sql(
        f"INSERT INTO annotations ({columns}) SELECT serial, 90, origin, randomblob(16), 3, 'immediate_danger', "
        "'he ran', 'BOB', utc_ms FROM annotations"
    )
    assert (
        len(room.found(keys)) == 1 and "immediate_danger of UNIT1:3 by BOB is not signed, though" in room.found(keys)[0]
    )
    signed = f"{columns}, record, about, key, signature"
    room.sql(
        f"INSERT INTO annotations ({signed}) SELECT serial, 91, origin, randomblob(16), 6, code, text, by, utc_ms, "
        "record, about, key, signature FROM annotations WHERE id = 1"
    )
    assert "the annotation training of UNIT1:6 by ANN is forged" in room.found(keys)[1]
    room.sql("UPDATE annotations SET text = 'he had a knife' WHERE id = 1")
    assert "the annotation training of UNIT1:8 by ANN is forged" in room.found(keys)[0] and len(room.found(keys)) == 3
    shown = room.run("BOB", "annotate")
    assert shown.count("forged") == 2 and shown.count("none") == 1
    told = room.run("BOB", "annotate", EVENT, "--confirm", code=2)
    assert "is forged" in told and "Do not confirm it" in told


@pytest.mark.parametrize(
    "change",
    ["text = 5", "utc_ms = 'now'", "key = 'k'", "key = 7", "by = x'00'", "code = 'x' || char(27)", "sequence = -8"],
)
def test_whatever_sql_put_into_a_row_the_others_are_listed_and_weighed(room: Room, change: str) -> None:
    keys = vouched(("ANN", room.key("ANN")))
    room.says("ANN", OTHER)
    room.says("ANN")
    room.sql(f"UPDATE annotations SET {change} WHERE id = 1")
    assert room.found(keys), "and told"
    assert "\x1b" not in room.run("ANN", "annotate") and room.json("ANN", "annotate")[1]["stands"]
    assert weighed(room.rows(), lambda n: store_raws(room, n), keys)[-1].signature == "good"


def test_a_forged_withdrawal_leaves_what_was_said_standing(room: Room) -> None:
    keys = vouched(("ANN", room.key("ANN")))
    room.says("ANN")
    room.sql(
        "INSERT INTO annotations (serial, id, origin, mark, sequence, code, text, by, utc_ms) SELECT serial, 90, "
        "origin, randomblob(16), sequence, 'withdrawn', 'no', 'DAN', utc_ms + 1 FROM annotations"
    )
    assert "a withdrawal of UNIT1:8 by DAN does not count" in room.found(keys)[0]
    assert [row["stands"] for row in room.json("ANN", "annotate")] == [True, False]


def test_a_forwarded_statement_is_as_good_there(room: Room, tmp_path: Path) -> None:
    keys = vouched(("ANN", room.key("ANN")), ("BOB", room.key("BOB")))
    room.says("ANN")
    room.json("BOB", "annotate", EVENT, "--confirm")
    room.run("BOB", "store", "forward", tmp_path / "force.sqlite")
    force = Store.open(tmp_path / "force.sqlite")
    (said,) = weighed(force.annotations("UNIT1"), lambda n: force.raws("UNIT1", n), keys)
    assert (said.signature, said.confirmed_by) == ("good", "BOB")
    force.close()


# The force's word.


@pytest.fixture
def force(room: Room, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Room:
    """The same room, with the force's vault in it."""
    monkeypatch.setenv("INTERLOCK_KEY_FILE", str(tmp_path / "vault.key"))
    at = context.Context(room.home, key_file=tmp_path / "vault.key", person="ADMIN")
    at.create_vault("MPS")
    return room


def test_the_forces_word_makes_a_signature_good_and_takes_it_back(force: Room) -> None:
    key = force.key("ANN")
    force.says("ANN")
    (said,) = force.json("ANN", "annotate")
    assert said["signature"] == "stranger"
    told = force.json("ADMIN", "vault", "vouch", "ANN", key.lower())
    assert told["person"] == "ANN" and [one["key"] for one in told["keys"]] == [key]
    assert force.json("ADMIN", "vault", "vouch", "ANN", key) == told, "once is enough"
    (said,) = force.json("ANN", "annotate")
    assert (said["signature"], said["doubts"]) == ("good", [])
    (told,) = force.json("ADMIN", "vault", "people")
    assert told["keys"][0]["until_ms"] is None and told["keys"][0]["by"] == "ADMIN"
    force.json("ADMIN", "vault", "unvouch", "ANN", "--yes")
    assert force.json("ANN", "annotate")[0]["signature"] == "good", "what was said before stays hers"
    later = force.says("ANN", OTHER)
    assert later["signature"] == "stranger" and later["doubts"] == [
        "it is dated when the force did not vouch for ANN's key"
    ]
    force.json("ADMIN", "vault", "unvouch", "ANN", "--stolen", "--yes")
    assert {row["signature"] for row in force.json("ANN", "annotate")} == {"stranger"}
    shown = force.run("ADMIN", "vault", "people")
    assert key in shown and "stolen: never" in shown
    uses = [use["command"] for use in force.json("ADMIN", "vault", "log")["uses"]]
    assert uses.count("vault vouch") == 2 and uses.count("vault unvouch") == 2


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["vouch", "BOB", "{ann}"], "that is the key of ANN"),
        (["vouch", "ANN", "{ann}x"], "has 57 letters"),
        (["vouch", "ANN", "hello"], "does not begin with ILK1"),
        (["vouch", "ANN SMITH", "{bob}"], "is no person's id"),
        (["vouch", "BOB", "{bob}", "--from", "9000-01-01T00:00"], "nobody can vouch from a later time on"),
        (["unvouch", "BOB", "--yes"], "never vouched for any key of BOB"),
        (["unvouch", "ANN", "{bob}", "--yes"], "never vouched for that key of ANN"),
        (["unvouch", "ANN"], "nobody is there to be asked"),
    ],
)
def test_what_the_force_cannot_vouch_for_is_refused(force: Room, words: list[str], says: str) -> None:
    keys = {"ann": force.key("ANN"), "bob": force.key("BOB")}
    force.json("ADMIN", "vault", "vouch", "ANN", keys["ann"])
    before = force.json("ADMIN", "vault", "people")
    assert says in force.run("ADMIN", "vault", *(word.format(**keys) for word in words), code=2)
    assert force.json("ADMIN", "vault", "people") == before


def test_a_key_that_the_force_gave_up_is_not_taken_again(force: Room) -> None:
    key = force.key("ANN")
    force.json("ADMIN", "vault", "vouch", "ANN", key)
    force.json("ADMIN", "vault", "unvouch", "ANN", key, "--yes")
    assert "stopped vouching for that key" in force.run("ADMIN", "vault", "vouch", "ANN", key, code=2)


def test_a_list_without_the_vault_says_that_nobody_is_known(force: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    force.json("ADMIN", "vault", "vouch", "ANN", force.key("ANN"))
    force.says("ANN")
    monkeypatch.delenv("INTERLOCK_KEY_FILE")
    told = force.run("ANN", "annotate")
    assert "whose keys the force vouches for is not known here" in told and "stranger" in told


def test_a_forged_exemption_is_a_finding_of_the_report_and_exempts_nothing(
    force: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (context, annotate, report):  # the shift was in 2027
        monkeypatch.setattr(module, "utc_ms", lambda: T + 86_400_000)
    for person in ("ANN", "BOB"):
        force.json("ADMIN", "vault", "vouch", person, force.key(person))
    draw = next(row for row in force.events() if row["verdict"] == "unwitnessed")
    event = draw["reference"]
    assert draw["exempt"] is None
    force.says("ANN", event, "immediate_danger", "attacked at the door")
    force.json("BOB", "annotate", event, "--confirm")
    (said,) = force.event(event)["annotations"]
    assert (said["signature"], said["confirmed_by"], said["doubts"]) == ("good", "BOB", [])
    assert force.event(event)["exempt"] == "immediate_danger"
    force.sql("UPDATE annotations SET text = 'attacked with a knife' WHERE id = 1")
    event_now = force.event(event, code=1)
    assert event_now["exempt"] is None and event_now["annotations"][0]["signature"] == "forged"
    texts = [finding["text"] for finding in force.json("ADMIN", "report", code=1)["findings"]]
    assert any(f"immediate_danger of {event} by ANN is forged" in text for text in texts)
