"""Any bytes as a journal file: a clear verdict, no exception, and memory that does not grow with the file."""

import io
import tracemalloc
from binascii import crc32

from hypothesis import given, settings
from hypothesis import strategies as st

from host_tools.auditing.examine import Known
from host_tools.journal_file import Header, check, join
from host_tools.journal_items import CHUNK_BYTES, Break, Footer, Signed, Source
from host_tools.verifying.found import COLLECTED_MAX
from host_tools.verifying.outcomes import ORDER, Intact
from host_tools.verifying.seals import EVOLUTIONS_MAX, Keys
from host_tools.verifying.walk import walk
from interlock.core import records
from interlock.core.layout import HEAD_BYTES, chain_start, encode
from interlock.core.seal import OpenSeal

from .audits import reports
from .sealed_world import shift

WEAPON = shift()[0]
SERIAL = WEAPON.serial
WHOLE = WEAPON.file()
NAMES = {kind.name for kind in ORDER} | {Intact.name}
many = settings(max_examples=300, deadline=None, derandomize=True)

numbers = st.one_of(st.integers(0, 5), st.integers(0, 0xFFFFFFFF))
chains = st.sampled_from((bytes(32), chain_start(SERIAL), b"\1" * 32))
epochs = st.one_of(st.sampled_from((0, 1, 1 << 24, (1 << 24) + 1, 2 << 24)), st.integers(0, 0xFFFFFFFF))
kinds = st.one_of(st.sampled_from(sorted(records.TYPE_NAMES)), st.integers(0, 255))


def record(kind: int, sequence: int, payload: bytes, tag: bytes) -> bytes:
    body = bytes([len(payload), kind]) + sequence.to_bytes(4) + bytes(HEAD_BYTES - 6) + payload + tag
    return body + crc32(body).to_bytes(4)


any_record = st.builds(record, kinds, numbers, st.binary(max_size=64), st.binary(min_size=6, max_size=6))
any_break = st.builds(Break, numbers, chains, epochs).map(Break.pack)
small = st.binary(max_size=120)
any_signed = st.builds(Signed, small, small, small).map(Signed.pack)
true_signed = st.sampled_from(WEAPON.signed).map(Signed.pack)
items = st.lists(st.one_of(any_record, any_break, any_signed, true_signed, st.binary(max_size=30)), max_size=12)
headers = st.builds(Header, st.integers(0, 255), st.integers(0, 0xFFFF), st.just(SERIAL), numbers, chains, epochs)


def judged(data: bytes, known: Known) -> str:
    (found,) = reports({SERIAL: known}, data)
    assert found.verdict in NAMES and all(outcome.text for outcome in found.outcomes)
    assert bool(found.findings) == (found.verdict != "intact")
    check(data)
    return found.verdict


@many
@given(data=st.binary(max_size=400))
def test_any_bytes_are_no_intact_journal(data: bytes) -> None:
    assert judged(data, WEAPON.vault()) != "intact"


@many
@given(header=headers, pieces=items, ending=st.booleans(), chain=chains, count=st.integers(0, 12), vault=st.booleans())
def test_any_pieces_in_any_order_with_right_checksums_get_a_verdict(
    header: Header, pieces: list[bytes], ending: bool, chain: bytes, count: int, vault: bool
) -> None:
    data = header.pack() + b"".join(pieces)
    data += Footer(count, chain).pack(data) if ending else b""
    judged(data, WEAPON.vault() if vault else Known())


@many
@given(patch=st.binary(min_size=1, max_size=200), at=st.integers(0, len(WHOLE) - 1), cut=st.integers(0, len(WHOLE)))
def test_a_journal_with_any_bytes_over_it_or_cut_anywhere_gets_a_verdict(patch: bytes, at: int, cut: int) -> None:
    spoilt = WHOLE[:at] + patch + WHOLE[at + len(patch) :]
    assert (judged(spoilt, WEAPON.vault()) == "intact") == (spoilt == WHOLE)
    assert (judged(WHOLE[:cut], WEAPON.vault()) == "intact") == (cut == len(WHOLE))


@many
@given(chunk=st.integers(1, 300), data=st.binary(max_size=200))
def test_a_file_that_comes_in_pieces_of_any_size_is_the_same_file(chunk: int, data: bytes) -> None:
    class Trickle(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(min(chunk, size) if size is not None and size >= 0 else chunk)

    for whole in (WHOLE, WHOLE[: len(data) * 7], data):
        assert walk(Trickle(whole), Keys([WEAPON.seal_key])) == walk(io.BytesIO(whole), Keys([WEAPON.seal_key]))


def test_memory_does_not_grow_with_the_file() -> None:
    start = chain = chain_start(SERIAL)
    raws = []
    for number in range(20_000):
        raw, chain = encode(200, number, 1, number, b"", chain, OpenSeal())
        raws.append(raw)
    header = Header(1, 1, SERIAL, 0, start)
    largest = Signed(*[bytes(0xFFFF)] * 3).pack()
    for data in (join(header, raws), header.pack() + largest * 200):
        tracemalloc.start()
        walk(io.BytesIO(data))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 4 * CHUNK_BYTES


def test_what_is_collected_on_the_way_is_bounded() -> None:
    data = Header(1, 1, SERIAL, 0, chain_start(SERIAL)).pack()
    breaks = b"".join(Break(2 * place + 1, b"\1" * 32, 0).pack() for place in range(COLLECTED_MAX + 9))
    found = walk(io.BytesIO(data + breaks))
    assert len(found.holes) <= COLLECTED_MAX and found.fault is not None
    steps = Keys([bytes(16), bytes(range(16))])
    assert len(steps.candidates(1 << 24 | 5, 5)) == 2
    assert steps.candidates(1 << 24 | EVOLUTIONS_MAX // 2 + 9, EVOLUTIONS_MAX) == ()


def test_a_source_keeps_no_more_than_a_chunk() -> None:
    source = Source(io.BytesIO(bytes(3 * CHUNK_BYTES)))
    source.more(0)
    for _ in range(2):
        source.more(len(source.data))
        assert len(source.data) <= CHUNK_BYTES
