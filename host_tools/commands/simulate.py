"""`interlock simulate SCENARIO.toml`: play a shift with the real firmware, verify the journals, judge every use.

The one command that imports the simulator, and only when it runs: everything else installs without it.
"""

import json
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from .. import journal_file, result
from ..outcome import Exit, ToolError

if TYPE_CHECKING:
    from simulator.scenario import Scenario
    from simulator.world import Run

STYLES = {"before": "green", "late": "yellow", "unwitnessed": "bold red", "indeterminate": "magenta"}


def simulate(
    scenario: Annotated[Path, typer.Argument(metavar="SCENARIO.toml", help="What is in the world and what happens")],
    seed: Annotated[int, typer.Option(help="All chance in the world follows from it")] = 1,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Where results go [default: build/SCENARIO]")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print result.json instead of the tables")] = False,
) -> None:
    """Play a scenario in virtual time and leave its journals, verdicts, pictures and radio traffic in DIR."""
    loaded = _load(scenario)
    folder = out or Path("build") / scenario.stem
    _prepare(folder)
    started = time.perf_counter()
    run = _play(loaded, seed, folder / "air.pcap")
    verdicts = {}
    for unit in run.units:
        path = folder / "journals" / f"{unit.unit.id}.ilj"
        path.write_bytes(journal_file.write(result.header_of(unit), unit.reading.records))
        verdicts[unit.unit.id] = journal_file.check(path.read_bytes())
    facts = result.build(run, 0.0, verdicts)
    _draw(run, facts, folder)
    facts["wall_s"] = round(time.perf_counter() - started, 3)
    text = json.dumps(facts, indent=2) + "\n"
    (folder / "result.json").write_text(text, encoding="utf-8")
    if as_json:
        print(text, end="")
    else:
        show(run, facts, folder)


def _load(path: Path) -> "Scenario":
    try:
        from simulator.scenario import ScenarioError, load
    except ImportError as error:
        raise ToolError(
            f"the simulator is not installed ({error.name} is missing)", "Install it: pip install 'interlock[sim]'."
        ) from error
    try:
        return load(path)
    except ScenarioError as error:
        raise ToolError(str(error), "The scenarios in simulator/scenarios/ show how one is written.") from error


def _prepare(folder: Path) -> None:
    """An empty place for results; only files that this command writes are removed."""
    try:
        shutil.rmtree(folder / "journals", ignore_errors=True)
        for name in ("result.json", "timeline.svg", "timeline.png", "air.pcap"):
            (folder / name).unlink(missing_ok=True)
        (folder / "journals").mkdir(parents=True)
    except OSError as error:
        raise ToolError(
            f"{folder} cannot be written: {error.strerror}", "Name another folder with --out DIR."
        ) from error


def _play(scenario: "Scenario", seed: int, pcap: Path) -> "Run":
    from simulator.interpreter import VmError
    from simulator.vm import FirmwareError
    from simulator.world import play

    try:
        return play(scenario, seed, pcap)
    except VmError as error:
        happened, _, advice = str(error).partition("\n")
        raise ToolError(happened, advice, Exit.DEVICE) from error
    except FirmwareError as error:
        raise ToolError(
            f"the firmware of {error.board} ended with an exception:\n{error.traceback}",
            "This is a defect of the firmware: please report it with the scenario and the seed.",
            Exit.DEVICE,
        ) from error


def _draw(run: "Run", facts: dict[str, Any], folder: Path) -> None:
    from simulator.timeline import draw

    draw(run, facts["uses"], (folder / "timeline.svg", folder / "timeline.png"))


def show(run: "Run", facts: dict[str, Any], folder: Path) -> None:
    """The tables for people."""
    console = Console()
    uses = _table(f"{facts['scenario']}: was video running before it?", "frame to acked: ms after the event")
    for column in ("unit", "event", "at s", "frame", "heard", "records", "acked", "witness", "verdict"):
        uses.add_column(column, justify="left" if column in ("unit", "event", "witness", "verdict") else "right")
    for use in facts["uses"]:
        style = STYLES[use["verdict"]]
        times = [_after(use, name) for name in ("frame_at_ms", "heard_at_ms", "recording_at_ms", "acked_at_ms")]
        witnesses = ", ".join(use["witnesses"]) or "-"
        row = [use["unit"], use["event"], f"{use['at_ms'] / 1000:.1f}", *times, witnesses]
        uses.add_row(*row, f"[{style}]{_verdict(use)}[/]")
    console.print(uses)
    journals = _table("Journals as read out", None)
    for column in ("unit", "role", "boots", "records", "verdict", "heap peak"):
        journals.add_column(column, justify="left" if column in ("unit", "role", "verdict") else "right")
    for unit, journal in zip(facts["units"], facts["journals"], strict=True):
        style = "green" if journal["verdict"] == "intact" else "bold red"
        cells = [unit["id"], unit["role"], str(unit["boots"]), str(journal["records"])]
        journals.add_row(*cells, f"[{style}]{journal['verdict']}[/]", f"{unit['heap_peak'] / 1024:.1f} KiB")
    console.print(journals)
    air = facts["air"]
    console.print(
        f"Air: {air['advertising_pdus']} advertising PDUs; {air['received']} received, {air['lost']} lost, "
        f"{air['collided']} collided. {facts['virtual_s']:.0f} s played in {facts['wall_s']:.1f} s "
        f"by {facts['vm']}, profile {facts['profile']} (latencies unverified on boards)."
    )
    console.print(f"Results: {folder}/ (timeline.png, timeline.svg, journals/, air.pcap, result.json)", soft_wrap=True)


def _table(title: str, caption: str | None) -> Table:
    """A table that fits 80 columns."""
    return Table(title=title, caption=caption, box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), title_justify="left")


def _after(use: dict[str, Any], name: str) -> str:
    return "-" if use[name] is None else f"{use[name] - use['at_ms']:+.0f}"


def _verdict(use: dict[str, Any]) -> str:
    if use["verdict"] != "late":
        return str(use["verdict"])
    covered = "\nbuffer covers" if use["buffer_covers"] else ""
    return f"late {use['late_by_ms']} ms{covered}"
