"""Changes of the seal's key, which the verifier's hot loop takes by itself where they are as ever: what is not is found
as before."""

from io import BytesIO

import pytest

from host_tools import journal_file
from host_tools.journal_items import Header
from host_tools.verifying.found import Walked
from host_tools.verifying.seals import Keys, is_next
from host_tools.verifying.walk import walk
from interlock.core import records
from interlock.core.layout import UNKNOWN, chain_start
from interlock.core.seal import ERA_SHIFT, next_key
from tests.bench.journals import FIRST_EPOCH, FIRST_KEY, Pen

SERIAL = b"EPOCHS  "
SECOND_KEY = bytes(range(16, 32))


def pen_in_epoch(epoch: int) -> tuple[Pen, list[bytes]]:
    """A unit that wrote three records under each key up to that of this epoch."""
    pen, raws = Pen(SERIAL, FIRST_KEY), []
    while pen.epoch < epoch:
        raws.append(pen.change(1, len(raws)))
        raws += [pen.record(1, len(raws), records.ALERT, b"\1") for _ in range(3)]
    return pen, raws


def found_in(raws: list[bytes], *keys: bytes) -> Walked:
    data = journal_file.join(Header(1, 1, SERIAL, 0, chain_start(SERIAL), 0), raws)
    return walk(BytesIO(data), Keys(keys))


def write(pen: Pen, raws: list[bytes], *kinds_and_payloads: tuple[int, bytes]) -> None:
    raws += [pen.record(1, len(raws), kind, payload) for kind, payload in kinds_and_payloads]


def test_every_key_in_turn_seals_its_records() -> None:
    pen, raws = pen_in_epoch(FIRST_EPOCH + 40)
    found = found_in(raws, FIRST_KEY)
    assert (found.fault, found.seal_fault, found.epoch) == (None, None, pen.epoch)
    assert found.count("sealed") == len(raws) - 1  # all but the first, which gives the vault's key


def test_a_record_under_the_key_before_is_found_where_it_is() -> None:
    pen, raws = pen_in_epoch(FIRST_EPOCH + 5)
    tag = pen._tag
    raws.append(pen.change(1, 0))
    pen._tag = tag  # of the key that is no more
    write(pen, raws, (records.ALERT, b"\2"))
    found = found_in(raws, FIRST_KEY)
    assert found.seal_fault is not None and found.seal_fault.sequence == len(raws) - 1


def an_epoch_that_is_left_out_by_who_has_the_key() -> None:
    pen, raws = pen_in_epoch(FIRST_EPOCH + 5)
    pen._next = next_key(pen.key), pen.epoch + 2
    raws.append(pen.change(1, 0))
    write(pen, raws, (records.ALERT, b"\2"))
    found = found_in(raws, FIRST_KEY)
    assert found.fault is not None and "cannot follow" in found.fault.reason and found.records == len(raws) - 2


def test_an_epoch_that_is_left_out_is_found_though_its_record_is_sealed() -> None:
    an_epoch_that_is_left_out_by_who_has_the_key()


@pytest.mark.parametrize("payload", [(FIRST_EPOCH + 6).to_bytes(5), b""])
def test_a_seal_record_of_another_length_is_none(payload: bytes) -> None:
    pen, raws = pen_in_epoch(FIRST_EPOCH + 5)
    write(pen, raws, (records.SEAL, payload), (records.ALERT, b"\2"))
    found = found_in(raws, FIRST_KEY)
    assert found.fault is not None and "none of its type" in found.fault.reason and found.records == len(raws) - 2


def test_a_new_era_is_under_the_key_that_the_vault_gave_it() -> None:
    pen, raws = pen_in_epoch(FIRST_EPOCH + 5)
    pen._next = SECOND_KEY, 2 << ERA_SHIFT
    raws.append(pen.change(1, 0))
    write(pen, raws, (records.ALERT, b"\2"))
    raws.append(pen.change(1, 0))
    write(pen, raws, (records.ALERT, b"\2"))
    found = found_in(raws, FIRST_KEY, SECOND_KEY)
    assert (found.fault, found.seal_fault, found.epoch) == (None, None, (2 << ERA_SHIFT) + 1)
    assert found.count("sealed") == len(raws) - 1
    stranger = found_in(raws, FIRST_KEY)
    assert stranger.seal_fault is not None and stranger.strange_era == 2


def test_without_keys_the_same_changes_are_chained() -> None:
    pen, raws = pen_in_epoch(FIRST_EPOCH + 5)
    found = found_in(raws)
    assert (found.fault, found.seal_fault, found.epoch) == (None, None, pen.epoch)
    assert found.count("sealed") == 0 and found.count("chained") == len(raws) - 1


def test_the_next_epoch_is_of_the_same_era_and_everybodys_key_has_none() -> None:
    era = 1 << ERA_SHIFT
    assert is_next(era + 1, era) and is_next(2 * era - 1, 2 * era - 2)
    for epoch, before in ((2 * era, 2 * era - 1), (1, 0), (era, era - 1), (era + 2, era), (era, era), (era, era + 1)):
        assert not is_next(epoch, before)


def restated(rise: int) -> tuple[Walked, int]:
    """Records that go on from zeros behind a hole, which their key shows; then zeros are stated anew where nothing is
    missing, with an epoch that is so much higher. Also the number of the record there."""
    pen, raws = pen_in_epoch(FIRST_EPOCH + 2)
    pen.following, pen.chain = pen.following + 5, UNKNOWN
    behind = journal_file.Run(pen.following, UNKNOWN, pen.epoch, [])
    write(pen, behind.raws, (records.ALERT, b"\1"), (records.ALERT, b"\2"))
    due = pen.following
    pen.chain = UNKNOWN
    again = journal_file.Run(due, UNKNOWN, pen.epoch + rise, [])
    write(pen, again.raws, (records.ALERT, b"\3"))
    header = Header(1, 1, SERIAL, 0, chain_start(SERIAL), 0)
    return walk(BytesIO(journal_file.join(header, raws, [behind, again])), Keys([FIRST_KEY])), due


def test_zeros_that_are_stated_anew_change_no_key_where_no_record_is_missing() -> None:
    found, _ = restated(0)
    assert (found.fault, found.seal_fault) == (None, None)
    for rise in (1, 2):
        found, due = restated(rise)
        assert found.fault is not None and found.fault.sequence == due, "whoever has no key could cut the seal there"
