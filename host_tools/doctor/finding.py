"""What a check ends with."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Literal

Outcome = Literal["ok", "warn", "fail", "skipped"]


@dataclass(frozen=True)
class Fix:
    """What `--fix` may do. `what`: in words, as a person is asked; `do`: does it, raising ToolError when it cannot."""

    what: str
    do: Callable[[], Awaitable[None]] = field(repr=False, compare=False)


@dataclass(frozen=True)
class Finding:
    """`check`: the check's name; `found`: what is so, and why; `advice`: what to do, where something is to be done.
    warn: it may hinder; fail: it does; skipped: could not be looked at, or does not matter here."""

    check: str
    outcome: Outcome
    found: str
    advice: str | None = None
    fix: Fix | None = None


def ok(check: str, found: str) -> Finding:
    return Finding(check, "ok", found)


def warn(check: str, found: str, advice: str, fix: Fix | None = None) -> Finding:
    return Finding(check, "warn", found, advice, fix)


def fail(check: str, found: str, advice: str, fix: Fix | None = None) -> Finding:
    return Finding(check, "fail", found, advice, fix)


def skipped(check: str, found: str) -> Finding:
    return Finding(check, "skipped", found)
