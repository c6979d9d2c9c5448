"""The few figures of README.md: printed from build/bench/bench.json, or put there with `--write`.

    python -m tests.bench.headlines [--write]

`test_headlines.py` holds what stands in README to bounds.toml and goals.py, without measuring.
"""

import argparse
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from . import goals, results
from .rows import Row

README = Path(__file__).parents[2] / "README.md"
BEGIN, END = "<!-- figures -->\n", "<!-- end -->"
_WORDS = {"==": "", "<": "under ", "<=": "at most ", ">=": "at least "}
_NUMBER = r"([\d,]+(?:\.\d+)?)"


class Part(NamedTuple):
    """A number within a sentence: of this row its value, or its ratio to the baseline of the same run."""

    id: str
    format: str
    is_ratio: bool = False

    def text(self, rows: Mapping[str, Row]) -> str:
        """KeyError where the row was not measured."""
        row = rows[self.id]
        value = row.ratio() if self.is_ratio else row.value
        if value is None:
            raise KeyError(self.id)
        return format(value, self.format)


def _met(goal: goals.Goal, row: Row) -> str:
    return "met" if goal.is_met(row) else "**missed**"


def _aim(goal: goals.Goal) -> str:
    return f"{_WORDS[goal.op]}{goal.bound:,g}{' times' * goal.is_ratio}"


class Headline(NamedTuple):
    """`form`: the sentence, `{}` for each part; `goal`: the row whose goal is told; empty where there is none;
    `also`: another row that is held to the same goal, and what it is called."""

    what: str
    form: str
    parts: tuple[Part, ...]
    goal: str = ""
    also: tuple[str, str] = ("", "")

    def seen(self, rows: Mapping[str, Row]) -> str:
        return self.form.format(*(part.text(rows) for part in self.parts))

    def aim(self, rows: Mapping[str, Row]) -> str:
        """The goal, and whether it is met; of `also` its own, where it has one."""
        own = {goal.id: goal for goal in goals.GOALS}
        if self.goal not in own:
            return ""
        said = f"{_aim(own[self.goal])}: {_met(own[self.goal], rows[self.goal])}"
        if not self.also[0]:
            return said
        other = own.get(self.also[0], own[self.goal])
        return f"{said}; {self.also[1]}, {_aim(other)}: {_met(other, rows[self.also[0]])}"

    def read(self, text: str) -> list[float]:
        """The numbers of its parts in such a sentence. ValueError where it is another one."""
        pattern = re.escape(self.form).replace(re.escape("{}"), _NUMBER)
        found = re.fullmatch(pattern, text)
        if found is None:
            raise ValueError(f"{self.what}: not of the form {self.form!r}: {text!r}")
        return [float(number.replace(",", "")) for number in found.groups()]


HEADLINES = (
    Headline(
        "hostile frames taken for a weapon's",
        "{}, of a million that forge, replay, alter and flood",
        (Part("adversary.accepted", ",.0f"),),
        "adversary.accepted",
    ),
    Headline(
        "power cuts that lost an acknowledged record",
        "{}, of {} at every flash operation, with every kind of torn bits, and {} pairs",
        (Part("power_cut.lost", ",.0f"), Part("power_cut.single", ",.0f"), Part("power_cut.double", ",.0f")),
        "power_cut.lost",
    ),
    Headline(
        "from the weapon's edge to the camera's shutter line, 999 of 1,000 within",
        "{} times what the bare radios take",
        (Part("trigger.line.floor", ".2f", is_ratio=True),),
        "trigger.line.floor",
    ),
    Headline(
        "until the weapon's side knows that it was heard, 30 % of all packets lost, 99 of 100 within",
        "{} ms; fifty officers at once: {} ms",
        (Part("trigger.heard.1.p99", ".0f"), Part("trigger.heard.50.p99", ".0f")),
        "trigger.heard.1.p99",
        ("trigger.heard.50.p99", "fifty"),
    ),
    Headline(
        "writes to flash a record costs, changes of key apart",
        "{} (the head of a sector is one); all told {}, and LittleFS2 needs {} times as many",
        (
            Part("journal.programs_mean", ".3f"),
            Part("journal.programs.lfs_32", ".2f"),
            Part("journal.programs.lfs_32.times", ".1f"),
        ),
        "journal.programs_mean",
    ),
    Headline(
        "pull of a journal (ESP32, MTU 247)",
        "{} of the speed of bare notifications; {} times smpclient's file download at its best",
        (Part("pull.esp32.247", ".2f", is_ratio=True), Part("pull.esp32.247.smp", ".2f", is_ratio=True)),
        "pull.esp32.247",
    ),
    Headline(
        "verification of one journal, chain and seal",
        "{} of the speed at which Python computes as many HMACs and nothing else",
        (Part("verify.sealed", ".2f", is_ratio=True),),
        "verify.sealed",
    ),
    Headline(
        "the same of a force's journals of a week, compared with each other",
        "{} of that speed",
        (Part("force.verify.rate", ".3f", is_ratio=True),),
        "force.verify.rate",
    ),
    Headline(
        "an officer's day in the simulator, real VM",
        "{} times real time, by computing time of all its processes",
        (Part("simulation.day.vm", ",.0f"),),
        "simulation.day.vm",
    ),
    Headline(
        "the application, compiled (Pico W)",
        "{} bytes",
        (Part("size.pico_w.mpy", ",.0f"),),
        "size.pico_w.mpy",
    ),
    Headline(
        "memory that a holster unit holds, as `interlock flash` puts its program there",
        "{} bytes while worn; {} in its dock",
        (Part("unit.holster.loaded.worn", ",.0f"), Part("unit.holster.loaded.held", ",.0f")),
        "unit.holster.loaded.held",
    ),
    Headline(
        "the same with its code in place in flash, a build that nobody has made yet",
        "{} bytes while worn; {} in its dock",
        (Part("unit.holster.in_place.worn", ",.0f"), Part("unit.holster.in_place.held", ",.0f")),
        "unit.holster.in_place.worn",
        ("unit.holster.in_place.held", "in its dock"),
    ),
    Headline(
        "of that in its dock, data beside the code: a holster unit; one that is both",
        "{} bytes; {}",
        (Part("unit.holster.in_place.data_held", ",.0f"), Part("unit.combined.in_place.data_held", ",.0f")),
        "unit.holster.in_place.data_held",
        ("unit.combined.in_place.data_held", "both"),
    ),
)


def rows_of(found: results.Results) -> dict[str, Row]:
    """By id, and how many times as much the baseline is, as `ID.times`."""
    rows = found.by_id()
    return rows | {f"{id_}.times": row._replace(value=row.baseline / row.value) for id_, row in rows.items()
                   if row.baseline and row.value}  # fmt: skip


def table(found: results.Results) -> str:
    """The section of README. KeyError where a row was not measured."""
    rows = rows_of(found)
    day = found.machine["measured"].split()[0]
    lines = [
        f"Measured in the simulator by the modules of `make bench`, up to {day}; goals are the design's. "
        "All of it, with baselines: "
        "[tests/bench](tests/bench/README.md).",
        "",
        "| figure | seen | goal |",
        "|---|---|---|",
        *(f"| {one.what} | {one.seen(rows)} | {one.aim(rows)} |" for one in HEADLINES),
    ]
    return "\n".join(lines) + "\n"


def section(text: str) -> str:
    """What stands between the markers of a README."""
    return text.split(BEGIN)[1].split(END)[0]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.headlines", description=__doc__)
    parser.add_argument("--write", action="store_true", help="put them into README.md")
    asked = parser.parse_args()
    if not results.FILE.exists():
        print(f"there is no {results.FILE}: make bench", file=sys.stderr)
        return 1
    made = table(results.read(results.FILE))
    if asked.write:
        text = README.read_text(encoding="utf-8")
        README.write_text(text.replace(BEGIN + section(text) + END, BEGIN + made + END), encoding="utf-8")
    else:
        print(made, end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
