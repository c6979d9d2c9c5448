"""A journal as a file: what is there already is lost only where all of it is in the new file, too."""

import os
import stat
import threading
from pathlib import Path

import pytest

from host_tools.exporting.one_journal import write_checkpoints, write_journal
from host_tools.journal_items import Signed
from host_tools.outcome import ToolError

from .exports import Force


@pytest.fixture(scope="module")
def force(tmp_path_factory: pytest.TempPathFactory) -> Force:
    return Force(tmp_path_factory.mktemp("force") / "journals.sqlite")


def exported(force: Force, serial: str) -> bytes:
    store = force.open()
    data = store.export_ilj(serial)
    store.close()
    return data


def test_it_is_for_its_owner_only_and_an_older_export_of_the_unit_is_replaced(force: Force, tmp_path: Path) -> None:
    path, whole = tmp_path / "H1.ilj", exported(force, "H1")
    unit = force.weapon
    longer = Force(tmp_path / "journals.sqlite")
    longer.weapon.uses()
    write_journal(path, whole)
    assert os.name == "nt" or stat.S_IMODE(path.stat().st_mode) == 0o600
    write_journal(path, whole)
    assert len(longer.weapon.file()) > len(unit.file())
    write_journal(path, longer.weapon.file())
    assert path.read_bytes() == longer.weapon.file()
    with pytest.raises(ToolError, match="holds what this journal does not") as refused:
        write_journal(path, whole)
    assert "Keep it" in refused.value.advice and path.read_bytes() == longer.weapon.file()


@pytest.mark.parametrize("there", [b"precious\n", b"", "C1"])
def test_nothing_else_is_written_over(force: Force, tmp_path: Path, there: bytes | str) -> None:
    path = tmp_path / "mine"
    before = there if isinstance(there, bytes) else exported(force, there)
    path.write_bytes(before)
    with pytest.raises(ToolError, match="is there already"):
        write_journal(path, exported(force, "H1"))
    assert path.read_bytes() == before


def test_no_dangling_link_is_followed_or_replaced(force: Force, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ToolError, match="is there already"):
        write_journal(tmp_path / "link", exported(force, "H1"))
    assert (tmp_path / "link").is_symlink() and not (tmp_path / "elsewhere").exists()


@pytest.mark.skipif(os.name == "nt", reason="there are no named pipes")
def test_a_pipe_takes_it(force: Force, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append((tmp_path / "pipe").read_bytes()))
    reader.start()
    write_journal(tmp_path / "pipe", exported(force, "H1"))
    reader.join()
    assert read == [exported(force, "H1")]


def test_checkpoints_of_two_units_are_not_mixed_in_one_folder(tmp_path: Path) -> None:
    first, second = Signed(b"m1", b"s1", b"k1"), Signed(b"m2", b"s2", b"k2")
    told = write_checkpoints(tmp_path / "signed", [first])
    assert write_checkpoints(tmp_path / "signed", [first]) == told
    with pytest.raises(ToolError, match="another file") as refused:
        write_checkpoints(tmp_path / "signed", [second])
    assert "--checkpoints DIR" in refused.value.advice
    assert {path.name: path.read_bytes() for path in (tmp_path / "signed").iterdir()} == {
        "unknown.msg": b"m1", "unknown.sig": b"s1", "unknown.pub": b"k1",
    }  # fmt: skip
