"""What is on the air, and who gets it: advertising and scanning in time, range, loss, collision."""

import asyncio
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.clock import now_us, run
from simulator.entropy import seeded_entropy
from simulator.radio.air import T_IFS_US, Air, AirStats, Pdu, PduType, Propagation
from simulator.radio.link_layer import FIRST_EVENT_US

from .air_seen import bumble_device, recorded
from .radio_world import FRAME, STILL, Board, Ear

FULL_US = 376
SCANNABLE_STEP_US = FULL_US + T_IFS_US + 40
_SCAN_SECONDS = 750


def _events(log: list[Pdu]) -> list[list[Pdu]]:
    return [log[i : i + 3] for i in range(0, len(log) - 2, 3)]


def test_an_advertising_event_is_one_pdu_on_each_channel_soon_after_the_command() -> None:
    async def main() -> None:
        air = Air(1, STILL)
        log = recorded(air)
        board = await Board("a", air).start()
        before_us = now_us(asyncio.get_running_loop())
        await board.advertise()
        await asyncio.sleep(0.015)
        first_us = before_us + 1500 + FIRST_EVENT_US
        assert [(p.time_us - first_us, p.channel) for p in log] == [
            (0, 37),
            (SCANNABLE_STEP_US, 38),
            (2 * SCANNABLE_STEP_US, 39),
        ]
        assert {(p.end_us - p.time_us, p.pdu_type, p.data, p.source) for p in log} == {
            (FULL_US, PduType.ADV_SCAN_IND, FRAME, "a")
        }

    run(main())


@settings(max_examples=20, deadline=None)
@given(interval_ms=st.sampled_from([20, 25, 30, 100, 1000, 10240]), seed=st.integers(0, 1000))
def test_events_follow_each_other_after_the_interval_and_up_to_10_ms(interval_ms: int, seed: int) -> None:
    async def main() -> list[int]:
        air = Air(seed, STILL)
        log = recorded(air)
        await (await Board("a", air).start()).advertise(interval_ms)
        await asyncio.sleep(20 * (interval_ms + 10) / 1000)
        return [event[0].time_us for event in _events(log)]

    starts_us = run(main())
    gaps_us = [b - a for a, b in pairwise(starts_us)]
    assert len(gaps_us) >= 18
    assert all(interval_ms * 1000 <= gap_us <= interval_ms * 1000 + 10_000 for gap_us in gaps_us)
    assert len(Counter(gaps_us)) > 1


def test_continuous_scanning_finds_an_advertiser_as_fast_as_the_closed_form_says() -> None:
    """Interval = window = 30 ms, advertiser at 20 ms, random phase, nothing lost.

    An event is missed only when the scanner changes from channel 39 to 37 within it; a change from 37 or 38 makes it
    hear the next PDU of the same event. With d for the PDU and s for the step between channels, S = 2 s + d.
    """
    step_us, hop_us = SCANNABLE_STEP_US, 30_000
    last_us = 2 * step_us + FULL_US
    plain_us = step_us + FULL_US  # mean of the three ends
    next_us = 20_000 + 5_000 + plain_us
    detour_us = FULL_US * step_us + (step_us + FULL_US) * step_us + last_us * (next_us - last_us)
    expected_us = FIRST_EVENT_US + plain_us + detour_us / (3 * hop_us)

    async def main() -> list[int]:
        loop = asyncio.get_running_loop()
        air = Air(7, STILL)
        phases = air.chance("the test's own phases")
        holster, camera = await Board("holster", air).start(), await Board("camera", air, 2).start()
        await camera.scan()
        latencies_us = []
        for _ in range(1500):
            await asyncio.sleep(phases.randint(1, 90_000) / 1e6)
            camera.log.clear()
            await holster.advertise()
            enabled_us = now_us(loop)
            while not camera.log:
                await asyncio.sleep(0.005)
            latencies_us.append(camera.results[0][0] - enabled_us)
            await holster.silence()
        return latencies_us

    latencies_us = run(main())
    assert sum(latencies_us) / len(latencies_us) == pytest.approx(expected_us, rel=0.15)
    late = sum(latency_us > FIRST_EVENT_US + last_us for latency_us in latencies_us)
    assert late / len(latencies_us) == pytest.approx(last_us / (3 * hop_us), rel=0.5)
    assert max(latencies_us) <= FIRST_EVENT_US + 2 * (last_us + 30_000)


def test_default_scan_parameters_hear_less_than_one_event_in_a_hundred() -> None:
    async def main() -> tuple[int, int]:
        air = Air(3, STILL)
        log = recorded(air)
        holster, camera = await Board("holster", air).start(), await Board("camera", air, 2).start()
        await camera.scan(1_280_000, 11_250)
        await holster.advertise()
        await asyncio.sleep(_SCAN_SECONDS)
        return len(camera.results), len(log) // 3

    heard, events = run(main())
    assert events == pytest.approx(_SCAN_SECONDS / 0.025, rel=0.01)
    assert heard / events == pytest.approx((11_250 - FULL_US) / 1_280_000, rel=0.2)


def test_a_scanner_changes_the_channel_each_interval_and_misses_what_crosses_the_change() -> None:
    async def main() -> None:
        air = Air(1, STILL)
        camera = await Board("camera", air).start()
        voice = Ear("voice", air, 1)
        await camera.scan(30_000, 10_000)
        for at_us, channel in [
            (0, 37),
            (9_700, 37),
            (12_000, 37),
            (29_700, 38),
            (30_100, 38),
            (60_000, 38),
            (61_000, 39),
        ]:
            await asyncio.sleep((1500 + at_us) / 1e6 - asyncio.get_running_loop().time())
            voice.say(channel)
        await asyncio.sleep(0.01)
        heard = [time_us - 1500 - FULL_US for time_us, _ in camera.results]
        assert heard == [0, 30_100, 61_000]

    run(main())


def test_a_radio_that_transmits_hears_nothing_meanwhile() -> None:
    async def main() -> None:
        air = Air(5, STILL)
        log = recorded(air)
        boards = [await Board(name, air, x_m).start() for x_m, name in enumerate("abc")]
        for board in boards:
            await board.scan()
            await board.advertise()
        await asyncio.sleep(20)
        assert sum(len(p.received_by) for p in log) > 1000
        overlaps = 0
        for i, pdu in enumerate(log):
            for other in log[max(0, i - 9) : i + 9]:
                if other is not pdu and other.time_us < pdu.end_us and pdu.time_us < other.end_us:
                    overlaps += 1
                    assert other.source not in pdu.received_by + pdu.lost_by + pdu.collided_at
        assert overlaps > 100

    run(main())


@pytest.mark.parametrize(
    ("near_m", "far_m", "survivors"),
    [(2.0, 2.0, ""), (2.0, 3.0, ""), (2.0, 8.0, "near")],
    ids=["equally strong", "4 dB apart", "14 dB apart"],
)
def test_of_two_pdus_at_once_only_one_stronger_by_6_db_survives(near_m: float, far_m: float, survivors: str) -> None:
    async def main() -> None:
        air = Air(1, STILL)
        log = recorded(air)
        ear, near, far = Ear("ear", air, 0), Ear("near", air, near_m), Ear("far", air, -far_m)
        near.say()
        await asyncio.sleep(0.0001)
        far.say()
        await asyncio.sleep(0.001)
        assert [pdu.source for pdu, _ in ear.heard] == ([survivors] if survivors else [])
        collided = [pdu.source for pdu in log if "ear" in pdu.collided_at]
        assert collided == (["far"] if survivors else ["near", "far"])
        assert air.stats.collided == len(collided)

    run(main())


@given(
    gap_us=st.integers(0, 1000),
    first=st.binary(max_size=31),
    second=st.binary(max_size=31),
    channels=st.tuples(st.sampled_from([37, 38, 39]), st.sampled_from([37, 38, 39])),
)
@settings(deadline=None)
def test_equally_strong_pdus_collide_exactly_when_they_overlap_on_one_channel(
    gap_us: int, first: bytes, second: bytes, channels: tuple[int, int]
) -> None:
    async def main() -> int:
        air = Air(1, STILL)
        Ear("ear", air, 0)
        one, other = Ear("one", air, 5), Ear("other", air, -5)
        one.say(channels[0], first)
        await asyncio.sleep(gap_us / 1e6)
        other.say(channels[1], second)
        await asyncio.sleep(0.001)
        return air.stats.collided

    overlap = gap_us < (16 + len(first)) * 8
    assert run(main()) == (2 if overlap and channels[0] == channels[1] else 0)


def test_strength_falls_with_distance_and_what_is_out_of_range_counts_nowhere() -> None:
    async def main() -> None:
        air = Air(1, STILL)
        ear, voice = Ear("ear", air), Ear("voice", air)
        for distance_m in (1, 10, 80, 100, 1000):
            air.place("voice", distance_m, 0)
            voice.say()
            await asyncio.sleep(0.001)
        assert [rssi_dbm for _, rssi_dbm in ear.heard] == [-45, -69, -91]
        assert air.stats == AirStats(advertising_pdus=5, received=3)

    run(main())


def test_near_the_edge_of_range_fading_takes_some() -> None:
    async def main() -> None:
        air = Air(1, Propagation(shadowing_db=0))
        ear, voice = Ear("ear", air), Ear("voice", air, 90)
        for _ in range(500):
            voice.say()
            await asyncio.sleep(0.001)
        assert 150 < len(ear.heard) < 350
        assert all(rssi_dbm >= -92 for _, rssi_dbm in ear.heard)
        assert air.stats.received + air.stats.lost == 500

    run(main())


def test_shadowing_is_the_same_both_ways_and_differs_between_pairs() -> None:
    async def main() -> None:
        air = Air(1)
        for name, x_m in (("a", 0), ("b", 10), ("c", 20)):
            air.place(name, x_m, 0)
        assert air.mean_rssi_dbm("a", "b") == air.mean_rssi_dbm("b", "a")
        assert air.mean_rssi_dbm("a", "b") != air.mean_rssi_dbm("b", "c")

    run(main())


def test_blocked_radios_neither_hear_nor_disturb_each_other() -> None:
    async def main() -> None:
        air = Air(1, STILL)
        ear, voice, jammer = Ear("ear", air), Ear("voice", air, 1), Ear("jammer", air, -1)
        air.block("jammer", "ear")
        voice.say()
        jammer.say()
        await asyncio.sleep(0.001)
        assert [pdu.source for pdu, _ in ear.heard] == ["voice"]
        air.unblock("ear", "jammer")
        jammer.say()
        await asyncio.sleep(0.001)
        assert [pdu.source for pdu, _ in ear.heard] == ["voice", "jammer"]

    run(main())


def test_extra_loss_takes_its_share_and_every_listener_in_range_is_counted_once() -> None:
    async def main() -> None:
        air = Air(1, STILL)
        air.loss = 0.3
        log = recorded(air)
        voice = Ear("voice", air)
        ears = [Ear(f"ear {i}", air, i) for i in range(1, 4)]
        for _ in range(1000):
            voice.say()
            await asyncio.sleep(0.001)
        assert air.stats.received + air.stats.lost == 3000
        assert air.stats.received == sum(len(ear.heard) for ear in ears) == pytest.approx(2100, rel=0.05)
        assert air.stats.lost == sum(len(pdu.lost_by) for pdu in log)
        assert air.stats.advertising_pdus == len(log) == 1000

    run(main())


def test_a_sender_that_loses_power_within_a_pdu_is_not_heard() -> None:
    async def main() -> None:
        air = Air(1, STILL)
        board, ear = await Board("a", air).start(), Ear("ear", air)
        await board.advertise()
        await asyncio.sleep((FIRST_EVENT_US + 100) / 1e6)
        await board.ble.power_off()
        await asyncio.sleep(1)
        assert ear.heard == []
        assert air.stats == AirStats(advertising_pdus=1, lost=1)

    run(main())


def _shift(seed: int, with_bystander: bool = False) -> list[tuple[int, str, bytes, tuple[str, ...]]]:
    async def main() -> list[tuple[int, str, bytes, tuple[str, ...]]]:
        air = Air(seed)
        air.loss = 0.2
        log = recorded(air)
        boards = {name: await Board(name, air, x_m, seed=seed).start() for x_m, name in enumerate("hcd")}
        if with_bystander:
            bystander = await Board("bystander", air, 100_000).start()
            await bystander.advertise(25)
            await bystander.scan()
        await boards["h"].ble.call("config_set", (("addr_mode", 3),))
        await boards["c"].scan()
        await boards["d"].scan()
        await boards["h"].advertise()
        await boards["c"].advertise(100)
        await asyncio.sleep(3)
        return [(p.time_us, p.source, p.address, p.received_by) for p in log if p.source != "bystander"]

    return run(main())


def test_a_seed_repeats_the_world_and_another_one_does_not() -> None:
    assert _shift(1) == _shift(1)
    assert _shift(1) != _shift(2)


def test_a_radio_out_of_range_changes_nothing_for_the_others() -> None:
    alone, with_bystander = _shift(1), _shift(1, with_bystander=True)
    delay_us = with_bystander[0][0] - alone[0][0]
    assert [(time_us - delay_us, *rest) for time_us, *rest in with_bystander if time_us - delay_us <= alone[-1][0]][
        :20
    ] == [(time_us, *rest) for time_us, *rest in alone][:20]


def test_bumbles_own_devices_connect_over_this_air() -> None:
    async def main() -> None:
        air = Air(1, STILL)
        central, peripheral = bumble_device("c", air, "C0:00:00:00:00:01"), bumble_device("p", air, "C0:00:00:00:00:02")
        await central.power_on()
        await peripheral.power_on()
        await peripheral.start_advertising(advertising_interval_min=100, advertising_interval_max=100)
        connection = await central.connect(peripheral.random_address, timeout=5)
        assert connection.peer_address == peripheral.random_address
        await asyncio.sleep(1)
        pdus = air.stats.advertising_pdus
        await asyncio.sleep(1)
        assert air.stats.advertising_pdus == pdus, "a connection ends the advertising"

    with seeded_entropy(1):
        run(main())
