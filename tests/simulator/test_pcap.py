"""The capture file: bytes as the link type and the link layer prescribe, and as an independent reader sees them."""

import asyncio
import json
import shutil
import struct
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.clock import run
from simulator.radio.air import Air, Pdu, PduType
from simulator.radio.pcap import PcapWriter, crc24, link_layer_bytes

from .radio_world import FRAME, STILL, Board


def _pdu(time_us: int = 1_500_000, channel: int = 38, data: bytes = b"\x02\x01\x06") -> Pdu:
    return Pdu(
        time_us=time_us,
        end_us=time_us + (16 + len(data)) * 8,
        channel=channel,
        pdu_type=PduType.ADV_SCAN_IND,
        address=bytes.fromhex("0605040302c1"),
        address_is_random=True,
        data=data,
        target_is_random=False,
        source="a",
    )


def _crc_by_shift_register(pdu: bytes) -> list[int]:
    """Bits in order of sending: the register of Core specification 6.0, Vol 6, Part B, Figure 3.4, bit by bit."""
    # Position i holds the coefficient of x^i; data enters at position 23; the initial value has its least significant
    # bit in position 0.
    register = [0x555555 >> i & 1 for i in range(24)]
    for byte in pdu:
        for i in range(8):
            feedback = register[23] ^ (byte >> i & 1)
            register = [0, *register[:23]]
            for tap in (0, 1, 3, 4, 6, 9, 10):
                register[tap] ^= feedback
    return register[::-1]  # position 23 leaves first


@given(st.binary(min_size=2, max_size=39))
def test_the_crc_is_that_of_the_specifications_shift_register(pdu: bytes) -> None:
    sent_bits = [byte >> i & 1 for byte in crc24(pdu) for i in range(8)]
    assert sent_bits == _crc_by_shift_register(pdu)


def test_a_file_holds_exactly_these_bytes(tmp_path: Path) -> None:
    with PcapWriter(tmp_path / "air.pcap", signal_dbm=-4) as writer:
        writer(_pdu())
    content = (tmp_path / "air.pcap").read_bytes()
    assert content[:24] == struct.pack("<IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 256)
    assert content[24:40] == struct.pack("<IIII", 1, 500_000, 28, 28)
    phdr, packet = content[40:50], content[50:]
    assert phdr == bytes.fromhex("0c fc 80 00 d6be898e 130c")
    assert packet[:-3] == bytes.fromhex("d6be898e 4609 0605040302c1 020106")
    assert packet[-3:] == crc24(packet[4:-3])


def test_channels_are_numbered_as_in_the_link_type(tmp_path: Path) -> None:
    with PcapWriter(tmp_path / "air.pcap") as writer:
        for i, channel in enumerate((37, 38, 39)):
            writer(_pdu(time_us=i * 1000, channel=channel))
    content = (tmp_path / "air.pcap").read_bytes()
    assert [content[24 + i * 44 + 16] for i in range(3)] == [0, 12, 39]


def test_the_header_tells_type_and_random_addresses() -> None:
    advertisement = _pdu()
    request = advertisement._replace(pdu_type=PduType.SCAN_REQ, data=bytes(6), target_is_random=True)
    public = advertisement._replace(pdu_type=PduType.ADV_IND, address_is_random=False)
    assert [link_layer_bytes(pdu)[:2] for pdu in (advertisement, request, public)] == [
        bytes((0x46, 9)),
        bytes((0xC3, 12)),
        bytes((0x00, 9)),
    ]


@given(st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 31)), max_size=30))
def test_packets_are_in_order_of_their_first_bit_however_long_they_are(
    tmp_path_factory: pytest.TempPathFactory, sent: list[tuple[int, int]]
) -> None:
    pdus = sorted((_pdu(time_us, data=bytes(length)) for time_us, length in sent), key=lambda pdu: pdu.end_us)
    path = tmp_path_factory.mktemp("pcap") / "air.pcap"
    with PcapWriter(path) as writer:
        for pdu in pdus:
            writer(pdu)
    content, times_us = path.read_bytes()[24:], []
    while content:
        seconds, us, length, _ = struct.unpack_from("<IIII", content)
        times_us.append(seconds * 1_000_000 + us)
        content = content[16 + length :]
    assert times_us == sorted(time_us for time_us, _ in sent)


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed (Debian: apt-get install tshark)")
def test_tshark_decodes_every_frame_and_finds_none_malformed(tmp_path: Path) -> None:
    path = tmp_path / "air.pcap"

    async def main() -> list[Pdu]:
        air = Air(1, STILL)
        log: list[Pdu] = []
        with PcapWriter(path) as writer:
            air.observers += [writer, log.append]
            holster, camera = await Board("holster", air).start(), await Board("camera", air, 2).start()
            await holster.ble.call("config_set", (("addr_mode", 3),))
            await holster.ble.call("gap_advertise", (20_000, FRAME, b"\x03\x09ok", False))
            await camera.advertise(100, connectable=True)
            await camera.scan(active=True)
            await asyncio.sleep(1)
        return log

    log = sorted(run(main()), key=lambda pdu: pdu.time_us)
    assert {pdu.pdu_type for pdu in log} == {
        PduType.ADV_IND,
        PduType.ADV_SCAN_IND,
        PduType.SCAN_REQ,
        PduType.SCAN_RSP,
    }
    fields = [
        "btle.advertising_header.pdu_type",
        "btle.advertising_header.length",
        "btle.advertising_address",
        "btle.scanning_address",
        "_ws.malformed",
        "_ws.expert.message",
    ]
    ran = subprocess.run(
        ["tshark", "-n", "-r", str(path), "-T", "json", *(word for field in fields for word in ("-e", field))],
        capture_output=True,
        text=True,
        check=True,
    )
    frames = [packet["_source"]["layers"] for packet in json.loads(ran.stdout)]
    assert len(frames) == len(log)
    for frame, pdu in zip(frames, log, strict=True):
        assert "_ws.malformed" not in frame
        assert "_ws.expert.message" not in frame, frame
        key = "btle.scanning_address" if pdu.pdu_type is PduType.SCAN_REQ else "btle.advertising_address"
        assert frame[key] == [pdu.address[::-1].hex(":")]
        assert int(frame["btle.advertising_header.pdu_type"][0], 0) == pdu.pdu_type
        assert int(frame["btle.advertising_header.length"][0], 0) == 6 + len(pdu.data)
