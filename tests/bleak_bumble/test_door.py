"""bleak through a TCP socket: what can be wrong with a door, and what happens when it closes.

That a live world in another process is reached by it is in `tests/simulator/test_door.py`.
"""

import asyncio
import contextlib
import socket

import pytest
from bleak import BleakScanner
from bleak.exc import BleakError

from bleak_bumble import DoorError, open_door, radio
from bleak_bumble.door import parse
from simulator.clock import run
from simulator.door import Door
from simulator.radio.air import Air


@pytest.mark.parametrize(
    "text",
    ["", "tcp", "tcp:", "tcp:127.0.0.1", "tcp:127.0.0.1:", "tcp::8437", "tcp:127.0.0.1:0", "tcp:127.0.0.1:65536"]
    + ["tcp:127.0.0.1:-1", "tcp:127.0.0.1:x", "tcp:127.0.0.1:²", "usb:0", "127.0.0.1:8437", "udp:127.0.0.1:8437"],
)
def test_malformed_text_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(DoorError) as caught:
        parse(text)
    assert "tcp:127.0.0.1:8437" in caught.value.advice
    assert repr(text) in caught.value.happened


def test_addresses_of_both_families_are_read() -> None:
    assert parse("tcp:127.0.0.1:8437") == ("127.0.0.1", 8437)
    assert parse("tcp:[::1]:1") == ("::1", 1)
    assert parse("tcp:localhost:65535") == ("localhost", 65535)


def _refused(text: str, allow_remote: bool = False) -> DoorError:
    async def main() -> None:
        async with open_door(text, allow_remote=allow_remote):
            pass

    with pytest.raises(DoorError) as caught:
        asyncio.run(main())
    return caught.value


@pytest.mark.parametrize("host", ["192.0.2.1", "0.0.0.0", "[2001:db8::1]"])
def test_a_door_on_another_machine_is_refused_since_it_has_no_lock(host: str) -> None:
    error = _refused(f"tcp:{host}:8437")
    assert "no lock" in error.happened and "loopback" in error.advice


def test_an_unknown_name_is_named() -> None:
    error = _refused("tcp:no..host:8437")  # no name server needs to be asked
    assert "no..host" in error.happened


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_where_nobody_listens_that_is_said(host: str) -> None:
    with contextlib.ExitStack() as held:  # so that no other program comes to listen there
        one = held.enter_context(socket.socket())
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
        with contextlib.suppress(OSError):  # no IPv6 here, or it is somebody's there
            held.enter_context(socket.socket(socket.AF_INET6)).bind(("::1", port))
        error = _refused(f"tcp:{host}:{port}")
    assert error.happened.startswith("Nobody answers at tcp:")


@pytest.mark.parametrize("answer", [None, b"", b"SSH-2.0-OpenSSH_9.2\r\n"])
def test_what_does_not_speak_hci_is_found_out(answer: bytes | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(radio, "COMMAND_TIMEOUT_S", 0.2)

    async def main() -> None:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if answer is not None:
                writer.write(answer)
                if answer == b"":
                    writer.close()
            await reader.read()
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server:
            with pytest.raises(DoorError, match="does not speak HCI"):
                async with open_door(f"tcp:127.0.0.1:{port}"):
                    pass

    asyncio.run(main())


def test_when_the_other_side_closes_everything_fails_at_once_and_leaving_is_quiet() -> None:
    async def main() -> None:
        door = Door(Air(1))
        port = await door.open()
        async with open_door(f"tcp:127.0.0.1:{port}") as backends:
            scanner = BleakScanner(backend=backends.scanner)
            await scanner.start()
            await door.close()
            await asyncio.sleep(0.2)
            await scanner.stop()
            with pytest.raises(BleakError, match="closed from the other side"):
                await scanner.start()

    run(main(), paced=True)


def test_each_visit_has_a_random_address_of_its_own() -> None:
    async def main() -> None:
        door = Door(Air(1))
        port = await door.open()
        addresses = set()
        for _ in range(3):
            async with open_door(f"tcp:127.0.0.1:{port}") as backends:
                address = backends.scanner._radio.device.random_address
                assert address.is_static
                addresses.add(str(address))
        assert len(addresses) == 3
        await door.close()

    run(main(), paced=True)
