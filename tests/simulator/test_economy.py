"""What a simulated unit at rest asks of the world, and what its doubles leave behind: counts, which decide how fast a
day passes."""

import stat
from pathlib import Path

import pytest

from simulator.hardware.interpreter import find_vm
from simulator.hardware.vm import Vm
from simulator.scenario import load
from simulator.world import play as play_scenario

from .boards import play, to_the_end

ROOT = Path(__file__).resolve().parents[2]
ASKED_AN_HOUR = 5000
"""Exchanges of one unit: it turns each 4 s, announces itself each 10 to 20 s, listens and changes its address then."""


def test_a_unit_at_rest_asks_the_world_for_little(monkeypatch, tmp_path):
    asked: dict[str, int] = {}
    receive = Vm._receive

    def counted(vm: Vm):
        asked[vm.name] = asked.get(vm.name, 0) + 1
        return receive(vm)

    rest = (
        'name = "At rest"\nprofile = "esp32"\nduration_s = 1800\nsecret = "at rest"\n'
        '[[unit]]\nid = "H1"\nrole = "holster"\nat_m = [0.0, 0.0]\ncameras = ["C1"]\n'
        '[[unit]]\nid = "C1"\nrole = "camera"\nat_m = [0.4, 0.3]\n'
    )
    scenario = tmp_path / "rest.toml"
    scenario.write_text(rest)
    monkeypatch.setattr(Vm, "_receive", counted)
    run = play_scenario(load(scenario), 1, None)
    assert all(len(unit.reading.records) > 2 for unit in run.units), "both were in service"
    assert {name: count * 3600 / 1800 < ASKED_AN_HOUR for name, count in asked.items()} == {"H1": True, "C1": True}


def test_what_a_unit_does_most_leaves_no_garbage(tmp_path):
    script = """
        import gc, simrt, time
        def garbage(what):
            what()
            gc.collect()
            gc.disable()
            before = gc.mem_alloc()
            for _ in range(50):
                what()
            left = gc.mem_alloc() - before
            gc.enable()
            return left // 50
        print(garbage(time.ticks_ms), garbage(lambda: simrt.rest_us(100)) <= 64)
        """
    assert play(tmp_path, script, to_the_end).output == ["0 True"]


GARBAGE = """
    import gc
    gc.threshold(16384)
    assert gc.threshold() == 16384
    gc.collect()
    before, most = gc.mem_alloc(), 0
    for _ in range(400):
        bytearray(1000)
        most = max(most, gc.mem_alloc() - before)
    print(most)
    """


def test_a_roomy_heap_is_collected_by_what_is_free(tmp_path):
    (most,) = play(tmp_path, GARBAGE, to_the_end).output
    assert 100_000 < int(most) < 300_000


def test_a_heap_as_small_as_a_boards_is_collected_as_the_firmware_asks(tmp_path, monkeypatch: pytest.MonkeyPatch):
    small = tmp_path / "small"
    small.write_text(f'#!/bin/sh\nexec "{find_vm()}" -X heapsize=360K "$@"\n')
    small.chmod(small.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("MICROPYTHON", str(small))
    (most,) = play(tmp_path, GARBAGE, to_the_end).output
    assert 16_384 < int(most) < 3 * 16_384
