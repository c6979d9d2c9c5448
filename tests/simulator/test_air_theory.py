"""The air against closed forms, through the full radio (HCI, host) and through the fast one.

Bounds are statistical, for seeded samples: so many standard errors of the mean of that very sample.
"""

import asyncio
import math
import random
import statistics
from collections.abc import Callable, Coroutine
from typing import Any

import numpy as np
import pytest

from simulator.clock import now_us, run
from simulator.fast.loop import FastLoop
from simulator.fast.radio import FastBle
from simulator.radio.air import T_IFS_US, Air, Pdu, Propagation
from simulator.radio.link_layer import ADV_DELAY_MAX_US, FIRST_EVENT_US

from .radio_world import COSTS, STILL, Board, Ear

PDU_US = 376
STEP_US = PDU_US + T_IFS_US + 40
"""From one channel's PDU to the next one's in a scannable event (`link_layer.py`)."""
SIGMAS = 4


class FastRadio(Board):
    """The same with the fast radio."""

    def __init__(self, name: str, air: Air, x_m: float = 0.0) -> None:
        super().__init__(name, air, x_m)
        self.ble = FastBle(name, air, random.Random(f"1/{name}"), self._irq, COSTS["esp32"])  # type: ignore[assignment]


def _run_fast(main: Coroutine[Any, Any, Any]) -> Any:
    with asyncio.Runner(loop_factory=FastLoop) as runner:
        return runner.run(main)


PATHS = [pytest.param(run, Board, id="full radio"), pytest.param(_run_fast, FastRadio, id="fast radio")]
Runner = Callable[[Coroutine[Any, Any, Any]], Any]


def _mean_latency_us(advertising_us: int, interval_us: int, window_us: int, grid_us: int = 250) -> float:
    """From an advertiser's first event, at a random phase of the scan, to the end of the first PDU heard.

    With E(p) for the mean from an event that begins at phase p of the three scan intervals: E(p) is the latency within
    the event where one of its PDUs falls whole into a window on its channel, else the mean over the random delay r of
    advertising_us + r + E(p + advertising_us + r). That renewal equation is solved on a grid. (The model of Cho et
    al., Analysis of Latency Performance of Bluetooth Low Energy Networks, Sensors 2015, 15(1), 59, without its
    assumption that events are independent.)
    """
    cycle_us = 3 * interval_us
    states = cycle_us // grid_us
    delays = ADV_DELAY_MAX_US // grid_us
    matrix, within = np.eye(states), np.zeros(states)
    for state in range(states):
        phase_us = (state + 0.5) * grid_us
        for channel in range(3):
            turn, offset_us = divmod((phase_us + channel * STEP_US) % cycle_us, interval_us)
            if turn == channel and offset_us + PDU_US <= window_us:
                within[state] = channel * STEP_US + PDU_US
                break
        else:
            within[state] = advertising_us + ADV_DELAY_MAX_US / 2
            first = state + advertising_us // grid_us
            for delay in range(delays):
                # Half of the weight at each side, since a delay lies between two points of the grid.
                matrix[state, (first + delay) % states] -= 0.5 / delays
                matrix[state, (first + delay + 1) % states] -= 0.5 / delays
    return float(np.linalg.solve(matrix, within).mean())


@pytest.mark.parametrize(("runner", "radio"), PATHS)
@pytest.mark.parametrize(
    ("advertising_ms", "interval_us", "window_us"),
    [(20, 30_000, 30_000), (20, 60_000, 20_000), (50, 40_000, 15_000)],
    ids=["continuous scan", "a third of the time", "slow advertiser"],
)
def test_the_mean_discovery_latency_is_that_of_the_renewal_equation(
    runner: Runner, radio: type[Board], advertising_ms: int, interval_us: int, window_us: int
) -> None:
    async def main() -> list[int]:
        loop = asyncio.get_running_loop()
        air = Air(11, STILL)
        phases = air.chance("the test's own phases")
        holster, camera = await radio("holster", air).start(), await radio("camera", air, 2).start()
        await camera.scan(interval_us, window_us)
        latencies_us = []
        for _ in range(500):
            await asyncio.sleep(phases.randint(1, 3 * interval_us) / 1e6)
            camera.log.clear()
            await holster.advertise(advertising_ms)
            enabled_us = now_us(loop)
            while not camera.log:
                await asyncio.sleep(0.005)
            latencies_us.append(camera.results[0][0] - enabled_us - FIRST_EVENT_US)
            await holster.silence()
        return latencies_us

    latencies_us = runner(main())
    error_us = statistics.stdev(latencies_us) / math.sqrt(len(latencies_us))
    expected_us = _mean_latency_us(advertising_ms * 1000, interval_us, window_us)
    assert statistics.mean(latencies_us) == pytest.approx(expected_us, abs=SIGMAS * error_us)
    assert error_us < expected_us / 8


def test_the_renewal_equation_agrees_with_the_closed_form_of_a_continuous_scan() -> None:
    """An event is missed only where the scanner goes from 39 to 37 within it: see `test_air.py`."""
    last_us, plain_us = 2 * STEP_US + PDU_US, STEP_US + PDU_US
    next_us = 20_000 + ADV_DELAY_MAX_US / 2 + plain_us
    detour_us = PDU_US * STEP_US + (STEP_US + PDU_US) * STEP_US + last_us * (next_us - last_us)
    assert _mean_latency_us(20_000, 30_000, 30_000, 25) == pytest.approx(plain_us + detour_us / 90_000, rel=0.02)


@pytest.mark.parametrize(("runner", "radio"), PATHS)
@pytest.mark.parametrize(("senders", "interval_ms"), [(5, 20), (12, 20), (20, 100)])
def test_as_many_pdus_survive_as_unsynchronised_advertisers_without_capture_leave(
    runner: Runner, radio: type[Board], senders: int, interval_ms: int
) -> None:
    """Pure ALOHA of N periodic senders: (1 - 2 T / (I + 5 ms))^(N - 1), close to exp(-2 G). Each other sender, at a
    random phase, begins within T before or after with that probability."""
    seconds = 12 if interval_ms < 50 else 25

    async def main() -> tuple[int, int]:
        air = Air(5, Propagation(shadowing_db=0, fading_db=0, capture_db=200))
        phases = air.chance("the test's own phases")
        boards = [await radio(f"sender {i}", air, 3).start() for i in range(senders)]
        Ear("ear", air)
        for board in boards:
            await board.advertise(interval_ms)
            await asyncio.sleep(phases.uniform(0, interval_ms) / 1000)
        await asyncio.sleep(1)
        air.stats.received = air.stats.collided = 0
        await asyncio.sleep(seconds)
        return air.stats.received, air.stats.received + air.stats.collided

    received, heard = runner(main())
    period_us = interval_ms * 1000 + ADV_DELAY_MAX_US / 2
    expected = (1 - 2 * PDU_US / period_us) ** (senders - 1)
    assert expected == pytest.approx(math.exp(-2 * (senders - 1) * PDU_US / period_us), rel=0.02)
    assert heard == pytest.approx(3 * senders * seconds * 1e6 / period_us, rel=0.02)
    # Two events that overlap lose all their PDUs together: as independent count half the events.
    error = math.sqrt(expected * (1 - expected) / (heard / 6))
    assert received / heard == pytest.approx(expected, abs=SIGMAS * error)
    assert error < 0.03


@pytest.mark.parametrize(("runner", "radio"), PATHS)
@pytest.mark.parametrize("duty", [1.0, 0.5, 0.2])
def test_a_scan_duty_hears_its_share(runner: Runner, radio: type[Board], duty: float) -> None:
    """Of each channel's PDUs a third of the share of time in which a whole one fits: (d W - T) / 3 W."""

    async def main() -> tuple[int, int]:
        air = Air(9, STILL)
        air.scan_duty["camera"] = duty
        log: list[Pdu] = []
        air.observers.append(log.append)
        holster, camera = await radio("holster", air).start(), await radio("camera", air, 2).start()
        await camera.scan()
        await holster.advertise(23)
        await asyncio.sleep(40)
        return len(camera.results), len(log)

    heard, sent = runner(main())
    expected = (duty * 30_000 - PDU_US) / 90_000
    error = math.sqrt(expected * (1 - expected) / (sent / 3))
    assert heard / sent == pytest.approx(expected, abs=SIGMAS * error)


def test_both_radios_hear_the_same_pdus_of_one_seed() -> None:
    async def main(radio: type[Board]) -> list[Any]:
        air = Air(3)
        air.loss = 0.1
        log: list[Pdu] = []
        air.observers.append(log.append)
        boards = [await radio(f"radio {i}", air, 4 * i).start() for i in range(6)]
        for board in boards:
            await board.scan()
            await board.advertise(30)
        await asyncio.sleep(3)
        return [(p.time_us, p.channel, p.source, p.received_by, p.lost_by, p.collided_at) for p in log]

    full, fast = run(main(Board)), _run_fast(main(FastRadio))
    assert fast == full and len(full) > 1000


def test_a_body_takes_what_it_takes_from_behind_and_half_of_it_from_the_side() -> None:
    async def main() -> list[float]:
        air = Air(1, Propagation(shadowing_db=0, body_db=16))
        air.place("holster", 0, 0)
        air.place("camera", 0, 10)
        air.place("own", 0, 0.4)
        figures = [air.mean_rssi_dbm("holster", "camera")]
        for facing_deg in (90, 0, -90):
            air.wear("holster", facing_deg)
            figures.append(air.mean_rssi_dbm("holster", "camera"))
        figures.append(air.mean_rssi_dbm("holster", "own"))
        air.wear("camera", 90)
        figures.append(air.mean_rssi_dbm("camera", "holster"))
        air.wear("camera", None)
        air.wear("holster", None)
        figures.append(air.mean_rssi_dbm("camera", "holster"))
        return figures

    open_dbm, facing, side, behind, own, back_to_back, again = run(main())
    assert [open_dbm - x for x in (facing, side, behind, back_to_back, again)] == pytest.approx([0, 8, 16, 32, 0])
    assert own > open_dbm + 20, "on one person there is no body between two radios"
