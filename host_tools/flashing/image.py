"""What shall be on a board: the loader, its board's name, the release key, and a release or the source."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from interlock.core import lms
from interlock_loader import container

from ..building import compiler
from ..outcome import Exit, ToolError
from ..release_file import check_minimum
from .areas import firmware
from .chips import MICROPYTHON_LEAST
from .plan import RELEASE

PUBLIC_BYTES = 60  # of an HSS public key; RFC 8554, 6
_LOADER = "interlock_loader"
NO_VERSION = (0, 0, 0)


@dataclass(frozen=True)
class Image:
    """`files`: {path on the board: contents}; `version` of the release (NO_VERSION: source), `minimum` as its manifest
    has it; `mpy`: version of the .mpy files in it, 0 for none; `micropython`: the least that it runs on; `is_signed`:
    the release bears a signature of the vault's release key."""

    board: str
    files: Mapping[str, bytes]
    version: tuple[int, ...] = NO_VERSION
    minimum: tuple[int, ...] = NO_VERSION
    mpy: int = 0
    micropython: tuple[int, ...] = MICROPYTHON_LEAST
    is_signed: bool = False

    @property
    def is_release(self) -> bool:
        return RELEASE in self.files


def of_release(board: str, data: bytes, what: str, public: bytes | None) -> Image:
    """The image with this release file (`what`: how to call it). ToolError when it is none for this board, not whole,
    or signed by another key than `public` (60 bytes; None: nobody can tell). By cable an unsigned one will do."""
    packed, manifest, signature = read_release(data, what)
    check_minimum(manifest, what)
    if manifest.loader > container.LOADER:
        raise ToolError(
            f"{what} needs a newer loader than this program has ({manifest.loader}, not {container.LOADER})",
            "Flash it with the Interlock that made it, or newer.",
        )
    if manifest.board != board:
        raise ToolError(
            f"{what} is a release for the board {manifest.board}, not for {board}",
            "Take the file of this board: interlock-VERSION-BOARD.ilu.",
        )
    if signature and public is not None and not lms.verify(public, container.signed_bytes(packed), signature):
        raise ToolError(
            f"{what} is not signed by this vault's release key, or was altered",
            "Use the file that interlock release made with this vault. Do not go on with this one.",
            Exit.FINDINGS,
        )
    files = around(board, public, compiled=True) | {RELEASE: data}
    return Image(
        board,
        files,
        tuple(manifest.version),
        tuple(manifest.minimum),
        compiler.MPY_VERSION,
        tuple(manifest.micropython),
        bool(signature) and public is not None,
    )


def built(board: str, public: bytes | None) -> Image:
    """The image with this checkout's application, built now and unsigned."""
    from ..building import release

    return of_release(board, release.unsigned(board), "what was built", public)


def read_release(data: bytes, what: str) -> tuple[bytes, container.Manifest, bytes]:
    """(manifest's bytes, manifest, signature) of a whole release file, every member held against its SHA-256.
    ToolError."""
    try:
        packed, signature, first = container.read_head(io.BytesIO(data))
        manifest = container.unpack_manifest(packed)
        if container.whole_bytes(manifest, first) != len(data):
            raise container.ContainerError("the file is cut short, or something follows it")
        for name, (offset, member) in container.members_at(manifest, first).items():
            if sha256(data[offset : offset + member.stored]).digest() != member.sha256:
                raise container.ContainerError(f"{name} in it was altered")
    except container.ContainerError as error:
        raise ToolError(
            f"{what} is no release file: {error}", "Make one: interlock release, or make firmware."
        ) from error
    return packed, manifest, signature


def of_source(board: str, public: bytes | None) -> Image:
    """The image with the application as source, for development: what is edited on the board runs."""
    root = firmware()
    others = {path.stem for path in (root / "boards").glob("*.py")} - {board, "__init__"}
    files = {
        f"/interlock/{path.relative_to(root).as_posix()}": path.read_bytes()
        for path in sorted(root.rglob("*.py"))
        if not (path.parent.name == "boards" and path.stem in others and not path.stem.startswith("on_"))
    }
    return Image(board, around(board, public, compiled=False) | files)


def around(board: str, public: bytes | None, compiled: bool) -> dict[str, bytes]:
    """What no update changes."""
    base = firmware().parent
    files = {f"/{name}": (base / name).read_bytes() for name in ("boot.py", "main.py")}
    for path in sorted((base / _LOADER).glob("*.py")):
        if compiled:
            name = f"{_LOADER}/{path.name}"
            files[f"/{_LOADER}/{path.stem}.mpy"] = compiler.compile_source(path.read_text("utf-8"), name, path.name)
        else:
            files[f"/{_LOADER}/{path.name}"] = path.read_bytes()
    files["/board.py"] = board_file(board)
    if public is not None:
        if len(public) != PUBLIC_BYTES:
            raise ToolError(
                f"the release key has {len(public)} bytes, and not {PUBLIC_BYTES}",
                "Name the right one to the vault: interlock release --trust FILE.",
            )
        files["/release.pub"] = public
    return files


def board_file(board: str) -> bytes:
    """The file that tells loader and application which board this is."""
    import importlib

    data = importlib.import_module(f"interlock.boards.{board}").BOARD
    return (
        '"""Which board this is. Written by `interlock flash`."""\n\n'
        f"NAME = {board!r}\n"
        f"BUTTON = {data.pins['button']!r}\n"
        f"BUTTON_ACTIVE = {int('button' not in data.active_low)}\n\n\n"
        "def load():\n"
        f"    from interlock.boards.{board} import BOARD\n\n"
        "    return BOARD\n"
    ).encode()
