"""The radio without power, switched off, and cut in the middle of a call."""

import asyncio
import errno
from typing import Any

import pytest

from simulator.clock import run
from simulator.radio.air import Air

from .ble_boards import errno_of, pair_of
from .radio_world import FRAME, STILL, Board, Ear


def test_without_power_the_radio_does_not_come_up() -> None:
    async def main() -> None:
        assert await errno_of(Board("a", Air(1)), "active", True) == errno.ETIMEDOUT

    run(main())


def test_power_off_is_silence_at_once_and_power_on_starts_fresh() -> None:
    async def main() -> None:
        air = Air(1, STILL)
        holster, camera = pair_of(air)
        await holster.start()
        await camera.start()
        await holster.advertise()
        await camera.ble.call("gap_scan", (1000, 30_000, 30_000, False))
        await asyncio.sleep(0.5)
        await holster.ble.power_off()
        await camera.ble.power_off()
        heard, pdus = len(camera.log), air.stats.advertising_pdus
        await asyncio.sleep(5)
        assert (len(camera.log), air.stats.advertising_pdus) == (heard, pdus)
        assert await errno_of(camera, "gap_scan", 0, 30_000, 30_000, False) == errno.ENODEV
        await holster.start()
        await camera.start()
        await camera.scan()
        await holster.advertise()
        await asyncio.sleep(0.5)
        assert len(camera.log) > heard

    run(main())


def test_inactive_is_silence_too() -> None:
    async def main() -> None:
        air = Air(1, STILL)
        board = await Board("a", air).start()
        await board.advertise()
        assert await board.ble.call("active", (False,)) is False
        await asyncio.sleep(1)
        assert air.stats.advertising_pdus == 0

    run(main())


@pytest.mark.parametrize(
    ("op", "args"),
    [
        ("active", (True,)),
        ("gap_advertise", (20_000, FRAME, None, False)),
        ("gap_advertise", (None, None, None, True)),
        ("gap_scan", (0, 30_000, 30_000, False)),
        ("gap_scan", (None, 0, 0, False)),
        ("gap_connect", (0, b"nobody", 2000, 0, 0)),
        ("config_set", (("addr_mode", 3),)),
        ("config_set", (("addr_mode", 2),)),
    ],
)
@pytest.mark.parametrize("after_us", [0, 1500], ids=["from the call", "from the end of its cost"])
def test_a_power_cut_at_any_step_of_a_call_neither_hangs_nor_leaves_the_radio_on(
    op: str, args: tuple[Any, ...], after_us: int
) -> None:
    """The cut comes after each number of turns of the event loop, until the call gets through or waits for its cost."""

    async def cut_after(turns: int) -> bool:
        air = Air(1, STILL)
        board = Board("a", air)
        await board.ble.power_on()
        if op != "active":
            await board.ble.call("active", (True,))
        task = asyncio.ensure_future(errno_of(board, op, *args))
        await asyncio.sleep(0)
        await asyncio.sleep(after_us / 1e6)
        for _ in range(turns):
            await asyncio.sleep(0)
        was_done = task.done()
        await board.ble.power_off()
        await asyncio.wait_for(task, timeout=1)
        await asyncio.sleep(1)
        assert air.stats.advertising_pdus == 0
        assert list(air.controllers) == []
        return was_done

    async def main() -> list[bool]:
        return [await cut_after(turns) for turns in range(80)]

    done = run(main())
    assert done[-1] == (after_us > 0 or op in ("active", "config_set") or args[0] is None)


@pytest.mark.parametrize(
    ("op", "args"), [("gap_advertise", (20_000, FRAME, None, False)), ("gap_scan", (0, 30_000, 30_000, False))]
)
def test_a_call_from_before_a_power_cycle_does_nothing_after_it(op: str, args: tuple[Any, ...]) -> None:
    async def main() -> None:
        air = Air(1, STILL)
        board, voice = await Board("a", air).start(), Ear("voice", air, 1)
        call = asyncio.ensure_future(errno_of(board, op, *args))
        await asyncio.sleep(0.001)
        await board.ble.power_off()
        await board.start()
        assert await call == errno.ENODEV
        voice.say()
        await asyncio.sleep(1)
        assert air.stats.advertising_pdus == 1
        assert air.stats.received == 0

    run(main())


def test_a_report_still_within_the_stack_at_power_off_does_not_come() -> None:
    async def main() -> None:
        air = Air(1, STILL)
        camera, voice = await Board("camera", air).start(), Ear("voice", air, 1)
        await camera.scan()

        async def cut_at_the_end_of_the_pdu() -> None:
            await asyncio.sleep(376e-6)
            await camera.ble.power_off()

        cut = asyncio.ensure_future(cut_at_the_end_of_the_pdu())
        await asyncio.sleep(0)
        voice.say()
        await cut
        await asyncio.sleep(1)
        assert air.stats.received == 1
        assert camera.log == []

    run(main())


def test_a_pdu_that_began_before_the_scan_is_not_heard() -> None:
    async def main() -> None:
        air = Air(1, STILL)
        camera, voice = await Board("camera", air).start(), Ear("voice", air, 1)
        scan = asyncio.ensure_future(camera.scan())
        await asyncio.sleep(0.0013)
        voice.say(39)
        await scan
        await asyncio.sleep(0.001)
        assert camera.log == []
        voice.say(37)
        await asyncio.sleep(0.001)
        assert len(camera.log) == 1

    run(main())
