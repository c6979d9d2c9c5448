"""`interlock report --recompute`: every figure follows from the exported files, and one that does not is named."""

import copy
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from host_tools.campaign.executor import Pool
from host_tools.exporting import dossier
from host_tools.exporting.compare import ABSENT, differences
from host_tools.exporting.recompute import recompute
from host_tools.outcome import ToolError
from host_tools.program import app

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
    assert again.findings == [] and again.notes == []
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


def test_a_report_of_another_version_is_compared_as_far_as_it_goes(folder: Path) -> None:
    facts = json.loads((folder / "report.json").read_bytes())
    del facts["headline"]["without_training"]
    facts["shoe_size"] = 42
    (folder / "report.json").write_text(json.dumps(facts, sort_keys=True))
    sum_anew(folder)
    again = recompute(folder)
    assert again.findings == []
    assert again.notes == [
        "headline.without_training cannot be compared: the export does not have it",
        "shoe_size cannot be compared: what was recomputed does not have it",
    ]


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
