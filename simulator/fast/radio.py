"""One board's `bluetooth.BLE` on the air without HCI and host: broadcast and scan, as `ble.py` does them.

The same `Advertiser` and `Scanner`, the same costs, errors and streams of chance as in `ble.py` and `broadcast.py`, so
that what firmware sees happens at the same microseconds. Passive scanning only, no connections: a GATT server can be
registered and filled, nobody ever reads it. Invitations and active scans are refused (`FidelityError`).
"""

import asyncio
import errno
import random
from collections.abc import Callable
from typing import Any

from bumble import hci

from ..bluetooth.ble_config import Config
from ..bluetooth.bonds import Ask, BondStore
from ..bluetooth.broadcast import IRQ_SCAN_DONE, IRQ_SCAN_RESULT, RadioCosts, allowed, fit_in_pdus, slots
from ..bluetooth.dialogue import Dialogue
from ..radio.air import Air, Pdu, PduType
from ..radio.link_layer import SLOT_US, Advertiser, Scanner
from .fidelity import FidelityError

_ADV_SCAN_IND = hci.HCI_LE_Set_Advertising_Parameters_Command.AdvertisingType.ADV_SCAN_IND
_EVENT_TYPES = {PduType.ADV_IND: 0, PduType.ADV_SCAN_IND: 2, PduType.ADV_NONCONN_IND: 3}  # Vol 4, Part E, 7.7.65.2
_KEY_BYTES = 16


class _Activation:
    """The radio between "active" and its end; what the air takes for a controller (`air.Radio`), and `Config` for the
    stack and its parts."""

    def __init__(
        self, name: str, air: Air, address: hci.Address, costs: RadioCosts, report: Callable[[Pdu, int], None]
    ) -> None:
        self.name = name
        self.radio = self.gatt = self
        self.mtu = costs.mtu
        self.public_address = self.random_address = self.address = address
        self.report = report
        air.add_controller(self)
        chance = air.chance(name)
        # Of the controller that owns it an advertiser needs nothing but its addresses.
        self.advertiser = Advertiser(self, self, air, chance)  # type: ignore[arg-type]
        self.scanner = Scanner(self, air, chance)
        self.is_scanning = False
        self._air = air

    def close(self) -> None:
        """Off the air at this instant."""
        self.advertiser.stop()
        self.stop_scanning()
        self._air.remove_controller(self)

    def stop_scanning(self) -> None:
        self.is_scanning = False
        self.scanner.stop()

    @property
    def is_quiet(self) -> bool:
        """Whether it neither advertises nor scans."""
        return not (self.advertiser.enabled or self.is_scanning)

    def set_mtu(self, mtu: int) -> None:
        """For connections, of which there are none."""
        self.mtu = mtu

    async def use_address(self, address: hci.Address) -> None:
        """The one that goes on air."""
        if address.is_random:
            if not self.is_quiet:
                raise OSError(errno.EBUSY, f"{self.name} advertises or scans")
            self.random_address = address
        self.address = address

    async def use_addresses(self, fresh: Callable[[], hci.Address], life_s: float) -> None:
        """Resolvable ones: not here."""
        raise FidelityError(f"{self.name} wants resolvable private addresses")

    def listens_to(self, pdu: Pdu) -> bool:
        return self.scanner.listens_to(pdu)

    def hears(self, pdu: Pdu, rssi_dbm: int) -> None:
        self.report(pdu, rssi_dbm)


class FastBle:
    """The parameters, and what each call does, are those of `ble.Ble`."""

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
        self._is_nimble = costs.stack == "nimble"
        self._public_address = hci.Address(seed.randbytes(6), hci.Address.PUBLIC_DEVICE_ADDRESS)
        self._chance_of_keys = random.Random(f"keys {name} {self._public_address}")
        self._has_power = False
        self._config = self._fresh_config()
        self._dialogue: Dialogue | None = None
        self._forget()

    def _fresh_config(self) -> Config:
        return Config(self.name, self._is_nimble, self._public_address, self._seed)

    def _forget(self) -> None:
        self._radio: _Activation | None = None
        self._data = self._response = b""
        self._values: list[bytes] = []
        self._scan_end: asyncio.TimerHandle | None = None

    async def power_on(self) -> None:
        """Supply on. The radio stays silent until the firmware activates it."""
        self._has_power = True

    async def power_off(self) -> None:
        """Supply off at this instant, a PDU on its way included."""
        self._has_power = False
        if self._dialogue is not None:
            self._dialogue.close()
        self._config = self._fresh_config()
        self._drop()

    def _drop(self) -> None:
        if self._radio is not None:
            self._radio.close()
        if self._scan_end is not None:
            self._scan_end.cancel()
        self._forget()

    def answer(self, ticket: int, result: int) -> None:
        """Nobody asks: there are no connections."""

    def answer_all(self) -> None:
        """Nobody asks."""

    async def call(self, op: str, args: tuple[Any, ...]) -> object:
        """Execute one operation of `bluetooth.BLE`; its cost passes in virtual time meanwhile."""
        if op == "active":
            return await self._active(_nobody, *args)
        if op == "converse" and args[0] == "active":
            self._dialogue = Dialogue()
            return await self._dialogue.begin(self._active(self._dialogue.ask, args[1]))
        if op == "go_on":
            assert self._dialogue is not None
            return await self._dialogue.go_on(*args)
        if op == "config_get":
            return self._config.get(args[0], self._stack)
        if op == "gap_advertise" and args[0] is None and self._radio is None:
            return None  # without a radio the bindings stop silently
        radio = self._active_radio()
        match op:
            case "config_set":
                for key, value in args:
                    await self._config.set(key, value, self._stack)
            case "gap_advertise":
                await self._gap_advertise(radio, *args)
            case "gap_scan":
                await self._gap_scan(radio, *args)
            case "gap_disconnect":
                return not self._is_nimble  # BTstack's binding does not look
            case "gatts_register_services":
                return self._register(radio, *args)
            case "gatts_set_buffer":
                pass
            case "gatts_write":
                await asyncio.sleep(self._costs.gatts_us / 1e6)
                handle, data, _ = args
                self._values[handle - 1] = data
                return len(data)
            case "gatts_read":
                await asyncio.sleep(self._costs.gatts_us / 1e6)
                return self._values[args[0] - 1]
            case _:
                raise FidelityError(f"{self.name}: bluetooth operation {op!r}")
        return None

    async def _active(self, ask: Ask, wanted: bool | None) -> bool:
        if self._radio is not None and wanted is not None and (not wanted or self._is_nimble):
            self._drop()
        if wanted and self._radio is None:
            if not self._has_power:
                raise OSError(errno.ETIMEDOUT, f"{self.name} has no power")
            self._config.activated()
            self._radio = _Activation(self.name, self._air, self._public_address, self._costs, self._report)
            if self._is_nimble:
                await BondStore(self._costs.port).own_irk(ask, self._chance_of_keys.randbytes(_KEY_BYTES))
        return self._radio is not None

    def _active_radio(self) -> _Activation:
        if self._radio is None:
            raise OSError(errno.ENODEV, f"the radio of {self.name} is not active")
        return self._radio

    def _stack(self) -> Any:
        return self._active_radio()

    def _register(self, radio: _Activation, services: Any) -> tuple[tuple[int, ...], ...]:
        if self._is_nimble and not radio.is_quiet:
            raise OSError(errno.EBUSY, "services are registered before advertising, scanning and connecting")
        handles = []
        for _, characteristics in services:
            first = len(self._values) + 1
            self._values += [b""] * sum(1 + len(descriptors) for _, _, descriptors in characteristics)
            handles.append(tuple(range(first, len(self._values) + 1)))
        return tuple(handles)

    async def _gap_advertise(
        self,
        radio: _Activation,
        interval_us: int | None,
        data: bytes | None,
        response: bytes | None,
        connectable: bool,
    ) -> None:
        fit_in_pdus((data, response), self._is_nimble)
        advertiser = radio.advertiser
        advertiser.stop()
        if interval_us is None:
            return
        allowed(interval_us, connectable, self._costs)
        if connectable:
            raise FidelityError(f"{self.name} invites a technician")
        await asyncio.sleep(self._costs.adv_start_us / 1e6)
        self._data = self._data if data is None else bytes(data)
        self._response = self._response if response is None else bytes(response)
        advertiser.advertising_interval_min = advertiser.advertising_interval_max = interval_us // SLOT_US
        advertiser.advertising_type = _ADV_SCAN_IND  # as both bindings do; micropython/micropython#18480
        advertiser.own_address_type = radio.address.address_type
        advertiser.advertising_data, advertiser.scan_response_data = self._data, self._response
        advertiser.start()

    async def _gap_scan(
        self, radio: _Activation, duration_ms: int | None, interval_us: int, window_us: int, active: bool
    ) -> None:
        if duration_ms is None:
            self._stop_scan(radio)
            return
        if active:
            raise FidelityError(f"{self.name} scans actively")
        if window_us > interval_us:
            raise OSError(errno.EINVAL, "the scan window exceeds the interval")
        if radio.is_scanning:
            if self._is_nimble:
                raise OSError(errno.EALREADY, f"{self.name} scans already")
            radio.stop_scanning()  # BTstack restarts with the new figures
        await asyncio.sleep(self._costs.scan_start_us / 1e6)
        radio.scanner.start(slots(interval_us), slots(window_us))
        radio.is_scanning = True
        if duration_ms > 0:
            self._scan_end = asyncio.get_running_loop().call_later(duration_ms / 1000, self._stop_scan, radio)

    def _stop_scan(self, radio: _Activation) -> None:
        if self._scan_end is not None:
            self._scan_end.cancel()
            self._scan_end = None
        was_on = radio.is_scanning
        radio.stop_scanning()
        if was_on or not self._is_nimble:  # BTstack reports the end of a scan that never was
            self._raise(IRQ_SCAN_DONE, (), 0)

    def _report(self, pdu: Pdu, rssi_dbm: int) -> None:
        address = pdu.address[::-1]
        data = (int(pdu.address_is_random), address, _EVENT_TYPES[pdu.pdu_type], rssi_dbm, pdu.data)
        self._raise(IRQ_SCAN_RESULT, data, 0)


async def _nobody(event: int, data: tuple[object, ...]) -> object:
    """Who calls without a handler has no answers either."""
    return None
