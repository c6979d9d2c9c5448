"""Which files of this house a module needs to run by itself: what it imports when it is imported, and so on.

Read from the source, without running it. Imports within functions are left out: what a bare Python lacks, and a
verifier does not need, is imported there and only there.
"""

import ast
import sys
from collections.abc import Iterator
from importlib import util
from pathlib import Path

HOUSE = ("host_tools", "interlock")
BOARDS = ("micropython",)
"""What only a board has; the core does without it elsewhere."""


def closure(root: str) -> dict[str, Path]:
    """Files by their names in a folder that holds them: `host_tools/outcome.py`. Packages' own files are among them.
    ImportError when one of them needs more than the standard library."""
    found: dict[str, Path] = {}
    waiting = [root]
    seen: set[str] = set()
    while waiting:
        module = waiting.pop()
        if module in seen:
            continue
        seen.add(module)
        path, is_package = _source(module)
        parts = module.split(".")
        found["/".join(parts) + ("/__init__.py" if is_package else ".py")] = path
        waiting += [".".join(parts[:end]) for end in range(1, len(parts))]
        package = module if is_package else module.rpartition(".")[0]
        waiting += [name for name in _imported(path, package) if name not in seen]
    return dict(sorted(found.items()))


def _source(module: str) -> tuple[Path, bool]:
    spec = util.find_spec(module)
    if spec is None:
        raise ImportError(f"{module} is not here")
    if spec.origin is None or not spec.origin.endswith(".py"):
        raise ImportError(f"{module} has no source: it is {spec.origin}")
    return Path(spec.origin), spec.submodule_search_locations is not None


def _imported(path: Path, package: str) -> Iterator[str]:
    """Modules of the house that this one imports. ImportError for those that are neither that nor of Python itself."""
    for node in _at_import(ast.parse(path.read_text(encoding="utf-8")).body):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            base = util.resolve_name("." * node.level + (node.module or ""), package) if node.level else node.module
            assert base is not None
            names = [f"{base}.{alias.name}" if _is_module(f"{base}.{alias.name}") else base for alias in node.names]
        for name in names:
            top = name.partition(".")[0]
            if top in HOUSE:
                yield name
            elif top not in sys.stdlib_module_names and top not in BOARDS:
                raise ImportError(f"{path.name} imports {name}, which a bare Python does not have")


def _is_module(name: str) -> bool:
    if name.partition(".")[0] not in HOUSE:
        return False
    try:
        return util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def _at_import(body: list[ast.stmt]) -> Iterator[ast.Import | ast.ImportFrom]:
    """The import statements that are run when the module is: not those in functions, nor those for type checkers."""
    for node in body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield node
        elif isinstance(node, ast.If):
            if not (isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"):
                yield from _at_import(node.body)
            yield from _at_import(node.orelse)
        elif isinstance(node, ast.Try):
            for part in (node.body, *(handler.body for handler in node.handlers), node.orelse, node.finalbody):
                yield from _at_import(part)
        elif isinstance(node, ast.ClassDef):
            yield from _at_import(node.body)
