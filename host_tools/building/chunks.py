"""What is loaded together becomes one file: the application, each board's data, and each part that only some units
load.

Items that two or more parts need are in the application, which is always there.
"""

import ast
from dataclasses import dataclass, field

from .live import Item, Reach
from .names import LAZY, MARK
from .source import PACKAGE

APP = "app"


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
        for node in ast.walk(tree):
            for field_name in ("body", "orelse"):
                body = getattr(node, field_name, None)
                if not isinstance(body, list):
                    continue
                part = ""
                for one in body:
                    if isinstance(one, ast.ImportFrom) and one.module == LAZY:
                        for alias in one.names:
                            part = part or found.get(alias.name) or alias.name.partition(MARK)[0].rpartition(".")[2]
                            found.setdefault(alias.name, part)
    return found


def split(items: list[Item], reach: Reach, roots: dict[str, str]) -> list[Chunk]:
    """All live items by chunk, the application first. `roots`: {absolute name: its chunk}."""
    within: dict[int, set[str]] = {}
    for root, live in reach.found.items():
        for number in live:
            within.setdefault(number, set()).add(roots[root])
    chunks = {APP: Chunk(APP)}
    where: dict[str, str] = {}
    for item in items:
        parts = within.get(id(item))
        if not parts:
            continue
        name = parts.pop() if len(parts) == 1 else APP
        chunks.setdefault(name, Chunk(name)).items.append(item)
        where.update(dict.fromkeys(item.names, name))
    for chunk in chunks.values():
        lazily = set()
        for item in chunk.items:
            for node in ast.walk(item.node):
                if isinstance(node, ast.ImportFrom) and node.module == LAZY:
                    lazily |= {alias.name for alias in node.names if where.get(alias.name) not in (APP, chunk.name)}
        for item in chunk.items:
            for node in ast.walk(item.node):
                name = node.id if isinstance(node, ast.Name) and MARK in node.id else ""
                if name not in lazily and where.get(name, chunk.name) != chunk.name:
                    chunk.others.add(name)
    return list(chunks.values())


def dotted(chunk: Chunk) -> str:
    """The module that a chunk is."""
    return f"{PACKAGE}.{chunk.name.replace('/', '.')}"
