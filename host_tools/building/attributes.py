"""Short names for attributes. Two attributes share one where no object can have both: a unit's table of names stays
small, and the commonest names get the shortest codes.

Sound because each attribute is declared in a class (mypy sees to it): an object has those of its class, of what that
inherits and of what inherits it, and no others. One that code outside of its class sets shares with none.
"""

import ast
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TypeGuard

from .live import Item
from .names import is_ours
from .source import walk

NAME_TABLES = ("FIELDS", "TIMERS", "POLICY_LIMITS", "MAY_BE_NONE")
"""What holds attributes' names as texts, for `getattr`. A text anywhere else keeps the attribute it may mean."""


def is_namedtuple(node: ast.AST) -> TypeGuard[ast.Call]:
    """Whether this call makes one."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id.endswith(":namedtuple")


def namedtuples(node: ast.AST) -> Iterator[ast.Call]:
    """The calls that make one."""
    for inner in walk(node):
        if is_namedtuple(inner):
            yield inner


def texts(node: ast.AST) -> Iterator[ast.Constant]:
    for inner in walk(node):
        if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
            yield inner


def _is_table(statement: ast.AST) -> bool:
    if not isinstance(statement, ast.Assign) or not isinstance(statement.targets[0], ast.Name):
        return False
    return statement.targets[0].id.rpartition(":")[2] in NAME_TABLES


def name_texts(items: Iterable[Item]) -> list[ast.Constant]:
    """The texts that are attributes' names and nothing else."""
    found: list[ast.Constant] = []
    for item in items:
        for node in walk(item.node):
            if _is_table(node):
                found.extend(texts(node))
        for call in namedtuples(item.node):
            found.extend(texts(call.args[1]))
    return found


def _own(method: ast.FunctionDef) -> str:
    """What a method calls its object, or "" when it has none."""
    is_static = any(isinstance(one, ast.Name) and one.id == "staticmethod" for one in method.decorator_list)
    return method.args.args[0].arg if method.args.args and not is_static else ""


def set_by_others(items: Iterable[Item]) -> set[str]:
    """Attributes that code other than a method of theirs sets: which objects have them then, nobody sees here."""
    found: set[str] = set()
    for item in items:
        methods = [one for one in getattr(item.node, "body", []) if isinstance(one, ast.FunctionDef)]
        parts = methods if isinstance(item.node, ast.ClassDef) else [item.node]
        for part in parts:
            me = _own(part) if isinstance(item.node, ast.ClassDef) and isinstance(part, ast.FunctionDef) else ""
            for node in walk(part):
                if not isinstance(node, ast.Attribute) or not isinstance(node.ctx, ast.Store):
                    continue
                if not (isinstance(node.value, ast.Name) and node.value.id == me):
                    found.add(node.attr)
    return found


class Owners:
    """Who has which attribute: {attribute: classes that declare it}."""

    def __init__(self, items: list[Item]) -> None:
        self.of: dict[str, set[str]] = {}
        self._bases: dict[str, list[str]] = {}
        for item in items:
            if isinstance(item.node, ast.ClassDef):
                self._take_class(item.node)
            for call in namedtuples(item.node):
                # A class may inherit it, by the item's name or as it is written there.
                for text in texts(call.args[1]):
                    for word in str(text.value).split():
                        self._have(word, item.names[0])

    def _have(self, attribute: str, owner: str) -> None:
        self.of.setdefault(attribute, set()).add(owner)

    def _take_class(self, node: ast.ClassDef) -> None:
        self._bases[node.name] = [base.id for base in node.bases if isinstance(base, ast.Name)]
        for one in node.body:
            if isinstance(one, ast.FunctionDef):
                self._have(one.name, node.name)
                me = _own(one)
                for inner in walk(one):
                    if (
                        isinstance(inner, ast.Attribute)
                        and isinstance(inner.ctx, ast.Store)
                        and isinstance(inner.value, ast.Name)
                        and inner.value.id == me
                    ):
                        self._have(inner.attr, node.name)
            elif isinstance(one, ast.Assign):
                for target in one.targets:
                    if isinstance(target, ast.Name):
                        self._have(target.id, node.name)

    def instances(self, attribute: str) -> set[str]:
        """The classes whose objects have it: those that declare it, and all that inherit them."""
        found = set(self.of[attribute])
        while True:
            more = {name for name, bases in self._bases.items() if name not in found and found & set(bases)}
            if not more:
                return found
            found |= more


def counts(items: Iterable[Item]) -> Counter[str]:
    """How often each attribute is named."""
    found: Counter[str] = Counter()
    for item in items:
        for node in walk(item.node):
            if isinstance(node, ast.Attribute):
                found[node.attr] += 1
            elif isinstance(node, ast.FunctionDef) and not is_ours(node.name):
                found[node.name] += 1
    return found


def colours(items: list[Item], reserved: set[str], alone: set[str]) -> dict[str, int]:
    """{attribute: number}; equal numbers may have the same name. `alone`: those that share with nobody, since calls
    name them, too."""
    owners = Owners(items)
    alone = alone | set_by_others(items)
    mine = {id(text) for text in name_texts(items)}
    elsewhere = {
        word for item in items for text in texts(item.node) if id(text) not in mine for word in str(text.value).split()
    }
    often = counts(items)
    fit = [name for name in owners.of if name not in reserved and name not in elsewhere and not name.startswith("__")]
    fit.sort(key=lambda name: (-often[name], name))
    taken: list[set[str]] = []
    closed: list[bool] = []
    found: dict[str, int] = {}
    for name in fit:
        who = owners.instances(name)
        place = 0
        if name in alone:
            place = len(taken)
        else:
            while place < len(taken) and (closed[place] or taken[place] & who):
                place += 1
        if place == len(taken):
            taken.append(set())
            closed.append(name in alone)
        taken[place] |= who
        found[name] = place
    return found
