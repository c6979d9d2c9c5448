"""The holster and the camera that a command is about: those named, or the ones in range."""

import sys
from collections.abc import Callable, Collection
from functools import partial
from typing import TYPE_CHECKING

from interlock.core.settings import ROLE_CAMERA, ROLE_HOLSTER, ROLE_NAMES

from ..naming import serial_of
from ..outcome import Exit, ToolError
from .running import choose, own_units

if TYPE_CHECKING:
    from ..bench import Bench, Sighting

Fits = Callable[[str, Collection[str]], bool]
"""Whether a unit is a likely one, beside those that are chosen already."""


async def the_two(
    bench: "Bench",
    holster: str | None,
    camera: str | None,
    command: str,
    fits: Fits,
    quiet: bool,
) -> tuple[str, str]:
    """Serials of the two. Of those in range that `fits` likes better, the only ones; several: a menu on a terminal,
    else ToolError that lists them."""
    named = {ROLE_HOLSTER: holster, ROLE_CAMERA: camera}
    serials = {role: serial_of(bench.vault, text) for role, text in named.items() if text is not None}
    near = [] if len(serials) == len(named) else await own_units(bench, quiet)
    for role in named:
        if role not in serials:
            taken = set(serials.values())
            others = [sighting for sighting in near if sighting.serial not in taken]
            serials[role] = _of_role(bench, others, role, command, partial(_fits, fits, taken))
    return serials[ROLE_HOLSTER], serials[ROLE_CAMERA]


def _fits(fits: Fits, taken: Collection[str], serial: str) -> bool:
    return fits(serial, taken)


def _of_role(bench: "Bench", near: "list[Sighting]", role: int, command: str, fits: Callable[[str], bool]) -> str:
    vault, what = bench.vault, ROLE_NAMES[role]
    able = [
        sighting
        for sighting in near
        if vault.name(sighting.serial or "")[1] == role and not vault.is_revoked(sighting.serial or "")
    ]
    if not able:
        raise ToolError(
            f"no {what} of this vault is in range",
            f"Dock one or hold its button, or name both: interlock {command}.",
            Exit.DEVICE,
        )
    likely = [sighting for sighting in able if fits(sighting.serial or "")] or able
    if len(likely) == 1:
        return likely[0].serial or ""
    if not sys.stdin.isatty():
        listed = ", ".join(sorted(sighting.serial or "" for sighting in likely))
        raise ToolError(f"{len(likely)} {what} units are in range: {listed}", f"Name both: interlock {command}.")
    return choose(bench, likely, f"Which {what}")
