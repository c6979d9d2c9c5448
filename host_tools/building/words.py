"""Texts for people stay in the map: a unit that raises or prints says a number instead, `interlock release --explain`
has the text. Only texts of several words: a word alone may be for the program.

A unit's errors go to its console, which hardly anybody ever sees; the host's words do not come from units. A table of
words (`..._NAMES`) is asked for a word by number: on a unit the number stands for it. Names of namedtuples are for
people, too, and their fields one text.
"""

import ast
from collections.abc import Iterable

from .attributes import namedtuples
from .live import Item
from .names import COMPREHENSION
from .source import walk

FIRST = 1000
"""The first number: none that could be taken for an errno."""
_TABLES = ("_NAMES",)
_REASONS = "unsound"
"""In the name of a function that says in words why something cannot be, or None."""


class Words:
    """Gives each text a number. `texts`: {number: text}."""

    def __init__(self) -> None:
        self.texts: dict[int, str] = {}
        self._numbers: dict[str, int] = {}

    def number(self, text: str) -> int:
        if text not in self._numbers:
            self._numbers[text] = FIRST + len(self._numbers)
            self.texts[self._numbers[text]] = text
        return self._numbers[text]


def _text(node: ast.expr) -> str | None:
    """The text, or its form, of what is raised; None when it is none."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        node = node.left
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


class _Shorten(ast.NodeTransformer):
    def __init__(self, words: Words) -> None:
        self._words = words
        self._within: list[ast.FunctionDef] = []

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        self.generic_visit(node)
        raised = node.exc
        if isinstance(raised, ast.Call) and len(raised.args) == 1:
            text = _text(raised.args[0])
            # A word alone may be for the program: a key that is missing, a state.
            if text is not None and " " in text:
                raised.args[0] = ast.Constant(self._words.number(text))
        return node

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        self.generic_visit(node)
        held = node.value
        if isinstance(held, ast.Name) and held.id.endswith(_TABLES) and isinstance(node.ctx, ast.Load):
            return node.slice
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self._within.append(node)
        self.generic_visit(node)
        node.body = _returned(node.body, node)
        self._within.pop()
        if _REASONS in node.name:
            for inner in walk(node):
                text = _text(inner.value) if isinstance(inner, ast.Return) and inner.value else None
                if text is not None and " " in text and isinstance(inner, ast.Return):
                    inner.value = ast.Constant(self._words.number(text))
        return node

    def visit_If(self, node: ast.If) -> ast.AST:
        self.generic_visit(node)
        if self._within:
            node.body = _returned(node.body, self._within[-1])
        return node


def _is_kept(name: str, function: ast.FunctionDef) -> bool:
    """Whether a function's own name may be read after it returned: by functions in it, and when it is left."""
    for node in walk(function):
        parts: list[ast.AST] = []
        if isinstance(node, ast.FunctionDef | ast.Lambda | COMPREHENSION) and node is not function:
            parts = [node]
        elif isinstance(node, ast.Try):
            parts = [*node.finalbody]
        if any(isinstance(one, ast.Name) and one.id == name for part in parts for one in walk(part)):
            return True
    return False


def _returned(body: list[ast.stmt], function: ast.FunctionDef) -> list[ast.stmt]:
    """`x = value; return x` is `return value`: types for the checker are what the name was for."""
    if len(body) < 2:
        return body
    last, before = body[-1], body[-2]
    if (
        isinstance(last, ast.Return)
        and isinstance(last.value, ast.Name)
        and isinstance(before, ast.Assign)
        and len(before.targets) == 1
        and isinstance(before.targets[0], ast.Name)
        and before.targets[0].id == last.value.id
        and ":" not in last.value.id
        and not _is_kept(last.value.id, function)
    ):
        return [*body[:-2], ast.copy_location(ast.Return(before.value), last)]
    return body


def shorten(items: Iterable[Item], words: Words) -> None:
    """Rewrite these items (they are changed)."""
    for item in items:
        item.node = _Shorten(words).visit(item.node)


def join_fields(items: Iterable[Item]) -> None:
    """Namedtuples without their own name, and with their fields as one text (after attributes have their short
    names)."""
    for item in items:
        for call in namedtuples(item.node):
            call.args[0] = ast.Constant("")
            fields = call.args[1]
            if isinstance(fields, ast.Tuple):
                call.args[1] = ast.Constant(
                    " ".join(str(one.value) for one in fields.elts if isinstance(one, ast.Constant))
                )
