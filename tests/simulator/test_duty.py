"""Readiness and presence cost what `firmware/PROTOCOL.md` says."""

import functools

import pytest

from .duty import LONELY, Duty, measure

PORTS = ("esp32", "rp2", "stm32wb")
measured = functools.cache(measure)


def duty(port: str, unit: str) -> Duty:
    return measured(port, 1, 900)[unit]


@pytest.mark.parametrize("port", PORTS)
def test_a_holstered_unit_listens_and_advertises_for_less_than_half_a_percent_of_the_time(port: str):
    for unit in ("H1", "H2", LONELY):
        assert 0 < duty(port, unit).listens < 0.5 and 0 < duty(port, unit).advertises < 0.2
        assert 36 <= duty(port, unit).frames_an_hour <= 44, "one each 90 s"


@pytest.mark.parametrize("port", PORTS)
def test_a_camera_unit_that_announces_itself_is_deaf_for_milliseconds_only(port: str):
    for unit in ("C1", "C2"):
        assert duty(port, unit).listens > 99.95 and max(duty(port, unit).gaps_ms) < 5
        assert 0 < duty(port, unit).advertises < 0.7
        assert 170 <= duty(port, unit).frames_an_hour <= 190, "one each 20 s"


def test_what_does_not_listen_and_does_not_speak_costs_nothing():
    assert duty("esp32", "C3")[:4] == (0, 0, 0, 0)
