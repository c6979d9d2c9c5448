"""The release file `interlock-VERSION-BOARD.ilu`: declared here once, for units and host tools alike.

A head (magic, manifest, signature), then the members' stored bytes in the manifest's order. The signature is over
`signed_bytes`: the manifest, which holds the SHA-256 of every member. Integers are big-endian. Pure, and small: it is a
part of the loader, which no update ever changes. Byte by byte: `firmware/PROTOCOL.md`, "Update".
"""

import struct
from collections import namedtuple

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from typing import Any, BinaryIO

MAGIC = b"ILU1"
CONTEXT = b"interlock release\x00"  # a signature over a manifest is one over nothing else
HEAD = ">4sHH"  # magic, bytes of manifest and of signature
HEAD_BYTES = 8
# Version, minimum, board, mpy, micropython, loader, source, count of members.
FIXED = ">3s3s16sH3sB20sH"
FIXED_BYTES = 50
# Of each member: length of its name, how it is stored, bytes stored, bytes when plain, SHA-256 of the stored bytes.
MEMBER = ">BBII32s"
MEMBER_BYTES = 42

STORED = 0
DEFLATED = 1  # raw deflate
WINDOW_BITS = 10  # 1 KiB: what a unit holds while it loads one

MANIFEST_MAX = 16384
MEMBERS_MAX = 128
NAME_MAX = 64
MEMBER_MAX = 1 << 20

# `mpy`: what compiled members need: version of the format in the low byte, bits of the small integers above it
# (tools/mpy-tool.py; a unit loads any count up to its own, and 31 are the least of all ports); 0: none is compiled.
SMALL_INT_BITS = 31

# What this loader offers to applications. It counts up when one of them asks for more of it (tests/loader/
# test_offered.py): units keep the loader that they were flashed with.
LOADER = 1

# version, minimum, micropython: (major, minor, patch). `minimum`: a unit that has confirmed this release takes none
# below it any more. loader: the least LOADER that it runs under. source: 20 bytes, the tree it was built from, or
# zeros.
Manifest = namedtuple("Manifest", ("version", "minimum", "board", "mpy", "micropython", "loader", "source", "members"))
Member = namedtuple("Member", ("name", "how", "stored", "plain", "sha256"))


class ContainerError(Exception):
    """This is no release file, or not a whole one; says why."""


def pack_manifest(manifest: Manifest) -> bytes:
    """The manifest's bytes."""
    board = manifest.board.encode()
    if not 0 < len(board) <= 16:
        raise ContainerError("the board's name has 1 to 16 letters: %r" % manifest.board)
    if manifest.minimum > manifest.version:
        raise ContainerError("its minimum is above its version")
    out = [
        struct.pack(
            FIXED,
            bytes(manifest.version),
            bytes(manifest.minimum),
            board,
            manifest.mpy,
            bytes(manifest.micropython),
            manifest.loader,
            manifest.source,
            len(manifest.members),
        )
    ]
    for member in manifest.members:
        name = member.name.encode()
        out.append(struct.pack(MEMBER, len(name), member.how, member.stored, member.plain, member.sha256) + name)
    packed = b"".join(out)
    unpack_manifest(packed)
    return packed


def unpack_manifest(packed: bytes) -> Manifest:
    """What `pack_manifest` has packed; ContainerError when it is anything else."""
    if not FIXED_BYTES <= len(packed) <= MANIFEST_MAX:
        raise ContainerError("a manifest of %d bytes" % len(packed))
    version, minimum, board, mpy, micropython, loader, source, count = struct.unpack_from(FIXED, packed, 0)
    if not 0 < count <= MEMBERS_MAX:
        raise ContainerError("%d members" % count)
    members = []
    names = set()
    at = FIXED_BYTES
    for _ in range(count):
        if at + MEMBER_BYTES > len(packed):
            raise ContainerError("the manifest is cut short")
        length, how, stored, plain, sha256 = struct.unpack_from(MEMBER, packed, at)
        at += MEMBER_BYTES
        name = _text(packed[at : at + length])
        at += length
        if at > len(packed) or not _is_name(name) or name in names:
            raise ContainerError("a member has no good name")
        if how > DEFLATED or stored > MEMBER_MAX or plain > MEMBER_MAX or (how == STORED and stored != plain):
            raise ContainerError("%s is stored as nobody stores it" % name)
        names.add(name)
        members.append(Member(name, how, stored, plain, sha256))
    if at != len(packed):
        raise ContainerError("something follows the manifest's members")
    board = board.rstrip(b"\x00")
    if not board:
        raise ContainerError("it names no board")
    fixed = (tuple(version), tuple(minimum), _text(board), mpy, tuple(micropython), loader, source)
    return Manifest(*(fixed + (tuple(members),)))


def signed_bytes(packed: bytes) -> bytes:
    """What a release key signs for this manifest (its bytes)."""
    return CONTEXT + packed


def head(packed: bytes, signature: bytes) -> bytes:
    """What a release file begins with: the members' stored bytes follow. `signature`: an HSS signature (RFC 8554), or
    empty."""
    return struct.pack(HEAD, MAGIC, len(packed), len(signature)) + packed + signature


def head_sizes(first: bytes) -> tuple[int, int]:
    """(bytes of the manifest, bytes of the signature) from a file's first HEAD_BYTES."""
    if len(first) != HEAD_BYTES:
        raise ContainerError("the file is cut short")
    magic, manifest_bytes, signature_bytes = struct.unpack(HEAD, first)
    if magic != MAGIC:
        raise ContainerError("no release file: it does not begin with %s" % _text(MAGIC))
    if not FIXED_BYTES <= manifest_bytes <= MANIFEST_MAX:
        raise ContainerError("a manifest of %d bytes" % manifest_bytes)
    return manifest_bytes, signature_bytes


def read_head(file: "BinaryIO | Any") -> tuple[bytes, bytes, int]:
    """(manifest's bytes, signature, where the first member's bytes begin) of a release file, open at its start."""
    manifest_bytes, signature_bytes = head_sizes(file.read(HEAD_BYTES))
    packed, signature = file.read(manifest_bytes), file.read(signature_bytes)
    if len(packed) != manifest_bytes or len(signature) != signature_bytes:
        raise ContainerError("the file is cut short")
    return packed, signature, HEAD_BYTES + manifest_bytes + signature_bytes


def read_manifest(file: "BinaryIO | Any") -> tuple[Manifest, int]:
    """(Manifest, where the first member's bytes begin) of a release file, open at its start. No signature is looked
    at: that was done before the file got here."""
    packed, _, first = read_head(file)
    return unpack_manifest(packed), first


def members_at(manifest: Manifest, first: int) -> "dict[str, tuple[int, Member]]":
    """{name: (offset in the file, Member)}; `first`: as `read_head` gave it."""
    found = {}
    for member in manifest.members:
        found[member.name] = (first, member)
        first += member.stored
    return found


def whole_bytes(manifest: Manifest, first: int) -> int:
    """Bytes of the whole file."""
    stored: int = sum([member.stored for member in manifest.members])
    return first + stored


def why_not_here(manifest: Manifest, board: str, implementation: "Any") -> str:
    """Why this release cannot run on `board` under `sys.implementation`; empty when it can."""
    if manifest.board != board:
        return "it is for the board %s, this is %s" % (manifest.board, board)
    if manifest.micropython > tuple(implementation.version[:3]):
        return "it needs MicroPython %d.%d.%d" % manifest.micropython
    if manifest.loader > LOADER:
        return "it needs loader %d, this is %d" % (manifest.loader, LOADER)
    has = getattr(implementation, "_mpy", 0) & 0xFF
    if manifest.mpy and (manifest.mpy & 0xFF != has or manifest.mpy >> 8 > SMALL_INT_BITS):
        return "its .mpy files are of version %d for %d-bit integers" % (manifest.mpy & 0xFF, manifest.mpy >> 8)
    return ""


def _text(data: bytes) -> str:
    """ASCII as a str."""
    for byte in data:
        if not 32 < byte < 127:
            raise ContainerError("a name that is no plain ASCII")
    return data.decode()


def _is_name(name: str) -> bool:
    """A path below the mount, without tricks."""
    if not 0 < len(name) <= NAME_MAX or "\\" in name:
        return False
    for part in name.split("/"):
        if part in ("", ".", ".."):
            return False
    return True
