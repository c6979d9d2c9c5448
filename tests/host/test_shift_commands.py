"""`roster`, `pair` and `assign` as people type them."""

import io
from pathlib import Path

import pytest

from host_tools.commands.times import at_s
from host_tools.flows.assign import assign
from host_tools.flows.pair import pair
from host_tools.flows.shift import take_up
from host_tools.flows.spares import make_spares
from host_tools.outcome import ToolError
from host_tools.store import said
from host_tools.store.store import Store
from interlock.core import selftest

from .flow_world import lend, world_copy
from .shift_pairs import DUTIES, UNTIL_S, in_service


@pytest.fixture(scope="module")
def ready(tmp_path_factory):
    return in_service(tmp_path_factory.mktemp("shift"))


@pytest.fixture
def world(ready, tmp_path):
    return world_copy(ready, tmp_path / "world")


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def team(team):
    """Model units count from the beginning of each command's own loop, so their clocks are new at each link."""
    team.on_link = lambda link: setattr(link.unit, "clock", None)
    return team


@pytest.fixture
def roster(team, tmp_path):
    """A team, and its roster around this host's now."""
    import time

    now_s = int(time.time())

    def lines(*rows):
        def text(seconds):
            return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))

        table = [f"{o},red,{u},{text(now_s + a * 3600)},{text(now_s + b * 3600)}" for o, u, a, b in rows]
        path = tmp_path / "roster.csv"
        path.write_text("\n".join(["officer,team,unit,from,to", *table]))
        return str(path)

    team.lines, team.now_s = lines, now_s
    team.store = lambda: Store.open(team.home / "journals.sqlite", read_only=True)
    return team


def test_from_a_table_to_units_that_count_on_each_other(roster):
    path = roster.lines(("PC1", "H1", -1, 7), ("PC1", "front [desk]", -1, 7))
    assert roster.json("roster", "import", path, "--dry-run")["added"] == 2
    done = roster.json("roster", "import", path)
    assert (done["added"], done["withdrawn"], done["rows"]) == (2, 0, 2)
    assert roster.json("roster", "import", path)["added"] == 0
    shown = roster.json("roster", "show")
    assert [duty["officer"] for duty in shown["duties"]] == ["PC1"] and not shown["duties"][0]["handed_out"]
    code, out, _ = roster.run("roster", "apply")
    assert code == 3 and "do not hold each other's keys" in out and "0 of 1 pairs" in out
    done = roster.json("roster", "spares")
    assert [pair["state"] for pair in done["pairs"]] == ["made"]
    code, out, err = roster.run("roster", "apply")
    assert code == 0 and "1 of 1 pairs are in force" in out and "PC1: H1 and C1, until" in err, out + err
    (handed,) = roster.json("roster", "apply")["handed"]
    assert handed["outcome"] == "already"
    shown = roster.json("roster", "show", "--check")
    assert shown["duties"][0]["handed_out"] and shown["duties"][0]["says"] == {"holster": "C1", "camera": "H1"}
    assert "the same" in roster.run("roster", "show", "--check")[1]
    roster.units["C1"].assigned = (0, 0, 0, bytes(8))
    code, out, _ = roster.run("roster", "show", "--check")
    assert code == 1 and "C1: nobody" in out


def test_a_new_version_of_a_roster_takes_the_place_of_the_old_one(roster):
    roster.json("roster", "import", roster.lines(("PC1", "H1", -1, 7), ("PC1", "C1", -1, 7)))
    path = roster.lines(("PC2", "H1", -1, 7), ("PC2", "C1", -1, 7))
    code, _, err = roster.run("roster", "import", path)
    assert code == 2 and "PC1 has C1, and so has PC2 (with the roster that stands)" in err
    code, _, err = roster.run("roster", "import", path, "--replace")
    assert code == 2 and "2 rows of 1 officer will stand no more: PC1" in err and "--yes" in err
    assert [duty["officer"] for duty in roster.json("roster", "show")["duties"]] == ["PC1"], "nothing was asked"
    assert roster.json("roster", "import", path, "--replace", "--dry-run")["withdrawn"] == 2
    done = roster.json("roster", "import", path, "--replace", "--yes")
    assert (done["added"], done["withdrawn"], [row["officer"] for row in done["gone"]]) == (2, 2, ["PC1", "PC1"])
    assert [duty["officer"] for duty in roster.json("roster", "show")["duties"]] == ["PC2"]
    code, _, err = roster.run("roster", "withdraw", "--officer", "pc2", "--yes")
    assert code == 2 and "no row of pc2" in err and "Do you mean PC2?" in err
    code, _, err = roster.run("roster", "withdraw", "--unit", "H7", "--yes")
    assert code == 2 and "H7 is not in the vault" in err
    assert roster.run("roster", "withdraw")[0] == 2, "it asks first"
    assert roster.json("roster", "withdraw", "--unit", "holster 1", "--yes") == {"withdrawn": 1}
    assert roster.json("roster", "withdraw", "--unit", "c1", "--yes") == {"withdrawn": 1}
    assert roster.json("roster", "show")["duties"] == []


def test_a_new_version_leaves_other_teams_and_what_began_before_alone(roster, tmp_path):
    quick = ("--role", "camera", "--signing", "none")
    assert roster.run("provision", roster.unit("C2"), *quick)[0] == 0
    night = roster.lines(("PC9", "C1", -9, -1))
    roster.json("roster", "import", night)
    roster.json("roster", "import", red := roster.lines(("PC1", "H1", -1, 7), ("PC1", "C1", -1, 7)))
    blue = tmp_path / "blue.csv"
    blue.write_text(Path(roster.lines(("PC5", "C2", -1, 7))).read_text().replace(",red,", ",blue,"))
    roster.json("roster", "import", str(blue))
    earlier = roster.lines(("PC1", "H1", -2, 7), ("PC1", "C1", -2, 7))
    code, _, err = roster.run("roster", "import", earlier, "--replace", "--yes")
    assert code == 2 and "and so has PC" in err and "PC9" in err and "(with the roster that stands)" in err
    roster.lines(("PC1", "H1", -1, 7), ("PC1", "C1", -1, 7))
    done = roster.json("roster", "import", red, "--replace")
    assert (done["added"], done["withdrawn"], done["gone"]) == (0, 0, []), "the same file: nothing to ask"
    out = roster.run("roster", "import", roster.lines(("PC1", "C1", -1, 7)), "--replace", "--yes")[1]
    assert "1 row of others (blue) stands beside it as before" in out
    store = roster.store()
    assert sorted((row.officer, row.serial) for row in store.roster()) == [("PC1", "C1"), ("PC5", "C2"), ("PC9", "C1")]
    store.close()


def test_a_replacement_that_is_cut_leaves_the_old_roster(roster, monkeypatch):
    roster.json("roster", "import", roster.lines(("PC1", "H1", -1, 7), ("PC1", "C1", -1, 7)))
    path = roster.lines(("PC2", "H1", -1, 7), ("PC2", "C1", -1, 7))
    say, calls = said.say_roster, []

    def cut(*arguments):
        calls.append(arguments)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return say(*arguments)

    monkeypatch.setattr(said, "say_roster", cut)
    assert roster.run("roster", "import", path, "--replace", "--yes")[0] == 130 and len(calls) == 2
    assert [duty["officer"] for duty in roster.json("roster", "show")["duties"]] == ["PC1"]


def test_what_is_due_soon_is_handed_out_ahead_and_what_does_not_resolve_is_code_1(roster):
    path = roster.lines(("PC1", "H1", 1, 7), ("PC1", "C1", 1, 7))
    roster.json("roster", "import", path)
    assert roster.json("roster", "apply") | {"at_s": 0} == {"at_s": 0, "handed": [], "problems": []}
    roster.json("roster", "spares")
    (handed,) = roster.json("roster", "apply", "--ahead", "90")["handed"]
    assert (handed["officer"], handed["outcome"]) == ("PC1", "assigned")
    roster.json("revoke", "C1", "--yes", code=0)
    found = roster.json("roster", "apply", "--ahead", "90", code=1)
    assert found["handed"] == [] and "not in service here" in found["problems"][0]["text"]


def test_nothing_of_a_wrong_table_is_imported(roster):
    code, _, err = roster.run("roster", "import", roster.lines(("PC1", "H1", -1, 7), ("PC9", "C7", -1, 7)))
    assert code == 2 and "line 2: PC1 has the holster H1 and no camera" in err and "line 3: C7 is not in" in err
    assert roster.json("roster", "show")["rows"] == 0


def test_pair_and_assign_take_the_two_in_range(team):
    assert team.json("pair")["visits"] == ["H1", "C1"]
    done = team.json("assign", "--officer", "PC7")
    assert [unit["serial"] for unit in done["units"]] == ["C1", "H1"] and done["recorder"] is None
    assert team.json("assign", "h1", "FRONT [DESK]", "--officer", "PC8")["officer"] == "PC8"
    assert team.json("assign", "holster 1", "--clear")["officer"] is None


@pytest.mark.parametrize("finding", [selftest.RECORDING, selftest.NO_TALLY])
def test_a_camera_that_does_not_pass_its_check_is_code_1(roster, finding):
    roster.json("pair")
    roster.json("roster", "import", roster.lines(("PC1", "H1", -1, 7), ("PC1", "C1", -1, 7)))
    assert roster.json("roster", "apply", "--check")["handed"][0]["recorder"] == "passed"
    assert roster.json("assign", "--officer", "PC7", "--check")["recorder"]["outcome"] == "passed"
    roster.units["C1"].findings = {selftest.RECORDER: finding}
    roster.json("roster", "apply", "--check", code=1)
    roster.json("assign", "--officer", "PC7", "--check", code=1)


def test_a_check_that_was_refused_says_nothing_of_the_recorder(roster):
    roster.json("pair")
    roster.units["C1"].tests_left = 0
    told = roster.json("assign", "--officer", "PC7", "--check", code=1)["recorder"]
    assert told["outcome"] == "skipped" and "too often" in told["detail"]


def test_pair_prefers_those_that_are_in_no_pair_and_lists_several(team, monkeypatch):
    team.json("pair")
    quick = ("--role", "camera", "--signing", "none")
    assert team.run("provision", team.unit("C2"), *quick)[0] == 0
    assert team.json("pair", "H1")["camera"] == "C2", "C1 is in a pair already"
    assert team.run("provision", team.unit("C3"), *quick)[0] == 0
    assert team.run("provision", team.unit("C4"), *quick)[0] == 0
    code, _, err = team.run("pair", "H1")
    assert code == 2 and "2 camera units are in range: C3, C4" in err
    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("typer.prompt", lambda *_, **__: "c4")
    code, out, err = team.run("pair", "H1")
    assert code == 0 and "H1 and C4 are a pair" in out, err
    del team.units["H1"]
    code, _, err = team.run("pair")
    assert code == 3 and "no holster of this vault is in range" in err


def test_what_is_in_force_may_be_checked_as_often_as_one_likes(roster):
    roster.json("pair")
    roster.json("roster", "import", roster.lines(("PC1", "H1", -1, 7), ("PC1", "C1", -1, 7)))
    left = roster.units["C1"].tests_left
    for _ in range(left + 2):
        assert roster.json("roster", "apply", "--check")["handed"][0]["recorder"] == "passed"
    assert roster.units["C1"].tests_left == left - 1
    roster.json("assign", "--officer", "PC7", "--check")
    assert roster.units["C1"].tests_left == left - 2, "who asks for one pair has it tried"


def test_who_is_left_behind_by_a_new_pair_is_named(world):
    world.do(make_spares, [("H1", "C2")])
    assert world.do(assign, "H2", "C2", "PC2", UNTIL_S).notes == ()
    (note,) = world.do(assign, "H1", "C2", "PC1", UNTIL_S).notes
    assert "C2 was H2's until now, and H2 may count on it still" in note
    assert world.do(assign, "H1", "C2", "PC1", UNTIL_S).notes == ()


@pytest.mark.parametrize("off_s", [48, -48])
def test_a_clock_that_a_technician_may_not_set_is_told_and_noted(world, off_s):
    world.do(assign, "H1", "C1", "PC1", UNTIL_S)
    uptime_ms, utc_ms = world.units["H1"].clock
    world.units["H1"].clock = (uptime_ms, utc_ms + off_s * 1000)
    lent = lend(world, "PC7")
    (handed,) = world.do(take_up, [DUTIES[0]._replace(to_s=UNTIL_S + 60)], vault=lent, person="PC7")
    assert handed.outcome == "assigned"
    assert f"H1's clock is 48 s {'ahead' if off_s > 0 else 'behind'}" in handed.notes[0]

    async def noted(bench):
        return [row.detail for row in bench.store.custody_of("H1") if row.what == "clock off"]

    (detail,) = world.do(noted)
    assert int(detail.split()[0]) == pytest.approx(off_s * 1000, abs=500) and "left as it is" in detail
    world.units["H1"].clock = (uptime_ms, utc_ms + 70_000)
    (handed,) = world.do(take_up, DUTIES[:1], vault=lent, person="PC7")
    assert handed.outcome == "failed"


def test_pair_alone_gives_nobody_a_second_partner(team):
    team.json("pair")
    assert team.run("provision", team.unit("C2"), "--role", "camera", "--signing", "none")[0] == 0
    both = team.units.pop("C1")
    code, _, err = team.run("pair")
    assert code == 2 and "H1 is in a pair with C1 already" in err and "interlock pair H1 C2" in err
    team.units["C1"] = both
    del team.units["C2"]
    assert team.json("pair")["already"], "a pair that exists is looked at again"


def test_a_time_of_day_is_todays_and_others_are_written_out():
    import datetime

    now = datetime.datetime(2026, 5, 30, 18, 0).astimezone()
    now_ms = int(now.timestamp() * 1000)
    assert at_s(None, now_ms) == now_ms // 1000
    assert at_s("06:00", now_ms) == int(datetime.datetime(2026, 5, 30, 6).astimezone().timestamp())
    assert at_s("2026-05-31T06:00Z", now_ms) == 1780207200
    with pytest.raises(ToolError, match="is no time"):
        at_s("dawn", now_ms)


def test_pairs_of_either_kind_are_spares_enough(world):
    world.do(pair, "H1", "C2")
    (spare,) = world.do(make_spares, [("H1", "C2")]).pairs
    assert spare.state == "already" and not world.vault.pair("H1", "C2").spare
