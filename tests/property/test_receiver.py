"""The receiver against the air as it is: frames lost, doubled, delayed, in any order, altered; against a model of each
sender. Who aims at it: `test_adversary.py`."""

from hypothesis import given, settings
from hypothesis import strategies as st

from interlock.core import frames
from interlock.core.expected import FAR, FAR_STEP, NEAR
from interlock.core.frames import NO_SLOT, Ack, GroupKeys, PairKeys, UnitKeys, build_unit
from interlock.core.receiver import (
    GROUP,
    GUESTS_PER_S,
    OWN,
    OWN_LATE,
    OWN_REPEAT,
    OWN_STALE,
    SLOTS_APART,
    UNDATED,
    AckEar,
    Receiver,
)
from interlock.core.ticks import PERIOD_MS, ticks_add

GROUP_KEYS = GroupKeys(b"g" * 32)
FOREIGN_GROUP = GroupKeys(b"f" * 32)
OWN_UNITS = (1, 2)
GUEST_UNITS = (3, 4)
UNITS = OWN_UNITS + GUEST_UNITS
KEYS = {unit: UnitKeys(bytes([unit]) * 32, unit) for unit in UNITS}
CAMERA = 10
SLOT = 443108250
# Small steps, the edges of the tables, and far beyond them.
REACH = FAR * FAR_STEP
EDGES = [NEAR - 1, NEAR, NEAR + 1, 500, 531, 532, REACH - 1, REACH, REACH + 1, frames.COUNTER_MAX]
COUNTERS = st.one_of(st.integers(1, 40), st.sampled_from(EDGES))
EVENTS = st.sampled_from(sorted(frames.EVENT_NAMES))
PATIENT_MS = 2200 // GUESTS_PER_S  # slow enough that every frame is tried

_built: dict[tuple[int, int, int, int], bytes] = {}


def authentic(unit: int, counter: int, event: int = frames.DRAW, slot: int = SLOT) -> bytes:
    """A frame as its sender airs it: one content for each counter."""
    key = (unit, counter, event, slot)
    if key not in _built:
        body = counter.to_bytes(4, "big")
        _built[key] = build_unit(KEYS[unit], GROUP_KEYS, event, 0, counter, body, slot)
    return _built[key]


def receiver() -> Receiver:
    return Receiver(CAMERA, [GROUP_KEYS], [KEYS[unit] for unit in OWN_UNITS], {})


@given(heard=st.lists(st.tuples(st.sampled_from(UNITS), COUNTERS), max_size=40), reboots=st.sets(st.integers(0, 39)))
@settings(max_examples=150)
def test_in_any_order_with_any_loss_each_counter_is_new_once_and_only_upwards(
    heard: list[tuple[int, int]], reboots: set[int]
) -> None:
    """Against the model: one highest counter a sender, which survives reboots with the marks."""
    ear, now, newest = receiver(), PERIOD_MS - 300, dict.fromkeys(UNITS, 0)
    for i, (unit, counter) in enumerate(heard):
        if i in reboots:
            ear = Receiver(CAMERA, [GROUP_KEYS], [KEYS[u] for u in OWN_UNITS], dict(ear.marks))
        now = ticks_add(now, PATIENT_MS)
        found = ear.hear(authentic(unit, counter), now, SLOT)
        ear.tidy()
        kind = None if found is None else found.kind
        if unit in OWN_UNITS:
            known = OWN_REPEAT if counter == newest[unit] else OWN_STALE
            # The same old bytes again may be dropped without a look.
            again = kind is None and counter < newest[unit] and (unit, counter) in heard[:i]
            assert kind == (OWN if counter > newest[unit] else known) or again
        else:
            assert kind == (GROUP if counter > newest[unit] else None)
        if found is not None:
            assert (found.sender, found.counter, found.event) == (unit, counter, frames.DRAW)
            assert found.body == counter.to_bytes(4, "big") and found.slot == SLOT
        newest[unit] = max(newest[unit], counter)
    assert {unit: mark for unit, mark in newest.items() if mark} == ear.marks


class Model:
    """What the protocol says of one sender (PROTOCOL.md, section 6), in words that a table would use."""

    def __init__(self, is_own: bool) -> None:
        self.is_own = is_own
        self.mark = 0
        self.astray: int | None = None

    def hears(self, event: int, counter: int, sent: int, own: int) -> int | None:
        apart = abs(sent - own)
        if not self.is_own:
            if not own or (sent and apart > SLOTS_APART) or counter <= self.mark:
                return None
            self.mark = counter
            return GROUP if sent else UNDATED
        is_off = bool(sent and own) and apart > SLOTS_APART
        # How far ahead shows only as far as the byte reaches, or where the whole slot is told.
        is_late = is_off and not (sent > own and (apart <= 127 or event in frames.TIMED))
        is_there = event in frames.PRESENCE + frames.READINESS
        if counter < self.mark:
            return None if is_late or is_there else OWN_STALE
        is_new, self.mark = counter > self.mark, counter
        if not is_new:
            return None if is_late and is_there else OWN_REPEAT
        if not is_late:
            self.astray = None if sent and own and not is_off else self.astray
            return OWN_LATE if is_off else OWN
        if event == frames.OUT:
            # Bytes on the air tell strays apart modulo 255 slots.
            follows = self.astray is not None and (sent - own - self.astray + 127) % 255 - 127
            return OWN_LATE if self.astray is not None and abs(follows) <= SLOTS_APART else None
        if is_there:
            return None
        self.astray = sent - own
        return OWN_LATE


CLOCKS = st.sampled_from([0, 1, SLOTS_APART, SLOTS_APART + 1, 100, 127, 128, 254, 255, 256, 900])


@given(
    heard=st.lists(
        st.tuples(
            st.sampled_from(UNITS), EVENTS, st.integers(1, 60), CLOCKS, st.sampled_from([1, -1]), st.integers(0, 9)
        ),
        max_size=40,
    )
)
@settings(max_examples=300)
def test_with_clocks_that_are_wrong_or_missing_each_frame_is_what_the_protocol_says(
    heard: list[tuple[int, int, int, int, int, int]],
) -> None:
    """Each frame's counter comes once or in one content: a frame heard again is left to the tests above."""
    ear, now = receiver(), 0
    models = {unit: Model(unit in OWN_UNITS) for unit in UNITS}
    aired: set[tuple[int, int]] = set()
    for unit, event, counter, apart, sign, missing in heard:
        if (unit, counter) in aired:
            continue
        aired.add((unit, counter))
        now = ticks_add(now, PATIENT_MS)
        own = NO_SLOT if missing == 0 else SLOT
        sent = NO_SLOT if missing == 1 else SLOT + sign * apart
        found = ear.hear(authentic(unit, counter, event, sent), now, own)
        ear.tidy()
        assert (None if found is None else found.kind) == models[unit].hears(event, counter, sent, own)
        if found is not None and found.slot:
            assert found.slot == sent
    assert {unit: model.mark for unit, model in models.items() if model.mark} == ear.marks


@given(
    unit=st.sampled_from(UNITS),
    counter=COUNTERS,
    event=EVENTS,
    flips=st.dictionaries(st.integers(2, 30), st.integers(1, 255), min_size=1, max_size=4),
    before=st.integers(0, 3),
)
@settings(max_examples=400)
def test_an_altered_frame_is_never_new(unit: int, counter: int, event: int, flips: dict[int, int], before: int) -> None:
    """But for the own tag of a guest, which only its partners can check: then its content must be the authentic one."""
    ear, now = receiver(), 0
    frame = bytearray(authentic(unit, counter, event))
    for at, mask in flips.items():
        frame[at] ^= mask
    for _ in range(before):
        now += PATIENT_MS
        assert ear.hear(bytes(frame), now, SLOT) is None or unit in GUEST_UNITS
    found = ear.hear(bytes(frame), now + PATIENT_MS, SLOT)
    if found is not None:
        assert unit in GUEST_UNITS and min(flips) >= frames.OWN_TAG_AT
        assert (found.sender, found.counter, found.event) == (unit, counter, event)
    else:
        assert ear.marks == {} or unit in GUEST_UNITS


@given(
    parts=st.lists(st.sampled_from(UNITS), min_size=4, max_size=4), counters=st.lists(COUNTERS, min_size=4, max_size=4)
)
@settings(max_examples=150)
def test_a_frame_spliced_from_authentic_ones_is_never_new(parts: list[int], counters: list[int]) -> None:
    cuts = (frames.ID_AT, frames.SEALED_AT, frames.TAG_AT, frames.OWN_TAG_AT, frames.FRAME_BYTES)
    sources = [authentic(unit, counter) for unit, counter in zip(parts, counters, strict=True)]
    spliced = frames.HEADER + b"".join(s[a:b] for s, a, b in zip(sources, cuts[:-1], cuts[1:], strict=True))
    found = receiver().hear(spliced, 0, SLOT)
    if found is not None:
        assert spliced[: frames.OWN_TAG_AT] == authentic(found.sender, found.counter)[: frames.OWN_TAG_AT]
        assert found.sender in GUEST_UNITS or spliced == authentic(found.sender, found.counter)


@given(body=st.binary(min_size=29, max_size=29), counter=COUNTERS, unit=st.integers(0, 0xFFFF), event=EVENTS)
@settings(max_examples=200)
def test_junk_and_foreign_groups_are_nothing_and_leave_no_trace(
    body: bytes, counter: int, unit: int, event: int
) -> None:
    ear = receiver()
    stranger = UnitKeys(b"s" * 32, unit)
    assert ear.hear(frames.HEADER + body, 0, SLOT) is None
    assert ear.hear(build_unit(stranger, FOREIGN_GROUP, event, 0, counter, bytes(4), SLOT), PATIENT_MS, SLOT) is None
    assert ear.marks == {}


@given(unit=st.sampled_from(OWN_UNITS), counter=COUNTERS, event=EVENTS, first=COUNTERS)
@settings(max_examples=150)
def test_a_member_of_the_group_cannot_speak_for_an_own_holster(unit: int, counter: int, event: int, first: int) -> None:
    ear = receiver()
    ear.hear(authentic(unit, first), 0, SLOT)
    insider = UnitKeys(b"i" * 32, unit)
    assert ear.hear(build_unit(insider, GROUP_KEYS, event, 0, counter, bytes(4), SLOT), PATIENT_MS, SLOT) is None
    assert ear.marks == {unit: first}


@given(
    junk=st.lists(st.binary(min_size=29, max_size=29), max_size=3 * GUESTS_PER_S),
    now=st.integers(0, PERIOD_MS - 1),
    counter=COUNTERS,
)
@settings(max_examples=60)
def test_no_flood_keeps_an_own_frame_within_the_table_out(junk: list[bytes], now: int, counter: int) -> None:
    ear = receiver()
    for body in junk:
        ear.hear(frames.HEADER + body, now, SLOT)
    near = min(counter, NEAR - 1)
    found = ear.hear(authentic(1, near), now, SLOT)
    assert found is not None and found.kind == OWN
    assert ear.junk < 1.2 * GUESTS_PER_S


ACKS = st.builds(
    Ack,
    kind=st.sampled_from(frames.ACK_KINDS),
    reason=st.sampled_from(sorted(frames.REASON_NAMES)),
    since_ms=st.integers(0, frames.AGE_MAX_MS),
    buffer_s=st.integers(0, 255),
    crew=st.integers(0, 255),
    digest=st.binary(min_size=4, max_size=4),
)
PAIRS = [PairKeys(b"p" * 32, 1, CAMERA), PairKeys(b"q" * 32, 1, CAMERA + 1)]


@given(
    expected=st.lists(COUNTERS, min_size=1, max_size=5, unique=True), counter=COUNTERS, ack=ACKS, pair=st.integers(0, 1)
)
@settings(max_examples=150)
def test_an_ack_is_read_as_it_was_built_and_only_for_the_newest_two_frames(
    expected: list[int], counter: int, ack: Ack, pair: int
) -> None:
    ear = AckEar(PAIRS)
    for each in expected:
        ear.expect(each)
    for aimed in {counter, *expected}:
        heard = ear.hear(PAIRS[pair].build(aimed, ack))
        if aimed in expected[-2:]:
            assert heard == (PAIRS[pair].camera, aimed, ack)
        else:
            assert heard is None


@given(
    ack=ACKS, counter=COUNTERS, flips=st.dictionaries(st.integers(2, 30), st.integers(1, 255), min_size=1, max_size=4)
)
@settings(max_examples=300)
def test_an_altered_ack_is_nothing(ack: Ack, counter: int, flips: dict[int, int]) -> None:
    ear = AckEar(PAIRS)
    ear.expect(counter)
    frame = bytearray(PAIRS[0].build(counter, ack))
    for at, mask in flips.items():
        frame[at] ^= mask
    assert ear.hear(bytes(frame)) is None


@given(ack=ACKS, counter=COUNTERS)
@settings(max_examples=60)
def test_an_ack_to_one_holster_means_nothing_to_another_and_nothing_to_a_camera(ack: Ack, counter: int) -> None:
    frame = PAIRS[0].build(counter, ack)
    elsewhere = AckEar([PairKeys(b"p" * 32, 2, CAMERA)])
    elsewhere.expect(counter)
    assert elsewhere.hear(frame) is None
    assert receiver().hear(frame, 0, SLOT) is None


@given(
    unit=st.integers(1, 0xFFFF),
    event=EVENTS,
    flags=st.integers(0, 15),
    counter=st.integers(1, frames.COUNTER_MAX),
    digest=st.binary(min_size=4, max_size=4),
    slot=st.integers(0, 0xFFFFFFFF),
)
@settings(max_examples=100)
def test_a_frame_opens_to_what_it_was_built_from(
    unit: int, event: int, flags: int, counter: int, digest: bytes, slot: int
) -> None:
    frame = build_unit(UnitKeys(b"k" * 32, unit), GROUP_KEYS, event, flags, counter, digest, slot)
    assert frames.is_ours(frame)
    body = slot.to_bytes(4, "big") if event in frames.TIMED else digest
    assert frames.open_unit(GROUP_KEYS, frame, slot) == (event, flags, unit, counter, slot, body)
