"""`interlock update [SERIAL...] FILE...`: another release for units, over the air."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from ..context import Context
from ..flows.bring import Failure
from ..flows.update import Report, Update, Updated
from ..inbox import LinkLost
from ..outcome import Exit, ToolError
from ..refused import Refused, Untrue
from ..release_file import SUFFIX, Release, fingerprint, load, public_key, text
from . import completing
from .progress import Step, working
from .rounds import show_failures
from .running import Json, of, print_json, run, the_unit, the_units

WORDS = {
    "confirmed": "runs {version}, and has confirmed it",
    "already": "runs {version} already",
    "on trial": "was switched to {version}; that it works was not heard yet: interlock status, or this command again, "
    "tells when it is in its dock",
    "fell back": "tried {version} and went back to {running}: that release does not work on it",
}


@dataclass(frozen=True)
class Done:
    """`public`: fingerprint of the key that the releases are signed with, in hex."""

    public: str
    units: tuple[Updated, ...]
    failures: tuple[Failure, ...]


def update(
    context: typer.Context,
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="[SERIAL...] FILE...",
            help="Units, and release files (.ilu); of several files each unit gets the one for its board",
            autocompletion=completing.serials,
        ),
    ],
    everybody: Annotated[bool, typer.Option("--all", help="All own units in range, one after another")] = False,
    older: Annotated[bool, typer.Option("--older", help="Go back to an older release, as far as units allow")] = False,
    public: Annotated[
        Path | None,
        typer.Option("--public-key", help="Who signs the releases, where it is not this vault (60 bytes)"),
    ] = None,
    as_json: Json = False,
) -> None:
    """Give units another release over the air. Needs the force's vault.

    The file is checked here first, whole and signed, then on the unit: signature, board, version and every part of it,
    before it is switched to. It goes into the slot that does not run, so the unit does its duty until it starts anew,
    in its dock and with no weapon in use. It is then on trial: what does not come up, or is not sound within five
    minutes, is given up by the unit itself after three starts, and the release before runs again. A transfer that is
    broken off goes on where it was. A unit takes no release below the minimum that one it confirmed has named.

    Exit codes: 0 done; 1 a unit fell back, or the file was altered; 3 a unit refused it or was out of reach.

    Examples:

    - `interlock update H1 build/firmware/interlock-0.2.0-esp32_s3.ilu`
    - `interlock update --all build/firmware/*.ilu`: each gets the one for its board

    Next: `interlock selftest H1`; the change is a record in its journal (`interlock pull H1`).

    JSON: {public, units: [{serial, name, outcome, version, was, running, sent, went_on_from, seconds}], failures:
    [{serial, failure, advice}]}; outcome: confirmed, already, on trial or fell back; versions as [major, minor, patch].
    """
    files = [Path(word) for word in words if word.endswith(SUFFIX)]
    serials = [word for word in words if not word.endswith(SUFFIX)]
    if not files:
        raise ToolError(
            f"no release file is named (they end with {SUFFIX})", "interlock release makes them: interlock update FILE."
        )
    done = run(_update(of(context), serials, files, public, everybody, older, as_json))
    if as_json:
        print_json(done)
    else:
        for unit in done.units:
            show(unit)
        show_failures(done.failures)
    if done.failures:
        raise typer.Exit(Exit.DEVICE)
    if any(unit.outcome == "fell back" for unit in done.units):
        raise typer.Exit(Exit.FINDINGS)


def show(unit: Updated) -> None:
    """One unit's update for people."""
    words = WORDS[unit.outcome].format(version=text(unit.version), running=text(unit.running))
    rate = f" ({unit.sent} bytes in {unit.seconds:.0f} s)" if unit.sent else ""
    went_on = f", gone on from byte {unit.went_on_from}" if unit.went_on_from else ""
    print(f"{unit.serial} ({unit.name}) {words}{rate}{went_on}.")


async def _update(
    context: Context,
    serials: list[str],
    files: list[Path],
    named: Path | None,
    everybody: bool,
    older: bool,
    quiet: bool,
) -> Done:
    async with context.bench() as bench:
        bench.vault.check_own("authority over what units run")
        public = public_key(bench.vault, named)
        releases = [load(path, public) for path in files]
        if everybody:
            wanted = await the_units(bench, serials or None, quiet)
        else:
            wanted = await the_unit(bench, serials or None, "update", quiet)
        units: list[Updated] = []
        failures: list[Failure] = []
        for serial in wanted:
            total = len(_largest(releases))
            with working(f"{serial}: update", total=total, quiet=quiet) as step:
                try:
                    units.append(await Update(bench, serial, releases, public, older, _told(serial, step)).go())
                except (LinkLost, Refused, Untrue) as error:
                    failures.append(Failure(serial, str(error), error.advice))
                except ToolError as error:
                    if error.code != Exit.DEVICE and len(wanted) == 1:
                        raise
                    failures.append(Failure(serial, str(error), error.advice))
        return Done(fingerprint(public).hex(), tuple(units), tuple(failures))


def _told(serial: str, step: Step) -> Report:
    """Tells people what goes on, once each, and how far it is."""
    said: list[str] = []

    def report(what: str, bytes_done: float) -> None:
        if said[-1:] != [what]:
            said.append(what)
            step.say(f"{serial}: {what}")
        step(bytes_done)

    return report


def _largest(releases: list[Release]) -> bytes:
    return max((release.data for release in releases), key=len)
