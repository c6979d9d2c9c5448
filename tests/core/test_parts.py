"""Parts of the program come whole or not at all, and go wholly, with whoever was asked for them."""

import struct
import sys

from interlock import parts
from interlock.core import access, updating, wire
from interlock_loader.slots import FIRST
from tests.core.office_world import World
from tests.core.session_world import some_access


class Forgotten:
    """Modules that are not there, as in a unit that was not asked for them yet; those that were are put back."""

    def __init__(self, *names):
        self._names = ["interlock." + name for name in names]

    def __enter__(self):
        self._was = {name: sys.modules.get(name) for name in self._names}
        parts.let_go(self._names)
        return self

    def __exit__(self, *_):
        for name, module in self._was.items():
            if module is not None:
                sys.modules[name] = module
                place, _, last = name.rpartition(".")
                setattr(sys.modules[place], last, module)

    def here(self):
        return [name for name in self._names if name in sys.modules]


class Keeper:
    board = "pico_w"
    slot = 0
    state = FIRST

    def path(self, slot):
        return "/nowhere-%d.ilu" % slot


def test_what_an_update_loaded_goes_with_the_desk_that_was_asked():
    with Forgotten("update", "release_files", "core.updating") as asked:
        world = World()
        world.keeper = Keeper()
        for _ in range(2):
            world.turns(True)
            assert not asked.here()
            reason, state = world.office.desk.update(wire.UPDATE_STATE, b"")
            assert reason == wire.OK and len(state) == struct.calcsize(updating.STATE_FORM) and len(asked.here()) == 3
            world.turns(False)
            assert world.office.desk is None and not asked.here()


def test_an_update_that_cannot_be_loaded_is_refused_and_the_session_goes_on():
    world = World()
    world.keeper = Keeper()
    world.turns(True)

    def fail():
        raise MemoryError

    world.office.desk._update = parts.Part(fail)
    assert world.office.desk.update(wire.UPDATE_STATE, b"") == (wire.FLASH_FAILED, b"")
    assert world.office.desk.work() is False
    world.turns(False)
    assert world.office.desk is None


def test_what_agrees_on_a_key_is_there_while_the_label_counts_and_goes_with_the_desk():
    for is_open in (True, False):
        with Forgotten("core.x25519") as asked:
            world = World()
            access.store(world.area, access.Access(*(some_access()[:-1] + (is_open,))))
            world.turns(True)
            assert bool(asked.here()) == is_open
            world.turns(False)
            assert world.office.desk is None and not asked.here()


def test_a_part_is_there_once_it_is_asked_for_until_it_is_forgotten():
    tries = []

    def make():
        tries.append(1)
        if len(tries) == 1:
            raise ImportError
        from interlock.core import x25519

        return x25519

    with Forgotten("core.x25519") as asked:
        part = parts.Part(make)
        part.forget()
        assert part.get() is None and part.held is None
        assert part.get() is part.held is not None and part.get() and len(tries) == 2 and asked.here()
        part.forget()
        assert part.held is None and not asked.here()


def test_a_part_is_loaded_whole_or_not_at_all_and_goes_wholly():
    name = "interlock.core.x25519"
    was = sys.modules.pop(name, None)

    def find():
        from interlock.core import x25519

        return x25519

    def fail():
        find()
        raise MemoryError

    try:
        parts.let_go([name])
        try:
            parts.load(fail)
            raise AssertionError("it raises what the import raised")
        except MemoryError:
            assert name not in sys.modules
        made, names = parts.load(find)
        assert names == [name] and made is sys.modules[name]
        parts.let_go(names)
        assert name not in sys.modules
        assert not hasattr(sys.modules["interlock.core"], "x25519")
    finally:
        if was is not None:
            sys.modules[name] = was
            sys.modules["interlock.core"].x25519 = was
