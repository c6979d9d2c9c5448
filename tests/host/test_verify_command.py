"""`interlock verify` and `interlock export` as people and scripts meet them: keys, vault, store, JSON, exit codes."""

import json
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from host_tools.auditing import audit
from host_tools.auditing.places import InFile
from host_tools.outcome import ToolError
from host_tools.program import app
from host_tools.store.store import Store
from host_tools.vault.entries import COMMITTED, AdminKey, UnitEntry
from host_tools.vault.vault import Vault
from host_tools.workers.executor import Pool
from interlock.core import checkpoint, lms
from interlock.core.settings import DEFAULT_POLICY

from .adversary import careful, taken_apart
from .audits import known_at
from .sealed_world import Unit, crew, shift, works

NOW = 1_800_000_000_000


def name_of(unit: Unit) -> str:
    return unit.serial.decode().strip()


def files_of(folder: Path, *units: Unit) -> list[str]:
    folder.mkdir(exist_ok=True)
    for unit in units:
        (folder / f"{name_of(unit)}.ilj").write_bytes(unit.file())
    return [str(folder / f"{name_of(unit)}.ilj") for unit in units]


def vault_of(path: Path, *units: Unit) -> Path:
    vault = Vault.create(path, "MPS")
    with vault.locked():
        for unit in units:
            keys = (unit.seal_key,), (unit.signer.public,)
            vault.save_unit(
                UnitEntry(
                    name_of(unit), unit.serial, COMMITTED, unit.number, unit.role, f"[b]{name_of(unit)}", bytes(32),
                    AdminKey(1, bytes(32)), bytes(32), 1, DEFAULT_POLICY, *keys,
                )
            )  # fmt: skip
    return path


def store_of(path: Path, *units: Unit) -> Store:
    path.parent.mkdir(parents=True, exist_ok=True)
    store = Store.open(path)
    for unit in units:
        pull_into(store, unit)
    return store


def pull_into(store: Store, unit: Unit, utc_ms: int = NOW) -> None:
    pulled, serial = taken_apart(unit.file()), name_of(unit)
    store.learn_unit(serial, unit.number, unit.role, f"[b]{serial}")
    store.add(serial, 0, pulled.header.chain, pulled.raws, epoch=0, by="PC1", utc_ms=utc_ms)
    store.note_head(serial, len(pulled.raws), pulled.chains[-1], utc_ms=utc_ms)
    for signed in unit.signed:
        store.add_checkpoint(serial, checkpoint.unpack(signed.message).index, *signed, by="PC1", utc_ms=utc_ms)


class Desk:
    def __init__(self, home: Path) -> None:
        self.home = home

    def run(self, *arguments: object) -> Result:
        given = ["--home", str(self.home), *map(str, arguments)]
        return CliRunner().invoke(app, given, env={"COLUMNS": "80"})

    def json(self, *arguments: object, code: int = 0) -> list[dict]:
        done = self.run(*arguments, "--json")
        assert done.exit_code == code, done.output
        return json.loads(done.stdout)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "home")


def test_each_level_of_knowledge_shows_more_and_what_is_not_shown_is_said(desk: Desk, tmp_path: Path) -> None:
    units = shift()
    files = files_of(tmp_path / "files", *units)
    key, as_hex = tmp_path / "H1.pub", tmp_path / "H1.hex"
    key.write_bytes(units[0].signer.public)
    as_hex.write_text(units[0].signer.public.hex() + "\n")
    vault = vault_of(tmp_path / "elsewhere" / "vault", *units)
    (plain,) = desk.json("verify", files[0])
    assert (plain["verdict"], plain["sealed"], plain["signed"]) == ("intact", 0, 0)
    assert any("no vault was given" in text for text in plain["not_shown"])
    for given in (key, as_hex):
        (signed,) = desk.json("verify", files[0], "--public-key", given)
        assert signed["signed"] > 0 == signed["sealed"]
    for given in (vault, vault.parent):
        sealed = desk.json("verify", *files, "--vault", given)
        assert all(unit["sealed"] > 0 < unit["signed"] for unit in sealed)
        assert {note["outcome"] for note in sealed[0]["notes"]} == {
            *("intact", "witnessed", "unsigned since", "unwitnessed tail"),
        }
    text = desk.run("verify", *files, "--vault", vault).stdout
    assert max(map(len, text.splitlines())) <= 80 and text.count("intact") == 3 and "not shown" in text


def test_the_vault_at_home_is_used_unless_another_is_named(desk: Desk, tmp_path: Path) -> None:
    units = shift()
    (file,) = files_of(tmp_path / "files", units[0])
    vault_of(desk.home / "vault", *units)
    (found,) = desk.json("verify", file)
    assert found["sealed"] > 0
    other = vault_of(tmp_path / "other", units[1])
    (found,) = desk.json("verify", file, "--vault", other)
    assert found["sealed"] == 0


def test_a_technicians_vault_has_the_public_keys_only(desk: Desk, tmp_path: Path) -> None:
    units = shift()
    (file,) = files_of(tmp_path / "files", units[0])
    force = Vault.open(vault_of(tmp_path / "force" / "vault", *units))
    force.lend(tmp_path / "lent" / "vault", "PC7", 2_000_000_000)
    (found,) = desk.json("verify", file, "--vault", tmp_path / "lent")
    assert found["signed"] > 0 == found["sealed"]
    assert any("no seal key" in text for text in found["not_shown"])


def test_findings_have_names_places_and_exit_code_1(desk: Desk, tmp_path: Path) -> None:
    weapon = shift()[0]
    pulled = taken_apart(weapon.file())
    altered = careful(pulled, [*pulled.raws[:30], *pulled.raws[31:]]).unsigned()
    (tmp_path / "[b]odd.ilj").write_bytes(altered.file())
    vault = vault_of(tmp_path / "vault", *shift())
    (found,) = desk.json("verify", tmp_path / "[b]odd.ilj", "--vault", vault, code=1)
    assert (found["verdict"], found["sequence"]) == ("altered", 30) and found["reason"]
    assert found["findings"][0]["outcome"] == "altered" and found["findings"][0]["shown_by"] == "seal"
    text = desk.run("verify", tmp_path / "[b]odd.ilj", "--vault", vault).output
    assert "[b]odd.ilj" in text and "record 30" in " ".join(text.split())


def test_the_store_is_verified_like_files(desk: Desk) -> None:
    units = crew()
    works(*units, uses=2)
    store = store_of(desk.home / "journals.sqlite", *units)
    store.learn_unit("H9", 9, 1, "never pulled")
    vault_of(desk.home / "vault", *units)
    found = {unit["serial"]: unit for unit in desk.json("verify")}
    assert [found[serial]["verdict"] for serial in ("C1", "C2", "H1", "H9")] == ["intact"] * 3 + ["not pulled"]
    assert found["H1"]["sealed"] > 0 < found["H1"]["signed"] and found["H1"]["heads"] == 1
    assert "[b]H1" in desk.run("verify").output
    store.note_head("H1", 999, bytes(32), utc_ms=NOW + 1)
    told = {unit["serial"]: unit for unit in desk.json("verify", code=1)}
    assert told["H1"]["verdict"] == "truncated tail" and "before record 999" in told["H1"]["findings"][0]["text"]


def test_a_unit_that_was_not_pulled_since_is_no_finding_until_it_was(desk: Desk) -> None:
    units = crew()
    weapon, own, _ = units
    works(*units, uses=1)
    store = store_of(desk.home / "journals.sqlite", *units)
    works(*units, uses=1)
    pull_into(store, own, NOW + 60_000)
    told = next(unit for unit in desk.json("verify") if unit["serial"] == "H1")
    (tail,) = [note for note in told["notes"] if note["outcome"] == "truncated tail"]
    assert tail["is_later"] and "pull it again" in tail["text"]
    following = tail["following"]
    store.note_head("H1", following, taken_apart(weapon.file()).chains[following], utc_ms=NOW + 120_000)
    told = next(unit for unit in desk.json("verify", code=1) if unit["serial"] == "H1")
    assert told["verdict"] == "truncated tail"


def test_a_file_is_compared_with_what_the_store_holds_of_its_unit(desk: Desk, tmp_path: Path) -> None:
    units = crew()
    weapon = units[0]
    works(*units, uses=1)
    early, image = weapon.file(), weapon.image()
    works(*units, uses=1)
    store_of(desk.home / "journals.sqlite", *units)
    (tmp_path / "early.ilj").write_bytes(early)
    works(*units, uses=1)
    (tmp_path / "late.ilj").write_bytes(weapon.file())
    weapon.restore(image)
    works(*units, uses=1)
    (tmp_path / "back.ilj").write_bytes(weapon.file())
    for name in ("early.ilj", "late.ilj"):
        assert [unit["verdict"] for unit in desk.json("verify", tmp_path / name)] == ["intact"]
    (found,) = desk.json("verify", tmp_path / "back.ilj", code=1)
    assert found["verdict"] == "contradicted"
    vault_of(desk.home / "vault", *units)
    (found,) = desk.json("verify", tmp_path / "back.ilj", code=1)
    assert found["verdict"] == "rolled back"
    newest, back = desk.json("verify", tmp_path / "late.ilj", tmp_path / "back.ilj", code=1)
    assert (newest["verdict"], back["verdict"]) == ("rolled back", "rolled back")


def test_a_store_with_two_versions_of_a_journal_tells_a_rollback_by_the_vault(desk: Desk) -> None:
    units = crew()
    weapon = units[0]
    works(*units, uses=1)
    image = weapon.image()
    works(*units, uses=1)
    store = store_of(desk.home / "journals.sqlite", *units)
    weapon.restore(image)
    works(*units, uses=1)
    back = taken_apart(weapon.file())
    store.add("H1", 0, back.header.chain, back.raws, epoch=0, by="PC1", utc_ms=NOW)
    verdicts = {unit["serial"]: (unit["verdict"], unit["versions"]) for unit in desk.json("verify", code=1)}
    assert verdicts["H1"] == ("contradicted", 2)
    vault_of(desk.home / "vault", *units)
    verdicts = {unit["serial"]: unit["verdict"] for unit in desk.json("verify", code=1)}
    assert verdicts["H1"] == "rolled back"


def test_a_record_changed_in_the_store_is_found_without_any_key(desk: Desk) -> None:
    weapon = shift()[0]
    store = store_of(desk.home / "journals.sqlite", weapon)
    store.close()
    pulled = taken_apart(weapon.file())
    forged = careful(pulled, [*pulled.raws[:20], pulled.raws[21], *pulled.raws[21:]]).raws[20]
    with sqlite3.connect(desk.home / "journals.sqlite") as connection:
        for (trigger,) in connection.execute("select name from sqlite_master where type = 'trigger'").fetchall():
            connection.execute(f"drop trigger {trigger}")
        connection.execute("update records set raw = ? where sequence = 20", (forged,))
    (found,) = desk.json("verify", code=1)
    assert found["verdict"] == "altered" and any(f["first"] == 20 for f in found["findings"])


def test_what_cannot_be_used_is_told_with_the_remedy(desk: Desk, tmp_path: Path) -> None:
    (file,) = files_of(tmp_path / "files", shift()[0])
    (tmp_path / "no.pub").write_bytes(b"\0" * 60)
    (tmp_path / "words.pub").write_text("this is no key")
    for arguments, says in (
        ((tmp_path / "none.ilj",), "none.ilj"),
        ((tmp_path,), "cannot be read"),
        ((file, "--public-key", tmp_path / "no.pub"), "no public key"),
        ((file, "--public-key", tmp_path / "words.pub"), "no public key"),
        ((file, "--public-key", tmp_path / "none.pub"), "none.pub"),
        ((file, "--vault", tmp_path / "none"), "no vault"),
    ):
        done = desk.run("verify", *arguments)
        assert isinstance(done.exception, ToolError) and done.exception.advice
        assert says in str(done.exception) and done.exception.code == 2
    assert desk.run("verify").exit_code != 0


def test_several_processes_say_what_one_says(tmp_path: Path) -> None:
    units = shift()
    places = [InFile(Path(path)) for path in files_of(tmp_path / "files", *units)]
    known = known_at("vault", *units)
    alone = audit.audit(places, lambda header: known[header.serial])
    with Pool(2) as pool:
        assert audit.audit(places, lambda header: known[header.serial], None, pool) == alone


# Export.


def test_exported_checkpoints_are_what_any_rfc_8554_tool_takes(desk: Desk, tmp_path: Path) -> None:
    weapon = shift()[0]
    (file,) = files_of(tmp_path / "files", weapon)
    out = tmp_path / "out"
    done = desk.json("export", file, "--checkpoints", out)
    assert [item["index"] for item in done["checkpoints"]] == [0, 1] and done["is_whole"]
    for item in done["checkpoints"]:
        message, signature, public = ((out / item[part]).read_bytes() for part in ("message", "signature", "public"))
        assert lms.verify(public, message, signature) and public == weapon.signer.public
        assert checkpoint.unpack(message).following == item["following"]
    assert sorted(path.name for path in out.iterdir()) == ["0.msg", "0.pub", "0.sig", "1.msg", "1.pub", "1.sig"]
    assert "2 checkpoints" in desk.run("export", file, "--checkpoints", out).output


def test_a_second_message_under_one_index_is_exported_beside_the_first(desk: Desk, tmp_path: Path) -> None:
    pulled = taken_apart(shift()[0].file())
    other = pulled.signed[0]._replace(
        message=checkpoint.pack(checkpoint.unpack(pulled.signed[0].message)._replace(boot=9))
    )
    unknown = pulled.signed[0]._replace(message=b"?")
    file = tmp_path / "two.ilj"
    file.write_bytes(replace(pulled, signed=(*pulled.signed, other, unknown)).file())
    names = [item["message"] for item in desk.json("export", file, "--checkpoints", tmp_path / "out")["checkpoints"]]
    assert names == ["0.msg", "1.msg", "0-2.msg", "unknown.msg"]


def test_a_journal_without_checkpoints_or_cut_short_is_told_by_the_exit_code(desk: Desk, tmp_path: Path) -> None:
    pulled = taken_apart(shift()[0].file())
    bare, cut = tmp_path / "bare.ilj", tmp_path / "cut.ilj"
    bare.write_bytes(pulled.unsigned().file())
    cut.write_bytes(pulled.file()[:-1])
    assert desk.run("export", bare, "--checkpoints", tmp_path / "out").exit_code == 1
    done = desk.json("export", cut, "--checkpoints", tmp_path / "out", code=1)
    assert not done["is_whole"] and len(done["checkpoints"]) == 2
    (tmp_path / "taken").write_text("")
    refused = desk.run("export", bare, "--checkpoints", tmp_path / "taken")
    assert isinstance(refused.exception, ToolError) and refused.exception.advice


def test_a_journal_is_taken_out_of_the_store_as_the_file_that_it_would_have_been(desk: Desk, tmp_path: Path) -> None:
    weapon = shift()[0]
    serial = name_of(weapon)
    store_of(desk.home / "journals.sqlite", weapon).close()
    out = tmp_path / "taken.ilj"
    done = desk.json("export", serial, "--out", out, "--checkpoints", tmp_path / "signed")
    assert done["file"] == out.name and done["is_whole"] and len(done["checkpoints"]) == 2
    assert taken_apart(out.read_bytes()).raws == taken_apart(weapon.file()).raws
    assert desk.json("verify", out)[0]["verdict"] == "intact"
    for arguments in ((serial,), ("nowhere.ilj", "--out", out), (serial, "--out", tmp_path / "none" / "x.ilj")):
        refused = desk.run("export", *arguments)
        assert isinstance(refused.exception, ToolError) and refused.exception.advice
