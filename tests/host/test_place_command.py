"""`interlock place` against model units: what a fitter and programs are told while the weapon is moved."""

from host_tools.cell import percent
from host_tools.outcome import Exit
from host_tools.words import in_words
from interlock.core import lines, records, wire
from interlock.core.settings import ROLE_HOLSTER

from .schemas import conforms
from .tester_model import STILL

IN = STILL._replace(bits=lines.ON | lines.SEEN_ON)
MOVED = wire.PlacedLine(lines.SEEN_ON | lines.SEEN_OFF, 1, 1, 6, 800, 800, 3, wire.PLACED_NONE)
REST = [STILL] * 4


def test_a_placement_ends_once_both_contacts_of_the_seat_moved(team):
    unit = team.units["H1"]
    unit.placed = [(True, [IN, STILL, *REST]), (True, [MOVED, STILL, *REST]), (True, [MOVED, MOVED, *REST])]
    told = team.json("place", "H1")
    conforms("place", told)
    assert (told["ended"], told["passed"]) == ("seen", True)
    closes = told["lines"][0]
    assert closes["name"] == "seat_closes" and closes["seen_on"] and closes["seen_off"]
    assert (closes["closes"], closes["opens"], closes["edges"], closes["shortest_ms"]) == (1, 1, 6, 800)
    assert told["lines"][2]["longest_ms"] is told["lines"][2]["moved_s"] is told["lines"][2]["counts"] is None


def test_a_contact_that_did_not_move_is_told_and_is_the_exit_code(team):
    unit = team.units["H1"]
    unit.placed = [(True, [MOVED, STILL, *REST]), (False, [MOVED, STILL, *REST])]
    code, out, _ = team.run("place", "H1")
    assert code == Exit.FINDINGS and "Its time is over." in out and "Not seen both ways: seat, opens." in out
    assert "4" in out, "edges beyond its changes are bounces"


def test_a_line_that_is_noisy_is_a_finding_though_both_contacts_moved(team):
    noisy = STILL._replace(bits=lines.SEEN_OFF | lines.NOISY)
    team.units["H1"].placed = [(True, [MOVED, MOVED, STILL, noisy, STILL, STILL])]
    told = team.json("place", "H1", code=Exit.FINDINGS)
    assert told["ended"] == "seen" and not told["passed"] and told["lines"][3]["noisy"]


def test_a_hall_sensors_counts_are_told_live(team):
    team.units["H1"].placed = [(True, [MOVED._replace(u16=41234), MOVED, *REST])]
    assert team.json("place", "H1")["lines"][0]["counts"] == 41234
    code, out, _ = team.run("place", "H1")
    assert code == 0 and "ADC 41234" in out


def test_with_stay_it_goes_on_until_the_units_time_is_over(team):
    team.units["H1"].placed = [(True, [MOVED, MOVED, *REST])] * 5 + [(False, [MOVED, MOVED, *REST])]
    assert team.json("place", "H1", "--stay")["ended"] == "time"
    assert len(team.units["H1"].placed) == 1


def test_who_cannot_be_placed_is_told_what_to_do(team):
    code, _, err = team.run("place", "C1")
    assert code == 2 and "Sensors to be placed are of holsters" in err
    code, _, err = team.run("place", "H1", "--seconds", "60000")
    assert code == 3 and "does not let its sensors be placed now" in err and "test_ms" in err


def test_what_a_unit_wrote_of_its_lines_and_of_its_button_is_told_in_words():
    def told(kind, *fields):
        return in_words(kind, records.unpack(kind, records.pack(kind, *fields)), ROLE_HOLSTER, str)

    wrong = bytes([lines.STUCK, lines.STUCK, 0, lines.NOISY | lines.SEEN_ON, 0, 0])
    assert (
        told(records.LINES, lines.FAULT, 255, 0, wrong) == "fault: seat_closes stuck, seat_opens stuck, discharge noisy"
    )
    assert told(records.LINES, lines.SOUND, 255, 0, bytes(6)) == "sound again: none"
    assert told(records.LINES, lines.SOUND, 255, 40, bytes(6)) == "sound again: none; held back as noise: 40"
    seen = bytes([lines.SEEN_ON | lines.SEEN_OFF, lines.SEEN_ON, 0, 0, 0, 0])
    assert told(records.LINES, lines.PLACED, 2, 30, seen) == "placement: seat_closes seen both ways"
    begun = (records.BY_BUTTON, records.TEST_BEGUN, 63, bytes(6), 0, 0, 0)
    assert told(records.SELF_TEST, *begun) == "begins, by its button"


def test_a_units_cell_is_told_in_per_cent_of_the_named_one(team):
    (told,) = team.json("status", "H1")
    assert told["battery_percent"] == percent(told["battery_mv"])
    assert [percent(mv) for mv in (4200, 3950, 3750, 3550, 3325, 3100, 2900)] == [100, 100, 53, 6, 3, 0, 0]
