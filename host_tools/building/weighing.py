"""`python -m host_tools.building.weighing [BOARD]`: the bytes of a board's application as Markdown, by file of its
release and by module of the source, the heaviest first."""

import sys
from collections import Counter

from . import compiler, release
from .weigh import Weighed, weigh


def table(head: tuple[str, ...], rows: list[tuple[object, ...]]) -> str:
    """Rows as Markdown, numbers with thousands."""
    lines = ["| " + " | ".join(head) + " |", "|---" + "|---:" * (len(head) - 1) + "|"]
    for row in rows:
        lines.append("| " + " | ".join(f"{one:,}" if isinstance(one, int) else str(one) for one in row) + " |")
    return "\n".join(lines) + "\n"


def told(board: str) -> str:
    """Both tables."""
    small = release.made_small(board)
    files, by_module, functions = [], Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for path, code in small.files.items():
        data = compiler.compile_source(code, path)
        found: Weighed = weigh(data)
        name = path.partition("/")[2].removesuffix(".py")
        rest = sum(piece.size for piece in found.pieces)
        count = sum(piece.functions for piece in found.pieces)
        files.append((name, len(data), found.names, found.constants, found.top, rest, count))
        for module, piece in zip(small.origins[path], found.pieces, strict=True):
            by_module[name, module] += piece.size
            functions[name, module] += piece.functions
    files.sort(key=lambda row: -row[1])
    whole = sum(row[1] for row in files)
    heads = ("file", "bytes", "names", "constants", "run at import", "code", "functions")
    rows = [(module, file, size, functions[file, module]) for (file, module), size in by_module.most_common()]
    listed: list[tuple[object, ...]] = [*files, ("all", whole, "", "", "", "", "")]
    return table(heads, listed) + "\n" + table(("module", "in file", "bytes of code", "functions"), [*rows])


if __name__ == "__main__":
    print(told(sys.argv[1] if len(sys.argv) > 1 else "pico_w"), end="")
