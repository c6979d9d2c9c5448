"""Cut the power at every operation of the flash chip, let every kind of torn bits stay behind, and go on from there.

A *plan* is a list of cuts, one for each life: (operation of that life, kind of tear). A failure names its plan as
`CUT=...`; `make test CUT=...` repeats just that one. Not here: what is written and what must survive, see the stories.

A sweep plays each life once and branches off before each of its operations, where the story is what it is when the
power fails there; a plan that is repeated is played with the power really failing. `test_cuts.py` compares the two.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, Protocol

from simulator.hardware.flash import PowerCut

from .chip import CHANCES, DEAD, TEARS, UNREAD, Chip, Cut, Operation

ALL = (*TEARS, *CHANCES)
Tears = Callable[[int], tuple[str, ...]]
"""Which tears are tried, for the number of an operation."""
Plan = tuple[Cut, ...]


def thorough(number: int) -> tuple[str, ...]:
    return ALL


def quick(number: int) -> tuple[str, ...]:
    """Nothing, everything, and one of the others in turn."""
    return ("none", "all", (*ALL[2:], f"r{number}")[number % (len(ALL) - 1)])


def single(number: int) -> tuple[str, ...]:
    """One in turn."""
    return ((*ALL, f"r{number}")[number * 7 % (len(ALL) + 1)],)


class Story(Protocol):
    """One unit's flash and what an onlooker knows of it."""

    chip: Chip
    recovering: bool
    """Whether a life is in what it does before its first work."""
    outlives_death: bool
    """Whether it keeps its word also where the flash takes nothing any more."""

    def copy(self) -> "Any": ...

    def live(self, life: int) -> None:
        """Boot and work; PowerCut may end it at any operation of the chip."""

    def check(self) -> None:
        """What must be true of the flash between two lives. Raises AssertionError."""


class Tally(NamedTuple):
    """What a sweep went through: the last lives played to their end, and how many cuts there were before them."""

    points: int
    cuts: int
    plans: int

    def __add__(self, other: Any) -> "Tally":
        return Tally(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))


NOTHING = Tally(0, 0, 0)


def name_of(story: str, plan: Plan) -> str:
    return story + ":" + "/".join(f"{cut.operation}.{cut.tear}{'.fails' * cut.fails}" for cut in plan)


def plan_of(name: str) -> tuple[str, Plan]:
    """(name of the story, its plan). ValueError for what is no such name."""
    story, _, cuts = name.partition(":")
    plan = []
    for cut in cuts.split("/"):
        operation, tear, *fails = cut.split(".")
        if fails not in ([], ["fails"]):
            raise ValueError(f"CUT={name}: '{cut}' is not operation.tear or operation.tear.fails")
        plan.append(Cut(int(operation), tear, bool(fails)))
    return story, tuple(plan)


def live(story: Any, life: int, cut: Cut | None) -> bool:
    """One life, up to the cut or to its end; whether the power was cut."""
    story.chip.arm(cut)
    is_cut = False
    try:
        story.live(life)
    except PowerCut:
        is_cut = True
    except OSError:
        # What a boot cannot read or begin ends it: the watchdog starts another.
        assert cut is not None and cut.tear in (UNREAD, DEAD)
    story.chip.arm(None)
    story.check()
    return is_cut


class Moment(NamedTuple):
    """Just before an operation of the chip, and the story as it was then."""

    operation: Operation
    story: Any


def moments(story: Any, life: int) -> list[Moment]:
    """All of one life. `story` is played in it."""
    found: list[Moment] = []
    story.chip.arm(None)
    story.chip.watcher = lambda operation: found.append(Moment(operation, story.copy()))
    story.live(life)
    story.chip.arm(None)
    return found


def branches(story: Any, life: int, tears: Tears, wanted: Callable[[Moment], bool]) -> Iterator[tuple[Cut, Any]]:
    """Every (cut, story as it is after that cut) of one life."""
    for moment in moments(story.copy(), life):
        if not wanted(moment):
            continue
        for tear in tears(moment.operation.number):
            branch = moment.story.copy()
            branch.chip.tear(moment.operation, tear)
            yield Cut(moment.operation.number, tear), branch


def sweep(name: str, story: Any, tears: list[Tears], *, stride: int = 1, in_recovery: bool = False) -> Tally:
    """All plans of as many cuts as there are `tears`, one of them for each life. `stride`: leave out operations of the
    first life; `in_recovery`: later lives are cut in their recovery only."""

    def wanted(moment: Moment, life: int) -> bool:
        if life == 0:
            return moment.operation.number % stride == 0
        return moment.story.recovering or not in_recovery

    return _sweep(name, story, (), tears, wanted)


def _sweep(name: str, story: Any, plan: Plan, tears: list[Tears], wanted: Callable[[Moment, int], bool]) -> Tally:
    life = len(plan)
    if life == len(tears):
        with_id(name, plan, lambda: live(story, life, None))
        return Tally(0, 0, 1)
    tally = NOTHING
    operations = set()
    for cut, branch in branches(story, life, tears[life], lambda moment: wanted(moment, life)):
        here = (*plan, cut)
        with_id(name, here, branch.check)
        operations.add(cut.operation)
        tally += Tally(0, 1, 0)
        tally += _sweep(name, branch, here, tears, wanted)
    return tally + Tally(len(operations), 0, 0)


def fail_each(name: str, story: Any, tears: Tears, *, stride: int = 1) -> Tally:
    """Every operation of the first life fails once while the power stays on, and the unit goes on; or no operation does
    anything from there to the end of that life."""
    numbers = range(0, len(moments(story.copy(), 0)), stride)
    tally = Tally(len(numbers), 0, 0)
    for number in numbers:
        for tear in (*tears(number), DEAD) if story.outlives_death else tears(number):
            plan = (Cut(number, tear, fails=True),)
            branch = story.copy()
            with_id(name, plan, lambda branch=branch, plan=plan: play(branch, plan))
            tally += Tally(0, 1, 1)
    return tally


def fail_each_read(name: str, story: Any, *, stride: int = 1) -> Tally:
    """Every read of the first life fails once. Where that ends the life, as a boot that cannot read does, the next one
    begins."""
    whole = story.copy()
    whole.chip.arm(None)
    whole.live(0)
    numbers = range(0, whole.chip.reads, stride)
    for number in numbers:
        plan = (Cut(number, UNREAD, fails=True),)
        branch = story.copy()
        with_id(name, plan, lambda branch=branch, plan=plan: play(branch, plan))
    return Tally(len(numbers), len(numbers), len(numbers))


def play(story: Any, plan: Plan) -> None:
    """The lives of one plan, and one more to its end."""
    for life, cut in enumerate(plan):
        assert live(story, life, cut) != cut.fails, "the plan names an operation that this life never reaches"
    live(story, len(plan), None)


def with_id(name: str, plan: Plan, act: Callable[[], Any]) -> None:
    """Do it; what fails tells how to repeat it."""
    try:
        act()
    except Exception as error:
        raise AssertionError(f"CUT={name_of(name, plan)} : {type(error).__name__}: {error}") from error
