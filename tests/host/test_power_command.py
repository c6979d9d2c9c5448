"""`interlock power`: what it prints, draws and refuses."""

import json

import pytest

from .schemas import conforms


def power(desk, *more):
    return desk.json("power", "--board", "esp32_c3", "--battery", "1000", *more)


def test_it_says_loudly_that_nothing_was_measured_and_what_it_assumes(desk):
    code, out, _ = desk.run("power", "--board", "esp32_c3", "--battery", "1000")
    assert code == 0 and "Nothing of this was measured on a board" in out
    assert "Assumptions:" in out and "polls its contacts every 5 ms" in out and "stays powered between events" in out
    for mode in ("worn", "out", "stowed", "stored", "service"):
        assert f"\n {mode} " in out and f"- {mode}: " in out


@pytest.mark.parametrize("role", ["holster", "camera", "combined"])
def test_its_json_conforms_and_has_one_point_of_today(desk, role):
    told = desk.json("power", "--board", "esp32_c6", "--battery", "1000", "--role", role, "--scan-duty", "1,0.5")
    conforms("power", told)
    assert told["measured"] is False and told["role"] == role
    assert [point["scan_duty"] for point in told["points"] if point["is_today"]] == [1.0]
    assert all(figure["source"] for figure in told["figures"])


def test_a_bigger_cell_lives_longer_and_a_use_costs_life(desk):
    small, used = power(desk), power(desk, "--uses", "100", "--use-s", "300")
    big = desk.json("power", "--board", "esp32_c3", "--battery", "2000")
    assert small["shift"]["life_h"]["typ"] < big["shift"]["life_h"]["typ"]
    assert used["shift"]["life_h"]["typ"] < small["shift"]["life_h"]["typ"]


def test_the_policy_of_the_force_is_gone_by(desk, tmp_path):
    path = tmp_path / "policy.json"
    path.write_text(json.dumps({"version": 3, "policy": {"store_after_ms": 0, "ready_every_ms": 5000}}))
    told = power(desk, "--policy", str(path))
    stored = next(mode for mode in told["modes"] if mode["mode"] == "stored")
    assert not stored["happens"] and "store_after_ms is 0" in stored["what"]
    listening = [
        next(m for m in one["modes"] if m["mode"] == "worn")["by_consumer"]["listening"]["typ"]
        for one in (told, power(desk))
    ]
    assert listening[0] > 2 * listening[1], "four times as many frames to wait for"


def test_a_board_without_pins_that_wake_it_stays_awake(desk):
    told = desk.json("power", "--board", "pico_w", "--battery", "1000", "--away", "14")
    stored = next(mode for mode in told["modes"] if mode["mode"] == "stored")
    assert not stored["happens"]
    s3 = desk.json("power", "--board", "esp32_s3", "--battery", "1000", "--away", "14")
    assert next(mode for mode in s3["modes"] if mode["mode"] == "stored")["happens"]


@pytest.mark.parametrize("name", ["life.svg", "life.png"])
def test_it_draws_life_against_latency(desk, tmp_path, name):
    path = tmp_path / name
    code, _, _ = desk.run("power", "--board", "esp32_s3", "--battery", "800", "--role", "camera", "--plot", str(path))
    data = path.read_bytes()
    assert code == 0 and data.startswith(b"\x89PNG" if name.endswith("png") else b"<?xml")
    if name.endswith("svg"):
        first = data
        desk.run("power", "--board", "esp32_s3", "--battery", "800", "--role", "camera", "--plot", str(path))
        assert path.read_bytes() == first, "the same picture twice"


def test_a_picture_has_milliseconds_in_plain_numbers(desk, tmp_path):
    path = tmp_path / "life.svg"
    desk.run("power", "--board", "esp32_c3", "--battery", "800", "--plot", str(path))
    picture = path.read_text(encoding="utf-8")
    assert "<!-- 30 -->" in picture and "<!-- 100 -->" in picture and "times" not in picture


def test_uses_come_from_a_played_run(desk, tmp_path):
    result = {
        "virtual_s": 36000,
        "units": [{"id": "H1", "role": "holster", "records": 70, "announced": 400}],
        "uses": [{"unit": "H1", "event": "draw"}, {"unit": "H1", "event": "arm"}, {"unit": "H1", "event": "draw"}],
    }
    (tmp_path / "result.json").write_text(json.dumps(result))
    told = power(desk, "--played", str(tmp_path))
    conforms("power", told)
    assert told["counted"] == {
        "unit": "H1", "role": "holster", "hours": 10.0, "draws": 2, "records": 70, "announced": 400,
        "announced_expected": 400.0,
    }  # fmt: skip
    assert "2 uses" in "".join(told["assumptions"])
    assert desk.run("power", "--board", "esp32_c3", "--battery", "9", "--played", str(tmp_path), "--unit", "X")[0] == 2


@pytest.mark.parametrize(
    "more",
    [
        ("--board", "esp32s3"),
        ("--role", "officer"),
        ("--role", "combined"),
        ("--build", "wishful"),
        ("--scan-duty", "0.5,2"),
        ("--scan-duty", "often"),
        ("--uses", "1000", "--use-s", "600"),
        ("--policy", "no-such-file.json"),
        ("--plot", "life.pdf"),
        ("--played", "no-such-folder"),
        ("--battery", "0"),
    ],
)
def test_nonsense_is_refused_with_advice(desk, more):
    code, out, _ = desk.run("power", "--board", "esp32_c3", "--battery", "1000", *more, "--json")
    assert code == 2 and json.loads(out)["error"]["advice"]
