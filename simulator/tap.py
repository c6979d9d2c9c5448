"""Who overhears a world."""

from typing import Protocol

from .radio.air import Pdu
from .radio.tapping import DataPdu


class Tap(Protocol):
    """Who overhears everything: `pcap.PcapWriter`, an experiment."""

    def __call__(self, pdu: Pdu, /) -> None:
        """An advertising channel PDU, at its end."""

    def data(self, pdu: DataPdu, /) -> None:
        """A PDU of a connection."""
