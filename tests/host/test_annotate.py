"""`interlock annotate` and `interlock vault vouch` as people use them: who signs, and who confirms. What a forger gets:
`test_annotate_forged.py`."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from host_tools.outcome import ToolError
from host_tools.statements import keytext, signing, statement
from host_tools.statements.weigh import weighed
from host_tools.store.rows import AnnotationRow
from host_tools.store.store import Store
from host_tools.vault import slots
from host_tools.vault import unlock as vault_unlock
from interlock.core import frames

from .books import holster
from .report_shift import T
from .saying_room import EVENT, OTHER, Room, store_raws, vouched
from .vaults import QUICK


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path)


# Saying.


def test_what_is_said_with_a_key_is_signed_and_without_one_says_how_to_get_it(room: Room) -> None:
    said = room.says("ANN")
    assert (said["signature"], said["key"], said["stands"]) == ("none", None, True)
    told = room.run("ANN", "annotate", OTHER, "--code", "test", "--text", "x")
    assert "this is not signed" in told and "interlock annotate --new-key" in told
    key = room.key("ANN")
    assert room.json("ANN", "annotate", "--show-key") == {"person": "ANN", "key": key}
    assert f"interlock vault vouch ANN {key}" in room.run("ANN", "annotate", "--show-key")
    said = room.says("ANN", OTHER)
    assert (said["signature"], said["key"]) == ("stranger", keytext.parse(key).hex()[:16])
    assert said["doubts"] == ["nobody here vouches for the key that signed it"]
    assert "not signed" not in room.run("ANN", "annotate", EVENT, "--code", "test", "--text", "y")


def test_a_second_person_with_a_key_of_their_own_confirms(room: Room) -> None:
    keys = vouched(("ANN", room.key("ANN")), ("BOB", room.key("BOB")))
    room.says("ANN")
    (done,) = room.json("BOB", "annotate", EVENT, "--confirm", "--text", "I was there")
    assert (done["code"], done["by"], done["stands"]) == ("confirmed", "BOB", True)
    assert room.found(keys) == []
    (said,) = weighed(room.rows(), lambda n: store_raws(room, n), keys)
    assert (said.signature, said.confirmed_by, said.doubts) == ("good", "BOB", ())
    room.json("ANN", "annotate", EVENT, "--withdraw", "--text", "meant another one")
    assert [row["stands"] for row in room.json("ANN", "annotate")] == [False, False, False]
    assert room.found(keys) == []


def test_who_confirms_what_several_people_said_says_which_but_for_their_own(room: Room) -> None:
    for person in ("ANN", "BOB"):
        room.key(person)
        room.says(person, text=f"said by {person}")
    assert len(room.json("BOB", "annotate", EVENT, "--confirm")) == 1, "there is one that is not BOB's"
    room.key("CID")
    for words in (["--confirm"], ["--withdraw", "--text", "x"]):
        refused = room.run("CID", "annotate", EVENT, *words, code=2)
        assert "several statements stand of UNIT1:8: training by ANN, training by BOB" in refused
        assert refused.endswith("Say which: --of PERSON, or --of CODE.")
        refused = room.run("CID", "annotate", EVENT, *words, "--of", "DAN", code=2)
        assert "nothing of DAN stands of UNIT1:8: training by ANN" in refused
    assert len(room.json("CID", "annotate", EVENT, "--confirm", "--of", "ANN")) == 1
    assert len(room.json("CID", "annotate", EVENT, "--withdraw", "--text", "x", "--of", "training")) == 2
    refused = room.run("CID", "annotate", EVENT, "--code", "other", "--text", "x", "--of", "ANN", code=2)
    assert "--of says what is withdrawn or confirmed" in refused


def test_confirming_and_withdrawing_say_which_statements_they_are_of(room: Room) -> None:
    """Several may stand, of several people, and contradict each other."""
    for person in ("ANN", "BOB", "CID"):
        room.key(person)
    room.says("ANN", code="training", text="a drill")
    room.says("BOB", code="sensor_fault", text="never drawn")
    confirmed = " ".join(room.run("CID", "annotate", EVENT, "--confirm", "--of", "ANN").split())
    assert "Confirmed: that of ANN, training: a drill" in confirmed and "that of BOB" not in confirmed
    words = ["--withdraw", "--text", "wrong event"]
    withdrawn = " ".join(room.run("ANN", "annotate", EVENT, *words, "--of", "training").split())
    assert "Withdrawn: your own, training: a drill" in withdrawn and "that of BOB" not in withdrawn
    withdrawn = " ".join(room.run("ANN", "annotate", EVENT, *words).split())
    assert "Withdrawn: that of BOB, sensor_fault: never drawn" in withdrawn, "one stands: it is meant"


def test_who_signs_with_a_key_that_nobody_vouches_for_is_told_what_to_do(room: Room) -> None:
    room.key("ANN")
    room.says("ANN")
    assert "interlock vault vouch" in " ".join(room.run("ANN", "annotate").split())


@pytest.mark.parametrize(
    ("person", "words", "says"),
    [
        ("ANN", [EVENT, "--confirm"], "ANN said it of UNIT1:8"),
        ("DAN", [EVENT, "--confirm"], "only a signature confirms, and DAN has no signing key here"),
        ("DAN", [EVENT, "--withdraw", "--text", "x"], "is signed, and DAN has no signing key here"),
        ("BOB", [OTHER, "--confirm"], "nothing is said of UNIT1:3 that could be confirmed"),
        ("BOB", [OTHER, "--withdraw", "--text", "x"], "nothing is said of UNIT1:3 that could be withdrawn"),
        ("BOB", ["UNIT1:0", "--confirm"], "is no event of the weapon"),
        ("BOB", ["UNIT1:999", "--confirm"], "is not here"),
        ("BOB", ["UNIT9:1", "--confirm"], "knows no unit"),
        ("BOB", [EVENT, "--confirm", "--code", "test"], "have no code"),
        ("BOB", [EVENT, "--confirm", "--withdraw", "--text", "x"], "nor each other"),
        ("BOB", [EVENT, "--confirm", "--text", "\x1b[2J"], "cannot be shown"),
        ("BOB", ["--confirm"], "no event is named"),
        ("BOB", ["--new-key"], "has a signing key here already"),
        ("BOB", ["--new-key", "--show-key"], "by itself"),
        ("BOB", [EVENT, "--new-key"], "by itself"),
        ("DAN", ["--show-key"], "DAN has no signing key here"),
    ],
)
def test_what_cannot_be_confirmed_withdrawn_or_made_is_refused_with_advice(
    room: Room, person: str, words: list[str], says: str
) -> None:
    room.key("ANN"), room.key("BOB")
    room.says("ANN")
    before = room.rows()
    assert says in room.run(person, "annotate", *words, code=2)
    assert room.rows() == before


def test_the_same_key_under_another_name_confirms_nothing(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody who has two names, and one key: a change of this program lets them try."""
    room.key("ANN")
    room.says("ANN")
    with monkeypatch.context() as theirs:
        theirs.setattr(signing, "path_of", lambda home, _: home / "signing" / f"{b'ANN'.hex()}.json")
        theirs.setattr(signing, "_read", lambda path, _, read=signing._read: read(path, "ANN"))
        told = room.run(
            "BOB",
            "annotate",
            EVENT,
            "--confirm",
            code=2,
            env={"INTERLOCK_SIGNING_KEY_FILE": str(room.folder / "ANN.key")},
        )
    assert "the very key that said it" in told


def test_of_two_records_under_one_number_the_main_lines_is_what_people_speak_of(room: Room) -> None:
    store = Store.open(room.place)
    other = holster().clock(0, T).session(500).event(9_000, frames.DRAW, 5)
    assert other.raws[3] != store.raws("UNIT1", 3)[0]
    store.add("UNIT1", 0, other.chains[0], other.raws, epoch=0, by="eve", utc_ms=T)
    main = next(record.raw for record in store.journal("UNIT1").records if record.sequence == 3)
    assert len(store.raws("UNIT1", 3)) == 2
    store.close()
    room.says("ANN", OTHER)
    assert room.rows()[0].record == statement.record_digest(main) and room.found({}) == []


# Keys.


def test_a_private_key_is_in_no_store_export_log_or_output(room: Room, tmp_path: Path) -> None:
    told = room.run("ANN", "annotate", "--new-key")
    signer = signing.unlock(room.home, "ANN", tmp_path / "ANN.key", None)
    assert signer is not None and signer.person == "ANN"
    secret = signer._private.private_bytes_raw()
    told += room.run("ANN", "annotate", EVENT, "--code", "test", "--text", "x") + room.run("ANN", "annotate")
    told += repr(signer) + room.run("ANN", "export", "UNIT1", "--out", tmp_path / "UNIT1.ilj")
    assert secret.hex() not in told
    for path in tmp_path.rglob("*"):
        data = path.read_bytes() if path.is_file() else b""
        assert secret not in data and secret.hex().encode() not in data.lower(), path
    kept = signing.path_of(room.home, "ANN")
    assert kept.stat().st_mode & 0o077 == 0 and kept.parent.stat().st_mode & 0o077 == 0


def test_a_key_opens_by_its_own_secret_alone_and_a_changed_file_is_told(tmp_path: Path) -> None:
    home = tmp_path / "home"
    public = signing.make(home, "ANN", tmp_path / "a", None, 0)
    assert signing.public_of(home, "ANN") == public and signing.public_of(home, "BOB") is None
    assert signing.unlock(home, "BOB", None, None) is None
    with pytest.raises(ToolError, match="takes a key file"):
        signing.unlock(home, "ANN", None, None)
    with pytest.raises(ToolError, match="there is no key file at") as refused:
        signing.unlock(home, "ANN", tmp_path / "c", None)
    assert refused.value.advice == "Check --signing-key-file FILE."
    vault_unlock.make_key_file(tmp_path / "b", home)
    with pytest.raises(signing.WrongSecret, match="does not open the signing key of ANN"):
        signing.unlock(home, "ANN", tmp_path / "b", None)
    path = signing.path_of(home, "ANN")
    values = json.loads(path.read_text())
    other = signing.make(home, "BOB", tmp_path / "b", None, 0)
    for change in ({"public": other.hex()}, {"box": "00" * 48}, {"person": "BOB"}, {"salt": "x"}, {"slot": {}}):
        path.write_text(json.dumps(values | change))
        with pytest.raises(ToolError, match="is no signing key, or damaged"):
            signing.unlock(home, "ANN", tmp_path / "a", None)
    signing.path_of(home, "BOB").replace(path)
    with pytest.raises(ToolError, match="is no signing key, or damaged"):
        signing.unlock(home, "ANN", tmp_path / "b", None)


def test_a_passphrase_opens_a_key_and_is_asked_for_three_times_at_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signing, "NewSlot", lambda secret, person: slots.NewSlot(secret, person, work=QUICK))

    def typing(*answers: str) -> Any:
        left = list(answers)
        return lambda _: left.pop(0)

    with pytest.raises(ToolError, match="a signing key is never without a lock") as refused:
        signing.make(tmp_path, "ANN", None, None, 0)
    assert "--signing-key-file FILE" in refused.value.advice
    public = signing.make(tmp_path, "ANN", None, typing("short", "correct horse", "correct horse"), 0)
    signer = signing.unlock(tmp_path, "ANN", None, typing("wrong horse", "correct horse"))
    assert signer is not None and signer.public == public
    with pytest.raises(signing.WrongSecret, match="does not open"):
        signing.unlock(tmp_path, "ANN", None, typing("a", "b", "c"))
    with pytest.raises(ToolError, match="nobody is there to be asked"):
        signing.unlock(tmp_path, "ANN", None, None)


def test_nobody_signs_for_somebody_else(tmp_path: Path) -> None:
    signing.make(tmp_path / "home", "ANN", tmp_path / "a", None, 0)
    signer = signing.unlock(tmp_path / "home", "ANN", tmp_path / "a", None)
    assert signer is not None
    with pytest.raises(ValueError, match="somebody else"):
        signer.sign(AnnotationRow("H1", 1, "test", "x", "BOB", 1, bytes(32)))


def test_a_key_of_every_person_lies_in_its_own_place(tmp_path: Path) -> None:
    people = ["ann", "ANN", "..", "/etc", "a/b", ".", "A:B"]
    places = [signing.path_of(tmp_path, person) for person in people]
    assert len({str(place).lower() for place in places}) == len(people)
    assert {place.parent for place in places} == {tmp_path / "signing"}


def test_statements_are_checked_by_the_standard_library_alone() -> None:
    """In a Python without any package: what a court's expert runs."""
    code = (
        "import sys; import host_tools.statements.weigh, host_tools.statements.keytext; "
        "bad = {'sqlalchemy', 'typer', 'rich', 'cryptography', 'jinja2'} & set(sys.modules); assert not bad, bad"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import sys; sys.path[:0] = {[str(Path.cwd()), 'firmware']!r}; {code}"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
