"""The bundle of an incident: what is in it, of which units, and that nothing in it leads elsewhere."""

import functools
import json
import re
import shutil
import stat
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from host_tools.auditing.keys import Knowledge
from host_tools.exporting import bundle, closure, files, unpacking
from host_tools.exporting.checks import check
from host_tools.exporting.dossier import Dossier
from host_tools.exporting.recompute import recompute
from host_tools.exporting.verifier import told
from host_tools.outcome import Exit, ToolError
from host_tools.program import app
from host_tools.reporting.asked import Beside, Named
from host_tools.reporting.making import make
from host_tools.vault.vault import Vault
from interlock.core.settings import ROLE_CAMERA, ROLE_HOLSTER

from .exports import ASKED, Force, forge_tail, tampered
from .fullness import small_disk
from .journals import life
from .schemas import conforms
from .sealed_world import Unit, works
from .test_verify_command import NOW, pull_into, vault_of

SHOWN, UNHEARD = "H1:9", "H1:49"


@pytest.fixture(scope="module", autouse=True)
def sources_are_read_once() -> Iterator[None]:
    """What a verifier imports, for half of a bundle's time: it does not change while these tests run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bundle, "closure", functools.cache(bundle.closure))
        yield


@pytest.fixture(scope="module")
def force(tmp_path_factory: pytest.TempPathFactory) -> Force:
    """Not to be changed."""
    return Force(tmp_path_factory.mktemp("force") / "home" / "journals.sqlite")


def made(force: Force, path: Path, reference: str = SHOWN, beside: Beside | None = None) -> Path:
    bundle.write(path / "b.zip", reference, force.holdings, beside or force.beside, ASKED)
    (path / "b").mkdir()
    unpacking.unpack(path / "b.zip", path / "b")
    return path / "b"


# What is in it.


def test_it_holds_the_incident_the_evidence_and_a_verifier_that_finds_nothing(force: Force, tmp_path: Path) -> None:
    folder = made(force, tmp_path)
    facts = json.loads((folder / "incident.json").read_bytes())
    events = [event for use in facts["uses"] for event in use["events"]]
    assert [(event["reference"], event["event"], event["verdict"]) for event in events] == [
        ("H1:9", "draw", "before"),
        ("H1:12", "arm", "before"),
        ("H1:15", "discharge", "before"),
    ]
    assert events[2]["ground"]["cited"] and facts["units"][0]["fits"] and facts["incident"]["timeline"]["lanes"]
    checked = check(folder, [])
    assert checked.code is Exit.DONE and checked.is_sound, told(checked)
    assert check(tmp_path / "b.zip", []) == checked
    assert recompute(tmp_path / "b.zip").findings == recompute(folder).findings == []


def test_an_event_stands_for_its_incident(force: Force, tmp_path: Path) -> None:
    facts = json.loads((made(force, tmp_path, "H1:15") / "incident.json").read_bytes())
    assert facts["reference"] == SHOWN
    for wrong in ("H1:2", "H9:1", "nonsense"):
        with pytest.raises(ToolError, match="no incident"):
            bundle.write(tmp_path / "x.zip", wrong, force.holdings, force.beside, ASKED)
    assert not (tmp_path / "x.zip").exists()


def test_the_same_incident_gives_the_same_bytes(force: Force, tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "other").mkdir()
    made(force, tmp_path / "one")
    made(force, tmp_path / "other")
    assert (tmp_path / "one" / "b.zip").read_bytes() == (tmp_path / "other" / "b.zip").read_bytes()


def test_the_readme_names_the_units_with_the_fingerprints_of_their_keys(force: Force, tmp_path: Path) -> None:
    folder = made(force, tmp_path)
    text = (folder / "README.txt").read_text(encoding="utf-8")
    assert max(map(len, text.splitlines())) <= 120 and "WHAT IT DOES NOT PROVE" in text
    assert len(re.findall(r"^  [HC][12]  .*([0-9a-f]{4} ){3}[0-9a-f]{4}$", text, re.MULTILINE)) == 3
    assert "H1:15  discharge" in text and "{" not in text
    assert "A camera in\n    radio range is not a camera that faced the scene" in text


def test_the_readme_and_the_page_say_whose_camera_shows_an_event_and_what_the_officers_own_does(
    force: Force, tmp_path: Path
) -> None:
    folder = made(force, tmp_path)
    facts = json.loads((folder / "incident.json").read_text())
    text = (folder / "README.txt").read_text(encoding="utf-8")
    events = [event for use in facts["uses"] for event in use["events"]]
    assert any(event["camera"] for event in events)
    for event in events:
        camera = f", {event['camera']}" if event["camera"] else ""
        assert f"any camera: {event['verdict']}{camera}" in text and f"own camera: {event['own_verdict']}" in text
    assert "A camera in radio range is not a camera that faced the scene" in (folder / "incident.html").read_text()


def test_nothing_in_it_tells_of_the_computer_that_made_it(force: Force, tmp_path: Path) -> None:
    folder = made(force, tmp_path)
    here = [str(tmp_path).encode(), str(Path(bundle.__file__).parent.parent.parent).encode(), b"/tmp/"]
    for name, _ in files.names_in(folder):
        data = (folder / name).read_bytes()
        assert not any(place in data for place in here), name
    with zipfile.ZipFile(tmp_path / "b.zip") as packed:
        assert {entry.date_time for entry in packed.infolist()} == {(2000, 1, 1, 0, 0, 0)}
        assert [entry.filename for entry in packed.infolist()] == sorted(packed.namelist())
    if sys.platform != "win32":
        assert stat.S_IMODE((tmp_path / "b.zip").stat().st_mode) == 0o600


def test_only_what_was_said_of_the_incident_comes_along(tmp_path: Path) -> None:
    force = Force(tmp_path / "home" / "journals.sqlite")
    store = force.open()
    store.annotate("H1", 9, "training", "of this one", by="PC1", utc_ms=NOW)
    store.annotate("H1", 49, "training", "of another one", by="PC2", utc_ms=NOW)
    store.close()
    folder = made(force, tmp_path)
    assert [row.text for row in Dossier(folder / "evidence").annotations()] == ["of this one"]
    checked = check(folder, [])
    assert "training, by PC1: not signed" in told(checked) and "PC2" not in told(checked)


def test_a_bundle_that_states_a_finding_itself_is_sound_and_exit_code_1(tmp_path: Path) -> None:
    force = Force(tmp_path / "home" / "journals.sqlite")
    tampered(force.place, "UPDATE records SET raw = X'00010203' WHERE serial = 'C2' AND sequence = 30")
    done = bundle.write(tmp_path / "b.zip", SHOWN, force.holdings, force.beside, ASKED)
    assert any("record 30" in text for text in done.findings)
    checked = check(tmp_path / "b.zip", [])
    assert checked.code is Exit.FINDINGS and checked.is_sound, told(checked)
    assert "It states the findings above itself" in told(checked)


# Of which units.


def with_far_camera(force: Force, is_pulled: bool) -> Beside:
    """A camera of the same force that nobody heard or spoke of."""
    far = Unit(9, ROLE_CAMERA, "C9").set_up()
    if is_pulled:
        store = force.open()
        pull_into(store, far, NOW + 4000)
        store.close()
    known = force.beside
    return Beside("MPS", {**known.units, "C9": Named(9, ROLE_CAMERA, "far")}, known.pairs, {}, known.keys)


def test_what_is_shown_needs_only_those_who_show_it(tmp_path: Path) -> None:
    force = Force(tmp_path / "home" / "journals.sqlite")
    beside = with_far_camera(force, is_pulled=True)
    held = Dossier(made(force, tmp_path, SHOWN, beside) / "evidence")
    assert [row.serial for row in held.units()] == ["C1", "C2", "H1"] and "C9" not in held.beside.units


def test_what_nobody_recorded_needs_every_camera_that_may_have(tmp_path: Path) -> None:
    force = Force(tmp_path / "home" / "journals.sqlite")
    beside = with_far_camera(force, is_pulled=False)
    folder = made(force, tmp_path, UNHEARD, beside)
    facts = json.loads((folder / "incident.json").read_bytes())
    verdicts = {event["verdict"] for use in facts["uses"] for event in use["events"]}
    assert verdicts == {"indeterminate"} and "far" in facts["uses"][0]["events"][0]["reason"]
    assert "C9" in Dossier(folder / "evidence").beside.units and check(folder, []).is_sound


def test_another_weapon_that_is_not_involved_stays_out(tmp_path: Path) -> None:
    force = Force(tmp_path / "home" / "journals.sqlite")
    other = Unit(7, ROLE_HOLSTER, "H7").set_up(force.units[1])
    other.uses()
    store = force.open()
    pull_into(store, other)
    store.close()
    folder = made(force, tmp_path, UNHEARD)
    assert "H7" not in {row.serial for row in Dossier(folder / "evidence").units()}


def test_what_only_the_vault_shows_is_told_as_a_claim_and_takes_no_more_units_along(tmp_path: Path) -> None:
    """C2's journal was changed behind its last signature: by its seal it covers the last use no more."""
    force = Force(tmp_path / "home" / "journals.sqlite")
    forge_tail(force)
    raws, chains = life(3, salt=5, serial="X1")
    store = force.open()
    store.learn_unit("X1", 44, ROLE_HOLSTER, "elsewhere")
    store.add("X1", 0, chains[0], raws, epoch=0, by="PC1", utc_ms=NOW)
    store.close()
    vault = Vault.open(vault_of(tmp_path / "vault", *force.units))
    own = make(force.holdings, force.beside, ASKED, knowing=Knowledge((), vault).of)
    done = bundle.write(tmp_path / "b.zip", UNHEARD, force.holdings, force.beside, ASKED, own)
    assert {event["verdict"] for event in done.events} == {"unwitnessed"} and done.units == ["H1", "C1", "C2"]
    (tmp_path / "b").mkdir()
    unpacking.unpack(tmp_path / "b.zip", tmp_path / "b")
    said = json.loads((tmp_path / "b" / "force_says.json").read_bytes())
    assert [one["serial"] for one in said["findings"]] == ["C2"] and "seal" in said["findings"][0]["text"]
    figure = {"path": "uses[H1:49].events[H1:49].verdict", "here": "unwitnessed", "force": "indeterminate"}
    assert figure in said["figures"]
    text = told(check(tmp_path / "b", []))
    assert "What the force says beyond this" in text and "seal" in text.rpartition("What the force says")[2]


def test_what_was_pulled_after_the_report_was_made_is_no_claim_of_the_force(tmp_path: Path) -> None:
    force = Force(tmp_path / "home" / "journals.sqlite")
    vault = Vault.open(vault_of(tmp_path / "vault", *force.units))
    knowing = Knowledge((), vault).of
    old = make(force.holdings, force.beside, ASKED, knowing=knowing)
    works(*force.units, uses=1)
    store = force.open()
    for unit in force.units:
        pull_into(store, unit, NOW + 4000)
    store.close()
    now = make(force.holdings, force.beside, ASKED, knowing=knowing)
    assert [unit.records for unit in now.units] != [unit.records for unit in old.units]
    for keys in (knowing, None):
        bundle.write(tmp_path / "b.zip", UNHEARD, force.holdings, force.beside, ASKED, old, keys)
        with zipfile.ZipFile(tmp_path / "b.zip") as packed:
            assert json.loads(packed.read("force_says.json")) == {"has_report": True, "findings": [], "figures": []}


# The verifier's own files.


def test_the_verifier_is_a_part_of_the_house_and_needs_nothing_else() -> None:
    found = closure.closure(bundle.VERIFIER)  # ImportError where one needs more than Python
    rooms = {name.split("/")[1] for name in found if name.startswith("host_tools/") and name.count("/") > 1}
    assert rooms == {
        *(
            "auditing",
            "clocks",
            "exporting",
            "judging",
            "reporting",
            "roster",
            "statements",
            "store",
            "verifying",
            "workers",
        ),
    }
    assert all(name.startswith(("host_tools/", "interlock/core/", "interlock/__init__")) for name in found)
    strangers = ("vault", "session", "link", "database", "sqlite", "html", "executor", "bundle", "typer", "commands")
    assert not [name for name in found if any(word in name for word in strangers)]
    assert len(found) < 160


def test_a_module_that_needs_more_than_python_is_refused() -> None:
    with pytest.raises(ImportError, match="sqlalchemy"):
        closure.closure("host_tools.store.store")


# Zip files of others.


def packed(path: Path, *entries: tuple[str, bytes, int]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for name, data, kind in entries:
            entry = zipfile.ZipInfo(name)
            entry.external_attr = kind << 28
            entry.compress_type = zipfile.ZIP_DEFLATED
            out.writestr(entry, data)
    return path


@pytest.mark.parametrize(
    "entries",
    [
        [("../x", b"", 0)],
        [("/x", b"", 0)],
        [("a/../../x", b"", 0)],
        [("a\\x", b"", 0)],
        [("link", b"/etc/passwd", 0o12)],
        [("x", b"1", 0), ("X", b"2", 0)],
        [("zeros", bytes(1 << 26), 0)],
        [("folder/", b"", 0)],
    ],
)
def test_nothing_of_a_hostile_zip_file_comes_out_elsewhere(
    tmp_path: Path, entries: list[tuple[str, bytes, int]]
) -> None:
    file = packed(tmp_path / "x.zip", *entries)
    folder = tmp_path / "in" / "here"
    folder.mkdir(parents=True)
    with pytest.raises(ToolError, match="no bundle"):
        unpacking.unpack(file, folder)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["here", "in", "x.zip"]


@pytest.mark.parametrize("how", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_what_is_packed_as_we_never_pack_is_no_bundle(tmp_path: Path, how: int) -> None:
    """Its unpacking is not bounded by us, and fails in ways of its own."""
    with zipfile.ZipFile(tmp_path / "x.zip", "w", how) as out:
        out.writestr("x", b"x" * 1000)
    with pytest.raises(ToolError, match="no bundle: x is packed in another way"):
        unpacking.unpack(tmp_path / "x.zip", tmp_path)


@pytest.mark.parametrize("cut", [0, 1, 30, 200, -1, -30])
def test_a_zip_file_that_was_cut_is_told(force: Force, tmp_path: Path, cut: int) -> None:
    made(force, tmp_path)
    data = (tmp_path / "b.zip").read_bytes()[:cut]
    (tmp_path / "cut.zip").write_bytes(data)
    with pytest.raises(ToolError) as refused:
        check(tmp_path / "cut.zip", [])
    assert refused.value.advice


# As a command.


def test_the_command_says_what_is_in_it_and_leaves_a_note(tmp_path: Path) -> None:
    force = Force(tmp_path / "home" / "journals.sqlite")
    vault_of(tmp_path / "home" / "vault", *force.units)

    def run(*arguments: object) -> str:
        done = CliRunner().invoke(app, ["--home", str(tmp_path / "home"), *map(str, arguments)])
        if isinstance(done.exception, ToolError):
            raise done.exception
        assert done.exit_code == 0, (done.output, done.exception)
        return done.stdout

    facts = json.loads(run("export", "H1:15", "--bundle", tmp_path / "b.zip", "--json"))
    conforms("export", facts)
    assert facts["incident"] == SHOWN and facts["sha256"] == files.digest(tmp_path / "b.zip")
    assert {"H1", "C1"} <= set(facts["units"])
    assert "python3 -I" in run("export", SHOWN, "--bundle", tmp_path / "b.zip")
    for serial in ("H1", "C1"):
        assert [row.what for row in force.open().custody_of(serial)] == ["exported", "exported"]
    for wrong in (("H1",), (), ("H1:9", "H1:12"), ("H1:9", "--audit", "x")):
        with pytest.raises(ToolError) as refused:
            run("export", *wrong, "--bundle", tmp_path / "x.zip")
        assert refused.value.advice


def test_tables_come_out_of_the_command_as_well(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    Force(tmp_path / "home" / "journals.sqlite")
    words = ["--home", str(tmp_path / "home"), "export", "--parquet", str(tmp_path / "tables"), "--json"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, (done.output, done.exception)
    facts = json.loads(done.stdout)
    conforms("export", facts)
    assert facts["events"] == 12 and facts["files"] == len(list((tmp_path / "tables").rglob("*.parquet")))
    for wrong in (("H1",), ("--since", "2026-01-01"), ("--out", "x")):
        refused = CliRunner().invoke(app, [*words, *wrong])
        assert isinstance(refused.exception, ToolError) and refused.exception.advice


# Where it is written.


@pytest.mark.parametrize("there", ["text", "journal", "other incident", "other zip"])
def test_nothing_but_a_bundle_of_this_incident_is_written_over(force: Force, tmp_path: Path, there: str) -> None:
    path = tmp_path / "b.zip"
    if there == "other incident":
        bundle.write(path, UNHEARD, force.holdings, force.beside, ASKED)
    elif there == "other zip":
        with zipfile.ZipFile(path, "w") as packed:
            packed.writestr("photo.raw", b"precious")
    else:
        path.write_bytes(b"precious" if there == "text" else force.weapon.file())
    before = path.read_bytes()
    with pytest.raises(ToolError, match=f"is there already, and is no bundle of {SHOWN}") as refused:
        bundle.write(path, SHOWN, force.holdings, force.beside, ASKED)
    assert refused.value.advice and path.read_bytes() == before


def test_it_is_for_its_owner_only_and_may_be_made_again(force: Force, tmp_path: Path) -> None:
    for _ in range(2):
        bundle.write(tmp_path / "b.zip", SHOWN, force.holdings, force.beside, ASKED)
    assert [path.name for path in tmp_path.iterdir()] == ["b.zip"]
    assert sys.platform == "win32" or stat.S_IMODE((tmp_path / "b.zip").stat().st_mode) == 0o600


def test_on_a_full_disk_an_older_bundle_stays_and_nothing_is_left_beside_it(force: Force, tmp_path: Path) -> None:
    bundle.write(tmp_path / "old.zip", SHOWN, force.holdings, force.beside, ASKED)
    with small_disk(tmp_path / "disk", (tmp_path / "old.zip").stat().st_size // 1024 + 50):
        path = tmp_path / "disk" / "b.zip"
        shutil.copyfile(tmp_path / "old.zip", path)
        with pytest.raises(ToolError, match="No space left"):
            bundle.write(path, SHOWN, force.holdings, force.beside, ASKED)
        assert path.read_bytes() == (tmp_path / "old.zip").read_bytes()
        assert [path.name for path in path.parent.iterdir()] == ["b.zip"]
