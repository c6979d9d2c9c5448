"""What a campaign has done so far, safe against every kind of end: `campaign.json` and `runs.jsonl` in its folder.

`campaign.json` says which campaign the folder holds; another is refused. `runs.jsonl` has one run a line, in the order
in which they came, each on the disk before the next is written; a line cut by a kill is a run to play again. Lines are
small and JSON, names as in `play.line_of`.
"""

import hashlib
import io
import json
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from .. import durable
from ..outcome import ToolError
from .plan import Plan

FORMAT = 1
IDENTITY = "campaign.json"
RUNS = "runs.jsonl"


def identity(plan: Plan, scenario: Path, source: bytes, code: str) -> dict[str, Any]:
    """What makes two invocations the same campaign. The count of seeds does not: more may follow later."""
    return {
        "format": FORMAT,
        "scenario": scenario.name,
        "scenario_sha256": hashlib.sha256(source).hexdigest(),
        "vary": {axis.name: list(axis.values) for axis in plan.axes},
        "seed": plan.seed,
        "fidelity": plan.fidelity,
        "code": code,
    }


class RunJournal:
    """The runs of one campaign in its folder: `lines` by (number of the variation, seed)."""

    def __init__(self, file: io.FileIO, plan: Plan, path: Path) -> None:
        self.lines: dict[tuple[int, int], dict[str, Any]] = {}
        self._file = file
        self._path = path
        self._numbers = {_key(variation.values): variation.number for variation in plan.variations}
        self._load()

    def add(self, line: dict[str, Any]) -> None:
        """Keep a run: on the disk when this returns."""
        self._note(line)
        with writing(self._path):
            left = json.dumps(line, separators=(",", ":")).encode() + b"\n"
            while left:  # a disk that fills up takes a part first
                left = left[self._file.write(left) :]
            os.fsync(self._file.fileno())

    def _load(self) -> None:
        whole_bytes = 0
        for number, text in enumerate(io.BytesIO(self._file.read()), 1):
            if not text.endswith(b"\n"):
                break  # cut by a kill
            try:
                self._note(json.loads(text))
            except (ValueError, KeyError, TypeError) as error:
                raise ToolError(
                    f"{self._path}, line {number}, is no run of this campaign",
                    "Somebody edited it. Delete the line, and its run is played again.",
                ) from error
            whole_bytes += len(text)
        self._file.truncate(whole_bytes)
        self._file.seek(whole_bytes)

    def _note(self, line: dict[str, Any]) -> None:
        self.lines[self._numbers[_key(line["values"])], line["seed"]] = line


def _key(values: Any) -> str:
    return json.dumps(values)


@contextmanager
def opened(folder: Path, plan: Plan, this: dict[str, Any]) -> Iterator[RunJournal]:
    """The journal in `folder`, made where there is none. Raises ToolError: the folder holds something else, or another
    command works in it."""
    path, advice = folder / RUNS, "Name another folder with --out DIR."
    with ExitStack() as stack:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            stack.enter_context(durable.locked(folder, advice=advice))
            _claim(folder, this)
            path.touch()
            file = stack.enter_context(path.open("r+b", buffering=0))
        except OSError as error:
            raise ToolError(f"nothing can be kept in {folder}: {error.strerror}", advice) from error
        yield RunJournal(file, plan, path)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """A disk that fails, as an error for people."""
    try:
        yield
    except OSError as error:
        raise ToolError(
            f"{path} cannot be written: {error.strerror}",
            "Free space on the disk, then run the command again: it goes on where it was.",
        ) from error


def _claim(folder: Path, this: dict[str, Any]) -> None:
    """Make the folder this campaign's, or see that it is."""
    path = folder / IDENTITY
    advice = "Name another folder with --out DIR, or remove this one if nobody needs its runs."
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if (folder / RUNS).exists():
            raise ToolError(f"{folder} holds runs and no {IDENTITY} to say of what", advice) from None
        durable.replace(path, json.dumps(this, indent=2).encode() + b"\n")
        return
    except (OSError, ValueError) as error:
        raise ToolError(f"{path} cannot be read", advice) from error
    if not isinstance(held, dict) or held != this:
        known = held if isinstance(held, dict) else {}
        other = ", ".join(name for name in this if known.get(name) != this[name]) or "format"
        raise ToolError(f"{folder} holds another campaign (it differs in: {other})", advice)
