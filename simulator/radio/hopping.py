"""On which channel a connection event is: the two channel selection algorithms, as pure functions.

Source: Core specification 6.0, Vol 6, Part B, 4.5.8. A channel map is the set of used channels in ascending order.
Sample data: Vol 6, Part C, 3 (`tests/simulator/test_hopping.py`).
"""

from collections.abc import Sequence

DATA_CHANNELS = 37
ALL_CHANNELS = tuple(range(DATA_CHANNELS))


def channel_1(event: int, hop: int, used: Sequence[int] = ALL_CHANNELS) -> int:
    """Algorithm #1 (4.5.8.2) at the connection event with this counter, the map never having changed before."""
    unmapped = hop * (event + 1) % DATA_CHANNELS
    return unmapped if unmapped in used else used[unmapped % len(used)]


def channel_2(event: int, access_address: int, used: Sequence[int] = ALL_CHANNELS) -> int:
    """Algorithm #2 (4.5.8.3) at the connection event with this counter (16 bits)."""
    chance = chance_2(event, access_address)
    unmapped = chance % DATA_CHANNELS
    return unmapped if unmapped in used else used[len(used) * chance >> 16]


def chance_2(event: int, access_address: int) -> int:
    """Its pseudo-random number `prn_e`: three rounds of permuting, multiplying and adding (4.5.8.3.2)."""
    identifier = access_address >> 16 ^ access_address & 0xFFFF
    value = event & 0xFFFF ^ identifier
    for _ in range(3):
        value = (17 * _reverse_bytes_bits(value) + identifier) & 0xFFFF
    return value ^ identifier


def _reverse_bytes_bits(value: int) -> int:
    """Each of the two bytes with its bits in the other order."""
    return int(f"{value >> 8:08b}"[::-1], 2) << 8 | int(f"{value & 0xFF:08b}"[::-1], 2)
