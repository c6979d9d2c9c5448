"""The firmware made small for a board, as source: the same program in few files, without what no unit reads, names
short.

What would become another program by this is refused first (`refusals.py`). What is done, in order: annotations,
docstrings and assertions go (`source.py`); names become absolute (`names.py`), integers take the place of theirs
(`constants.py`); what no unit reaches goes (`live.py`); machines' tables get places instead of texts (`tables.py`);
what is loaded together becomes one file (`chunks.py`); what can be said in fewer bytes is (`phrases.py`, `single.py`);
names get short (`shorten.py`, `attributes.py`). `explain` is the way back: {chunk: {short: absolute}} and {real
attribute: short}.
"""

import ast
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from . import (
    attributes,
    chunks,
    constants,
    live,
    names,
    phrases,
    ranks,
    refusals,
    shorten,
    single,
    source,
    tables,
    weigh,
    words,
    written,
)
from .source import walk

RESERVED = Path(__file__).with_name("reserved.txt")
ENTRY = f"{source.PACKAGE}.app{names.MARK}main"


@dataclass(frozen=True)
class Compacted:
    """`files`: {path below the folder that is imported from: source}; `map`: what the short names stood for; `origins`:
    {path: of each piece of code on the file's top (`weigh.py`), the module of the source that it came from}."""

    files: dict[str, str]
    map: dict[str, dict[str, str]]
    origins: dict[str, list[str]]


def identifiers(path: Path) -> set[str]:
    """What a Python file asks of objects, or defines on them: all attributes, and what has a definition."""
    found = set()
    for node in walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, (ast.FunctionDef | ast.ClassDef, ast.alias)):
            found.add(node.name)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found |= {word for word in node.value.split() if word.isidentifier()}
    return found


def reserved(outside: Iterable[Path]) -> set[str]:
    """Names that keep their meaning: MicroPython's, and those in the files of who uses the application from outside."""
    found = set(RESERVED.read_text(encoding="utf-8").split())
    for path in outside:
        found |= identifiers(path)
    return found


def _keywords(items: Iterable[live.Item], kept: set[str]) -> tuple[set[str], set[str]]:
    """Names by which calls give arguments: (of ours, of MicroPython's)."""
    ours: set[str] = set()
    theirs: set[str] = set()
    for item in items:
        for node in walk(item.node):
            if not isinstance(node, ast.Call):
                continue
            called = node.func
            is_theirs = (isinstance(called, ast.Attribute) and called.attr in kept) or (
                isinstance(called, ast.Name) and not names.is_ours(called.id)
            )
            (theirs if is_theirs else ours).update(one.arg for one in node.keywords if one.arg)
    return ours, theirs


def compact(firmware: Path, board: str, outside: Iterable[Path], exports: Iterable[str] = ()) -> Compacted:
    """The application in `firmware` for this board (its module's name). `outside`: Python files that use it; `exports`:
    absolute names that `interlock.app` is to have as well, for measurements."""
    outside = list(outside)
    modules = source.read(firmware, refusals.in_source)
    entry_board = f"{source.PACKAGE}.boards.{board}{names.MARK}BOARD"
    roots = {ENTRY: chunks.APP, entry_board: f"boards/{board}"} | dict.fromkeys(exports, chunks.APP)
    asked = list(roots)
    meaning, trees, lazy = names.resolve(modules)
    refusals.in_program(live.items(trees, trees))
    constants.inline(trees, set())
    parts = chunks.doors(trees)
    roots |= {name: part for name, part in parts.items() if name in lazy}
    order = meaning.order([f"{source.PACKAGE}.app", f"{source.PACKAGE}.boards.{board}", *_modules_of(parts)])
    every = live.items({name: trees[name] for name in order}, order)
    kept = reserved(outside)
    reach = live.Reach(every, asked, kept)
    found = [item for item in every if any(id(item) in seen for seen in reach.found.values())]
    tables.pack(found)
    said = words.Words()
    words.shorten(found, said)
    words.join_fields(found)
    constants.inline_texts(found)
    # Nobody names the rules now, nor what only they named.
    reach = live.Reach(every, asked, kept)
    found = [item for item in every if any(id(item) in seen for seen in reach.found.values())]
    live.prune(reach, found, kept)
    # What was left out named things, too.
    reach = live.Reach(found, asked, kept)
    split = chunks.split(found, reach, roots)
    single.join(split, asked, phrases.shorten(found, kept))
    shown = {name: name.partition(names.MARK)[2] for name in asked}
    return _write([item for chunk in split for item in chunk.items], split, kept, shown, said)


def _modules_of(parts: dict[str, str]) -> list[str]:
    return [name.partition(names.MARK)[0] for name in parts]


def _write(
    items: list[live.Item], split: list[chunks.Chunk], kept: set[str], asked: dict[str, str], said: words.Words
) -> Compacted:
    by_name, theirs = _keywords(items, kept)
    kept |= theirs  # an equal one of ours keeps its name, too
    places = attributes.colours(items, kept, by_name)
    for name in sorted(by_name - kept - places.keys()):
        places[name] = max(places.values(), default=-1) + 1
    taken = {node.attr for item in items for node in walk(item.node) if isinstance(node, ast.Attribute)}
    taken |= {node.id for item in items for node in walk(item.node) if isinstance(node, ast.Name)}
    source_of = shorten.pool((taken - places.keys()) | kept)
    pool = [next(source_of) for _ in range(2500)]
    short = shorten.Short(pool, {name: pool[place] for name, place in places.items()}, by_name | theirs)
    where = {name: chunk.name for chunk in split for item in chunk.items for name in item.names}
    exported = dict(asked)
    for chunk in split:
        shorten.assign(short, chunk, exported)
        if chunk.name == chunks.APP:
            exported |= short.globals_[chunk.name]
    files = {}
    origins: dict[str, list[str]] = {}
    for chunk in split:
        writer = shorten.Writer(short, chunk, where)
        body = shorten.imports(short, chunk)
        for other in sorted({where[name] for name in chunk.others}):
            wanted = [name for name in chunk.others if where[name] == other]
            body.append(writer.from_chunk(other, wanted, short.globals_[chunk.name]))
        path = f"{source.PACKAGE}/{chunk.name}.py"
        origins[path] = []
        for item in chunk.items:
            made = writer.write(item)
            body.append(made)
            origins[path] += [item.module] * weigh.pieces(made)
        body = ranks.first(ast.Module(body, [])) + body
        files[path] = written.text(ast.Module(body, []))
    told = {chunk: {mine: name for name, mine in held.items()} for chunk, held in short.globals_.items()}
    texts = {str(number): text for number, text in said.texts.items()}
    return Compacted(files, told | {"attributes": short.attributes, "texts": texts}, origins)
