"""Whose name is it? Each name that is no function's own gets an absolute one: `interlock.core.records:pack` of ours,
`machine:Pin` of MicroPython's, `time:` for a module itself. Thereafter modules no longer matter, and may be joined."""

import ast
from typing import TypeVar

from .source import PACKAGE, BuildError, Module, arguments, walk

MARK = ":"
Scope = dict[str, str | None]
"""A function's own names: None, or the absolute name that it imported them from."""
Of = TypeVar("Of")
COMPREHENSION = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


def is_absolute(name: str) -> bool:
    return MARK in name


def is_ours(name: str) -> bool:
    """Whether an absolute name is one of the firmware's."""
    module = name.partition(MARK)[0]
    return module == PACKAGE or module.startswith(PACKAGE + ".")


class Names:
    """What a name of a module means."""

    def __init__(self, modules: dict[str, Module]) -> None:
        self.modules = modules
        self.bound: dict[str, dict[str, str]] = {name: {} for name in modules}
        self.eager: dict[str, list[str]] = {name: [] for name in modules}
        done: set[str] = set()
        for name in modules:
            self._bind(name, done)

    def _bind(self, name: str, done: set[str]) -> None:
        if name in done:
            return
        done.add(name)
        for statement in self.modules[name].tree.body:
            for imported in _imports(statement):
                self._take(name, imported, done)
            for own in defined(statement):
                self.bound[name][own] = f"{name}{MARK}{own}"

    def _take(self, name: str, node: ast.Import | ast.ImportFrom, done: set[str]) -> None:
        mine = self.bound[name]
        for alias, source in targets(self.modules, self.modules[name], node):
            inside = source.partition(MARK)[0]
            if inside in self.modules:
                self.eager[name].append(inside)
                self._bind(inside, done)
            if alias == "*":
                shared = self.bound[inside].items()
                mine.update({own: where for own, where in shared if not own.startswith("_")})
            else:
                mine[alias] = self.what(source)

    def what(self, source: str) -> str:
        """The absolute name behind one that may be an import of an import."""
        module, _, name = source.partition(MARK)
        if is_ours(source) and module not in self.modules:
            raise BuildError(f"there is no module {module}, which is imported")
        if module not in self.modules or not name:
            return source
        found = self.bound[module].get(name)
        if found is None:
            raise BuildError(f"{module} has no {name}: import it from where it is defined")
        return found

    def order(self, first: list[str]) -> list[str]:
        """Modules in the order in which imports of these would run them."""
        found: list[str] = []

        def visit(name: str) -> None:
            if name in seen:
                return
            seen.add(name)
            for inner in self.eager[name]:
                visit(inner)
            found.append(name)

        seen: set[str] = set()
        for name in first:
            visit(name)
        return found


def _imports(statement: ast.stmt) -> list[ast.Import | ast.ImportFrom]:
    return [statement] if isinstance(statement, ast.Import | ast.ImportFrom) else []


def targets(modules: dict[str, Module], module: Module, node: ast.Import | ast.ImportFrom) -> list[tuple[str, str]]:
    """(name bound, absolute name) of each name that an import statement binds."""
    found = []
    for alias in node.names:
        if isinstance(node, ast.Import):
            if "." in alias.name:
                raise BuildError(f"{module.name}: write `from x import y`, not `import {alias.name}`")
            found.append((alias.asname or alias.name, alias.name + MARK))
            continue
        source = node.module or ""
        if node.level:
            source = ".".join(part for part in (module.base(node.level), source) if part)
        inner = f"{source}.{alias.name}"
        whole = inner + MARK if inner in modules else f"{source}{MARK}{'' if alias.name == '*' else alias.name}"
        found.append(("*" if alias.name == "*" else alias.asname or alias.name, whole))
    return found


def defined(statement: ast.stmt) -> list[str]:
    """The names that a statement binds in the scope where it stands, imports on the top level not counted."""
    found: list[str] = []

    def take(node: ast.AST, top: bool) -> None:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.append(node.name)
            return
        if isinstance(node, ast.Lambda | COMPREHENSION):
            return
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store | ast.Del):
            found.append(node.id)
        if isinstance(node, ast.Import | ast.ImportFrom) and not top:
            found.extend(alias.asname or alias.name for alias in node.names)
        if isinstance(node, ast.ExceptHandler) and node.name:
            found.append(node.name)
        if isinstance(node, ast.Global | ast.Nonlocal):
            raise BuildError(f"line {node.lineno}: no global or nonlocal statements; keep state in an object")
        for child in ast.iter_child_nodes(node):
            take(child, False)

    take(statement, True)
    return found


class Resolver(ast.NodeTransformer):
    """Writes absolute names into one module's tree, and leaves out its own imports of ours."""

    def __init__(self, names: Names, module: Module) -> None:
        self._names = names
        self._module = module
        self._scopes: list[Scope] = []
        self._classes: list[tuple[int, set[str]]] = []
        self.lazy: set[str] = set()
        # Of modules that functions import: what is used of them.
        self._through: dict[str, set[str]] = {}

    def resolve(self) -> ast.Module:
        body: list[ast.stmt] = []
        for statement in self._module.tree.body:
            if not isinstance(statement, ast.Import | ast.ImportFrom):
                body.append(self.visit(statement))
        return ast.Module(body, [])

    def _find(self, name: str) -> str | None:
        """The absolute name, or None: a function's own, a class body's, or a builtin."""
        if self._classes and self._classes[-1][0] == len(self._scopes) and name in self._classes[-1][1]:
            return None
        for scope in reversed(self._scopes):
            if name in scope:
                return scope[name]
        return self._names.bound[self._module.name].get(name)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        found = self._find(node.id)
        if found is None:
            return node
        if found.endswith(MARK) and is_ours(found):
            raise BuildError(f"{self._module.name}:{node.lineno}: {node.id} is a module, and used like a value")
        return ast.copy_location(ast.Name(found, node.ctx), node)

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        inner = node.value
        found = self._find(inner.id) if isinstance(inner, ast.Name) else None
        if found is not None and found.endswith(MARK) and is_ours(found):
            inside = found[: -len(MARK)]
            if not isinstance(node.ctx, ast.Load):
                where = f"{self._module.name}:{node.lineno}"
                raise BuildError(f"{where}: {ast.unparse(node)} is set elsewhere; keep state in an object")
            sub = f"{inside}.{node.attr}"
            source = sub + MARK if sub in self._names.modules else self._names.what(f"{found}{node.attr}")
            if found in self._through:
                self._through[found].add(source)
                self.lazy.add(source)
            return ast.copy_location(ast.Name(source, node.ctx), node)
        self.generic_visit(node)
        return node

    def _function(self, node: ast.FunctionDef | ast.Lambda, scope: Scope) -> None:
        for default in [*node.args.defaults, *[one for one in node.args.kw_defaults if one]]:
            _replace(node.args, default, self.visit(default))
        scope.update({arg.arg: None for arg in arguments(node.args)})
        self._scopes.append(scope)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.decorator_list = [self.visit(one) for one in node.decorator_list]
        scope: Scope = {}
        for statement in node.body:
            scope.update(dict.fromkeys(defined_within(statement)))
        self._function(node, scope)
        self._lazily(node)
        node.body = [self.visit(one) for one in node.body]
        self._scopes.pop()
        if not self._scopes:
            self._spell_out(node)
        if not self._scopes and not self._classes:
            node.name = f"{self._module.name}{MARK}{node.name}"
        return node

    def _spell_out(self, function: ast.FunctionDef) -> None:
        """Where a function imports a module of ours: what it uses of it."""
        for node in walk(function):
            if isinstance(node, ast.ImportFrom) and node.module == LAZY:
                whole = [alias.name for alias in node.names]
                used = [name for one in whole for name in sorted(self._through.get(one, {one}))]
                node.names = [ast.alias(name) for name in used]
        self._through.clear()

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        self._function(node, {})
        node.body = self.visit(node.body)
        self._scopes.pop()
        return node

    def _comprehension(self, node: ast.AST) -> ast.AST:
        scope: Scope = {}
        for generator in node.generators:  # type: ignore[attr-defined]  # each comprehension has them
            for inner in walk(generator.target):
                if isinstance(inner, ast.Name):
                    scope[inner.id] = None
        return comprehended(self, node, self._scopes, scope)

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehension

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        node.bases = [self.visit(one) for one in node.bases]
        own = {name for statement in node.body for name in defined_within(statement)}
        self._classes.append((len(self._scopes), own))
        node.body = [self.visit(one) for one in node.body]
        self._classes.pop()
        if not self._scopes and not self._classes:
            node.name = f"{self._module.name}{MARK}{node.name}"
        return node

    def _lazily(self, function: ast.FunctionDef) -> None:
        """Imports within a function: its names are absolute too; whether anything is left to import, `chunks.py`
        says."""
        for node in walk(function):
            if not isinstance(node, ast.Import | ast.ImportFrom):
                continue
            for alias, source in targets(self._names.modules, self._module, node):
                whole = self._names.what(source)
                if not is_ours(whole):
                    continue
                self._scopes[-1][alias] = whole
                if whole.endswith(MARK):
                    self._through.setdefault(whole, set())
                else:
                    self.lazy.add(whole)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST:
        """A lazy import: of ours it becomes a call for what is needed, by absolute names."""
        whole = [self._names.what(source) for _, source in targets(self._names.modules, self._module, node)]
        if not any(is_ours(one) for one in whole):
            return node
        return ast.copy_location(ast.ImportFrom(LAZY, [ast.alias(one) for one in whole], 0), node)


def comprehended(visitor: ast.NodeTransformer, node: ast.AST, scopes: list[Of], scope: Of) -> ast.AST:
    """A comprehension, visited with its own names in `scopes`; what it begins with is worked out outside of it."""
    first = node.generators[0]  # type: ignore[attr-defined]  # each comprehension has them
    begins = visitor.visit(first.iter)
    first.iter = ast.Constant(None)
    scopes.append(scope)
    visitor.generic_visit(node)
    scopes.pop()
    first.iter = begins
    return node


LAZY = "lazily"
"""The module's name in the import statements that stand for lazy ones, until they are written as imports of chunks."""


def _replace(args: ast.arguments, old: ast.expr, new: ast.expr) -> None:
    args.defaults = [new if one is old else one for one in args.defaults]
    args.kw_defaults = [new if one is old else one for one in args.kw_defaults]


def defined_within(statement: ast.stmt) -> list[str]:
    """As `defined`, imports counted."""
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return [alias.asname or alias.name for alias in statement.names]
    return defined(statement)


def resolve(modules: dict[str, Module]) -> tuple[Names, dict[str, ast.Module], set[str]]:
    """(what names mean, trees with absolute names, absolute names that are imported lazily)."""
    names = Names(modules)
    trees, lazy = {}, set()
    for name, module in modules.items():
        resolver = Resolver(names, module)
        trees[name] = resolver.resolve()
        lazy |= resolver.lazy
    return names, trees, lazy
