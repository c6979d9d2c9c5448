"""`python -m simulator.profiles`: print the tables that COSTS.md holds between its markers; with `--write` put them
there."""

import argparse
from pathlib import Path

from .costs import chips_table, table

DOCUMENT = Path(__file__).parents[1] / "COSTS.md"


def tables() -> dict[str, str]:
    """{marker: the table behind it}."""
    return {"costs": table(), "chips": chips_table()}


def write(path: Path) -> None:
    """Put the tables into this document."""
    text = path.read_text(encoding="utf-8")
    for marker, made in tables().items():
        before, _, rest = text.partition(f"<!-- {marker} -->\n")
        after = rest.partition(f"<!-- /{marker} -->")[2]
        text = f"{before}<!-- {marker} -->\n{made}\n<!-- /{marker} -->{after}"
    path.write_text(text, encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m simulator.profiles", description=__doc__)
    parser.add_argument("--write", action="store_true", help="write them into simulator/COSTS.md instead")
    if parser.parse_args().write:
        write(DOCUMENT)
    else:
        print(*tables().values(), sep="\n\n")


if __name__ == "__main__":
    main()
