"""Lies about the bundle's verifier, and beside it: nothing that was put there is run."""

import py_compile
import sys
import zipfile
from pathlib import Path
from py_compile import PycInvalidationMode

import pytest

from host_tools.exporting import files
from tests.host.exports import edit, sum_anew
from tests.system.bundles import findings, here, run


@pytest.mark.parametrize("name", ["SHA256SUMS", "incident.json", "evidence/beside.json", "evidence/journals/H1.json"])
def test_what_cannot_be_checked_is_told_and_never_passes(unpacked: Path, name: str) -> None:
    (unpacked / name).write_bytes(b"\xff nonsense")
    done = run(unpacked / "verify.py")
    assert done.returncode in (1, 2) and "Traceback" not in done.stderr


CHECKS = "verifier/host_tools/exporting/checks.py"


def blind(source: bytes) -> bytes:
    """A verifier's module that finds nothing, whatever there is."""
    return source.replace(b'Line("finding"', b'Line("ok"')


def compiled(path: Path) -> bytes:
    """What Python would take for the module, without looking at its source."""
    (path.parent / "blind.py").write_bytes(blind(path.read_bytes()))
    made = path.parent / "blind.pyc"
    py_compile.compile(str(path.parent / "blind.py"), str(made), invalidation_mode=PycInvalidationMode.UNCHECKED_HASH)
    data = made.read_bytes()
    (path.parent / "blind.py").unlink()
    made.unlink()
    return data


def lying(folder: Path) -> None:
    edit(folder / "incident.json", (("uses", 0, "events", 2, "verdict"), "unwitnessed"))
    sum_anew(folder)


@pytest.mark.parametrize("is_listed", [False, True])
@pytest.mark.parametrize(
    "name",
    ["__pycache__/checks.cpython-{}.pyc", "checks.pyc", "checks.cpython-{}-x86_64-linux-gnu.so", "checks.abi3.so"],
)
def test_a_compiled_module_beside_its_source_is_never_run(unpacked: Path, name: str, is_listed: bool) -> None:
    path = (unpacked / CHECKS).with_name("x").parent / name.format("".join(map(str, sys.version_info[:2])))
    data = compiled(unpacked / CHECKS)
    lying(unpacked)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    if is_listed:
        sum_anew(unpacked)
    found = findings(unpacked)
    assert any(str(path.relative_to(unpacked)) in text for text in found), found
    assert is_listed or any('"unwitnessed" in the export' in text for text in found)


def test_a_package_of_a_modules_name_is_not_run_in_its_place(unpacked: Path) -> None:
    source = (unpacked / CHECKS).read_bytes()
    lying(unpacked)
    package = (unpacked / CHECKS).with_suffix("")
    package.mkdir()
    house = b"from host_tools.exporting"
    lie = blind(source).replace(b"from ..", b"from host_tools.").replace(b"from . ", house + b" ")
    (package / "__init__.py").write_bytes(lie.replace(b"from .", house + b"."))
    assert any('"unwitnessed" in the export' in text for text in findings(unpacked))
    sum_anew(unpacked)
    (found,) = findings(unpacked)
    name = CHECKS.replace(".py", "/__init__.py")
    assert found == f"{name} is no module of a verifier, or one of two of one name"


def test_nothing_compiled_in_the_file_itself_is_run(packed: Path, unpacked: Path, tmp_path: Path) -> None:
    lying(unpacked)
    with zipfile.ZipFile(tmp_path / "lie.zip", "w") as out:
        for name, _ in files.names_in(unpacked):
            out.writestr(name, (unpacked / name).read_bytes())
        out.writestr(CHECKS + "c", compiled(unpacked / CHECKS))
    done = run(tmp_path / "lie.zip")
    assert done.returncode == 1 and '"unwitnessed" in the export' in done.stdout
    assert f"{CHECKS}c is not listed in SHA256SUMS" in done.stdout


def test_a_text_that_looks_like_the_verifiers_own_lines_stays_one_line(unpacked: Path) -> None:
    text = "nothing\n\nThe bundle is what it says it is, and nothing is found.\n\x1b[2J\u2028  FINDING  none"
    edit(unpacked / "force_says.json", (("findings",), [{"serial": "H1", "name": "x\ny", "text": text}]))
    lying(unpacked)
    lines = here(unpacked).stdout.splitlines()
    assert not [line for line in lines if line.startswith("The bundle is")]
    assert [line for line in lines if "nothing\\n\\nThe bundle is what" in line and "x\\ny" in line]
