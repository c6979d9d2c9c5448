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

from .clock import US_PER_S, now_us
from .radio.air import CHANNELS, Air, Pdu, PduType
from .radio.controller import AirController

NAME = "attacker"
_KEPT = 64
_CHANNEL_US = 600  # from one channel to the next
_ADDRESS = 6


class Ear:
    """The newest frames on the air, of everybody but attackers: what they replay and alter. From when it is made."""

    def __init__(self, air: Air) -> None:
        self.frames: deque[bytes] = deque(maxlen=_KEPT)
        air.observers.append(self._hear)

    def _hear(self, pdu: Pdu) -> None:
        is_frame = not pdu.source.startswith(f"{NAME} ") and pdu.pdu_type is not PduType.SCAN_RSP and is_ours(pdu.data)
        if is_frame and pdu.data not in self.frames:
            self.frames.append(pdu.data)


class Attacker:
    """The radio `name`, NAME and a number (longer than any unit's id); it is on the air from `flood` to its end."""

    def __init__(self, name: str, air: Air, seed: int, ear: Ear) -> None:
        self.name = name
        self._air = air
        self._chance = Random(f"{seed}/{name}")
        self._heard = ear.frames
        self._makes: Mapping[str, Callable[[], bytes | None]] = {
            "random": self._random,
            "replayed": self._replayed,
            "altered": self._altered,
        }

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
        next_us = now_us(loop)
        end_us = next_us + round(for_s * US_PER_S)
        while next_us < end_us:
            frame = self._makes[kind]()
            if frame is not None:
                address = hci.Address(self._chance.randbytes(_ADDRESS), hci.Address.RANDOM_DEVICE_ADDRESS)
                for channel in CHANNELS:
                    self._air.transmit(radio, channel, PduType.ADV_NONCONN_IND, address, frame)
                    await asyncio.sleep(_CHANNEL_US / US_PER_S)
            # From plan to plan, not from end to beginning: so the rate is the one that was asked for.
            next_us += round(self._chance.expovariate(rate_hz) * US_PER_S)
            await asyncio.sleep(max(0, next_us - now_us(loop)) / US_PER_S)
        radio.remove()
