"""What one activation of a board's Bluetooth has, from `active(True)` to its end: radio, roles, connections.

It hands the host's events to the roles and the firmware's calls to them: advertising and scanning (`broadcast.py`), the
central (`central.py`), the GATT server (`gatt.py`) and client (`gattc.py`) and security (`pairing.py`), all over the
connections of `bearers.py`.
"""

import asyncio
import errno
import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from bumble import att, hci

from .bearers import Bearer, Bearers
from .broadcast import IRQ_SCAN_DONE, Advertising, Radio, RadioCosts, Scanning
from .central import IRQ_PERIPHERAL_CONNECT, IRQ_PERIPHERAL_DISCONNECT, NO_ADDRESS, Central
from .gatt import GattServer
from .gattc import GattClient
from .pairing import Pairing
from .signaling import CID as SIGNALING_CID
from .signaling import Signaling
from .silent_pairing import SilentPairing

if TYPE_CHECKING:
    from .ble_config import Config

IRQ_CENTRAL_CONNECT = 1
IRQ_CENTRAL_DISCONNECT = 2
IRQ_MTU_EXCHANGED = 21
IRQ_CONNECTION_UPDATE = 27
SMP_CID = 6
_L2CAP_HEADER_BYTES = 4


class BleStack:
    """`raise_irq(event, data)` tells the firmware, `ask` does, and gives back what its handler returned."""

    def __init__(
        self,
        radio: Radio,
        costs: RadioCosts,
        config: "Config",
        seed: random.Random,
        raise_irq: Callable[[int, tuple[Any, ...]], None],
        ask: Callable[[int, tuple[Any, ...]], "asyncio.Future[object]"],
    ) -> None:
        self.radio = radio
        self.bearers = Bearers(self._transmit, costs.notify_pool, self._on_mtu)
        self._raise_irq = raise_irq
        self._is_nimble = radio.is_nimble
        self._doing: dict[asyncio.Task[None], None] = {}
        self._advertising = Advertising(radio)
        self._scanning = Scanning(radio, raise_irq)
        self._central = Central(radio, self._scanning, raise_irq)
        self.pairing: Pairing | None = None
        if self._is_nimble:
            self.pairing = Pairing(
                costs.port,
                config.security,
                radio.host,
                self.bearers,
                lambda: config.identity(radio),
                seed,
                raise_irq,
                ask,
            )
        self._silent_pairing = SilentPairing(self.bearers)
        self._signaling = Signaling(self.bearers, self._do)
        self.gatt = GattServer(
            costs, self._is_nimble, lambda: config.gap_name, self.bearers, raise_irq, ask, self._refusal
        )
        self._client = GattClient(
            costs,
            self._is_nimble,
            self.bearers,
            lambda: self.gatt.mtu,
            raise_irq,
            ask,
            self._can_send,
            self._terminate,
        )
        host = radio.host
        host.on("le_connection", self._on_connection)
        host.on("disconnection", self._on_disconnection)
        host.on("connection_parameters_update", self._on_update)
        host.on("l2cap_pdu", self._on_pdu)
        host.on("packets_completed", self._on_packets_completed)

    def say_goodbye(self) -> None:
        """The firmware switches it off: NimBLE's binding stops a scan first."""
        if self._is_nimble and self._scanning.is_on:
            self._raise_irq(IRQ_SCAN_DONE, ())

    def close(self) -> None:
        """Off the air at this instant, without a word to the firmware."""
        self._advertising.close()
        self._scanning.close()
        self._central.close()
        self.radio.close()
        if self.pairing is not None:
            self.pairing.close()
        self.gatt.close()
        self._client.requests.close()
        for task in self._doing:
            task.cancel()

    async def call(self, op: str, args: tuple[Any, ...]) -> object:
        """One of the methods whose names begin with gap, gatts or gattc."""
        match op:
            case "gap_advertise":
                await self._gap_advertise(*args)
            case "gap_scan":
                await self._gap_scan(*args)
            case "gap_connect":
                await self._gap_connect(*args)
            case "gap_disconnect":
                return await self._gap_disconnect(*args)
            case _ if op.startswith("gatts_"):
                if op == "gatts_register_services" and self._is_nimble and not self.radio.is_quiet:
                    raise OSError(errno.EBUSY, "services are registered before advertising, scanning and connecting")
                return await self.gatt.call(op, args)
            case _ if op.startswith("gattc_"):
                await self._client.call(op, args)
            case _:
                raise ValueError(f"{self.radio.name}: this simulator has no bluetooth operation {op!r}")
        return None

    async def _gap_advertise(
        self, interval_us: int | None, adv_data: bytes | None, resp_data: bytes | None, connectable: bool
    ) -> None:
        if interval_us is None:
            await self._advertising.stop()
        else:
            await self._advertising.start(interval_us, adv_data, resp_data, connectable)

    async def _gap_scan(self, duration_ms: int | None, interval_us: int, window_us: int, active: bool) -> None:
        if duration_ms is None:
            await self._scanning.stop()
        else:
            await self._scanning.start(duration_ms, interval_us, window_us, active)

    async def _gap_connect(self, address_type: int | None, *args: Any) -> None:
        if address_type is None:
            await self._central.cancel()
        else:
            await self._central.connect(address_type, *args)

    async def _gap_disconnect(self, connection: int) -> bool:
        bearer = self.bearers.get(connection)
        if bearer is None:
            return not self._is_nimble  # BTstack's binding does not look
        if bearer.is_leaving and self._is_nimble:
            raise OSError(errno.EALREADY, f"connection {connection} is being ended")
        await self._command(self._leave(bearer))
        return True

    def _leave(self, bearer: Bearer) -> hci.HCI_Disconnect_Command:
        bearer.is_leaving = True
        reason = hci.HCI_ErrorCode.REMOTE_USER_TERMINATED_CONNECTION_ERROR
        return hci.HCI_Disconnect_Command(connection_handle=bearer.handle, reason=reason)

    def _terminate(self, connection: int) -> None:
        bearer = self.bearers.get(connection)
        if bearer is not None and not bearer.is_leaving:
            self._do(self._leave(bearer))

    async def _command(self, command: hci.HCI_AsyncCommand) -> None:
        """What the controller refuses is of no matter: the connection may be on its way out already."""
        await self.radio.host.send_async_command(command, check_status=False)

    def _do(self, command: hci.HCI_AsyncCommand) -> None:
        task = asyncio.get_running_loop().create_task(self._command(command))
        self._doing[task] = None
        task.add_done_callback(lambda task: self._doing.pop(task, None))

    # What the host tells.

    def _on_connection(
        self, connection: int, peer: hci.Address, _own: object, _peer: object, role: hci.Role, *_: int
    ) -> None:
        bearer = self.bearers.open(connection, role, peer)
        self._client.requests.connected(bearer)
        if self.pairing is not None:
            self.pairing.connected(bearer, self.radio.address)
        if role == hci.Role.CENTRAL:
            self._central.on_connection()
        event = IRQ_PERIPHERAL_CONNECT if role == hci.Role.CENTRAL else IRQ_CENTRAL_CONNECT
        self._raise_irq(event, (connection, *self._who(bearer)))

    def _on_disconnection(self, connection: int, _reason: int) -> None:
        bearer = self.bearers.get(connection)
        assert bearer is not None
        self._client.requests.disconnected(bearer)
        self.bearers.close(bearer)
        self.gatt.disconnected(bearer)
        self._advertising.on_disconnection()
        event = IRQ_PERIPHERAL_DISCONNECT if bearer.role == hci.Role.CENTRAL else IRQ_CENTRAL_DISCONNECT
        # BTstack's binding does not tell who it was.
        who = self._who(bearer) if self._is_nimble else NO_ADDRESS
        if self.pairing is not None:
            self.pairing.disconnected(bearer)
        self._raise_irq(event, (connection, *who))

    def _who(self, bearer: Bearer) -> tuple[int, bytes]:
        peer = self.pairing.identity(bearer) if self.pairing is not None else bearer.peer
        return int(peer.is_random), bytes(peer)[::-1]

    async def _refusal(self, bearer: Bearer, flags: int, is_read: bool) -> att.ErrorCode | None:
        return await self.pairing.refusal(bearer, flags, is_read=is_read) if self.pairing is not None else None

    def _on_update(self, connection: int, interval: int, latency: int, timeout: int) -> None:
        self._raise_irq(IRQ_CONNECTION_UPDATE, (connection, interval, latency, timeout, 0))

    def _on_mtu(self, bearer: Bearer, mtu: int) -> None:
        self._raise_irq(IRQ_MTU_EXCHANGED, (bearer.handle, mtu))

    def _on_packets_completed(self, connection: int, count: int) -> None:
        self.bearers.packets_completed(connection, count)
        self._client.packets_completed()

    def _on_pdu(self, connection: int, channel: int, pdu: bytes) -> None:
        bearer = self.bearers.get(connection)
        if bearer is None or not pdu:
            return
        if channel == SMP_CID:
            self._on_smp_pdu(bearer, pdu)
        elif channel == SIGNALING_CID:
            self._signaling.on_pdu(bearer, pdu)
        elif channel == att.ATT_CID and pdu[0] & 1:
            self._client.requests.on_pdu(bearer, pdu)
        elif channel == att.ATT_CID:
            self.gatt.on_pdu(bearer, pdu)

    def _on_smp_pdu(self, bearer: Bearer, pdu: bytes) -> None:
        if self.pairing is not None:
            self.pairing.on_pdu(bearer, pdu)
        else:
            self._silent_pairing.on_pdu(bearer, pdu)

    def _transmit(self, connection: int, channel: int, pdu: bytes) -> int:
        host = self.radio.host
        if connection not in host.connections or host.le_acl_packet_queue is None:
            return 0
        host.send_l2cap_pdu(connection, channel, pdu)
        packet_bytes: int = host.le_acl_packet_queue.max_packet_size
        return -(-(len(pdu) + _L2CAP_HEADER_BYTES) // packet_bytes)

    def _can_send(self) -> bool:
        queue = self.radio.host.le_acl_packet_queue
        return queue is not None and queue.pending < queue.max_in_flight
