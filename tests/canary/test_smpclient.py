"""What the bench takes its peer to do, against the installed smpclient: where that changes, the comparison changes."""

import asyncio

import bleak
import cbor2
import pytest

pytest.importorskip("smpclient", reason="smpclient is of the extra dev")

from smp import header as smp_header
from smpclient import SMPClient, SMPUploadError
from smpclient.transport import SMP_CHARACTERISTIC_UUID, SMP_SERVICE_UUID, SMPTransport, ble

FILE = bytes(range(256)) * 5


class Counting(SMPTransport):
    """A server in memory that answers with chunks of 200 bytes and counts how many requests wait at once."""

    mtu = 244

    def __init__(self) -> None:
        self.waiting, self.most, self.asked = 0, 0, []

    async def connect(self, address, timeout_s):
        pass

    async def disconnect(self):
        pass

    async def send_and_receive(self, data):
        self.waiting += 1
        self.most = max(self.most, self.waiting)
        await asyncio.sleep(0)
        self.waiting -= 1
        asked = smp_header.Header.loads(data[:8])
        if asked.group_id == smp_header.GroupId.OS_MANAGEMENT:
            said = {"buf_size": 100, "buf_count": 4}
        else:
            wanted = cbor2.loads(data[8:])
            self.asked.append(wanted["off"])
            said = {"off": wanted["off"], "data": FILE[wanted["off"] : wanted["off"] + 200], "len": len(FILE)}
            if wanted["name"] != "file":
                said = {"err": {"group": 8, "rc": 3}}
        body = cbor2.dumps(said)
        op = smp_header.OP(asked.op + 1)
        return bytes(smp_header.Header(op, asked.version, asked.flags, len(body), asked.group_id, asked.sequence,
                                       asked.command_id)) + body  # fmt: skip


async def _download(name):
    transport = Counting()
    async with SMPClient(transport, "nobody") as client:
        return await client.download_file(name), transport


def test_a_download_asks_for_one_chunk_at_a_time_and_takes_what_length_the_server_gives():
    """So its speed is a round trip a message; and neither buffer size nor count that the server states bound it."""
    data, transport = asyncio.run(_download("file"))
    assert data == FILE
    assert transport.asked == list(range(0, len(FILE), 200))
    assert transport.most == 1


def test_an_error_of_the_file_group_ends_the_download():
    with pytest.raises(SMPUploadError):
        asyncio.run(_download("other"))


def test_its_bluetooth_transport_takes_bleaks_classes_from_its_own_module():
    """There the bench puts classes that are bound to the virtual radio."""
    assert ble.BleakScanner is bleak.BleakScanner and ble.BleakClient is bleak.BleakClient


def test_the_server_of_the_bench_has_the_uuids_that_it_looks_for():
    from tests.bench.smp import SCRIPT

    text = SCRIPT.read_text().lower()
    assert str(SMP_SERVICE_UUID) in text and str(SMP_CHARACTERISTIC_UUID) in text
