"""What is to be done to a board, as a pure function: on a model of a file system, whatever is on it and wherever it is
cut, the plan leads to what is wanted, and then says that nothing is to be done."""

from hypothesis import given
from hypothesis import strategies as st

from host_tools.flashing.plan import RELEASE, SLOTS_FILE, Do, floor_of, fresh_name, plan, sums, wanted
from interlock_loader import slots

NAMES = ["/boot.py", "/main.py", "/board.py", "/a/app.ilu", "/interlock_loader/boot.mpy", "/interlock_loader/x/y.mpy"]
STRANGE = ["/mine.txt", "/lib/x.py", "/b/app.ilu", "/b/app.new", "/interlock/app.py", "/slots.new", "/boot.py.new"]
CONTENTS = st.binary(max_size=9)


class Board:
    """Files and folders by path, as `look` would tell of them."""

    def __init__(self, files):
        self.files = dict(files)
        self.folders = {parent for path in files for parent in parents(path)}

    def found(self):
        return {path: sums(data) for path, data in self.files.items()} | dict.fromkeys(self.folders)

    def do(self, step, cut=None):
        """One step; `cut`: a PUT stops behind so many of its bytes."""
        if step.do is Do.FOLDER:
            assert set(parents(step.path)) <= self.folders
            self.folders.add(step.path)
        elif step.do is Do.PUT:
            assert set(parents(step.path)) <= self.folders
            before = self.files.get(step.path, b"") if step.at else b""
            assert before == step.data[: step.at]
            self.files[step.path] = step.data[: len(step.data) if cut is None else max(step.at, cut)]
        elif step.do is Do.RENAME:
            self.files[step.onto] = self.files.pop(step.path)
        elif step.do is Do.REMOVE:
            del self.files[step.path]
        else:
            assert not [path for path in [*self.files, *self.folders] if path.startswith(f"{step.path}/")]
            self.folders.remove(step.path)


def parents(path):
    parts = path.strip("/").split("/")[:-1]
    return ["/" + "/".join(parts[: at + 1]) for at in range(len(parts))]


def files(names):
    return st.dictionaries(st.sampled_from(names), CONTENTS)


@given(files(NAMES + STRANGE), files(NAMES), st.data())
def test_a_plan_leads_to_what_is_wanted_from_anywhere_cut_anywhere(there, want, data):
    board = Board(there)
    for _ in range(3):
        steps = plan(board.found(), want)
        at = data.draw(st.integers(0, len(steps)))
        for step in steps[:at]:
            board.do(step)
        if at < len(steps) and steps[at].do is Do.PUT:
            board.do(steps[at], data.draw(st.integers(0, len(steps[at].data))))
    for step in plan(board.found(), want):
        board.do(step)
    assert plan(board.found(), want) == []
    assert {path: data for path, data in board.files.items() if path not in STRANGE[:2]} == want
    assert all(board.files[path] == there[path] for path in STRANGE[:2] if path in there)


@given(files(NAMES), files(NAMES))
def test_no_file_is_written_under_its_own_name(there, want):
    for step in plan(Board(there).found(), want):
        assert step.do is not Do.PUT or (step.path not in want and step.path in map(fresh_name, want))


def test_what_was_begun_is_gone_on_with_only_where_its_beginning_is_right():
    want = {"/main.py": b"abcdef"}
    (put, _) = plan({"/main.py.new": sums(b"abc")}, want)
    assert put.at == 3
    (put, _) = plan({"/main.py.new": sums(b"abd")}, want)
    assert put.at == 0
    (only,) = plan({"/main.py.new": sums(b"abcdef")}, want)
    assert only.do is Do.RENAME


def test_a_release_comes_before_its_slot_is_said_to_run_and_the_other_one_goes_last():
    there = Board({"/b/app.ilu": b"old", SLOTS_FILE: slots.pack(slots.FIRST._replace(active=1))})
    want = wanted({RELEASE: b"new"}, there.files[SLOTS_FILE])
    order = [(step.do, step.onto or step.path) for step in plan(there.found(), want)]
    assert order.index((Do.RENAME, RELEASE)) < order.index((Do.RENAME, SLOTS_FILE))
    assert order.index((Do.RENAME, SLOTS_FILE)) < order.index((Do.REMOVE, "/b/app.ilu"))


def test_the_loaders_state_is_left_alone_where_it_says_what_is_so_already():
    fine = slots.pack(slots.FIRST._replace(floor=(1, 2, 3), tries=1))
    assert wanted({RELEASE: b"x"}, fine)[SLOTS_FILE] == fine
    for other in (slots.FIRST._replace(standing=slots.TRIAL), slots.FIRST._replace(active=1, floor=(1, 2, 3))):
        after = slots.unpack(wanted({RELEASE: b"x"}, slots.pack(other))[SLOTS_FILE])
        assert (after.active, after.standing, after.floor) == (0, slots.CONFIRMED, other.floor)
    assert slots.unpack(wanted({RELEASE: b"x"}, b"spoiled")[SLOTS_FILE]) == slots.FIRST
    assert SLOTS_FILE not in wanted({"/interlock/app.py": b"x"}, fine)
    assert floor_of(fine) == (1, 2, 3) and floor_of(None) == (0, 0, 0)
