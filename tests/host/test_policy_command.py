"""The force's policy: one for all, refused where no unit could run with it, brought to whoever comes into range."""

import json

import pytest

from host_tools.vault.vault import Vault
from interlock.core import records, settings
from interlock.core.reading import Reading

DEFAULT = settings.DEFAULT_POLICY._asdict()


def policies(team):
    return {serial: unit.held.policy for serial, unit in team.units.items()}


def test_the_default_is_shown_and_every_figure_is(team):
    shown = team.json("policy", "show")
    assert shown == {"version": 1, "policy": DEFAULT}
    code, out, _ = team.run("policy", "show")
    assert code == 0 and all(name in out for name in DEFAULT) and "journal, own, group" in out


def test_figures_reach_all_units_in_range_and_each_is_a_record_old_and_new(team):
    done = team.json("policy", "set", "hold_ms=60000", "covert=true", "on_draw=own")
    assert (done["version"], done["changed"], done["missing"], done["failures"]) == (2, True, [], [])
    assert [(visit["serial"], visit["what"]) for visit in done["visits"]] == [("C1", ["policy"]), ("H1", ["policy"])]
    for policy in policies(team).values():
        assert (policy.hold_ms, policy.covert, policy.on_draw) == (60000, True, settings.REACH_OWN)
    noted = [r.fields() for r in Reading(team.units["H1"].journal_flash).records if r.kind == records.POLICY]
    assert (settings.Policy._fields.index("hold_ms"), 30000, 60000) in noted and len(noted) == 3
    assert team.json("policy", "show")["policy"] == DEFAULT | {"hold_ms": 60000, "covert": True, "on_draw": 1}
    again = team.json("policy", "set", "hold_ms=60000")
    assert (again["version"], again["changed"], again["visits"]) == (2, False, [])


def test_what_changes_is_said_old_and_new_and_odd_figures_are_warned_of_and_set(team):
    code, out, err = team.run("policy", "set", "hold_ms=60000")
    assert code == 0 and "hold_ms: 30000 -> 60000" in out and "Warning" not in err
    odd = ("heard_limit_ms=9000", "start_limit_ms=4000", "hold_ms=4999", "on_draw=own")
    code, out, err = team.run("policy", "set", *odd)
    assert code == 0 and "on_draw: group -> own" in out and "hold_ms: 60000 -> 4999" in out
    assert "heard_limit_ms (9000) is above start_limit_ms (4000)" in err and "hold_ms = 4999" in err
    assert "on_draw below group: this does not satisfy" in err and err.count("Warning") == 3
    done = team.json("policy", "set", "covert=true")
    assert (done["was"]["covert"], done["policy"]["covert"], done["policy"]["hold_ms"]) == (False, True, 4999)


def test_a_unit_out_of_range_gets_it_with_its_next_visit_and_diff_says_so(team):
    away = team.units.pop("H1")
    code, out, _ = team.run("policy", "set", "hold_ms=60000")
    assert code == 0 and "Not reached yet: H1" in out
    (camera, holster) = team.json("policy", "diff")
    assert (camera["exceptions"], camera["pending"], camera["is_known"]) == ({}, {}, True)
    assert holster["pending"] == {"hold_ms": [30000, 60000]} and holster["exceptions"] == {}
    code, out, _ = team.run("policy", "diff")
    assert "hold_ms is 30000 and is to be 60000" in out and "C1 (front [desk]): as the force's policy" in out
    team.units["H1"] = away
    assert team.json("policy", "set")["missing"] == []
    assert away.held.policy.hold_ms == 60000 and "H1 (holster 1): as" in team.run("policy", "diff")[1]


def test_a_units_own_figures_stay_but_for_those_that_are_named(team, tmp_path):
    path = tmp_path / "policy.toml"
    path.write_text("buffer_ms = 120000\nhold_ms = 90000\non_draw = 'own'\n")
    text = team.unit("C2")
    wanted = ("provision", text, "--role", "camera", "--policy", str(path), "--signing", "none")
    assert team.run(*wanted)[0] == 0
    team.json("policy", "set", "hold_ms=60000")
    policy = team.units["C2"].held.policy
    assert (policy.buffer_ms, policy.hold_ms, policy.on_draw) == (120000, 60000, settings.REACH_OWN)
    assert team.json("policy", "diff", "C2")[0]["exceptions"] == {"buffer_ms": 120000, "on_draw": 1}
    assert "buffer_ms = 120000 of its own; on_draw = own of its own" in team.run("policy", "diff", "C2")[1]


def test_a_unit_that_is_set_up_later_gets_the_forces_policy(team, tmp_path):
    team.json("policy", "set", "hold_ms=60000")
    path = tmp_path / "policy.toml"
    path.write_text("buffer_ms = 120000\n")
    assert team.run("provision", team.unit("C2"), "--role", "camera", "--signing", "none")[0] == 0
    more = ("--policy", str(path), "--signing", "none")
    assert team.run("provision", team.unit("C3"), "--role", "camera", *more)[0] == 0
    assert team.units["C2"].held.policy.hold_ms == team.units["C3"].held.policy.hold_ms == 60000
    assert team.units["C3"].held.policy.buffer_ms == 120000


@pytest.mark.parametrize(
    ("figures", "says"),
    [
        (("renew_ms=0",), "renew_ms = 0: it must be"),
        (("ready_every_ms=1000",), "ready_every_ms = 1000"),
        (("on_discharge=journal",), "on_discharge"),
        (("on_arm=own", "on_draw=group"), "on_"),
        (("hold=1",), "no policy has 'hold'"),
        (("hold_ms",), "'hold_ms' cannot be ''"),
        (("hold_ms=soon",), "'hold_ms' cannot be 'soon'"),
        (("hold_ms=true",), "'hold_ms' cannot be True"),
        (("covert=1",), "'covert' cannot be 1"),
        (("hold_ms=-1",), "'hold_ms' cannot be '-1'"),
    ],
)
def test_what_no_unit_can_run_with_is_refused_and_the_figure_named(team, figures, says):
    before = (team.home / "vault" / "force.json").read_bytes()
    code, out, err = team.run("policy", "set", *figures)
    assert code == 2 and says in err and out == ""
    assert (team.home / "vault" / "force.json").read_bytes() == before
    assert set(policies(team).values()) == {settings.DEFAULT_POLICY}


def test_a_figure_that_does_not_fit_a_units_own_is_refused_with_its_name(team, tmp_path):
    path = tmp_path / "policy.toml"
    path.write_text("on_draw = 'own'\non_arm = 'own'\n")
    wanted = ("provision", team.unit("C2"), "--role", "camera", "--policy", str(path), "--signing", "none")
    assert team.run(*wanted)[0] == 0
    code, _, err = team.run("policy", "set", "on_draw=group")
    assert code == 2 and "C2: policy on_arm" in err
    assert {serial: policy.on_draw for serial, policy in policies(team).items()} == {"H1": 2, "C1": 2, "C2": 1}
    assert team.json("policy", "show")["version"] == 1


def test_a_unit_is_asked_whether_it_holds_what_it_confirmed(team):
    unit = team.units["H1"]
    assert team.json("policy", "diff", "H1")[0]["is_known"]
    strange = unit.held._replace(revision=9, policy=unit.held.policy._replace(hold_ms=1))
    settings.store(unit.settings_flash, strange)
    unit.held = strange  # as another copy of the vault would have it
    assert not team.json("policy", "diff", "H1")[0]["is_known"]
    assert "not known" in team.run("policy", "diff", "H1")[1]


def test_a_unit_whose_visit_fails_is_code_3_and_the_others_get_it(team, monkeypatch):
    monkeypatch.setattr("host_tools.flows.bring.PATIENCE_S", 0.0)
    monkeypatch.setattr(team.units["H1"], "commit", lambda *_: 14)
    done = team.json("policy", "set", "hold_ms=60000", code=3)
    assert [failed["serial"] for failed in done["failures"]] == ["H1"] and done["missing"] == ["H1"]
    assert team.units["C1"].held.policy.hold_ms == 60000
    monkeypatch.undo()


def test_a_change_cut_short_in_the_vault_is_done_by_saying_it_again(team, monkeypatch):
    saved = []

    def fail(self, entry, save=Vault.save_unit):
        if len(saved) == 1:
            raise KeyboardInterrupt
        saved.append(entry.serial)
        save(self, entry)

    monkeypatch.setattr(Vault, "save_unit", fail)
    assert team.run("policy", "set", "hold_ms=60000")[0] == 130
    monkeypatch.setattr(Vault, "save_unit", fail.__defaults__[0])
    assert saved == ["C1"] and team.json("policy", "show")["version"] == 1
    done = team.json("policy", "set", "hold_ms=60000")
    assert done["version"] == 2 and {policy.hold_ms for policy in policies(team).values()} == {60000}


def test_a_technician_has_no_policy(team, tmp_path):
    team.lend("PC7", tmp_path / "laptop")
    home, team.home = team.home, tmp_path / "laptop"
    for arguments in (("show",), ("set", "hold_ms=1"), ("diff",)):
        code, _, err = team.run("policy", *arguments)
        assert code == 2 and "PC7's vault" in err
    team.home = home


def test_a_policy_of_an_older_vault_lacks_figures_and_gets_their_defaults(team):
    vault = team.vault()
    unit, force = vault.path / "units" / "H1.json", vault.path / "force.json"
    values = json.loads(vault.files.read(unit))
    del values["policy"]["cancel_ms"], values["held"]
    with vault.locked():
        vault.files.write(unit, json.dumps(values).encode())
        values = json.loads(vault.files.read(force))
        for name in ("policy", "policy_version", "epoch", "group_change"):
            del values[name]
        vault.files.write(force, json.dumps(values).encode())
    assert team.json("policy", "show") == {"version": 1, "policy": DEFAULT}
    assert not team.json("policy", "diff")[1]["is_known"]
    assert team.json("policy", "set")["missing"] == [] and team.json("policy", "diff")[1]["is_known"]
