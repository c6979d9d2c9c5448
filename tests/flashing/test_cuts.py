"""A flash that is broken off anywhere: the cable pulled after a byte of it, or the board's supply lost in a program or
an erase of its flash. Whatever was, running it again ends as an uncut run ends."""

import random
from contextlib import contextmanager, nullcontext

import pytest

from host_tools.flashing import connection, flow, image
from host_tools.flashing.connection import Connection, Lost
from host_tools.flashing.look import files
from host_tools.outcome import ToolError
from interlock.core import access

from .test_flow import settings_area
from .world import BOARD, Desk, at_prompt, flashed, release, seat

CUTS, FEW = 10, 6
OLD = image.of_release(BOARD, release(version=(0, 1, 0), padding=1000), "the old one", None)
NEW = image.of_release(BOARD, release(version=(0, 2, 0), padding=2600), "the new one", b"k" * image.PUBLIC_BYTES)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """A unit that starts is listened to for a moment only."""
    monkeypatch.setattr(flow, "START_S", 0.05)


@contextmanager
def in_a_hurry():
    """Who waits for a board that was cut off waits no longer than this world needs: it comes back to nobody."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connection, "BACK_S", 2.0)
        patch.setattr(Connection, "return_to", lambda self: RETURN(self, 2.0))
        yield


RETURN = Connection.return_to


def result(there):
    """What a run leaves: files, label, and nothing that is held or half."""
    with at_prompt(there) as board:
        found = {path: sum_ for path, sum_ in files(board).items() if path not in ("/hold", "/slots", "/slots.new")}
    return found, access.load_label(settings_area(there))


@pytest.fixture(scope="module")
def uncut(tmp_path_factory):
    """(result of a run that nobody cut, bytes that the host typed in it)."""
    with pytest.MonkeyPatch.context() as patch, seat(tmp_path_factory.mktemp("uncut") / "port") as there:
        patch.setattr(flow, "START_S", 0.05)
        flashed(there, NEW)
        typed = there.line.typed
        return result(there), typed


def until_done(there, cut, rng, desk, cuts):
    """Run after run, the first `cuts` of them cut by `cut(there, rng)`; how many did not come through."""
    there.do(lambda board: setattr(board, "on_supply_lost", there.line.unplug))
    failed = 0
    for turn in range(cuts + 1):
        if turn < cuts:
            cut(there, rng)
        try:
            with in_a_hurry() if turn < cuts else nullcontext():
                flashed(there, NEW, desk)
        except ToolError as error:
            assert turn < cuts, f"not cut, and yet: {error}"
            assert isinstance(error, Lost) or "port" in str(error), error
            failed += 1
        mend(there)
    return failed


def mend(there):
    """Cable and supply are there again."""
    there.do(lambda board: board.flash.cut_after(None))
    there.line.mend()
    if there.do(lambda board: not board.is_running):
        there.do(lambda board: board.power_on())


def pull_the_cable(typed):
    """After so many bytes of the host's, out of those of an uncut run."""

    def cut(there, rng):
        there.line.cut_after = rng.randrange(1, typed)

    return cut


def lose_the_supply(there, rng):
    """In one of the next flash operations."""
    there.do(lambda board: board.cut_at_flash_operation(rng.randrange(1, 60), rng.random()))


def cut_off(tmp_path, seed, uncut, cut, first=None, cuts=CUTS):
    print(f"seed {seed}")
    rng = random.Random(seed)
    desk = Desk()
    with seat(tmp_path / f"port{seed}") as there:
        if first is not None:
            flashed(there, first, desk)
        count = until_done(there, cut, rng, desk, cuts)
        assert result(there) == uncut[0], f"seed {seed}"
        assert {label.secret for label, _ in desk.known} <= {desk.label.secret}
    return count


@pytest.mark.parametrize("seed", [1])
def test_a_cable_pulled_at_any_byte_leaves_a_board_that_the_next_run_finishes(tmp_path, seed, uncut):
    assert cut_off(tmp_path, seed, uncut, pull_the_cable(uncut[1]), cuts=FEW) >= 1


@pytest.mark.parametrize("seed", [1])
def test_a_supply_lost_in_any_flash_operation_leaves_a_board_that_the_next_run_finishes(tmp_path, seed, uncut):
    assert cut_off(tmp_path, seed, uncut, lose_the_supply, cuts=FEW) >= 1


@pytest.mark.deep
@pytest.mark.parametrize("seed", range(2, 10))
@pytest.mark.parametrize("first", [None, OLD], ids=["blank", "old"])
@pytest.mark.parametrize("how", ["cable", "supply"])
def test_chains_of_cuts(tmp_path, seed, first, how, uncut, record_property):
    cut = pull_the_cable(uncut[1]) if how == "cable" else lose_the_supply
    record_property("cuts", cut_off(tmp_path, seed, uncut, cut, first))
