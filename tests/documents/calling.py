"""What a test calls, by the syntax of its source: words in a comment, a message, a comparison are no call."""

import ast
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from .reading import ROOT

Words = tuple[str, ...]
ELSE = "*"
"""Stands for what is no string as it stands: a name, another call, what is filled in."""


def _words(items: Iterable[ast.expr]) -> Iterator[str]:
    """The strings among these, taken apart at blanks; `ELSE` for each thing else."""
    for item in items:
        if isinstance(item, ast.Constant) and isinstance(item.value, str):
            yield from item.value.split()
        elif isinstance(item, ast.JoinedStr):
            parts = (part.value if isinstance(part, ast.Constant) else ELSE for part in item.values)
            yield from "".join(map(str, parts)).split()
        else:
            yield ELSE


def lines_in(source: str, package: Words = ()) -> list[Words]:
    """The words of each call, list and tuple; where a `main` is called, `-m` and its module come before them.
    `package`: where the source lies, for its relative imports."""
    nodes = list(ast.walk(ast.parse(source)))
    whole: dict[str, str] = {}
    for node in nodes:
        if isinstance(node, ast.ImportFrom):
            room = [*(package[: len(package) + 1 - node.level] if node.level else ()), *filter(None, [node.module])]
            whole |= {one.asname or one.name: ".".join([*room, one.name]) for one in node.names}
    found: list[Words] = []
    for node in nodes:
        if isinstance(node, ast.List | ast.Tuple):
            found.append(tuple(_words(node.elts)))
        elif isinstance(node, ast.Call):
            head, *rest = ast.unparse(node.func).split(".")
            module, _, last = ".".join([whole.get(head, head), *rest]).rpartition(".")
            given = next((one.elts for one in node.args if isinstance(one, ast.List)), node.args)
            is_main = last == "main" and module
            found.append(("-m", module.removesuffix(".__main__"), *_words(given)) if is_main else (*_words(node.args),))
    return found


@cache
def lines_of(path: Path) -> tuple[Words, ...]:
    """`lines_in` of a file of the tree; of one that is not Python its lines without comments."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        return tuple(lines_in(text, path.relative_to(ROOT).parts[:-1]))
    return tuple(tuple(line.split()) for line in text.splitlines() if not line.startswith("#"))


def is_line_of(words: Words, path: str) -> bool:
    """Whether these words are a line of this command (`interlock vault backup`, `make demo`, `python -m tests.deep`):
    its path begins them, or stands behind its program or behind `ELSE`."""
    program, *rest = path.split()
    if program == "python":
        return rest[-1] in words or rest[-1].rpartition("/")[2] in words  # a script, from its own folder
    if program == "make":
        return program in words and rest[0] in words[words.index(program) :]
    before = (ELSE, *(word.rpartition("/")[2] for word in words))
    return any(list(words[i : i + len(rest)]) == rest and before[i] in (program, ELSE) for i in range(len(words)))


def has_option(words: Words, option: str) -> bool:
    """Whether `--name`, or `NAME=` of make, is among them."""
    return any(word == option or word.startswith(f"{option.rstrip('=')}=") for word in words)
