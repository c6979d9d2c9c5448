"""A board's release: the application made small, compiled, packed into the one file that units take (`container.py`).

The same source (byte for byte: line ends count), compiler and zlib give the same bytes, whoever builds, when and
wherever. `sizes.json` says which compiler and zlib: a Python that comes with zlib-ng packs otherwise.
"""

import ast
import hashlib
import json
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from interlock_loader import container
from interlock_loader.container import Manifest, Member

from ..outcome import ToolError
from . import compiler, deflating
from .compact import Compacted, compact
from .source import PACKAGE, BuildError
from .tree_id import tree_id

FIRMWARE = Path(__file__).resolve().parents[2] / "firmware"
NO_MINIMUM = (0, 0, 0)
LOADER = "interlock_loader"
ALL = "all members"
WHOLE = "file, unsigned"


@dataclass(frozen=True)
class Built:
    """What was made for one board. `manifest`: its bytes; `body`: the members' stored bytes; `plain`: {member: its
    .mpy}; `map`: what the short names stand for."""

    board: str
    version: tuple[int, ...]
    manifest: bytes
    body: bytes
    plain: dict[str, bytes]
    map: dict[str, dict[str, str]]

    def file(self, signature: bytes = b"") -> bytes:
        """The release file."""
        return container.head(self.manifest, signature) + self.body

    @property
    def name(self) -> str:
        return f"interlock-{text(self.version)}-{self.board}.ilu"

    def sizes(self) -> dict[str, int]:
        """Bytes of each member when plain, of all of them, and of the whole file without a signature."""
        return {name: len(data) for name, data in self.plain.items()} | {
            ALL: sum(len(data) for data in self.plain.values()),
            WHOLE: len(self.file()),
        }


def text(version: Iterable[int]) -> str:
    return ".".join(str(part) for part in version)


def firmware() -> Path:
    """The firmware's folder, of the checkout or of the installation. ToolError where there is none."""
    if not (FIRMWARE / "boot.py").exists():
        raise ToolError(
            f"there is no firmware at {FIRMWARE}",
            "Install the tools anew, or build in a checkout: pip install --editable '.[flash]'.",
        )
    return FIRMWARE


def boards(source: Path | None = None) -> list[str]:
    """All boards that there is data for."""
    folder = (source or firmware()) / PACKAGE / "boards"
    found = []
    for path in sorted(folder.glob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Assign) and any(
                isinstance(one, ast.Name) and one.id == "BOARD" for one in node.targets
            ):
                found.append(path.stem)
    return found


def version(source: Path) -> tuple[int, ...]:
    """The application's own, `interlock.VERSION`."""
    for node in ast.parse((source / PACKAGE / "__init__.py").read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "VERSION":
            found = ast.literal_eval(node.value)
            return tuple(int(part) for part in found)
    raise ToolError("the firmware has no VERSION", f"It is a tuple in {source / PACKAGE / '__init__.py'}.")


def outside(source: Path) -> list[Path]:
    """Who calls the application without being a part of it: their names for things stay."""
    return [*sorted((source / LOADER).glob("*.py")), source / "main.py", source / "boot.py"]


def made_small(board: str, source: Path | None = None) -> Compacted:
    """The application for this board, small, as source."""
    source = source or firmware()
    known = boards(source)
    if board not in known:
        raise ToolError(f"there is no board {board!r}", f"Boards are: {', '.join(known)}.")
    try:
        return compact(source, board, outside(source))
    except BuildError as error:
        raise ToolError(f"the firmware cannot be built: {error}", "Write it as the message asks.") from None


def build(board: str, minimum: tuple[int, ...] = NO_MINIMUM, source: Path | None = None) -> Built:
    """The release for one board. `minimum`: no unit that has confirmed it takes any below this version again."""
    source = source or firmware()
    check_minimum(version(source), minimum)
    compiler.version()
    small = made_small(board, source)
    plain = {
        path.removesuffix(".py") + ".mpy": compiler.compile_source(code, path)
        for path, code in sorted(small.files.items())
    }
    members, body = [], b""
    for name, data in plain.items():
        how, stored = deflating.pack(data)
        members.append(Member(name, how, len(stored), len(data), deflating.sha256(stored)))
        body += stored
    manifest = Manifest(
        version(source),
        minimum,
        board,
        compiler.MPY,
        compiler.MICROPYTHON,
        container.LOADER,
        tree_id(source / PACKAGE),
        tuple(members),
    )
    return Built(board, version(source), container.pack_manifest(manifest), body, plain, small.map)


def check_minimum(own: tuple[int, ...], minimum: tuple[int, ...]) -> None:
    """ToolError for a minimum above the release's own version: a slip of a digit would lock a fleet out."""
    if tuple(minimum) > own:
        raise ToolError(
            f"the minimum {text(minimum)} is above the release's own version {text(own)}",
            "Units that confirmed it would take no release below the minimum again, but by cable. Name one that is at "
            f"most {text(own)}, or raise interlock.VERSION first.",
        )


def signed_bytes(built: Built) -> bytes:
    """What the release key signs."""
    return container.signed_bytes(built.manifest)


def unsigned(board: str) -> bytes:
    """This checkout's release file for one board, without a signature: for boards on a cable."""
    return build(board).file()


def write(folder: Path, built: Iterable[tuple[Built, bytes]]) -> list[Path]:
    """Release files (each with its signature, or none), their maps, `sizes.json` and `SHA256SUMS` in this folder; the
    release files' paths."""
    files: dict[str, bytes] = {}
    sizes: dict[str, dict[str, int]] = {}
    for one, signature in built:
        files[one.name] = one.file(signature)
        files[f"{one.name}.map.json"] = _json(one.map)
        sizes[one.board] = one.sizes()
    paths = [folder / name for name in files if name.endswith(".ilu")]
    made_with = {"mpy-cross": compiler.version(), "zlib": zlib.ZLIB_RUNTIME_VERSION}
    files["sizes.json"] = _json({"boards": sizes, "made with": made_with})
    sums = "".join(f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in sorted(files.items()))
    files["SHA256SUMS"] = sums.encode()
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return paths


def _json(value: object) -> bytes:
    return json.dumps(value, indent=1, sort_keys=True).encode() + b"\n"
