"""The program as people and scripts meet it: exit codes, JSON, advice, Ctrl-C, the right unit without being told."""

import io
import json
import sys

import pytest

STATUS_NAMES = {
    *("serial", "name", "role", "number", "firmware", "battery_mv", "battery_percent", "boot", "uptime_ms"),
    *("journal_first", "journal_following", "journal_head", "unpulled", "revision", "settings_digest", "clock_off_ms"),
    *("clock_uncertainty_ms", "flags", "is_revoked", "signing", "group_epochs", "assigned", "assigned_until_s"),
}
PULL_NAMES = {
    *("serial", "name", "new", "known", "following", "bytes", "seconds", "links", "findings", "checkpoint"),
    *("failure", "advice"),
}
SIGNING_NAMES = {"state", "params", "done", "total", "index", "remaining", "public"}


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_the_first_day_of_a_force(desk):
    code, out, err = desk.run("scan")
    assert code == 1 and "No unit invites" in out
    text = desk.unit("H1")
    assert "not in this vault" in desk.run("scan")[1]
    code, out, err = desk.run("provision", text, "--role", "holster")
    assert code == 2 and "--force NAME" in err
    done = desk.json("provision", text, "--role", "holster", "--force", "MPS", "--signing", "h5")
    assert done.pop("clock_uncertainty_ms") > 0
    key = done.pop("signing")
    assert set(key) == SIGNING_NAMES
    assert (key["state"], key["params"], key["remaining"], len(key["public"])) == ("ready", "h5", 32, 120)
    assert done == {
        "serial": "H1",
        "number": 1,
        "role": "holster",
        "name": "holster 1",
        "revision": 1,
        "already": False,
    }
    assert desk.json("provision", text, "--role", "holster")["already"]
    code, out, err = desk.run("provision", desk.unit("C1"), "--role", "camera", "--no-wait")
    assert code == 0 and "camera number 2" in out and "goes on making its signing key" in out
    assert desk.json("scan") == [
        {"serial": "C1", "state": "in service", "rssi": -50, "name": "camera 2", "is_revoked": False},
        {"serial": "H1", "state": "in service", "rssi": -50, "name": "holster 1", "is_revoked": False},
    ]
    done = desk.json("pair", "H1", "C1")
    expected = {
        "holster": "H1",
        "camera": "C1",
        "spare": False,
        "rekeyed": False,
        "visits": ["H1", "C1"],
        "already": False,
    }
    assert done == expected
    assert "a pair already" in desk.run("pair", "H1", "C1")[1]
    assert "with a new key" in desk.run("pair", "H1", "C1", "--rekey")[1]
    code, out, err = desk.run("pull", "H1")
    assert (code, "complete" in out, "checkpoint 0 covers all records" in out) == (0, True, True), err
    public = desk.home / "vault" / "public" / "H1-1.pub"
    assert public.read_bytes().hex() == key["public"] and str(public) in desk.run("provision", text, *HOLSTER)[1]


HOLSTER = ("--role", "holster")


def test_a_key_is_waited_for_with_a_word_now_and_then_and_ctrl_c_leaves_it_going_on(desk, monkeypatch):
    from host_tools.commands import progress

    monkeypatch.setattr(progress, "LINE_S", 0.0)
    text = desk.unit("H1")
    wanted = ("provision", text, *HOLSTER, "--force", "MPS", "--signing", "h5/h5")
    links = []

    def interrupt(link):
        links.append(link)
        if len(links) == 3:  # set-up, admin, and then it waits
            raise KeyboardInterrupt

    desk.on_link = interrupt
    code, _, err = desk.run(*wanted)
    assert code == 130 and "interrupted" in err
    assert desk.json("status", "H1")[0]["signing"]["state"] == "being made"
    code, out, err = desk.run(*wanted)
    assert code == 0 and "makes its key: " in err and " of 64" in err and "1024 signatures left" in out
    assert desk.json("status", "H1")[0]["signing"]["state"] == "ready"
    assert "1024 left (h5/h5" in desk.run("status", "H1")[1]
    wanted = ("provision", text, *HOLSTER, "--no-wait", "--signing")
    assert desk.run(*wanted, "h5")[0] == 0
    assert "run this again for h10" in desk.run(*wanted, "h10")[1]


def test_every_kind_of_key_can_be_asked_for():
    from host_tools.commands.provision import Signing
    from host_tools.flows import signing

    assert {kind.value for kind in Signing} == set(signing.CHOICES)


def test_a_checkpoint_is_had_at_any_time_by_the_force_and_once_a_day_by_a_pull(team, tmp_path):
    (done,) = team.json("checkpoint", "H1")
    assert done["checkpoint"] | {"following": 0} == {
        "outcome": "signed",
        "index": 0,
        "following": 0,
        "remaining": 31,
        "advice": None,
    }
    (done,) = team.json("pull", "H1")
    assert done["checkpoint"]["outcome"] == "too_soon" and done["failure"] is None
    assert "within the last day already" in team.run("pull", "H1")[1]
    code, out, _ = team.run("checkpoint", "H1")
    assert code == 0 and "checkpoint 1 covers all records" in out and "30 signatures are left" in out
    assert team.json("pull", "H1", "--no-checkpoint")[0]["checkpoint"] is None
    team.lend("PC7", tmp_path / "laptop")
    home, team.home = team.home, tmp_path / "laptop"
    code, _, err = team.run("checkpoint", "H1")
    assert code == 2 and "PC7's vault" in err
    team.home = home


def test_without_a_key_a_checkpoint_is_not_there_and_nothing_is_said_of_it_at_a_pull(desk):
    assert desk.run("provision", desk.unit("H1"), *HOLSTER, "--force", "MPS", "--signing", "none")[0] == 0
    code, out, _ = desk.run("pull", "H1")
    assert code == 0 and "checkpoint" not in out
    assert "no key" in desk.run("status", "H1")[1]


def test_labels_come_from_files_and_standard_input(desk, tmp_path, monkeypatch):
    path = tmp_path / "label"
    path.write_text(desk.unit("H1"))
    path.chmod(0o600)
    assert desk.run("provision", f"@{path}", "--role", "holster", "--force", "MPS", "--no-wait")[0] == 0
    monkeypatch.setattr(sys, "stdin", io.StringIO(desk.unit("C1") + "\n"))
    assert desk.run("provision", "-", "--role", "camera", "--no-wait")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("provision",), "no label"),
        (("provision", "LABEL"), "role is not said"),
        (("provision", "LABEL", "--role", "cook"), "Roles are holster"),
        (("provision", "nonsense", "--role", "holster"), "IL1:SERIAL:SECRET"),
        (("provision", "LABEL", "--role", "camera", "--force", "toolongname"), "1 to 8 printable"),
        (("provision", "LABEL", "--role", "camera", "--policy", "/nowhere.toml"), "cannot be read"),
        (("pair", "H1", "C1"), "no vault"),
        (("status",), "no vault"),
        (("pull", "H1"), "no vault"),
        (("credentials", "PC7", "--out", "x"), "no vault"),
        (("--as", "much too long", "status"), "no vault"),
        (("checkpoint", "H1"), "no vault"),
        (("provision", "LABEL", "--role", "camera", "--signing", "h99"), "h99"),
        (("pull", "--nonsense"), "No such option"),
        (("assign", "H1", "C1"), "the officer is not said"),
        (("assign", "--clear"), "the holster is not said"),
        (("assign", "H1", "--officer", "PC7"), "no vault"),
        (("assign", "H1", "C1", "--officer", "much too long"), "no person's id"),
        (("assign", "H1", "C1", "--officer", "PC7"), "no vault"),
        (("mode", "H1", "sleep"), "sleep"),
        (("rotate",), "no vault"),
        (("revoke", "H1"), "no vault"),
        (("replace", "H1", "H2"), "no vault"),
        (("policy", "show"), "no vault"),
    ],
)
def test_misuse_is_told_with_the_remedy(desk, arguments, says):
    text = desk.unit("H1")
    code, out, err = desk.run(*[text if argument == "LABEL" else argument for argument in arguments])
    assert code == 2 and says in err and out == ""


def test_a_policy_file_is_checked_and_used(desk, tmp_path):
    path = tmp_path / "policy.toml"
    for wrong, says in (("buffer = 1", "no policy has"), ("buffer_ms = 'x'", "cannot be"), ("= 3", "no TOML")):
        path.write_text(wrong)
        code, _, err = desk.run("provision", desk.unit("C1"), "--role", "camera", "--policy", str(path))
        assert code == 2 and says in err
    path.write_text("buffer_ms = 60000\nstop_after_hold = false\n")
    wanted = ("--role", "camera", "--policy", str(path), "--force", "MPS", "--no-wait")
    code, _, err = desk.run("provision", desk.unit("C1"), *wanted)
    assert code == 0, err
    assert desk.units["C1"].held.policy.buffer_ms == 60_000 and not desk.units["C1"].held.policy.stop_after_hold


def test_the_only_unit_in_range_is_the_unit(team):
    del team.units["C1"]
    (told,) = team.json("status")
    assert (told["serial"], told["role"], told["number"], told["battery_mv"]) == ("H1", "holster", 1, 3900)
    assert set(told) == STATUS_NAMES
    team.units["H1"].clock = None  # its uptime is the event loop's, which begins anew with each command
    (synced,) = team.json("sync")
    assert set(synced) == {"serial", "name", "was_off_ms", "uncertainty_ms", "rtt_ms"}
    assert "revision 1" in team.run("status")[1] and "right within" in team.run("sync", "H1", "--jump")[1]


def test_several_units_are_listed_for_scripts_and_offered_to_people(team, monkeypatch):
    code, _, err = team.run("status")
    assert code == 2 and "C1, H1" in err and "interlock status C1" in err
    monkeypatch.setattr(sys, "stdin", Terminal("2\n"))
    monkeypatch.setattr("typer.prompt", lambda *_, **__: 2)
    code, out, err = team.run("status")
    assert code == 0 and "holster 1" in out and "front [desk]" in err
    assert [told["serial"] for told in team.json("status", "C1", "H1", "C1")] == ["C1", "H1"]


def test_pull_takes_all_own_units_in_range(team):
    done = team.json("pull")
    assert [(unit["serial"], unit["failure"], unit["findings"]) for unit in done] == [
        ("C1", None, []),
        ("H1", None, []),
    ]
    assert set(done[0]) == PULL_NAMES


def test_a_pull_that_is_not_complete_is_code_3_and_says_what_is_safe(team):
    del team.units["H1"]
    (gone, here) = team.json("pull", "H1", "C1", code=3)
    assert gone["failure"] and gone["advice"] and here["failure"] is None
    code, out, _ = team.run("pull", "H1", "C1")
    assert code == 3 and "not complete" in out and "H1 was not heard" in out


def test_findings_are_code_1(team):
    team.json("pull", "H1")
    team.units["H1"].fill(3000)
    code, out, _ = team.run("pull", "H1")
    assert code == 1 and "overwritten" in out


def test_no_own_unit_in_range_is_code_3(team):
    team.units.clear()
    team.unit("X1")
    code, _, err = team.run("pull")
    assert code == 3 and "X1: not in this vault" in err


def test_an_unknown_unit_is_code_2(team):
    code, _, err = team.run("status", "H7")
    assert code == 2 and "H7 is not in the vault" in err and "C1, H1" in err


def test_a_technicians_vault_pulls_and_refuses_the_rest(team, tmp_path):
    lent = tmp_path / "laptop"
    done = team.lend("PC7", lent, "--days", "3")
    assert (done["person"], done["units"], done["home"]) == ("PC7", 2, str(lent))
    code, _, err = team.run("credentials", "PC7", "--out", str(lent))
    assert code == 2 and "already" in err
    home, team.home = team.home, lent
    assert team.run("pull")[0] == 0
    assert team.json("status", "H1")[0]["name"] == "holster 1"
    for arguments in (("pair", "H1", "C1"), ("credentials", "PC8", "--out", str(tmp_path / "x"))):
        code, _, err = team.run(*arguments)
        assert code == 2 and "PC7's vault" in err
    code, _, err = team.run("--as", "PC8", "pull")
    assert code == 2 and "not of PC8" in err
    team.home = home


def test_ctrl_c_is_answered_and_safe(team):
    def interrupt(_):
        raise KeyboardInterrupt

    team.on_link = interrupt
    for arguments in (("pull", "H1"), ("pair", "H1", "C1"), ("sync", "H1")):
        code, _, err = team.run(*arguments)
        assert code == 130 and "interrupted" in err and "Traceback" not in err
    team.on_link = lambda _: None
    assert team.run("pull", "H1")[0] == 0 and team.run("pair", "H1", "C1")[0] == 0


def test_no_secret_is_ever_printed(desk):
    text = desk.unit("H1")
    said = desk.run("provision", text, "--role", "holster", "--force", "MPS", "--signing", "h5")
    said += desk.run("provision", text, "--role", "camera")
    said += desk.run("provision", text, "--role", "holster")
    said += desk.run("status", "H1", "--json") + desk.run("pull", "--json")
    everything = "".join(map(str, said))
    entry = json.loads(desk.vault().files.read(desk.home / "vault/units/H1.json"))
    secrets = (text.rpartition(":")[2], entry["unit_key"], entry["admin"]["key"], entry["technician_root"])
    for secret in (*secrets, *entry["seal_keys"]):
        assert secret not in everything


def test_progress_goes_to_standard_error_now_and_then(team, monkeypatch):
    from host_tools.commands import pull

    monkeypatch.setattr(pull, "LINE_S", 0.0)
    team.units["H1"].fill(300)
    code, out, err = team.run("pull", "H1")
    assert code == 0 and "of 3" in err and "KiB/s" in err and "KiB/s" not in out


@pytest.mark.parametrize(
    "command",
    [
        *("scan", "provision", "pair", "status", "sync", "pull", "checkpoint", "credentials", "verify", "report"),
        *("simulate", "assign", "mode", "rotate", "revoke", "replace", "policy show", "policy set", "policy diff"),
    ],
)
def test_every_command_explains_itself(desk, command):
    code, out, _ = desk.run(*command.split(), "--help")
    assert code == 0 and "--json" in out and len(out) > 500


def test_what_nobody_foresaw_is_code_3_and_json_without_the_errors_own_text(team):
    def broken(_):
        raise RuntimeError("IL1:H1:SECRET")

    team.on_link = broken
    code, out, err = team.run("status", "H1", "--json")
    told = json.loads(out)["error"]
    assert code == told["code"] == 3 and "RuntimeError in test_commands.py, line" in told["happened"]
    assert "Traceback" not in err and "SECRET" not in out + err


@pytest.mark.parametrize(
    "arguments",
    [
        ("roster", "import", "~nosuchuser/x.csv"),
        ("labels", "add", "@~nosuchuser/x"),
        ("provision", "--roles", "~nosuchuser/x.csv", "--all"),
        ("labels", "add", "x" * 300),
        ("provision", "x" * 300),
    ],
)
def test_what_names_no_file_is_told_in_words(team, arguments):
    code, _, err = team.run(*arguments)
    assert code in (1, 2) and "error in this program" not in err and "x" * 40 not in err


def test_a_name_that_the_console_has_no_letters_for_is_shown_all_the_same(team, monkeypatch, tmp_path):
    path = tmp_path / "roster.csv"
    row = "PC1,\u0141\u00f3d\u017a,H1,C1,2026-05-31 06:00,2026-05-31 14:00"
    path.write_text(f"officer,team,holster,camera,from,to\n{row}\n", encoding="utf-8")
    assert team.run("roster", "import", str(path), "--tz", "UTC")[0] == 0
    with monkeypatch.context() as console:
        console.setattr("sys.stdout", stdout := io.TextIOWrapper(shown := io.BytesIO(), encoding="ascii"))
        code = team.run("roster", "show", "--at", "2026-05-31T07:00Z")[0]
        stdout.flush()
    assert code == 0 and b"\\u0141" in shown.getvalue()


def test_a_unit_of_the_store_is_named_by_its_serial_in_any_case(team):
    assert team.run("pull")[0] == 0
    (alone,) = team.json("verify", "h1")
    assert alone["serial"] == "H1" and alone["file"] is None and alone["verdict"] == "intact"
    assert [told["serial"] for told in team.json("verify", "C1", "H1")] == ["C1", "H1"]
    code, _, err = team.run("verify", "H9")
    assert code == 2 and "H9" in err
