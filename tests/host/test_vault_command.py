"""The vault as people use it: a day's commands leave no secret in the clear, others get what is theirs, and what a
person has to know is said."""

import base64
import errno
import os
from pathlib import Path

import pytest

from host_tools import durable
from host_tools.label import Label, label_text, parse
from host_tools.outcome import ToolError
from host_tools.vault.vault import Vault

from .schemas import conforms
from .vaults import content, filled


def said(desk, *arguments, code=0):
    """What a command of the vault says to programs, as its schema has it."""
    result = desk.json(*arguments, code=code)
    conforms(" ".join(arguments[:2]) if arguments[0] == "vault" else arguments[0], result)
    return result


def forms(secret):
    """A secret as it could be on disk."""
    yield secret
    for text in (secret.hex(), base64.b64encode(secret).decode().rstrip("="), base64.b32encode(secret).decode()):
        yield from (text.encode(), text.upper().encode(), text.lower().encode())


def secrets_of(vault):
    force = vault.force()
    yield force.group_key
    for serial in vault.serials():
        unit = vault.unit(serial)
        yield from (unit.unit_key, unit.admin.key, unit.technician_root, *unit.seal_keys)
        if unit.admin.next_key is not None:
            yield unit.admin.next_key
    for pair in vault.pairs():
        yield pair.key
    yield from (label.secret for label in vault.labels())


def test_a_day_of_commands_leaves_no_secret_in_the_clear(desk, tmp_path):
    texts = {serial: desk.unit(serial) for serial in ("H1", "C1")}
    label_file = tmp_path / "label"
    label_file.write_text(texts["C1"])
    label_file.chmod(0o600)
    key = ("--signing", "h5")
    assert desk.run("provision", texts["H1"], "--role", "holster", "--force", "MPS", *key)[0] == 0
    assert desk.run("provision", f"@{label_file}", "--role", "camera", *key)[0] == 0
    assert desk.run("pair", "H1", "C1")[0] == 0
    desk.vault().keep_label(Label("B1", os.urandom(16)))
    said(desk, "credentials", "PC7", "--out", str(desk.home / "PC7"), "--new-key-file", desk.key)
    said(desk, "credentials", "IOPC", "--role", "auditor", "--out", str(desk.home / "IOPC"), "--new-key-file", desk.key)
    for command in (("pull",), ("verify",), ("report", "--out", str(desk.home / "report")), ("vault", "log")):
        assert desk.run(*command)[0] in (0, 1), command
    said(desk, "vault", "backup", str(desk.home / "backup"), "--new-key-file", desk.key)
    vault, lent = desk.vault(), desk.vault(desk.home / "PC7" / "vault")
    secrets = [*secrets_of(vault), vault.files.keys.data, Path(desk.key).read_bytes()]
    secrets += [lent.technician(serial, "PC7", 0).key for serial in ("H1", "C1")]
    secrets += [unit.label.secret for unit in desk.units.values()]
    assert len(secrets) > 16 and len(set(secrets)) == len(secrets)
    wanted = {form for secret in secrets for form in forms(secret)}
    wanted |= {part.encode() for text in texts.values() for part in (text.rpartition(":")[2],)}
    files = [path for path in desk.home.rglob("*") if path.is_file()]
    assert len(files) > 20 and any(path.name == "journals.sqlite" for path in files)
    for path in files:
        data = path.read_bytes()
        assert not [form for form in wanted if form in data], path


def test_no_vault_in_clear_is_ever_made_by_a_command(desk, monkeypatch):
    monkeypatch.delenv("INTERLOCK_KEY_FILE")
    code, _, err = desk.run("provision", desk.unit("H1"), "--role", "holster", "--force", "MPS")
    assert code == 2 and "never without a lock" in err and "--key-file" in err
    assert not (desk.home / "vault").exists()
    inside = str(desk.home / "vault" / "key")
    code, _, err = desk.run("--key-file", inside, "provision", desk.unit("H1"), "--role", "holster", "--force", "MPS")
    assert code == 2 and "lie in the vault" in err


def test_a_locked_vault_is_said_to_be_and_how_to_open_it(team, monkeypatch, tmp_path):
    monkeypatch.delenv("INTERLOCK_KEY_FILE")
    for command in (("pull",), ("status", "H1"), ("vault", "keys"), ("report",)):
        code, _, err = team.run(*command)
        assert code == 2 and "is locked" in err and "interlock vault unlock" in err and "--key-file" in err
    (tmp_path / "wrong").write_bytes(bytes(32))
    (tmp_path / "wrong").chmod(0o600)
    code, _, err = team.run("--key-file", str(tmp_path / "wrong"), "pull")
    assert code == 2 and "this key file does not open the vault" in err


def test_keys_come_and_go(team, tmp_path, monkeypatch):
    other = str(tmp_path / "other")
    added = said(team, "vault", "add-key", "SAFE", "--role", "recovery", "--new-key-file", other)
    assert (added["number"], added["person"], added["role"], added["kind"]) == (2, "SAFE", "recovery", "key file")
    code, _, err = team.run("vault", "add-key", "SAFE", "--new-key-file", other)
    assert code == 2 and "opens the vault already: it is key 2" in err, "removed once, it would still open it"
    assert [slot["number"] for slot in said(team, "vault", "keys")] == [1, 2]
    held = content(team.vault())
    code, _, err = team.run("vault", "remove-key", "1")
    assert code == 2 and "nobody is there to be asked" in err and "in such a copy stay good" in err
    monkeypatch.setenv("INTERLOCK_KEY_FILE", other)
    assert said(team, "vault", "remove-key", "1", "--yes")["files"] == 4
    assert team.run("--key-file", team.key, "pull")[0] == 2  # the key that was removed
    team.key = other
    assert content(team.vault()) == held
    code, _, err = team.run("vault", "remove-key", "2", "--yes")
    assert code == 2 and "the only key" in err


def test_removing_a_key_says_which_files_stay_open_to_it(team, tmp_path):
    said(team, "vault", "add-key", "SAFE", "--new-key-file", str(tmp_path / "other"))
    path = team.home / "vault" / "units" / "C1.json"
    path.write_bytes(path.read_bytes().replace(b'"data": "', b'"data": "A', 1))
    told = said(team, "vault", "remove-key", "2", "--yes", code=1)
    assert told["left"] == ["units/C1.json"] and told["files"] == 3


def test_the_log_says_who_did_what_once_for_each_command(team):
    team.run("pair", "H1", "C1")
    team.run("policy", "show")
    log = said(team, "vault", "log")
    assert [use["command"] for use in log["uses"]] == ["provision", "provision", "pair", "policy show", "vault log"]
    assert log["findings"] == []
    path = team.home / "vault" / "uses.log"
    path.write_bytes(path.read_bytes().replace(b'"pair"', b'"scan"'))
    assert "line 3 was changed" in said(team, "vault", "log", code=1)["findings"][0]
    code, out, _ = team.run("vault", "log")
    assert code == 1 and "line 3 was changed" in out


@pytest.mark.parametrize("what", ["full disk", "damaged"])
def test_a_log_that_cannot_be_written_locks_nobody_out(team, monkeypatch, what):
    if what == "damaged":
        (team.home / "vault" / "log.json").write_bytes(b'{"sealed": 1, garbage')
    else:

        def full(path, at, data):
            raise ToolError(f"{path} cannot be written: {os.strerror(errno.ENOSPC)}", "Free space on the disk.")

        monkeypatch.setattr(durable, "append", full)
    code, out, err = team.run("status", "H1")
    assert code == 0 and "H1" in out and "could not be noted in its log" in err


def test_an_auditor_checks_seals_and_opens_nothing(team, tmp_path):
    team.run("pull")
    journal = str(tmp_path / "H1.ilj")
    assert team.run("export", "H1", "--out", journal)[0] == 0
    made = said(
        team, "credentials", "IOPC", "--role", "auditor", "--out", str(tmp_path / "iopc"), "--new-key-file", team.key
    )
    assert (made["role"], made["units"], made["expires_s"]) == ("auditor", 2, None)
    (by_force,) = team.json("verify", journal)
    team.home = tmp_path / "iopc"
    (found,) = team.json("verify", journal)
    assert found["sealed"] == by_force["sealed"] > 0 and found["signed"] == by_force["signed"]
    audits = team.vault(team.home / "vault")
    assert audits.kind == "auditor" and audits.person == "IOPC"
    held = "".join(audits.files.read(path).decode() for path in audits.files.secrets())
    team.home = tmp_path / "home"
    for serial in ("H1", "C1"):
        unit = team.vault().unit(serial)
        for key in (unit.unit_key, unit.admin.key, unit.technician_root, team.vault().force().group_key):
            assert key.hex() not in held
    team.home = tmp_path / "iopc"
    assign = ("assign", "H1", "C1", "--officer", "PC9")
    for command in (("pull", "H1"), ("sync", "H1"), ("pair", "H1", "C1"), ("rotate",), ("policy", "show"), assign):
        code, out, err = team.run(*command)
        assert code in (2, 3) and "IOPC's vault, an auditor's" in out + err, command


def test_a_backup_is_made_checked_and_restored(team, tmp_path):
    key, file = str(tmp_path / "backup key"), str(tmp_path / "met.backup")
    made = said(team, "vault", "backup", file, "--new-key-file", key)
    assert made["units"] == 2
    assert said(team, "vault", "check", file, "--backup-key-file", key)["too_old_for"] == []
    for _ in range(2):
        assert team.run("sync", "H1", "--jump")[0] == 0
    old = said(team, "vault", "check", file, "--backup-key-file", key, code=1)
    assert old["too_old_for"] == ["H1"] and old["findings"] == []
    held, home = content(team.vault()), team.home
    code, _, err = team.run("vault", "restore", file, "--backup-key-file", key)
    assert code == 2 and "there is a vault" in err and content(team.vault()) == held
    team.home = tmp_path / "elsewhere"
    code, _, err = team.run("vault", "restore", file)
    assert code == 2 and "takes a key file" in err
    back = said(team, "vault", "restore", file, "--backup-key-file", key)
    assert (back["units"], back["force"], back["digest"]) == (2, "MPS", made["digest"])
    assert team.run("pull")[0] == 0 and said(team, "vault", "check")["findings"] == []
    commands = [use["command"] for use in said(team, "vault", "log")["uses"]]
    assert commands[:3] == ["provision", "provision", "vault backup"] and "vault restore" in commands
    assert team.run("sync", "C1", "--jump")[0] == 0 and team.run("sync", "H1", "--jump")[0] == 3
    team.home = home


def test_a_mirror_is_kept_and_restored(team, tmp_path):
    place = tmp_path / "stick"
    place.mkdir()
    assert said(team, "vault", "mirror")["mirror"] is None
    assert said(team, "vault", "mirror", str(place))["mirror"] == str(place.resolve())
    for _ in range(3):
        assert team.run("sync", "H1", "--jump")[0] == 0
    held = content(team.vault())
    team.home = tmp_path / "elsewhere"
    assert said(team, "vault", "restore", str(place))["units"] == 2
    assert content(team.vault()) == held
    assert team.run("sync", "H1", "--jump")[0] == 0  # never too old
    assert said(team, "vault", "mirror", "--off")["mirror"] is None
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter").write_text("Dear Sir")
    code, _, err = team.run("vault", "mirror", str(tmp_path / "full"))
    assert code == 2 and "not empty" in err


def test_an_older_vault_in_clear_opens_with_a_warning_and_is_encrypted(desk):
    held = content(filled(Vault.create(desk.home / "vault", "MPS")))
    code, _, err = desk.run("policy", "show")
    assert code == 0 and "is not encrypted" in err and "interlock vault encrypt" in err
    code, _, err = desk.run("vault", "keys")
    assert code == 2 and "not encrypted" in err
    clear = (desk.home / "vault" / "units" / "H1.json").read_bytes()
    (desk.home / "vault" / "units" / ".H1.json.new").write_bytes(clear)  # of a command that was killed
    assert said(desk, "vault", "encrypt")["files"] == 6
    assert content(desk.vault()) == held and not list((desk.home / "vault").rglob(".*.new"))
    for secret in secrets_of(desk.vault()):
        for path in (desk.home / "vault").rglob("*.json"):
            assert secret.hex().encode() not in path.read_bytes()
    assert desk.run("policy", "show")[2] == ""
    code, _, err = desk.run("vault", "encrypt")
    assert code == 2 and "encrypted already" in err


def test_a_unit_that_is_set_up_has_no_label_in_the_vault_any_more(desk):
    text = desk.unit("H1")
    assert desk.run("provision", desk.unit("C1"), "--role", "camera", "--force", "MPS", "--signing", "none")[0] == 0
    desk.vault().keep_label(parse(text))
    desk.vault().keep_label(parse(text))
    with pytest.raises(ToolError, match="another label of H1"):
        desk.vault().keep_label(parse(label_text("H1", bytes(16))))
    assert [label.serial for label in desk.vault().labels()] == ["H1"]
    assert desk.run("provision", text, "--role", "holster", "--signing", "none")[0] == 0
    assert desk.vault().labels() == []


def test_a_shift_of_hours_needs_no_key_and_ends(team, monkeypatch, memory):
    assert said(team, "vault", "unlock", "--hours", "1")["until_s"] > 0
    monkeypatch.delenv("INTERLOCK_KEY_FILE")
    assert team.run("pull")[0] == 0
    assert said(team, "vault", "lock") == {"was_open": True}
    assert said(team, "vault", "lock") == {"was_open": False}
    code, _, err = team.run("pull")
    assert code == 2 and "is locked" in err


def test_opening_the_vault_again_keeps_the_shift_until_there_is_a_new_one(team, monkeypatch, memory):
    said(team, "vault", "unlock", "--hours", "1")
    monkeypatch.delenv("INTERLOCK_KEY_FILE")
    assert team.run("vault", "unlock")[0] == 2, "a ticket makes no ticket"
    assert team.run("pull")[0] == 0
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    code, _, err = team.run("vault", "unlock")
    assert code == 2 and "XDG_RUNTIME_DIR is not set" in err, "before anybody is asked"
