"""A technician's visit in the virtual world: real firmware in the VM, Bumble's radio, bleak, the commands' flows."""

import asyncio
import struct
from pathlib import Path

import pytest

from host_tools import label
from host_tools.flows.provision import provision
from host_tools.flows.pull import Pulled, pull_unit
from host_tools.flows.reach import admin, reach
from host_tools.flows.status import status
from host_tools.flows.sync import sync
from host_tools.refused import Refused
from interlock.core import frames, records, wire
from interlock.core.settings import ROLE_CAMERA, ROLE_HOLSTER
from simulator.clock import now_us
from simulator.radio.air import Pdu, PduType

from .locker import EPOCH_MS, SECRET, SERIAL, Room, play

# BTstack airs nothing while it is a peripheral, so on rp2 the link has to end first: two connection intervals.
EDGE_TO_PDU_MAX_US = {"esp32": 40_000, "rp2": 150_000}


def kinds(room: Room) -> list[int]:
    return [record.kind for record in room.reading().records]


def last(room: Room, kind: int):
    return next(record.fields() for record in reversed(room.reading().records) if record.kind == kind)


@pytest.mark.parametrize("port", ["esp32", pytest.param("rp2", marks=pytest.mark.deep)])
def test_a_boxed_unit_is_set_up_and_comes_up_in_service(tmp_path: Path, port: str) -> None:
    async def story(room: Room) -> None:
        await room.provision()
        held, access = room.settings(), room.access()
        assert held is not None and access is not None
        assert (held.unit, held.role, held.serial.rstrip()) == (1, ROLE_HOLSTER, SERIAL.encode())
        assert (access.step, access.label_open, access.force.rstrip()) == (2, False, b"TEST")
        entry = room.bench.vault.unit(SERIAL)
        assert entry.state == "committed" and entry.admin.key == access.admin_key
        credentials = [r.fields().credential for r in room.reading().records if r.kind == records.SESSION]
        assert credentials == [wire.SETUP, wire.ADMIN]
        told = await status(room.bench, SERIAL)
        assert told.status.role == ROLE_HOLSTER and told.status.following == room.reading().records[-1].sequence
        assert told.clock_off_ms is not None and abs(told.clock_off_ms) <= 100

    play(tmp_path, story, port=port)


def test_the_label_opens_a_unit_no_more_once_an_admin_has_spoken_to_it(tmp_path: Path) -> None:
    from host_tools.vault.credential import SetUp

    async def story(room: Room) -> None:
        await room.provision()
        with pytest.raises(Refused) as refused:
            async with reach(room.bench, SERIAL, SetUp(SECRET, "mallory")):
                pass
        assert refused.value.reason == wire.NO_CREDENTIAL

    play(tmp_path, story)


def test_a_wrong_label_is_refused_journalled_and_nobody_is_heard_for_a_while(tmp_path: Path) -> None:
    async def story(room: Room) -> None:
        wrong = label.Label(SERIAL, bytes(16))
        with pytest.raises(Refused) as refused:
            await provision(room.bench, wrong, ROLE_HOLSTER)
        assert refused.value.reason == wire.BAD_PROOF
        assert room.settings() is None and last(room, records.REFUSED).tries == 1
        with pytest.raises(Refused) as refused:
            await provision(room.bench, wrong, ROLE_HOLSTER)
        assert refused.value.reason in (wire.WAIT, wire.BAD_PROOF)
        await asyncio.sleep(3)
        await room.provision()
        assert room.settings() is not None

    play(tmp_path, story)


@pytest.mark.parametrize("mtu", [23, 517, *(pytest.param(mtu, marks=pytest.mark.deep) for mtu in (24, 60, 185, 247))])
def test_a_pull_brings_every_record_at_any_mtu(tmp_path: Path, mtu: int) -> None:
    async def story(room: Room) -> None:
        await room.provision()
        pulled = await pull_unit(room.bench, SERIAL)
        assert pulled.failure is None and not pulled.findings
        held = [record.raw for record in room.reading().records]
        assert room.stored() == held[: pulled.following]
        again = await pull_unit(room.bench, SERIAL)
        # The first pull's own end, and the second session's beginning.
        assert (again.new, again.known) == (again.following - pulled.following, 0)

    play(tmp_path, story, records=150, mtu=mtu)


@pytest.mark.parametrize("port", [pytest.param("esp32", marks=pytest.mark.deep), "rp2"])
def test_a_weapon_in_use_ends_a_pull_at_once_and_its_frame_is_not_late(tmp_path: Path, port: str) -> None:
    pdus: list[Pdu] = []

    async def story(room: Room) -> None:
        await room.provision()
        room.air.observers.append(lambda pdu: pdus.append(pdu) if pdu.source == SERIAL else None)
        loop = asyncio.get_running_loop()
        pulling = asyncio.ensure_future(pull_unit(room.bench, SERIAL))
        while not room.bench.store.units() or room.bench.store.going_on(SERIAL).next_sequence < 400:
            await asyncio.sleep(0.02)
        fired_us = round(loop.time() * 1e6)
        room.drive("armed", True)
        pulled: Pulled = await pulling
        heard = [pdu.time_us - fired_us for pdu in pdus if pdu.time_us > fired_us and frames.is_ours(pdu.data)]
        assert heard and heard[0] <= EDGE_TO_PDU_MAX_US[port], heard[0]
        assert pulled.failure is not None and pulled.following is not None
        stored = room.stored()
        assert 400 <= len(stored) < 1500
        assert stored == [record.raw for record in room.reading().records][: len(stored)]
        ended = [r.fields() for r in room.reading().records if r.kind == records.SESSION_END]
        assert ended[-1].reason == wire.FIRED
        room.drive("armed", False)
        await asyncio.sleep(8)
        rest = await pull_unit(room.bench, SERIAL)
        assert rest.failure is None
        assert room.stored() == [record.raw for record in room.reading().records][: rest.following]

    play(tmp_path, story, records=1500, port=port)


def test_a_unit_that_dies_in_the_middle_of_a_pull_loses_nothing(tmp_path: Path) -> None:
    async def story(room: Room) -> None:
        await room.provision()
        pulling = asyncio.ensure_future(pull_unit(room.bench, SERIAL))
        while not room.bench.store.units() or room.bench.store.going_on(SERIAL).next_sequence < 300:
            await asyncio.sleep(0.02)
        await room.board.power_off()
        await asyncio.sleep(1)
        await room.board.power_on()
        pulled = await pulling
        assert pulled.failure is None and pulled.links >= 2
        assert room.stored() == [record.raw for record in room.reading().records][: pulled.following]

    play(tmp_path, story, records=900)


def test_a_unit_that_leaves_in_the_middle_of_a_pull_loses_nothing(tmp_path: Path) -> None:
    async def story(room: Room) -> None:
        await room.provision()
        pulling = asyncio.ensure_future(pull_unit(room.bench, SERIAL))
        while not room.bench.store.units() or room.bench.store.going_on(SERIAL).next_sequence < 300:
            await asyncio.sleep(0.02)
        room.air.place(SERIAL, 5000.0, 0.0)
        pulled = await pulling
        assert pulled.failure is not None
        before = room.stored()
        assert before == [record.raw for record in room.reading().records][: len(before)]
        room.air.place(SERIAL, 0.0, 0.0)
        await asyncio.sleep(8)
        rest = await pull_unit(room.bench, SERIAL)
        assert rest.failure is None and rest.known == 0
        assert room.stored() == [record.raw for record in room.reading().records][: rest.following]

    play(tmp_path, story, records=900)


def test_leaving_the_dock_ends_service_mode_and_its_session(tmp_path: Path) -> None:
    async def story(room: Room) -> None:
        await room.provision()
        with pytest.raises(Refused) as refused:
            async with admin(room.bench, SERIAL) as session:
                room.drive("dock", False)
                await asyncio.sleep(1)
                await session.status()
        assert refused.value.reason == wire.CLOSED
        await asyncio.sleep(2)
        assert await room.bench.radio.scan(3.0) == []

    play(tmp_path, story)


def test_the_button_held_opens_service_mode_for_a_minute(tmp_path: Path) -> None:
    async def story(room: Room) -> None:
        await room.provision()
        room.drive("dock", False)
        await asyncio.sleep(5)
        assert await room.bench.radio.scan(2.0) == []
        room.drive("button", True)
        await asyncio.sleep(7)
        room.drive("button", False)
        assert [sighting.serial for sighting in await room.bench.radio.scan(2.0)] == [SERIAL]
        await asyncio.sleep(61)
        assert await room.bench.radio.scan(2.0) == []

    play(tmp_path, story)


def test_a_unit_in_service_is_silent_and_its_address_is_another_than_in_service_mode(tmp_path: Path) -> None:
    addresses: dict[str, set[bytes]] = {"invitation": set(), "frames": set()}

    async def story(room: Room) -> None:
        await room.provision()

        def watch(pdu: Pdu) -> None:
            if pdu.source == SERIAL and pdu.data:
                addresses["frames" if frames.is_ours(pdu.data) else "invitation"].add(pdu.address)

        room.air.observers.append(watch)
        await asyncio.sleep(1)
        room.drive("dock", False)
        await asyncio.sleep(3)
        room.drive("seat_closes", False)
        room.drive("seat_opens", True)
        await asyncio.sleep(1)

    play(tmp_path, story)
    assert addresses["invitation"] and addresses["frames"]
    assert not addresses["invitation"] & addresses["frames"]


def test_a_clock_is_set_journalled_and_may_not_jump_for_a_technician(tmp_path: Path) -> None:
    async def story(room: Room) -> None:
        await room.provision()
        synced = await sync(room.bench, SERIAL)
        assert synced.was_off_ms is not None and abs(synced.was_off_ms) <= 100
        loop = asyncio.get_running_loop()
        clock = next(r for r in reversed(room.reading().records) if r.kind == records.CLOCK)
        fields = clock.fields()
        true_ms = EPOCH_MS + round(loop.time() * 1000)
        assert fields.credential == wire.TECHNICIAN
        assert abs(fields.utc_ms - true_ms) < 5000
        room.bench.utc_ms = lambda: EPOCH_MS + 3_600_000 + round(loop.time() * 1000)
        with pytest.raises(Refused) as refused:
            await sync(room.bench, SERIAL)
        assert refused.value.reason == wire.CLOCK_JUMP
        await sync(room.bench, SERIAL, jump=True)

    play(tmp_path, story)


def test_a_session_is_a_record_of_who_when_and_what(tmp_path: Path) -> None:
    async def story(room: Room) -> None:
        await room.provision(ROLE_CAMERA)
        pulled = await pull_unit(room.bench, SERIAL)
        opened, ended = last(room, records.SESSION), last(room, records.SESSION_END)
        assert (opened.credential, opened.person.rstrip()) == (wire.TECHNICIAN, b"alice")
        assert (ended.reason, ended.pulled_to) == (wire.OK, pulled.following)
        done = {code for code in wire.OPERATIONS if ended.operations & wire.done_bit(code)}
        assert wire.PULL in done and wire.COMMIT not in done

    play(tmp_path, story)


def test_an_unproven_guest_is_sent_away_in_time(tmp_path: Path) -> None:
    async def story(room: Room) -> None:
        await room.provision()
        (sighting,) = await room.bench.radio.scan(3.0, (SERIAL,))
        async with room.bench.radio.connect(sighting) as link:
            await link.command(b"\x80" + struct.pack(">B", 0x77))
            assert (await asyncio.wait_for(link.replies.get(), 5))[1] == wire.ERROR
        await asyncio.sleep(1)
        (sighting,) = await room.bench.radio.scan(3.0, (SERIAL,))
        loop = asyncio.get_running_loop()
        began = loop.time()
        async with room.bench.radio.connect(sighting) as link:
            frame = await asyncio.wait_for(link.replies.get(), 30)
            assert frame[1] == wire.ERROR and frame[2] == wire.IDLE
            assert 10 < loop.time() - began < 20

    play(tmp_path, story)


@pytest.mark.parametrize("port", ["esp32", "rp2"])
def test_a_weapons_frame_carries_no_invitation_in_its_scan_response(tmp_path: Path, port: str) -> None:
    async def story(room: Room) -> None:
        await room.provision()
        answers: list[tuple[int, bytes]] = []
        room.air.observers.append(
            lambda pdu: answers.append((pdu.time_us, pdu.data)) if pdu.pdu_type is PduType.SCAN_RSP else None
        )
        await room.laptop.device.start_scanning(active=True)
        await asyncio.sleep(10)
        assert answers and all(data for _, data in answers), "the invitation has one"
        armed_us = now_us(asyncio.get_running_loop())
        room.drive("armed", True)
        await asyncio.sleep(3)
        later = [data for time_us, data in answers if time_us > armed_us + EDGE_TO_PDU_MAX_US[port]]
        assert later and not any(later), "who asks a weapon's frame learns no name"

    play(tmp_path, story, port=port)


def test_a_stack_that_refuses_for_long_is_asked_ten_times_a_second_at_most_and_then_airs_at_once(
    tmp_path: Path,
) -> None:
    async def story(room: Room) -> None:
        await room.provision()
        room.drive("dock", False)
        await asyncio.sleep(1)
        aired_us: list[int] = []
        room.air.observers.append(lambda pdu: aired_us.append(pdu.time_us) if frames.is_ours(pdu.data) else None)
        faults = room.board.radio_faults
        faults.refusing, before = 1, faults.refused
        room.drive("armed", True)
        await asyncio.sleep(3)  # soon the unit itself would start anew
        # A turn asks three times: at 20 ms, at 100 ms, and for its scan.
        assert not aired_us and 20 <= faults.refused - before <= 120
        faults.refusing = 0
        ended_us = now_us(asyncio.get_running_loop())
        await asyncio.sleep(1)
        assert aired_us[0] - ended_us < 150_000

    play(tmp_path, story)
