"""NOR flash: bits fall one by one, rise by the sector, and power may fail in between."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.hardware.flash import NorFlash, PowerCut

SECTOR = 64
SIZE = 4 * SECTOR

places = st.integers(0, SIZE - 1)
programs = st.tuples(st.just("program"), places, st.binary(min_size=1, max_size=SECTOR))
erases = st.tuples(st.just("erase"), st.integers(0, SIZE // SECTOR - 1), st.just(b""))


def is_subset(inner: bytes, outer: bytes) -> bool:
    return all(a & ~b & 0xFF == 0 for a, b in zip(inner, outer, strict=True))


@given(st.lists(st.one_of(programs, erases), max_size=30))
def test_it_behaves_like_a_model_that_ands_bytes_and_erases_sectors(operations):
    flash, model = NorFlash(SIZE, SECTOR), bytearray(b"\xff" * SIZE)
    for kind, at, data in operations:
        if kind == "program":
            data = data[: SIZE - at]
            flash.program(at, data)
            for i, byte in enumerate(data):
                model[at + i] &= byte
        else:
            flash.erase(at * SECTOR)
            model[at * SECTOR : (at + 1) * SECTOR] = b"\xff" * SECTOR
    assert flash.image() == bytes(model)
    assert flash.programs == sum(kind == "program" for kind, _, _ in operations)
    assert flash.erases == sum(kind == "erase" for kind, _, _ in operations)


@given(places, st.binary(min_size=1, max_size=SECTOR), st.floats(0, 1), st.integers())
def test_a_cut_program_clears_a_subset_of_the_bits_and_nothing_else(at, data, fraction, seed):
    data = data[: SIZE - at]
    flash, whole = NorFlash(SIZE, SECTOR, seed), NorFlash(SIZE, SECTOR)
    whole.program(at, data)
    flash.cut_after(1, fraction)
    with pytest.raises(PowerCut):
        flash.program(at, data)
    assert is_subset(whole.image(), flash.image())


@given(st.binary(min_size=SECTOR, max_size=SECTOR), st.floats(0, 1), st.integers())
def test_a_cut_erase_touches_its_own_sector_only_and_can_be_repeated(old, fraction, seed):
    flash = NorFlash(SIZE, SECTOR, seed)
    for sector in range(3):
        flash.program(sector * SECTOR, old)
    flash.cut_after(1, fraction)
    with pytest.raises(PowerCut):
        flash.erase(SECTOR)
    assert flash.read(0, SECTOR) == flash.read(2 * SECTOR, SECTOR) == old
    flash.erase(SECTOR)
    assert flash.read(SECTOR, SECTOR) == b"\xff" * SECTOR


@pytest.mark.parametrize("fraction, expected", [(0.0, b"\xff\xff"), (1.0, b"\x12\x34")])
def test_a_cut_at_either_end_of_a_program_is_nothing_or_all(fraction, expected):
    flash = NorFlash(SIZE, SECTOR)
    flash.cut_after(1, fraction)
    with pytest.raises(PowerCut):
        flash.program(0, b"\x12\x34")
    assert flash.read(0, 2) == expected


def test_the_cut_comes_at_the_operation_that_was_asked_for_and_once():
    flash = NorFlash(SIZE, SECTOR)
    flash.cut_after(3)
    flash.program(0, b"\x00")
    flash.erase(0)
    with pytest.raises(PowerCut):
        flash.program(0, b"\x00")
    flash.program(0, b"\x00")
    assert flash.read(0, 1) == b"\x00"


def test_torn_bits_repeat_with_the_seed_and_differ_between_seeds():
    def torn(seed):
        flash = NorFlash(SIZE, SECTOR, seed)
        flash.tear_program(0, bytes(SECTOR), 0.5)
        return flash.image()

    assert torn(1) == torn(1) != torn(2)


@pytest.mark.parametrize(
    "misuse",
    [
        lambda flash: flash.read(SIZE - 1, 2),
        lambda flash: flash.read(-1, 1),
        lambda flash: flash.program(SIZE, b"x"),
        lambda flash: flash.erase(1),
        lambda flash: flash.erase(SIZE),
        lambda flash: flash.load(b"short"),
        lambda flash: flash.cut_after(0),
    ],
)
def test_misuse_is_refused(misuse):
    with pytest.raises(ValueError):
        misuse(NorFlash(SIZE, SECTOR))


def test_an_image_can_be_put_back():
    flash = NorFlash(SIZE, SECTOR)
    flash.program(5, b"abc")
    other = NorFlash(SIZE, SECTOR)
    other.load(flash.image())
    assert other.read(5, 3) == b"abc"


def test_counted_bytes_are_those_that_were_programmed():
    flash = NorFlash(SIZE, SECTOR)
    flash.program(0, b"abc")
    flash.program(0, b"d")
    assert flash.programmed_bytes == 4


def test_whole_programs_can_be_watched_and_torn_ones_are_not_told():
    flash, seen = NorFlash(SIZE, SECTOR), []
    flash.on_program = seen.append
    flash.program(0, b"abc")
    flash.cut_after(1)
    with pytest.raises(PowerCut):
        flash.program(3, b"def")
    assert seen == [b"abc"]
