"""Which slot starts, kept on a real LittleFS whose power fails at every operation: in the end one that works."""

from collections.abc import Callable, Iterator

import pytest

from interlock_loader import slots
from interlock_loader.keeper import Keeper
from simulator.hardware.flash import NorFlash, PowerCut

from .chip_files import BLOCK_BYTES, BLOCKS, Files
from .units import WORKS, application

OLD, NEW = (0, 1, 0), (0, 2, 0)
APP = {version: application(WORKS, version, "pico_w") for version in (OLD, NEW)}
ON_TRIAL = slots.step(slots.FIRST, slots.INSTALLED, 1, (OLD, NEW))
BOOTS = 14


def made(state: slots.Slots | None, program_bytes: int, *, whole: bool = True) -> bytes:
    """A chip with a release in each slot, and this state."""
    flash = NorFlash(BLOCKS * BLOCK_BYTES, seed="made")
    files = Files(flash, program_bytes)
    files.put("/a/app.ilu", APP[OLD])
    files.put("/b/app.ilu", APP[NEW] if whole else APP[NEW][:-5])
    if state is not None:
        files.put("/slots", slots.pack(state))
    return flash.image()


class Unit:
    """What its boots do: `works` says of each slot whether its release is healthy, else an exception ends it."""

    def __init__(self, image: bytes, works: tuple[bool, bool], program_bytes: int) -> None:
        self.flash = NorFlash(len(image), seed="unit")
        self.flash.load(image)
        self.works = works
        self.started: list[int] = []
        self._program_bytes = program_bytes

    def boot(self, is_bad: bool = False, then: Callable[[Keeper], None] | None = None) -> None:
        keeper = Keeper("pico_w", Files(self.flash, self._program_bytes))
        slot = keeper.begin(is_bad)
        self.started.append(slot)
        keeper.slot = slot
        if not self.works[slot]:
            keeper.crashed(b"mark")
            return
        keeper.healthy()
        if then is not None:
            then(keeper)


def trial_that_works(unit: Unit) -> None:
    unit.boot()
    unit.boot()


def trial_that_fails(unit: Unit) -> None:
    for _ in range(5):
        unit.boot()


def switch(unit: Unit) -> None:
    unit.boot(then=lambda keeper: keeper.install(keeper.other))
    unit.boot(True)
    unit.boot()


def meant_reset(unit: Unit) -> None:
    unit.boot(then=lambda keeper: keeper.expect())
    unit.boot(True)


def resets(unit: Unit) -> None:
    for _ in range(5):
        unit.boot(True)


STORIES: dict[str, tuple[slots.Slots | None, tuple[bool, bool], bool, Callable[[Unit], None]]] = {
    "first boot": (None, (True, True), True, trial_that_works),
    "trial that works": (ON_TRIAL, (True, True), True, trial_that_works),
    "trial that fails": (ON_TRIAL, (True, False), True, trial_that_fails),
    "trial that is not whole": (ON_TRIAL, (True, True), False, trial_that_works),
    "switch": (slots.FIRST, (True, True), True, switch),
    "switch to what fails": (slots.FIRST, (True, False), True, switch),
    "reset that is meant": (slots.FIRST, (True, True), True, meant_reset),
    "confirmed that fails": (slots.FIRST, (False, True), True, trial_that_fails),
    "resets that nobody means": (slots.FIRST, (True, True), True, resets),
}


def cuts(name: str, program_bytes: int, fractions: tuple[float | None, ...]) -> Iterator[tuple[str, Unit]]:
    """The unit after a cut in each operation of the story, torn in each way."""
    state, works, whole, story = STORIES[name]
    image = made(state, program_bytes, whole=whole)
    for fraction in fractions:
        operation = 0
        while True:
            operation += 1
            unit = Unit(image, works, program_bytes)
            unit.flash.cut_after(operation, fraction)
            try:
                story(unit)
            except PowerCut:
                yield f"{name}, operation {operation} torn at {fraction}", unit
                continue
            unit.flash.cut_after(None)
            break


def ends_well(cut: str, unit: Unit) -> None:
    """Booted again and again it runs what works, and stays with it."""
    unit.started.clear()
    for _ in range(BOOTS):
        unit.boot()
        if unit.works[unit.started[-1]]:
            break
    assert unit.works[unit.started[-1]], cut
    good = unit.started[-1]
    for _ in range(4):
        unit.boot()
        assert unit.started[-1] == good, cut


@pytest.mark.parametrize("name", STORIES)
@pytest.mark.parametrize("program_bytes", [32, 256], ids=["esp32", "rp2"])
def test_a_cut_anywhere_leaves_a_unit_that_works(name: str, program_bytes: int) -> None:
    count = 0
    for cut, unit in cuts(name, program_bytes, (None, 0.0, 0.5, 1.0)):
        ends_well(cut, unit)
        count += 1
    assert count or name == "first boot", "a story without an operation proves nothing"


@pytest.mark.deep
@pytest.mark.parametrize("name", STORIES)
def test_a_second_cut_in_the_boots_behind_it_does_no_harm(name: str) -> None:
    for cut, unit in cuts(name, 32, (0.5,)):
        image, again = unit.flash.image(), 0
        while True:
            again += 1
            second = Unit(image, unit.works, 32)
            second.flash.cut_after(again, 0.5)
            try:
                for _ in range(6):
                    second.boot()
            except PowerCut:
                ends_well(f"{cut}, and again at {again}", second)
                continue
            break


def test_a_state_that_cannot_be_written_starts_no_trial() -> None:
    """A boot that is not counted is no trial: the release that was confirmed starts."""
    unit = Unit(made(ON_TRIAL, 32), (True, False), 32)
    files = Files(unit.flash, 32)

    def refuse(old: str, new: str) -> None:
        raise OSError(28)

    files.rename = refuse  # type: ignore[method-assign]
    assert Keeper("pico_w", files).begin(False) == 0


def test_an_install_that_cannot_be_written_changes_nothing() -> None:
    unit = Unit(made(slots.FIRST, 32), (True, True), 32)
    files = Files(unit.flash, 32)
    keeper = Keeper("pico_w", files)
    keeper.slot = keeper.begin(False)

    def refuse(old: str, new: str) -> None:
        raise OSError(28)

    rename, files.rename = files.rename, refuse  # type: ignore[method-assign]
    with pytest.raises(OSError):
        keeper.install(1)
    files.rename = rename  # type: ignore[method-assign]
    keeper.expect()
    assert Keeper("pico_w", files).state.active == 0
