"""What runs in a bundle, in a bare Python: everything in it checked, and judged anew. `run_alone.py` calls it.

Hashes first; then each journal, its chain and its checkpoints' signatures; the keys; what people signed; then clocks
are fitted and the incident is judged anew from the journals, and compared with what the bundle states (`checks.py`).
Exit codes: 0 all of it fits and nothing is found; 1 findings; 2 it is no bundle. Standard library only, as all that it
imports.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from ..outcome import Exit, ToolError
from .checks import Checked, check
from .given import person_key, unit_key

_MARKS = {"ok": "ok      ", "finding": "FINDING ", "note": "note    ", "open": "not shown "}


def main(here: str, arguments: Sequence[str]) -> int:
    """`here`: the folder of the bundle, or its file."""
    asked = argparse.ArgumentParser(
        prog="verify.py", description="Check this bundle of evidence: hashes, journals, signatures, clocks, verdicts."
    )
    asked.add_argument(
        "--public-key", metavar="[SERIAL=]FILE", action="append", default=[],
        help="a unit's public key that you had from elsewhere: 60 bytes, or their hex; no other of that unit counts "
        "then; may be given more than once",
    )  # fmt: skip
    asked.add_argument(
        "--person-key", metavar="PERSON=KEY", action="append", default=[],
        help="a person's key that you had from elsewhere: PC1=ILK1-...; may be given more than once",
    )  # fmt: skip
    asked.add_argument("--json", action="store_true", help="for programs")
    options = asked.parse_args(list(arguments))
    out = sys.stdout
    try:
        known = [person_key(text) for text in options.person_key]
        checked = check(Path(here), [unit_key(text) for text in options.public_key], known)
    except ToolError as error:
        sys.stderr.write(_encodable(f"{_one_line(f'{error}')}.\n{_one_line(error.advice)}\n", sys.stderr.encoding))
        return int(error.code)
    if options.json:
        lines = [line._asdict() for line in checked.lines]
        out.write(json.dumps({"reference": checked.reference, "is_sound": checked.is_sound, "lines": lines}) + "\n")
    else:
        out.write(_encodable(told(checked), out.encoding))
    return int(checked.code)


def _encodable(text: str, encoding: str | None) -> str:
    """What this terminal cannot show is written out."""
    return text.encode(encoding or "ascii", "backslashreplace").decode(encoding or "ascii")


def _one_line(text: str) -> str:
    """Texts come from anybody: what steers a terminal, or begins a line, is written out."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def told(checked: Checked) -> str:
    lines = [f"The incident {_one_line(checked.reference)}", ""]
    part = ""
    for line in checked.lines:
        if line.part != part:
            lines += ["", line.part]
            part = line.part
        lines.append(f"  {_MARKS[line.state]} {_one_line(line.text)}")
    lines.append("")
    if checked.bare:
        serials = ", ".join(_one_line(serial) for serial in checked.bare)
        lines.append(
            f"NOTHING IS SIGNED in the journals of {serials}, by any key that is vouched for: whoever had them can "
            "have made them anew."
        )
    lines.append(
        "The page incident.html was not compared. Whoever has the program can draw it anew: interlock report "
        "--recompute FOLDER --out PAGES."
    )
    if checked.is_sound and checked.code is Exit.DONE:
        lines.append(
            "The bundle is what it says it is, and nothing is found. README.txt says what that does not prove."
        )
    elif checked.is_sound:
        lines.append("The bundle is what it says it is. It states the findings above itself: look into them.")
    else:
        lines.append("THE BUNDLE IS NOT WHAT IT SAYS IT IS: see the findings above.")
    return "\n".join(lines) + "\n"
