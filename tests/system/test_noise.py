"""Uses of a weapon amid lines that are dead, loose, wet or noisy: the real use is aired, recorded and counted, and the
noise is limited, told, and counted, too."""

from pathlib import Path

from host_tools.campaign.play import Judged, play_and_judge
from interlock.core import frames, holster, lines, records
from interlock.core.layout import Record
from simulator.scenario import load

HEAD = """
name = "Noise"
about = "Lines that cannot be believed."
profile = "esp32"
duration_s = {duration_s}
secret = "noise: keys are made from this"
events = [{events}]
[policy]
hold_ms = 5000
[[unit]]
id = "H1"
role = "holster"
at_m = [0.0, 0.0]
cameras = ["C1"]
[[unit]]
id = "C1"
role = "camera"
at_m = [0.4, 0.3]
"""


def played(folder: Path, duration_s: int, *events: str) -> Judged:
    path = folder / "noise.toml"
    path.write_text(HEAD.format(duration_s=duration_s, events=", ".join(f"'{event}'" for event in events)))
    out = folder / "out"
    out.mkdir()
    return play_and_judge(load(path), 1, out, None, "fast")


def kept(judged: Judged, kind: int, name: str = "H1") -> list[Record]:
    return [record for record in judged.run.unit(name).reading.records if record.kind == kind]


def aired(judged: Judged, event: int) -> list[float]:
    """When such events were, in seconds of the scenario."""
    unit = judged.run.unit("H1")
    found = [each for each in kept(judged, records.EVENT) if each.fields().event == event and each.fields().counter]
    return [unit.when_us(each) / 1e6 for each in found]


def noted(judged: Judged, event: int) -> int:
    return sum(each.fields().event == event for each in kept(judged, records.EVENT))


def told(judged: Judged, line: str) -> list[tuple[str, str]]:
    """What the records say of a line's faults."""
    nth = lines.LINES.index(line)
    bits = [(each.fields().cause, each.fields().lines[nth]) for each in kept(judged, records.LINES)]
    return [(lines.CAUSE_NAMES[cause], "noisy" if bit & lines.NOISY else "") for cause, bit in bits]


def near(times: list[float], at_s: float, within_s: float = 0.6) -> bool:
    return any(-0.1 <= each - at_s <= within_s for each in times)


def test_a_seat_with_a_dead_contact_hides_none_of_many_draws(tmp_path: Path) -> None:
    begins = range(30, 480, 25)
    draws = [event for at_s in begins for event in (f"{at_s} H1 draw", f"{at_s + 5} H1 holster")]
    judged = played(tmp_path, 500, '10 H1 line_sticks line="seat_opens" level="off"', *draws)
    times = aired(judged, frames.DRAW)
    assert len(times) == len(begins) and all(near(times, at_s) for at_s in begins)
    assert all(use["verdict"] != "indeterminate" for use in judged.facts["uses"])
    assert ("fault", "noisy") in told(judged, "seat_opens")


def test_an_armed_line_that_chatters_in_the_holster_floods_neither_journal(tmp_path: Path) -> None:
    judged = played(
        tmp_path,
        350,
        '20 H1 line_chatters line="armed" for_s=20 on_ms=1 off_ms=1.5',
        '100 H1 line_chatters line="armed" for_s=60 on_ms=60 off_ms=500',
        "200 H1 draw",
        "202 H1 arm",
        "210 H1 safe",
        "215 H1 holster",
    )
    events = kept(judged, records.EVENT)
    assert len(events) < 60 and len(judged.run.unit("H1").reading.records) < 250
    assert len(judged.run.unit("C1").reading.records) < 250
    assert near(aired(judged, frames.ARM), 202), "a real arming, though the line was noisy not long ago"
    assert told(judged, "armed")[0] == ("fault", "noisy")
    assert any(each.fields().number > 40 for each in kept(judged, records.LINES)), "what was none is counted"


def test_slow_noise_of_the_pick_up_is_a_few_unconfirmed_discharges_and_the_real_one_is_told(tmp_path: Path) -> None:
    judged = played(
        tmp_path,
        200,
        "20 H1 draw",
        '30 H1 line_chatters line="discharge" for_s=120 on_ms=8 off_ms=190',
        "60 H1 arm",
        "85 H1 discharge for_s=5.0",
        "170 H1 safe",
        "180 H1 holster",
    )
    shots = aired(judged, frames.DISCHARGE)
    assert near(shots, 85, 1.1) and len(shots) <= 8
    unconfirmed = noted(judged, holster.NOTE_UNCONFIRMED)
    assert 1 <= len(shots) - unconfirmed <= 2, "what is confirmed is the trigger that was pulled"
    assert ("fault", "noisy") in told(judged, "discharge")


def test_weak_pulses_do_not_make_the_pick_up_deaf_for_what_follows(tmp_path: Path) -> None:
    spikes = [f'{at_s} H1 line_chatters line="discharge" for_s=0.001 on_ms=8 off_ms=5' for at_s in (25, 35, 45, 55)]
    judged = played(
        tmp_path,
        130,
        *("20 H1 draw", "22 H1 arm", *spikes, "60 H1 discharge for_s=5.0", "70 H1 discharge for_s=5.0"),
        *("100 H1 safe", "110 H1 holster"),
    )
    shots = aired(judged, frames.DISCHARGE)
    assert len(shots) == 6 and near(shots, 60) and near(shots, 70)
    assert noted(judged, holster.NOTE_UNCONFIRMED) == 4
    assert all(use["verdict"] == "before" for use in judged.facts["uses"] if use["event"] == "discharge")


def test_a_real_use_amid_a_chattering_button_is_no_function_test(tmp_path: Path) -> None:
    judged = played(
        tmp_path,
        150,
        '20 H1 line_chatters line="button" for_s=60 on_ms=60 off_ms=60',
        *("50 H1 draw", "55 H1 arm", "58 H1 discharge for_s=5.0", "66 H1 safe", "70 H1 holster"),
    )
    flags = [each.fields().flags for each in kept(judged, records.EVENT) if each.fields().counter]
    assert flags and not any(bits & (holster.FLAG_FUNCTION_TEST | frames.FLAG_SENSOR_FAULT) for bits in flags)
    modes = [each.fields() for each in kept(judged, records.MODE)]
    assert len(modes) < 20 and modes[-1].cause == records.MODE_BUTTON_NOISY and not modes[-1].seconds
    assert told(judged, "button")[0] == ("fault", "noisy")
    assert near(aired(judged, frames.DISCHARGE), 58)
