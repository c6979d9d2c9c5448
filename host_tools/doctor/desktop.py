"""macOS and Windows: what their Bluetooth says when the host tools' own radio tries it."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from .finding import Finding, fail, ok, skipped

if TYPE_CHECKING:
    from .surroundings import Surroundings, Trial

SIGABRT = 6
OLDEST_WINDOWS = (10, 0, 16299)
"""bleak needs it (Fall Creators Update)."""


def radio(trial: "Trial", platform: str) -> Finding:
    """A scan as the commands do it; on every system the last word."""
    if trial.signal == SIGABRT and platform == "darwin":
        return fail(
            "radio",
            "macOS ended the program (SIGABRT): the application that runs it has never been allowed to use Bluetooth",
            "Run it in Terminal or iTerm, not in an editor's terminal, over ssh or from launchd, and allow it under "
            "System Settings, Privacy & Security, Bluetooth.",
        )
    if trial.signal is not None:
        return fail("radio", f"a scan was ended by signal {trial.signal}", "Report this, with the system's version.")
    if trial.happened is not None:
        return fail("radio", trial.happened, trial.advice or "Switch Bluetooth off and on, and try again.")
    return ok("radio", f"a scan works; {trial.heard} unit{'s invite' if trial.heard != 1 else ' invites'} here")


def macos(around: "Surroundings") -> Iterator[Finding]:
    """What macOS decides by itself."""
    bundle = around.environ.get("TERM_PROGRAM") or "an unknown application"
    if "SSH_CONNECTION" in around.environ:
        yield fail(
            "permission",
            "this is a session over ssh: macOS asks nobody, and ends programs that use Bluetooth",
            "Run it in Terminal on the computer itself.",
        )
    else:
        yield skipped("permission", f"macOS gives it to the application around this terminal ({bundle}): see radio")
    yield skipped("bonds and caches", "macOS neither shows nor removes them for programs; units need none")


def windows(around: "Surroundings") -> Iterator[Finding]:
    """What Windows decides by itself."""
    number = tuple(map(int, re.findall(r"\d+", around.version)[:3]))
    if number and number < OLDEST_WINDOWS:
        yield fail("Windows version", f"Windows {around.version} is too old for Bluetooth LE", "Update Windows.")
    else:
        yield ok("Windows version", around.version)
    yield skipped(
        "bonds and caches",
        "tables of services are always read anew here. A unit under Settings, Bluetooth & devices, is a bond that no "
        "command needs: remove it there if connections to that unit fail",
    )
