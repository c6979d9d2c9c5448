"""What people and scripts are told by the commands for keys in service and shifts: what is in force, who is missing,
what a lost unit can still do."""

import pytest

from interlock.core import wire

from .test_commands import HOLSTER

ROTATION = {"epoch", "step", "lagging"}


def clockless(team):
    """Units' uptime is the event loop's, which begins anew with each command."""
    for unit in team.units.values():
        unit.clock = None
    return team


def test_a_shift_is_assigned_and_cleared(team):
    assert team.json("pair", "H1", "C1", "--spare")["spare"]
    assert "a spare pair already" in team.run("pair", "H1", "C1")[1]
    done = clockless(team).json("assign", "H1", "C1", "--officer", "PC77", "--hours", "8")
    assert done["officer"] == "PC77"
    assert [(unit["serial"], unit["partner"], unit["was"]) for unit in done["units"]] == [
        ("C1", "H1", None),
        ("H1", "C1", None),
    ]
    (told,) = team.json("status", "H1")
    assert told["assigned"] == "C1" and told["assigned_until_s"] == done["units"][1]["until_s"]
    assert "C1, until" in team.run("status", "H1")[1]
    code, out, _ = clockless(team).run("assign", "H1", "C1", "--officer", "PC77", "--until", "06:00")
    assert code == 0 and "H1: C1, until" in out and "06:00" in out and "For PC77" in out
    code, out, _ = team.run("assign", "H1", "--clear")
    assert code == 0 and "H1: none is assigned" in out and "C1: none is assigned" in out
    assert not team.json("pair", "H1", "C1", "--paired")["spare"]
    assert "are a pair already" in team.run("pair", "H1", "C1")[1]


def test_what_cannot_be_assigned_is_told_with_the_remedy(team):
    code, _, err = team.run("assign", "H1", "C1", "--officer", "PC77")
    assert code == 2 and "interlock pair H1 C1 --spare" in err
    code, _, err = team.run("assign", "C1", "H1", "--officer", "PC77")
    assert code == 2 and "not a holster" in err
    code, _, err = team.run("assign", "H1", "C1", "--officer", "PC77", "--until", "6", "--hours", "2")
    assert code == 2 and "the same thing" in err


def test_a_mode_is_entered_and_told(team):
    assert team.json("mode", "H1", "mute", "--seconds", "60") == {"serial": "H1", "mode": "mute", "flags": []}
    code, out, _ = team.run("mode", "H1", "normal")
    assert code == 0 and "H1: normal" in out
    code, _, err = team.run("mode", "C1", "mute")
    assert code == 2 and "Modes are of holsters" in err


def test_a_mode_that_is_refused_is_told_with_its_limit(team, monkeypatch):
    monkeypatch.setattr(team.units["H1"], "set_mode", lambda *_: wire.BAD_MODE)
    code, _, err = team.run("mode", "H1", "test", "--seconds", "900")
    assert code == 3 and "H1 refused mode test for 900 s" in err and "60 s at most (test_ms)" in err
    assert "no holster unit in service" in team.run("mode", "H1", "normal")[2]
    team.json("policy", "set", "mute_ms=0")
    assert "does not allow this mode" in team.run("mode", "H1", "mute")[2]


def test_advice_names_what_was_meant(team):
    assert "Do you mean H1 (holster 1)?" in team.run("status", "holter 1")[2]
    assert [told["serial"] for told in team.json("status", "h1", "Front [desk]", "H1")] == ["H1", "C1"]
    code, _, err = team.run("assign", "H1", "C1", "--officer", "CONSTABLE7")
    assert code == 2 and "--officer PC1234" in err and "--as" not in err


def test_a_rotation_says_how_far_it_is_and_whom_it_waits_for(team):
    away = team.units.pop("C1")
    code, out, err = team.run("rotate")
    assert code == 0 and "A rotation begins" in out and "learn the next key" in out and "Missing for that: C1" in out
    assert "interlock rotate again" in out and "H1: took new settings (group key: accepts old and new)" in err
    assert team.json("rotate")["rotation"] == {"epoch": 1, "step": "accept", "lagging": ["C1"]}
    code, out, _ = team.run("rotate", "C1")
    assert code == 3 and "C1: C1 was not heard" in out
    team.units["C1"] = away
    code, out, err = team.run("rotate")
    assert (
        code == 0 and "Finished the rotation that was under way" in out and "epoch 2, and no unit takes another" in out
    )
    steps = ("C1: took new settings (group key: accepts", "(group key: sends under the new one", "dropped the old one)")
    assert all(step in err for step in steps)
    team.units.pop("C1")
    done = team.json("rotate", "--leave-behind")
    assert set(done) == {"begun", "rotation", "visits", "failures", "missing"} and set(done["rotation"]) == ROTATION
    assert done["begun"] and done["rotation"] == {"epoch": 3, "step": "settled", "lagging": ["C1"]}
    code, out, _ = team.run("rotate", "--leave-behind")
    assert code == 0 and "Left behind: C1. Until its next visit" in out and "deaf and mute to the group" in out


def test_a_revocation_says_what_the_lost_unit_can_still_do(team):
    team.json("pair", "H1", "C1")
    stolen, holster = team.units.pop("C1"), team.units.pop("H1")
    code, out, _ = team.run("revoke", "C1", "--yes")
    assert code == 0 and "Revoked: C1" in out and "be taken for a partner by H1" in out
    assert "read the group's frames and start" in out and "Not reached yet: H1" in out
    done = team.json("revoke")
    (exposure,) = done.pop("exposures")
    assert exposure == {"serial": "C1", "partners": ["H1"], "forgeable": [], "group": ["H1"]}
    assert set(done) == {"serials", "rotation", "visits", "failures", "missing"}
    team.units["H1"] = holster
    code, out, _ = team.run("revoke")
    assert code == 0 and "No unit takes a key that they know" in out and "Not reached" not in out
    assert "revoked: C1" in team.run("policy", "diff")[1]
    team.units["C1"] = stolen
    heard = {unit["serial"]: unit["is_revoked"] for unit in team.json("scan")}
    assert heard == {"C1": True, "H1": False} and "(revoked)" in team.run("scan")[1]
    assert team.json("status", "C1")[0]["is_revoked"] and "revoked" in team.run("status", "C1")[1]
    assert "revoked" not in team.run("status", "H1")[1]
    assert team.json("pull", "C1")[0]["failure"] is None, "it was found: its journal is evidence"
    code, _, err = team.run("pair", "H1", "C1")
    assert code == 2 and "C1 is revoked" in err


def test_a_replacement_says_which_pairs_are_made(team):
    team.json("pair", "H1", "C1")
    assert team.run("provision", team.unit("H2"), *HOLSTER, "--signing", "none")[0] == 0
    new = team.units.pop("H2")
    code, out, _ = team.run("replace", "H1", "H2", "--yes")
    assert code == 0 and "H2 and C1 are to be a pair" in out and "Revoked: H1" in out
    team.units["H2"] = new
    code, out, _ = team.run("replace", "H1", "H2")
    assert code == 0 and "H2 and C1 are a pair." in out
    done = team.json("replace", "H1", "H2")
    assert (done["old"], done["new"], done["pairs"], done["unfinished"]) == ("H1", "H2", [["H2", "C1"]], [])
    code, _, err = team.run("replace", "C1", "H2")
    assert code == 2 and "replaced by one of its role" in err


@pytest.mark.parametrize("command", [("revoke", "H1"), ("replace", "H1", "H2")])
def test_what_cannot_be_undone_is_asked_first_and_refused_without_a_terminal(team, monkeypatch, command):
    team.json("pair", "H1", "C1")
    assert team.run("provision", team.unit("H2"), *HOLSTER, "--signing", "none")[0] == 0
    before = vault_of(team)
    code, out, err = team.run(*command)
    assert code == 2 and out == "" and "partners: C1" in err and "--yes" in err and vault_of(team) == before
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    asked = []
    answers = iter([False, True])
    monkeypatch.setattr("typer.confirm", lambda question, err: (asked.append(question), next(answers))[1])
    code, out, err = team.run(*command)
    assert code == 2 and "not confirmed" in err and vault_of(team) == before
    assert team.run(*command)[0] == 0 and asked == ["Revoke H1?"] * 2
    assert team.run(*command)[0] == 0, "what is revoked already is not asked again"


@pytest.mark.parametrize(
    "command",
    [
        *(("rotate", "H9"), ("rotate", "H1", "H9", "--leave-behind"), ("revoke", "H9", "--yes")),
        *(("replace", "H1", "H9", "--yes"), ("replace", "H9", "H1", "--yes"), ("replace", "H1", "C1", "--yes")),
        *(("policy", "set", "hold_ms=60000", "hold=1"), ("policy", "set", "hold_ms=60000", "renew_ms=0")),
    ],
)
def test_nothing_is_written_before_the_arguments_are_known_to_be_good(team, command):
    before = vault_of(team)
    code, out, _ = team.run(*command)
    assert code == 2 and out == "" and vault_of(team) == before


def vault_of(team):
    found = (team.home / "vault").rglob("*.json")
    return {path: path.read_bytes() for path in found if path.name != "log.json"}  # each use is noted


def test_none_is_revoked_and_that_is_said(team):
    code, out, _ = team.run("revoke")
    assert code == 0 and "No unit is revoked" in out


def test_keys_in_service_are_never_printed(team):
    team.json("pair", "H1", "C1")
    away = team.units.pop("C1")
    said = team.run("rotate") + team.run("rotate", "--json")
    team.units["C1"] = away
    del team.units["H1"]
    said += team.run("revoke", "H1", "--yes") + team.run("revoke", "--json") + team.run("policy", "diff")
    everything = "".join(map(str, said))
    files = "".join(team.vault().files.read(path).decode() for path in team.vault().files.secrets())
    secrets = {word.strip('",') for word in files.split() if len(word.strip('",')) >= 64}
    assert len(secrets) > 10 and not [secret for secret in secrets if secret in everything]


def test_what_was_brought_is_in_the_chain_of_custody(team):
    from host_tools.store.store import Store

    team.json("rotate")
    store = Store.open(team.home / "journals.sqlite")
    noted = [(row.what, row.detail) for row in store.custody_of("H1")]
    store.close()
    assert noted[-3:] == [("settings", f"revision {number}: group key") for number in (2, 3, 4)]
