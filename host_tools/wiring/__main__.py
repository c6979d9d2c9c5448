"""`python -m host_tools.wiring`: writes `docs/boards/wiring-*.svg` and the tables of `docs/boards/wiring.md`; with
`--check` it changes nothing and exits 1 when one is out of date."""

import argparse
import sys

from .files import stale, write


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m host_tools.wiring", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 when a drawing is out of date")
    if not parser.parse_args().check:
        write()
        return 0
    found = stale()
    for name in found:
        print(f"{name}: out of date. Run: python -m host_tools.wiring")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
