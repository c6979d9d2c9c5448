"""The mutation runner itself: it finds what is not tested, and does not find what is."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from interlock.core import bucket

from .mutants import mutants_of
from .results import Listed, Verdict, listed, markdown, outcome, table, weigh
from .transplant import Misfit, transplant

ROOT = Path(__file__).parents[2]
CODE = '''"""A core of one module."""

LIMIT = 3


def clipped(value: int) -> int:
    if value > LIMIT:
        return LIMIT
    return value


def count(most: int) -> int:
    done = 0
    while done < most:
        done += 1
    return done


def unheard(value: int) -> int:
    return value + 1


def adds(more: int):
    def add(value: int) -> int:
        return value + more

    return add


add_two = adds(2)


def refuse(value: int) -> None:
    if value < 0:
        raise ValueError("negative %d" % value)
'''
TESTS = """from interlock.core import small


def test_it_clips():
    assert small.clipped(9) == 3 and small.clipped(1) == 1


def test_it_counts():
    assert small.count(4) == 4


def test_it_adds():
    assert small.add_two(3) == 5


def test_it_accepts():
    small.refuse(2)
"""


def _ends(folder: Path) -> dict[str, tuple[str, str]]:
    """Judge the small core in this folder: how each mutant ended, and by which test."""
    core = folder / "firmware/interlock/core"
    core.mkdir(parents=True)
    (core / "__init__.py").write_text("")
    (core.parent / "__init__.py").write_text("")
    (core / "small.py").write_text(CODE)
    (folder / "test_small.py").write_text(TESTS)
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = deep: slow\n")
    order = {
        "modules": ["small"],
        "known": {},
        "processes": 1,
        "cap_s": 60,
        "until_s": time.time() + 3600,
        "only": [],
        "tables": True,
    }
    (folder / "order.json").write_text(json.dumps(order | {"out": str(folder / "out.jsonl")}))
    path = os.pathsep.join((str(folder / "firmware"), str(folder), str(ROOT)))
    command = [sys.executable, "-m", "tests.mutation.judge", "order.json", "map", "test_small.py"]
    ran = subprocess.run(command, cwd=folder, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    notes = [json.loads(line) for line in (folder / "out.jsonl").read_text().splitlines()]
    whole = {"key": "whole", "module": "small"}
    assert notes.count(whole) == 1
    notes.remove(whole)
    return {note["key"]: (note["state"], note["by"]) for note in notes}


def test_a_run_tells_what_kills_each_mutant_and_which_no_test_notices(tmp_path: Path) -> None:
    ends = _ends(tmp_path)
    assert ends["small.clipped: if value > LIMIT: -> if value >= LIMIT:"] == ("survived", "")
    assert ends["small.count: done = 0 -> done = 1"] == ("survived", "")  # still counts to four
    assert ends["small.count: done = 0 -> done = None"] == ("killed", "test_small.py::test_it_counts")
    assert ends["small.count: done += 1 -> done = 1"][0] == "timed out"
    assert ends["small.unheard: return value + 1 -> return value - 1"] == (
        "survived",
        "",
    )  # by no file
    assert ends["small.adds: return value + more -> return value - more"] == ("killed", "test_small.py::test_it_adds")
    assert ends["small.refuse: if value < 0: -> if value < 1:"][0] == "survived"
    assert ends["small: LIMIT = 3 -> LIMIT = 4"] == ("killed", "test_small.py")
    words = [state for key, (state, _) in ends.items() if "raise ValueError" in key]
    assert words and set(words) == {"rule: words of a refusal"}


def test_every_mutant_is_another_program_that_compiles_under_a_name_of_its_own() -> None:
    mutants = list(mutants_of("small", CODE))
    assert len({mutant.key for mutant in mutants}) == len({mutant.source for mutant in mutants}) == len(mutants) > 12
    assert all(mutant.source != CODE for mutant in mutants)
    assert {mutant.function for mutant in mutants} == {"", "clipped", "count", "unheard", "adds", "refuse"}


def test_a_transplanted_function_is_in_force_for_whoever_held_the_sound_one() -> None:
    source = Path(bucket.__file__).read_text(encoding="utf-8")
    wanted = "bucket.Bucket.take: return False -> return True"
    mutant = next(each for each in mutants_of("bucket", source) if each.key == wanted)
    held = bucket.Bucket(0, 1000, 0)
    sound = bucket.Bucket.take.__code__
    try:
        transplant(mutant)
        assert held.take(0)
    finally:
        bucket.Bucket.take.__code__ = sound
    assert not held.take(0)


def test_a_function_that_reaches_for_another_outer_scope_is_told_as_a_misfit() -> None:
    source = Path(bucket.__file__).read_text(encoding="utf-8")
    mutant = next(each for each in mutants_of("bucket", source) if each.function == "Bucket.take")
    with pytest.raises(Misfit):
        transplant(mutant._replace(source=source.replace("self.refill(now)", "super().refill(now)")))


def test_a_survivor_needs_a_reason_and_a_reason_needs_a_survivor() -> None:
    def note(key: str, state: str) -> dict[str, object]:
        return {"key": key, "state": state, "module": "m", "function": "f", "line": 1, "was": "a", "now": "b", "by": ""}

    notes = {
        "m": {
            key: note(key, state)
            for key, state in (
                ("m.f: 1", "survived"),
                ("m.f: 2", "untouched"),
                ("m.f: 3", "killed"),
                ("m.f: 4", "survived"),
            )
        }
    }
    known = Listed({"m.f: 3": "it was", "m.f: 4": "equal", "m.f: 5": "code that is gone", "other.f: 1": "not run"}, {})
    verdict = weigh(notes, known)
    assert [each["key"] for each in verdict.new] == ["m.f: 1", "m.f: 2"]
    assert verdict.gone == ["m.f: 3", "m.f: 5"]
    rows = table(notes, {"m": 7}, known)
    assert rows[0] == ("m", "11", "1", "0", "2", "1", "0", "0", "1", "0", "2", "7")
    assert "survivors that are not listed: 2" in markdown(rows, verdict)


def test_a_run_that_judged_a_part_is_cut_short_and_says_of_what() -> None:
    notes = {"m": {"m.f: 1": {"key": "m.f: 1", "state": "survived"}, "m.f: 2": {"key": "m.f: 2", "state": "killed"}}}
    known = Listed({}, {}, ("m",))
    told = outcome(notes, {"m": 0, "lms": 7}, known, Verdict([], ["m.g: 1"]), False)
    assert told.startswith(
        "cut short: 2 of 9 mutants judged, not run in lms 7; 0 new survivors, 1 that nobody examined"
    )
    assert told.endswith("1 listed ones gone; tables and constants left out (--tables)")
    told = outcome(notes, {"m": 0, "lms": 0}, known, Verdict([], []), True)
    assert told.startswith("2 of 2 mutants judged; ") and "tables" not in told


def test_the_committed_list_gives_a_reason_for_each() -> None:
    reasons = listed().reasons
    assert all(len(why) > 15 and " -> " in key for key, why in reasons.items())


def test_a_survivor_that_nobody_examined_is_known_and_told_as_such() -> None:
    note = {"state": "survived", "module": "m", "function": "f", "line": 1, "was": "a", "now": "b", "by": ""}
    notes = {name: {f"{name}.f: 1": note | {"key": f"{name}.f: 1"}} for name in ("m", "new", "other")}
    known = Listed({"m.f: 1": "not yet"}, {"open": "not yet"}, ("other",))
    assert [each["key"] for each in weigh(notes, known).new] == ["new.f: 1"]
    assert [row[-4:-1] for row in table(notes, {}, known)] == [("0", "1", "0"), ("0", "0", "1"), ("0", "1", "0")] + [
        ("0", "2", "1")
    ]
