"""The application made small does what its source does: the same journals and settings, bit by bit, the same frames at
the same microseconds. Names, files, tables and texts are other ones; what a unit does is not."""

import pytest

from simulator.profiles import PROFILES, profile

from .units import modules, play, scenario, short, with_built

SCENARIOS = ("bad_air", "bad_cameras", "bad_sensors", "dead_batteries", "eight_witnesses", "power_cuts", "readiness")
SCENARIOS += ("tired_radio", "two_officers")


def both(of, port, folder):
    """What units do that run the source, and what units do that run it made small."""
    small = modules(folder, profile(port).board)
    return play(of), play(of, modules=small, script=small / "main.py")


def assert_same(source, small):
    assert len(source[0]) > 10
    assert small[0] == source[0]
    assert small[1] == source[1]
    assert small[2] == source[2]  # a scenario may let the stack complain


SLOW = pytest.mark.deep
PORTS = [pytest.param(port, marks=() if port == "esp32" else SLOW) for port in PROFILES]
OTHERS = [pytest.param(port, marks=() if port == "rp2" else SLOW) for port in PROFILES]


@pytest.mark.parametrize("port", PORTS)
def test_a_use_leaves_the_same_bits_in_flash_and_on_the_air(port, tmp_path):
    assert_same(*both(short(port), port, tmp_path))


@pytest.mark.deep
@pytest.mark.parametrize("name", SCENARIOS)
def test_so_does_a_scenario(name, tmp_path):
    assert_same(*both(scenario(name, "esp32"), "esp32", tmp_path))


@pytest.mark.parametrize("port", OTHERS)
def test_out_of_its_release_file_a_unit_serves_a_use(port):
    """The way of a real unit: boot.py, loader, LittleFS2, the release as a file system, deflate, import. It takes a
    fraction of a second more at the start."""
    frames, _, printed = play(short(port), **with_built(port))
    assert printed == []
    assert len({frame.split("event=")[1].split(",")[0] for frame in frames if "'H1'" in frame}) >= 4
