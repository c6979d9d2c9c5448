"""One board's MicroPython `bluetooth.BLE`, host side: calls become HCI commands to a Bumble controller on the air.

Here are activation, configuration and the peripheral's side of connections; advertising and scanning are
`broadcast.py`, the GATT server is `gatt.py`. The central's side is not built. The other half is
`doubles/bluetooth.py`, inside the VM.
Behaviour of the two bindings from MicroPython extmod/nimble/modbluetooth_nimble.c (esp32) and
extmod/btstack/modbluetooth_btstack.c (rp2); HCI and the air are `controller.py` and `air.py`.
"""

import asyncio
import contextlib
import errno
import random
from collections.abc import Callable
from typing import Any

from bumble import hci

from .air import Air
from .broadcast import IRQ_SCAN_DONE, IRQ_SCAN_RESULT, Advertising, Radio, RadioCosts, Scanning
from .gatt import GattServer

__all__ = ["IRQ_SCAN_DONE", "IRQ_SCAN_RESULT", "Ble", "RadioCosts"]

IRQ_CENTRAL_CONNECT = 1
IRQ_CENTRAL_DISCONNECT = 2
IRQ_CONNECTION_UPDATE = 27
ADDRESS_PUBLIC, ADDRESS_STATIC, ADDRESS_RPA, ADDRESS_NRPA = range(4)

_BTSTACK_MODES = (ADDRESS_PUBLIC, ADDRESS_STATIC)
_NIMBLE_MODES = (ADDRESS_PUBLIC, ADDRESS_STATIC, ADDRESS_NRPA)
_L2CAP_HEADER_BYTES = 4


class Ble:
    """The radio of the board `name`. `seed` is its stream of chance; events go out by `raise_irq(event, data, ticket)`.

    A ticket that is not 0 wants the handler's result by `answer`, when it has run.
    A board has power between `power_on` and `power_off`; its firmware has the radio after "active". Every call raises
    OSError with the errno that firmware sees on that port.
    """

    def __init__(
        self,
        name: str,
        air: Air,
        seed: random.Random,
        raise_irq: Callable[[int, tuple[Any, ...], int], None],
        costs: RadioCosts,
    ) -> None:
        self.name = name
        self._air = air
        self._seed = seed
        self._raise = raise_irq
        self._costs = costs
        self._is_nimble = costs.name != "rp2"
        self._public_address = hci.Address(seed.randbytes(6), hci.Address.PUBLIC_DEVICE_ADDRESS)
        self._has_power = False
        self._answers: dict[int, asyncio.Future[int]] = {}
        self._tickets = 0
        self._forget()

    def _forget(self) -> None:
        self._radio: Radio | None = None
        self._advertising: Advertising | None = None
        self._scanning: Scanning | None = None
        self._gatt: GattServer | None = None
        self._peers: dict[int, hci.Address] = {}
        self._gap_name = b"MPY NIMBLE" if self._is_nimble else b"MPY BTSTACK"

    async def power_on(self) -> None:
        """Supply on. The radio stays silent until the firmware activates it."""
        self._has_power = True

    async def power_off(self) -> None:
        """Supply off at this instant, a PDU on its way included; no event comes any more."""
        self._has_power = False
        self._drop()

    def _drop(self) -> None:
        if self._radio is not None:
            assert self._advertising is not None and self._scanning is not None and self._gatt is not None
            self._advertising.close()
            self._scanning.close()
            self._radio.close()
            self._gatt.close()
        for answer in self._answers.values():
            answer.cancel()
        self._forget()

    def _raise_irq(self, event: int, data: tuple[Any, ...]) -> None:
        self._raise(event, data, 0)

    async def _ask(self, event: int, data: tuple[Any, ...]) -> int:
        self._tickets += 1
        ticket = self._tickets
        answer = self._answers[ticket] = asyncio.get_running_loop().create_future()
        try:
            self._raise(event, data, ticket)
            result: int = await answer
            return result
        finally:
            del self._answers[ticket]

    def answer(self, ticket: int, result: int) -> None:
        """The handler has run and returned this; a ticket that nobody waits for is ignored."""
        answer = self._answers.get(ticket)
        if answer is not None and not answer.done():
            answer.set_result(result)

    def answer_all(self) -> None:
        """Nobody will answer any more."""
        for ticket in self._answers:
            self.answer(ticket, 0)

    async def call(self, op: str, args: tuple[Any, ...]) -> object:
        """Execute one operation of `bluetooth.BLE` and return its value; its cost passes in virtual time meanwhile.

        ValueError for an operation or a parameter that this simulator does not have: the world's fault, not firmware's.
        """
        match op:
            case "active":
                return await self._active(*args)
            case "config_get":
                return self._config_get(*args)
            case "config_set":
                for key, value in args:
                    await self._config_set(key, value)
            case "gap_advertise":
                await self._gap_advertise(*args)
            case "gap_scan":
                await self._gap_scan(*args)
            case "gap_disconnect":
                return await self._gap_disconnect(*args)
            case "answer":
                self.answer(*args)
            case _ if op.startswith("gatts_"):
                return await self._active_gatt(op).call(op, args)
            case _:
                raise ValueError(f"{self.name}: this simulator has no bluetooth operation {op!r}")
        return None

    async def _active(self, wanted: bool | None) -> bool:
        if wanted and self._radio is None:
            if not self._has_power:
                raise OSError(errno.ETIMEDOUT, f"{self.name} has no power")
            radio = self._radio = Radio(self.name, self._air, self._public_address, self._costs)
            self._advertising = Advertising(radio)
            self._scanning = Scanning(radio, self._raise_irq)
            self._gatt = GattServer(
                self._costs, self._is_nimble, lambda: self._gap_name, self._send, self._raise_irq, self._ask
            )
            host = radio.host
            host.on("le_connection", self._on_connection)
            host.on("disconnection", self._on_disconnection)
            host.on("connection_parameters_update", self._on_update)
            host.on("l2cap_pdu", self._gatt.on_pdu)
            host.on("packets_completed", self._gatt.packets_completed)
            try:
                await host.reset(driver_factory=None)
            except hci.HCI_Error as error:
                raise OSError(errno.ETIMEDOUT, f"{self.name} lost its power meanwhile") from error
        elif wanted is not None and not wanted:
            self._drop()
        return self._radio is not None

    def _active_radio(self) -> Radio:
        if self._radio is None:
            raise OSError(errno.ENODEV, f"the radio of {self.name} is not active")
        return self._radio

    def _active_gatt(self, op: str = "") -> GattServer:
        radio, gatt = self._active_radio(), self._gatt
        assert gatt is not None
        if op == "gatts_register_services" and self._is_nimble and not radio.is_quiet:
            raise OSError(errno.EBUSY, "services are registered before advertising, scanning and connecting")
        return gatt

    def _config_get(self, key: str) -> object:
        radio = self._active_radio()
        if key == "mtu":
            return self._active_gatt().mtu
        if key == "mac":
            return (int(radio.address.is_random), bytes(radio.address)[::-1])
        if key == "gap_name":
            return self._gap_name
        raise ValueError(f"{self.name}: this simulator has no bluetooth config {key!r}")

    async def _config_set(self, key: str, value: Any) -> None:
        radio = self._active_radio()
        if key == "addr_mode":
            await self._set_address_mode(radio, value)
        elif key == "mtu":
            self._active_gatt().set_mtu(value)
        elif key == "gap_name":
            self._gap_name = value.encode() if isinstance(value, str) else bytes(value)
        elif key != "rxbuf":  # today's bindings take it and do not use it
            raise ValueError(f"{self.name}: this simulator has no bluetooth config {key!r}")

    async def _set_address_mode(self, radio: Radio, mode: int) -> None:
        """EINVAL where the binding has no such mode; EBUSY while advertising or scanning.

        On boards NimBLE asserts in that second case, which resets the unit; BTstack pauses by itself. Firmware that
        never meets this EBUSY is right on both.
        """
        if mode not in (_NIMBLE_MODES if self._is_nimble else _BTSTACK_MODES):
            raise OSError(errno.EINVAL, f"address mode {mode} is not offered on {self._costs.name}")
        if mode == ADDRESS_PUBLIC:
            radio.address = self._public_address
            return
        content = bytearray(self._seed.randbytes(6))
        # The two highest bits tell the kinds apart: Core specification 6.0, Vol 6, Part B, 1.3.2.
        content[5] = content[5] | 0xC0 if mode == ADDRESS_STATIC else content[5] & 0x3F
        address = hci.Address(bytes(content), hci.Address.RANDOM_DEVICE_ADDRESS)
        await radio.command(hci.HCI_LE_Set_Random_Address_Command(random_address=address))
        radio.address = address

    async def _gap_advertise(
        self, interval_us: int | None, adv_data: bytes | None, resp_data: bytes | None, connectable: bool
    ) -> None:
        advertising = self._advertising
        if interval_us is not None:
            self._active_radio()
            assert advertising is not None
            await advertising.start(interval_us, adv_data, resp_data, connectable)
        elif advertising is not None:  # without a radio the bindings stop silently
            await advertising.stop()

    async def _gap_scan(self, duration_ms: int | None, interval_us: int, window_us: int, active: bool) -> None:
        self._active_radio()
        scanning = self._scanning
        assert scanning is not None
        if duration_ms is None:
            await scanning.stop()
        else:
            await scanning.start(duration_ms, interval_us, window_us, active)

    async def _gap_disconnect(self, connection: int) -> bool:
        radio = self._active_radio()
        if connection not in self._peers:
            return not self._is_nimble  # BTstack's binding does not look
        reason = hci.HCI_ErrorCode.REMOTE_USER_TERMINATED_CONNECTION_ERROR
        command = hci.HCI_Disconnect_Command(connection_handle=connection, reason=reason)
        with contextlib.suppress(hci.HCI_Error):  # on its way out already
            await radio.host.send_async_command(command)
        return True

    def _send(self, connection: int, channel: int, pdu: bytes) -> int:
        host = self._radio.host if self._radio else None
        if host is None or connection not in host.connections or host.le_acl_packet_queue is None:
            return 0
        host.send_l2cap_pdu(connection, channel, pdu)
        packet_bytes: int = host.le_acl_packet_queue.max_packet_size
        return -(-(len(pdu) + _L2CAP_HEADER_BYTES) // packet_bytes)

    def _on_connection(self, connection: int, peer: hci.Address, *_: object) -> None:
        self._peers[connection] = peer
        self._active_gatt().connected(connection)
        self._raise_irq(IRQ_CENTRAL_CONNECT, (connection, int(peer.is_random), bytes(peer)[::-1]))

    def _on_disconnection(self, connection: int, _reason: int) -> None:
        peer = self._peers.pop(connection)
        self._active_gatt().disconnected(connection)
        assert self._advertising is not None
        self._advertising.on_disconnection()
        # BTstack's binding does not tell who it was.
        who = (int(peer.is_random), bytes(peer)[::-1]) if self._is_nimble else (0xFF, bytes(6))
        self._raise_irq(IRQ_CENTRAL_DISCONNECT, (connection, *who))

    def _on_update(self, connection: int, interval: int, latency: int, timeout: int) -> None:
        self._raise_irq(IRQ_CONNECTION_UPDATE, (connection, interval, latency, timeout, 0))
