"""What is loaded together becomes one file: the application, each board's data, each part that only some units load or
only for a while, and what several such parts share.

Items that two or more parts need are in a file of their own, which whichever of them comes first brings; in the
application, which is always there, if they are too small for one, or if units of either role hold them all the time.
"""

import ast
from collections import Counter
from dataclasses import dataclass, field

from .live import Item, Reach
from .names import LAZY, MARK
from .source import walk

APP = "app"
ROLES = frozenset(("holster_role", "camera_role"))
"""Parts of which every unit in service holds one all the time, but few hold both."""
ALWAYS = frozenset(("contact", "dock", "doubted"))
"""Parts that each board's data imports for every unit; lazily only since the simulator reads it, too, without pins."""
LEAST_CHARACTERS = 700
"""Of shared source, as written for units: a file of its own costs some 150 bytes of flash, and as much of the heap."""


@dataclass
class Chunk:
    """One file. `name`: below the package, with slashes; `items`: in the order in which they run; `others`: absolute
    names of other chunks that it needs as soon as it is loaded."""

    name: str
    items: list[Item] = field(default_factory=list)
    others: set[str] = field(default_factory=set)

    @property
    def depth(self) -> int:
        """Folders between it and the package."""
        return self.name.count("/")


def doors(trees: dict[str, ast.Module]) -> dict[str, str]:
    """{absolute name imported lazily: the part it opens}: imports that stand together open one part, named after the
    module of the first."""
    found: dict[str, str] = {}
    for tree in trees.values():
        for node in walk(tree):
            for field_name in ("body", "orelse"):
                body = getattr(node, field_name, None)
                if not isinstance(body, list):
                    continue
                part = ""
                for one in body:
                    if isinstance(one, ast.ImportFrom) and one.module == LAZY:
                        for alias in one.names:
                            part = part or found.get(alias.name) or alias.name.partition(MARK)[0].rpartition(".")[2]
                            part = APP if part in ALWAYS else part
                            found.setdefault(alias.name, part)
    return found


def _home(parts: set[str], sizes: "Counter[frozenset[str]]") -> str:
    """The chunk of what these parts need. What it needs itself is needed by all of them, so it lies in a chunk of more
    parts, or should be in the application: no two chunks import each other."""
    if len(parts) == 1:
        return next(iter(parts))
    if APP in parts or parts >= ROLES or sizes[frozenset(parts)] < LEAST_CHARACTERS:
        return APP
    return "_".join(sorted(part.rpartition("/")[2] for part in parts))


def split(items: list[Item], reach: Reach, roots: dict[str, str]) -> list[Chunk]:
    """All live items by chunk, the application first. `roots`: {absolute name: its chunk}."""
    within: dict[int, set[str]] = {}
    for root, live in reach.found.items():
        for number in live:
            within.setdefault(number, set()).add(roots[root])
    sizes: Counter[frozenset[str]] = Counter()
    for item in items:
        sizes[frozenset(within.get(id(item), ()))] += len(ast.unparse(item.node))
    homes = {id(item): _home(within[id(item)], sizes) for item in items if within.get(id(item))}
    # What is in the application because it is small, or because both roles hold it, may need what fewer parts do.
    while True:
        chunks = _filled(items, homes)
        needed = chunks[APP].others
        if not needed:
            return list(chunks.values())
        homes.update({id(item): APP for item in items if id(item) in homes and needed & set(item.names)})


def _filled(items: list[Item], homes: dict[int, str]) -> dict[str, Chunk]:
    """The chunks by name. `homes`: {id of a live item: its chunk}."""
    chunks = {APP: Chunk(APP)}
    where: dict[str, str] = {}
    for item in items:
        name = homes.get(id(item))
        if name is not None:
            chunks.setdefault(name, Chunk(name)).items.append(item)
            where.update(dict.fromkeys(item.names, name))
    for chunk in chunks.values():
        lazily = set()
        for item in chunk.items:
            for node in walk(item.node):
                if isinstance(node, ast.ImportFrom) and node.module == LAZY:
                    lazily |= {alias.name for alias in node.names if where.get(alias.name) not in (APP, chunk.name)}
        for item in chunk.items:
            for node in walk(item.node):
                used = node.id if isinstance(node, ast.Name) and MARK in node.id else ""
                if used not in lazily and where.get(used, chunk.name) != chunk.name:
                    chunk.others.add(used)
    return chunks
