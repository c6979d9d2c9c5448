"""Who used the vault, when and for what: `uses.log`, a line for each command that unlocked it.

Each line carries a code (HMAC-SHA256 under the log's own key, which is sealed in the vault) over itself and the code of
the line before, and the vault keeps the number and the code of the last one. So to whoever opens the vault, a line that
was changed, taken out, put in or cut off shows; an older log *with* an older `log.json` from the same time does not.
What is noted is what this program was used for: whoever can unlock the vault can read it with another one.

A full disk, or a log that is damaged, locks nobody out: the command is told, and goes on.
"""

import hmac
import json
import os
import platform
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .. import durable
from ..outcome import ToolError
from .fields import Damaged, Fields
from .files import LOG, LOG_STATE, Files

KEY_BYTES = 32
_MAC_BYTES = 16
_NONE = "0" * 2 * _MAC_BYTES
_LOG_BYTES_MAX = 256 * 1024 * 1024


@dataclass(frozen=True)
class Use:
    """`number`: counted from 1; `person`, `slot`: who unlocked the vault, and by which of its keys; `command`: its name
    without what was given to it; `utc`: ISO 8601."""

    number: int
    utc: str
    person: str
    slot: int
    command: str
    host: str


@dataclass(frozen=True)
class Log:
    """All uses, and what is wrong with the log: nothing, if nobody touched it."""

    uses: tuple[Use, ...]
    findings: tuple[str, ...]


@dataclass(frozen=True)
class _State:
    """`size`: of the log, in bytes, up to and with line `count`; `last`: that line's code."""

    key: bytes = field(repr=False)
    count: int = 0
    last: str = _NONE
    size: int = 0


def note(files: Files, command: str, utc_ms: int) -> None:
    """Add a line. ToolError when it cannot be; the vault can be used all the same."""
    with files.logging():
        files.refresh()
        assert files.keys is not None
        state = _state(files)
        if state is None:
            state = _State(os.urandom(KEY_BYTES), size=_size(files.path / LOG))
        state, begins = _adopt(files.path / LOG, state)
        slot = files.keys.slot
        utc = datetime.fromtimestamp(utc_ms / 1000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        use = Use(state.count + 1, utc, slot.person, slot.number, command, platform.node())
        line, mac = _line(state.key, use, state.last)
        durable.append(files.path / LOG, state.size, begins + line)
        _keep(files, _State(state.key, use.number, mac, state.size + len(begins + line)))


def read(files: Files) -> Log:
    """The log, checked."""
    with files.logging():
        files.refresh()
        state = _state(files)
        data = _data(files.path / LOG)
    if state is None:
        return Log((), ("the log's key is missing: nothing of it can be checked",) if data else ())
    uses: list[Use] = []
    findings: list[str] = []
    number, last = 0, _NONE
    for at, line in enumerate(data.splitlines(keepends=True), 1):
        found = _parse(state.key, line)
        if found is None:
            torn = not line.endswith(b"\n")
            findings.append(f"line {at} was {'broken off by a power cut' if torn else 'changed, or is not from here'}")
            continue
        use, before = found
        if use.number > number + 1:
            findings.append(f"uses {number + 1} to {use.number - 1} are missing")
        elif use.number <= number or before != last:
            findings.append(f"line {at} is not in its place")
        uses.append(use)
        number, last = max(number, use.number), _mac_of(line)
    if number < state.count:
        findings.append(f"uses {number + 1} to {state.count} were cut off its end")
    return Log(tuple(uses), tuple(findings))


def _adopt(path: Path, state: _State) -> tuple[_State, bytes]:
    """(state with the line that a cut left in the log and not in it, what has to come before the next line). What is
    broken off is going to be written over; a line that is not ours stays, and shows."""
    size = _size(path)
    if size < state.size:  # cut off: where, shows when the log is read
        is_whole = not size or _data(path, size - 1) == b"\n"
        return replace(state, size=size), b"" if is_whole else b"\n"
    for line in _data(path, state.size).splitlines(keepends=True):
        found = _parse(state.key, line)
        if found is not None and (found[0].number, found[1]) == (state.count + 1, state.last):
            state = replace(state, count=state.count + 1, last=_mac_of(line))
        elif not line.endswith(b"\n"):
            break
        state = replace(state, size=state.size + len(line))
    return state, b""


def _state(files: Files) -> _State | None:
    path = files.path / LOG_STATE
    if not path.exists():
        return None
    fields = Fields(path, files.read(path))
    state = _State(fields.key("key"), fields.number("count"), fields.text("last"), fields.number("size"))
    if state.count < 0 or state.size < 0:
        raise Damaged(path, "it counts less than nothing")
    return state


def _keep(files: Files, state: _State) -> None:
    values = {"version": 1, "key": state.key.hex(), "count": state.count, "last": state.last, "size": state.size}
    files.put(files.path / LOG_STATE, json.dumps(values).encode())


def _line(key: bytes, use: Use, before: str) -> tuple[bytes, str]:
    values: dict[str, Any] = vars(use) | {"before": before}
    mac = hmac.digest(key, json.dumps(values).encode(), "sha256")[:_MAC_BYTES].hex()
    return json.dumps(values | {"mac": mac}).encode() + b"\n", mac


def _parse(key: bytes, line: bytes) -> tuple[Use, str] | None:
    """(use, code of the line before) of a line that is authentic to the letter."""
    try:
        values = json.loads(line)
        kinds = {"number": int, "utc": str, "person": str, "slot": int, "command": str, "host": str}
        use = Use(**{name: kind(values[name]) for name, kind in kinds.items()})
        before = str(values["before"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return (use, before) if hmac.compare_digest(_line(key, use, before)[0], line) else None


def _mac_of(line: bytes) -> str:
    return str(json.loads(line)["mac"])


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _data(path: Path, at: int = 0) -> bytes:
    """The log from this byte on."""
    if not path.exists():
        return b""
    try:
        with path.open("rb") as file:
            file.seek(at)
            data = file.read(_LOG_BYTES_MAX + 1)
    except OSError as error:
        raise ToolError(f"{path} cannot be read: {error.strerror}", "Check its owner and the disk.") from error
    if len(data) > _LOG_BYTES_MAX:
        raise ToolError(f"{path} is far too large", "Keep it elsewhere, and begin anew by moving it away.")
    return data
