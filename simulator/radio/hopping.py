"""On which channel a connection event is: channel selection algorithm #1, as a pure function.

Source: Core specification 6.0, Vol 6, Part B, 4.5.8. A channel map is the set of used channels in ascending order.
"""

from collections.abc import Sequence

DATA_CHANNELS = 37
ALL_CHANNELS = tuple(range(DATA_CHANNELS))


def channel_1(event: int, hop: int, used: Sequence[int] = ALL_CHANNELS) -> int:
    """Algorithm #1 (4.5.8.2) at the connection event with this counter, the map never having changed before."""
    unmapped = hop * (event + 1) % DATA_CHANNELS
    return unmapped if unmapped in used else used[unmapped % len(used)]
