"""`firmware/package.json`: what `mip` and `mpremote mip` install, and whether it is all that there is.

`python -m host_tools.building.mip` writes it anew; a test says when that is due. It brings the source of application
and loader, for people who try them at a prompt; units get releases (`interlock flash`).
"""

import json
from pathlib import Path

from . import release

FILE = "package.json"
PACKAGES = ("interlock", "interlock_loader")


def text(firmware: Path) -> str:
    """The file's text, by what is in `firmware`. Paths are relative to it, as mip takes them since 1.24."""
    paths = [
        path.relative_to(firmware).as_posix() for name in PACKAGES for path in sorted((firmware / name).rglob("*.py"))
    ]
    held = {"urls": [[path, path] for path in paths], "deps": [], "version": release.text(release.version(firmware))}
    return json.dumps(held, indent=1) + "\n"


if __name__ == "__main__":
    (release.firmware() / FILE).write_text(text(release.firmware()), encoding="utf-8")
