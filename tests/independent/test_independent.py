"""A stranger's programs, written from PROTOCOL.md and JOURNAL.md alone, find in the demo's output what our tools do."""

import ast
import json
import random
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ..system.demo import first_shift
from .forging import joined, parts, rewritten, with_crc

HERE = Path(__file__).parent
PROGRAMS = sorted(
    path for path in HERE.glob("*.py") if path.name not in ("__init__.py", "forging.py") and path.name[:5] != "test_"
)
UNITS = ("H1", "C1", "C2")
PRESENCE_AND_READINESS = (8, 9, 10, 11, 13)


def run(name: str, *args: object, given: str = "") -> subprocess.CompletedProcess[str]:
    """One of the programs, on its own: no module of ours can be found from there."""
    command = [sys.executable, "-I", str(HERE / name), *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, input=given, timeout=120, check=False, cwd="/")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return first_shift(tmp_path_factory.getbasetemp())


@pytest.fixture(scope="module")
def air(demo: Path) -> dict[str, Any]:
    """What decode_frames.py says of the demo's air, with the keys of its vault."""
    done = run("decode_frames.py", demo / "air.pcap", *(demo / f"vault/units/{unit}.json" for unit in UNITS), "--json")
    assert done.returncode == 0, done.stderr + done.stdout[-500:]
    said: dict[str, Any] = json.loads(done.stdout)
    return said


@pytest.fixture(scope="module")
def journals(demo: Path) -> dict[int, dict[str, Any]]:
    """What read_journal.py says of the demo's journals, by number of the unit."""
    done = run("read_journal.py", "--json", *(journal(demo, unit) for unit in UNITS))
    assert done.returncode == 0, done.stderr
    return {said["unit"]: said for said in json.loads(done.stdout)}


def journal(demo: Path, unit: str) -> Path:
    return demo / f"journals/{unit}.ilj"


def with_public_key(demo: Path, unit: str) -> tuple[object, ...]:
    return "--public-key", demo / f"vault/public/{unit}-1.pub"


def with_seal_key(demo: Path, unit: str) -> tuple[object, ...]:
    return "--seal-key", demo / f"vault/units/{unit}.json"


def faults(done: subprocess.CompletedProcess[str]) -> list[int]:
    """Offsets of what was found, the first one first."""
    return [int(line.split()[2].rstrip(":")) for line in done.stdout.splitlines() if line.startswith("FAULT")]


@pytest.mark.parametrize("program", PROGRAMS, ids=[path.name for path in PROGRAMS])
def test_no_program_of_a_stranger_imports_anything_of_ours(program: Path) -> None:
    names = set()
    for node in ast.walk(ast.parse(program.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add("." * node.level + (node.module or ""))
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("__import__", "exec", "eval"):
            names.add("what only running it would tell")
    assert names
    assert names <= set(sys.stdlib_module_names)


# Journals.


@pytest.mark.parametrize("unit", UNITS)
def test_every_journal_verifies_and_every_record_is_read(demo: Path, unit: str) -> None:
    records = {u["id"]: u["records"] for u in json.loads((demo / "result.json").read_text())["units"]}[unit]
    done = run("verify_journal.py", journal(demo, unit), *with_public_key(demo, unit), *with_seal_key(demo, unit))
    assert (done.returncode, faults(done)) == (0, []), done.stdout
    assert f"{records} records" in done.stdout
    assert f"signed: the first {records} of {records} records; 0 unsigned since" in done.stdout
    sealed = int(done.stdout.split("sealed: ")[1].split()[0])
    assert records - 10 < sealed < records, "all but those from before it was set up"
    alone = run("verify_journal.py", journal(demo, unit))
    assert (alone.returncode, "0 unsigned since" in alone.stdout) == (0, False)
    words = run("read_journal.py", journal(demo, unit))
    assert words.returncode == 0, words.stderr
    assert len(words.stdout.splitlines()) == 1 + records
    assert "type " not in words.stdout and "of wrong length" not in words.stdout


def test_another_units_keys_are_told_from_the_right_ones(demo: Path) -> None:
    for keys in (with_public_key(demo, "C1"), with_seal_key(demo, "C1")):
        done = run("verify_journal.py", journal(demo, "H1"), *keys)
        assert done.returncode == 1, done.stdout
        assert "none of those given" in done.stdout or "altered, its tag does not fit" in done.stdout


@pytest.mark.parametrize("unit", UNITS)
def test_any_one_byte_that_is_changed_is_found_not_behind_its_place(demo: Path, unit: str, tmp_path: Path) -> None:
    whole = journal(demo, unit).read_bytes()
    seed = f"{unit} {len(whole)}"
    chance = random.Random(seed)
    for at in [0, 20, 59, len(whole) - 1, *(chance.randrange(len(whole)) for _ in range(8))]:
        changed = bytearray(whole)
        changed[at] ^= 1 << chance.randrange(8)
        path = tmp_path / "changed.ilj"
        path.write_bytes(changed)
        done = run("verify_journal.py", path)
        assert done.returncode == 1, (seed, at)
        assert faults(done)[0] <= at, (seed, at, done.stdout)


def test_a_record_rewritten_with_right_checksums_is_found_by_its_seal_and_by_the_signature(
    demo: Path, tmp_path: Path
) -> None:
    whole = journal(demo, "H1").read_bytes()
    sequences = range(2, sum(item[0] <= 64 for item in parts(whole)) - 1)
    for sequence in (sequences[0], sequences[len(sequences) // 2], sequences[-1]):
        bad = rewritten(whole, sequence)
        (tmp_path / "bad.ilj").write_bytes(bad)
        where = 60 + sum(len(item) for item in list(parts(whole))[:sequence])
        sealed = run("verify_journal.py", tmp_path / "bad.ilj", *with_seal_key(demo, "H1"))
        assert sealed.returncode == 1
        assert faults(sealed)[0] == where
        signed = run("verify_journal.py", tmp_path / "bad.ilj", *with_public_key(demo, "H1"))
        assert signed.returncode == 1
        assert "the chain value there is another one" in signed.stdout


def test_a_signature_that_is_nobodys_and_one_from_beyond_the_end_are_told(demo: Path, tmp_path: Path) -> None:
    whole = journal(demo, "H1").read_bytes()
    records = [item for item in parts(whole) if item[0] <= 64]
    (signed,) = (item for item in parts(whole) if item[0] == 0xFC)
    spoilt = bytearray(signed[:-4])
    spoilt[200] ^= 1
    for items, says in (
        ([*records, with_crc(bytes(spoilt))], "its signature is good under no key at hand"),
        ([*records[:100], signed], "truncated tail"),
        ([*records, signed], None),
    ):
        (tmp_path / "made.ilj").write_bytes(joined(whole[:60], items))
        for key in ((), with_public_key(demo, "H1")):
            done = run("verify_journal.py", tmp_path / "made.ilj", *key)
            assert done.returncode == (says is not None)
            assert says is None or says in done.stdout


# The air.


def test_every_pdu_is_counted_as_the_result_counts_them_and_every_frame_is_somebodys(
    demo: Path, air: dict[str, Any]
) -> None:
    result, counts = json.loads((demo / "result.json").read_text()), air["counts"]
    assert counts["advertising_pdus"] == result["air"]["advertising_pdus"]
    assert counts["frame_pdus"] == counts["unit_pdus"] + counts["ack_pdus"]
    assert (counts["junk_frames"], counts["wrongly_dated"]) == (0, 0)
    assert counts["unit_frames"] > 100 and counts["ack_frames"] > 50
    announced: dict[int, int] = {}
    for frame in air["frames"]:
        if frame["shape"] == "unit" and frame["event"] in PRESENCE_AND_READINESS:
            announced[frame["sender"]] = announced.get(frame["sender"], 0) + 1
    assert announced == {n: unit["announced"] for n, unit in enumerate(result["units"], 1)}


def test_each_use_was_on_the_air_at_the_microsecond_that_the_result_says(demo: Path, air: dict[str, Any]) -> None:
    uses = json.loads((demo / "result.json").read_text())["uses"]
    begins = {frame["at_us"]: frame["event"] for frame in air["frames"] if frame["shape"] == "unit"}
    events = {"draw": 1, "arm": 2, "discharge": 3}
    assert uses
    for use in uses:
        assert begins.get(round(use["frame_at_ms"] * 1000)) == events[use["event"]], use


def test_air_and_journals_tell_the_same(air: dict[str, Any], journals: dict[int, dict[str, Any]]) -> None:
    aired = {(f["sender"], f["counter"]): f for f in air["frames"] if f["shape"] == "unit"}
    acks = {
        (f["sender"], f["holster"], f["counter"], f["kind"], f["reason"]) for f in air["frames"] if f["shape"] == "ack"
    }
    heads = {unit: {record["digest_behind"] for record in said["records"]} for unit, said in journals.items()}
    seen = dict.fromkeys(("event", "trigger heard", "ack received", "witness", "head met"), 0)
    for unit, said in journals.items():
        for record in said["records"]:
            name, row = record["name"], record["rows"][0] if record["rows"] else {}
            if name not in seen or (name == "event" and not row["counter"]):
                continue
            seen[name] += 1
            if name == "event":
                assert aired[unit, row["counter"]]["event"] == row["event"]
                assert aired[unit, row["counter"]]["low"] == row["flags"] & 15
            elif name == "ack received":
                high, low = divmod(row["kind_reason"], 16)
                assert (row["camera"], unit, row["counter"], high, low) in acks
                assert row["digest"] in heads[row["camera"]]
            else:
                sender = row.get("sender") or row.get("camera") or row.get("unit")
                assert aired[sender, row["counter"]]["body"] == row["digest"]
                assert row["digest"] in heads[sender]
    assert all(seen.values()), seen


def test_one_changed_bit_of_a_frame_makes_it_nobodys(demo: Path, tmp_path: Path) -> None:
    blob = bytearray((demo / "air.pcap").read_bytes())
    at, frames = 24, []
    while at < len(blob):
        size = struct.unpack_from("<I", blob, at + 8)[0]
        if blob[at + 16 + 22 : at + 16 + 24] == b"\x1e\x21" and size == 22 + 31 + 3:
            frames.append(at + 16 + 22)
        at += 16 + size
    chance = random.Random(10)
    changed = chance.sample(frames, 5)
    for place in changed:
        blob[place + 2 + chance.randrange(29)] ^= 1 << chance.randrange(8)
    (tmp_path / "air.pcap").write_bytes(blob)
    keys = [demo / f"vault/units/{unit}.json" for unit in UNITS]
    done = run("decode_frames.py", tmp_path / "air.pcap", *keys, "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["counts"]["junk_pdus"] == 5
    without = run("decode_frames.py", demo / "air.pcap", "--json")
    assert json.loads(without.stdout)["counts"]["unit_frames"] == 0, "without keys nothing is anybody's"


# The figure.


def test_the_verdicts_follow_from_the_journals_alone(demo: Path, journals: dict[int, dict[str, Any]]) -> None:
    given = json.dumps(list(journals.values()))
    done = run("was_video_before.py", "--json", given=given)
    assert done.returncode == 0, done.stderr
    uses = json.loads((demo / "result.json").read_text())["uses"]
    found = json.loads(done.stdout)
    assert [(one["event"], one["verdict"], one["own_verdict"]) for one in found] == [
        (use["event"], use["verdict"], use["own_verdict"]) for use in uses
    ]
    for one, use in zip(found, uses, strict=True):
        if use["verdict"] == "late":
            apart = abs(one["late_by_ms"] - use["late_by_ms"])
            assert apart <= one["late_by_u_ms"] + use["late_by_u_ms"], (one, use)
    assert {use["verdict"] for use in uses} == {"before", "late", "unwitnessed"}
