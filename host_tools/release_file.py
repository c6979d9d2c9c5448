"""A release file as the host reads it, before any unit hears of it: whole, signed, for which board.

The format is declared in the firmware (`interlock_loader/container.py`); `interlock release` makes such files."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from interlock.core import lms
from interlock_loader import container
from interlock_loader.container import ContainerError, Manifest

from .outcome import Exit, ToolError
from .vault import trusted
from .vault.vault import Vault

SUFFIX = ".ilu"
RELEASE_MAX_BYTES = 4 << 20
Version = tuple[int, ...]


@dataclass(frozen=True)
class Release:
    """`data`: the whole file; `digest`: SHA-256 of its head, by which units know it."""

    path: Path
    data: bytes
    manifest: Manifest
    digest: bytes

    @property
    def version(self) -> Version:
        return tuple(self.manifest.version)

    @property
    def board(self) -> str:
        return str(self.manifest.board)


def text(version: Version) -> str:
    """A version as people read it; 'none' for 0.0.0."""
    return ".".join(str(part) for part in version) if any(version) else "none"


def load(path: Path, public: bytes) -> Release:
    """The release in this file, checked whole, as a unit would, under this public key (60 bytes). ToolError."""
    data = _read(path)
    try:
        size, signed = container.head_sizes(data[: container.HEAD_BYTES])
        first = container.HEAD_BYTES + size + signed
        packed, signature = data[container.HEAD_BYTES : container.HEAD_BYTES + size], data[first - signed : first]
        if len(data) < first:
            raise ContainerError("the file is cut short")
        manifest = container.unpack_manifest(packed)
    except ContainerError as error:
        raise ToolError(
            f"{path} is no release file: {error}", "Get it again from who made it (interlock release)."
        ) from None
    check_minimum(manifest, str(path))
    whole = container.whole_bytes(manifest, first)
    if len(data) != whole:
        what = "cut short" if len(data) < whole else "followed by something else"
        raise ToolError(f"{path} is {what}: {len(data)} bytes, not {whole}", "Copy or download it again.")
    if not signature:
        raise ToolError(
            f"{path} is not signed, and no unit takes it over the air",
            "Sign it with the force's vault (interlock release), or put it on by cable: interlock flash.",
        )
    if not lms.verify(public, container.signed_bytes(packed), signature):
        raise ToolError(
            f"{path} is not signed by the release key at hand, or was altered",
            "Use the file that interlock release made with this vault; or, if others sign your releases, name their "
            "public key: --public-key FILE. Do not go on with this file.",
            Exit.FINDINGS,
        )
    for name, (offset, member) in container.members_at(manifest, first).items():
        if hashlib.sha256(data[offset : offset + member.stored]).digest() != member.sha256:
            raise ToolError(
                f"{path} was altered: {name} in it is not what was signed", "Copy or download it again.", Exit.FINDINGS
            )
    return Release(path, data, manifest, hashlib.sha256(data[:first]).digest())


def check_minimum(manifest: Manifest, what: str) -> None:
    """ToolError for a release that forbids itself: the unit that confirmed it would take nothing up to its minimum."""
    if manifest.minimum > manifest.version:
        raise ToolError(
            f"{what} is version {text(tuple(manifest.version))}, and its minimum is {text(tuple(manifest.minimum))}",
            "A unit that confirmed it would take no release below that, itself neither: have it made again.",
        )


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > RELEASE_MAX_BYTES:
            raise ToolError(f"{path} is too long for a release", "Releases are some hundred KB: is it another file?")
        return path.read_bytes()
    except OSError as error:
        raise ToolError(f"{path} cannot be read: {error.strerror}", "Name a file of interlock release.") from None


def public_key(vault: Vault, named: Path | None) -> bytes:
    """The public release key: from `named`, else the one that the vault trusts. ToolError."""
    if named is not None:
        return trusted.read_public(named)
    key = trusted.trusted(vault)
    if key is None:
        raise ToolError(
            f"the vault at {vault.path} trusts no release key",
            "Make one with interlock release --new-key, before units are flashed; or name the public key of who signs "
            "your releases: interlock release --trust FILE.",
        )
    return key


def fingerprint(public: bytes) -> bytes:
    """As a unit says which key it holds: 8 bytes."""
    return hashlib.sha256(public).digest()[:8]
