"""Generated parts of the specifications: the state tables in `firmware/PROTOCOL.md`.

`python -m tests.vectors.tables` writes them, with `--check` it changes nothing and exits 1 when one is out of date.
"""

import argparse
import sys

from interlock.core import camera, holster, proof, selftest, watch
from interlock.core.machine import table_text

from .documents import END, PROTOCOL, section

MACHINES = {"holster": holster, "proof": proof, "camera": camera, "selftest": selftest, "watch": watch}


def table(name: str) -> str:
    """The table of one machine as the document must show it."""
    module = MACHINES[name]
    return str(table_text(module.MACHINE, module.MODE_NAMES, module.EVENT_NAMES))


def stale() -> list[str]:
    """Names of the machines whose table in the document is not the code's."""
    return [name for name in MACHINES if section(PROTOCOL, f"table: {name}") != table(name)]


def rewrite() -> None:
    text = PROTOCOL.read_text(encoding="utf-8")
    for name in stale():
        marker = f"<!-- table: {name} -->\n"
        old = marker + section(PROTOCOL, f"table: {name}") + END
        text = text.replace(old, marker + table(name) + END)
    PROTOCOL.write_text(text, encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.vectors.tables", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 when a table is out of date")
    if not parser.parse_args().check:
        rewrite()
        return 0
    names = stale()
    if names:
        print(f"{PROTOCOL.name}: state tables out of date: {', '.join(names)}. Run: python -m tests.vectors.tables")
    return 1 if names else 0


if __name__ == "__main__":
    sys.exit(main())
