"""Encryption start between two virtual controllers: its time, what waits for it, keys that are missing or differ."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from bumble import hci
from bumble.device import Connection

from simulator.clock import run
from simulator.entropy import seeded_entropy
from simulator.radio.air import Air

from .links import Pair, pair

KEY, OTHER_KEY = bytes(range(16)), bytes(16)
INTERVAL_S = 0.05
ENCRYPTED, REFRESHED, REFUSED = "encrypted", "refreshed", "refused"


class Ends:
    """What both sides are told: (seconds, side, what) in order. `key`: what the peripheral's host has."""

    def __init__(self, link: Pair, key: bytes | None) -> None:
        self.link = link
        self.key = key
        self.told: list[tuple[float, str, str]] = []
        self.asked: list[tuple[bytes, int]] = []
        link.far.device.host.long_term_key_provider = self._key
        for side, connection in (("near", link.connection), ("far", link.other)):
            self._listen(side, connection)

    def _listen(self, side: str, connection: Connection) -> None:
        loop = asyncio.get_running_loop()

        def note(what: str) -> Callable[..., None]:
            return lambda *_: self.told.append((loop.time(), side, what))

        connection.on(connection.EVENT_CONNECTION_ENCRYPTION_CHANGE, note(ENCRYPTED))
        connection.on(connection.EVENT_CONNECTION_ENCRYPTION_KEY_REFRESH, note(REFRESHED))
        connection.on(connection.EVENT_CONNECTION_ENCRYPTION_FAILURE, note(REFUSED))

    async def _key(self, handle: int, rand: bytes, ediv: int) -> bytes | None:
        self.asked.append((rand, ediv))
        return self.key

    async def start(self, key: bytes = KEY) -> None:
        handle = self.link.connection.handle
        command = hci.HCI_LE_Enable_Encryption_Command(handle, bytes(7) + b"\1", 0x1234, key)
        await self.link.near.device.send_async_command(command)

    @property
    def outcomes(self) -> list[tuple[str, str]]:
        return [(side, what) for _, side, what in self.told]


def play(story: Callable[[Ends], Coroutine[Any, Any, None]], key: bytes | None = KEY) -> None:
    async def main() -> None:
        link = await pair(Air(1), INTERVAL_S * 1000, timeout_ms=1000)
        await story(Ends(link, key))

    with seeded_entropy(1):
        run(main())


def test_encryption_takes_connection_events() -> None:
    async def story(ends: Ends) -> None:
        begun = asyncio.get_running_loop().time()
        await ends.start()
        await asyncio.sleep(1)
        assert ends.asked == [(bytes(7) + b"\1", 0x1234)]
        assert ends.outcomes == [("far", ENCRYPTED), ("near", ENCRYPTED)]
        assert INTERVAL_S < ends.told[-1][0] - begun < 6 * INTERVAL_S

    play(story)


def test_data_waits_until_both_are_encrypted() -> None:
    async def story(ends: Ends) -> None:
        link = ends.link
        proxy = await link.proxy()
        arrived: list[float] = []
        link.value.on("write", lambda *_: arrived.append(asyncio.get_running_loop().time()))
        await ends.start()
        await asyncio.sleep(0)
        for _ in range(3):
            await proxy.write_value(b"x", with_response=False)
        await asyncio.sleep(1)
        assert len(arrived) == 3
        assert arrived[0] >= ends.told[0][0]

    play(story)


def test_encrypted_pdus_are_four_bytes_longer() -> None:
    """So fewer of them fill an event: each turn is 32 us longer."""

    async def story(ends: Ends) -> None:
        link = ends.link
        proxy = await link.proxy()
        got: list[float] = []
        await proxy.subscribe(lambda _: got.append(asyncio.get_running_loop().time()))

        async def in_an_event() -> int:
            got.clear()
            for _ in range(400):
                await link.far.device.notify_subscribers(link.value, bytes(20))
            await asyncio.sleep(1)
            return _most_at_once(got)

        in_the_clear = await in_an_event()
        await ends.start()
        await asyncio.sleep(1)
        assert in_the_clear == _turns(27)
        assert await in_an_event() == _turns(31)

    play(story)


def _turns(octets: int) -> int:
    turn_us = (10 + octets) * 8 + 150 + 80 + 150
    return int(0.95 * INTERVAL_S * 1e6 / turn_us)


def _most_at_once(got: list[float]) -> int:
    return max(sum(at <= other < at + INTERVAL_S * 0.96 for other in got) for at in got)


def test_a_missing_key_leaves_the_link_as_it_was() -> None:
    async def story(ends: Ends) -> None:
        await ends.start()
        await asyncio.sleep(1)
        assert ends.outcomes == [("near", REFUSED)]
        assert not ends.link.connection.is_encrypted
        proxy = await ends.link.proxy()
        assert await proxy.read_value() == b"hello"
        ends.key = KEY
        await ends.start()
        await asyncio.sleep(1)
        assert ends.outcomes[1:] == [("far", ENCRYPTED), ("near", ENCRYPTED)]

    play(story, None)


def test_two_different_keys_end_the_link_at_once_here_and_by_its_timeout_there() -> None:
    async def story(ends: Ends) -> None:
        await ends.start(OTHER_KEY)
        await asyncio.sleep(3)
        (far_at, far, far_reason), (near_at, near, near_reason) = ends.link.ends
        assert (far, far_reason) == ("far", hci.HCI_ErrorCode.CONNECTION_TERMINATED_DUE_TO_MIC_FAILURE_ERROR)
        assert (near, near_reason) == ("near", hci.HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR)
        assert 0.9 < near_at - far_at < 1.2
        assert ends.outcomes == []

    play(story)


def test_keys_change_on_an_encrypted_link() -> None:
    async def story(ends: Ends) -> None:
        await ends.start()
        await asyncio.sleep(1)
        ends.key = OTHER_KEY
        await ends.start(OTHER_KEY)
        await asyncio.sleep(1)
        assert ends.outcomes[2:] == [("far", REFRESHED), ("near", REFRESHED)]
        assert await (await ends.link.proxy()).read_value() == b"hello"

    play(story)


def test_what_was_encrypted_does_not_go_on_in_the_clear() -> None:
    async def story(ends: Ends) -> None:
        await ends.start()
        await asyncio.sleep(1)
        ends.key = None
        await ends.start()
        await asyncio.sleep(1)
        assert [reason for _, side, reason in ends.link.ends if side == "near"] == [
            hci.HCI_ErrorCode.PIN_OR_KEY_MISSING_ERROR
        ]

    play(story)


def test_only_a_central_starts_and_one_procedure_runs_at_a_time() -> None:
    async def story(ends: Ends) -> None:
        command = hci.HCI_LE_Enable_Encryption_Command(ends.link.other.handle, bytes(8), 0, KEY)
        with pytest.raises(hci.HCI_Error) as refusal:
            await ends.link.far.device.send_async_command(command)
        assert refusal.value.error_code == hci.HCI_ErrorCode.COMMAND_DISALLOWED_ERROR
        await ends.start()
        with pytest.raises(hci.HCI_Error) as refusal:
            await ends.start()
        assert refusal.value.error_code == hci.HCI_ErrorCode.COMMAND_DISALLOWED_ERROR
        await asyncio.sleep(1)
        await ends.start()
        await asyncio.sleep(1)
        assert len(ends.told) == 4

    play(story)


def test_a_link_that_breaks_in_the_middle_says_nothing_of_encryption() -> None:
    async def story(ends: Ends) -> None:
        await ends.start()
        ends.link.far.power_off()
        await asyncio.sleep(3)
        assert ends.outcomes == []
        assert [side for _, side, _ in ends.link.ends] == ["near"]

    play(story)
