"""`interlock simulate SCENARIO.toml`: play a shift with the real firmware, verify the journals, judge every use.

`--runs` and `--vary` make a campaign of it (`../campaign/`); `--live` plays at the pace of real time and lets other
terminals in. The one command that imports the simulator, and only when it runs: everything else installs without it.
"""

import contextlib
import json
import logging
import os
import shutil
import time
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from ..campaign.plan import Plan, Variation, apply, parse_axes
from ..campaign.play import play_and_judge
from ..campaign.progress import Progress
from ..campaign.run import run_campaign
from ..campaign.show import show_campaign
from ..console import Console
from ..journal_file import Verdict
from ..live import play_live, world_errors
from ..naming import did_you_mean
from ..outcome import Exit, ToolError
from ..reporting import report as reporting
from ..reporting.report import Report
from ..visitor import FORCE, Visitor
from ..workers.cluster import Cluster
from ..workers.executor import Executor, Pool
from . import completing
from .report import from_store, write
from .report_shown import faulty_text, unconfirmed_text
from .tables import STYLES, table

if TYPE_CHECKING:
    from rich.table import Table

    from simulator.played import Run

PORT = 8437
WRITTEN = ("result.json", "timeline.svg", "timeline.png", "air.pcap", "report.html", "report.json")


class Fidelity(StrEnum):
    VM = "vm"
    FAST = "fast"


def simulate(
    scenario: Annotated[
        Path,
        typer.Argument(
            metavar="SCENARIO.toml",
            help="What is in the world and what happens: a file, or a name of the library",
            autocompletion=completing.scenarios,
        ),
    ],
    seed: Annotated[int, typer.Option(help="All chance in the world follows from it; of a campaign the first")] = 1,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where results go [default: build/SCENARIO, build/SCENARIO.campaign]"),
    ] = None,
    runs: Annotated[int, typer.Option(min=1, help="Play so many seeds; more than one is a campaign")] = 1,
    vary: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=V,V",
            help="Play with each value; of several, every combination. NAME: loss, scan_duty, profile, policy.NAME, "
            "recorder.NAME, crew.NAME, UNIT.recorder.NAME, UNIT.at_m.x",
        ),
    ] = None,
    jobs: Annotated[int | None, typer.Option(min=1, help="Runs at a time [default: one a core]")] = None,
    cluster: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Play on the Dask cluster whose scheduler is there")
    ] = None,
    keep_pcap: Annotated[bool, typer.Option("--keep-pcap", help="Keep the radio traffic of each run")] = False,
    fidelity: Annotated[Fidelity, typer.Option(help="How closely boards are played")] = Fidelity.VM,
    is_live: Annotated[
        bool, typer.Option("--live", help="Play in real time until Ctrl-C, with a door for --air in other terminals")
    ] = False,
    port: Annotated[int, typer.Option(help="With --live: TCP port of the door on 127.0.0.1; 0 for any")] = PORT,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print result.json or summary.json instead of tables")
    ] = False,
) -> None:
    """Play a scenario in virtual time and leave its journals, verdicts, pictures and radio traffic in DIR.

    With --live it plays at the pace of real time instead: in another terminal every command reaches the virtual units
    as it would real ones, through --air tcp:127.0.0.1:PORT.

    With --runs N or several values to --vary it is a campaign: every variation from the same N seeds. DIR gets
    runs.jsonl (a line a run), summary.json, summary.md and pictures. Broken off, the same command goes on where it was;
    with more --runs it goes further. Each run is the one that --seed and --vary NAME=V play alone.

    Examples:

    - `interlock simulate locker_room --live`: boxed units to try the other commands on
    - `interlock simulate first_shift --seed 7 --out build/seven`
    - `interlock simulate bad_air --runs 100 --fidelity fast --vary loss=0,0.3`

    Next: open report.html and timeline.png in DIR.

    JSON: {scenario, seed, profile, uses, journals, units, air, ...}; of a campaign {campaign, variations, ...};
    of --live {air, labels}: `interlock schema simulate` has every field. A line of runs.jsonl: {values, seed, code, vm,
    virtual_s, uses: [as in result.json; times in ms after the event], journals: {unit: verdict}, alerts: {unit: count},
    visits_failed, air}; or {values, seed, code, broke: {unit, traceback}}.
    """
    # What it warns of is a radio that the scenario switched off in the middle of something.
    logging.getLogger("bumble").setLevel(logging.ERROR)
    file = _file(scenario)
    variations = _variations(file, vary or [])
    is_campaign = runs > 1 or len(variations) > 1
    if is_live and is_campaign:
        raise ToolError("--live plays one world", "Leave out --runs, and give --vary one value each.")
    if cluster is not None and (not is_campaign or jobs is not None):
        raise ToolError(
            "--cluster shares out the runs of a campaign, as many at a time as it has workers",
            "Give --runs N with it, and no --jobs.",
        )
    if is_campaign:
        plan = Plan(parse_axes(vary or []), variations, seed, runs, fidelity.value, keep_pcap)
        _campaign(plan, file, out or Path("build") / f"{scenario.stem}.campaign", jobs, cluster, as_json)
        return
    folder = out or Path("build") / scenario.stem
    _prepare(folder)
    if is_live:
        play_live(variations[0].scenario, seed, folder / "air.pcap", port, as_json)
        return
    started = time.perf_counter()
    with world_errors():
        judged = play_and_judge(variations[0].scenario, seed, folder, folder / "air.pcap", fidelity.value)
    run, facts = judged.run, judged.facts
    _draw(run, facts, folder)
    made = _report(run, judged.verdicts, judged.visitor)
    write(made, folder)
    if judged.visitor:
        judged.visitor.close()
    facts["wall_s"] = round(time.perf_counter() - started, 3)
    text = json.dumps(facts, indent=2) + "\n"
    (folder / "result.json").write_text(text, encoding="utf-8")
    if as_json:
        print(text, end="")
    else:
        show(run, facts, folder, made)
    if not all(visit.succeeded for visit in run.visits):
        raise typer.Exit(Exit.DEVICE)


@contextlib.contextmanager
def _simulator() -> Iterator[None]:
    """ToolError where it is not installed."""
    try:
        yield
    except ImportError as error:
        raise ToolError(
            f"the simulator is not installed ({error.name} is missing)", "Install it: pip install 'interlock[sim]'."
        ) from error


def _variations(path: Path, texts: list[str]) -> tuple[Variation, ...]:
    axes = parse_axes(texts)
    with _simulator():
        return apply(path, axes)


def _file(path: Path) -> Path:
    """The file of a scenario that is called by its path, or by its name in the library."""
    if path.exists():
        return path
    with _simulator():
        from simulator import scenario
    library = Path(scenario.__file__).parents[1] / "scenarios"
    name = path.name.removesuffix(".toml")
    named = library / f"{name}.toml"
    if path.parent != Path():
        return path
    if not named.exists():
        names = sorted(found.stem for found in library.glob("*.toml"))
        raise ToolError(
            f"there is no scenario {path}: no such file here, and none of that name in the library",
            f"{did_you_mean(name, names)}The library has: {', '.join(names)}.",
        )
    return named


def _campaign(plan: Plan, scenario: Path, folder: Path, jobs: int | None, cluster: str | None, as_json: bool) -> None:
    def executor() -> Executor:
        return Cluster(cluster) if cluster is not None else Pool(jobs or os.cpu_count() or 1)

    facts = run_campaign(plan, scenario, folder, executor, Progress())
    if as_json:
        print(json.dumps(facts, indent=2))
    else:
        show_campaign(facts, folder)
    if facts["broken"]:
        raise typer.Exit(Exit.DEVICE)


def _prepare(folder: Path) -> None:
    """An empty place for results; only what this command writes is removed, and no vault but a simulated one."""
    vault = folder / "vault"
    if vault.exists() and _force_of(vault) != FORCE:
        raise ToolError(
            f"{folder} holds the vault of a real force, which a simulation would overwrite",
            "Name another folder with --out DIR.",
        )
    try:
        shutil.rmtree(vault, ignore_errors=True)
        shutil.rmtree(folder / "journals", ignore_errors=True)
        for name in WRITTEN:
            (folder / name).unlink(missing_ok=True)
        for path in folder.glob("journals.sqlite*"):
            path.unlink()
        (folder / "journals").mkdir(parents=True)
    except OSError as error:
        raise ToolError(
            f"{folder} cannot be written: {error.strerror}", "Name another folder with --out DIR."
        ) from error


def _force_of(vault: Path) -> str | None:
    """Whose vault it says it is; None where that cannot be read."""
    try:
        found = json.loads((vault / "force.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found.get("force") if isinstance(found, dict) else None


def _draw(run: "Run", facts: dict[str, Any], folder: Path) -> None:
    from simulator.timeline import draw

    draw(run, facts["uses"], (folder / "timeline.svg", folder / "timeline.png"))


def _report(run: "Run", verdicts: dict[str, Verdict], visitor: Visitor | None) -> Report:
    """What an auditor gets: from store and vault where journals were pulled."""
    made_ms = round(run.scenario.begins.timestamp() * 1000) + run.virtual_us // 1000
    if visitor:
        return from_store(visitor.store, visitor.vault, made_ms)
    held = [reporting.from_verdict(u.unit.id, u.unit.id, verdicts[u.unit.id], made_ms) for u in run.units]
    numbers = {u.unit.id: u.unit.number for u in run.units}
    own = {u.unit.number: [numbers[camera] for camera in u.unit.cameras] for u in run.units}
    return reporting.build(held, own, made_ms=made_ms)


def show(run: "Run", facts: dict[str, Any], folder: Path, made: Report) -> None:
    """The tables for people."""
    out = Console()
    figures = ("at s", "frame", "heard", "records", "acked")
    title = f"{facts['scenario']}: was video running before it?"
    uses = table(
        *("unit", "event", *figures, "witness", "verdict"),
        right=figures, title=title, caption="frame to acked: ms after the event",
    )  # fmt: skip
    for use in facts["uses"]:
        style = STYLES[use["verdict"]]
        times = [_after(use, name) for name in ("frame_at_ms", "heard_at_ms", "recording_at_ms", "acked_at_ms")]
        seen = use["witnesses"]
        witnesses = ", ".join(seen) if len(seen) <= 6 else f"{len(seen)} cameras"
        row = [use["unit"], use["event"], f"{use['at_ms'] / 1000:.1f}", *times, witnesses or "-"]
        uses.add_row(*row, f"[{style}]{_verdict(use)}[/]")
    out.print(uses)
    if run.visits:
        out.print(_visits(run))
    title = "Journals as pulled" if run.visits else "Journals as read out"
    counts = ("boots", "records", "heap peak")
    journals = table("unit", "role", "boots", "records", "verdict", "heap peak", right=counts, title=title)
    for unit, journal in zip(facts["units"], facts["journals"], strict=True):
        style = "green" if journal["verdict"] == "intact" else "bold red"
        cells = [unit["id"], unit["role"], str(unit["boots"]), str(journal["records"])]
        journals.add_row(*cells, f"[{style}]{journal['verdict']}[/]", f"{unit['heap_peak'] / 1024:.1f} KiB")
    out.print(journals)
    air = facts["air"]
    out.print(
        f"Air: {air['advertising_pdus']} advertising PDUs; {air['received']} received, {air['lost']} lost, "
        f"{air['collided']} collided. {facts['virtual_s']:.0f} s played in {facts['wall_s']:.1f} s "
        f"by {facts['vm']}, profile {facts['profile']} (latencies unverified on boards)."
    )
    count = made.headline.discharges
    out.print(f"[bold]{count.before} of {count.total} discharges had video running before them.[/]")
    if count.unconfirmed:
        out.print(unconfirmed_text(count))
    if made.headline.pickup_faulty_uses:
        out.print(faulty_text(made.headline))
    also = "vault/, journals.sqlite, " if run.visits else ""
    out.print(
        f"Results: {folder}/ (report.html, timeline.png, timeline.svg, journals/, {also}air.pcap, result.json)",
        soft_wrap=True,
    )


def _visits(run: "Run") -> "Table":
    """What the technician did."""
    times = ("at s", "took s")
    visits = table(*times, "did", "unit", "outcome", right=times, title="The technician, over Bluetooth")
    for visit in run.visits:
        style = "green" if visit.succeeded else "bold red"
        cells = [f"{visit.start_us / 1e6:.1f}", f"{(visit.end_us - visit.start_us) / 1e6:.1f}"]
        visits.add_row(*cells, visit.do, visit.unit, f"[{style}]{escape(visit.note)}[/]")
    return visits


def _after(use: dict[str, Any], name: str) -> str:
    return "-" if use[name] is None else f"{use[name] - use['at_ms']:+.0f}"


def _verdict(use: dict[str, Any]) -> str:
    apart = "\ncancelled" if use["cancelled"] else f"\n{use['coded']}" if use["coded"] else ""
    if use["verdict"] != "late":
        return str(use["verdict"]) + apart
    covered = "\nbuffer covers" if use["buffer_covers"] else ""
    return f"late {use['late_by_ms']} ms{covered}{apart}"
