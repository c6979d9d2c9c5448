"""Which checks there are on which system, in the order in which a person would look."""

import datetime
from collections.abc import Iterator
from importlib import metadata
from zoneinfo import ZoneInfo

from ..context import Context
from ..outcome import ToolError
from . import clock, desktop, keeping, linux, program
from .finding import Finding, fail, ok, skipped
from .surroundings import Surroundings


async def examine(context: Context, around: Surroundings) -> tuple[Finding, ...]:
    """All that is to be said of this computer. Nothing is changed, and nobody is asked."""
    findings = [program.python(around.python), *program.packages(_requires(), _version)]
    if context.air is not None:
        findings += [await _door(context), skipped("Bluetooth", "not used: --air leads to a simulated world")]
    elif around.platform == "linux":
        findings += await _linux(context, around)
    else:
        findings += _desktop(around)
        findings.append(desktop.radio(await around.trial(), around.platform))
    findings += [clock.clock(around, datetime.datetime.now(datetime.UTC)), clock.zone(ZoneInfo)]
    return (*findings, *keeping.home(context.home), keeping.vault(context), *keeping.store(context))


async def _linux(context: Context, around: Surroundings) -> list[Finding]:
    found = await around.bluez()
    findings = [linux.service(around, found), linux.version(around), *linux.adapters(around, found)]
    shared = linux.coexistence(around, found)
    findings += [] if shared is None else [shared]
    findings += linux.memories(found, _serials(context))
    if any(finding.outcome == "fail" for finding in findings):
        return [*findings, skipped("radio", "not tried: see above")]
    return [*findings, desktop.radio(await around.trial(), around.platform)]


def _desktop(around: Surroundings) -> Iterator[Finding]:
    if around.platform == "darwin":
        yield from desktop.macos(around)
    elif around.platform == "win32":
        yield from desktop.windows(around)
    else:
        yield skipped("system", f"nothing is known here of {around.platform}; the radio is tried all the same")


async def _door(context: Context) -> Finding:
    try:
        async with context.radio():
            return ok("virtual air", f"a world is open at {context.air}")
    except ToolError as error:
        return fail("virtual air", str(error), error.advice)


def _serials(context: Context) -> list[str]:
    """Own units, as far as the vault shows them without being opened."""
    return sorted(path.stem for path in (context.vault_path / "units").glob("*.json"))


def _requires() -> list[str] | None:
    try:
        return metadata.requires("interlock") or []
    except metadata.PackageNotFoundError:
        return None


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
