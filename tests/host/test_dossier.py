"""What `interlock export --audit` writes: all that a report is made from, as it was, and nothing that leads away."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from host_tools.auditing.keys import Knowledge
from host_tools.exporting import dossier, files
from host_tools.exporting.chosen import Chosen, known_of_all
from host_tools.exporting.dossier import Dossier
from host_tools.exporting.recompute import recompute
from host_tools.outcome import ToolError
from host_tools.program import app
from host_tools.reporting.asked import Beside
from host_tools.reporting.holdings import StoreHoldings
from host_tools.reporting.making import make
from host_tools.store.rows import AnnotationRow, RosterRow, UnitRow
from host_tools.vault.vault import Vault
from host_tools.vouched import Vouched
from interlock.core.settings import ROLE_HOLSTER

from .exports import ASKED, Force, content, edit, forge_tail, said, sum_anew, tampered
from .journals import life
from .schemas import conforms
from .test_verify_command import NOW, vault_of


@pytest.fixture(scope="module")
def force(tmp_path_factory: pytest.TempPathFactory) -> Force:
    """Not to be changed."""
    return Force(tmp_path_factory.mktemp("force") / "home" / "journals.sqlite")


@pytest.fixture
def folder(force: Force, tmp_path: Path) -> Path:
    dossier.write(tmp_path / "audit", force.holdings, force.beside, ASKED, None)
    return tmp_path / "audit"


# What is in it.


def test_it_holds_what_the_store_holds(force: Force, folder: Path) -> None:
    held, store = Dossier(folder), force.holdings
    assert held.units() == store.units() and held.asked == ASKED and held.beside == force.beside
    assert held.annotations() == store.annotations() and held.roster() == store.roster()
    for row in store.units():
        one, other = held.journal(row.serial), store.journal(row.serial)
        assert (one.header, one.gaps, one.conflicts, one.heads, one.arrivals, one.findings, one.told) == (
            *(other.header, other.gaps, other.conflicts, other.heads, other.arrivals, other.findings, other.told),
        )
        assert [s.raws for s in one.segments] == [s.raws for s in other.segments]
        assert held.place(row.serial).load().signed == store.place(row.serial).load().signed != ()
        assert held.place(row.serial).kept().custody == store.place(row.serial).kept().custody


def test_a_journal_in_it_is_the_file_that_export_writes(force: Force, folder: Path) -> None:
    store = force.open()
    for serial in ("H1", "C1", "C2"):
        assert (folder / "journals" / f"{serial}.ilj").read_bytes() == store.export_ilj(serial)
    store.close()
    assert (folder / "keys" / "H1-1.pub").read_bytes() == force.weapon.signer.public


def test_the_report_in_it_is_the_one_that_follows_from_the_store(force: Force, folder: Path) -> None:
    facts = json.loads((folder / "report.json").read_bytes())
    discharges = facts["headline"]["discharges"]
    assert (discharges["before"], discharges["unwitnessed"], discharges["total"]) == (3, 1, 4)
    known = dossier.PublicKnowledge(force.beside)
    same = make(force.holdings, force.beside, ASKED, knowing=known.of).plain()
    assert facts["uses"] == json.loads(json.dumps(same["uses"])) and facts["headline"] == same["headline"]


def test_the_same_store_gives_the_same_bytes(force: Force, folder: Path, tmp_path: Path) -> None:
    dossier.write(tmp_path / "again", force.holdings, force.beside, ASKED, None)
    assert content(tmp_path / "again") == content(folder)


def test_what_was_said_rosters_conflicts_and_custody_come_along(tmp_path: Path) -> None:
    force = Force(tmp_path / "home" / "journals.sqlite")
    store = force.open()
    store.annotate("H1", 9, "training", "Übung\n\u202e", by="PC1", utc_ms=NOW)
    store.replace_roster((), [RosterRow("H1", "PC1", "red", 1, 2_000_000_000)], by="PC1", utc_ms=NOW)
    raws, chains = life(20, salt=7)
    store.add("H1", 0, chains[0], raws, epoch=0, by="bob", utc_ms=NOW - 5)
    store.custody("H1", "PC1", "pulled", "a detail", NOW)
    store.close()
    people = {"PC1": (Vouched(bytes(32), 5, None),)}
    beside = Beside(None, {}, None, people)
    folder = tmp_path / "audit"
    dossier.write(folder, force.holdings, beside, ASKED, None)
    held = Dossier(folder)
    assert held.annotations() == force.holdings.annotations() != []
    assert held.roster() == force.holdings.roster() != [] and held.beside == beside
    assert (folder / "journals" / "H1.2.ilj").exists()
    one, other = held.journal("H1"), force.holdings.journal("H1")
    assert one.conflicts == other.conflicts != () and one.findings == other.findings != ()
    assert [row.detail for row in held.place("H1").kept().custody] == ["a detail"]
    assert not recompute(folder).findings


def test_a_record_that_was_changed_in_the_store_is_exported_as_it_is_and_found(tmp_path: Path) -> None:
    force = Force(tmp_path / "home" / "journals.sqlite")
    tampered(force.place, "UPDATE records SET raw = X'00010203' WHERE serial = 'C1' AND sequence = 12")
    report = dossier.write(tmp_path / "audit", force.holdings, force.beside, ASKED, None)
    assert any(f.serial == "C1" and "record 12" in f.text for f in report.findings)
    assert Dossier(tmp_path / "audit").journal("C1").findings == force.holdings.journal("C1").findings


def test_what_only_the_vault_can_tell_is_said_as_a_claim_of_the_force(tmp_path: Path) -> None:
    """Behind the last signature somebody changes a record, and makes all fit that needs no key."""
    force = Force(tmp_path / "home" / "journals.sqlite")
    forge_tail(force)
    vault = Vault.open(vault_of(tmp_path / "vault", *force.units))
    own = make(force.holdings, force.beside, ASKED, knowing=Knowledge((), vault).of)
    assert any(finding.serial == "C2" and "seal" in finding.text for finding in own.findings)
    report = dossier.write(tmp_path / "audit", force.holdings, force.beside, ASKED, Knowledge((), vault).of)
    assert not any("seal" in finding.text for finding in report.findings)
    said = json.loads((tmp_path / "audit" / "force_says.json").read_bytes())
    assert [one["serial"] for one in said["findings"]] == ["C2"] and "seal" in said["findings"][0]["text"]
    assert {"path": "units[C2].journal", "here": "intact", "force": "altered"} in said["figures"]
    assert not recompute(tmp_path / "audit").findings


def test_what_is_pulled_while_an_export_is_made_is_no_claim_of_the_force(tmp_path: Path) -> None:
    """A dock writes on: what comes after the journals were read is in neither report, with a vault or without."""
    force = Force(tmp_path / "home" / "journals.sqlite")
    vault = Vault.open(vault_of(tmp_path / "vault", *force.units))

    class Writing(StoreHoldings):
        """Each time that anything is asked of it, one more journal has come."""

        def units(self) -> list[UnitRow]:
            store = force.open()
            raws, chains = life(3, salt=store.size(), serial=f"X{store.size()}")
            store.learn_unit(f"X{store.size()}", store.size(), ROLE_HOLSTER, "new")
            store.add(f"X{store.size()}", 0, chains[0], raws, epoch=0, by="dock", utc_ms=NOW)
            store.close()
            return super().units()

    for name, knowing in (("with", Knowledge((), vault).of), ("without", None)):
        dossier.write(tmp_path / name, Writing(force.place), force.beside, ASKED, knowing)
        said = Dossier(tmp_path / name).force_says
        assert said == {"has_report": knowing is not None, "findings": [], "figures": []}
        assert not recompute(tmp_path / name).findings


def test_some_units_are_exported_by_themselves(force: Force, tmp_path: Path) -> None:
    part = Chosen(force.holdings, frozenset({"H1", "C1"}))
    dossier.write(tmp_path / "audit", part, known_of_all(force.holdings, force.beside), ASKED, None)
    held = Dossier(tmp_path / "audit")
    assert [row.serial for row in held.units()] == ["C1", "H1"] and set(held.beside.units) == {"C1", "C2", "H1"}
    assert not (tmp_path / "audit" / "journals" / "C2.ilj").exists() and not recompute(tmp_path / "audit").findings


def test_an_audit_that_calls_itself_a_part_hides_missing_units_and_is_told(folder: Path) -> None:
    edit(folder / "beside.json", (("is_part",), True))
    sum_anew(folder)
    assert [text for text in recompute(folder).findings if text.startswith("beside.json calls this a part")]


# Checked without us.


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="no sha256sum here")
def test_sha256sum_checks_it(folder: Path) -> None:
    done = subprocess.run(["sha256sum", "-c", "--strict", files.SUMS], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.count(": OK") == len(content(folder)) - 1


# What anybody may have changed.


def test_files_that_are_not_as_listed_are_told_each_by_its_name(folder: Path) -> None:
    (folder / "roster.json").unlink()
    (folder / "README.txt").write_text("trust me")
    (folder / "extra.txt").write_text("")
    assert files.check_sums(folder) == [
        ("README.txt", "altered"),
        ("extra.txt", "not listed"),
        ("roster.json", "missing"),
    ]


@pytest.mark.skipif(os.name != "posix", reason="links need rights elsewhere")
def test_no_link_is_followed(folder: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes((folder / "roster.json").read_bytes())
    (folder / "roster.json").unlink()
    (folder / "roster.json").symlink_to(secret)
    assert ("roster.json", "no plain file") in files.check_sums(folder)
    with pytest.raises(ToolError, match="no plain file"):
        Dossier(folder).roster()
    shutil.move(folder / "journals", tmp_path / "elsewhere")
    (folder / "journals").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ToolError, match="no plain file"):
        Dossier(folder).journal("H1")


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "a/../b", "a\\b", ".hidden", "a//b", "", "a\nb", "..", "C:x"])
def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    assert not files.is_name(name)
    with pytest.raises(ToolError):
        files.read(tmp_path, name)


@pytest.mark.parametrize(
    "line",
    ["x", f"{'0' * 64}  ../secret", f"{'0' * 64} *a", f"{'0' * 64}  a\n{'0' * 64}  a", f"{'g' * 64}  a", "\x00"],
)
def test_a_list_of_sums_that_is_none_is_refused(tmp_path: Path, line: str) -> None:
    (tmp_path / files.SUMS).write_text(line + "\n")
    with pytest.raises(ToolError, match="line"):
        files.check_sums(tmp_path)


HOSTILE = [
    ("units.json", (0, "serial"), "../../x"),
    ("units.json", (0, "serial"), "C2"),
    ("units.json", (0, "unit"), "1"),
    ("units.json", (0, "unit"), True),
    ("beside.json", ("format",), 2),
    ("beside.json", ("units",), []),
    ("beside.json", ("pairs",), [["H1"]]),
    ("beside.json", ("people",), {"PC1": [{"key": "zz"}]}),
    ("asked.json", ("made_ms",), 10**17),
    ("asked.json", ("made_ms",), 1.5),
    ("journals/H1.json", ("serial",), "C1"),
    ("journals/H1.json", ("unit",), 1 << 16),
    ("journals/H1.json", ("arrivals", 0, "last"), 1 << 31),
    ("journals/H1.json", ("heads", 0, "chain"), "00"),
    ("journals/H1.json", ("heads", 0, "following"), -1),
    ("journals/H1.json", ("stretches", 0, "file"), "../C1.ilj"),
    ("journals/H1.json", ("stretches", 0, "file"), "C1.ilj"),
    ("journals/H1.json", ("stretches", 0, "records"), 10**9),
    ("journals/H1.json", ("stretches", 0, "more"), 1),
    ("journals/H1.json", ("signed",), 3),
    ("journals/H1.json", ("signed_at",), 1),
    ("journals/H1.json", ("custody",), {}),
]


@pytest.mark.parametrize(("name", "place", "value"), HOSTILE)
def test_a_value_that_no_export_has_is_told_with_the_file_that_has_it(
    folder: Path, name: str, place: tuple[str | int, ...], value: object
) -> None:
    edit(folder / name, (place, value))
    sum_anew(folder)
    with pytest.raises(ToolError, match=name.replace(".", r"\.")) as told:
        recompute(folder)
    assert told.value.advice


@pytest.mark.parametrize(
    "data", [b"", b"[" * 100_000, b"[" * 500 + b"]" * 500, b"\xff\xfe", b'{"a": NaN}', b"null", b"{}", b"[1]"]
)
@pytest.mark.parametrize("name", ["units.json", "beside.json", "asked.json", "annotations.json", "journals/C1.json"])
def test_a_file_that_is_none_is_told(folder: Path, name: str, data: bytes) -> None:
    (folder / name).write_bytes(data)
    with pytest.raises(ToolError) as told:
        recompute(folder)
    assert told.value.advice


def test_nothing_is_mixed_with_what_was_there(force: Force, tmp_path: Path) -> None:
    (tmp_path / "old").write_text("")
    with pytest.raises(ToolError, match="something in"):
        dossier.write(tmp_path, force.holdings, force.beside, ASKED, None)
    (tmp_path / "file").write_text("")
    with pytest.raises(ToolError, match="cannot be made"):
        dossier.write(tmp_path / "file", force.holdings, force.beside, ASKED, None)


def test_what_fails_on_the_way_leaves_nothing(force: Force, tmp_path: Path) -> None:
    class Failing(Chosen):
        def annotations(self) -> list[AnnotationRow]:
            raise ToolError("the store is gone", "Look for it.")

    broken = Failing(force.holdings, frozenset({"H1", "C1"}))
    (tmp_path / "audit").mkdir()
    with pytest.raises(ToolError, match="is gone"):
        dossier.write(tmp_path / "audit", broken, force.beside, ASKED, None)
    assert list(tmp_path.rglob("*")) == [tmp_path / "audit"]
    dossier.write(tmp_path / "audit", force.holdings, force.beside, ASKED, None)
    assert recompute(tmp_path / "audit").findings == [] and len(list(tmp_path.iterdir())) == 1


# As a command.


def test_the_command_says_what_it_wrote_and_leaves_a_note(tmp_path: Path) -> None:
    force = Force(tmp_path / "home" / "journals.sqlite")
    vault_of(tmp_path / "home" / "vault", *force.units)

    def run(*arguments: object) -> str:
        words = ["--home", str(tmp_path / "home"), *map(str, arguments)]
        done = CliRunner().invoke(app, words)
        if isinstance(done.exception, ToolError):
            raise done.exception
        assert done.exit_code == 0, (done.output, done.exception)
        return done.stdout

    told = json.loads(run("export", "--audit", tmp_path / "audit", "--json"))
    conforms("export", told)
    assert told["units"] == 3 and told["findings"] == [] and told["force_says"] == 0
    held = Dossier(tmp_path / "audit")
    assert held.beside.force == "MPS" and set(held.beside.keys) == {"H1", "C1", "C2"}
    assert [row.what for row in force.open().custody_of("H1")] == ["exported"]
    shutil.rmtree(tmp_path / "home")
    assert run("report", "--recompute", tmp_path / "audit")
    for wrong in (
        ("export", "H9", "--audit", tmp_path / "x"),
        ("export",),
        ("export", "H1", "--audit", "x", "--out", "y"),
        ("export", "--audit", tmp_path / "x", "--since", "2026-12-01", "--until", "2026-11-01"),
        ("export", "--audit", tmp_path / "x", "--since", "2026-12-01", "--until", "2026-12-01"),
    ):
        with pytest.raises(ToolError) as refused:
            run(*wrong)
        assert refused.value.advice
    assert "--until is not after --since" in str(refused.value) and not (tmp_path / "x").exists()


@pytest.mark.parametrize("has_vault", [True, False])
def test_of_units_by_name_the_cameras_that_were_left_out_stay_known_and_nothing_is_unwitnessed(
    tmp_path: Path, has_vault: bool
) -> None:
    """They may have recorded: their journals are not here, and that is said."""
    force = Force(tmp_path / "home" / "journals.sqlite")
    if has_vault:
        vault_of(tmp_path / "home" / "vault", *force.units)
    words = ["--home", str(tmp_path / "home"), "export", "H1", "--audit", str(tmp_path / "audit"), "--json"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code in (0, 1), (done.output, done.exception)
    held = Dossier(tmp_path / "audit")
    assert [row.serial for row in held.units()] == ["H1"] and set(held.beside.units) == {"H1", "C1", "C2"}
    report = held.report_json
    assert [unit["journal"] for unit in report["units"] if unit["serial"] != "H1"] == ["not pulled"] * 2
    verdicts = {event["reference"]: event["verdict"] for use in report["uses"] for event in use["events"]}
    assert verdicts["H1:51"] == "indeterminate" and "unwitnessed" not in verdicts.values()
    assert any("left out" in note for note in report["notes"])
    assert recompute(tmp_path / "audit").findings == []


ODD = [
    *(("signature", "abc"), ("signature", b""), ("key", "k"), ("key", 5), ("text", 5), ("text", b"\xff"), ("code", 7)),
    *(("sequence", "abc"), ("sequence", -5), ("sequence", 1.5), ("utc_ms", "x"), ("utc_ms", 9 * 10**15)),
    *(("record", b"12"), ("record", "zz"), ("serial", "../x"), ("by", b"\x00")),
]


@pytest.mark.parametrize(("column", "value"), ODD)
def test_whatever_somebody_wrote_into_the_database_is_exported_and_hinders_nothing(
    tmp_path: Path, column: str, value: object
) -> None:
    force = Force(tmp_path / "home" / "journals.sqlite")
    store = force.open()
    said(store, "H1", 9, "PC1")
    store.close()
    tampered(force.place, f"UPDATE annotations SET {column} = ?", value)
    dossier.write(tmp_path / "audit", force.holdings, force.beside, ASKED, None)
    assert Dossier(tmp_path / "audit").annotations() == force.holdings.annotations() != []
    assert recompute(tmp_path / "audit").findings == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE units SET unit = 'x' WHERE serial = 'C2'",
        "UPDATE units SET unit = 70000 WHERE serial = 'C2'",
        "UPDATE units SET name = X'ff' WHERE serial = 'C2'",
        "UPDATE additions SET utc_ms = 10000000000000000 WHERE serial = 'C2'",
        "UPDATE records SET chain = X'00' WHERE serial = 'C2' AND sequence = 9",
        "UPDATE records SET raw = 'text' WHERE serial = 'C2' AND sequence = 9",
        "UPDATE records SET epoch = -1 WHERE serial = 'C2' AND sequence = 0",
        "UPDATE records SET sequence = sequence + 5000000000 WHERE serial = 'C2' AND sequence > 30",
    ],
)
def test_rows_that_no_journal_can_hold_are_a_finding_that_names_the_unit(tmp_path: Path, statement: str) -> None:
    force = Force(tmp_path / "home" / "journals.sqlite")
    tampered(force.place, statement)
    with pytest.raises(ToolError, match="'C2' cannot be exported, somebody changed it") as refused:
        dossier.write(tmp_path / "audit", force.holdings, force.beside, ASKED, None)
    assert refused.value.code == 1 and "by name" in refused.value.advice
    part = Chosen(force.holdings, frozenset({"H1", "C1"}))
    dossier.write(tmp_path / "audit", part, known_of_all(force.holdings, force.beside), ASKED, None)
