"""Which names come first in a compiled file's table: of the first 127 a reference takes one byte, of others two.

`mpy-cross` enters names in the order in which it meets them, also in code that can never run and leaves no byte behind.
So each file begins with such code, which names the commonest.
"""

import ast
from collections import Counter

from .source import walk

ONE_BYTE = 126
"""Places below 128, without the file's own name and `<module>`, which are entered first."""
INTERNED_MAX = 10
"""Texts of so many characters are in the table of names, too (MICROPY_ALLOC_PARSE_INTERN_STRING_LEN)."""


def _names(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Attribute):
        return [node.attr]
    if isinstance(node, ast.FunctionDef):
        # The definition, and the function's own note of its name.
        return [node.name, node.name]
    if isinstance(node, ast.ClassDef):
        return [node.name] * 3
    if isinstance(node, ast.arg | ast.keyword):
        return [node.arg] if node.arg else []
    if isinstance(node, ast.alias):
        return [node.name, node.name, node.asname or node.name]
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) <= INTERNED_MAX:
        return [node.value] if node.value.isidentifier() else []
    return []


def _own(function: ast.AST) -> set[str]:
    """The names that are places on a function's stack, and in no table."""
    found = set()
    for node in walk(function):
        if isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            found.add(node.name)
    return found


def _count(node: ast.AST, own: set[str], found: Counter[str]) -> None:
    if isinstance(node, ast.FunctionDef | ast.Lambda):
        own = own | _own(node)
    if isinstance(node, ast.Name) and node.id not in own:
        found[node.id] += 1
    found.update(_names(node))
    for child in ast.iter_child_nodes(node):
        _count(child, own, found)


def count(tree: ast.Module) -> Counter[str]:
    """How often each name is referred to in the compiled file, nearly."""
    found: Counter[str] = Counter()
    _count(tree, set(), found)
    return found


def first(tree: ast.Module) -> list[ast.stmt]:
    """What to begin with: it does nothing, and names the commonest names of `tree`. Nothing for a file with few
    names."""
    counted = count(tree)
    if len(counted) < ONE_BYTE:
        return []
    chain: ast.expr = ast.Tuple([], ast.Load())
    for name, _ in sorted(counted.items(), key=lambda one: (-one[1], one[0]))[:ONE_BYTE]:
        chain = ast.Attribute(chain, name, ast.Load())
    return [ast.While(ast.Constant(True), [ast.Break(), ast.Expr(chain)], [])]
