"""`interlock bond [SERIAL ...]`: an encrypted link beneath the session, where the system can."""

import sys
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from ..bench import Bench
from ..context import Context
from ..doctor import bluez
from ..flows.reach import find
from ..outcome import Exit, ToolError
from .progress import working
from .running import Json, Serials, of, print_json, run, the_unit

if TYPE_CHECKING:
    from ..link import Radio  # brings bleak: only when it is needed


@dataclass(frozen=True)
class Bond:
    """`is_bonded`: now, as the system says; None where it does not tell."""

    serial: str
    is_bonded: bool | None


def bond(
    context: typer.Context,
    serials: Serials = None,
    remove: Annotated[bool, typer.Option("--remove", help="Forget the bonds with these units instead")] = False,
    as_json: Json = False,
) -> None:
    """Bond this computer with a unit, so that the Bluetooth link is encrypted, too.

    No command needs it: sessions are secured by the units' own protocol, with or without a bond. It is a "just works"
    bond, which keeps an eavesdropper from seeing how much is said, and proves nobody's identity. A unit keeps those of
    three hosts until it starts anew; what this computer then still remembers is of no use, and `interlock doctor`
    finds it. Linux and Windows can; macOS cannot; units on a Pico W cannot; behind --air a bond ends with the command.

    Examples:

    - `interlock bond H1`
    - `interlock bond --remove H1`; on Linux, without a serial, all units

    Next: `interlock doctor` tells whether bonds are stale.

    Exit codes: 0 done, 3 the unit or this system cannot.

    JSON: a list of {serial, is_bonded}.
    """
    done = run((_remove if remove else _bond)(of(context), serials, as_json))
    if as_json:
        print_json(done)
        return
    said = {True: "bonded, until the unit starts anew", False: "no bond any more", None: "bonded, as the system says"}
    for each in done:
        print(f"{each.serial}: {said[each.is_bonded]}.")
    if not done:
        print("There was no bond.")


def _radio(bench: Bench) -> "Radio":
    """Its radio, which is one that bonds."""
    from ..link import Radio

    assert isinstance(bench.radio, Radio)
    return bench.radio


def _is_bluez(context: Context) -> bool:
    return sys.platform == "linux" and context.air is None


async def _bond(context: Context, serials: list[str] | None, quiet: bool) -> list[Bond]:
    async with AsyncExitStack() as stack:
        bench: Bench = await stack.enter_async_context(context.bench())
        if _is_bluez(context):
            await stack.enter_async_context(bluez.agent())
        done = []
        for serial in await the_unit(bench, serials, "bond", quiet):
            with working(f"{serial}: bonding", quiet=quiet):
                await _radio(bench).bond((await find(bench, serial))[0])
            done.append(serial)
    bonded = await _bonded(context)
    if bonded is not None and (missing := [serial for serial in done if serial not in bonded]):
        raise ToolError(
            f"{', '.join(missing)} paired and kept nothing: the link was encrypted for this once",
            "It has bonds with three hosts already; it forgets them when it starts anew. Nothing is missing without.",
            Exit.DEVICE,
        )
    return [Bond(serial, True if bonded is not None else None) for serial in done]


async def _bonded(context: Context) -> set[str | None] | None:
    """Serials of bonded units, where the system tells."""
    if not _is_bluez(context):
        return None
    return {device.serial for device in (await bluez.look()).devices if device.is_bonded}


async def _remove(context: Context, serials: list[str] | None, quiet: bool) -> list[Bond]:
    if not _is_bluez(context):
        async with context.bench() as bench:
            chosen = await the_unit(bench, serials, "bond --remove", quiet)
            for serial in chosen:
                await _radio(bench).forget((await find(bench, serial))[0])
        return [Bond(serial, False) for serial in chosen]
    found = await bluez.look()
    if found.trouble is not None:
        raise ToolError(f"BlueZ cannot be asked: {found.text}", "interlock doctor says what to do.", Exit.DEVICE)
    wanted = [each for each in found.devices if each.is_bonded and (not serials or each.serial in serials)]
    for device in wanted:
        await bluez.remove(device)
    return [Bond(device.serial or device.address, False) for device in wanted]
