"""A campaign from its plan to its summary: what is done already is kept, the rest is shared out, then all is judged."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..outcome import ToolError
from ..workers.executor import Executor, Failed
from . import journal, summary
from .journal import RunJournal
from .plan import Job, Plan
from .play import code, play_job
from .progress import Progress

SUMMARY_JSON = "summary.json"
SUMMARY_MD = "summary.md"
PCAPS = "pcap"


def run_campaign(
    plan: Plan, scenario: Path, folder: Path, executor: Callable[[], Executor], progress: Progress
) -> dict[str, Any]:
    """Play what is missing and write `summary.json`, `summary.md` and the pictures in `folder`. Gives the summary.

    Broken off at any point (Ctrl-C, a kill, a power cut) it goes on where it was. `executor`: makes one, if there is
    anything to do. Raises ToolError; runs that were done by then are kept."""
    this = journal.identity(plan, scenario, scenario.read_bytes(), code())
    with journal.opened(folder, plan, this) as runs:
        missing = [job for job in plan.jobs() if job.key not in runs.lines]
        if missing:
            for name in (SUMMARY_JSON, SUMMARY_MD):
                (folder / name).unlink(missing_ok=True)  # an old one would pass for the new until that is written
            with executor() as workers, progress.of(plan.count, plan.count - len(missing)) as tell:
                for job, outcome in workers.map_unordered(play_job, missing):
                    if isinstance(outcome, Failed):
                        raise _told(outcome, job)
                    if outcome.result.line["code"] != this["code"]:
                        raise ToolError(
                            "a worker has another version of Interlock than this machine",
                            "Install the same on both: runs of different code are not one campaign.",
                        )
                    if outcome.result.pcap is not None:
                        with journal.writing(folder / PCAPS):
                            _keep_pcap(folder, job, outcome.result.pcap)
                    runs.add(outcome.result.line)
                    tell()
        with journal.writing(folder):
            return _conclude(plan, this, runs, folder)


def _told(outcome: Failed, job: Job) -> ToolError:
    error = outcome.error()
    return ToolError(f"seed {job.seed}, {job.variation.text}: {error}", error.advice, error.code)


def _keep_pcap(folder: Path, job: Job, data: bytes) -> None:
    """Before the run's line, so that a run that is done has its file."""
    (folder / PCAPS).mkdir(exist_ok=True)
    (folder / PCAPS / f"{job.variation.number}-{job.seed}.pcap").write_bytes(data)


def _conclude(plan: Plan, this: Mapping[str, Any], runs: RunJournal, folder: Path) -> dict[str, Any]:
    from .plots import draw

    facts = summary.summarize(plan, this, runs.lines)
    facts["plots"] = draw(plan, runs.lines, folder)
    (folder / SUMMARY_MD).write_text(summary.as_markdown(facts, facts["plots"]), encoding="utf-8")
    (folder / SUMMARY_JSON).write_text(json.dumps(facts, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    return facts
