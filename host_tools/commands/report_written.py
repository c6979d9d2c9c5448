"""The files of a report: a page, a page for each incident, figures and tables."""

import json
from pathlib import Path

from .. import durable
from ..reporting.model import Report

PAGE, FACTS = "report.html", "report.json"
ELSEWHERE = "Name another folder with --out DIR."


def write(made: Report, folder: Path) -> None:
    """All of them, for their owner only: they say who did what when. Pages of incidents that are not in this report
    any more are removed, and what a command that was killed left half written. What names people is gone before
    anything that is public is written beside it."""
    from ..reporting.html import pages
    from ..reporting.html_page import INCIDENTS
    from ..reporting.tables_csv import tables
    from ..reporting.tables_csv import write as write_tables

    durable.make_private(folder, ELSEWHERE)
    durable.make_private(folder / INCIDENTS, ELSEWHERE)
    own = (PAGE, FACTS, *tables(made))
    durable.remove(*(folder / f".{name}.new" for name in own), *(folder / INCIDENTS).glob(".*.html.new"))
    if made.is_public:
        durable.remove(*(folder / name for name in own), *(folder / INCIDENTS).glob("*.html"))
    durable.replace(folder / FACTS, (json.dumps(made.plain(), indent=2) + "\n").encode())
    write_tables(made, folder)
    written = set()
    for name, page in pages(made):
        if name == PAGE:
            durable.replace(folder / name, page.encode())
            continue
        written.add(folder / name)
        _put(folder / name, page)
    durable.remove(*(old for old in (folder / INCIDENTS).glob("*.html") if old not in written))


def _put(path: Path, page: str) -> None:
    """A page that can be made again at any time: a force has thousands, and none of them is waited for."""
    with durable.replacing(path, ELSEWHERE, sync_it=False) as file:
        file.write(page.encode())
