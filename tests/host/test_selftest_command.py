"""`interlock selftest` and `interlock identify` against model units: what people and programs are told, and what is
noted."""

import asyncio

from host_tools.outcome import Exit
from interlock.core import records, selftest, wire
from interlock.core.reading import Reading

from .schemas import conforms


def conforming(command, told):
    conforms(command, told)
    return told


def outcomes(told):
    return {part["name"]: part["outcome"] for part in told["parts"]}


def test_a_sound_unit_passes_and_the_test_is_noted_in_its_journal_and_in_the_store(team):
    (told,) = conforming("selftest", team.json("selftest", "C1"))
    assert outcomes(told) == {
        **dict.fromkeys(("sensors", "battery", "flash", "radio", "recorder"), "passed"),
        "signal": "skipped",
    }
    assert (told["complete"], told["start_ms"], told["stop_ms"], told["cell_mv"]) == (True, 900, 40, 3900)
    (told,) = team.json("selftest", "H1")
    assert outcomes(told)["recorder"] == "skipped" and told["start_ms"] is None
    code, out, _ = team.run("selftest", "C1")
    assert code == 0 and "C1 (front [desk])" in out and "passed, tally on 900 ms after the press" in out


def test_what_failed_is_told_with_advice_and_is_the_exit_code(team):
    team.units["C1"].findings = {selftest.RECORDER: selftest.NO_TALLY, selftest.BATTERY: selftest.CELL_LOW}
    (told,) = team.json("selftest", "C1", code=Exit.FINDINGS)
    (recorder,) = [part for part in told["parts"] if part["name"] == "recorder"]
    assert recorder["outcome"] == "failed" and recorder["detail"] == selftest.FINDING_NAMES[selftest.NO_TALLY]
    code, out, _ = team.run("selftest", "C1")
    assert code == Exit.FINDINGS and "battery: Charge it" in out and "the tally's wire is the one to mend" in out


def test_a_recorder_that_could_not_be_tried_since_its_tally_is_on_is_not_fit(team):
    team.units["C1"].findings = {selftest.RECORDER: selftest.RECORDING}
    (told,) = team.json("selftest", "C1", code=Exit.FINDINGS)
    assert outcomes(told)["recorder"] == "skipped" and told["complete"]
    code, out, _ = team.run("selftest", "C1")
    assert code == Exit.FINDINGS and "--stands-by proves it" in out
    team.json("selftest", "H1")  # what a unit does not have is no matter


def test_only_who_says_that_the_camera_stands_by_has_its_recorder_tried_though_the_tally_is_on(team):
    team.json("selftest", "C1")
    team.json("selftest", "C1", "--stands-by")
    asked = [one.fields().parts for one in journal(team.units["C1"]) if one.kind == records.SELF_TEST]
    assert [bool(parts & selftest.STANDS_BY) for parts in asked] == [False, False, True, True]
    assert all(parts & selftest.RECORDER for parts in asked)


def test_a_finding_of_newer_firmware_is_said_by_its_number_and_fails(team):
    team.units["C1"].findings = {selftest.FLASH: 99}
    (told,) = team.json("selftest", "C1", code=Exit.FINDINGS)
    assert [part["detail"] for part in told["parts"] if part["name"] == "flash"] == ["finding 99, of newer firmware"]


def test_several_units_are_tested_one_after_another(team):
    told = team.json("selftest", "H1", "C1")
    assert [unit["serial"] for unit in told] == ["H1", "C1"]


def test_a_unit_that_was_tested_too_often_says_so_with_advice(team):
    team.units["C1"].tests_left = 0
    code, _, err = team.run("selftest", "C1")
    assert code == Exit.DEVICE and "too often" in err and "Wait" in err


def test_a_link_that_is_lost_in_the_middle_is_made_anew_and_begins_no_second_test(team):
    links = []

    def cut(link):
        links.append(link)
        if len(links) == 1:
            asyncio.get_running_loop().call_later(1.0, link.drop)

    team.on_link = cut
    unit = team.units["C1"]
    left = unit.tests_left
    (told,) = team.json("selftest", "C1")
    assert outcomes(told)["recorder"] == "passed" and len(links) == 2
    assert unit.tests_left == left - 1


def test_both_ask_under_a_technicians_credential(team):
    team.json("selftest", "C1")
    team.json("identify", "C1")
    fields = [record.fields() for record in journal(team.units["C1"]) if record.kind == records.SESSION]
    assert [each.credential for each in fields[-2:]] == [wire.TECHNICIAN] * 2


def journal(unit):
    return Reading(unit.journal_flash).records


def test_a_unit_is_asked_to_blink_and_says_how(team):
    (told,) = conforming("identify", team.json("identify", "H1", "--seconds", "30", "--quiet"))
    assert told == {"serial": "H1", "name": told["name"], "seconds": 30, "light": True, "buzz": False}
    assert team.units["H1"].shown == (30, wire.BY_LIGHT)
    code, out, _ = team.run("identify", "H1")
    assert code == 0 and "blinks and buzzes for 10 s" in out
    code, out, _ = team.run("identify", "H1", "--seconds", "0")
    assert code == 0 and "dark again" in out


def test_more_seconds_than_a_unit_takes_are_refused_at_once(team):
    code, _, err = team.run("identify", "H1", "--seconds", "121")
    assert code == Exit.USAGE and "120" in err
