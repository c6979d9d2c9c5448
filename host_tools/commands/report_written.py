"""The files of a report: a page, a page for each incident, figures and tables."""

import json
import os
from pathlib import Path

from .. import durable
from ..outcome import ToolError
from ..reporting.model import Report

PAGE, FACTS = "report.html", "report.json"
INCIDENTS = "incidents"


def write(made: Report, folder: Path) -> None:
    """All of them, for their owner only: they say who did what when. Pages of incidents that are not in this report
    any more are removed."""
    from ..reporting.html import pages
    from ..reporting.tables_csv import write as write_tables

    durable.make_private(folder)
    durable.replace(folder / FACTS, (json.dumps(made.plain(), indent=2) + "\n").encode())
    write_tables(made, folder)
    durable.make_private(folder / INCIDENTS)
    written = set()
    for name, page in pages(made):
        if name == PAGE:
            durable.replace(folder / name, page.encode())
            continue
        written.add(folder / name)
        _put(folder / name, page)
    for old in (folder / INCIDENTS).glob("*.html"):
        if old not in written:
            durable.remove(old)


def _put(path: Path, page: str) -> None:
    """A page that can be made again at any time: a force has thousands, and none of them is waited for."""
    fresh = path.with_name(f".{path.name}.new")
    try:
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(page)
        fresh.replace(path)
    except OSError as error:
        raise ToolError(f"{path} cannot be written: {error.strerror}", "Name another folder with --out DIR.") from error
