"""What two bursts can be compared by. Each cue gives small integers, a column for each place where it looks.

A cue sees times, headers, addresses and payloads, never the truth. Which of its values speak for one unit, and how
much, is learnt (`learning.py`), so a cue need not know what it looks for: a field that counts shows in `steps`, a
constant bit in `equal_bits`, an address that stays in all of the last group.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .listening import Burst

Ints = NDArray[np.int64]
Octets = NDArray[np.uint8]

ANSWER_US = 20_000
"""A burst that begins so shortly after another may be an answer to it."""
_PAYLOAD_BYTES = 31
_GAP_US = 1_000_000
_PHASES = 20
_SPANS_US = (5_000_000, 25_000_000, 50_000_000, 80_000_000)
_EVENTS_MAX = 15


class Heard(NamedTuple):
    """The bursts of one world, in order, as arrays. `role`: 0, or 1 where another burst follows at once, or 2 where it
    follows another itself. `unit` and `pseudonym` are the truth."""

    begin_us: Ints
    events: Ints
    role: Ints
    kind: Ints
    payload: Octets
    address: Octets
    unit: Ints
    pseudonym: Ints


class Pairs(NamedTuple):
    """Pairs of bursts of one world, by their places: `first` is the earlier one. `is_same`: the truth, one unit."""

    first: Ints
    second: Ints
    is_same: NDArray[np.bool_]


Look = Callable[[Heard, Ints, Ints], Ints]


class Cue(NamedTuple):
    """`look` at pairs of bursts; `within`: its values say nothing but within runs of so many, 0: all of them do."""

    look: Look
    within: int = 0


def gather(bursts: Sequence[Burst]) -> Heard:
    """The bursts of a world (`listening.cut`) as arrays."""
    begin_us = np.array([burst.begin_us for burst in bursts], np.int64)
    soon = np.diff(begin_us) <= ANSWER_US
    role = np.where(np.append(False, soon), 2, np.where(np.append(soon, False), 1, 0))
    names = sorted({burst.unit for burst in bursts})
    payload = b"".join(burst.data.ljust(_PAYLOAD_BYTES, b"\0") for burst in bursts)
    return Heard(
        begin_us,
        np.array([min(burst.events, _EVENTS_MAX) for burst in bursts], np.int64),
        role.astype(np.int64),
        np.array([burst.pdu_type << 1 | burst.address_is_random for burst in bursts], np.int64),
        np.frombuffer(payload, np.uint8).reshape(-1, _PAYLOAD_BYTES),
        np.frombuffer(b"".join(burst.address for burst in bursts), np.uint8).reshape(-1, 6),
        np.array([names.index(burst.unit) for burst in bursts], np.int64),
        np.array([burst.pseudonym for burst in bursts], np.int64),
    )


def pair_up(heard: Heard, window_us: int, most: int, chance: np.random.Generator) -> Pairs:
    """Pairs that begin at most `window_us` apart, other than those of one pseudonym of one unit: a sample, of one unit
    and of two units half of `most` each."""
    ends = np.searchsorted(heard.begin_us, heard.begin_us + window_us, "right")
    here = np.arange(len(heard.begin_us))
    first = np.repeat(here, ends - here - 1)
    second = np.concatenate([np.arange(i + 1, end) for i, end in enumerate(ends)]).astype(np.int64)
    is_same = heard.unit[first] == heard.unit[second]
    linked = np.flatnonzero(is_same & (heard.pseudonym[first] != heard.pseudonym[second]))
    others = np.flatnonzero(~is_same)
    kept = np.sort(np.concatenate([_some(linked, most // 2, chance), _some(others, most // 2, chance)]))
    return Pairs(first[kept], second[kept], is_same[kept])


def _some(places: Ints, most: int, chance: np.random.Generator) -> Ints:
    return places if len(places) <= most else chance.choice(places, most, replace=False)


# Times.


def _gap_us(heard: Heard, first: Ints, second: Ints) -> Ints:
    gap: Ints = heard.begin_us[second] - heard.begin_us[first]
    return gap


def gap(heard: Heard, first: Ints, second: Ints) -> Ints:
    """How long after it the other begins, in seconds, and who follows or is followed at once."""
    whole_s = _gap_us(heard, first, second) // _GAP_US
    roles = heard.role[first] * 3 + heard.role[second]
    return _column(whole_s * 9 + roles)


def phase(heard: Heard, first: Ints, second: Ints) -> Ints:
    """What a gap of about this length has beyond whole milliseconds: units reckon in those, each by its own crystal."""
    gap_us = _gap_us(heard, first, second)
    span = np.searchsorted(_SPANS_US, gap_us)
    return _column(span * _PHASES + gap_us % 1000 * _PHASES // 1000)


def events(heard: Heard, first: Ints, second: Ints) -> Ints:
    """How often each is repeated."""
    return _column(heard.events[first] * (_EVENTS_MAX + 1) + heard.events[second])


# Bytes.


def equal_bits(heard: Heard, first: Ints, second: Ints) -> Ints:
    """Each bit of the payload: equal or not."""
    return _equal_bits(heard.payload[first], heard.payload[second])


def equal_bytes(heard: Heard, first: Ints, second: Ints) -> Ints:
    """Each byte of the payload: equal or not."""
    return _flags(heard.payload[first] == heard.payload[second])


def distance(heard: Heard, first: Ints, second: Ints) -> Ints:
    """How many bits of the payload differ."""
    return _column(_ones(heard.payload[first] ^ heard.payload[second]))


def ends(heard: Heard, first: Ints, second: Ints) -> Ints:
    """How many bytes in a row are equal at the beginning, and at the end."""
    equal = heard.payload[first] == heard.payload[second]
    return np.stack([_run(equal), _run(equal[:, ::-1])], axis=1)


def elsewhere(heard: Heard, first: Ints, second: Ints) -> Ints:
    """How many byte values, and how many pairs of neighbouring bytes, are common to both, wherever they stand."""
    return np.stack([_common(heard.payload, first, second, width) for width in (1, 2)], axis=1)


def steps(heard: Heard, first: Ints, second: Ints) -> Ints:
    """By how much each pair of neighbouring bytes grew, read as a number either way round."""
    columns = []
    for high, low in ((0, 1), (1, 0)):
        number = _number(heard.payload, high, low)
        columns.append(_step((number[second] - number[first]) & 0xFFFF))
    return np.concatenate(columns, axis=1)


# Headers and addresses.


def header(heard: Heard, first: Ints, second: Ints) -> Ints:
    """PDU type, kind of address, and its two highest bits, of both."""
    kind = heard.kind << 2 | heard.address[:, 0] >> 6
    return _column(kind[first] * 64 + kind[second])


def address_is_equal(heard: Heard, first: Ints, second: Ints) -> Ints:
    """The address as a whole, and its first three bytes, which name a maker where the address is public."""
    equal = heard.address[first] == heard.address[second]
    return _flags(np.stack([equal.all(axis=1), equal[:, :3].all(axis=1)], axis=1))


def address_bits(heard: Heard, first: Ints, second: Ints) -> Ints:
    """Each bit of the address: equal or not."""
    return _equal_bits(heard.address[first], heard.address[second])


def address_distance(heard: Heard, first: Ints, second: Ints) -> Ints:
    """How many bits of the address differ."""
    return _column(_ones(heard.address[first] ^ heard.address[second]))


def address_steps(heard: Heard, first: Ints, second: Ints) -> Ints:
    """By how much each pair of neighbouring bytes of the address grew."""
    number = _number(heard.address, 0, 1)
    return _step((number[second] - number[first]) & 0xFFFF)


GROUPS: dict[str, tuple[Cue, ...]] = {
    "timing": (Cue(gap), Cue(phase, _PHASES), Cue(events)),
    "bytes": tuple(map(Cue, (equal_bits, equal_bytes, distance, ends, elsewhere, steps))),
    "addresses": tuple(map(Cue, (header, address_is_equal, address_bits, address_distance, address_steps))),
}


def _column(values: Any) -> Ints:
    return np.asarray(values, np.int64)[:, None]


def _flags(values: NDArray[np.bool_]) -> Ints:
    flags: Ints = values.astype(np.int64)
    return flags


def _equal_bits(some: Octets, others: Octets) -> Ints:
    return _flags(np.unpackbits(~(some ^ others), axis=1).astype(np.bool_))


def _ones(octets: Octets) -> Ints:
    counts: Ints = np.bitwise_count(octets).sum(axis=1, dtype=np.int64)
    return counts


def _run(equal: NDArray[np.bool_]) -> Ints:
    """How many are true from the beginning of each row on."""
    lengths: Ints = np.where(equal.all(axis=1), equal.shape[1], equal.argmin(axis=1)).astype(np.int64)
    return lengths


def _number(octets: Octets, high: int, low: int) -> Ints:
    """Each pair of neighbouring bytes as a number."""
    wide = octets.astype(np.int64)
    count = octets.shape[1] - 1
    return wide[:, high : high + count] << 8 | wide[:, low : low + count]


def _step(grown: Ints) -> Ints:
    """0 for none, 1 for one, and so on to 6 for much, 7 for nearly nothing backwards."""
    return np.where(grown > 0xFF00, 7, np.searchsorted((0, 1, 4, 16, 64, 256), grown)).astype(np.int64)


def _common(octets: Octets, first: Ints, second: Ints, width: int) -> Ints:
    """How many different runs of `width` bytes both have."""
    number = octets.astype(np.int64) if width == 1 else _number(octets, 0, 1)
    found = np.zeros(len(first), np.int64)
    for column in range(number.shape[1]):
        mine = number[first, column]
        is_new = ~(number[first, :column] == mine[:, None]).any(axis=1)
        found += is_new & (number[second] == mine[:, None]).any(axis=1)
    return found
