"""Where the bytes of a release go: `python -m host_tools.building.weighing [BOARD]` shows it by file and by module of
the source. This reads compiled files.

Layout of a .mpy: MicroPython py/persistentcode.c (version 6). A piece of code is a function, a class's body, a lambda
or a comprehension, with all that is defined in it.
"""

import ast
from typing import NamedTuple

_PIECES = (ast.FunctionDef, ast.ClassDef, ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_HEAD_BYTES = 4
_TUPLE, _STR, _BYTES = 10, 5, 6
_NO_DATA_MAX = 4
"""Kinds of constants up to this one are the kind and nothing else (None, False, True, ...)."""


def pieces(node: ast.AST) -> int:
    """How many pieces of code a statement on a module's top makes, those within another not counted."""
    if isinstance(node, _PIECES):
        return 1
    return sum(pieces(one) for one in ast.iter_child_nodes(node))


class Piece(NamedTuple):
    """`size`: its bytes in the file, with all within it; `functions`: it and those within it."""

    size: int
    functions: int


class Weighed(NamedTuple):
    """Bytes of a .mpy: `names`: its table of names; `constants`: texts, bytes, tuples; `top`: code that runs when it is
    imported; `pieces`: the rest."""

    names: int
    constants: int
    top: int
    pieces: list[Piece]


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self.at = _HEAD_BYTES

    def number(self) -> int:
        found = 0
        while True:
            byte = self._data[self.at]
            self.at += 1
            found = found << 7 | byte & 0x7F
            if not byte & 0x80:
                return found

    def name(self) -> None:
        length = self.number()
        if not length & 1:  # else it is one that every MicroPython has
            self.at += (length >> 1) + 1

    def constant(self) -> None:
        kind = self._data[self.at]
        self.at += 1
        if kind <= _NO_DATA_MAX:
            return
        count = self.number()
        if kind == _TUPLE:
            for _ in range(count):
                self.constant()
        else:
            self.at += count + (kind in (_STR, _BYTES))

    def piece(self) -> tuple[int, list[Piece]]:
        """(bytes of its own code, those in it)."""
        head = self.number()
        own = head >> 3
        self.at += own
        within = []
        for _ in range(self.number() if head & 4 else 0):
            begin = self.at
            _, inner = self.piece()
            within.append(Piece(self.at - begin, 1 + sum(one.functions for one in inner)))
        return own, within


def weigh(data: bytes) -> Weighed:
    """What a .mpy consists of."""
    reader = _Reader(data)
    names, constants = reader.number(), reader.number()
    begin = reader.at
    for _ in range(names):
        reader.name()
    names_end = reader.at
    for _ in range(constants):
        reader.constant()
    constants_end = reader.at
    top, found = reader.piece()
    if reader.at != len(data):
        raise ValueError("this is no .mpy of the version that is read here")
    return Weighed(names_end - begin, constants_end - names_end, top, found)
