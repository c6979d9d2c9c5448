"""What the commands that bring changes to units say of it: who was visited, who is missing, how far a rotation is."""

from collections.abc import Iterator
from contextlib import contextmanager

from ..flows.bring import Failure, Report, Visit
from ..flows.rotate import Rotation
from ..outcome import Exit
from ..vault.changes import Exposure
from .progress import working
from .running import end

STEPS = {
    "accept": "units learn the next key beside the present one",
    "speak": "units send under the next key, and still take the one before",
    "settled": "units forget the key before",
}
OF_UNIT = {
    "accept": "accepts old and new",
    "speak": "sends under the new one",
    "settled": "dropped the old one",
}


@contextmanager
def visiting(quiet: bool) -> Iterator[Report]:
    """A line for each visit while it goes on; standard output stays free for the result."""
    with working("Visiting units", quiet=quiet) as step:
        yield lambda visit: step.say(visited(visit))


def visited(visit: Visit) -> str:
    """What a unit took, in words."""
    words = list(visit.what)
    if visit.step is not None:
        words = [f"group key: {OF_UNIT[visit.step]}" if word == "group key" else word for word in words]
    return f"{visit.serial}: took new settings ({', '.join(words)})"


def show_rotation(rotation: Rotation) -> None:
    if rotation.is_over:
        print(f"The group's key is that of epoch {rotation.epoch}, and no unit takes another one.")
        return
    print(f"The group's key, epoch {rotation.epoch}: {STEPS[rotation.step]}.")
    if rotation.lagging:
        print(f"Missing for that: {', '.join(rotation.lagging)}.")


def show_left_behind(serials: tuple[str, ...]) -> None:
    if serials:
        print(
            f"Left behind: {', '.join(serials)}. Until its next visit such a unit is deaf and mute to the group: it "
            "neither hears the others nor is heard, but by its own partners."
        )


def show_missing(missing: tuple[str, ...], again: str) -> None:
    if missing:
        print(f"Not reached yet: {', '.join(missing)}. Bring them into range, docked, and run {again} again.")


def show_failures(failures: tuple[Failure, ...]) -> None:
    for failed in failures:
        print(f"{failed.serial}: {failed.failure}.\n{failed.advice}")


def leave(failures: tuple[Failure, ...]) -> None:
    """End with the exit code that failed visits ask for."""
    if failures:
        end(Exit.DEVICE)


def show_exposure(exposure: Exposure) -> None:
    """What a revoked unit can still do, in plain words."""
    print(f"Whoever has {exposure.serial} and its keys can still:")
    if exposure.partners:
        print(
            f"- be taken for a partner by {', '.join(exposure.partners)}: start its recording, or answer for a camera"
        )
    for unit, listener in exposure.forgeable:
        print(f"- pass for {unit} towards {listener}")
    if exposure.group:
        print(
            f"- read the group's frames and start, within the limits for strangers, the recorders of cameras among: "
            f"{', '.join(exposure.group)}"
        )
    print("It ends for each of them when it is reached.")
