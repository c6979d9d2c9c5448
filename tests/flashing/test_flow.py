"""The flash tool against MicroPython's own prompt on a pseudo-terminal: a virtual board with its file system, its raw
flash, its radio and the loader, to which the tool speaks as to any serial port."""

from pathlib import Path

import pyhsslms
import pytest

from host_tools.flashing import flow, image, scripts
from host_tools.flashing.connection import Connection, Lost
from host_tools.flashing.look import files
from host_tools.flashing.plan import sums
from host_tools.outcome import ToolError
from interlock.core import access, settings
from interlock.core.settings import ROLE_CAMERA
from interlock_loader import container, slots
from simulator import factory
from simulator.scenario.parsing import load

from .world import APP, BAD_APP, BOARD, Desk, at_prompt, await_word, flashed, release, seat

SCENARIOS = Path(factory.__file__).parent / "scenarios"
BOARDS = {"esp32": "esp32_s3", "rp2": "pico_w", "stm32wb": "nucleo_wb55"}


def part(done, name):
    return next(part for part in done.parts if part.name == name)


def settings_area(there):
    """The settings area in the flash of the board at this seat."""

    def area(board):
        image = bytearray(board.flash.image())
        return factory.Area(image, board.profile.journal_offset, settings.SECTORS * factory.SECTOR_BYTES)

    return there.do(area)


def in_service(there, is_set_up=True):
    """Make it a unit that was set up, or one in its box, with a sector of a journal."""
    played = load(SCENARIOS / "bad_air.toml")

    def make(board):
        whole = bytearray(board.flash.image())
        area = factory.Area(whole, board.profile.journal_offset, settings.SECTORS * factory.SECTOR_BYTES)
        if is_set_up:
            factory.make(area, played, played.units[0])
        else:
            access.store_label(area, factory.unit_label(played, played.units[0]))
        begin = board.profile.journal_offset + area.size
        whole[begin : begin + 4] = b"ILJ\x02"
        board.flash.load(bytes(whole))

    there.do(make)
    return played.units[0]


def raw(there):
    """All that is no file: settings and journal."""

    def cells(board):
        begin = board.profile.journal_offset
        return board.flash.image()[begin : begin + board.profile.journal_bytes]

    return there.do(cells)


@pytest.mark.parametrize("name", BOARDS)
def test_a_blank_board_becomes_a_unit_that_runs_and_a_second_time_nothing_is_written(tmp_path, name):
    desk = Desk()
    what = image.of_release(BOARDS[name], release(board=BOARDS[name]), "the release", b"k" * image.PUBLIC_BYTES)
    with seat(tmp_path / "port", name) as there:
        done = flashed(there, what, desk)
        assert [part.name for part in done.parts if part.outcome == "failed"] == []
        assert done.is_new and done.serial == "IL0001" and not desk.asked
        stored = access.load_label(settings_area(there))
        assert stored == access.Label(b"IL0001  ", desk.label.secret)
        again = flashed(there, what, desk)
        assert (again.steps, again.written, again.is_new) == (0, 0, False)
        assert desk.known == [(desk.label, False)]
        with at_prompt(there) as board:
            found = files(board)
    kept = {path: sum_ for path, sum_ in found.items() if sum_ is not None and path not in ("/slots", "/hold")}
    assert kept == {path: sums(data) for path, data in what.files.items()}


def test_a_unit_that_runs_is_interrupted_and_gets_another_release(board):
    first = flashed(board)
    assert part(first, "start").outcome == "passed"
    newer = image.of_release(BOARD, release(version=(0, 2, 0), app=APP + b"# newer\n"), "newer", None)
    done = flashed(board, newer)
    # The release, and nothing else: written beside, renamed.
    assert done.steps == 2 and done.written == len(newer.files["/a/app.ilu"])
    assert part(done, "start").outcome == "passed"


def test_a_release_that_crashes_is_told_and_the_board_can_be_flashed_again(board, monkeypatch):
    with monkeypatch.context() as patient:
        patient.setattr(flow, "START_S", 60.0)  # it ends with the first sign
        bad = flashed(board, image.of_release(BOARD, release(app=BAD_APP), "bad", None))
    assert part(bad, "start").outcome == "failed" and "ended" in part(bad, "start").detail
    assert not bad.passed
    assert flashed(board).passed


@pytest.mark.deep
def test_source_takes_the_place_of_a_release_and_the_other_way_round(board):
    flashed(board)
    source = image.Image(
        BOARD,
        {
            **image.around(BOARD, None, compiled=False),
            "/interlock/__init__.py": b"",
            "/interlock/app.py": APP,
            "/interlock/boards/__init__.py": b"class Board:\n    keeper = None\n    rest = None\n",
            f"/interlock/boards/{BOARD}.py": b"from . import Board\nBOARD = Board()\n",
        },
    )
    done = flashed(board, source)
    assert part(done, "start").outcome == "passed"
    with at_prompt(board) as there:
        found = files(there)
    assert "/a/app.ilu" not in found and "/a" not in found and "/slots" not in found
    assert not [path for path in found if path.endswith(".mpy")]
    assert part(flashed(board), "start").outcome == "passed"
    with at_prompt(board) as there:
        assert "/interlock" not in files(there)


def test_another_boards_release_and_another_board_are_refused_and_the_unit_goes_on(board):
    flashed(board)
    before = raw(board)
    with pytest.raises(ToolError, match="release for the board pico_w"):
        image.of_release(BOARD, release(board="pico_w"), "it", None)
    pico = image.of_release("pico_w", release(board="pico_w"), "it", None)
    with pytest.raises(ToolError, match="this is no pico_w") as refused:
        flashed(board, pico)
    assert "--board esp32_s3" in refused.value.advice
    assert raw(board) == before
    # The refusal cost the release no bad boot, and left nothing held.
    with at_prompt(board, hold=False) as there:
        found = files(there)
        kept = slots.unpack(there.ask(scripts.SLOTS, "read"))
    assert "/hold" not in found and found["/a/app.ilu"] == sums(release()) and kept.bad_boots == 0


def test_too_old_a_micropython_and_other_mpy_files_are_refused(board):
    newer = image.of_release(BOARD, release(micropython=(1, 99, 0)), "it", None)
    with pytest.raises(ToolError, match=r"1\.99\.0 is needed"):
        flashed(board, newer)
    other = image.Image(BOARD, {"/main.py": b""}, mpy=7)
    with pytest.raises(ToolError, match=r"loads \.mpy files of version 6"):
        flashed(board, other)


def test_an_altered_or_cut_release_file_is_refused_before_any_board_is_looked_at():
    whole = release()
    for data in (whole[:-1], whole + b"x", whole[:-5] + b"\0" + whole[-4:], b"ILU2" + whole[4:], b""):
        with pytest.raises(ToolError, match="is no release file"):
            image.of_release(BOARD, data, "it", None)


def test_a_release_that_its_loader_or_its_own_minimum_forbids_is_refused():
    with pytest.raises(ToolError, match="needs a newer loader"):
        image.of_release(BOARD, release(loader=container.LOADER + 1), "it", None)
    packed, manifest, _ = image.read_release(release(), "it")
    assert manifest.minimum == (0, 1, 0)
    with pytest.raises(ToolError, match=r"is version 0\.0\.9, and its minimum is 0\.1\.0"):
        forbidding = bytes((0, 0, 9)) + packed[3:]
        image.of_release(BOARD, release().replace(packed, forbidding), "it", None)


def test_a_release_that_another_key_signed_is_refused_and_the_vaults_own_is_told():
    plain = release()
    packed, _, _ = image.read_release(plain, "it")
    body = plain[len(container.head(packed, b"")) :]
    ours, others = (
        pyhsslms.HssPrivateKey(levels=1, lms_type=pyhsslms.lms_sha256_m32_h5, lmots_type=pyhsslms.lmots_sha256_n32_w8)
        for _ in range(2)
    )
    public = ours.publicKey().serialize()
    signed = container.head(packed, ours.sign(container.signed_bytes(packed))) + body
    assert image.of_release(BOARD, signed, "it", public).is_signed
    assert not image.of_release(BOARD, plain, "it", public).is_signed
    foreign = container.head(packed, others.sign(container.signed_bytes(packed))) + body
    with pytest.raises(ToolError, match="not signed by this vault's release key"):
        image.of_release(BOARD, foreign, "it", public)


def test_what_is_not_the_units_stays(board):
    with at_prompt(board) as there:
        there.run("f = open('/mine.txt', 'w')\nf.write('mine')\nf.close()", "write")
        there.run("import os\nos.mkdir('/b')\nf = open('/b/app.new', 'w')\nf.write('half')\nf.close()", "write")
    flashed(board)
    with at_prompt(board) as there:
        found = files(there)
    assert found["/mine.txt"] == sums(b"mine") and "/b" not in found and "/b/app.new" not in found


@pytest.mark.deep
def test_a_file_system_that_is_too_small_is_told(tmp_path):
    def fitting(padding):
        return image.of_release("pico_w", release(board="pico_w", padding=padding), "it", None)

    with seat(tmp_path / "port", "rp2") as board:
        with pytest.raises(ToolError, match="file system is full"):
            flashed(board, fitting(240_000))
        assert flashed(board, fitting(3000)).passed


@pytest.mark.parametrize("when", ["/a/app.new", pytest.param("/slots.new", marks=pytest.mark.deep)])
def test_bits_that_rot_while_they_are_written_are_found(board, when):
    class Rotten(Desk):
        def report(self, path, done, total):
            if path == when:
                board.do(rot)

    def rot(there):
        whole = there.flash.image()
        there.flash.load(whole.replace(b"interlock/padding.py", b"interlock/padding.pY"))

    with pytest.raises(ToolError, match=r"is not what was sent|not what was written"):
        flashed(board, image.of_release(BOARD, release(padding=6000), "it", None), Rotten())
    assert flashed(board).passed


def test_a_program_that_prints_without_end_is_interrupted(board):
    flashed(board, image.of_release(BOARD, release(app=CHATTERS), "it", None))
    assert flashed(board).passed


CHATTERS = b"""
import time
def main(board):
    while True:
        print("\\xff raw REPL; CTRL-B to exit \\x04\\x04> OK")
        time.sleep_ms(1)
"""


@pytest.mark.deep
def test_a_program_that_will_not_be_interrupted_is_told_with_the_safe_mode(board, monkeypatch):
    deaf = b"""
import time
def main(board):
    print("up")
    while True:
        try:
            while True:
                time.sleep_ms(20)
        except KeyboardInterrupt:
            pass
"""
    flashed(board, image.of_release(BOARD, release(app=deaf), "it", None))
    board.cut_power()
    await_word(board, b"up")
    monkeypatch.setattr(flow.Connection, "enter", lambda self, _=0: ENTER(self, 0.5))
    with pytest.raises(Lost, match="no MicroPython prompt") as told:
        flashed(board)
    assert "Hold the unit's button" in told.value.advice


ENTER = Connection.enter


def test_a_port_that_goes_away_with_every_reset_comes_back(tmp_path):
    with seat(tmp_path / "port", is_usb=True) as there:
        assert flashed(there).passed


def test_a_unit_in_service_is_touched_only_when_somebody_agrees_and_keeps_keys_and_journal(board):
    unit = in_service(board)
    before = raw(board)
    refusing = Desk(refuses=True)
    with pytest.raises(ToolError, match="not confirmed"):
        flashed(board, desk=refusing)
    assert "in service" in refusing.asked[0] and "journal (1 sectors)" in refusing.asked[0]
    with at_prompt(board) as there:
        assert [path for path in files(there) if path != "/hold"] == []
    agreeing = Desk()
    done = flashed(board, desk=agreeing)
    assert done.is_set_up and not done.is_new and done.serial == unit.serial.decode().strip()
    assert "not tried" in part(done, "flash").detail
    assert raw(board) == before


def test_a_unit_in_service_never_gets_another_label(board):
    in_service(board)
    before = raw(board)
    with pytest.raises(ToolError, match="keeps its label"):
        flashed(board, relabel=True)
    assert raw(board) == before


def test_a_boxed_unit_gets_another_label_only_when_asked_for_and_loses_its_journal_with_it(board):
    in_service(board, is_set_up=False)
    kept = flashed(board)
    assert kept.serial == "IL000001" or not kept.is_new
    refusing = Desk(refuses=True)
    with pytest.raises(ToolError):
        flashed(board, desk=refusing, relabel=True)
    assert "journal is erased" in refusing.asked[0]
    desk = Desk("NEW1")
    done = flashed(board, desk=desk, relabel=True)
    assert (done.serial, done.is_new) == ("NEW1", True)
    assert access.load_label(settings_area(board)) == access.Label(b"NEW1    ", desk.label.secret)
    assert b"ILJ" not in raw(board)
    assert part(flashed(board), "flash").outcome == "passed"


def test_a_journal_without_a_label_is_not_erased_without_a_word(board):
    unit = in_service(board, is_set_up=False)
    del unit
    board.do(lambda there: _erase_label(there))
    before = raw(board)
    refusing = Desk(refuses=True)
    with pytest.raises(ToolError):
        flashed(board, desk=refusing)
    assert "holds a journal" in refusing.asked[0] and raw(board) == before


def _erase_label(board):
    begin = board.profile.journal_offset + settings.LABEL_FIRST * factory.SECTOR_BYTES
    whole = bytearray(board.flash.image())
    whole[begin : begin + factory.SECTOR_BYTES] = b"\xff" * factory.SECTOR_BYTES
    board.flash.load(bytes(whole))


def test_an_older_release_than_the_unit_would_take_over_the_air_is_asked_about(board):
    flashed(board)
    with at_prompt(board) as there:
        stored = slots.pack(slots.FIRST._replace(active=1, floor=(9, 0, 0), bad_boots=7))
        there.run(f"f = open('/slots', 'wb')\nf.write({stored!r})\nf.close()", "write")
    desk = Desk()
    assert flashed(board, desk=desk).passed
    assert "nothing below version 9.0.0" in desk.asked[0]
    with at_prompt(board) as there:
        kept = slots.unpack(there.ask(scripts.SLOTS, "read"))
    assert (kept.active, kept.floor, kept.bad_boots) == (0, (9, 0, 0), 7)


def test_a_file_system_that_cannot_be_mounted_is_made_anew_only_when_asked_for(board):
    in_service(board, is_set_up=False)
    before = raw(board)

    def spoil(there):
        begin = there.profile.files_offset
        whole = bytearray(there.flash.image())
        whole[begin : begin + there.profile.files_bytes] = bytes(there.profile.files_bytes)
        there.flash.load(bytes(whole))

    board.do(spoil)
    board.cut_power()
    with pytest.raises(ToolError, match="file system cannot be written") as told:
        flashed(board)
    assert "--format-files" in told.value.advice
    done = flashed(board, format_files=True)
    assert done.passed and raw(board) == before


def test_a_radio_that_refuses_is_found(board):
    board.do(lambda there: setattr(there.radio_faults, "refusing", 1))
    done = flashed(board, role=ROLE_CAMERA)
    assert part(done, "radio").outcome == "failed" and not done.passed
    assert part(done, "pins").detail.startswith("4 inputs read")
    board.do(lambda there: setattr(there.radio_faults, "refusing", 0))
    assert flashed(board).passed
