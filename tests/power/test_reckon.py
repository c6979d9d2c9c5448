"""The model's arithmetic: one case by hand, and what must hold whatever the figures are."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host_tools.power import duty, figures, reckon
from host_tools.power.figures import Figure, Figures, Range
from interlock.core.settings import DEFAULT_POLICY, ROLE_CAMERA, ROLE_COMBINED, ROLE_HOLSTER

CURRENTS = ("awake_idle", "awake_run", "radio_on", "receive", "transmit", "deep_sleep", "flash", "led", "haptic",
            "pull_up", "pull_up_asleep", "divider", "regulator")  # fmt: skip


def flat(**values: float) -> Figures:
    """Figures without a range; what is not named is nothing."""
    given = dict.fromkeys((*figures.NEEDED, *figures.SHARED), 0.0) | {"usable": 1.0, "cell": 3.7} | values
    whole = ("awake_idle", "awake_run", "radio_on", "receive", "transmit", "deep_sleep")
    return Figures(
        "flat", True, "",
        {n: Figure(n, "mA", Range(v, v, v), "chosen", "this test", n in whole, None) for n, v in given.items()},
    )  # fmt: skip


def changed(found: Figures, name: str, by: float) -> Figures:
    one = found.by_name[name]
    return replace(found, by_name={**found.by_name, name: replace(one, value=Range(*(v + by for v in one.value)))})


def test_a_mode_recounted_by_hand():
    found = flat(radio_on=20, awake_run=30, receive=90, transmit=150, regulator=0.05, divider=0.002, pull_up=0.1)
    one = duty.Duty(receive=0.1, transmit=0.02, run=0.05, contacts=2)
    # 88 % of the time neither listening nor sending, of which 5 % computing; 10 % listening; 2 % sending.
    by_hand = 0.88 * (0.95 * 20 + 0.05 * 30) + 0.10 * 90 + 0.02 * 150 + 0.05 + 0.002 + 2 * 0.1
    assert reckon.current(found, one).mean_ma == pytest.approx((by_hand,) * 3)
    # 500 mAh at that current.
    assert reckon.life(found, 500, Range(*(by_hand,) * 3)).hours.typ == pytest.approx(500 / by_hand)


def test_the_holster_unit_of_a_c3_recounted_by_hand():
    found = figures.load("esp32_c3")
    one = duty.of_role(ROLE_HOLSTER, DEFAULT_POLICY, duty.Habits(), 0.35, 0.8, 70)[duty.WORN]
    # Every 90 s 5.3 events of three PDUs, each 0.376 ms and 0.15 ms before it.
    assert one.transmit == pytest.approx(5.3 * 3 * 0.526 / 90_000, rel=1e-6)
    # Every 20 s about 24 ms until its camera's frame is heard, or, of 5 %, the whole window of 154 ms.
    assert one.receive == pytest.approx((0.95 * 24.25 + 0.05 * 154) / 20_000, rel=1e-6)
    mean = reckon.current(found, one).mean_ma.typ
    assert mean == pytest.approx(77 + (86 - 77) * one.receive + (190 - 77) * one.transmit + 0.106 + 0.0569, abs=0.01)
    assert reckon.life(found, 1000, Range(mean, mean, mean)).hours.typ == pytest.approx(850 / (mean + 0.0411), rel=1e-3)


def test_a_unit_that_sleeps_looks_around_each_quarter_of_an_hour():
    found = flat(awake_run=50, wake=600, deep_sleep=0.01, pull_up_asleep=0.1)
    one = duty.of_role(ROLE_HOLSTER, DEFAULT_POLICY, duty.Habits(), 0.35, 0.8, 70)[duty.STORED]
    assert reckon.current(found, one).mean_ma == pytest.approx((0.01 + 0.1 + 50 * 0.6 / 900,) * 3)
    source = (Path(__file__).parents[2] / "firmware" / "interlock" / "life.py").read_text(encoding="utf-8")
    assert f"\nLOOK_MS = {duty.LOOK_MS}\n" in source


def test_consumers_sum_up_to_the_whole_and_the_ranges_are_ranges():
    for board in figures.boards():
        found = figures.load(board)
        for role in (ROLE_HOLSTER, ROLE_CAMERA, ROLE_COMBINED):
            for build in reckon.BUILDS:
                for one in duty.of_role(role, DEFAULT_POLICY, duty.Habits(), 0.3, 0.8, 70).values():
                    current = reckon.current(found, one, build)
                    for end in range(3):
                        total = sum(value[end] for value in current.by_consumer.values())
                        assert total == pytest.approx(current.mean_ma[end])
                    assert 0 < current.mean_ma.low <= current.mean_ma.typ <= current.mean_ma.high


shares = st.floats(0, 0.5)


@given(
    st.sampled_from(figures.boards()), st.sampled_from(CURRENTS), st.floats(0, 50), shares, shares, shares,
    st.sampled_from(reckon.BUILDS), st.booleans(),
)  # fmt: skip
def test_more_current_anywhere_is_never_a_longer_life(board, name, more, receive, transmit, run, build, asleep):
    found = figures.load(board)
    one = duty.Duty(receive, transmit, run, 1e-4, 1e-4, 0.1, 0.01, 2, asleep)
    before = reckon.current(found, one, build).mean_ma
    after = reckon.current(changed(found, name, more), one, build).mean_ma
    assert all(b >= a - 1e-9 for a, b in zip(before, after, strict=True))
    lives = [reckon.life(found, 1000, mean).hours for mean in (before, after)]
    assert all(b <= a + 1e-9 for a, b in zip(*lives, strict=True))


@given(st.sampled_from(figures.boards()), st.floats(10, 10_000), st.floats(10, 10_000))
def test_twice_the_cell_is_at_most_twice_the_life(board, mah, other):
    found = figures.load(board)
    mean = reckon.current(found, duty.Duty(receive=0.1)).mean_ma
    one, two = (reckon.life(found, size, mean).hours.typ for size in sorted((mah, other)))
    assert one <= two <= one * max(mah, other) / min(mah, other) + 1e-6


def test_a_shift_is_between_holstered_and_out_and_a_day_counts_every_hour():
    found = figures.load("pico_w")
    habits = duty.Habits(shift_h=8, uses=3, use_s=120, away_h=14, session_s=0)
    modes = duty.of_role(ROLE_HOLSTER, DEFAULT_POLICY, habits, 0.4, 0.4, 45)
    currents = {mode: reckon.current(found, one) for mode, one in modes.items()}
    on_duty = reckon.shift(currents, habits)
    assert currents[duty.WORN].mean_ma.typ < on_duty.typ < currents[duty.OUT].mean_ma.typ
    stowed, stored = (currents[mode].mean_ma.typ for mode in (duty.STOWED, duty.STORED))
    hour = 3_600_000
    assert reckon.day(currents, habits, hour, True).typ == pytest.approx(8 * on_duty.typ + stowed + 13 * stored)
    awake = 8 * on_duty.typ + 14 * stowed
    assert reckon.day(currents, habits, hour, False).typ == pytest.approx(awake), "a board that cannot sleep"
    assert reckon.day(currents, habits, 0, True).typ == pytest.approx(awake), "a policy that forbids it"


def test_a_radio_that_stays_on_between_events_is_seen_in_the_default_and_gone_in_the_what_if():
    found = figures.load("esp32_s3")
    assert not found.radio_sleeps
    worn = duty.of_role(ROLE_HOLSTER, DEFAULT_POLICY, duty.Habits(), 0.25, 0.8, 70)[duty.WORN]
    stock, without = (reckon.current(found, worn, build).mean_ma.typ for build in reckon.BUILDS)
    assert stock > 1.5 * without
