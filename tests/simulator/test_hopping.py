"""Channels of connection events, by the specification's sample data and properties."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.radio.hopping import ALL_CHANNELS, chance_2, channel_1, channel_2

ACCESS_ADDRESS = 0x8E89BED6


@pytest.mark.parametrize(("event", "chance", "channel"), [(0, 56857, 25), (1, 1685, 20), (2, 38301, 6), (3, 27475, 21)])
def test_algorithm_2_gives_the_sample_data_with_all_channels(event: int, chance: int, channel: int) -> None:
    """Core specification 6.0, Vol 6, Part C, 3.1."""
    assert chance_2(event, ACCESS_ADDRESS) == chance
    assert channel_2(event, ACCESS_ADDRESS) == channel


@pytest.mark.parametrize(("event", "chance", "channel"), [(6, 10975, 23), (7, 5490, 9), (8, 46970, 34)])
def test_algorithm_2_gives_the_sample_data_with_nine_channels(event: int, chance: int, channel: int) -> None:
    """Vol 6, Part C, 3.2: the second and the third are remapped."""
    assert chance_2(event, ACCESS_ADDRESS) == chance
    assert channel_2(event, ACCESS_ADDRESS, (9, 10, 21, 22, 23, 33, 34, 35, 36)) == channel


@given(hop=st.integers(5, 16))
def test_algorithm_1_visits_every_channel_once_a_round(hop: int) -> None:
    assert channel_1(0, hop) == hop
    assert sorted(channel_1(event, hop) for event in range(37)) == list(ALL_CHANNELS)


@given(
    used=st.sets(st.sampled_from(ALL_CHANNELS), min_size=2).map(sorted),
    event=st.integers(0, 0xFFFF),
    access_address=st.integers(0, 0xFFFFFFFF),
    hop=st.integers(5, 16),
)
def test_only_used_channels_are_chosen(used: list[int], event: int, access_address: int, hop: int) -> None:
    assert channel_1(event, hop, used) in used
    assert channel_2(event, access_address, used) in used


def test_algorithm_2_spreads_evenly() -> None:
    counts = Counter(channel_2(event, 0x12345678) for event in range(0x10000))
    assert set(counts) == set(ALL_CHANNELS)
    assert max(counts.values()) / min(counts.values()) < 1.1
