"""A capture of a connection: what a sniffer that heard the CONNECT_IND can follow, link layer to ATT."""

import shutil
import struct
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from simulator.clock import run
from simulator.entropy import seeded_entropy
from simulator.radio.air import Air
from simulator.radio.pcap import ACCESS_ADDRESS, PcapWriter, crc24

from .links import pair
from .radio_world import STILL

_TERMINATE_IND, _LENGTH_REQ, _LENGTH_RSP = 0x02, 0x14, 0x15
_ENCRYPTION = (0x03, 0x04, 0x05, 0x06, 0x06)  # LL_ENC_REQ, LL_ENC_RSP, LL_START_ENC_REQ, twice LL_START_ENC_RSP
_DECRYPTED = 0x0008
_ATT_CHANNEL = 4


class Seen(NamedTuple):
    """One packet of a file."""

    time_us: int
    rf_channel: int
    flags: int
    access_address: int
    pdu: bytes
    crc: bytes

    @property
    def is_from_central(self) -> bool:
        return self.flags >> 7 & 7 == 2

    @property
    def llid(self) -> int:
        return self.pdu[0] & 3

    @property
    def sequence(self) -> int:
        return self.pdu[0] >> 3 & 1

    @property
    def expected(self) -> int:
        return self.pdu[0] >> 2 & 1


def _read(path: Path) -> list[Seen]:
    content, at, seen = path.read_bytes(), 24, []
    while at < len(content):
        seconds, us, length, _ = struct.unpack_from("<IIII", content, at)
        rf_channel, _, _, _, _, flags, access_address = struct.unpack_from("<BbbBIHI", content, at + 16)
        body = content[at + 16 + 14 : at + 16 + length]
        seen.append(Seen(seconds * 1_000_000 + us, rf_channel, flags, access_address, body[:-3], body[-3:]))
        at += 16 + length
    return seen


def _capture(path: Path, loss: float = 0.0) -> None:
    """Two laptops connect, one reads and writes a value of 60 bytes, then hangs up."""

    async def main() -> None:
        air = Air(4, STILL)
        with PcapWriter(path) as writer:
            air.observers.append(writer)
            air.data_observers.append(writer.data)
            two = await pair(air)
            proxy = await two.proxy(mtu=100)
            air.loss = loss
            await proxy.write_value(bytes(range(60)), with_response=True)
            assert await proxy.read_value() == bytes(range(60))
            air.loss = 0
            await two.connection.disconnect()

    run(main())


def _split(seen: list[Seen]) -> tuple[Seen, list[Seen]]:
    connect = next(s for s in seen if s.access_address == ACCESS_ADDRESS and s.pdu[0] & 0xF == 5)
    return connect, [s for s in seen if s.access_address != ACCESS_ADDRESS]


def test_address_crc_and_channels_follow_from_the_connect_ind(tmp_path: Path) -> None:
    _capture(tmp_path / "air.pcap")
    connect, data = _split(_read(tmp_path / "air.pcap"))
    access_address, crc_init, _, _, interval = struct.unpack_from("<I3sBHH", connect.pdu, 2 + 12)
    hop = connect.pdu[-1] & 0x1F
    assert len(data) > 40 and {s.access_address for s in data} == {access_address}
    assert all(s.crc == crc24(s.pdu, int.from_bytes(crc_init, "little")) for s in data)
    assert all(len(s.pdu) == 2 + s.pdu[1] for s in data)
    first_us = next(s.time_us for s in data)
    for s in data:
        event = (s.time_us - first_us) // (interval * 1250)
        index = hop * (event + 1) % 37
        assert s.rf_channel == index + 1 + (index > 10)
    assert [s.time_us for s in data] == sorted(s.time_us for s in data)


@pytest.mark.parametrize("loss", [0.0, 0.3])
def test_packets_come_together_again_by_their_sequence_numbers_alone(tmp_path: Path, loss: float) -> None:
    """What a side sent is acknowledged by the other's NESN; what is repeated has the same SN and the same content."""
    _capture(tmp_path / "air.pcap", loss)
    _, data = _split(_read(tmp_path / "air.pcap"))
    packets: dict[bool, list[bytes]] = {True: [], False: []}
    last: dict[bool, Seen] = {}
    repeated = 0
    for s in data:
        before = last.get(s.is_from_central)
        last[s.is_from_central] = s
        if before is not None and before.sequence == s.sequence:
            repeated += 1
            if before.pdu[1]:
                assert before.pdu[2:] == s.pdu[2:] and before.llid == s.llid
            continue
        if s.llid == 2:
            packets[s.is_from_central].append(s.pdu[2:])
        elif s.llid == 1 and s.pdu[1]:
            packets[s.is_from_central][-1] += s.pdu[2:]
    assert (repeated > 0) == (loss > 0)
    for side in packets.values():
        for packet in side:
            length, _ = struct.unpack_from("<HH", packet)
            assert len(packet) == 4 + length
    att = [p[4:] for p in packets[True] if p[2] == _ATT_CHANNEL]
    assert any(p[0] == 0x12 and p[3:] == bytes(range(60)) for p in att), "ATT_WRITE_REQ"
    answers = [p[4:] for p in packets[False] if p[2] == _ATT_CHANNEL]
    assert bytes((0x0B,)) + bytes(range(60)) in answers, "ATT_READ_RSP"


def test_control_pdus_say_what_they_are(tmp_path: Path) -> None:
    _capture(tmp_path / "air.pcap")
    _, data = _split(_read(tmp_path / "air.pcap"))
    control = [s for s in data if s.llid == 3]
    assert all(s.pdu[1] for s in control)
    (last,) = [s for s in control if s.pdu[2] == _TERMINATE_IND]
    assert last.is_from_central and last.pdu[3] == 0x13, "remote user terminated connection"
    for s in control:
        if s.pdu[2] in (_LENGTH_REQ, _LENGTH_RSP):
            takes, takes_us, sends, sends_us = struct.unpack("<HHHH", s.pdu[3:])
            assert 27 <= takes <= 251 and 27 <= sends <= 251 and takes_us == (takes + 14) * 8 and sends_us


def test_what_went_encrypted_is_shown_in_the_clear_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "air.pcap"

    async def main() -> None:
        air = Air(4, STILL)
        with PcapWriter(path) as writer:
            air.observers.append(writer)
            air.data_observers.append(writer.data)
            two = await pair(air)
            await two.connection.pair()
            proxy = await two.proxy()
            await proxy.write_value(b"in the clear", with_response=True)

    with seeded_entropy(1):
        run(main())
    _, data = _split(_read(path))
    told = [s for s in data if b"in the clear" in s.pdu]
    assert told and all(s.flags & _DECRYPTED for s in told)
    opcodes = [s.pdu[2] for s in data if s.llid == 3]
    assert [o for o in opcodes if o in _ENCRYPTION] == list(_ENCRYPTION)
    assert not any(s.flags & _DECRYPTED for s in data if s.pdu[1] == 0)


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed (Debian: apt-get install tshark)")
def test_tshark_follows_the_connection_and_finds_nothing_malformed(tmp_path: Path) -> None:
    path = tmp_path / "air.pcap"
    _capture(path, 0.2)
    fields = ["_ws.malformed", "btle.access_address", "btatt.opcode"]
    words = [word for field in fields for word in ("-e", field)]
    told = subprocess.run(
        ["tshark", "-n", "-r", str(path), "-T", "fields", *words], check=True, capture_output=True, text=True
    )
    rows = [line.split("\t") for line in told.stdout.splitlines()]
    assert not any(row[0] for row in rows)
    assert {"0x12", "0x13"} <= {row[2] for row in rows}
