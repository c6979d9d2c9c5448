"""First hearing: against the renewal equation that the simulator's air is held to, and what must hold of any duty."""

import pytest

from host_tools.power import hearing
from tests.simulator.test_air_theory import _mean_latency_us


@pytest.mark.parametrize(
    ("advertising_ms", "scan_ms", "duty"),
    [(20, 30, 1.0), (20, 60, 1 / 3), (50, 40, 0.375), (100, 30, 0.2), (20, 30, 0.1)],
)
def test_the_mean_is_that_of_the_renewal_equation(advertising_ms, scan_ms, duty):
    expected_us = _mean_latency_us(advertising_ms * 1000, scan_ms * 1000, round(duty * scan_ms * 1000))
    assert hearing.latency(advertising_ms, scan_ms, duty).mean_ms == pytest.approx(expected_us / 1000, rel=0.02)


def test_who_listens_all_the_time_hears_the_first_event_but_where_it_changes_channel():
    found = hearing.latency(20, 30, 1.0)
    assert found.p50_ms < 1 < found.mean_ms < 2
    assert 20 < found.p99_ms < 30, "one in a hundred is heard in the second event"


def test_less_listening_longer_intervals_and_more_loss_never_hear_sooner():
    by_duty = [hearing.latency(20, 30, duty).mean_ms for duty in (1.0, 0.8, 0.5, 0.3, 0.1, 0.05)]
    by_interval = [hearing.latency(interval, 30, 1.0).mean_ms for interval in (20, 50, 100, 500)]
    by_loss = [hearing.latency(20, 30, 1.0, loss).mean_ms for loss in (0, 0.1, 0.3, 0.6)]
    for row in (by_duty, by_interval, by_loss):
        assert row == sorted(row)


def test_loss_costs_what_each_lost_event_costs():
    # Listening all the time, one PDU of an event is tuned to: an event is lost with it.
    plain, lossy = hearing.latency(20, 30, 1.0).mean_ms, hearing.latency(20, 30, 1.0, 0.3).mean_ms
    assert lossy == pytest.approx(plain + 0.3 / 0.7 * 25, rel=0.05)


@pytest.mark.parametrize(("duty", "loss"), [(0, 0), (1.1, 0), (0.01, 0), (0.5, 1)])
def test_what_can_never_be_heard_is_refused(duty, loss):
    with pytest.raises(ValueError, match="duty"):
        hearing.latency(20, 30, duty, loss)
