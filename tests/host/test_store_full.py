"""A disk that is full: what was reported is there, what was not is told, and it goes on when there is room."""

import subprocess
import sys
from pathlib import Path

from host_tools.outcome import Exit, ToolError
from host_tools.store.store import Store

from .fullness import small_disk
from .journals import SERIAL, life

COUNT = 4000
PART = 100


def add_until_full(store: Store) -> tuple[int, ToolError | None]:
    """(records that were reported as stored, what ended it)."""
    raws, chains = life(COUNT)
    for first in range(store.going_on(SERIAL).next_sequence, COUNT, PART):
        try:
            store.add(SERIAL, first, chains[first], raws[first : first + PART], epoch=0, by="x", utc_ms=first)
        except ToolError as error:
            return first, error
    return COUNT, None


def check(path: Path, reported: int) -> None:
    store = Store.open(path, read_only=True)
    journal = store.journal(SERIAL)
    assert not journal.findings and len(journal.records) == reported == store.size()
    store.close()


def test_on_a_disk_that_is_full_what_was_reported_is_there_and_it_goes_on_later(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 600) as enlarge:
        place = tmp_path / "disk" / "s.sqlite"
        store = Store.open(place)
        reported, error = add_until_full(store)
        assert error is not None and error.code == Exit.DEVICE and 0 < reported < COUNT
        assert "full" in str(error) and "What was reported as stored is stored" in error.advice
        check(place, reported)
        enlarge()
        assert add_until_full(store) == (COUNT, None)
        store.close()
        check(place, COUNT)


def test_a_forward_onto_a_full_disk_takes_what_fits_and_keeps_the_rest(tmp_path: Path) -> None:
    dock = Store.open(tmp_path / "dock.sqlite")
    assert add_until_full(dock) == (COUNT, None)
    with small_disk(tmp_path / "disk", 900) as enlarge:
        stick = Store.open(tmp_path / "disk" / "s.sqlite")
        try:
            dock.forward(stick)
        except ToolError as error:
            assert "full" in str(error)
        before = stick.size()
        assert before < COUNT and dock.size() == COUNT and before % PART == 0
        enlarge()
        assert dock.forward(stick).records == COUNT - before and stick.journal(SERIAL).complete
        stick.close()
    dock.close()


LIMITED = """
import resource, sys
from pathlib import Path
from host_tools.store.store import Store
from tests.host.test_store_full import add_until_full
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
store = Store.open(Path(sys.argv[1]))
reported, error = add_until_full(store)
print(reported, "none" if error is None else f"{error} {int(error.code)}")
"""


def test_where_a_file_may_not_grow_any_more_the_same_holds(tmp_path: Path) -> None:
    """For computers on which nobody may mount a small disk: a limit of the process, which is none of SQLite's own."""
    place = tmp_path / "s.sqlite"
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", LIMITED, str(place)], capture_output=True, text=True, cwd=root)
    assert done.returncode == 0, done.stderr
    reported, told = done.stdout.split(maxsplit=1)
    assert 0 < int(reported) < COUNT and "full" in told and told.split()[-1] == str(int(Exit.DEVICE))
    check(place, int(reported))
    store = Store.open(place)
    assert add_until_full(store) == (COUNT, None)
    store.close()
    check(place, COUNT)
