"""Whoever has the store, a stolen unit, a host's clock or a person's name lies: it is found, and said what it is."""

import html
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from interlock.core import camera, frames, holster, records

from .adversary import careful, made, payload_of, taken_apart
from .exports import sum_anew
from .lies import (
    TRUTH,
    Day,
    Force,
    as_event,
    figures,
    findings,
    forged,
    honest,
    number_where,
    serial_of,
    tampered,
    uptime_of,
    with_present_key,
)

HOUR_MS = 3_600_000
RECORDS = records.RECORDER, records.pack(records.RECORDER, camera.RECORDING, 1, 1, 0, 300)
"""A camera unit's record of a recorder that is on."""


def journal(report: dict[str, Any], serial: str) -> str:
    (found,) = [unit["journal"] for unit in report["units"] if unit["serial"] == serial]
    return str(found)


def test_a_force_that_tells_the_truth_has_no_finding(tmp_path: Path) -> None:
    force = Force(tmp_path).pulled().with_vault()
    assert {serial: unit["verdict"] for serial, unit in force.verified().items()} == dict.fromkeys(
        ("C1", "C2", "H1", "H2"), "intact"
    )
    report = force.reported()
    assert report["findings"] == [] and figures(report) == TRUTH


# The store, and files that are imported.


def test_a_record_edited_in_the_store_is_named(tmp_path: Path) -> None:
    """A discharge that nobody recorded is made an arming."""
    force = Force(tmp_path).pulled().with_vault()
    number = force.day.secret
    raw = as_event(taken_apart(force.day.h1.file()).raws[number], frames.ARM)
    tampered(force.store_place, ("UPDATE records SET raw = ? WHERE serial = 'H1' AND sequence = ?", (raw, number)))
    assert force.verified()["H1"]["findings"][0]["text"].startswith(f"altered at record {number} ")
    report = force.reported()
    assert f"altered at record {number} " in findings(report, "H1")[0] and journal(report, "H1") == "altered"
    # The figure itself says so, not only a list below.
    assert "There are findings (unit H1)" in force.words("report")


@pytest.mark.parametrize(
    ("event", "flags"),
    [(frames.ARM, 0), (frames.DISCHARGE, holster.FLAG_FUNCTION_TEST)],
    ids=["an arming", "a function test"],
)
def test_a_record_edited_by_somebody_who_knows_every_format_is_named(tmp_path: Path, event: int, flags: int) -> None:
    """A discharge that nobody recorded is made something else."""
    day = honest()
    raw = as_event(taken_apart(day.h1.file()).raws[day.secret], event, flags)
    force = Force(tmp_path).pulled(H1=forged(day.h1, day.secret, raw).file()).with_vault()
    (found,) = [finding["text"] for finding in force.verified()["H1"]["findings"]]
    assert f"record {day.secret} does not fit its seal" in found
    assert findings(force.reported(), "H1") == [found]
    assert "There are findings (unit H1)" in force.words("report")
    page = html.unescape((force.desk.home / "report" / "report.html").read_text(encoding="utf-8"))
    assert f"record {day.secret} does not fit its seal" in page


def test_even_without_the_vaults_keys_such_an_edit_does_not_pass(tmp_path: Path) -> None:
    """Its signatures went, too: what the cameras noted of its journal stays."""
    day = honest()
    raw = as_event(taken_apart(day.h1.file()).raws[day.secret], frames.ARM)
    force = Force(tmp_path).pulled(H1=forged(day.h1, day.secret, raw).unsigned().file())
    assert force.verified()["H1"]["verdict"] in ("contradicted", "rolled back")
    assert any("C1" in text for text in findings(force.reported(), "H1"))


def test_a_damaged_file_is_not_taken_and_an_edited_one_neither_replaces_the_truth_nor_passes(tmp_path: Path) -> None:
    force = Force(tmp_path).pulled().with_vault()
    day = force.day
    crude, careful_one = tmp_path / "crude.ilj", tmp_path / "careful.ilj"
    found = taken_apart(day.h1.file())
    raw = as_event(found.raws[day.secret], frames.ARM)
    crude.write_bytes(day.h1.file().replace(found.raws[day.secret], raw))
    careful_one.write_bytes(forged(day.h1, day.secret, raw).file())
    refused = force.desk.run("import", crude)
    assert refused.exit_code == 1 and "crude.ilj was not taken" in " ".join(refused.output.split())
    assert figures(force.reported()) == TRUTH
    assert force.desk.run("import", careful_one).exit_code == 1
    report = force.reported()
    assert any(f"the first is {day.secret}" in text for text in findings(report, "H1"))
    # What each of the two tells from there on is counted: the truth does not go away.
    assert figures(report)[1] == TRUTH[1] and figures(report)[2] >= TRUTH[2]


def test_records_cut_off_at_the_end_are_missed(tmp_path: Path) -> None:
    """The whole last use is cut off, and the ends that docks noted are adapted."""
    day = honest()
    whole = taken_apart(day.h1.file())
    cut = replace(whole, raws=whole.raws[: number_where(day.h1, records.EVENT, 8)])
    force = Force(tmp_path).pulled(H1=cut.file()).with_vault()
    (found,) = [f["text"] for f in force.verified()["H1"]["findings"] if f["outcome"] == "truncated tail"]
    assert found.startswith(f"the journal ends before record {len(cut.raws)}, but C1 ")
    report = force.reported()
    assert found in findings(report, "H1") and "There are findings (unit H1)" in force.words("report")


def test_a_record_taken_out_of_the_middle_leaves_a_named_gap(tmp_path: Path) -> None:
    force = Force(tmp_path).pulled().with_vault()
    number = force.day.secret
    tampered(force.store_place, ("DELETE FROM records WHERE serial = 'H1' AND sequence = ?", (number,)))
    texts = [finding["text"] for finding in force.verified()["H1"]["findings"]]
    assert any(text.startswith(f"record {number} is missing, and no record of the unit") for text in texts)
    report = force.reported()
    assert any(text.startswith(f"record {number} is missing") for text in findings(report, "H1"))
    assert any("Uses may have been in them that nobody counted" in note for note in report["notes"])


def test_a_record_taken_out_with_all_numbers_closed_up_is_named(tmp_path: Path) -> None:
    day = honest()
    force = Force(tmp_path).pulled(H1=forged(day.h1, day.secret, None).file()).with_vault()
    assert f"record {day.secret} does not fit its seal" in force.verified()["H1"]["findings"][0]["text"]
    assert journal(force.reported(), "H1") == "altered"


# Clocks.


@pytest.mark.parametrize("serial", ["H1", "C1"])
@pytest.mark.parametrize("stepped_ms", [HOUR_MS, -24 * HOUR_MS], ids=["an hour ahead", "a day back"])
def test_a_clock_stepped_by_a_host_is_named_and_no_verdict_gains_by_it(
    tmp_path: Path, serial: str, stepped_ms: int
) -> None:
    force = Force(tmp_path, Day({serial: stepped_ms})).pulled().with_vault()
    number = number_where(next(unit for unit in force.day.units if serial_of(unit) == serial), records.CLOCK, 1)
    report = force.reported()
    assert any(f"the clock was set at record {number} " in text for text in findings(report, serial))
    (unit,) = [unit for unit in report["units"] if unit["serial"] == serial]
    assert unit["clock"] == "contradictory"
    total, before, unwitnessed = figures(report)
    assert (total, before) == TRUTH[:2] and unwitnessed <= TRUTH[2]
    assert all(event["verdict"] != "before" for use in (force.day.secret, force.day.last) for event in force.why(use))


@pytest.mark.parametrize("serial", ["H1", "C1"])
def test_a_clock_set_to_a_time_before_there_were_such_units_is_named_and_does_not_count(
    tmp_path: Path, serial: str
) -> None:
    force = Force(tmp_path, Day({serial: -6 * 365 * 24 * HOUR_MS})).pulled().with_vault()
    number = number_where(next(unit for unit in force.day.units if serial_of(unit) == serial), records.CLOCK, 1)
    report = force.reported()
    (found,) = findings(report, serial)
    assert f"record {number} sets the clock to 2019-10-" in found and found.endswith("it does not count")
    assert figures(report) == TRUTH


def test_a_clock_set_to_a_time_that_was_still_to_come_when_it_was_pulled_is_named(tmp_path: Path) -> None:
    force = Force(tmp_path, Day({"H2": 30 * 24 * HOUR_MS})).pulled().with_vault()
    assert any("after it was pulled" in text for text in findings(force.reported(), "H2"))


# Journals that are withheld.


def test_a_camera_whose_journal_is_withheld_is_named_and_proves_nothing(tmp_path: Path) -> None:
    force = Force(tmp_path).pulled("C1").with_vault()
    report = force.reported()
    assert journal(report, "C1") == "not pulled" and any("unit C1" in note for note in report["notes"])
    (told,) = force.why(force.day.secret)
    assert (told["verdict"], told["own_verdict"]) == ("indeterminate", "indeterminate")
    assert "C1" in json.dumps(told["own_ground"])
    # What it acknowledged on the air, its weapon knows.
    assert figures(report)[1] == TRUTH[1]


def test_a_camera_that_nobody_here_knows_but_others_speak_of_is_missed(tmp_path: Path) -> None:
    """Without a vault: that there is a unit 2 only the others' journals say."""
    force = Force(tmp_path).pulled("C1")
    (told,) = force.why(force.day.last)
    assert told["verdict"] == "indeterminate", told["reason"]
    assert "unit 2" in json.dumps(told["ground"])


@pytest.mark.parametrize("has_vault", [True, False], ids=["the vault knows it", "nobody here knows it"])
def test_a_weapon_whose_journal_is_withheld_is_missed_by_the_cameras_that_heard_it(
    tmp_path: Path, has_vault: bool
) -> None:
    force = Force(tmp_path).pulled("H1")
    name = "unit H1" if has_vault else "unit 1"
    if has_vault:
        force.with_vault()
    report = force.reported()
    for serial, count in (("C1", 12), ("C2", 8)):
        assert any(
            text.startswith(f"it heard {count} triggers of {name}, of which nothing was pulled")
            for text in findings(report, serial)
        ), findings(report, serial)
    assert figures(report)[0] == 1


# Units that are there twice.


def test_two_units_with_one_serial_are_named_and_both_are_counted(tmp_path: Path) -> None:
    force = Force(tmp_path).pulled().with_vault()
    other = Day(begins_ms=77_000)
    for _ in range(2):
        other.use(other.h1, other.c1, is_recorded=False)
    force.pull(other.h1, other.h1.file())
    report = force.reported()
    texts = findings(report, "H1")
    assert any("two units, or a copied one, may have answered as H1" in text for text in texts), texts
    assert force.verified()["H1"]["verdict"] in ("rolled back", "cloned", "altered", "contradicted")
    assert figures(report)[0] > TRUTH[0] and figures(report)[1] <= 2 * TRUTH[1]


def test_a_unit_whose_memory_was_put_back_is_named_and_both_stories_are_counted(tmp_path: Path) -> None:
    """The officer has the last use away: the morning's memory is put back, and the unit goes on."""
    day = Day()
    force = Force(tmp_path, day).pulled().with_vault()
    day.h1.restore(day.morning["H1"])
    day.h1.clock = day.world.clock(60_000)  # type: ignore[assignment]
    day.use(day.h1, day.c2, is_recorded=False)
    force.pull(day.h1, day.h1.file())
    assert force.verified()["H1"]["verdict"] == "rolled back"
    report = force.reported()
    assert any("the unit told two stories from record " in text for text in findings(report, "H1"))
    assert figures(report)[0] == TRUTH[0] + 1 and figures(report)[1] == TRUTH[1]


# Exports.


def test_a_figure_edited_in_an_export_is_named_when_it_is_reckoned_again(tmp_path: Path) -> None:
    force, folder = Force(tmp_path).pulled().with_vault(), tmp_path / "audit"
    assert force.desk.run("export", "--audit", folder).exit_code == 0
    honest_one = force.desk.run("report", "--recompute", folder)
    assert honest_one.exit_code == 0, honest_one.output
    report = json.loads((folder / "report.json").read_bytes())
    report["headline"]["discharges"] |= {"before": 4, "unwitnessed": 0}
    (folder / "report.json").write_text(json.dumps(report), encoding="utf-8")
    sum_anew(folder)
    again = force.desk.run("report", "--recompute", folder)
    said = " ".join(again.output.split())
    assert again.exit_code == 1 and "headline.discharges.before" in said and "headline.discharges.unwitnessed" in said


def test_a_journal_edited_in_an_export_is_named_when_it_is_reckoned_again(tmp_path: Path) -> None:
    force, folder = Force(tmp_path).pulled().with_vault(), tmp_path / "audit"
    assert force.desk.run("export", "--audit", folder).exit_code == 0
    day = force.day
    raw = as_event(taken_apart(day.h1.file()).raws[day.secret], frames.ARM)
    (file,) = [path for path in folder.rglob("*.ilj") if taken_apart(path.read_bytes()).header.serial == day.h1.serial]
    file.write_bytes(forged(day.h1, day.secret, raw).file())
    sum_anew(folder)
    again = force.desk.run("report", "--recompute", folder)
    assert again.exit_code == 1 and "H1" in again.output, again.output


# The vault, and a stolen camera.


def test_names_swapped_between_two_cameras_deceive_no_verdict_and_the_serial_stands_beside(tmp_path: Path) -> None:
    """A name is a label that the force gives; nothing but the serial is bound to a journal."""
    force = Force(tmp_path).pulled().with_vault(C1={"name": "unit C2"}, C2={"name": "unit C1"})
    report = force.reported()
    assert figures(report) == TRUTH
    (told,) = force.why(force.day.secret - 10)
    assert "C1" in {cited["serial"] for cited in told["own_ground"]["cited"]} | {told["own_camera"]}


def test_numbers_swapped_between_two_cameras_are_named(tmp_path: Path) -> None:
    force = Force(tmp_path).pulled().with_vault(C1={"number": 3}, C2={"number": 2})
    told = force.verified()
    for serial in ("C1", "C2"):
        assert told[serial]["findings"], serial
    report = force.reported()
    assert findings(report, "C1") and findings(report, "C2")


def test_a_recording_that_is_put_into_a_cameras_journal_later_is_named_and_wins_nothing(tmp_path: Path) -> None:
    """By somebody who has the journal and every format, and no key."""
    day = honest()
    found = taken_apart(day.c1.file())
    place = number_where(day.c1, records.HEARD, 4)
    on = made(found.raws[place], 0, *RECORDS)
    force = Force(tmp_path).pulled(C1=careful(found, [*found.raws[:place], on, *found.raws[place:]]).file())
    force.with_vault()
    assert f"record {place} does not fit its seal" in force.verified()["C1"]["findings"][0]["text"]
    report = force.reported()
    assert journal(report, "C1") == "altered" and figures(report)[1] == TRUTH[1]
    for told in (*force.why(day.secret), *force.why(day.last)):
        assert told["verdict"] == told["own_verdict"] == "indeterminate", told["reason"]
        assert "altered" in told["ground"]["condition"] and "C1" in {one["serial"] for one in told["ground"]["cited"]}


@pytest.mark.parametrize("left_out", [(), ("C1",)], ids=["its camera's journal is here", "it is withheld"])
def test_an_ack_that_is_put_into_a_weapons_journal_later_is_named_and_wins_nothing(
    tmp_path: Path, left_out: tuple[str, ...]
) -> None:
    day = honest()
    found = taken_apart(day.h1.file())
    discharge = records.unpack(records.EVENT, payload_of(found.raws[day.secret])).counter
    acks = [
        made(
            found.raws[place],
            0,
            records.ACK,
            records.pack(records.ACK, day.c1.number, counter, frames.PROVEN << 4, since_ms, 30, bytes(4)),
        )
        for place, counter, since_ms in ((day.secret, discharge - 1, 1000), (day.secret + 1, discharge, 1010))
    ]
    raws = [*found.raws[: day.secret], acks[0], found.raws[day.secret], acks[1], *found.raws[day.secret + 1 :]]
    force = Force(tmp_path).pulled(*left_out, H1=careful(found, raws).file()).with_vault()
    assert f"record {day.secret} does not fit its seal" in force.verified()["H1"]["findings"][0]["text"]
    report = force.reported()
    assert journal(report, "H1") == "altered" and figures(report)[1] == TRUTH[1]
    (told,) = force.why(day.secret + 1)
    assert told["verdict"] != "before" and told["own_verdict"] != "before", told["ground"]


def test_a_thief_who_seals_a_recording_anew_is_contradicted_by_what_the_weapon_noted(tmp_path: Path) -> None:
    """A stolen camera unit tells its present key: with it, what came after the last change of keys can be written anew.
    But the weapon has noted beginnings of the true chain values."""
    day = honest()
    place = number_where(day.c1, records.HEARD, 8)
    at_ms = uptime_of(taken_apart(day.c1.file()).raws[place]) - 3000
    forged_one = with_present_key(day.c1, place, [(*RECORDS, at_ms)])
    force = Force(tmp_path).pulled(C1=forged_one.file()).with_vault()
    texts = [finding["text"] for finding in force.verified()["C1"]["findings"]]
    assert texts and all("H1" in text for text in texts), texts
    report = force.reported()
    assert journal(report, "C1") == "contradictory" and figures(report)[1] == TRUTH[1]
    (told,) = force.why(day.last)
    assert told["verdict"] == told["own_verdict"] == "indeterminate", told["ground"]
