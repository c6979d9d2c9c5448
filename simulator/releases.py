"""Releases in a world whose units are flashed: what is on a unit when it comes, and the files that technicians bring.

A release is the firmware's own source, without comments and docstrings (as many bytes less to send), or one that does
not work. They are signed with an LMS key of the scenario's own (RFC 8554), whose public half is on every unit: never
for real releases. `interlock release` makes those, of compiled modules.
"""

import ast
import struct
from functools import lru_cache

from interlock.core import lmots
from interlock.core.crypto import hkdf
from interlock.core.lms import Tree, leaf_hash, public_key
from interlock_loader import container

from .hardware.files import file_system, release, source_members, unit_files
from .profiles import Profile

FIRST = (0, 1, 0)
HEIGHT, LMS_TYPE, OTS_TYPE = 5, 5, 3  # 32 signatures, W4: RFC 8554, tables 1 and 2
_VERSION_OF = "interlock/__init__.py"
_BROKEN = b'def main(board):\n    raise RuntimeError("this release does not work")\n'


class ReleaseKey:
    """Signs releases; all of it follows from `secret`."""

    def __init__(self, secret: str) -> None:
        self._seed = hkdf(secret.encode(), b"scenario releases", b"seed", 32)
        self._identifier = hkdf(secret.encode(), b"scenario releases", b"identifier", lmots.IDENTIFIER_BYTES)
        self._leaves = [self._leaf(q) for q in range(1 << HEIGHT)]
        self.public = public_key(1, LMS_TYPE, OTS_TYPE, self._identifier, self._tree(0).root or b"")
        self._used: dict[bytes, int] = {}

    def _leaf(self, q: int) -> bytes:
        leaf = lmots.Leaf(OTS_TYPE, self._identifier, q, self._seed)
        while not leaf.step(1 << 16):
            pass
        assert leaf.public is not None
        return leaf_hash(self._identifier, (1 << HEIGHT) + q, leaf.public)

    def _tree(self, q: int) -> Tree:
        tree = Tree(self._identifier, HEIGHT, q)
        for leaf in self._leaves:
            tree.add(leaf)
        return tree

    def sign(self, message: bytes) -> bytes:
        """An HSS signature of one level; of the same message the same one."""
        q = self._used.setdefault(message, len(self._used))
        assert q < 1 << HEIGHT, "a scenario has as many releases as its key has leaves"
        out = bytearray(struct.pack(">II", 0, q))
        randomizer = lmots.randomizer(self._identifier, q, self._seed)
        chains = lmots.OneTime(OTS_TYPE, self._identifier, q, self._seed, randomizer, message, out.extend)
        while not chains.step(1 << 16):
            pass
        return bytes(out) + struct.pack(">I", LMS_TYPE) + self._tree(q).path


@lru_cache(maxsize=1)
def release_key(secret: str) -> ReleaseKey:
    """The key of the scenario with this secret."""
    return ReleaseKey(secret)


@lru_cache(maxsize=8)
def packed(secret: str, board: str, version: tuple[int, int, int], works: bool = True) -> bytes:
    """A release file for this board, signed. `works`: else its application ends at once, each time."""
    members = dict(_members())
    members[_VERSION_OF] = f"VERSION = {version!r}\n".encode()
    if not works:
        members["interlock/app.py"] = _BROKEN
    unsigned = release(board, members, version)
    size, signed = container.head_sizes(unsigned[: container.HEAD_BYTES])
    assert signed == 0
    manifest = unsigned[container.HEAD_BYTES : container.HEAD_BYTES + size]
    signature = release_key(secret).sign(container.signed_bytes(manifest))
    return container.head(manifest, signature) + unsigned[container.HEAD_BYTES + size :]


@lru_cache(maxsize=1)
def _members() -> dict[str, bytes]:
    return {name: bare(source) for name, source in source_members().items()}


def bare(source: bytes) -> bytes:
    """Python source that does the same, without what only people read."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            node.body[:1] = [] if len(node.body) > 1 else [ast.Pass()]
    return ast.unparse(tree).encode()


def flashed(secret: str, profile: Profile) -> bytes:
    """The file system of a unit as flashing leaves it: the loader, the first release, the key of who signs others."""
    files = unit_files(profile, packed(secret, profile.board, FIRST))
    return file_system(profile, files | {"/release.pub": release_key(secret).public})
