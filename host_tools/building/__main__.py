"""`python -m host_tools.building DIR`: every board's release without a signature; `make firmware` is that."""

import sys
from pathlib import Path

from ..outcome import ToolError
from . import release


def main() -> int:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path("build/firmware")
    try:
        built = [release.build(board) for board in release.boards()]
    except ToolError as error:
        print(f"{error}\n{error.advice}", file=sys.stderr)
        return 3
    release.write(folder, [(one, b"") for one in built])
    for one in built:
        sizes = one.sizes()
        print(f"{one.name:34} {sizes[release.WHOLE]:7,} bytes; .mpy {sizes[release.ALL]:7,} in {len(one.plain)} files")
    print(f"in {folder}, with SHA256SUMS and sizes.json; not signed: interlock release signs")
    return 0


sys.exit(main())
