"""Virtual time, and virtual time at the pace of the real one."""

import asyncio
import signal
import socket
import subprocess
import sys
import textwrap
import threading
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


# At the pace of real time. What is checked is order and "not earlier": how late a machine is, is its own affair.


def test_paced_time_is_never_ahead_of_real_time_and_timers_keep_their_microsecond() -> None:
    async def main() -> list[tuple[int, float]]:
        loop = asyncio.get_running_loop()
        fired: list[tuple[int, float]] = []
        for wanted_us in (20_001, 5_000, 12_345):
            loop.call_at(wanted_us / 1e6, lambda: fired.append((now_us(loop), time.monotonic() - began_s)))
        await asyncio.sleep(0.03)
        return fired

    began_s = time.monotonic()  # before the loop is made, where its time begins
    fired = run(main(), paced=True)
    assert [at_us for at_us, _ in fired] == [5_000, 12_345, 20_001]
    assert all(real_s >= at_us / 1e6 for at_us, real_s in fired)


def test_paced_time_does_not_jump_over_timers_when_computing_takes_too_long() -> None:
    async def main() -> list[int]:
        loop = asyncio.get_running_loop()
        ticks: list[int] = []
        for tick_us in range(1_000, 21_000, 1_000):
            loop.call_at(tick_us / 1e6, lambda: ticks.append(now_us(loop)))
        time.sleep(0.05)  # a world that computes
        assert now_us(loop) == 0
        await asyncio.sleep(0.0205)
        return ticks

    assert run(main(), paced=True) == list(range(1_000, 21_000, 1_000))


def test_paced_time_waits_for_a_file_descriptor_where_virtual_time_would_be_dead() -> None:
    async def main() -> int:
        loop = asyncio.get_running_loop()
        here, there = socket.socketpair()
        here.setblocking(False)
        sender = threading.Timer(0.02, there.send, (b"x",))
        sender.start()
        try:
            assert await loop.sock_recv(here, 1) == b"x"  # no timer is set
            return now_us(loop)
        finally:
            sender.join()
            here.close()
            there.close()

    assert run(main(), paced=True) >= 20_000


def test_a_file_descriptor_is_served_before_a_later_timer_and_at_an_instant_between() -> None:
    async def main() -> tuple[list[str], int, int]:
        loop = asyncio.get_running_loop()
        here, there = socket.socketpair()
        here.setblocking(False)
        order: list[str] = []
        hour = loop.call_later(3600, order.append, "an hour")
        began_us = now_us(loop)
        sender = threading.Timer(0.02, there.send, (b"x",))
        sender.start()
        await loop.sock_recv(here, 1)
        order.append("bytes")
        at_us = now_us(loop)
        hour.cancel()
        sender.join()
        here.close()
        there.close()
        return order, began_us, at_us

    order, began_us, at_us = run(main(), paced=True)
    assert order == ["bytes"]
    assert began_us + 20_000 <= at_us < 3600 * 1_000_000


def test_sigint_cancels_a_paced_world_and_lets_it_clean_up() -> None:
    program = textwrap.dedent("""
        import asyncio
        from simulator.clock import run

        async def main():
            try:
                print("waiting", flush=True)
                await asyncio.Event().wait()
            finally:
                await asyncio.sleep(0)
                print("cleaned up", flush=True)

        try:
            run(main(), paced=True)
        except KeyboardInterrupt:
            print("interrupted", flush=True)
    """)
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as world:
        assert world.stdout is not None
        assert world.stdout.readline() == "waiting\n"
        world.send_signal(signal.SIGINT)
        assert world.stdout.read() == "cleaned up\ninterrupted\n"
    assert world.returncode == 0
