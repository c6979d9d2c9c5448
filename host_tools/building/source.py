"""The firmware's source as trees, without what no unit reads: annotations, docstrings, assertions, what is for the type
checker. Nothing here changes what the code does."""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

PACKAGE = "interlock"
FLAG = "TYPE_CHECKING"


class BuildError(Exception):
    """The firmware's source is written as this builder cannot take it; says where, and what to write instead."""


@dataclass(frozen=True)
class Module:
    """A source file, stripped. `name`: dotted; `is_package`: whether it is a folder's `__init__.py`."""

    name: str
    is_package: bool
    tree: ast.Module

    def base(self, level: int) -> str:
        """What a relative import with so many dots starts from."""
        parts = self.name.split(".")
        drop = level - 1 if self.is_package else level
        return ".".join(parts[: len(parts) - drop])


class _Kids(dict[type[ast.AST], tuple[str, ...]]):
    """Fields of a kind of node that can hold nodes, looked for once."""

    def __missing__(self, kind: type[ast.AST]) -> tuple[str, ...]:
        found = self[kind] = tuple(name for name in kind._fields if name not in _WORDS)
        return found


_WORDS = frozenset(("ctx", "id", "attr", "arg", "name", "kind", "type_comment", "level", "module", "asname"))
"""Fields that hold words, or (`ctx`) a node that nobody looks for by walking: a third of all nodes."""
_KIDS = _Kids()


def walk(node: ast.AST) -> Iterator[ast.AST]:
    """As `ast.walk`, in the same order, without the `ctx` of names, in less than half its time: much of what a build
    takes are such walks."""
    todo = [node]
    for one in todo:
        yield one
        for name in _KIDS[one.__class__]:
            value = getattr(one, name, None)
            if value.__class__ is list:
                todo += [item for item in value if isinstance(item, ast.AST)]
            elif isinstance(value, ast.AST):
                todo.append(value)


class _Strip(ast.NodeTransformer):
    def _body(self, body: list[ast.stmt]) -> list[ast.stmt]:
        if body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
            body = body[1:]
        kept: list[ast.stmt] = []
        for statement in body:
            changed = self.visit(statement)
            if changed is not None:
                kept.extend(changed if isinstance(changed, list) else [changed])
        return kept

    def visit_Module(self, node: ast.Module) -> ast.Module:
        node.body = self._body(node.body)
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        node.body = self._body(node.body) or [ast.Pass()]
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        node.returns = None
        for arg in arguments(node.args):
            arg.annotation = None
        node.body = self._body(node.body) or [ast.Pass()]
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.stmt | None:
        if node.value is None:
            return None
        return ast.copy_location(ast.Assign([node.target], node.value), node)

    def visit_Assign(self, node: ast.Assign) -> ast.stmt | None:
        is_flag = isinstance(node.targets[0], ast.Name) and node.targets[0].id == FLAG
        return None if is_flag else node

    def visit_If(self, node: ast.If) -> ast.AST | list[ast.stmt] | None:
        if isinstance(node.test, ast.Name) and node.test.id == FLAG:
            return self._body(node.orelse)
        return self.generic_visit(node)

    def visit_Assert(self, node: ast.Assert) -> None:
        return None

    def visit_Expr(self, node: ast.Expr) -> ast.stmt | None:
        return None if isinstance(node.value, ast.Constant) else node

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        if getattr(node, "body", None) == [] and isinstance(node, ast.stmt | ast.ExceptHandler):
            node.body = [ast.Pass()]  # type: ignore[union-attr]  # it has one, and it was emptied
        if isinstance(node, ast.Try) and not node.handlers:
            node.finalbody = node.finalbody or [ast.Pass()]
        return node


def arguments(args: ast.arguments) -> list[ast.arg]:
    """All parameters of a function."""
    rest = [one for one in (args.vararg, args.kwarg) if one]
    return [*args.posonlyargs, *args.args, *args.kwonlyargs, *rest]


def strip(tree: ast.Module) -> ast.Module:
    """`tree` without what no unit reads (it is changed)."""
    stripped = _Strip().visit(tree)
    assert isinstance(stripped, ast.Module)
    return stripped


def _files(folder: Path) -> Iterator[Path]:
    yield from sorted(folder.rglob("*.py"))


def read(firmware: Path, look: Callable[[str, ast.Module], None] = lambda path, tree: None) -> dict[str, Module]:
    """{dotted name: Module} of the package in this folder (`firmware/`). `look`: sees each file's path and whole tree
    before, and raises BuildError for what it cannot allow."""
    found = {}
    for path in _files(firmware / PACKAGE):
        parts = list(path.relative_to(firmware).with_suffix("").parts)
        is_package = parts[-1] == "__init__"
        name = ".".join(parts[:-1] if is_package else parts)
        tree = ast.parse(path.read_text(encoding="utf-8"), str(path.relative_to(firmware)))
        look(path.relative_to(firmware).as_posix(), tree)
        found[name] = Module(name, is_package, strip(tree))
    if not found:
        raise BuildError(f"there is no firmware in {firmware}: build from a checkout")
    return found
