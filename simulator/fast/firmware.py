"""The firmware's modules in this process, apart from those that host tools import: one copy for all boards of a world.

Modules of the firmware hold no state of a board (restarts and tests of two units in one process rely on it), so they
are shared. What a board's interpreter has of its own, the doubles, is loaded anew for each boot. What the firmware
takes from a double while it runs is that of the board whose turn it is; what a module takes while it loads, for all
boards to come, is a door that leads there later.
An import looks into the firmware's directory, then at doors, then at the few modules of CPython that MicroPython has,
too. Nothing enters `sys.modules`.
"""

import builtins
import gc
import hashlib
import importlib
import random
import traceback
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from types import CodeType, ModuleType, SimpleNamespace
from typing import Any

from ..hardware.vm import DOUBLES, FIRMWARE

_SAME = ("binascii", "collections", "gc", "struct")
"""What the firmware uses of them is the same in both Pythons."""
_AT_BOOT = ("time", "os", "hashlib", "random", "machine", "bluetooth")
_TICKS_MASK = (1 << 30) - 1


@cache
def _code(path: Path) -> CodeType:
    return compile(path.read_text(encoding="utf-8"), str(path), "exec")


@cache
def _file(directory: Path, name: str) -> tuple[Path, bool] | None:
    """Where the module `name` is, and whether it is a package."""
    path = directory.joinpath(*name.split("."))
    if (path / "__init__.py").exists():
        return path / "__init__.py", True
    file = path.with_suffix(".py")
    return (file, False) if file.exists() else None


class Modules:
    """A set of modules that see each other, `given` ones and those in `directory`, and nothing else.

    `printed` gets what they print, a text and its end.
    """

    def __init__(self, directory: Path, given: Mapping[str, Any], printed: Callable[[str], None]) -> None:
        self.loading = 0
        """How many module bodies run now, one within the other."""
        self._directory = directory
        self._loaded: dict[str, Any] = dict(given)

        def output(*values: object, sep: str = " ", end: str = "\n") -> None:
            printed(sep.join(map(str, values)) + end)

        self._builtins = {**vars(builtins), "__import__": self._import, "print": output}

    def load(self, name: str) -> Any:
        """The module `name`. ImportError when a virtual board has none."""
        if name not in self._loaded:
            self._loaded[name] = self._find(name)
        return self._loaded[name]

    def _find(self, name: str) -> Any:
        found = _file(self._directory, name)
        if found is None:
            if name in _SAME:
                return importlib.import_module(name)
            raise ImportError(f"no module named '{name}' on a virtual board of the fast fidelity")
        path, is_package = found
        parent, _, child = name.rpartition(".")
        module = ModuleType(name)
        module.__dict__.update(
            __builtins__=self._builtins, __file__=str(path), __package__=name if is_package else parent
        )
        holder = self.load(parent) if parent else None
        self._loaded[name] = module
        self.loading += 1
        try:
            exec(_code(path), module.__dict__)
        finally:
            self.loading -= 1
        if holder is not None:
            setattr(holder, child, module)
        return module

    def _import(
        self,
        name: str,
        globals: Mapping[str, Any] | None = None,  # the names are Python's: it calls with keywords
        locals: Mapping[str, Any] | None = None,
        fromlist: Iterable[str] | None = (),
        level: int = 0,
    ) -> Any:
        if level:
            assert globals is not None
            base = globals["__package__"].rsplit(".", level - 1)[0]
            name = f"{base}.{name}" if name else base
        module = self.load(name)
        if not fromlist:
            return self.load(name.partition(".")[0])
        for item in fromlist:
            if item != "*" and isinstance(module, ModuleType) and not hasattr(module, item):
                self.load(f"{name}.{item}")
        return module


class _Door:
    """A class or a function of a double, for modules that all boards share."""

    def __init__(self, firmware: "Firmware", way: str) -> None:
        self._firmware = firmware
        self._way = way

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._firmware.turn.ways[self._way](*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._firmware.turn.ways[self._way], name)


class _Doors:
    """A double, for modules that all boards share."""

    def __init__(self, firmware: "Firmware", module: str) -> None:
        self._firmware = firmware
        self._module = module

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        way = f"{self._module}.{name}"
        return _Door(self._firmware, way) if self._firmware.is_loading else self._firmware.turn.ways[way]


class Firmware:
    """The shared modules. `turn`: the doubles of the board that runs now."""

    turn: "Doubles"

    def __init__(self) -> None:
        doors: dict[str, Any] = {name: _Doors(self, name) for name in (*_AT_BOOT, "esp32", "rp2", "pyb")}
        # The modules here are all boards': none of them lets any go (`interlock/parts.py`).
        doors["sys"] = SimpleNamespace(modules={})
        self._modules = Modules(FIRMWARE, doors, lambda text: self.turn.printed(text))

    @property
    def is_loading(self) -> bool:
        """Whether the body of a module runs now."""
        return self._modules.loading > 0

    def load(self, name: str) -> Any:
        """A module of the firmware."""
        return self._modules.load(name)


class Doubles:
    """What one boot of a board has of its own: the modules in `doubles/`, as in a VM. `printed` gets their output.

    Of `os` there is the entropy only, no files. `random` is CPython's generator, not MicroPython's: seeded alike, it
    gives other numbers.
    """

    def __init__(self, printed: Callable[[str], None]) -> None:
        self.printed = printed
        self.ways = _Ways(self)
        """What doors lead to: by module and name."""
        given = {
            "gc": gc,
            "micropython": SimpleNamespace(const=lambda value: value, heap_lock=_no_lock, heap_unlock=_no_lock),
            "os": SimpleNamespace(urandom=lambda count: self.load("simrt").call("vm.urandom", count)),
            "sys": SimpleNamespace(print_exception=self._print_exception),
            "uhashlib": hashlib,
            "urandom": random.Random(),
        }
        self._modules = Modules(DOUBLES, given, printed)

    def load(self, name: str) -> Any:
        """One of them."""
        return self._modules.load(name)

    def line(self, wait: Callable[[int], None], call: Callable[[str, tuple[object, ...]], object]) -> dict[str, Any]:
        """What `simrt` knows, by name; from now on it reaches the world by these two instead of a socket."""
        rt: dict[str, Any] = vars(self.load("simrt"))
        rt["_exchange"] = lambda kind, until_us, heap, asked: wait(until_us)
        rt["request"] = call
        rt["open_heap"], rt["close_heap"] = _no_lock, _no_unlock
        rt["_sample_heap"] = _no_lock
        return rt

    def boot(self) -> None:
        """Load what `doubles/simboot.py` loads, in its order: some of it asks the world for something."""
        for name in _AT_BOOT:
            self.load(name)
        self.ways["time.ticks_ms"] = self._ticks_ms()

    def _ticks_ms(self) -> Callable[[], int]:
        """`time.ticks_ms` in one piece: it is called more often than all else together."""
        rt = vars(self.load("simrt"))
        whole: Callable[[], int] = self.load("time").ticks_ms
        tick_us, offset_us, levels = rt["costs"]["tick_us"], rt["ticks_offset_us"], rt["_levels"]
        debt_max_us = rt["_DEBT_MAX_US"]

        def ticks_ms() -> int:
            debt_us = rt["_debt_us"] + tick_us
            if debt_us >= debt_max_us or levels["clock ppb"] or rt["stood_still_us"]:
                return whole()
            rt["_debt_us"] = debt_us
            uptime_us = levels["ticks base us"] + rt["_world_us"] + debt_us - levels["ticks zero us"]
            ticks: int = (uptime_us + offset_us) // 1000 & _TICKS_MASK
            return ticks

        return ticks_ms

    def _print_exception(self, error: BaseException) -> None:
        self.printed("".join(traceback.format_exception(error)))


class _Ways(dict[str, Any]):
    def __init__(self, doubles: Doubles) -> None:
        self._doubles = doubles

    def __missing__(self, way: str) -> Any:
        module, name = way.split(".")
        self[way] = found = getattr(self._doubles.load(module), name)
        return found


def _no_lock() -> int:
    """This heap is never locked, and nobody samples it."""
    return 0


def _no_unlock(depth: int) -> None:
    """As `_no_lock`."""
