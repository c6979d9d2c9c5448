"""The advertising floor: a board whose controller is of Bluetooth 4.2 is asked for what it does, not refused first."""

from itertools import pairwise
from pathlib import Path
from statistics import median

import pytest

from simulator.profiles import CHIPS
from simulator.scenario import parse
from simulator.world import play
from tests.simulator.boards import play as play_board
from tests.simulator.boards import to_the_end

TABLE = {
    "name": "Floor",
    "secret": "floor",
    "duration_s": 12,
    "unit": [{"id": "H1", "role": "holster", "at_m": [0, 0], "cameras": []}],
    "events": ["5 H1 draw"],
}
JITTER_US = 10_000  # advDelay: up to so much is added to each interval
ONE_EVENT_US = 5_000  # the same PDU on three channels, one after the other


@pytest.mark.parametrize(("port", "expected"), [("esp32_classic", "22 0 0"), ("esp32", "0 0 0"), ("pico2_w", "0 0 0")])
def test_only_the_first_esp32_refuses_to_advertise_fast_without_being_connectable(tmp_path: Path, port, expected):
    script = """
        import bluetooth
        ble = bluetooth.BLE()
        ble.active(True)
        for interval_us, connectable in ((20000, False), (100000, False), (20000, True)):
            try:
                ble.gap_advertise(interval_us, b"", connectable=connectable)
                print(0)
            except OSError as error:
                print(error.errno)
        """
    output = play_board(tmp_path, script, to_the_end, port=port, has_radio=True).output
    assert " ".join(output) == expected


@pytest.mark.parametrize("floor_ms", [0, 100])
def test_a_unit_that_knows_its_floor_is_not_refused(tmp_path: Path, floor_ms: int):
    script = f"""
        import bluetooth, time
        from interlock.radio.broadcast import Broadcast
        asked = []

        class Stack:
            def __init__(self):
                self.ble = bluetooth.BLE()

            def gap_advertise(self, interval_us, *args, **kwargs):
                asked.append(interval_us)
                self.ble.gap_advertise(interval_us, *args, **kwargs)

        radio = Broadcast(lambda: None, None, time.ticks_ms, {floor_ms})
        radio.stack = Stack()
        print(radio.advertise(bytes(31), 20), radio.advertise(bytes(31), 250), asked)
        """
    asked = {0: "[20000, 100000, 250000]", 100: "[100000, 250000]"}[floor_ms]
    board = play_board(tmp_path, script, to_the_end, port="esp32_classic", has_radio=True)
    assert board.output == [f"True True {asked}"]


@pytest.mark.parametrize("profile", CHIPS)
def test_a_use_is_aired_on_every_chip_and_no_faster_than_its_floor(profile: str):
    run = play(parse(TABLE | {"profile": profile}, "floor"), 1, None, fidelity="fast")
    begun = [at for at in run.pdus_us["H1"] if at > 5_000_000]
    assert begun[0] - 5_000_000 < 100_000, "the draw is aired at once"
    burst = [at for at in begun if at < begun[0] + 400_000]
    events = [burst[0], *(at for before, at in pairwise(burst) if at - before > ONE_EVENT_US)]
    gaps = [at - before for before, at in pairwise(events)]
    floor_us = CHIPS[profile].adv_floor_us
    assert floor_us <= median(gaps) <= floor_us + JITTER_US
