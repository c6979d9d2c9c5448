"""The main job through the command line: real firmware in real VMs, played from the demo's scenario."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from host_tools import cli, journal_file
from interlock.core import frames, records

from ..host.schemas import conforms
from .demo import FIRST_SHIFT, first_shift, interlock

ROOT = Path(__file__).parents[2]


def played(folder: Path) -> dict[str, Any]:
    result: dict[str, Any] = json.loads((folder / "result.json").read_text())
    return result


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return first_shift(tmp_path_factory.getbasetemp())


@pytest.fixture
def here(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str]]:
    """A command in this process, which need not import everything anew: exit code and standard error."""

    def run(*args: object) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["interlock", *map(str, args)])
        try:
            cli.main()
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        return code, capsys.readouterr().err

    return run


def test_the_demo_leaves_everything_that_the_readme_promises(demo: Path) -> None:
    files = {str(path.relative_to(demo)) for path in demo.rglob("*") if path.is_file()}
    journals = {f"journals/{unit}.ilj" for unit in ("H1", "C1", "C2")}
    units = ("H1", "C1", "C2")
    vault = {"force.json", "lock", "pairs/H1+C1.json", *(f"units/{unit}.json" for unit in units)}
    vault |= {f"public/{unit}-1.pub" for unit in units}
    pictures = {"timeline.svg", "timeline.png", "report.html", "report.json"}
    stored = {"journals.sqlite", *(f"vault/{name}" for name in vault)}
    names = ("alerts", "annotations", "apart", "events", "findings", "headline", "incidents", "months", "reactions")
    tables = {f"{name}.csv" for name in (*names, "teams", "units", "uses", "weapons")}
    incidents = {file for file in files if file.startswith("incidents/")}
    assert files - incidents == {"result.json", "air.pcap", *pictures, *journals, *stored, *tables}
    uses = json.loads((demo / "report.json").read_text())["uses"]
    assert incidents == {f"incidents/{use['incident'].replace(':', '-')}.html" for use in uses}


def test_the_result_has_its_stable_names(demo: Path) -> None:
    result = played(demo)
    conforms("simulate", result)
    conforms("report", json.loads((demo / "report.json").read_text()))
    for name in ("seed", "virtual_s", "wall_s", "vm", "profile", "units", "uses", "journals", "air"):
        assert name in result
    assert result["vm"].startswith("micropython 1.29.0") and result["profile"] == "esp32"
    of_units = {"id", "role", "records", "heap_peak", "alerts_at_ms", "warnings_at_ms", "announced", "false_events"}
    assert all(of_units <= unit.keys() for unit in result["units"])
    names = {"unit", "event", "at_ms", "frame_at_ms", "heard_at_ms", "recording_at_ms", "acked_at_ms"}
    names |= {"witnesses", "verdict", "late_by_ms", "buffer_covers", "cancelled", "coded", "lone", "late_acks"}
    assert all(names <= use.keys() for use in result["uses"])
    assert {"advertising_pdus", "received", "lost", "collided"} <= result["air"].keys()
    assert str(ROOT) not in (demo / "result.json").read_text()


def test_the_five_situations_have_the_right_verdicts(demo: Path) -> None:
    uses = played(demo)["uses"]
    assert [(use["event"], use["verdict"]) for use in uses] == [
        ("draw", "late"),
        ("arm", "before"),
        ("discharge", "before"),
        ("discharge", "before"),
        ("draw", "late"),
        ("draw", "late"),
        ("arm", "before"),
        ("draw", "unwitnessed"),
        ("arm", "unwitnessed"),
        ("draw", "late"),
    ]
    first, cancelled, dead, alone, back = (uses[i] for i in (0, 4, 5, 7, 9))
    assert first["own_verdict"] == "late" and first["buffer_covers"] is True
    assert dead["own_verdict"] == "unwitnessed" and dead["witnesses"] == ["C2"] and dead["acked_at_ms"] is None
    assert alone["heard_at_ms"] is None and alone["witnesses"] == []
    assert [use for use in uses if use["cancelled"]] == [cancelled]
    held = journal_file.check((demo / "journals" / "H1.ilj").read_bytes()).records
    kinds = [record.fields().event for record in held if record.kind == records.EVENT]
    assert kinds.count(frames.CANCEL) == 1, "and that it was cancelled is a record"
    assert [use["late_acks"] for use in (cancelled, dead, alone, back)] == [0, 0, 0, 2]
    assert 7000 < back["heard_at_ms"] - back["at_ms"] < 9500, "as soon as the officer is back in reach"
    assert not any(use["coded"] for use in uses)


def test_the_timeline_says_what_the_readme_promises(demo: Path) -> None:
    words = re.findall(r"<text [^>]*>([^<]*)</text>", (demo / "timeline.svg").read_text(encoding="utf-8"))
    for said in (
        "H1 warned: C1 asleep or off",
        "H1 draw cancelled",
        "C1 stopped by hand",
        "H1 C1 is back",
        "H1 late ack",
    ):
        assert said in words
    assert "H1: draw at 84 s, cancelled" in words


def test_the_verdicts_agree_with_the_truth_that_no_unit_knows(demo: Path) -> None:
    for use in played(demo)["uses"]:
        truth = use["recording_at_ms"]
        if use["verdict"] == "late":
            assert abs(truth - use["at_ms"] - use["late_by_ms"]) <= use["late_by_u_ms"] + 3
        elif use["verdict"] == "before":
            assert truth <= use["at_ms"]
        else:
            assert truth is None


def test_times_follow_each_other(demo: Path) -> None:
    for use in played(demo)["uses"]:
        order = [use[name] for name in ("at_ms", "frame_at_ms", "heard_at_ms") if use[name] is not None]
        assert order == sorted(order)
        if use["acked_at_ms"] is not None:
            assert use["acked_at_ms"] >= max(use["heard_at_ms"], use["recording_at_ms"])


def test_the_officer_is_warned_before_a_draw_and_alerted_in_a_use_as_soon_as_there_is_cause(demo: Path) -> None:
    result = played(demo)
    holster = next(unit for unit in result["units"] if unit["id"] == "H1")
    (warned,) = holster["warnings_at_ms"]
    assert 112_000 < warned < 124_000, "the camera was switched off at 112 s: felt before the draw at 132 s"
    told = {}
    for i, until in ((0, 84_000), (4, 132_000), (5, 156_000), (7, 175_000), (9, 230_000)):
        at = result["uses"][i]["at_ms"]
        told[at / 1000] = [round((alert - at) / 1000) for alert in holster["alerts_at_ms"] if at <= alert < until]
    # Stopped by hand after seven seconds; cancelled; not recording; not heard and not recording; the same until heard.
    assert told == {50: [7], 84: [], 132: [5], 156: [2, 5], 175: [2, 5]}


def test_every_journal_is_intact_and_one_changed_byte_is_found(demo: Path, tmp_path: Path) -> None:
    journals = sorted((demo / "journals").glob("*.ilj"))
    assert len(journals) == 3
    done = interlock("verify", *journals)
    assert done.returncode == 0, done.stdout
    data = bytearray(journals[0].read_bytes())
    for at in (0, 57, len(data) // 2, len(data) - 45, len(data) - 1):
        bad = bytearray(data)
        bad[at] ^= 0x20
        (tmp_path / "bad.ilj").write_bytes(bad)
        done = interlock("verify", "--json", tmp_path / "bad.ilj", journals[1])
        assert done.returncode == 1
        altered, intact = json.loads(done.stdout)
        assert altered["verdict"] == "altered" and altered["reason"] and altered["offset"] <= at
        assert intact["verdict"] == "intact"


@pytest.mark.deep
def test_the_same_seed_gives_the_same_result_whatever_the_hash_seed(demo: Path, tmp_path: Path) -> None:
    done = interlock("simulate", FIRST_SHIFT, "--seed", 1, "--out", tmp_path, PYTHONHASHSEED="4711")
    assert done.returncode == 0, done.stderr
    first, second = played(demo), played(tmp_path)
    assert first.pop("wall_s") > 0 and second.pop("wall_s") > 0
    assert first == second
    for name in ("air.pcap", "timeline.svg", "journals/H1.ilj", "journals/C1.ilj", "journals/C2.ilj"):
        assert (demo / name).read_bytes() == (tmp_path / name).read_bytes()


@pytest.mark.deep
def test_another_seed_gives_another_result(tmp_path: Path) -> None:
    results = []
    for seed in (1, 2):
        done = interlock("simulate", "bad_air", "--seed", seed, "--fidelity", "fast", "--out", tmp_path, "--json")
        assert done.returncode == 0, done.stderr
        results.append(json.loads(done.stdout))
    one, other = results
    assert other["uses"] != one["uses"] and other["air"] != one["air"]
    assert [use["verdict"] for use in other["uses"]] == [use["verdict"] for use in one["uses"]]


def test_without_a_vm_there_is_no_result_and_a_clear_message(
    tmp_path: Path, here: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    done = interlock("simulate", FIRST_SHIFT, "--out", tmp_path, MICROPYTHON="/bin/false")
    found = {"/bin/false": (done.returncode, done.stderr)}
    for vm in ("/nowhere/micropython", "/bin/cat"):
        monkeypatch.setenv("MICROPYTHON", vm)
        found[vm] = here("simulate", FIRST_SHIFT, "--out", tmp_path)
    for vm, (code, said) in found.items():
        assert code == 3
        assert vm in said and "MICROPYTHON" in said and "Traceback" not in said
        assert not (tmp_path / "result.json").exists()


def test_the_pcap_opens_in_tshark_and_no_frame_is_malformed(demo: Path) -> None:
    tshark = shutil.which("tshark")
    if tshark is None:
        pytest.skip("tshark is not installed (Debian package tshark)")
    fields = ["frame.number", "btle.advertising_address", "btcommon.eir_ad.entry.type", "_ws.malformed", "btle.crc"]
    wanted = [part for field in fields for part in ("-e", field)]
    done = subprocess.run(
        [tshark, "-r", str(demo / "air.pcap"), "-T", "fields", *wanted],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert len(rows) == played(demo)["air"]["advertising_pdus"]
    assert all(row[1] and row[2] == "0x21" and not row[3] for row in rows)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name = ", "not TOML"),
        ('name = "x"\nduration_s = 1\nsecret = "s"', "[[unit]]"),
        ('name = "x"\nduration_s = 1\nsecret = "s"\n[[unit]]\nid = "A"\nrole = "spy"\nat_m = [0, 0]', "holster"),
        ('name = "x"\nduration_s = 1\nsecret = "s"\n[[unit]]\nid = "A"\nrole = "camera"\nat_m = [0]', "metres"),
        (
            'name = "x"\nduration_s = 1\nsecret = "s"\n[[unit]]\nid = "A"\nrole = "camera"\nat_m = [0, 0]\n'
            '[[event]]\nat_s = 0\nunit = "A"\ndo = "draw"',
            "holster unit",
        ),
        (
            'name = "x"\nduration_s = 1\nsecret = "s"\ntypo = 1\n[[unit]]\nid = "A"\nrole = "camera"\nat_m = [0, 0]',
            "typo",
        ),
    ],
)
def test_a_wrong_scenario_is_refused_with_place_and_remedy(
    tmp_path: Path, here: Callable[..., tuple[int, str]], text: str, says: str
) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text(text)
    code, said = here("simulate", path, "--out", tmp_path / "out")
    assert code == 2
    assert "wrong.toml" in said and says in said and "Traceback" not in said


def test_a_file_that_cannot_be_read_is_a_usage_error_with_advice(tmp_path: Path) -> None:
    done = interlock("verify", tmp_path / "nothing.ilj")
    assert done.returncode == 2 and "nothing.ilj" in done.stderr and "Traceback" not in done.stderr
