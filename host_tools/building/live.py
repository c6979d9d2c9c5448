"""What of the firmware can be reached on a unit, and from where: the rest is for hosts, and stays out of its flash.

Statements on a module's top are *items*. An item is live when one that is live names it; a method is live when its
class is, and any live code has an attribute of its name. Lazy imports are doors to further parts.
"""

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field

from .names import LAZY, defined, is_absolute, is_ours
from .source import BuildError, walk


@dataclass
class Item:
    """One statement. `module`: where it stood; `names`: what it binds."""

    module: str
    node: ast.stmt
    names: tuple[str, ...]


@dataclass
class Uses:
    """What a piece of code names: absolute names, attributes it reads, and what it imports lazily."""

    names: set[str] = field(default_factory=set)
    attributes: set[str] = field(default_factory=set)
    lazy: set[str] = field(default_factory=set)

    def add(self, other: "Uses") -> bool:
        """Whether that was anything new."""
        before = len(self.names), len(self.attributes), len(self.lazy)
        self.names |= other.names
        self.attributes |= other.attributes
        self.lazy |= other.lazy
        return before != (len(self.names), len(self.attributes), len(self.lazy))


def items(trees: dict[str, ast.Module], order: Iterable[str]) -> list[Item]:
    """All statements, in the order in which they would run."""
    found = []
    for module in order:
        for node in trees[module].body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                names: tuple[str, ...] = (node.name,)
            else:
                names = tuple(defined(node))
            if not names:
                raise BuildError(f"{module}:{node.lineno}: on a module's top there are definitions only, no work")
            found.append(Item(module, node, names))
    return found


def uses(nodes: Iterable[ast.AST]) -> Uses:
    """What these name. A text that could be an attribute's name counts as one: `getattr` may be given it."""
    out = Uses()
    within: set[str] = set()
    for top in nodes:
        for node in walk(top):
            if isinstance(node, ast.ImportFrom) and node.module == LAZY:
                within |= {alias.name for alias in node.names}
    for top in nodes:
        for node in walk(top):
            if isinstance(node, ast.Name) and is_absolute(node.id):
                (out.lazy if node.id in within else out.names).add(node.id)
            elif isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Store):
                out.attributes.add(node.attr)
            elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Attribute):
                out.attributes.add(node.target.attr)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                out.attributes |= {word for word in node.value.split() if word.isidentifier()}
    return out


def _methods(node: ast.ClassDef) -> list[ast.FunctionDef]:
    return [one for one in node.body if isinstance(one, ast.FunctionDef)]


def _shell(node: ast.ClassDef) -> list[ast.AST]:
    """A class without its methods: bases, and what its body assigns."""
    return [*node.bases, *[one for one in node.body if not isinstance(one, ast.FunctionDef)]]


class Reach:
    """What is live from `roots` (absolute names). `outside`: attributes that others call, such as loaders and
    MicroPython itself."""

    def __init__(self, all_items: list[Item], roots: Iterable[str], outside: set[str]) -> None:
        self._where = {name: item for item in all_items for name in item.names}
        self._uses: dict[int, Uses] = {}
        self.attributes = set(outside)
        # From which root each live item is reached.
        self.doors: dict[str, set[str]] = {}
        self.found: dict[str, set[int]] = {}
        queue = list(roots)
        while queue:
            root = queue.pop(0)
            if root not in self.doors:
                self.doors[root] = set()
                self.found[root] = set()
        self._settle()

    def _settle(self) -> None:
        """Go on until nothing more is reached from anywhere: an attribute read here makes a method live there."""
        changed = True
        while changed:
            changed = False
            for root in list(self.found):
                changed = self._spread(root) or changed

    def _spread(self, root: str) -> bool:
        seen = Uses(names={root})
        done: set[str] = set()
        live: set[int] = set()
        while seen.names - done:
            name = min(seen.names - done)
            done.add(name)
            item = self._where.get(name)
            if item is None:
                if is_ours(name):
                    raise BuildError(f"{name} is used and nowhere defined")
                continue
            live.add(id(item))
            seen.add(self._of(item))
        changed = live != self.found[root] or not seen.attributes <= self.attributes
        self.found[root] = live
        self.attributes |= seen.attributes
        for name in seen.lazy:
            if name not in self.found:
                self.found[name], changed = set(), True
        return changed

    def _of(self, item: Item) -> Uses:
        node = item.node
        if not isinstance(node, ast.ClassDef):
            return self._once(node, [node])
        out = Uses()
        out.add(self._once(node, _shell(node)))
        for method in _methods(node):
            if self.is_live(method.name):
                out.add(self._once(method, [method]))
        return out

    def _once(self, node: ast.AST, parts: list[ast.AST]) -> Uses:
        """As `uses`, of a node that was perhaps looked at before."""
        if id(node) not in self._uses:
            self._uses[id(node)] = uses(parts)
        return self._uses[id(node)]

    def is_live(self, method: str) -> bool:
        """Whether it may be called. What has underscores around it MicroPython calls by itself."""
        return method in self.attributes or _is_special(method)


def _is_special(name: str) -> bool:
    return name.startswith("__") and name.endswith("__")


class _Drop(ast.NodeTransformer):
    """Leaves out methods that nothing calls, and assignments to attributes that nothing reads."""

    def __init__(self, reach: Reach, kept: set[str]) -> None:
        self._reach = reach
        self._kept = kept

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        body: list[ast.stmt] = []
        for one in node.body:
            if isinstance(one, ast.FunctionDef) and not self._reach.is_live(one.name):
                continue
            if isinstance(one, ast.Assign) and all(
                isinstance(target, ast.Name) and not self._reach.is_live(target.id) for target in one.targets
            ):
                continue
            body.append(one)
        node.body = body or [ast.Pass()]
        self.generic_visit(node)
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.AST | None:
        target = node.targets[0]
        if (
            len(node.targets) == 1
            and isinstance(target, ast.Attribute)
            and isinstance(target.value, ast.Name)
            and target.value.id == "self"
            and target.attr not in self._reach.attributes
            and target.attr not in self._kept
        ):
            # Anything else may have an effect, or hold what would be gone without it.
            return None if isinstance(node.value, ast.Constant) else node
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self.generic_visit(node)
        node.body = node.body or [ast.Pass()]
        return node

    def visit_If(self, node: ast.If) -> ast.AST:
        self.generic_visit(node)
        node.body = node.body or [ast.Pass()]
        return node

    visit_With = visit_For = visit_While = visit_Try = visit_ExceptHandler = visit_If  # type: ignore[assignment]


def prune(reach: Reach, live: Iterable[Item], kept: set[str]) -> None:
    """Take out of these items what no unit reaches (they are changed)."""
    drop = _Drop(reach, kept)
    for item in live:
        item.node = drop.visit(item.node)
