"""What host_tools/README.md types after its first proof: the rest of the box, a roster, the court's copies.

In one world of three units, from the labels on. What differs from a reader: the rota of the document is moved to today,
the event is one of this world's, and a key for 1024 signatures is not waited for.
"""

import json
import re
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.system.live_world import LiveWorld
from tests.system.test_live import lines, use, world  # noqa: F401  # a fixture

from .playing import Reader
from .reading import ROOT, blocks

DOCUMENT = ROOT / "host_tools" / "README.md"
FILE = Path(__file__).relative_to(ROOT).as_posix()


def block(first: str) -> tuple[str, ...]:
    """The lines of the block, said to be played here, that begins with this."""
    (found,) = [one for one in blocks(DOCUMENT) if f"played by: {FILE}" in one.marks and one.lines[0].startswith(first)]
    return found.lines


@pytest.mark.deep
def test_box_roster_and_court_are_as_the_document_types_them(
    world: LiveWorld,  # noqa: F811
    tmp_path: Path,
) -> None:
    reader = Reader(tmp_path)
    reader.env |= {"INTERLOCK_AIR": world.air, "INTERLOCK_HOME": str(tmp_path / "force")}
    for line in lines("set up"):
        if not line.startswith("export "):
            reader.succeed(line)
    use(world)
    reader.succeed("interlock sync H1")
    reader.succeed("interlock pull")
    event = json.loads(reader.succeed("interlock report --json"))["uses"][0]["events"][0]

    add, provision = block("interlock labels add")
    assert "1 label new" in reader.succeed(add, stdin=f"{world.labels['C2']}\n\n")
    assert "C2" in reader.succeed(provision.split("#")[0] + " --no-wait")

    (rota,) = [one for one in blocks(DOCUMENT) if one.kind == "csv"]
    text = "\n".join(rota.lines)
    assert text.count(" 06:00,") == text.count(" 14:00") == 2
    text = re.sub(r"[\d-]+ 06:00", f"{date.today() - timedelta(1)} 06:00", text)
    text = re.sub(r"[\d-]+ 14:00", f"{date.today() + timedelta(1)} 14:00", text)
    (reader.folder / "week22.csv").write_text(text + "\n", encoding="utf-8")
    for line in block("interlock roster import"):
        said = reader.succeed(line)
    assert "PC1234" in said

    (reader.folder / "H1-1.pub").write_bytes((tmp_path / "force" / "vault" / "public" / "H1-1.pub").read_bytes())
    reader.succeed("interlock pull")  # what the roster changed; else others know of more than was pulled
    for line in block("interlock export"):
        reader.succeed(line.replace("H1:57", f"H1:{event['sequence']}"))
    assert (reader.folder / "H1-57.zip").exists() and (reader.folder / "november").is_dir()
