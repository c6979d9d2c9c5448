"""Unlinkability, measured: nobody follows a unit by its bytes or addresses, and the measure notices when one could.

Ten officers' pairs on one air, uses among them. An observer learns from one world and judges others, with other keys.
"""

import functools
from collections import defaultdict

import numpy as np
import pytest

from simulator.observer.cues import GROUPS, gather, pair_up
from simulator.observer.experiment import BEYOND, EVERYTHING, Advantage, Observer
from simulator.observer.following import follow
from simulator.observer.learning import Ranking, Table, Weights
from simulator.observer.listening import US, Burst

from .overheard import ADDRESSES, BYTES, Change, world

SECONDS = {"esp32": 900, "rp2": 400, "stm32wb": 600}
CONTROL_S, QUICK_CONTROL_S = 900, 300
NEXT_S = 30
"""Pairs within so long: an announcement of a camera unit and its next one."""
LATER_S = 110
"""Presence, and several of readiness."""
SHIFT_S = 8 * 3600
SHIFTS = ("esp32", "stm32wb")


@functools.cache
def taught(seed: int, duration_s: float, window_s: int, port: str = "esp32", change: Change | None = None) -> Observer:
    return Observer([world(seed, duration_s, port, change)], window_s * US)


@functools.cache
def measured(
    seeds: tuple[int, ...], duration_s: float, window_s: int, port: str = "esp32", change: Change | None = None
) -> dict[str, Advantage]:
    """By an observer that has learnt from the world of the first seed."""
    worlds = [world(seed, duration_s, port, change) for seed in seeds[1:]]
    return taught(seeds[0], duration_s, window_s, port, change).measure(worlds)


def controlled(change: Change, duration_s: float = CONTROL_S) -> dict[str, Advantage]:
    return measured((1, 2), duration_s, NEXT_S, change=change)


def assert_nothing_but_timing(found: dict[str, Advantage]) -> None:
    told = {name: str(advantage) for name, advantage in found.items()}
    assert found["bytes"].is_noise() and found["addresses"].is_noise(), told
    assert found[BEYOND].value <= 4 * found[BEYOND].sigma, told
    # The noise is small enough for that to mean something.
    assert found["bytes"].sigma < 0.04 and found["addresses"].sigma < 0.04 and found[BEYOND].sigma < 0.01, told
    assert found["timing"].value > 0.3, "the times do link, and the observer can tell"


@pytest.mark.parametrize(
    ("port", "window_s", "seeds"),
    [
        ("rp2", NEXT_S, (1, 2)),
        *(pytest.param("esp32", window_s, (1, 2, 3), marks=pytest.mark.deep) for window_s in (NEXT_S, LATER_S)),
    ],
)
def test_bytes_and_addresses_link_bursts_no_better_than_their_times_do(
    port: str, window_s: int, seeds: tuple[int, ...]
):
    assert_nothing_but_timing(measured(seeds, SECONDS[port], window_s, port))


@pytest.mark.deep
@pytest.mark.parametrize("port", SHIFTS)
def test_over_a_whole_shift_bytes_and_addresses_still_link_nothing(port: str):
    """By an observer that has learnt for a quarter of an hour."""
    shift = world(11, SHIFT_S, port)  # the one of the test of addresses
    for window_s in (NEXT_S, LATER_S):
        assert_nothing_but_timing(taught(1, CONTROL_S, window_s, port).measure([shift]))


@pytest.mark.parametrize(
    ("change", "duration_s"),
    [
        (BYTES[0], QUICK_CONTROL_S),
        *(pytest.param(change, CONTROL_S, marks=pytest.mark.deep) for change in BYTES),
    ],
    ids=lambda value: getattr(value, "__name__", f"{value} s"),
)
def test_a_constant_or_a_count_in_the_payload_would_be_noticed(change: Change, duration_s: float):
    """Each control shows that the measurement would notice; one of them does in every run."""
    found = controlled(change, duration_s)
    assert found["bytes"].value > max(0.15, 4 * found["bytes"].sigma), str(found["bytes"])
    assert found[BEYOND].value > 2 * found[BEYOND].sigma and found["addresses"].is_noise()


@pytest.mark.deep
@pytest.mark.parametrize("change", ADDRESSES, ids=lambda change: change.__name__)
def test_an_address_that_stays_or_changes_out_of_step_would_be_noticed(change: Change):
    found = controlled(change)
    assert found["addresses"].value > max(0.2, 5 * found["addresses"].sigma), str(found["addresses"])
    assert found[BEYOND].value > 2 * found[BEYOND].sigma and found["bytes"].is_noise()


@pytest.mark.deep
def test_whoever_has_a_constant_byte_or_a_fixed_address_is_followed_for_good():
    assert controlled(BYTES[0])["bytes"].value > 0.99 and controlled(BYTES[0])[EVERYTHING].value > 0.99
    assert controlled(ADDRESSES[0])["addresses"].value > 0.99


def _told(burst: Burst) -> str:
    return f"{burst.unit} {burst.pseudonym} at {burst.begin_us / US:.3f} s as {burst.address.hex()}"


@pytest.mark.parametrize(
    ("port", "seed", "duration_s"),
    [
        pytest.param(port, 1, duration_s, marks=[] if port == "rp2" else pytest.mark.deep)
        for port, duration_s in SECONDS.items()
    ]
    + [pytest.param(port, 11, SHIFT_S, marks=pytest.mark.deep) for port in SHIFTS],
)
def test_no_address_serves_two_announcements_or_uses_and_no_payload_two_addresses(
    port: str, seed: int, duration_s: float
):
    """Within a use frames may share both; so may an announcement that is on the air when a use begins or ends."""
    bursts = world(seed, duration_s, port)
    names: dict[bytes, set[tuple[str, int]]] = defaultdict(set)
    addresses: dict[bytes, set[bytes]] = defaultdict(set)
    for burst in bursts:
        names[burst.address].add((burst.unit, burst.pseudonym))
        addresses[burst.data].add(burst.address)
    assert not [_told(burst) for burst in bursts if len(names[burst.address]) > 1]
    assert not [_told(burst) for burst in bursts if burst.pseudonym >= 0 and len(addresses[burst.data]) > 1]
    assert len(names) > 400, "it is about something"


@pytest.mark.parametrize(
    "port", ["rp2", *(pytest.param(port, marks=pytest.mark.deep) for port in SECONDS if port != "rp2")]
)
def test_headers_are_the_same_for_every_unit_of_a_port(port: str):
    assert len({(b.pdu_type, b.address_is_random, b.address[0] >> 6) for b in world(1, SECONDS[port], port)}) == 1


@pytest.mark.deep
def test_by_times_alone_the_track_is_lost_after_a_few_announcements():
    worlds = [world(seed, SECONDS["esp32"]) for seed in (2, 3)]
    one, three, ten = follow(taught(1, SECONDS["esp32"], LATER_S, "esp32", None), worlds, (1, 3, 10))
    assert one.followed > 0.15, "one hop is three times a blind guess among twenty"
    assert one.followed > three.followed > ten.followed - 0.02 and ten.followed < 0.12


def _noise(rng: np.random.Generator, count: int) -> list[Burst]:
    """Bursts of twenty units at times of no rhythm, all bytes drawn."""
    times = np.sort(rng.integers(0, 10**9, count))
    return [
        Burst(int(at), int(at) + 10**5, 5, 6, True, rng.bytes(6), rng.bytes(31), f"U{rng.integers(20)}", i)
        for i, at in enumerate(times)
    ]


def test_who_finds_something_in_noise_is_wrong():
    rng = np.random.default_rng(7)
    found = Observer([_noise(rng, 900)]).measure([_noise(rng, 900), _noise(rng, 900)])
    assert set(found) == {*GROUPS, EVERYTHING, BEYOND}
    assert all(advantage.is_noise(5.0) for advantage in found.values()), {k: str(v) for k, v in found.items()}


def test_a_ranking_counts_ties_as_half():
    is_same = np.array([True, False, True, False])
    assert Ranking(np.array([2.0, 1.0, 2.0, 1.0]), is_same).auc() == 1.0
    assert Ranking(np.zeros(4), is_same).auc() == 0.5
    assert Ranking(np.array([1.0, 2.0, 2.0, 2.0]), is_same).auc() == 0.25
    assert Ranking(np.array([2.0, 1.0, 0.0, 1.0]), is_same).auc(np.array([1.0, 1.0, 0.0, 1.0])) == 1.0


def test_a_table_learns_what_speaks_for_one_unit_and_takes_what_is_new_for_nothing():
    values = np.array([[0], [0], [0], [1], [1], [1]] * 50)
    is_same = np.array([True, True, False, False, False, True] * 50)
    table = Table(values, is_same)
    zero, one, new = table.score(np.array([[0], [1], [9]]))
    assert zero > 0.3 and one < -0.3 and abs(new) < 0.1


def test_weights_go_to_the_score_that_tells():
    rng = np.random.default_rng(3)
    is_same = rng.random(2000) < 0.2
    scores = np.column_stack([rng.normal(is_same, 0.5), rng.normal(size=2000)])
    good = Ranking(Weights(scores, is_same).score(scores), is_same).auc()
    assert good >= Ranking(scores[:, 0], is_same).auc() - 0.005
    assert Weights(scores[:, 1:], is_same).score(scores[:, 1:]).std() < 0.2


def test_pairs_of_one_pseudonym_are_not_asked_about():
    rng = np.random.default_rng(3)
    bursts = [burst._replace(unit="U1", pseudonym=1 + i // 2) for i, burst in enumerate(_noise(rng, 10))]
    pairs = pair_up(gather(bursts), 10**9, 200, rng)
    assert len(pairs.first) == 10 * 9 // 2 - 5 and pairs.is_same.all()
