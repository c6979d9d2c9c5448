"""The lights' rules, one by one; the terminal's table; work beside the loop."""

import asyncio
import time
from dataclasses import replace

import pytest
from rich.console import Console

from host_tools.dock.aside import aside
from host_tools.dock.lights import HOUR_S, PULL, Known, Light, Setback, Trouble, duration, judge, overdue
from host_tools.dock.terminal import screen
from host_tools.outcome import ToolError
from interlock.core.settings import ROLE_CAMERA
from tests.browser.locker import board

NOW_S, LIMIT_S = 1_000_000.0, 26 * HOUR_S
WELL = Known(
    "C1", "camera 1", ROLE_CAMERA, heard_s=NOW_S, pulled_s=NOW_S - 60, following=100, verified_to=100,
    battery_mv=3900, clock="set", clock_off_ms=5, signatures=900, cable="passed",
)  # fmt: skip
LOST = Trouble("link lost", "the connection to the unit was lost", "Stay.")


def setback(failures):
    return {PULL: Setback(LOST, failures, NOW_S)}


def test_a_unit_that_is_well_is_green():
    assert judge(WELL, NOW_S, LIMIT_S) == (Light.GREEN, ("pulled and verified",))


@pytest.mark.parametrize(
    ("change", "light", "said"),
    [
        ({"findings": {"check: gap": "records 3 to 9 are missing"}}, Light.RED, "records 3 to 9 are missing"),
        ({"pulled_s": None}, Light.RED, "never pulled"),
        ({"pulled_s": NOW_S - 27 * HOUR_S}, Light.RED, "overdue: not pulled for 27 h"),
        ({"pulled_s": NOW_S - 22 * HOUR_S}, Light.YELLOW, "overdue soon: not pulled for 22 h"),
        ({"cable": "failed", "cable_text": "tally stuck on"}, Light.RED, "cable check failed: tally stuck on"),
        ({"cable_undone": "its tally sticks on"}, Light.YELLOW, "cable check not done: its tally sticks on"),
        ({"flags": ("recorder tally",)}, Light.YELLOW, "its recorder's tally was on in the dock"),
        ({"flags": ("sensor fault",)}, Light.RED, "it reports a sensor fault"),
        ({"is_revoked": True, "in_service": False}, Light.RED, "revoked: it counts no more; keep it as evidence"),
        ({"setbacks": setback(1)}, Light.YELLOW, "the last visit failed: the connection to the unit was lost"),
        ({"setbacks": setback(2)}, Light.RED, "not pulled in 2 attempts: the connection to the unit was lost"),
        ({"setbacks": setback(5)}, Light.RED, "quarantined: not pulled in 5 attempts"),
        ({"flags": ("low battery",), "battery_mv": 3400}, Light.YELLOW, "low battery (3400 mV)"),
        ({"clock": "kept", "clock_off_ms": None}, Light.YELLOW, "its clock is not set"),
        ({"clock": "refused", "clock_off_ms": 9_000}, Light.YELLOW, "its clock is off"),
        ({"clock": "kept", "clock_off_ms": -2_500}, Light.YELLOW, "its clock is -2.5 s off"),
        ({"pending": ("a visit with new settings",)}, Light.YELLOW, "waits for a visit with new settings"),
        ({"rostered": "C1", "assigned": "C3"}, Light.YELLOW, "assigned to C3 by somebody, by the roster to C1"),
        ({"following": 120}, Light.YELLOW, "not verified yet"),
        ({"signatures": 3}, Light.YELLOW, "its key has 3 signatures left"),
        ({"in_service": False}, Light.YELLOW, "not wholly set up"),
    ],
)
def test_each_thing_that_is_wrong_has_its_light_and_its_reason(change, light, said):
    found, reasons = judge(replace(WELL, **change), NOW_S, LIMIT_S)
    assert found is light and any(reason.startswith(said) for reason in reasons), reasons


def test_the_gravest_reason_is_said_first():
    unit = replace(WELL, flags=("low battery",), findings={"check: altered": "record 5 was altered"}, pulled_s=None)
    light, reasons = judge(unit, NOW_S, LIMIT_S)
    assert light is Light.RED and reasons[0] == "record 5 was altered" and reasons[-1].startswith("low battery")


def test_overdue_are_those_in_service_that_were_never_pulled_then_the_longest_ago():
    ages = {"A1": 30, "A2": None, "A3": 50, "A4": 1, "A5": 99}
    units = [replace(WELL, serial=s, pulled_s=None if h is None else NOW_S - h * HOUR_S) for s, h in ages.items()]
    units[-1].is_revoked = True
    assert [unit.serial for unit in overdue(units, NOW_S, LIMIT_S)] == ["A2", "A3", "A1"]


def test_durations_are_told_in_the_largest_unit_that_says_something():
    assert [duration(s) for s in (3, 119, 120, 7199, 7200, 200_000)] == [
        "3 s",
        "119 s",
        "2 min",
        "120 min",
        "2 h",
        "2 days",
    ]


@pytest.mark.parametrize("width", [50, 80, 160])
def test_the_terminals_table_cuts_no_serial_at_any_width(width):
    async def drawn():
        console = Console(width=width, record=True, file=open("/dev/null", "w"))  # noqa: SIM115, PTH123
        console.print(screen(board().snapshot(), "http://127.0.0.1:8438/"))
        return console.export_text()

    text = asyncio.run(drawn())
    words = text.split()
    assert {f"{letter}{n}" for letter in "HC" for n in range(1, 11)} <= set(words)
    assert "6 red, 4 yellow, 10 green" in " ".join(words)


def test_work_beside_the_loop_brings_its_result_or_its_error_and_holds_nobody_up():
    def fails():
        raise ToolError("the server does not answer", "Wait.")

    async def main():
        assert await aside(lambda: 7) == 7
        with pytest.raises(ToolError, match="does not answer"):
            await aside(fails)
        hung = asyncio.create_task(aside(lambda: time.sleep(60)))
        await asyncio.sleep(0.05)
        hung.cancel()
        await asyncio.wait([hung])

    began_s = time.monotonic()
    asyncio.run(main())
    assert time.monotonic() - began_s < 30, "the end of the loop waited for a thread that hangs"
