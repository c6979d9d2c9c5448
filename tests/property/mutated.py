"""The core's receiving half loaded anew from its source, one line of it damaged: for `test_adversary.py` to notice."""

import importlib.util
import itertools
import sys
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import interlock.core

FOLDER = Path(interlock.core.__file__).parent
MODULES = ("ticks", "crypto", "bucket", "frames", "expected", "receiver")
_numbers = itertools.count()


class Damage(NamedTuple):
    """The one place in `where` (a module, or `module.function`) that reads `old` reads `new`."""

    where: str
    old: str
    new: str

    def done_to(self, name: str, source: str) -> str:
        """The source of the module `name`, damaged if it is the one."""
        module, _, function = self.where.partition(".")
        if module != name:
            return source
        begin = source.index(f"def {function}(") if function else 0
        end = source.find("\n    def ", begin + 1) if function else -1
        part = source[begin:end] if end > 0 else source[begin:]
        assert part.count(self.old) == 1, f"{self.where} reads {self.old!r} {part.count(self.old)} times"
        return source[:begin] + part.replace(self.old, self.new) + (source[end:] if end > 0 else "")


class Core:
    """Fresh modules, apart from everybody else's; every HMAC is counted in `hmacs`."""

    def __init__(self, damage: Damage | None = None) -> None:
        self._name = f"mutated_core_{next(_numbers)}"
        package = ModuleType(self._name)
        package.__path__ = []
        sys.modules[self._name] = package
        self.hmacs = 0
        try:
            for name in MODULES:
                setattr(package, name, self._load(name, damage))
        finally:
            for name in [self._name] + [f"{self._name}.{each}" for each in MODULES]:
                sys.modules.pop(name, None)
        self.frames, self.receiver, self.expected = package.frames, package.receiver, package.expected
        self._count(package.crypto.Hmac)

    def _load(self, name: str, damage: Damage | None) -> ModuleType:
        source = (FOLDER / f"{name}.py").read_text(encoding="utf-8")
        if damage is not None:
            source = damage.done_to(name, source)
        spec = importlib.util.spec_from_loader(f"{self._name}.{name}", loader=None)
        assert spec is not None
        module = importlib.util.module_from_spec(spec)
        module.__package__ = self._name
        sys.modules[spec.name] = module
        exec(compile(source, f"{name}.py", "exec"), vars(module))
        return module

    def _count(self, hmac: type) -> None:
        digest = hmac.digest  # type: ignore[attr-defined]

        def counted(mac: object, message: bytes) -> bytes:
            self.hmacs += 1
            tag: bytes = digest(mac, message)
            return tag

        hmac.digest = counted  # type: ignore[attr-defined]
