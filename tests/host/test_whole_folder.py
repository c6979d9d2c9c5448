"""A folder that is made to be handed on: it has its name when all of it is there, on disk, and not before."""

import os
from pathlib import Path

import pytest

from host_tools.exporting import files


def test_all_that_is_in_it_is_on_disk_before_it_has_its_name_and_then_its_name_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stick that is pulled out at once holds the whole of it, or nothing by that name."""
    synced: list[int] = []
    before: list[int] = []
    fsync, rename = os.fsync, Path.rename

    def noted(handle: int) -> None:
        synced.append(os.fstat(handle).st_ino)
        fsync(handle)

    def named(fresh: Path, folder: Path) -> Path:
        before.extend(synced)
        synced.clear()
        return rename(fresh, folder)

    monkeypatch.setattr(os, "fsync", noted)
    monkeypatch.setattr(Path, "rename", named)
    with files.made_whole(tmp_path / "out") as fresh:
        files.write(fresh, "one", b"1")
        files.write(fresh, "a/b/two", b"2")
    found = [tmp_path / "out", *(tmp_path / "out").rglob("*")]
    assert len(found) == 5
    assert sorted(before) == sorted(path.stat().st_ino for path in found if os.name != "nt" or path.is_file())
    assert os.name == "nt" or synced == [tmp_path.stat().st_ino]
