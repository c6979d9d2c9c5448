"""A signing key and checkpoints in the virtual world: real firmware in the VM, Bumble's radio, the commands' flows."""

import asyncio
from pathlib import Path

import pytest

from host_tools.flows import signing
from host_tools.flows.provision import provision
from host_tools.flows.pull import pull_unit
from host_tools.flows.reach import reach
from host_tools.flows.signing import Making
from host_tools.flows.status import status
from host_tools.label import Label
from interlock.core import checkpoint, frames, lms, records, wire
from interlock.core.settings import ROLE_HOLSTER
from simulator.clock import now_us
from simulator.radio.air import Pdu

from .locker import SECRET, SERIAL, Room, play

# As without a key: to the slice of a turn in service mode, 200 hashes.
EDGE_TO_PDU_MAX_US = {"esp32": 40_000 + 200 * 80, "rp2": 150_000 + 200 * 230}


async def with_key(room: Room, name: str = "h5") -> signing.SigningKey:
    await provision(room.bench, Label(SERIAL, SECRET), ROLE_HOLSTER, signing=name)
    return await signing.wait(room.bench, SERIAL)


def checkpoints(room: Room) -> list[checkpoint.Checkpoint]:
    """What the store holds, each with a good signature under the vault's key."""
    rows = room.bench.store.checkpoints(SERIAL)
    assert all(row.public in room.bench.vault.signing_keys(SERIAL) for row in rows)
    assert all(lms.verify(row.public, row.message, row.signature) for row in rows)
    return [checkpoint.unpack(row.message) for row in rows]


@pytest.mark.parametrize(
    "port", ["esp32", *(pytest.param(port, marks=pytest.mark.deep) for port in ("rp2", "stm32wb"))]
)
def test_a_key_takes_seconds_and_every_pull_of_a_day_ends_with_a_checkpoint(tmp_path: Path, port: str) -> None:
    async def story(room: Room) -> None:
        began_us = now_us(asyncio.get_running_loop())
        key = await with_key(room)
        took_us = now_us(asyncio.get_running_loop()) - began_us
        assert key.state == "ready" and 2_000_000 < took_us < 60_000_000
        pulled = await pull_unit(room.bench, SERIAL)
        assert (pulled.failure, pulled.findings) == (None, ())
        (said,) = checkpoints(room)
        stored = room.bench.store.journal(SERIAL)
        assert (said.following, said.chain) == (pulled.following, stored.segments[-1].after)
        assert said.utc_ms and abs(said.utc_ms - room.bench.utc_ms()) < 60_000
        assert stored.records[-1].kind == records.CHECKPOINT and not stored.findings
        again = await pull_unit(room.bench, SERIAL)
        assert again.checkpoint is not None and again.checkpoint.outcome == "too_soon"
        ordered = await pull_unit(room.bench, SERIAL, as_admin=True)
        assert ordered.checkpoint is not None and (ordered.checkpoint.index, len(checkpoints(room))) == (1, 2)

    play(tmp_path, story, records=50, port=port)


def test_power_that_fails_again_and_again_loses_little_of_a_key(tmp_path: Path) -> None:
    async def story(room: Room) -> None:
        done: list[int] = []

        def cut(at: Making) -> None:
            done.append(at.done)
            if len(done) in (2, 4):
                room.board.lose_supply()
                asyncio.get_running_loop().call_later(1.0, lambda: asyncio.ensure_future(room.board.power_on()))

        await provision(room.bench, Label(SERIAL, SECRET), ROLE_HOLSTER, signing="h5/h5")
        key = await signing.wait(room.bench, SERIAL, cut)
        assert key.state == "ready" and len(done) >= 4
        assert done == sorted(done), "what was made is not made again"
        assert (await pull_unit(room.bench, SERIAL)).checkpoint.outcome == "signed"

    play(tmp_path, story, port="rp2")


@pytest.mark.parametrize("port", ["esp32", pytest.param("rp2", marks=pytest.mark.deep)])
def test_a_weapon_armed_while_a_key_is_made_is_on_the_air_at_once_and_the_key_goes_on_later(
    tmp_path: Path, port: str
) -> None:
    async def story(room: Room) -> None:
        await provision(room.bench, Label(SERIAL, SECRET), ROLE_HOLSTER, signing="h5")
        aired_us: list[int] = []

        def watch(pdu: Pdu) -> None:
            if frames.is_ours(pdu.data):
                aired_us.append(pdu.time_us)

        room.air.observers.append(watch)
        async with reach(room.bench, SERIAL, room.bench.vault.technician(SERIAL, "alice", room.bench.utc_ms())) as one:
            before = await one.key()
            edge_us = now_us(asyncio.get_running_loop())
            room.drive("armed", True)
            await asyncio.sleep(2)
            assert aired_us and aired_us[0] - edge_us <= EDGE_TO_PDU_MAX_US[port]
        room.drive("armed", False)
        key = await signing.wait(room.bench, SERIAL)
        assert before.done < key.done == 32 and key.state == "ready"

    play(tmp_path, story, port=port)


def test_a_weapon_armed_while_it_signs_ends_the_session_and_the_signature_is_there_afterwards(tmp_path: Path) -> None:
    async def story(room: Room) -> None:
        await with_key(room)
        credential = room.bench.vault.technician(SERIAL, "alice", room.bench.utc_ms())
        async with reach(room.bench, SERIAL, credential) as one:
            assert (await one.checkpoint(None, b"n" * 16))[0] == 0
            room.drive("armed", True)
            await asyncio.sleep(2)
        room.drive("armed", False)
        ended = [r.fields() for r in room.reading().records if r.kind == records.SESSION_END]
        assert ended[-1].reason == wire.FIRED
        await asyncio.sleep(8)
        pulled = await pull_unit(room.bench, SERIAL)
        assert (pulled.failure, pulled.findings) == (None, ())
        assert pulled.checkpoint is not None and pulled.checkpoint.outcome == "too_soon"
        assert [(said.index, said.nonce) for said in checkpoints(room)] == [(0, b"n" * 16)]

    play(tmp_path, story, port="rp2")


@pytest.mark.parametrize("port", ["esp32", pytest.param("rp2", marks=pytest.mark.deep)])
def test_a_unit_out_of_its_dock_goes_on_with_its_key_and_keeps_no_weapon_waiting(tmp_path: Path, port: str) -> None:
    async def story(room: Room) -> None:
        await provision(room.bench, Label(SERIAL, SECRET), ROLE_HOLSTER, signing="h5")
        room.drive("dock", False)
        await asyncio.sleep(1)
        aired_us: list[int] = []
        room.air.observers.append(lambda pdu: aired_us.append(pdu.time_us) if frames.is_ours(pdu.data) else None)
        edge_us = now_us(asyncio.get_running_loop())
        room.drive("armed", True)
        await asyncio.sleep(1)
        assert aired_us[0] - edge_us <= 40_000
        room.drive("armed", False)
        await asyncio.sleep(60)
        room.drive("dock", True)
        await asyncio.sleep(2)
        assert (await status(room.bench, SERIAL)).signing.state == "ready"
        assert len(room.bench.vault.signing_keys(SERIAL)) == 1

    play(tmp_path, story, port=port)
