"""When a controller transmits and listens on the advertising channels: one advertiser and one scanner.

Legacy advertising, undirected, LE 1M. HCI stays in `controller.py`, the path between radios in `air.py`. Not modelled:
the time a radio takes to change channel, and scan requests of a controller within its own advertising event (it then
just does not ask).

Source: Core specification 6.0, Vol 6, Part B, 4.4.2 (advertising state) and 4.4.3 (scanning state).
"""

import asyncio
import random
from collections.abc import Callable

from bumble import controller, hci
from bumble.controller import LegacyAdvertiser

from ..clock import US_PER_S, now_us
from .air import CHANNELS, T_IFS_US, Air, Pdu, PduType, Radio

SLOT_US = 625
"""The unit of intervals and windows in HCI."""
ADV_DELAY_MAX_US = 10_000
FIRST_EVENT_US = 500
"""From the enable command to the first PDU: an estimate for a controller that has nothing else to do."""
_DEFAULT_SLOTS = 0x800
_BACKOFF_MAX = 256
_LONGEST_PDU_US = 376
_DETECT_US = 40  # preamble and access address: by then a receiver knows that an answer has begun

_PDU_TYPES: dict[int, PduType] = {
    hci.HCI_LE_Set_Advertising_Parameters_Command.AdvertisingType.ADV_IND: PduType.ADV_IND,
    hci.HCI_LE_Set_Advertising_Parameters_Command.AdvertisingType.ADV_SCAN_IND: PduType.ADV_SCAN_IND,
    hci.HCI_LE_Set_Advertising_Parameters_Command.AdvertisingType.ADV_NONCONN_IND: PduType.ADV_NONCONN_IND,
}
_SCANNABLE = (PduType.ADV_IND, PduType.ADV_SCAN_IND)


def is_supported(advertising_type: int) -> bool:
    """Whether the advertiser can send this HCI advertising type: all but the directed ones."""
    return advertising_type in _PDU_TYPES


class Advertiser(LegacyAdvertiser):
    """Bumble's advertiser with real events: a PDU on each channel, then the interval plus 0 to 10 ms of chance.

    Where its PDU may be answered it listens until an answer would have begun, and serves scan requests; PDUs that
    nobody may answer follow each other at once. One that is stopped falls silent after the PDU on its way.
    """

    def __init__(self, owner: controller.Controller, radio: Radio, air: Air, chance: random.Random) -> None:
        # The defaults of HCI (Vol 4, Part E, 7.8.5), where Bumble has zeros.
        super().__init__(owner, _DEFAULT_SLOTS, _DEFAULT_SLOTS, advertising_channel_map=7)
        self._radio = radio
        self._air = air
        self._chance = chance
        self._loop = asyncio.get_running_loop()
        self._step: asyncio.TimerHandle | None = None
        self._sent: Pdu | None = None
        self._rest: list[int] = []

    def start(self) -> None:
        """First event after FIRST_EVENT_US; one that runs goes on undisturbed."""
        if not self.enabled:
            self.enabled = True
            self._next_event(now_us(self._loop) + FIRST_EVENT_US)

    def stop(self) -> None:
        """No further PDU."""
        super().stop()
        if self._step is not None:
            self._step.cancel()
            self._step = None
        self._sent = None

    @property
    def is_in_event(self) -> bool:
        """Whether the radio belongs to an advertising event now."""
        return self._sent is not None

    def _next_event(self, at_us: int) -> None:
        self.timer_handle = self._loop.call_at(at_us / US_PER_S, self._event, at_us)

    def _event(self, began_us: int) -> None:
        delay_us = self._chance.randint(0, ADV_DELAY_MAX_US)
        self._next_event(began_us + self.advertising_interval_min * SLOT_US + delay_us)
        self._send([c for i, c in enumerate(CHANNELS) if self.advertising_channel_map >> i & 1])

    def _send(self, channels: list[int]) -> None:
        self._rest = channels[1:]
        pdu_type = _PDU_TYPES[self.advertising_type]
        self._sent = self._air.transmit(self._radio, channels[0], pdu_type, self.address, bytes(self.advertising_data))
        if pdu_type in _SCANNABLE:
            self._later(self._sent.end_us + T_IFS_US + _DETECT_US, self._after_silence)
        else:
            self._later(self._sent.end_us, self._go_on)

    def _later(self, at_us: int, step: Callable[[], None]) -> None:
        if self._step is not None:
            self._step.cancel()
        self._step = self._loop.call_at(at_us / US_PER_S, step)

    def _after_silence(self) -> None:
        sent = self._sent
        assert sent is not None
        answer = self._air.begun(self._radio, sent.channel, sent.end_us + T_IFS_US)
        if answer is None:
            self._go_on()
        else:
            self._later(answer.end_us + 1, self._go_on)

    def _go_on(self) -> None:
        if self._rest:
            self._send(self._rest)
        else:
            self._sent = None

    def listens_to(self, pdu: Pdu) -> bool:
        """Whether this is a request to the PDU just sent, at the one instant where it may come."""
        sent = self._sent
        if sent is None or pdu.channel != sent.channel or pdu.time_us != sent.end_us + T_IFS_US:
            return False
        if pdu.pdu_type is PduType.SCAN_REQ:
            return sent.pdu_type in _SCANNABLE and pdu.data == sent.address
        return pdu.pdu_type is PduType.CONNECT_IND and sent.pdu_type is PduType.ADV_IND and pdu.data[:6] == sent.address

    def answer(self, request: Pdu) -> None:
        """The request arrived: send the scan response, then go on with the event."""
        self._later(request.end_us + T_IFS_US, self._respond)

    def _respond(self) -> None:
        asked = self._sent
        assert asked is not None
        data = bytes(self.scan_response_data)
        response = self._air.transmit(self._radio, asked.channel, PduType.SCAN_RSP, self.address, data)
        self._later(response.end_us, self._go_on)


class Scanner:
    """Listens in windows, one channel for each interval; when active, asks advertisers for their scan response."""

    def __init__(self, radio: Radio, air: Air, chance: random.Random) -> None:
        self._radio = radio
        self._air = air
        self._chance = chance
        self._loop = asyncio.get_running_loop()
        air.has_scanner(radio)
        self._listening = False
        self._asked: Pdu | None = None
        self._asked_address = b""
        self._miss: asyncio.TimerHandle | None = None
        self._backoff_limit = 1
        self._backoff_count = 1
        self._streak = 0

    def start(self, interval: int, window: int) -> None:
        """Listen from now on channel 37, then 38, 39 and round; `interval` and `window` in units of 625 us."""
        self._air.scans(self._radio, interval * SLOT_US, window * SLOT_US)
        self._listening = True
        self._backoff_limit = self._backoff_count = 1
        self._streak = 0

    def stop(self) -> None:
        """Deaf from now on."""
        self._listening = False
        self._air.scans_no_more(self._radio)
        self._forget_request()

    def listens_to(self, pdu: Pdu) -> bool:
        """Whether this is the scan response asked for. What else it hears, the air knows (`Air.scans`)."""
        asked = self._asked
        return (
            self._listening
            and asked is not None
            and pdu.pdu_type is PduType.SCAN_RSP
            and pdu.channel == asked.channel
            and pdu.time_us == asked.end_us + T_IFS_US
            and pdu.address == self._asked_address
        )

    def ask(self, advertisement: Pdu, own_address: Callable[[], hci.Address]) -> None:
        """Count down the backoff (4.4.3.2) and at its end ask the advertiser for its scan response."""
        if advertisement.pdu_type not in _SCANNABLE or self._asked is not None:
            return
        self._backoff_count -= 1
        if self._backoff_count == 0:
            ask_us = advertisement.end_us + T_IFS_US
            self._loop.call_at(ask_us / US_PER_S, self._request, advertisement, own_address)

    def _request(self, advertisement: Pdu, own_address: Callable[[], hci.Address]) -> None:
        if not self._listening:
            return
        self._asked_address = advertisement.address
        self._asked = self._air.transmit(
            self._radio,
            advertisement.channel,
            PduType.SCAN_REQ,
            own_address(),
            advertisement.address,
            target_is_random=advertisement.address_is_random,
        )
        give_up_us = self._asked.end_us + T_IFS_US + _LONGEST_PDU_US + 1
        self._miss = self._loop.call_at(give_up_us / US_PER_S, self._answered, False)

    def got_response(self) -> None:
        """The scan response arrived."""
        self._answered(True)

    def _answered(self, success: bool) -> None:
        self._forget_request()
        self._streak = max(0, self._streak) + 1 if success else min(0, self._streak) - 1
        if self._streak == 2:
            self._backoff_limit = max(1, self._backoff_limit // 2)
            self._streak = 0
        elif self._streak == -2:
            self._backoff_limit = min(_BACKOFF_MAX, self._backoff_limit * 2)
            self._streak = 0
        self._backoff_count = self._chance.randint(1, self._backoff_limit)

    def _forget_request(self) -> None:
        self._asked = None
        if self._miss is not None:
            self._miss.cancel()
            self._miss = None
