"""The two classes that bleak takes as `backend=`, bound to a Bumble device."""

from typing import NamedTuple

from bumble.device import ConnectionParametersPreferences, Device

from .client import BumbleClient, client_class
from .radio import LINUX_PREFERENCES, radio_of
from .scanner import BumbleScanner, scanner_class

MAX_MTU = 517
"""What BlueZ asks for: 512 bytes of a value and the longest header."""


class Backends(NamedTuple):
    """The two classes that bleak takes as `backend=`, bound to one Bumble device."""

    scanner: type[BumbleScanner]
    client: type[BumbleClient]


def backends(
    device: Device, *, mtu: int = MAX_MTU, preferences: ConnectionParametersPreferences = LINUX_PREFERENCES
) -> Backends:
    """Backends for bleak over `device`, which must be powered on before they are used.

    `mtu`: ATT MTU to ask for, 23 to 517; 23 asks for nothing. `preferences`: connection parameters to ask for; default
    the Linux kernel's. All backends of one device share its radio: scans and connects do not disturb each other.
    """
    if not 23 <= mtu <= MAX_MTU:
        raise ValueError(f"an ATT MTU of {mtu} bytes: give 23 to {MAX_MTU}")
    radio = radio_of(device)
    scanner = scanner_class(radio)
    return Backends(scanner, client_class(radio, scanner, mtu, preferences))
