"""Parts of the program that are in memory only while somebody needs them: loaded whole or not at all, and let go of.

A part is what imports within a function bring. `office.py`, `app.py` and `desk.py` decide when; they let go of none in
a use of the weapon.
Let go of, it is memory again as soon as nobody holds an object of it.
"""

import gc
import sys

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    Made = TypeVar("Made")

_OURS = "interlock."


def load(make: "Callable[[], Made]") -> "tuple[Made, list[str]]":
    """(what `make()` gives, the modules that came with it). Raises what `make` raises; then nothing stays."""
    before = list(sys.modules)
    try:
        made = make()
    except Exception:
        let_go(_come_since(before))
        raise
    return made, _come_since(before)


class Part:
    """What `make()` gives, loaded when first asked for. `held`: it, None while it is not in memory."""

    def __init__(self, make: "Callable[[], Any]") -> None:
        self.held: Any = None
        self._make = make
        self._names: list[str] = []

    def get(self) -> "Any":
        """It; None where it cannot be loaded, now."""
        if self.held is None:
            try:
                self.held, self._names = load(self._make)
            except Exception:  # noqa: BLE001 - whatever is wrong with a part, the unit goes on doing its duty
                return None
        return self.held

    def forget(self) -> None:
        """Let go of it, and of the modules that came with it."""
        if self.held is not None:
            self.held = None
            names, self._names = self._names, []
            let_go(names)


def _come_since(before: list[str]) -> list[str]:
    return [name for name in sys.modules if name.startswith(_OURS) and name not in before]


def let_go(names: list[str]) -> None:
    """Forget these modules, if any, and collect garbage: some ten milliseconds on a board."""
    if not names:
        return
    for name in names:
        sys.modules.pop(name, None)
        # A package has its modules as attributes, too.
        place, _, last = name.rpartition(".")
        package = sys.modules.get(place)
        if package is not None:
            package.__dict__.pop(last, None)
    gc.collect()
