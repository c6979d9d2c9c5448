"""What is known of the mutants: kept between runs, weighed against the list of explained survivors, told as a table."""

import json
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from .judge import KILLED, MISFIT, SURVIVED, TIMED_OUT, UNTOUCHED

FOLDER = Path(__file__).parent
ALIVE = (SURVIVED, UNTOUCHED)

OPEN = "open"

Note = dict[str, Any]


class Listed(NamedTuple):
    """The listed survivors: keys and the reason of each. `patterns` names the reasons that several share; under OPEN
    stand those that nobody has examined. `unexamined`: modules of which no survivor was."""

    reasons: dict[str, str]
    patterns: dict[str, str]
    unexamined: tuple[str, ...] = ()

    def is_open(self, key: str) -> bool:
        """Whether this survivor is known and nobody has said why it survives."""
        if key in self.reasons:
            return self.reasons[key] == self.patterns.get(OPEN)
        return key.partition(":")[0].partition(".")[0] in self.unexamined


def listed(file: Path = FOLDER / "survivors.toml") -> Listed:
    """The committed list. Each entry: `was`, `now` and `why` (or `as`: a pattern's name), under its function."""
    told = tomllib.loads(file.read_text(encoding="utf-8"))
    patterns = told.get("patterns", {})
    reasons = {}
    for function, entries in told.get("survivors", {}).items():
        for entry in entries:
            key = f"{function}: {entry['was']} -> {entry['now']}"
            if entry.get("nth", 1) > 1:
                key += f" ({entry['nth']})"
            assert key not in reasons, f"listed twice: {key}"
            reasons[key] = entry["why"] if "why" in entry else patterns[entry["as"]]
    return Listed(reasons, patterns, tuple(told.get("unexamined", ())))


class Verdict(NamedTuple):
    """`new`: survivors that nobody explained. `gone`: explained ones that a test kills now, or that no longer are."""

    new: list[Note]
    gone: list[str]


def weigh(notes: dict[str, dict[str, Note]], known: Listed) -> Verdict:
    """`notes`: of each module that was judged to its end, by key."""
    new = [note for module in notes.values() for note in module.values() if note["state"] in ALIVE]
    new = [note for note in new if note["key"] not in known.reasons and not known.is_open(note["key"])]
    gone = []
    for key in known.reasons:
        module = key.partition(".")[0]
        if module in notes and notes[module].get(key, {"state": KILLED})["state"] not in ALIVE:
            gone.append(key)
    return Verdict(new, gone)


STATES = (KILLED, TIMED_OUT, SURVIVED, UNTOUCHED, MISFIT)
COLUMNS = ("module", "mutants", *STATES, "by rule", "explained", "unexamined", "new")


def table(notes: dict[str, dict[str, Note]], missing: dict[str, int], known: Listed) -> list[tuple[str, ...]]:
    """A row a module, and their sum. `missing`: mutants that were not run, by module."""
    rows = []
    sums: Counter[str] = Counter()
    for module in sorted(notes):
        count = Counter(note["state"].partition(":")[0] for note in notes[module].values())
        alive = [note for note in notes[module].values() if note["state"] in ALIVE]
        count["unexamined"] = sum(known.is_open(note["key"]) for note in alive)
        count["explained"] = sum(note["key"] in known.reasons for note in alive) - sum(
            note["key"] in known.reasons and known.is_open(note["key"]) for note in alive
        )
        count["by rule"] = count["rule"]
        count["mutants"] = len(notes[module]) + missing.get(module, 0)
        count["new"] = len(alive) - count["explained"] - count["unexamined"]
        rows.append((module, *(str(count[name]) for name in COLUMNS[1:]), str(missing.get(module, 0))))
        sums += count
    rows.append(("all", *(str(sums[name]) for name in COLUMNS[1:]), str(sum(missing.values()))))
    return rows


def markdown(rows: list[tuple[str, ...]], verdict: Verdict) -> str:
    """The table, then what is open, one line each."""
    head = (*COLUMNS, "not run")
    lines = ["# Mutants of the core", "", "| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    lines += ["", f"New: survivors that are not listed: {len(verdict.new)}.", ""]
    lines += [
        f"- `{note['module']}.{note['function']}` line {note['line']}, {note['state']}: `{note['was']}` -> "
        f"`{note['now']}`"
        for note in verdict.new
    ]
    lines += ["", f"Listed, and killed now or gone: {len(verdict.gone)}.", "", *(f"- `{key}`" for key in verdict.gone)]
    return "\n".join(lines) + "\n"


def outcome(
    notes: dict[str, dict[str, Note]], missing: dict[str, int], known: Listed, verdict: Verdict, tables: bool
) -> str:
    """The last line: what was judged, and what was not. `missing`: mutants that were not run, by module."""
    judged = sum(map(len, notes.values()))
    left = {module: count for module, count in missing.items() if count}
    is_open = sum(known.is_open(note["key"]) for of in notes.values() for note in of.values() if note["state"] in ALIVE)
    line = f"{judged:,} of {judged + sum(left.values()):,} mutants judged"
    if left:
        line = f"cut short: {line}, not run in {', '.join(f'{name} {count}' for name, count in left.items())}"
    line += f"; {len(verdict.new)} new survivors, {is_open} that nobody examined, {len(verdict.gone)} listed ones gone"
    return line if tables else line + "; tables and constants left out (--tables)"


def load(file: Path) -> dict[str, Any]:
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}


def save(file: Path, held: dict[str, Any]) -> None:
    part = file.with_suffix(".part")
    part.write_text(json.dumps(held, indent=1), encoding="utf-8")
    part.replace(file)
