"""Integers that have a name: the name costs a unit bytes and a look-up, the integer often nothing.

A name that a module binds once, at its top, to an integer (or None, True, False) that can be worked out here is
replaced by it wherever it is used.
"""

import ast
import copy
import operator
import struct
from collections import Counter
from collections.abc import Callable

from .attributes import NAME_TABLES
from .live import Item
from .names import is_absolute
from .source import walk

Value = int | bool | None
_TWO: dict[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
    ast.BitOr: operator.or_,
    ast.BitAnd: operator.and_,
    ast.BitXor: operator.xor,
}
_ONE: dict[type[ast.unaryop], Callable[[int], int]] = {ast.USub: operator.neg, ast.Invert: operator.invert}


class _Unknown(Exception):
    """This cannot be worked out before it runs."""


def _value(node: ast.expr, known: dict[str, Value]) -> Value:
    if isinstance(node, ast.Constant) and (node.value is None or isinstance(node.value, int)):
        return node.value
    if isinstance(node, ast.Name) and node.id in known:
        return known[node.id]
    if isinstance(node, ast.BinOp) and type(node.op) in _TWO:
        left, right = _value(node.left, known), _value(node.right, known)
        if left is not None and right is not None:
            return _TWO[type(node.op)](left, right)
    if isinstance(node, ast.UnaryOp) and type(node.op) in _ONE:
        inner = _value(node.operand, known)
        if inner is not None:
            return _ONE[type(node.op)](inner)
    if isinstance(node, ast.Call) and len(node.args) == 1 and not node.keywords:
        return _called(node.func, node.args[0], known)
    raise _Unknown


def _called(function: ast.expr, given: ast.expr, known: dict[str, Value]) -> Value:
    """`const(x)`, and `struct.calcsize("...")` of a form in network order, which is the same everywhere."""
    if isinstance(function, ast.Name) and function.id.rpartition(":")[2] == "const":
        return _value(given, known)
    if (
        isinstance(function, ast.Attribute)
        and function.attr == "calcsize"
        and isinstance(given, ast.Constant)
        and isinstance(given.value, str)
        and given.value.startswith(">")
    ):
        return struct.calcsize(given.value)
    raise _Unknown


def _bindings(trees: dict[str, ast.Module]) -> dict[str, list[ast.Assign]]:
    """{absolute name: all assignments to it on a module's top}; a name that is bound otherwise, too, is not in it."""
    found: dict[str, list[ast.Assign]] = {}
    other: set[str] = set()
    for tree in trees.values():
        for statement in tree.body:
            simple = isinstance(statement, ast.Assign) and all(isinstance(one, ast.Name) for one in statement.targets)
            for node in walk(statement):
                if not isinstance(node, ast.Name) or isinstance(node.ctx, ast.Load) or not is_absolute(node.id):
                    continue
                if simple and isinstance(statement, ast.Assign) and node in statement.targets:
                    found.setdefault(node.id, []).append(statement)
                else:
                    other.add(node.id)
    return {name: where for name, where in found.items() if name not in other}


def find(trees: dict[str, ast.Module]) -> dict[str, Value]:
    """{absolute name: value} of all names that stand for an integer, True, False or None."""
    once = {name: where[0] for name, where in _bindings(trees).items() if len(where) == 1}
    known: dict[str, Value] = {}
    while True:
        before = len(known)
        for name, statement in once.items():
            if name not in known:
                try:
                    known[name] = _value(statement.value, known)
                except _Unknown:
                    continue
        if len(known) == before:
            return known


class _Inline(ast.NodeTransformer):
    def __init__(self, known: dict[str, Value], kept: set[str]) -> None:
        self._known = known
        self._kept = kept

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if isinstance(node.ctx, ast.Load) and node.id in self._known:
            return ast.copy_location(_literal(self._known[node.id]), node)
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        try:
            return ast.copy_location(_literal(_value(node, {})), node)
        except _Unknown:
            return node

    def visit_Assign(self, node: ast.Assign) -> ast.AST | None:
        self.generic_visit(node)
        names = {one.id for one in node.targets if isinstance(one, ast.Name)}
        return None if names and names <= self._known.keys() - self._kept else node


def _literal(value: Value) -> ast.expr:
    if isinstance(value, int) and not isinstance(value, bool) and value < 0:
        return ast.UnaryOp(ast.USub(), ast.Constant(-value))
    return ast.Constant(value)


SHORT_TEXT = 10
"""A text of so many characters costs a unit no more each time than its name would."""


def inline_texts(items: list[Item]) -> None:
    """Put short texts, and texts, bytes and plain tuples that one place alone names, in place of their names."""
    held = {
        item.names[0]: item.node.value for item in items if isinstance(item.node, ast.Assign) and len(item.names) == 1
    }
    often: Counter[str] = Counter()
    stored: Counter[str] = Counter()
    for item in items:
        for node in walk(item.node):
            if isinstance(node, ast.Name):
                (often if isinstance(node.ctx, ast.Load) else stored)[node.id] += 1
    fit = {}
    for name, value in held.items():
        if stored[name] != 1 or name.rpartition(":")[2] in NAME_TABLES or not is_absolute(name):
            continue
        is_short = isinstance(value, ast.Constant) and isinstance(value.value, str) and len(value.value) <= SHORT_TEXT
        if (often[name] == 1 and _is_plain(value)) or (is_short and often[name] > 0):
            fit[name] = value
    pass_ = _Texts(fit)
    for item in items:
        if item.names[0] not in fit:
            item.node = pass_.visit(item.node)


def _is_plain(node: ast.expr) -> bool:
    if isinstance(node, ast.Tuple):
        return all(isinstance(one, ast.Constant) for one in node.elts)
    return isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)


class _Texts(ast.NodeTransformer):
    def __init__(self, fit: dict[str, ast.expr]) -> None:
        self._fit = fit

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if isinstance(node.ctx, ast.Load) and node.id in self._fit:
            found: ast.AST = copy.deepcopy(self.visit(self._fit[node.id]))
            return found
        return node


def inline(trees: dict[str, ast.Module], kept: set[str]) -> dict[str, Value]:
    """Put the integers in place of their names, and drop the names but `kept`; what they stood for."""
    known = find(trees)
    for name, tree in trees.items():
        trees[name] = _Inline(known, kept).visit(tree)
    return known
