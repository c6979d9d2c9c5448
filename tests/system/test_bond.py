"""An optional bond beneath the sessions: real firmware in the VM, Bumble's security manager on both sides."""

import asyncio
from pathlib import Path

import pytest

from host_tools.flows.reach import find
from host_tools.flows.status import status
from host_tools.link import Radio
from host_tools.outcome import ToolError
from interlock.radio.bonds import RECORD_BYTES_MAX, RECORDS_MAX, Bonds
from simulator.radio.tapping import DataPdu

from .locker import SERIAL, Room, play


def encrypted(seen: list[DataPdu]) -> float:
    """Part of the PDUs with content that were encrypted."""
    full = [pdu.is_encrypted for pdu in seen if pdu.payload]
    return sum(full) / len(full)


def test_a_bond_encrypts_later_links_too_and_sessions_do_not_care(tmp_path: Path) -> None:
    async def story(room: Room) -> None:
        seen: list[DataPdu] = []
        await room.provision()
        await asyncio.sleep(2)
        room.air.data_observers.append(seen.append)
        assert (await status(room.bench, SERIAL)).serial == SERIAL
        assert encrypted(seen) == 0
        await asyncio.sleep(2)
        assert isinstance(room.bench.radio, Radio)
        await room.bench.radio.bond((await find(room.bench, SERIAL))[0])
        await asyncio.sleep(2)
        seen.clear()
        assert (await status(room.bench, SERIAL)).serial == SERIAL
        assert encrypted(seen) > 0.8, "the second link does not use the bond"
        await asyncio.sleep(2)
        await room.bench.radio.forget((await find(room.bench, SERIAL))[0])
        await asyncio.sleep(2)
        seen.clear()
        assert (await status(room.bench, SERIAL)).serial == SERIAL
        assert encrypted(seen) == 0

    play(tmp_path, story)


def test_a_board_without_pairing_says_so_and_is_served_as_before(tmp_path: Path) -> None:
    async def story(room: Room) -> None:
        await room.provision()
        await asyncio.sleep(2)
        assert isinstance(room.bench.radio, Radio)
        with pytest.raises(ToolError, match="no bond came about"):
            await room.bench.radio.bond((await find(room.bench, SERIAL))[0])
        await asyncio.sleep(5)
        assert (await status(room.bench, SERIAL)).serial == SERIAL

    play(tmp_path, story, port="rp2")


def test_the_first_hosts_stay_and_nothing_grows() -> None:
    bonds = Bonds()
    for number in range(RECORDS_MAX):
        assert bonds.set(1, memoryview(bytes([number] * 7)), bytes([number] * 80))
    assert not bonds.set(1, b"another", bytes(80)), "a stranger pushes a bond out"
    assert bonds.set(1, bytes([3] * 7), b"anew")
    assert bonds.get(1, 0, bytes([3] * 7)) == b"anew"
    assert bonds.get(1, 0, bytes(7)) == bytes(80)
    assert bonds.get(2, 0, bytes(7)) is None
    assert bonds.get(1, RECORDS_MAX - 1, None) == bytes([RECORDS_MAX - 1] * 80)
    assert bonds.get(1, RECORDS_MAX, None) is None
    assert bonds.set(1, bytes(7), None) and not bonds.set(1, bytes(7), None)
    assert not bonds.set(1, bytes(7), bytes(RECORD_BYTES_MAX + 1))
    assert bonds.set(1, b"another", bytes(80))
