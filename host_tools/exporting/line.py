"""What a check of a bundle says: a line of a part."""

from typing import NamedTuple


class Line(NamedTuple):
    """`state`: ok, finding, note, or open: what could not be shown; `part`: of the check; `text`: in words;
    `is_stated`: a finding that the bundle states itself, which is no reason to doubt the bundle."""

    state: str
    part: str
    text: str
    is_stated: bool = False
