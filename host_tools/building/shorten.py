"""Names for units: short ones, the commonest first. What each stood for goes into the build's map."""

import ast
import builtins
import itertools
import keyword
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from .attributes import name_texts
from .chunks import APP, Chunk
from .live import Item
from .names import LAZY, MARK, comprehended, defined, is_absolute, is_ours
from .source import BuildError, arguments, walk

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def pool(taken: set[str]) -> Iterator[str]:
    """Short identifiers, shortest first, without these."""
    for length in (1, 2, 3):
        for letters in itertools.product(_LETTERS, repeat=length):
            name = "".join(letters)
            if name not in taken and not keyword.iskeyword(name) and not hasattr(builtins, name):
                yield name


@dataclass
class Short:
    """The names of a build. `attributes`: {real: short}; `globals_`: {absolute: short}, of each chunk."""

    pool: list[str]
    attributes: dict[str, str]
    keywords: set[str]
    globals_: dict[str, dict[str, str]] = field(default_factory=dict)


def externals(chunk: Chunk) -> Counter[str]:
    """Absolute names of MicroPython's that a chunk uses, and how often."""
    found: Counter[str] = Counter()
    for item in chunk.items:
        for node in walk(item.node):
            if isinstance(node, ast.Name) and is_absolute(node.id) and not is_ours(node.id):
                found[node.id] += 1
    return found


def _uses(chunk: Chunk) -> Counter[str]:
    found: Counter[str] = Counter()
    for item in chunk.items:
        for node in walk(item.node):
            if isinstance(node, ast.Name) and is_absolute(node.id):
                found[node.id] += 1
        for name in item.names:
            found[name] += 1
    return found


def assign(short: Short, chunk: Chunk, exported: dict[str, str]) -> None:
    """Give every name of this chunk's top a short one. `exported`: {absolute: short} of what others import from it, or
    what it imports of them, and of what outsiders ask for."""
    often = _uses(chunk)
    mine = {name: exported[name] for name in often if name in exported}
    free = iter([name for name in short.pool if name not in set(mine.values())])
    for name, _ in sorted(often.items(), key=lambda one: (-one[1], one[0])):
        if name not in mine:
            mine[name] = next(free)
    short.globals_[chunk.name] = mine


class Writer(ast.NodeTransformer):
    """Writes a chunk's short names into its items. `where`: {absolute name: chunk that has it}."""

    def __init__(self, short: Short, chunk: Chunk, where: dict[str, str]) -> None:
        self._short = short
        self._chunk = chunk
        self._where = where
        self._globals = short.globals_[chunk.name]
        self._scopes: list[dict[str, str]] = []
        self._names = {id(text) for text in name_texts(chunk.items)}

    def write(self, item: Item) -> ast.stmt:
        written = self.visit(item.node)
        assert isinstance(written, ast.stmt)
        return written

    def _attribute(self, name: str) -> str:
        return self._short.attributes.get(name, name)

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if id(node) in self._names:
            words = [self._attribute(word) for word in str(node.value).split(" ")]
            return ast.Constant(" ".join(words))
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        value = self.visit(node.value)
        return ast.Attribute(value, self._attribute(node.attr), node.ctx)

    def visit_keyword(self, node: ast.keyword) -> ast.AST:
        return ast.keyword(None if node.arg is None else self._attribute(node.arg), self.visit(node.value))

    def visit_Name(self, node: ast.Name) -> ast.AST:
        for scope in reversed(self._scopes):
            if node.id in scope:
                return ast.Name(scope[node.id], node.ctx)
        if is_absolute(node.id):
            return ast.Name(self._globals[node.id], node.ctx)
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        bases: list[ast.expr] = [self.visit(one) for one in node.bases]
        body: list[ast.stmt] = []
        for one in node.body:
            if isinstance(one, ast.FunctionDef):
                written = self.visit(one)
                written.name = self._attribute(one.name)
                body.append(written)
            elif isinstance(one, ast.Assign):
                targets: list[ast.expr] = [
                    ast.Name(self._attribute(target.id), ast.Store())
                    for target in one.targets
                    if isinstance(target, ast.Name)
                ]
                body.append(ast.copy_location(ast.Assign(targets, self.visit(one.value)), one))
            elif isinstance(one, ast.Pass):
                body.append(one)
            else:
                raise BuildError(f"{node.name}: a class's body has methods and assignments only")
        return ast.ClassDef(self._globals.get(node.name, node.name), bases, [], body, [])

    def _used(self, node: ast.AST) -> set[str]:
        """The short names of outer scopes that must stay visible within a function."""
        found: set[str] = set()
        for inner in walk(node):
            if isinstance(inner, ast.Name):
                if inner.id in self._globals:
                    found.add(self._globals[inner.id])
                for scope in self._scopes:
                    if inner.id in scope:
                        found.add(scope[inner.id])
            if isinstance(inner, ast.ImportFrom | ast.Import):
                found |= {alias.asname or alias.name for alias in inner.names}
        return found

    def _open(self, node: ast.FunctionDef | ast.Lambda, locals_: list[str]) -> None:
        """Names for a function's own: its parameters get the commonest, since they are in the unit's table of names."""
        used = self._used(node)
        scope: dict[str, str] = {}
        for arg in arguments(node.args):
            if arg.arg in self._short.keywords:
                scope[arg.arg] = self._attribute(arg.arg)
        taken = used | set(scope.values())
        free = (name for name in self._short.pool if name not in taken)
        for arg in arguments(node.args):
            if arg.arg not in scope:
                scope[arg.arg] = next(free)
        for name in locals_:
            if name not in scope:
                scope[name] = next(free)
        self._scopes.append(scope)

    def _close(self, args: ast.arguments) -> None:
        scope = self._scopes.pop()
        for arg in arguments(args):
            arg.arg = scope[arg.arg]

    def _defaults(self, args: ast.arguments) -> None:
        args.defaults = [self.visit(one) for one in args.defaults]
        args.kw_defaults = [one and self.visit(one) for one in args.kw_defaults]

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self._defaults(node.args)
        node.decorator_list = [self.visit(one) for one in node.decorator_list]
        outer = node.name
        # A lazy import binds nothing here when what it asks for is always there.
        bound = [name for statement in node.body for name in defined(statement)]
        own = dict.fromkeys(name for name in bound if not is_absolute(name))
        for inner in walk(node):
            if isinstance(inner, ast.ImportFrom) and inner.module == LAZY:
                own.update(dict.fromkeys(alias.name for alias in inner.names if self._is_elsewhere(alias.name)))
        lazily = [name for name in own if is_absolute(name)]
        for inner in walk(node):  # imports of MicroPython's within a function keep their names
            if isinstance(inner, ast.ImportFrom | ast.Import) and getattr(inner, "module", "") != LAZY:
                for alias in inner.names:
                    own.pop(alias.asname or alias.name, None)
        assert not lazily or set(lazily) <= set(own)
        self._open(node, list(own))
        node.body = [one for statement in node.body for one in _flat(self.visit(statement))] or [ast.Pass()]
        self._close(node.args)
        if self._scopes and outer in self._scopes[-1]:
            node.name = self._scopes[-1][outer]
        else:
            node.name = self._globals.get(outer, outer)
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        self._defaults(node.args)
        self._open(node, [])
        node.body = self.visit(node.body)
        self._close(node.args)
        return node

    def _comprehension(self, node: ast.AST) -> ast.AST:
        own = dict.fromkeys(
            inner.id
            for generator in node.generators  # type: ignore[attr-defined]  # each comprehension has them
            for inner in walk(generator.target)
            if isinstance(inner, ast.Name)
        )
        used = self._used(node)
        free = iter([name for name in self._short.pool if name not in used])
        return comprehended(self, node, self._scopes, {name: next(free) for name in own})

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehension

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.AST:
        self.generic_visit(node)
        if node.name and self._scopes:
            node.name = self._scopes[-1].get(node.name, node.name)
        return node

    def _is_elsewhere(self, name: str) -> bool:
        """Whether it is in a file that is loaded only now; what became a number is in none."""
        return self._where.get(name) not in (None, APP, self._chunk.name)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST | list[ast.stmt]:
        if node.module != LAZY:
            return node
        by_chunk: dict[str, list[str]] = {}
        for alias in node.names:
            if self._is_elsewhere(alias.name):
                by_chunk.setdefault(self._where[alias.name], []).append(alias.name)
        found: list[ast.stmt] = []
        for other, names in by_chunk.items():
            found.append(self.from_chunk(other, names, self._scopes[-1]))
        return found or ast.Pass()

    def from_chunk(self, other: str, names: list[str], here: dict[str, str]) -> ast.ImportFrom:
        """The import of absolute names from another chunk, as `here` calls them."""
        aliases = []
        for name in sorted(names):
            theirs = self._short.globals_[other][name]
            aliases.append(ast.alias(theirs, None if here[name] == theirs else here[name]))
        return ast.ImportFrom(other.replace("/", "."), aliases, self._chunk.depth + 1)


def _flat(node: ast.stmt | list[ast.stmt] | None) -> list[ast.stmt]:
    if isinstance(node, list):
        return node
    return [] if node is None else [node]


def imports(short: Short, chunk: Chunk) -> list[ast.stmt]:
    """What a chunk needs of MicroPython."""
    found: list[ast.stmt] = []
    mine = short.globals_[chunk.name]
    by_module: dict[str, list[tuple[str, str]]] = {}
    for name in sorted(externals(chunk)):
        module, _, attribute = name.partition(MARK)
        if attribute:
            by_module.setdefault(module, []).append((attribute, mine[name]))
        else:
            found.append(ast.Import([ast.alias(module, mine[name])]))
    for module, pairs in by_module.items():
        found.append(ast.ImportFrom(module, [ast.alias(real, mine_) for real, mine_ in pairs], 0))
    return found
