"""One run of a scenario, played and judged: the same for `interlock simulate` alone and for each run of a campaign.

Where the scenario has a technician, the journals are those that were pulled over the air (`visitor.py`), else they are
read out of the flash. A campaign keeps a line of each run: `line_of` takes it out of the facts of `result.json`, so
whoever plays the seed alone can compare.
"""

import functools
import hashlib
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import journal_file, result
from ..journal_file import Verdict
from ..live import world_errors
from ..outcome import ToolError
from ..visitor import Visitor
from .plan import Job, Value

if TYPE_CHECKING:
    from simulator.played import Run
    from simulator.scenario import Scenario

_TIMES = {"frame": "frame_at_ms", "heard": "heard_at_ms", "recording": "recording_at_ms", "acked": "acked_at_ms"}
_COPIED = ("unit", "event", "at_ms", "journalled", "recording_unit", "witnesses", "verdict", "own_verdict")
_JUDGED = ("late_by_ms", "late_by_u_ms", "buffer_covers")


@dataclass(frozen=True)
class Judged:
    """`verdicts`: of each journal by unit id; `facts`: of `result.json`, without the time it took; `visitor`: the
    technician, where one came, to be closed."""

    run: "Run"
    verdicts: dict[str, Verdict]
    facts: dict[str, Any]
    visitor: Visitor | None


def play_and_judge(scenario: "Scenario", seed: int, folder: Path, pcap: Path | None, fidelity: str) -> Judged:
    """Play `scenario`; what was on the air goes to `pcap`, journals and the technician's vault and store to `folder`.

    `fidelity`: how closely the boards are played, as `simulator.world.play` has it. Raises ToolError where the scenario
    is not for that, and what `simulator.world.play` raises."""
    from simulator.fast.fidelity import FidelityError
    from simulator.world import play

    visitor = Visitor(folder, seed) if scenario.technicians else None
    try:
        run = play(scenario, seed, pcap, visitor, fidelity)
    except FidelityError as error:
        raise ToolError(f"--fidelity {fidelity}: {error}", "Leave --fidelity out.") from error
    verdicts = {}
    for unit in run.units:
        data = visitor.journal(unit.unit.serial) if visitor else result.journal_of(unit)
        if data is not None:
            (folder / "journals").mkdir(exist_ok=True)
            (folder / "journals" / f"{unit.unit.id}.ilj").write_bytes(data)
            verdicts[unit.unit.id] = journal_file.check(data)
    return Judged(run, verdicts, result.build(run, 0.0, verdicts), visitor)


@dataclass(frozen=True)
class Played:
    """What a worker sends home: the run's line, and the file `air.pcap` where it was asked for."""

    line: dict[str, Any]
    pcap: bytes | None


def play_job(job: Job) -> Played:
    """One run of a campaign, in a temporary folder. A firmware that ends with an exception is a result, too: its line
    says `broke`. ToolError without a usable VM."""
    from simulator.hardware.vm import FirmwareError

    head = _head(job.variation.values, job.seed)
    with tempfile.TemporaryDirectory(prefix="interlock-run-") as name, world_errors():
        folder = Path(name)
        pcap = folder / "air.pcap" if job.keeps_pcap else None
        try:
            judged = play_and_judge(job.variation.scenario, job.seed, folder, pcap, job.fidelity)
        except FirmwareError as error:
            return Played(head | {"broke": {"unit": error.board, "traceback": error.traceback}}, None)
        if judged.visitor:
            judged.visitor.close()
        return Played(line_of(judged.facts, job.variation.values), pcap.read_bytes() if pcap else None)


def line_of(facts: Mapping[str, Any], values: Mapping[str, Value]) -> dict[str, Any]:
    """What a campaign keeps of a run with these facts of `result.json`. Times of a use are ms after its event."""
    return _head(values, facts["seed"]) | {
        "vm": facts["vm"],
        "virtual_s": facts["virtual_s"],
        "uses": [_use(use) for use in facts["uses"]],
        "journals": {journal["unit"]: journal["verdict"] for journal in facts["journals"]},
        "alerts": {unit["id"]: len(unit["alerts_at_ms"]) for unit in facts["units"]},
        "visits_failed": sum(not visit["succeeded"] for visit in facts["technician"]),
        "air": facts["air"],
    }


def _head(values: Mapping[str, Value], seed: int) -> dict[str, Any]:
    return {"values": dict(values), "seed": seed, "code": code()}


def _use(use: Mapping[str, Any]) -> dict[str, Any]:
    times = {
        f"{name}_ms": None if use[field] is None else round(use[field] - use["at_ms"], 3)
        for name, field in _TIMES.items()
    }
    return {name: use[name] for name in _COPIED} | times | {name: use[name] for name in _JUDGED}


@functools.cache
def code() -> str:
    """Digest of the code that plays and judges here: firmware, simulator, host tools. Runs of different code are not
    one campaign."""
    from simulator.hardware import vm

    digest = hashlib.sha256()
    for root in (vm.FIRMWARE, vm.ROOT, Path(__file__).parents[1]):
        for path in sorted(root.rglob("*.py")):
            digest.update(f"{root.name}/{path.relative_to(root).as_posix()}\n".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]
