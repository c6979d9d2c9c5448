"""Virtual time."""

import asyncio
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.clock import VirtualLoop, VirtualTimeDeadlock, now_us, run


def test_a_long_sleep_costs_no_real_time() -> None:
    async def main() -> int:
        await asyncio.sleep(30 * 86_400)
        return now_us(asyncio.get_running_loop())

    before = time.monotonic()
    assert run(main()) == 30 * 86_400 * 1_000_000
    assert time.monotonic() - before < 60  # a month: any real sleeping would show


@given(st.lists(st.integers(min_value=0, max_value=10**13), min_size=1, max_size=20))
def test_a_timer_fires_at_exactly_its_microsecond(instants_us: list[int]) -> None:
    async def main() -> list[tuple[int, int]]:
        loop = asyncio.get_running_loop()
        fired: list[tuple[int, int]] = []
        for wanted_us in instants_us:
            loop.call_at(wanted_us / 1e6, lambda wanted_us=wanted_us: fired.append((wanted_us, now_us(loop))))
        await asyncio.sleep(10**7 + 1)
        return fired

    fired = run(main())
    assert [wanted_us for wanted_us, _ in fired] == sorted(instants_us)
    assert all(wanted_us == actual_us for wanted_us, actual_us in fired)


@given(st.lists(st.integers(min_value=0, max_value=10**8), min_size=1, max_size=30))
def test_sleeps_in_a_row_add_up(naps_us: list[int]) -> None:
    async def main() -> int:
        for nap_us in naps_us:
            await asyncio.sleep(nap_us / 1e6)
        return now_us(asyncio.get_running_loop())

    assert run(main()) == sum(naps_us)


def test_a_wait_that_nobody_can_end_is_named_instead_of_hanging() -> None:
    async def main() -> None:
        await asyncio.sleep(2)
        await asyncio.Event().wait()

    with pytest.raises(VirtualTimeDeadlock, match="stands still at 2000000 us"):
        run(main())


def test_a_ready_file_descriptor_is_served_before_time_moves_on() -> None:
    async def main() -> int:
        loop = asyncio.get_running_loop()
        arrived = loop.create_future()
        loop.call_soon_threadsafe(arrived.set_result, None)
        await arrived
        return now_us(loop)

    assert run(main()) == 0


def test_what_main_left_running_is_cancelled() -> None:
    ended: list[str] = []

    async def forever() -> None:
        try:
            await asyncio.sleep(10**6)
        finally:
            ended.append("cleaned up")

    async def main() -> None:
        main.task = asyncio.create_task(forever())  # type: ignore[attr-defined]
        await asyncio.sleep(1)

    run(main())
    assert ended == ["cleaned up"]


def test_each_loop_has_its_own_time() -> None:
    one, other = VirtualLoop(), VirtualLoop()
    one.run_until_complete(asyncio.sleep(5))
    assert (one.time(), other.time()) == (5.0, 0.0)
    one.close()
    other.close()
