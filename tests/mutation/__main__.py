"""`python -m tests.mutation [MODULE ...]`: judge the core's mutants; see the package's docstring.

A run goes on where an earlier one stopped: a result holds until the mutant's file changes, or the test file that
killed it, or, of a survivor, any test. `--fresh` forgets all.

Tables and constants at the top level of a module are left out unless `--tables` is given: nearly half of all mutants,
and of `camera.py` and `holster.py`, which are tables, all or nearly all. (Each rule of theirs is taken away in
`tests/property`; changed rules are tried by `--tables` only, which tries each in few test files, and slowly.)

Exit codes: 0 no mutant survived that `survivors.toml` does not list; 1 one did, or the tests
could not be collected; 2 usage. 0 says nothing of mutants that were not run: a run that ends with its minutes is *cut
short*, as the last line says, with how many were judged.
"""

import argparse
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from . import results
from .judge import WHOLE
from .mapping import CORE
from .mutants import count_of

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "build" / "mutation"
COPIED = ("bleak_bumble", "docs", "examples", "firmware", "host_tools", "simulator", "tests")
PROPERTIES = (
    "hostile_flash",
    "hostile_session",
    "journal_model",
    "lms_fuzz",
    "mutants",
    "receiver",
    "selftest",
    "stored",
    "time",
    "walks",
)
TESTS = (
    "tests/building/test_tables.py",
    "tests/core",
    *(f"tests/property/test_{name}.py" for name in PROPERTIES),
    "tests/update/test_desk.py",
    "tests/update/test_room.py",
    "tests/update/test_trial.py",
    "tests/update/test_update.py",
    "tests/vectors",
)
"""What judges: quick tests that run the core in CPython."""


def main() -> int:
    ask = argparse.ArgumentParser(prog="python -m tests.mutation", description="Mutation testing of the core.")
    ask.add_argument("modules", nargs="*", metavar="MODULE", help="of firmware/interlock/core; without: all")
    ask.add_argument("--minutes", type=float, default=600.0, help="begin no mutant later than so long from now")
    ask.add_argument("--seed", type=int, default=None, help="of the modules' order; without: today's date")
    ask.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    ask.add_argument("--cap", type=float, default=6.0, help="seconds of CPU for the tests of one mutant")
    ask.add_argument("--fresh", action="store_true", help="judge again what is known")
    ask.add_argument("--trust", action="store_true", help="kills hold although tests changed since")
    ask.add_argument("--believe", action="store_true", help="the list: survivors that it explains are not judged again")
    ask.add_argument("--tables", action="store_true", help="tables and constants, too: slow")
    ask.add_argument("--only", action="append", default=[], metavar="KEY", help="nothing but this mutant")
    ask.add_argument("--firmware", type=Path, default=ROOT / "firmware", help="another state of this folder")
    ask.add_argument("--into", type=Path, default=BUILD, help="where the copy and the results go")
    asked = ask.parse_args()
    build = asked.into.resolve()
    until_s = time.time() + asked.minutes * 60
    seed = asked.seed if asked.seed is not None else int(time.strftime("%Y%m%d"))
    copy = _copied(build, asked.firmware)
    sources = {path.stem: path.read_text(encoding="utf-8") for path in sorted((copy / CORE).glob("*.py"))}
    unknown = sorted(set(asked.modules).difference(sources))
    if unknown:
        ask.error(f"no such module in {CORE}: {', '.join(unknown)}")
    modules = asked.modules or _order(list(sources), seed)
    print(f"seed {seed}; modules in this order: {' '.join(modules)}")
    digests = _digests(copy)
    held = {} if asked.fresh else results.load(build / "results.json")
    known = {module: _valid(held.get(module, {}), sources[module], digests, asked.trust) for module in modules}
    if asked.believe:
        for key in results.listed().reasons:
            module = key.partition(".")[0]
            if module in known and key not in known[module]:
                known[module][key] = _believed(key, module)
    status = _judge(copy, asked, modules, known, until_s, digests)
    found = _report(build, modules, sources, known, held, asked.tables)
    return status or found


def _order(modules: list[str], seed: int) -> list[str]:
    """All, shuffled by the seed: runs that are cut short by their budget cover the core together."""
    random.Random(seed).shuffle(modules)
    return modules


def _copied(build: Path, firmware: Path) -> Path:
    """The checkout as it is now, in build/: nothing is ever changed in the checkout itself."""
    copy = build / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    leave = shutil.ignore_patterns("__pycache__", ".*")
    for name in COPIED:
        shutil.copytree(firmware if name == "firmware" else ROOT / name, copy / name, ignore=leave)
    for path in ROOT.glob("*.*"):
        if path.is_file():
            shutil.copy2(path, copy / path.name)
    shutil.copy2(ROOT / "Makefile", copy / "Makefile")
    return copy


def _digest(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()[:16]


def _digests(copy: Path) -> dict[str, str]:
    """Of each file of the pool, and under "" of the pool and the core together."""
    files = [
        path
        for name in TESTS
        for path in sorted((copy / name).rglob("*.py") if (copy / name).is_dir() else [copy / name])
    ]
    found = {str(path.relative_to(copy)): _digest(path.read_bytes()) for path in files}
    core = [_digest(path.read_bytes()) for path in sorted((copy / CORE).glob("*.py"))]
    return found | {"": _digest("".join([*found.values(), *core]).encode())}


def _valid(held: dict[str, Any], source: str, digests: dict[str, str], trust: bool) -> dict[str, results.Note]:
    """The notes of an earlier run that still hold."""
    if held.get("source") != _digest(source.encode()):
        return {}
    notes: dict[str, results.Note] = held["notes"]
    return {
        key: note
        for key, note in notes.items()
        if note["tests"] == digests.get(note["judged_by"]) or (trust and note["state"] not in results.ALIVE)
    }


def _believed(key: str, module: str) -> results.Note:
    """The note of a listed survivor that is not judged. A later run that does not believe the list judges it."""
    where, _, change = key.partition(": ")
    was, _, now = change.partition(" -> ")
    note = {"key": key, "module": module, "function": where.partition(".")[2], "line": 0, "was": was, "now": now}
    return note | {"state": results.SURVIVED, "by": "the list", "cpu_s": 0.0, "judged_by": "", "tests": ""}


def _judge(
    copy: Path,
    asked: argparse.Namespace,
    modules: list[str],
    known: dict[str, dict[str, results.Note]],
    until_s: float,
    digests: dict[str, str],
) -> int:
    """Run `judge.py` in the copy; its notes go into `known`. Its exit status."""
    build = copy.parent
    out, order, map_ = build / "notes.jsonl", build / "order.json", build / "map"
    out.unlink(missing_ok=True)
    keys = {key: "" for notes in known.values() for key in notes if key not in asked.only}
    told = {"modules": modules, "known": keys, "processes": asked.processes, "cap_s": asked.cap, "tables": asked.tables}
    order.write_text(json.dumps(told | {"until_s": until_s, "only": asked.only, "out": str(out)}), encoding="utf-8")
    path = os.pathsep.join((str(copy), str(copy / "firmware")))
    world = os.environ | {"PYTHONPATH": path, "PYTHONPYCACHEPREFIX": str(build / "pycache"), "PYTHONHASHSEED": "0"}
    command = [sys.executable, "-m", "tests.mutation.judge", str(order), str(map_), *TESTS]
    try:
        status = subprocess.run(command, cwd=copy, env=world, check=False).returncode
    finally:
        for line in out.read_text(encoding="utf-8").splitlines() if out.exists() else []:
            note = json.loads(line)
            if note["key"] == WHOLE:
                known[note["module"]][WHOLE] = note
                continue
            by = note["by"].partition("::")[0]
            note["judged_by"] = by if by in digests else ""
            note["tests"] = digests[note["judged_by"]]
            known[note["module"]][note["key"]] = note
    shutil.rmtree(copy / "tmp", ignore_errors=True)
    return status


def _report(
    build: Path,
    modules: list[str],
    sources: dict[str, str],
    known: dict[str, dict[str, results.Note]],
    held: dict[str, Any],
    tables: bool,
) -> int:
    missing = {}
    for module in modules:
        notes = known[module]
        whole = notes.pop(WHOLE, None) is not None
        missing[module] = 0 if whole else max(0, count_of(sources[module], tables) - len(notes))
        held[module] = {"source": _digest(sources[module].encode()), "notes": notes, "missing": missing[module]}
    results.save(build / "results.json", held)
    explained = results.listed()
    begun = {module: notes for module, notes in known.items() if notes}
    verdict = results.weigh(begun, explained)
    verdict = verdict._replace(gone=[key for key in verdict.gone if not missing[key.partition(".")[0]]])
    text = results.markdown(results.table(known, missing, explained), verdict)
    (build / "mutants.md").write_text(text, encoding="utf-8")
    print(text)
    print(results.outcome(known, missing, explained, verdict, tables))
    return 1 if verdict.new else 0


if __name__ == "__main__":
    sys.exit(main())
