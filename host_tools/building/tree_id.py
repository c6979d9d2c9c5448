"""Which source a release was made from: the id that git gives that folder, worked out from the files themselves, so
that it also tells what was built from a changed checkout."""

import hashlib
from pathlib import Path

SUFFIXES = (".py", ".pyi")


def _object(kind: str, data: bytes) -> bytes:
    return hashlib.sha1(f"{kind} {len(data)}\0".encode() + data, usedforsecurity=False).digest()


def tree_id(folder: Path) -> bytes:
    """The id (20 bytes) of a tree with the Python files in `folder`: git's own of it, where nothing else is tracked."""
    entries: list[tuple[bytes, bytes]] = []
    for path in folder.iterdir():
        if path.is_dir():
            inner = tree_id(path)
            if path.name != "__pycache__" and any(path.rglob("*.py")):
                entries.append((path.name.encode() + b"/", b"40000 " + path.name.encode() + b"\0" + inner))
        elif path.suffix in SUFFIXES:
            mode = b"100644 "
            name = path.name.encode()
            entries.append((name, mode + name + b"\0" + _object("blob", path.read_bytes())))
    return _object("tree", b"".join(entry for _, entry in sorted(entries)))
