"""Channels of connection events, by properties."""

from hypothesis import given
from hypothesis import strategies as st

from simulator.radio.hopping import ALL_CHANNELS, channel_1


@given(hop=st.integers(5, 16))
def test_algorithm_1_visits_every_channel_once_a_round(hop: int) -> None:
    assert channel_1(0, hop) == hop
    assert sorted(channel_1(event, hop) for event in range(37)) == list(ALL_CHANNELS)


@given(
    used=st.sets(st.sampled_from(ALL_CHANNELS), min_size=2).map(sorted),
    event=st.integers(0, 0xFFFF),
    hop=st.integers(5, 16),
)
def test_only_used_channels_are_chosen(used: list[int], event: int, hop: int) -> None:
    assert channel_1(event, hop, used) in used
