"""A shift of three units, and the report of it."""

from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path

from host_tools.reporting import report as reporting
from host_tools.reporting.report import Held, Report, build
from host_tools.store.store import Store
from interlock.core import frames, records

from .books import HOLSTER, OTHER, OWN, Book, holster, other, own

T = 1_800_000_000_000
HOUR = 3_600_000
ARM, DISCHARGE = frames.ARM, frames.DISCHARGE


def held(book: Book, read_ms: int = T + 10 * HOUR, name: str | None = None) -> Held:
    """As read to its end at `read_ms`."""
    return reporting.from_verdict(book.serial, name or book.serial, book.verdict(), read_ms)


def made(*journals: Held, own_of: dict[int, list[int]] | None = None, since_ms: int | None = None) -> Report:
    own = {HOLSTER: [OWN]} if own_of is None else own_of
    return build(journals, own, made_ms=T + 20 * HOUR, force="Hill", since_ms=since_ms)


def verdicts(report: Report) -> list[tuple[str, str]]:
    return [(event.verdict, event.own_verdict) for use in report.uses for event in use.events]


def shift() -> tuple[Book, Book, Book]:
    """A use that the own camera shows, and one an hour later that nobody heard."""
    weapon = holster().clock(0, T).session(500)
    weapon.event(10_000, frames.DRAW, 5).ack(10_030, 5, frames.HEARD).ack(10_950, 5, frames.PROVEN, 20)
    weapon.event(12_000, ARM, 6).ack(12_040, 6, frames.PROVEN, 1_100)
    weapon.event(13_000, DISCHARGE, 7).ack(13_040, 7, frames.PROVEN, 2_100)
    weapon.at(13_100, records.WITNESS, OTHER, 9, bytes(4)).event(20_000, frames.REHOLSTER, 8)
    weapon.event(HOUR, frames.DRAW, 20).alert(HOUR + 2000, 1).event(HOUR + 9000, frames.REHOLSTER, 21)
    camera = own().clock(0, T).heard(10_010, 5).tally(10_925, True, buffer_ms=30_000)
    camera.heard(12_010, 6).heard(13_010, 7).tally(50_000, False)
    witness = other().clock(0, T).heard(10_020, 5, kind=4).tally(11_500, True).at(11_510, records.AIRED, 9, 7)
    return weapon, camera, witness.tally(60_000, False)


def shift_report() -> Report:
    return made(*(held(book) for book in shift()))


# From the store.


def filled(path: Path, books: Sequence[Book], read_ms: int = T + 10 * HOUR) -> Store:
    store = Store.open(path)
    for book in books:
        store.learn_unit(book.serial, book.unit, book.role, f"Unit {book.unit}")
        store.add(book.serial, 0, book.chains[0], book.raws, epoch=0, by="PC1", utc_ms=read_ms)
        store.note_head(book.serial, len(book.raws), book.chains[-1], utc_ms=read_ms)
    return store


# The page.


class Page(HTMLParser):
    """What a reader of the page sees, and what the page refers to."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.rows: list[list[str]] = []
        self.text = ""
        self._quiet = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._quiet = tag in ("style", "title")
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        self._quiet = False

    def handle_data(self, data: str) -> None:
        if self._quiet:
            return
        self.text += data
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] = " ".join(f"{self.rows[-1][-1]} {data}".split())
