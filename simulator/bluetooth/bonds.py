"""What NimBLE keeps of a bonded peer, and where: records that only the firmware stores, asked for by events.

`_IRQ_GET_SECRET` and `_IRQ_SET_SECRET` carry NimBLE's own structs, byte for byte as the compilers of the ports lay them
out; firmware may not look into them, but their length and their keys are what it meets. Types of records: 1 what we
gave the peer, 2 what the peer gave us, 10 our own identity resolving key. Subscriptions (NimBLE's type 3) are not
stored: MicroPython's binding has that as a TODO, so a central subscribes again after each reconnection.

Kept from the bindings: deleting goes on until the handler returns false, so a handler that always returns true never
gets out of it; a refused record makes NimBLE look for its oldest bond, by a key of zeros (builds with asserts stop
there: ports/esp32 and ports/stm32 have none), and give the new one up. Not modelled: the limit of 3 bonds, since
MicroPython compiles the count out.

Sources: extmod/nimble/modbluetooth_nimble.c (ble_secret_store_read and its siblings, load_irk); apache/mynewt-nimble
ble_store.h, ble_store.c, ble_store_util.c; for esp32 espressif/esp-nimble ble_store.h.
"""

import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bumble import hci

IRQ_GET_SECRET = 29
IRQ_SET_SECRET = 30
OUR_SECURITY, PEER_SECURITY, OUR_IRK = 1, 2, 10
DEFAULT_IRK = bytes.fromhex("ef8de2164fec430dbf5bdd34c0531eb8")
"""What NimBLE distributes when the firmware keeps no secrets: the same on all boards (apache/mynewt-nimble#887)."""
_IRK_KEY = b"irk"
_ANY_ADDRESS = bytes(7)

Ask = Callable[[int, tuple[object, ...]], Awaitable[object]]
"""Raise an event and wait for what the firmware's handler returns."""


@dataclass(frozen=True)
class Bond:
    """One record. `peer`: type of the address, then the address, least significant byte first. Keys may be missing."""

    peer: bytes
    key_size: int = 0
    ediv: int = 0
    rand: bytes = bytes(8)
    ltk: bytes | None = None
    irk: bytes | None = None
    csrk: bytes | None = None
    is_authenticated: bool = False
    is_secure: bool = False
    """By LE Secure Connections."""


_KEYS = struct.Struct("<8s16sB16sB16s")


@dataclass(frozen=True)
class _Layout:
    """struct ble_store_value_sec of one NimBLE: how it begins, and whether its last flags have a word of their own."""

    head: struct.Struct
    has_flags_apart: bool

    @property
    def size(self) -> int:
        return self.head.size + _KEYS.size + (14 if self.has_flags_apart else 6)

    def pack(self, bond: Bond) -> bytes:
        ltk, irk, csrk = (key or bytes(16) for key in (bond.ltk, bond.irk, bond.csrk))
        keys = _KEYS.pack(bond.rand, ltk, bond.ltk is not None, irk, bond.irk is not None, csrk)
        is_signed, flags = int(bond.csrk is not None), bond.is_authenticated | bond.is_secure << 1
        first, last = (is_signed, flags) if self.has_flags_apart else (is_signed | flags << 1, 0)
        content = self.head.pack(bond.peer, bond.key_size, bond.ediv) + keys + bytes((first, 0, 0, 0, 0, 0, last))
        return content.ljust(self.size, b"\0")[: self.size]

    def unpack(self, data: bytes) -> Bond | None:
        if len(data) != self.size:
            return None
        peer, key_size, ediv = self.head.unpack_from(data)
        rand, ltk, has_ltk, irk, has_irk, csrk = _KEYS.unpack_from(data, self.head.size)
        first = data[self.head.size + _KEYS.size]
        flags = data[self.head.size + _KEYS.size + 6] if self.has_flags_apart else first >> 1
        return Bond(
            peer,
            key_size,
            ediv,
            rand,
            ltk if has_ltk & 1 else None,
            irk if has_irk & 1 else None,
            csrk if first & 1 else None,
            bool(flags & 1),
            bool(flags & 2),
        )


_UPSTREAM = _Layout(struct.Struct("<7sBH6x"), has_flags_apart=False)
_ESPRESSIF = _Layout(struct.Struct("<7s3xBxH2x"), has_flags_apart=True)
"""It has a count of bonds and a counter of signatures more, which MicroPython never sets."""


def peer_key(address: hci.Address) -> bytes:
    """The key of a peer's records: 0 or 1 (random), then the address."""
    return bytes((int(address.is_random),)) + bytes(address)


class BondStore:
    """The records of one board. Every method asks the firmware by `ask`: what it forgot is not there."""

    def __init__(self, port: str) -> None:
        self._layout = _ESPRESSIF if port == "esp32" else _UPSTREAM

    async def read(self, ask: Ask, kind: int, peer: bytes) -> Bond | None:
        """The record of this peer."""
        return self._parsed(await ask(IRQ_GET_SECRET, (kind, 0, peer)))

    async def write(self, ask: Ask, kind: int, bond: Bond) -> bool:
        """Whether the firmware took it; if not, the oldest bond makes room, where there is one."""
        while not await ask(IRQ_SET_SECRET, (kind, bond.peer, self._layout.pack(bond))):
            oldest = self._parsed(await ask(IRQ_GET_SECRET, (OUR_SECURITY, 0, _ANY_ADDRESS)))
            if oldest is None:
                return False
            await self.forget(ask, oldest.peer)
        return True

    async def forget(self, ask: Ask, peer: bytes) -> None:
        """Delete what there is of this peer."""
        for kind in (OUR_SECURITY, PEER_SECURITY):
            while await ask(IRQ_SET_SECRET, (kind, peer, None)):
                pass

    async def own_irk(self, ask: Ask, fresh: bytes) -> bytes | None:
        """Our identity resolving key at the start of the stack: the stored one, else `fresh` where that is stored."""
        stored = await ask(IRQ_GET_SECRET, (OUR_IRK, 0, _IRK_KEY))
        if isinstance(stored, bytes) and len(stored) == len(fresh):
            return stored
        return fresh if await ask(IRQ_SET_SECRET, (OUR_IRK, _IRK_KEY, fresh)) else None

    async def peers(self, ask: Ask) -> list[Bond]:
        """What all the peers gave us."""
        bonds: list[Bond] = []
        while (bond := self._parsed(await ask(IRQ_GET_SECRET, (PEER_SECURITY, len(bonds), None)))) is not None:
            bonds.append(bond)
        return bonds

    def _parsed(self, data: object) -> Bond | None:
        return self._layout.unpack(data) if isinstance(data, bytes) else None
