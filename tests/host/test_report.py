"""The report: every use and its verdict, what limits the figures, and a page that says what the JSON says."""

from pathlib import Path

from host_tools.commands.report import from_store
from host_tools.reporting import html as report_html
from host_tools.reporting import report as reporting
from host_tools.reporting.report import Held, build, unpulled
from interlock.core import frames, records
from interlock.core.settings import ROLE_CAMERA, ROLE_HOLSTER

from .books import OTHER, OWN, Book, holster, own, used
from .report_shift import DISCHARGE, HOUR, Page, T, filled, held, made, shift, shift_report, verdicts

# Verdicts and figures.


def test_every_use_has_its_verdict_of_any_and_of_the_own_camera() -> None:
    report = shift_report()
    assert verdicts(report) == [
        ("late", "late"),
        ("before", "before"),
        ("before", "before"),
        ("unwitnessed", "unwitnessed"),
    ]
    first, second = report.uses
    draw, _, discharge = first.events
    assert draw.late_by_ms is not None and draw.late_by_u_ms is not None and draw.buffer_covers is True
    assert abs(draw.late_by_ms - 925) <= draw.late_by_u_ms < 100
    assert discharge.camera == discharge.own_camera == f"UNIT{OWN}" and discharge.witnesses == [f"UNIT{OTHER}"]
    assert first.own_cameras == [f"UNIT{OWN}"] and first.lasted_ms == 10_000
    assert second.events[0].alerts == ["camera not heard"] and second.events[0].camera is None
    assert first.began.utc_ms == T + 10_000 and first.began.u_ms is not None and first.began.u_ms < 30


def test_the_headline_counts_discharges_with_arms_and_draws_beside() -> None:
    headline = shift_report().headline
    assert (headline.discharges.total, headline.discharges.before, headline.discharges.own_before) == (1, 1, 1)
    assert (headline.arms.total, headline.arms.before) == (1, 1)
    draws = headline.draws
    assert (draws.total, draws.before, draws.late, draws.late_covered, draws.unwitnessed) == (2, 0, 1, 1, 1)


def test_uses_without_any_clock_are_shown_by_boot_and_time_since_its_start() -> None:
    weapon = holster()
    for _ in range(2):
        weapon.reboot()
    report = made(held(used(weapon, 724_000, 5)), own_of={})
    began = report.uses[0].began
    assert began.text.startswith("boot 3, 12:04 after start") and began.utc_ms is None
    assert began.not_after_ms == T + 10 * HOUR, "it was over when it was read"


def test_a_camera_whose_journal_ends_before_the_use_proves_no_absence() -> None:
    weapon, camera, _ = shift()
    early = held(camera, read_ms=T + HOUR // 2)
    report = made(held(weapon), early)
    assert verdicts(report)[-1] == ("indeterminate", "indeterminate")
    assert f"UNIT{OWN}" in report.uses[1].events[0].own_reason
    assert [own for _, own in verdicts(report)[:3]] == ["late", "before", "before"], "these are proven"
    assert [any_ for any_, _ in verdicts(report)[:3]] == ["indeterminate", "before", "before"]
    assert f"unit {OTHER}" in report.uses[0].events[0].reason, "it said that it records: maybe before the draw, too"


def test_without_clocks_a_camera_read_well_after_the_weapon_covers_what_the_weapon_had_told() -> None:
    weapon, camera = used(holster(), 10_000, 5), own().tally(0, False)
    assert verdicts(made(held(weapon, T), held(camera, T + 60_000))) == [("unwitnessed", "unwitnessed")]
    assert verdicts(made(held(weapon, T), held(camera, T - 60_000))) == [("indeterminate", "indeterminate")]


def test_a_gap_far_from_the_use_does_not_spoil_its_verdict() -> None:
    weapon = used(holster().clock(0, T), 5 * HOUR, 5)
    camera = own().clock(0, T).tally(10, False).skip(3).tally(HOUR, True).tally(HOUR + 9000, False)
    near = own().clock(0, T).tally(10, False).skip(3).tally(6 * HOUR, True).tally(6 * HOUR + 9000, False)
    for book, expected in ((camera, "unwitnessed"), (near, "indeterminate")):
        journal = gapped(held(used(Book(OWN, ROLE_CAMERA), 0, 1)), book)
        assert verdicts(made(held(weapon), journal)) == [(expected, expected)]


def gapped(like: Held, book: Book) -> Held:
    """The journal with the ring's gap, as the store would give it."""
    from dataclasses import replace

    return replace(like, records=tuple(book.records))


def test_recordings_of_other_days_do_not_cloud_a_use_that_nobody_heard() -> None:
    weapon = used(holster().clock(0, T), 5 * HOUR, 5)
    camera = own().tally(10_000, True).tally(20_000, False)
    camera.base_ms = 0
    camera.reboot().clock(1000, T)
    assert verdicts(made(held(weapon), held(camera))) == [("unwitnessed", "unwitnessed")]


def test_a_paired_camera_that_was_never_pulled_leaves_the_verdict_open_and_is_named() -> None:
    report = made(held(used(holster().clock(0, T), 10_000, 5)), unpulled("CAM2", OWN, ROLE_CAMERA, "Camera 2"))
    assert verdicts(report) == [("indeterminate", "indeterminate")]
    assert "Camera 2" in report.uses[0].events[0].reason
    assert any("Camera 2" in note for note in report.notes)
    assert [(unit.name, unit.journal, unit.last_pull) for unit in report.units][1] == (
        "Camera 2",
        "not pulled",
        "never",
    )


def test_where_pairs_are_not_known_the_own_verdict_is_left_open_and_said_so() -> None:
    report = build([held(book) for book in shift()], None, made_ms=T + 20 * HOUR)
    assert {own for _, own in verdicts(report)} == {"indeterminate"}
    assert [any_ for any_, _ in verdicts(report)] == ["late", "before", "before", "indeterminate"]
    assert report.uses[-1].events[0].ground.row == "own-unknown", "which journals should be here is not known either"
    assert report.uses[0].own_cameras is None and any("not known here" in note for note in report.notes)
    assert report.owns_unknown and "are officers' own is not known here" in " ".join(report_html.render(report).split())


def test_an_altered_camera_journal_never_proves_absence() -> None:
    weapon, camera, _ = shift()
    from dataclasses import replace

    journal = replace(held(camera), altered="x", findings=("altered: record 3: x",))
    report = made(held(weapon), journal)
    assert verdicts(report)[-1] == ("indeterminate", "indeterminate")
    assert report.findings[0].text == "altered: record 3: x" and report.units[1].journal == "altered"


def test_what_was_certainly_before_the_day_is_left_out_and_what_may_be_later_is_not() -> None:
    report = made(*(held(book) for book in shift()), since_ms=T + HOUR // 2)
    assert len(report.uses) == 1 and report.headline.discharges.total == 0 and not report.sessions
    untimed = made(held(used(holster(), 0, 5)), since_ms=T + 9 * HOUR)
    assert len(untimed.uses) == 1, "it may have been a minute before it was pulled"


# Sessions, findings, units.


def test_sessions_say_who_did_what_when_and_refusals_are_among_them() -> None:
    book = holster().clock(0, T).session(1000).at(90_000, records.REFUSED, 5, 3)
    book.at(99_000, records.SESSION, 1, b"ADMIN1  ", 4).reboot()
    granted, refused, cut = made(held(book)).sessions
    assert (granted.person, granted.credential, granted.lasted_ms) == ("PC1234", "technician", 900)
    assert granted.did == ["status", "ping", "pull"] and granted.pulled_to == 2 and granted.at.utc_ms == T + 1000
    assert refused.refused == 3 and refused.ended == "wrong secret" and refused.person is None
    assert (cut.person, cut.credential, cut.ended) == ("ADMIN1", "admin", None)


def test_clocks_that_contradict_themselves_are_findings() -> None:
    report = made(held(holster().clock(0, T).clock(10, T + HOUR)))
    assert report.units[0].clock == "contradictory" and "clock was set" in report.findings[0].text


def test_two_units_under_one_number_are_a_finding_and_neither_is_left_out() -> None:
    double = used(holster(), 50_000, 9)
    report = made(held(used(holster(), 10_000, 5)), reporting.from_verdict("TWIN", "Twin", double.verdict(), T))
    assert len(report.uses) == 2 and {use.version for use in report.uses} == {1}
    assert any("number 1" in finding.text for finding in report.findings)


def test_the_store_gives_the_report_that_the_journals_give(tmp_path: Path) -> None:
    store = filled(tmp_path / "s.sqlite", shift())
    report = from_store(store, None, T + 20 * HOUR)
    assert [any_ for any_, _ in verdicts(report)] == ["late", "before", "before", "indeterminate"]
    assert [unit.journal for unit in report.units] == ["intact"] * 3 and not report.findings
    assert [unit.last_pull_utc_ms for unit in report.units] == [T + 10 * HOUR] * 3


def test_uses_that_only_a_rolled_back_version_tells_are_counted_and_marked(tmp_path: Path) -> None:
    book = holster().clock(0, T)
    common = len(book.records)
    used(book, 10_000, 5, DISCHARGE)
    store = filled(tmp_path / "s.sqlite", [book])
    back = used(holster().clock(0, T), 70_000, 5)
    store.add(back.serial, common, back.chains[common], back.raws[common:], epoch=0, by="PC1", utc_ms=T + 11 * HOUR)
    report = from_store(store, None, T + 20 * HOUR)
    assert sorted((use.version, len(use.events)) for use in report.uses) == [(1, 1), (2, 2)]
    assert report.headline.discharges.total == 1, "the discharge was not made away with"
    differing = sum(a != b for a, b in zip(book.raws[common:], back.raws[common:], strict=False))
    assert report.units[0].journal == "contradictory" and report.units[0].conflicts == differing > 0
    assert any("second version" in note for note in report.notes)


def test_a_use_that_was_found_out_at_boot_has_no_verdict_but_a_place() -> None:
    weapon = holster().event(10, frames.OUT, 5).event(9000, frames.REHOLSTER, 6)
    report = made(held(weapon))
    assert report.uses[0].events == [] and "found out of its holster" in Page(report_html.render(report)).text


ROLES = ROLE_HOLSTER | ROLE_CAMERA


def test_a_combined_unit_is_its_own_camera() -> None:
    unit = Book(7, ROLES).clock(0, T).tally(0, False).tally(9000, True)
    used(unit, 10_000, 5, DISCHARGE).tally(40_000, False)
    assert verdicts(made(held(unit), own_of={})) == [("before", "before")] * 2
    silent = used(Book(7, ROLES).clock(0, T).tally(0, False), 10_000, 5)
    assert verdicts(made(held(silent), own_of={})) == [("unwitnessed", "unwitnessed")]


def test_an_end_that_a_host_noted_an_hour_too_late_covers_nothing_and_is_named(tmp_path: Path) -> None:
    """Its clock was ahead: a later pull is noted before it."""
    camera = own().clock(0, T).tally(10, False).session(HOUR)
    first = len(camera.records)
    camera.session(HOUR + 300_000)
    store = filled(tmp_path / "s.sqlite", [used(holster().clock(0, T), HOUR + 1_800_000, 5)])
    store.learn_unit(camera.serial, camera.unit, camera.role, camera.serial)
    store.add(camera.serial, 0, camera.chains[0], camera.raws, epoch=0, by="PC1", utc_ms=T + HOUR + 301_000)
    store.note_head(camera.serial, first, camera.chains[first], utc_ms=T + 2 * HOUR)
    store.note_head(camera.serial, len(camera.raws), camera.chains[-1], utc_ms=T + HOUR + 301_000)
    journals = [reporting.from_store(store.journal(serial)) for serial in ("UNIT1", "UNIT2")]
    report = made(*journals)
    assert verdicts(report) == [("indeterminate", "indeterminate")]
    assert report.units[1].last_pull_utc_ms == T + HOUR + 301_000
    (finding,) = report.findings
    assert "is noted 3297.000 s or more after the later one" in finding.text and finding.serial == "UNIT2"


def died(begin_ms: int, is_back: bool = True) -> str:
    """The row of a draw at 10 s whose unit dies at 15 s; its camera begins then, and is read 10 h later. The next day
    somebody puts the weapon back."""
    weapon = holster().clock(0, T).event(10_000, frames.DRAW, 5).ack(10_040, 5, frames.HEARD).alert(15_000, 1)
    if is_back:
        weapon.reboot().clock(1000, T + 5 * HOUR).event(2000, frames.REHOLSTER, 6)
    camera = own().clock(0, T).tally(500, False).heard(10_010, 5)
    if begin_ms:
        camera.tally(begin_ms, True).tally(begin_ms + 60_000, False)
    (event,) = made(held(weapon, T + 6 * HOUR), held(camera, T + 10 * HOUR)).uses[0].events
    return event.ground.row


def test_of_a_weapon_whose_unit_died_out_of_its_holster_nobody_knows_until_when_a_recording_is_late() -> None:
    assert died(24_000) == "late", "within 10 s of the last that is known"
    assert died(70_000) == "return-unknown"
    assert died(6 * HOUR) == "no-recording", "it was back by 5 h"
    assert died(0) == "no-recording"
    assert died(0, is_back=False) == "not-covered", "nobody knows until when nothing should have been recorded"
    assert died(6 * HOUR, is_back=False) == "return-unknown"
