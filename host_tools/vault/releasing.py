"""The key that signs releases: HSS (RFC 8554), two levels of H10 and W4, SHA-256; public half in public/release.pub.

    releases/key.json           the seed that all of it grows from, and its number, in the vault like any secret
    releases/N-DIGEST.json      which leaf of key N signed the message with this SHA-256: on disk before the signature
    releases/minimum.json       the highest minimum that was ever signed: later releases have no lower one
    public/release.pub          60 bytes, for units and for anybody (`trusted.py`); release-N.pub: that of the Nth key

It lives in a vault of its own, the signer's, with its own passphrase (`commands/release_desk.py`): the one in daily use
has admin keys of units, and knows the public half only. Who steals that one unlocked signs nothing.

A one-time key must sign one message only, and a vault can be an old copy of itself that knows nothing of what was
signed since. So no counter says which leaf is next. The message itself does: its digest chooses one of the 1,048,576
leaves (and the next candidate where the vault knows that leaf is taken). The same message gets the same leaf, and the
same bytes, from any copy of the vault. A copy that forgot k signatures takes one of their leaves for another message
with a chance of k in a million; were that to happen, who has both signatures could forge with some work. Trees of the
lower level come from the seed as well, so a leaf of the upper one never signs two of them. A copy forgets minimums as
well: name it again then.
"""

import hashlib
import hmac
import struct
from dataclasses import dataclass, field
from pathlib import Path

from interlock.core import lms
from interlock.core.lmots import HASH_BYTES, IDENTIFIER_BYTES, Leaf, OneTime, randomizer

from ..outcome import ToolError
from . import trusted
from .fields import KEY_BYTES, Damaged, Fields
from .trusted import FOLDER
from .vault import Vault

LMS_TYPE, OTS_TYPE = 6, 3
HEIGHT = lms.HEIGHTS[LMS_TYPE]
LEVELS = 2
LEAVES = 1 << (LEVELS * HEIGHT)
_SLICE = 1 << 30
MINIMUM = "minimum"
NO_MINIMUM = (0, 0, 0)
Version = tuple[int, ...]


@dataclass(frozen=True)
class ReleaseKey:
    """`number`: counted from 1; the keys before it signed releases that units of then still take."""

    number: int
    seed: bytes = field(repr=False)


def key_bytes(key: ReleaseKey) -> bytes:
    return f'{{"version": 1, "number": {key.number}, "seed": "{key.seed.hex()}"}}\n'.encode()


def key_entry(path: Path, data: bytes) -> ReleaseKey:
    fields = Fields(path, data)
    return ReleaseKey(fields.number("number"), fields.key("seed", KEY_BYTES))


def check(path: Path, data: bytes) -> None:
    """ToolError when a file of the folder does not hold what it should."""
    if path.stem == "key":
        key_entry(path, data)
    elif path.stem == trusted.STEM:
        trusted.parse(path, data)
    elif path.stem == MINIMUM:
        _minimum(path, data)
    else:
        Fields(path, data).number("leaf")


def _minimum(path: Path, data: bytes) -> Version:
    parts = Fields(path, data).text(MINIMUM).split(".")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() and int(part) < 256 for part in parts):
        raise Damaged(path, "it holds no version")
    return tuple(map(int, parts))


class Node:
    """One tree, wholly from its secret. `public`: as LMS has it, 56 bytes."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self.identifier = _derived(secret, b"identifier")[:IDENTIFIER_BYTES]
        self._leaves = [self._leaf(q) for q in range(1 << HEIGHT)]
        self.public = lms.public_key(1, LMS_TYPE, OTS_TYPE, self.identifier, self._tree(0).root or b"")[4:]

    def _seed(self, q: int) -> bytes:
        return _derived(self._secret, b"leaf", q)

    def _leaf(self, q: int) -> bytes:
        leaf = Leaf(OTS_TYPE, self.identifier, q, self._seed(q))
        leaf.step(_SLICE)
        assert leaf.public is not None
        return lms.leaf_hash(self.identifier, (1 << HEIGHT) + q, leaf.public)

    def _tree(self, q: int) -> lms.Tree:
        tree = lms.Tree(self.identifier, HEIGHT, q)
        for leaf in self._leaves:
            tree.add(leaf)
        return tree

    def sign(self, q: int, message: bytes) -> bytes:
        """LMS signature (RFC 8554, 5.4) by leaf `q`: always the same of the same message."""
        seed = self._seed(q)
        parts: list[bytes] = []
        salt = randomizer(self.identifier, q, seed)
        OneTime(OTS_TYPE, self.identifier, q, seed, salt, message, parts.append).step(_SLICE)
        return struct.pack(">I", q) + b"".join(parts) + struct.pack(">I", LMS_TYPE) + self._tree(q).path


def _derived(secret: bytes, what: bytes, number: int = 0) -> bytes:
    said = b"interlock release " + what + struct.pack(">I", number)
    return hmac.new(secret, said, hashlib.sha256).digest()[:HASH_BYTES]


class Signer:
    """Signs with the release key of this vault. ToolError when it has none."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        key = load(vault)
        if key is None:
            raise ToolError(
                f"there is no release key in {vault.path}",
                "Make one, once: interlock release --new-key. If it is elsewhere: --signer DIR.",
            )
        self.key = key
        self._top = Node(_derived(key.seed, b"top"))
        self.public = struct.pack(">I", LEVELS) + self._top.public

    def sign(self, message: bytes) -> bytes:
        """HSS signature of `message`; the leaf that makes it is on disk, as taken by it, before this returns."""
        leaf = self._take(hashlib.sha256(message).hexdigest())
        above, below = leaf >> HEIGHT, leaf & (1 << HEIGHT) - 1
        bottom = Node(_derived(self.key.seed, b"bottom", above))
        signature = struct.pack(">I", LEVELS - 1) + self._top.sign(above, bottom.public) + bottom.public
        signature += bottom.sign(below, message)
        if not lms.verify(self.public, message, signature):
            raise ToolError("the signature that was made is not right", "Check the vault: interlock vault check.")
        return signature

    @property
    def minimum(self) -> Version:
        """The highest minimum of all that was signed here."""
        path = self._minimum_path
        return _minimum(path, self._vault.files.read(path)) if path.exists() else NO_MINIMUM

    @property
    def _minimum_path(self) -> Path:
        return self._vault.path / FOLDER / f"{MINIMUM}.json"

    def keep_minimum(self, minimum: Version) -> None:
        """A release with this minimum is going to be signed. ToolError when one with a higher one was before: a unit
        that lost what it remembers would take releases again that were ruled out."""
        with self._vault.locked():
            before, said = self.minimum, ".".join(map(str, minimum))
            if minimum < before:
                least = ".".join(map(str, before))
                raise ToolError(
                    f"the minimum {said} is below {least}, which this key signed before",
                    f"Leave --minimum out: it is {least} then. What is below it stays ruled out.",
                )
            if minimum > before:
                self._vault.files.write(self._minimum_path, f'{{"version": 1, "minimum": "{said}"}}\n'.encode())

    def _take(self, digest: str) -> int:
        with self._vault.locked():
            path = self._path(digest)
            taken = {self._leaf(other): other for other in sorted((self._vault.path / FOLDER).glob("*.json"))}
            if path.exists():
                return self._leaf(path)
            tries = 0
            leaf = candidate(self.key.seed, digest, tries)
            while leaf in taken:
                tries += 1
                leaf = candidate(self.key.seed, digest, tries)
            self._vault.files.write(path, f'{{"version": 1, "leaf": {leaf}}}\n'.encode())
            return leaf

    def _path(self, digest: str) -> Path:
        return self._vault.path / FOLDER / f"{self.key.number}-{digest}.json"

    def _leaf(self, path: Path) -> int:
        """The leaf that a file speaks of; -1 for the key's own, and for those of keys before."""
        if not path.stem.startswith(f"{self.key.number}-"):
            return -1
        return Fields(path, self._vault.files.read(path)).number("leaf")


def candidate(seed: bytes, digest: str, tries: int) -> int:
    """The leaf that the message with this SHA-256 asks for, the `tries`th time."""
    return int.from_bytes(_derived(seed, b"choice " + digest.encode(), tries)[:4]) % LEAVES


def load(vault: Vault) -> ReleaseKey | None:
    """The release key that signs now, or None."""
    vault.check_own("release key", "Releases are signed on the computer that has the force's vault.")
    path = vault.path / FOLDER / "key.json"
    return key_entry(path, vault.files.read(path)) if path.exists() else None


def new_key(vault: Vault) -> tuple[ReleaseKey, bytes]:
    """(a new release key, its public half), in the vault and published; it takes the place of any before."""
    before = load(vault)
    key = ReleaseKey(1 if before is None else before.number + 1, vault.entropy(KEY_BYTES))
    with vault.locked():
        vault.files.write(vault.path / FOLDER / "key.json", key_bytes(key))
    return key, publish(vault)


def publish(vault: Vault, signer: Signer | None = None) -> bytes:
    """The public half, where others find it; written again when it is not there. Tells when another key was there."""
    signer = signer or Signer(vault)
    path = vault.path / "public" / f"release-{signer.key.number}.pub"
    if not path.exists() or path.read_bytes() != signer.public:
        with vault.locked():
            vault.files.write_open(path, signer.public)
    if trusted.trust(vault, signer.public):
        vault.files.tell(f"{vault.path / 'public' / trusted.PUBLIC} held another key: find out who wrote there")
    return signer.public
