"""Who imports whom, read from the sources: nothing of them is run.

Imports within functions count: they are arrows, too. What stands under `if TYPE_CHECKING:` is told apart: it is for
who reads, and no program follows it. Names that are only put together at run time are not seen.
"""

import ast
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
HOUSES = {
    "bleak_bumble": ROOT / "bleak_bumble",
    "host_tools": ROOT / "host_tools",
    "interlock": ROOT / "firmware" / "interlock",
    "interlock_loader": ROOT / "firmware" / "interlock_loader",
    "simulator": ROOT / "simulator",
}
"""Package: its folder."""


class Arrow(NamedTuple):
    """`importer` needs `imported`: modules by their full names. `for_types`: only for who reads types."""

    importer: str
    imported: str
    for_types: bool


def modules(houses: Mapping[str, Path]) -> dict[str, Path]:
    """Every module of these packages, by its full name."""
    found = {}
    for house, folder in houses.items():
        for path in sorted(folder.rglob("*.py")):
            parts = [house, *path.relative_to(folder).with_suffix("").parts]
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def arrows(houses: Mapping[str, Path]) -> list[Arrow]:
    """All of them, to modules of these packages and to strangers."""
    known = modules(houses)
    found = []
    for name, path in known.items():
        package = name if path.name == "__init__.py" else name.rpartition(".")[0]
        for node, for_types in _imports(ast.parse(path.read_text(encoding="utf-8")), False):
            found += [Arrow(name, imported, for_types) for imported in _named(node, package, known)]
    return found


@cache
def all_arrows() -> list[Arrow]:
    """Those of this repository."""
    return arrows(HOUSES)


def followed() -> list[Arrow]:
    """Those that a program follows."""
    return [arrow for arrow in all_arrows() if not arrow.for_types]


def _imports(node: ast.AST, for_types: bool) -> Iterator[tuple[ast.Import | ast.ImportFrom, bool]]:
    if isinstance(node, ast.Import | ast.ImportFrom):
        yield node, for_types
    elif isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
        for child in node.body:
            yield from _imports(child, True)
        for child in node.orelse:
            yield from _imports(child, for_types)
    else:
        for child in ast.iter_child_nodes(node):
            yield from _imports(child, for_types)


def _named(node: ast.Import | ast.ImportFrom, package: str, known: Collection[str]) -> set[str]:
    """Full names of the modules that this statement brings."""
    if isinstance(node, ast.Import):
        return {alias.name for alias in node.names}
    base = node.module or ""
    if node.level:
        upper = package.split(".")
        base = ".".join(upper[: len(upper) - node.level + 1] + ([node.module] if node.module else []))
    return {f"{base}.{alias.name}" if f"{base}.{alias.name}" in known else base for alias in node.names}


def is_in(module: str, place: str) -> bool:
    """Whether the module is this one, or below it."""
    return module == place or module.startswith(f"{place}.")


def room(module: str) -> str:
    """Where a module lives: the folder next below its package; one that lies beside the rooms is a room by itself."""
    return ".".join(module.split(".")[:2])


def cycles(pairs: Collection[tuple[str, str]]) -> list[list[str]]:
    """Groups of names that reach each other, each sorted."""
    follows: dict[str, set[str]] = {}
    for one, other in pairs:
        if one != other:
            follows.setdefault(one, set()).add(other)
    reached = {name: reach(name, follows) for name in follows}
    groups = {
        tuple(sorted({name} | {other for other in reached[name] if name in reached.get(other, ())}))
        for name in follows
        if name in reached[name]
    }
    return [list(group) for group in sorted(groups)]


def reach(name: str, follows: Mapping[str, Collection[str]]) -> set[str]:
    """All that can be come to from here; itself only by a way around."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        for other in follows.get(waiting.pop(), ()):
            if other not in found:
                found.add(other)
                waiting.append(other)
    return found
