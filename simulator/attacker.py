"""Somebody who wants cameras to run, or not to run: a radio that hears all and sends what it likes, when it likes.

It keeps to the form of a frame (one AD structure of 31 bytes) but to no rule of advertising: no address that stays, no
shortest interval, no delay. It has no key. Its ear is the air's own: nothing is lost on it, which no real one can have.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from random import Random

from bumble import hci

from interlock.core.frames import is_ours

from .radio.air import CHANNELS, Air, Pdu, PduType
from .radio.controller import AirController

_KEPT = 64
_CHANNEL_US = 600  # from one channel to the next
_ADDRESS = 6


class Attacker:
    """The radio `name`; it is on the air from `flood` to its end."""

    def __init__(self, name: str, air: Air, seed: int) -> None:
        self.name = name
        self._air = air
        self._chance = Random(f"{seed}/{name}")
        self._heard: deque[bytes] = deque(maxlen=_KEPT)
        air.observers.append(self._hear)
        self._makes: Mapping[str, Callable[[], bytes | None]] = {
            "random": self._random,
            "replayed": self._replayed,
            "altered": self._altered,
        }

    def _hear(self, pdu: Pdu) -> None:
        is_frame = pdu.source != self.name and pdu.pdu_type is not PduType.SCAN_RSP and is_ours(pdu.data)
        if is_frame and pdu.data not in self._heard:
            self._heard.append(pdu.data)

    def _random(self) -> bytes:
        return b"\x1e\x21" + self._chance.randbytes(29)

    def _replayed(self) -> bytes | None:
        return self._chance.choice(self._heard) if self._heard else None

    def _altered(self) -> bytes | None:
        frame = self._replayed()
        if frame is None:
            return None
        changed = bytearray(frame)
        changed[self._chance.randrange(2, len(changed))] ^= 1 << self._chance.randrange(8)
        return bytes(changed)

    async def flood(self, kind: str, rate_hz: int, for_s: float) -> None:
        """Send that kind of frame for so long, each from another address; nothing while there is nothing to replay."""
        loop = asyncio.get_running_loop()
        radio = AirController(self.name, self._air, hci.Address(self._chance.randbytes(_ADDRESS)))
        end_s = loop.time() + for_s
        while loop.time() < end_s:
            frame = self._makes[kind]()
            if frame is not None:
                address = hci.Address(self._chance.randbytes(_ADDRESS), hci.Address.RANDOM_DEVICE_ADDRESS)
                for channel in CHANNELS:
                    self._air.transmit(radio, channel, PduType.ADV_NONCONN_IND, address, frame)
                    await asyncio.sleep(_CHANNEL_US / 1e6)
            await asyncio.sleep(self._chance.expovariate(rate_hz))
        radio.remove()
