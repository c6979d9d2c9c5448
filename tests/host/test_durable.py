"""Files that are replaced: whole or not at all, for their owner only, and nothing is left beside them."""

import os
import stat
from pathlib import Path

import pytest

from host_tools import durable
from host_tools.outcome import ToolError

from .fullness import small_disk


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_replaced_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    path.chmod(0o644)
    durable.replace(path, b"new")
    assert path.read_bytes() == b"new" and names(tmp_path) == ["a"]
    assert os.name == "nt" or stat.S_IMODE(path.stat().st_mode) == 0o600


def test_on_a_full_disk_the_old_file_stays_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 100):
        path = tmp_path / "disk" / "a"
        path.write_bytes(b"old")
        with pytest.raises(ToolError, match="No space left") as caught:
            durable.replace(path, bytes(200_000))
        assert "Free space" in caught.value.advice
        assert path.read_bytes() == b"old" and names(path.parent) == ["a"]


@pytest.mark.parametrize("broken", [KeyboardInterrupt, OSError(28, "No space left on device"), ValueError])
def test_broken_off_the_old_file_stays_and_nothing_is_left_beside_it(
    tmp_path: Path, broken: type[BaseException] | OSError
) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    with pytest.raises((KeyboardInterrupt, ToolError, ValueError)), durable.replacing(path) as file:
        file.write(b"half")
        raise broken
    assert path.read_bytes() == b"old" and names(tmp_path) == ["a"]


def test_where_no_file_can_stand_the_error_has_advice_and_nothing_is_left(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(ToolError) as caught:
        durable.replace(tmp_path / "a", b"new")
    assert caught.value.advice and names(tmp_path) == ["a"]
