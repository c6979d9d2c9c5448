"""Campaigns of the real firmware: the same figures however they came about, and each run one that anybody can play."""

import json
import os
import signal
import subprocess
import time

import pytest

from host_tools.campaign.play import line_of

from .campaigns import INTERLOCK, here, interlock, made_up, tiny
from .schemas import conforms

RUNS = 2
VARY = ("--vary", "loss=0,0.4")
JSON = ("summary.json", "summary.md")


def campaign(folder, *options, **env):
    done = interlock("simulate", tiny(folder.parent), "--runs", RUNS, *VARY, "--out", folder, *options, **env)
    assert done.returncode == 0, done.stderr
    return done


def made(folder):
    """What a campaign leaves, in an order of its own."""
    lines = sorted((folder / "runs.jsonl").read_text().splitlines())
    files = [*JSON, *sorted(path.name for path in folder.glob("*.png"))]
    return lines, [(name, (folder / name).read_bytes()) for name in files]


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """A campaign that nothing disturbed, with the radio traffic of its runs."""
    folder = tmp_path_factory.mktemp("campaign") / "out"
    campaign(folder, "--jobs", 2, "--keep-pcap")
    return folder


def test_a_campaign_leaves_a_line_a_run_a_summary_and_pictures(played):
    names = {path.name for path in played.iterdir()}
    pictures = {"latency_heard_by_loss.png", "latency_recording_by_loss.png", "rates_by_loss.png"}
    assert names == {"campaign.json", "runs.jsonl", "lock", "pcap", *JSON, *pictures}
    lines = [json.loads(line) for line in (played / "runs.jsonl").read_text().splitlines()]
    assert sorted((line["values"]["loss"], line["seed"]) for line in lines) == [
        (loss, seed) for loss in (0, 0.4) for seed in (1, 2)
    ]
    assert all(line.keys() == made_up({}, 1).keys() for line in lines)
    assert all(use.keys() == made_up({}, 1)["uses"][0].keys() for line in lines for use in line["uses"])
    facts = json.loads((played / "summary.json").read_text())
    conforms("simulate", facts)
    assert facts["runs"] == {"planned": 4, "played": 4, "broke": 0}
    draw, arm = facts["variations"][0]["uses"]
    assert (draw["event"], arm["event"]) == ("draw", "arm")
    assert draw["rates"]["acked"]["happened"] == 2 and arm["rates"]["before"]["happened"] == 2
    assert draw["times_ms"]["recording"]["p50"]["value"] > 300  # the camera's own delay


def test_each_run_is_the_one_that_its_seed_plays_alone(played, tmp_path, monkeypatch, capsys):
    alone = ("--seed", 2, "--vary", "loss=0.4", "--out", tmp_path / "alone", "--json")
    code, out, err = here(monkeypatch, capsys, "simulate", tiny(tmp_path), *alone)
    assert code == 0, err
    line = line_of(json.loads(out), {"loss": 0.4})
    lines = [json.loads(text) for text in (played / "runs.jsonl").read_text().splitlines()]
    assert line in lines
    kept = {path.name: path.read_bytes() for path in (played / "pcap").iterdir()}
    assert sorted(kept) == ["0-1.pcap", "0-2.pcap", "1-1.pcap", "1-2.pcap"]
    assert (tmp_path / "alone" / "air.pcap").read_bytes() == kept["1-2.pcap"]


def test_a_campaign_of_a_scenario_of_the_library_is_called_by_its_name_alone(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    options = ("--runs", 2, "--fidelity", "fast", "--jobs", 1, "--json")
    code, out, err = here(monkeypatch, capsys, "simulate", "two_officers", *options)
    assert code == 0, err
    assert json.loads(out)["runs"]["played"] == 2


@pytest.mark.deep
def test_killed_in_the_middle_it_goes_on_and_ends_the_same_with_one_worker_and_another_hash_seed(played, tmp_path):
    folder = tmp_path / "out"
    command = ["simulate", str(tiny(tmp_path)), "--runs", str(RUNS), *VARY, "--out", str(folder)]
    process = subprocess.Popen([INTERLOCK, *command, "--jobs", "2"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    wait_for_lines(folder, 1, process)
    process.kill()
    process.communicate()
    (folder / "runs.jsonl").open("ab").write(b'{"values":{"lo')  # as if the kill had cut a line
    kept = (folder / "runs.jsonl").read_bytes().count(b"\n")
    assert 1 <= kept < 4 and not (folder / "summary.json").exists()
    done = interlock(*command, "--jobs", 1, PYTHONHASHSEED="4711")
    assert done.returncode == 0, done.stderr
    assert f"{kept} of 4 runs were done already." in done.stderr
    assert made(folder) == made(played)


def test_ctrl_c_ends_the_workers_and_says_that_it_can_go_on(tmp_path):
    folder = tmp_path / "out"
    process = subprocess.Popen(
        [INTERLOCK, "simulate", tiny(tmp_path), "--runs", "500", "--out", folder, "--jobs", "2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    wait_for_lines(folder, 1, process)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to workers, too
    _, said = process.communicate(timeout=600)
    assert process.returncode == 130
    assert "run it again to go on" in said and "Traceback" not in said
    wait_for_the_end_of(process.pid)
    assert (folder / "runs.jsonl").read_bytes().endswith(b"\n")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--runs", "0"], "1"),
        (["--runs", "2", "--jobs", "0"], "1"),
        (["--vary", "loss=2"], "loss = 2"),
        (["--vary", "luck=1"], "nothing that can be varied"),
        (["--runs", "2", "--live"], "--live plays one world"),
        (["--vary", "loss=0,0.1", "--live"], "--live plays one world"),
        (["--cluster", "tcp://127.0.0.1:1"], "--runs"),
        (["--runs", "2", "--jobs", "2", "--cluster", "tcp://127.0.0.1:1"], "no --jobs"),
        (["--fidelity", "rough"], "fast"),
    ],
)
def test_options_that_do_not_fit_are_refused_with_the_remedy(tmp_path, monkeypatch, capsys, options, says):
    code, _, err = here(monkeypatch, capsys, "simulate", tiny(tmp_path), "--out", tmp_path / "out", *options)
    assert code == 2
    assert says in err and "Traceback" not in err
    assert not (tmp_path / "out").exists()


def test_a_folder_of_another_campaign_is_refused(played, tmp_path, monkeypatch, capsys):
    other = ("--runs", RUNS, "--vary", "loss=0,0.2", "--out", played)
    code, _, err = here(monkeypatch, capsys, "simulate", tiny(tmp_path), *other)
    assert code == 2 and "differs in: vary" in err and "--out" in err


def test_a_campaign_that_is_done_plays_nothing_again_and_one_with_more_runs_only_these(
    played, tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("MICROPYTHON", "/bin/false")  # whoever plays now fails
    before, summary = [(played / name).read_bytes() for name in ("runs.jsonl", "summary.json")]

    def again(runs):
        return here(monkeypatch, capsys, "simulate", tiny(tmp_path), "--runs", runs, *VARY, "--out", played, "--json")

    code, out, _ = again(RUNS)
    assert (code, json.loads(out)) == (0, json.loads(summary))
    code, out, _ = again(1)
    assert (code, json.loads(out)["runs"]) == (0, {"planned": 2, "played": 2, "broke": 0})
    code, _, err = again(3)
    assert code == 3 and "seed 3" in err and "MICROPYTHON" in err
    assert not (played / "summary.json").exists()  # the old one would pass for the new
    assert (played / "runs.jsonl").read_bytes() == before


def wait_for_the_end_of(group):
    """Until no process of the group is left; they end without being told again."""
    for _ in range(6000):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.02)
    raise AssertionError("somebody of the group lives on")


def wait_for_lines(folder, count, process):
    """Until the campaign has so many runs on the disk."""
    while not (folder / "runs.jsonl").exists() or (folder / "runs.jsonl").read_bytes().count(b"\n") < count:
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
