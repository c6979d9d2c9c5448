"""`interlock report --recompute`: every figure follows from the exported files, and one that does not is named."""

import copy
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from host_tools.exporting import dossier, plain
from host_tools.exporting.compare import ABSENT, differences
from host_tools.exporting.kept_files import read_kept
from host_tools.exporting.recompute import recompute
from host_tools.outcome import ToolError
from host_tools.program import app
from host_tools.workers.executor import Pool

from .adversary import careful, taken_apart
from .exports import ASKED, Force, edit, sum_anew


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Not to be changed."""
    folder = tmp_path_factory.mktemp("force")
    force = Force(folder / "home" / "journals.sqlite")
    dossier.write(folder / "audit", force.holdings, force.beside, ASKED, None)
    return folder / "audit"


@pytest.fixture
def folder(exported: Path, tmp_path: Path) -> Path:
    shutil.copytree(exported, tmp_path / "audit")
    return tmp_path / "audit"


def command(folder: Path, *options: str) -> Result:
    home = folder.parent / "nobodys home"
    return CliRunner().invoke(app, ["--home", str(home), "report", "--recompute", str(folder), *options])


def test_what_was_exported_is_what_follows_without_store_and_vault(folder: Path) -> None:
    again = recompute(folder)
    assert again.findings == []
    assert again.report.plain()["headline"]["discharges"]["total"] == 4
    done = command(folder)
    assert done.exit_code == 0 and "every figure is as the export says" in done.stderr
    assert (
        json.loads(command(folder, "--json").stdout)["headline"]
        == json.loads((folder / "report.json").read_bytes())["headline"]
    )


def test_several_processes_reckon_what_one_reckons(folder: Path) -> None:
    with Pool(2) as pool:
        again = recompute(folder, pool)
    assert again.findings == [] and again.report == recompute(folder).report


@pytest.mark.parametrize(
    ("place", "value", "told"),
    [
        (
            ("headline", "discharges", "before"),
            4,
            "headline.discharges.before: 4 in the export, 3 recomputed",
        ),
        (
            ("uses", 3, "events", 2, "verdict"),
            "before",
            'uses[H1:49].events[H1:51].verdict: "before" in the export, "unwitnessed" recomputed',
        ),
        (
            ("units", 0, "records"),
            1,
            "units[H1].records: 1 in the export, 53 recomputed",
        ),
        (("uses", 0, "began", "utc_ms"), None, "uses[H1:9].began.utc_ms: null in the export"),
        (("findings",), [{"serial": None, "name": None, "text": "x"}], "findings[0]: {"),
    ],
)
def test_a_figure_that_does_not_follow_is_named_by_its_place_with_both_values(
    folder: Path, place: tuple[str | int, ...], value: object, told: str
) -> None:
    edit(folder / "report.json", (place, value))
    sum_anew(folder)
    (finding,) = recompute(folder).findings
    assert finding.startswith(told)
    done = command(folder)
    assert done.exit_code == 1 and told in done.stderr


def test_a_file_that_was_changed_is_named_whatever_it_changes(folder: Path) -> None:
    edit(folder / "report.json", (("force",), "Another"))
    assert recompute(folder).findings == [
        "report.json was altered: its SHA-256 is not the one in SHA256SUMS",
        'force: "Another" in the export, "MPS" recomputed',
    ]


def test_a_use_that_was_left_out_is_named_once(folder: Path) -> None:
    facts = json.loads((folder / "report.json").read_bytes())
    edit(folder / "report.json", (("uses",), facts["uses"][1:]))
    sum_anew(folder)
    (finding,) = recompute(folder).findings
    assert finding.startswith("uses[H1:9]: nothing in the export, {")


def test_a_record_that_was_changed_shows_in_the_figures(folder: Path) -> None:
    """Carefully: whoever did it made all checksums and chain values fit, and kept the notes beside the journal."""
    path = folder / "journals" / "H1.ilj"
    pulled = taken_apart(path.read_bytes())
    raws = list(pulled.raws)
    raws[10] = raws[10][:10] + bytes([raws[10][10] ^ 1]) + raws[10][11:]
    path.write_bytes(careful(pulled, raws).file())
    sum_anew(folder)
    found = recompute(folder)
    assert any("units[H1].journal" in text and '"altered" recomputed' in text for text in found.findings)
    assert any(finding.serial == "H1" and "altered" in finding.text for finding in found.report.findings)


def test_a_field_that_only_one_of_the_two_has_is_a_difference(folder: Path) -> None:
    """Whoever takes a figure out, or renames it, has not had it confirmed."""
    facts = json.loads((folder / "report.json").read_bytes())
    del facts["headline"]
    event = facts["uses"][3]["events"][2]
    event["Verdict"] = "before"
    del event["verdict"]
    (folder / "report.json").write_text(json.dumps(facts, sort_keys=True))
    sum_anew(folder)
    found = recompute(folder).findings
    assert found[-1].startswith("headline: nothing in the export, {")
    assert set(found[:-1]) == {
        'uses[H1:49].events[H1:51].Verdict: "before" in the export, nothing recomputed',
        'uses[H1:49].events[H1:51].verdict: nothing in the export, "unwitnessed" recomputed',
    }
    done = command(folder)
    assert done.exit_code == 1 and "every figure is as" not in done.stderr


def test_a_report_of_nothing_is_not_confirmed(folder: Path) -> None:
    (folder / "report.json").write_text("{}")
    sum_anew(folder)
    assert len(recompute(folder).findings) > 10 and command(folder).exit_code == 1


@pytest.mark.parametrize("name", ["report.json", "beside.json", "journals/H1.json"])
def test_a_file_that_says_one_thing_twice_is_refused(folder: Path, name: str) -> None:
    """A reader sees the one, a program takes the other."""
    text = (folder / name).read_text(encoding="utf-8")
    first = re.search(r'"(\w+)":', text)
    assert first is not None
    (folder / name).write_text(text.replace("{", '{"' + first[1] + '": "another", ', 1), encoding="utf-8")
    sum_anew(folder)
    with pytest.raises(ToolError, match=f"{re.escape(name)} .*{first[1]}.* twice"):
        recompute(folder)


@pytest.mark.parametrize(
    "name", ["journals/C7.ilj", "journals/H1.9.ilj", "keys/C7-1.pub", "confession.txt", "signed/H1.0.msg"]
)
def test_a_file_that_lies_in_an_export_and_that_nothing_reads_is_named(folder: Path, name: str) -> None:
    """Such as the journal of a camera that was taken out of the lists."""
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_bytes((folder / "keys" / "C1-1.pub").read_bytes())
    sum_anew(folder)
    assert recompute(folder).findings == [f"{name} is no part of such an export: nothing in it is read"]
    assert command(folder).exit_code == 1


def test_a_camera_that_was_taken_out_of_the_lists_is_found_by_its_files(folder: Path) -> None:
    rows = json.loads((folder / "units.json").read_bytes())
    (folder / "units.json").write_text(json.dumps([row for row in rows if row["serial"] != "C1"]))
    known = json.loads((folder / "beside.json").read_bytes())
    del known["units"]["C1"]
    (folder / "beside.json").write_text(json.dumps({**known, "pairs": []}))
    again = json.loads(json.dumps(dossier.reckoned(dossier.Dossier(folder)).plain()))
    (folder / "report.json").write_text(json.dumps(again))
    sum_anew(folder)
    assert {text.partition(" ")[0] for text in recompute(folder).findings} == {
        *("journals/C1.ilj", "journals/C1.json", "keys/C1-1.pub"),
    }


def test_records_that_are_in_a_journal_and_that_its_notes_pass_over_are_missed(folder: Path) -> None:
    """Whoever shortens what the notes point at takes the last use out of the report, and leaves the journal whole."""
    kept, last = read_kept(folder, "H1"), 48
    name = "journals/H1.json"
    rows = [row for row in kept.stored.rows if row.sequence < last]
    (stretch,) = (one for one in json.loads((folder / name).read_bytes())["stretches"] if one["file"] == "H1.ilj")
    edit(
        folder / name,
        (
            ("stretches", -1),
            {**stretch, "records": last, "size": sum(len(row.raw) for row in rows), "after": rows[-1].after.hex()},
        ),
        (("heads",), []),
        (("arrivals",), []),
    )
    (folder / "report.json").write_bytes(plain.written(dossier.reckoned(dossier.Dossier(folder)).plain()))
    sum_anew(folder)
    assert recompute(folder).findings == ["journals/H1.ilj has more, or others, than journals/H1.json tells of it"]


def test_a_checkpoint_that_the_notes_pass_over_is_missed(folder: Path) -> None:
    edit(folder / "journals" / "C1.json", (("signed",), 0))
    (folder / "report.json").write_bytes(plain.written(dossier.reckoned(dossier.Dossier(folder)).plain()))
    sum_anew(folder)
    assert recompute(folder).findings == ["journals/C1.ilj has more, or others, than journals/C1.json tells of it"]


def test_nothing_lies_too_deep_to_be_seen(folder: Path) -> None:
    deep = folder.joinpath(*"abcdefghij")
    deep.mkdir(parents=True)
    (deep / "x").write_text("x")
    assert [text for text in recompute(folder).findings if "a/b/c/d/e/f/g is a folder in more" in text]


@pytest.mark.parametrize("data", [b"[]", b"null", b"1"])
def test_a_report_that_is_none_is_told(folder: Path, data: bytes) -> None:
    (folder / "report.json").write_bytes(data)
    with pytest.raises(ToolError, match=r"report\.json"):
        recompute(folder)


def test_what_is_no_export_is_told(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(ToolError, match="no export"):
            recompute(path)
    (tmp_path / "file").write_bytes(b"PK")
    with pytest.raises(ToolError, match="no bundle"):
        recompute(tmp_path / "file")


# Hostile files.

VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False),
    st.text(max_size=20),
    st.binary(max_size=40).map(bytes.hex),
    st.just([]),
    st.just({}),
    st.just([[]]),
)
FILES = [
    *("units.json", "beside.json", "asked.json", "annotations.json", "roster.json", "report.json"),
    *("journals/H1.json", "journals/C1.json"),
]


def leaves(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Places of all values, containers among them."""
    found = [path] if path else []
    if isinstance(value, dict):
        members: list[tuple[str | int, Any]] = list(value.items())
    else:
        members = list(enumerate(value)) if isinstance(value, list) else []
    for name, member in members:
        found += leaves(member, (*path, name))
    return found


@given(data=st.data(), name=st.sampled_from(FILES), value=VALUES)
@settings(max_examples=60, deadline=None)
def test_whatever_a_value_is_changed_to_it_is_told_or_makes_no_difference(
    exported: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, name: str, value: object
) -> None:
    folder = tmp_path_factory.mktemp("hostile") / "audit"
    shutil.copytree(exported, folder)
    facts = json.loads((folder / name).read_bytes())
    places = leaves(facts)
    if places:
        edit(folder / name, (data.draw(st.sampled_from(places)), value))
    sum_anew(folder)
    try:
        recompute(folder)
    except ToolError as error:
        assert error.advice
    shutil.rmtree(folder.parent)


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_whatever_byte_of_a_journal_is_changed_it_is_found(
    exported: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("hostile") / "audit"
    shutil.copytree(exported, folder)
    path = folder / "journals" / data.draw(st.sampled_from(["H1.ilj", "C1.ilj"]))
    content = bytearray(path.read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    try:
        found = recompute(folder)
    except ToolError as error:
        assert f"journals/{path.name} was altered" in str(error)
    else:
        assert f"journals/{path.name} was altered: its SHA-256 is not the one in SHA256SUMS" in found.findings
    shutil.rmtree(folder.parent)


# Comparing.

JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-5, 5), st.text(max_size=3)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.sampled_from("abcde"), inner, max_size=4)),
    max_leaves=20,
)


@given(JSON)
def test_nothing_differs_from_itself(value: Any) -> None:
    assert differences(value, copy.deepcopy(value)) == []


@given(JSON, JSON)
def test_two_values_differ_if_and_only_if_something_is_said(one: Any, other: Any) -> None:
    found = differences(one, other)
    assert bool(found) == (json.dumps(one, sort_keys=True) != json.dumps(other, sort_keys=True))
    assert len(found) == len(differences(other, one))


def test_members_are_matched_by_what_names_them() -> None:
    one = [{"serial": "A", "n": 1}, {"serial": "B", "n": 2}]
    other = [{"serial": "B", "n": 3}, {"serial": "C", "n": 4}]
    found = differences({"units": one}, {"units": other})
    assert [(d.path, d.exported, d.recomputed) for d in found] == [
        ("units[A]", one[0], ABSENT),
        ("units[B].n", 2, 3),
        ("units[C]", ABSENT, other[1]),
    ]
    (order,) = differences(one, one[::-1])
    assert order.path.endswith("in order")
