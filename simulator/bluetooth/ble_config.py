"""`ble.config(...)` of one board: address mode, name, MTU, and what pairing goes by.

Which keys a port knows is the double's business (`doubles/bluetooth.py`); what they are set to is refused here.
Source: MicroPython 1.29, extmod/modbluetooth.c and the two bindings.
"""

import errno
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bumble import crypto, hci

from .ble_stack import BleStack
from .bonds import DEFAULT_IRK
from .broadcast import Radio

ADDRESS_PUBLIC, ADDRESS_STATIC, ADDRESS_RPA, ADDRESS_NRPA = range(4)
NO_INPUT_OUTPUT = 3
_RPA_LIFE_S = 300.0  # BLE_RPA_TIMEOUT in extmod/nimble/syscfg/syscfg.h
_NIMBLE_MODES = (ADDRESS_PUBLIC, ADDRESS_STATIC, ADDRESS_RPA, ADDRESS_NRPA)
_BTSTACK_MODES = (ADDRESS_PUBLIC, ADDRESS_STATIC)
_NIMBLE_NAME_BYTES = 31  # BLE_SVC_GAP_DEVICE_NAME_MAX_LENGTH


@dataclass
class SecurityConfig:
    """What the firmware wants of pairing, as NimBLE begins with it; BTstack on rp2 is built without pairing.

    The documentation has `le_secure` false at first; BLE_SM_SC is 1 in extmod/nimble/syscfg/syscfg.h.
    """

    bond: bool = False
    mitm: bool = False
    io: int = NO_INPUT_OUTPUT
    le_secure: bool = True


class Config:
    """One board's, from power-on to power-off: `security` and NimBLE's name outlive the radio's activation."""

    def __init__(self, board: str, is_nimble: bool, public_address: hci.Address, seed: random.Random) -> None:
        self.security = SecurityConfig()
        self.gap_name = b""
        self.irk = DEFAULT_IRK
        self._board = board
        self._is_nimble = is_nimble
        self._public_address = public_address
        self._seed = seed
        self._mode = ADDRESS_PUBLIC
        self._reset_name()

    def activated(self) -> None:
        """The radio begins anew: at its public address, and with BTstack's name again."""
        self._mode = ADDRESS_PUBLIC
        if not self._is_nimble:
            self._reset_name()

    def _reset_name(self) -> None:
        self.gap_name = b"MPY NIMBLE" if self._is_nimble else b"MPY BTSTACK"

    def identity(self, radio: Radio) -> hci.Address:
        """What stays of us when addresses change."""
        return self._public_address if self._mode == ADDRESS_RPA else radio.address

    def get(self, key: str, active: Callable[[], BleStack]) -> object:
        """`config(key)`; `active` gives the stack, or refuses."""
        match key:
            case "mac":
                radio = active().radio
                if self._mode == ADDRESS_RPA:
                    raise OSError(errno.EINVAL, "NimBLE's binding does not know its resolvable private address")
                return (int(radio.address.is_random), bytes(radio.address)[::-1])
            case "mtu":
                return active().gatt.mtu
            case "gap_name":
                self._need_for_name(active)
                return self.gap_name
            case _:
                raise ValueError(f"{self._board}: this simulator has no bluetooth config {key!r} to get")

    async def set(self, key: str, value: Any, active: Callable[[], BleStack]) -> None:
        """`config(key=value)`; `active` gives the stack, or refuses."""
        match key:
            case "addr_mode":
                await self._set_address_mode(active().radio, value)
            case "mtu":
                active().gatt.set_mtu(value)
            case "gap_name":
                self._need_for_name(active)
                name = value.encode() if isinstance(value, str) else bytes(value)
                if self._is_nimble and len(name) > _NIMBLE_NAME_BYTES:
                    raise OSError(errno.EINVAL, f"a name of {len(name)} bytes")
                self.gap_name = name
            case "bond" | "mitm" | "le_secure" if self._is_nimble:
                setattr(self.security, key, bool(value))
            case "io" if self._is_nimble:
                self.security.io = int(value)
            case _:
                raise ValueError(f"{self._board}: this simulator has no bluetooth config {key!r} to set")

    def _need_for_name(self, active: Callable[[], BleStack]) -> None:
        if not self._is_nimble:
            active()  # there it is an attribute's value

    async def _set_address_mode(self, radio: Radio, mode: int) -> None:
        """EINVAL where the binding has no such mode; EBUSY while advertising, scanning or connecting.

        On boards NimBLE asserts in that second case, which resets the unit; BTstack pauses by itself. Firmware that
        never meets this EBUSY is right on both. An unknown mode both bindings pass over: EINVAL, so that it shows.
        """
        if mode not in (_NIMBLE_MODES if self._is_nimble else _BTSTACK_MODES):
            raise OSError(errno.EINVAL, f"address mode {mode} is not offered by this binding")
        if mode == ADDRESS_PUBLIC:
            await radio.use_address(self._public_address)
        elif mode == ADDRESS_RPA:
            await radio.use_addresses(self._resolvable_address, _RPA_LIFE_S)
        else:
            await radio.use_address(self._random_address(0xC0 if mode == ADDRESS_STATIC else 0))
        self._mode = mode

    def _random_address(self, kind: int) -> hci.Address:
        """The two highest bits tell the kinds apart: Core specification 6.0, Vol 6, Part B, 1.3.2."""
        content = bytearray(self._seed.randbytes(6))
        content[5] = content[5] & 0x3F | kind
        return hci.Address(bytes(content), hci.Address.RANDOM_DEVICE_ADDRESS)

    def _resolvable_address(self) -> hci.Address:
        """1.3.2.2: three bytes of chance, and their hash by the key."""
        chance = bytes(self._random_address(0x40))[3:]
        return hci.Address(crypto.ah(self.irk, chance) + chance, hci.Address.RANDOM_DEVICE_ADDRESS)
