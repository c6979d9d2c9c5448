"""A changed function takes the place of the sound one in this process, for everybody who holds it already."""

import gc
import importlib
import types
from collections.abc import Iterator
from typing import Any

from .mutants import Mutant

PACKAGE = "interlock.core"


class Misfit(Exception):
    """The changed function cannot take the sound one's place: it reaches for another outer scope."""


def transplant(mutant: Mutant) -> bool:
    """Code and defaults of the mutant's function, as the changed file defines it, become those of the loaded one.

    Whether it makes functions: what it gave when the module was imported has the new code, and the old defaults."""
    loaded = importlib.import_module(f"{PACKAGE}.{mutant.module}")
    changed = types.ModuleType(loaded.__name__)
    changed.__package__, changed.__file__ = PACKAGE, loaded.__file__
    exec(compile(mutant.source, loaded.__file__ or mutant.module, "exec"), vars(changed))
    sound, ill = (_function(module, mutant.function) for module in (loaded, changed))
    inner = dict(zip(_inner(sound.__code__), _inner(ill.__code__), strict=False))
    try:
        for each in _made_of(inner):
            each.__code__ = inner[each.__code__]
        sound.__code__ = ill.__code__
    except ValueError as error:
        raise Misfit(str(error)) from error
    sound.__defaults__, sound.__kwdefaults__ = ill.__defaults__, ill.__kwdefaults__
    return any(not each.co_name.startswith("<") for each in inner)


def _inner(code: types.CodeType) -> Iterator[types.CodeType]:
    """The code of the functions within, in their order."""
    for each in code.co_consts:
        if isinstance(each, types.CodeType):
            yield each
            yield from _inner(each)


def _made_of(inner: dict[types.CodeType, types.CodeType]) -> list[types.FunctionType]:
    """The functions that were made already of such code: a table holds what its factories gave when it was imported."""
    if not inner:
        return []
    gc.unfreeze()
    return [each for each in gc.get_objects() if isinstance(each, types.FunctionType) and each.__code__ in inner]


def _function(module: types.ModuleType, name: str) -> types.FunctionType:
    found: Any = module
    for part in name.split("."):
        found = vars(found)[part]
    found = getattr(found, "__func__", found)
    assert isinstance(found, types.FunctionType), f"{module.__name__}.{name} is no function"
    return found
