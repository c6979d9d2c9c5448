"""A page as its reader gets it: rows of tables, text, tags."""

import re
from html.parser import HTMLParser

SILENT = ("style", "title")
OUTSIDE = re.compile(r"https?:|//[a-z]|url\(|@import|javascript:")
ACTIVE = {"script", "link", "img", "iframe", "object", "embed", "image", "use", "base", "form", "audio", "video"}


class Page(HTMLParser):
    """`rows`: cells of each table row; `text`: all that is shown; `tags`: each with its attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.rows: list[list[str]] = []
        self.text = ""
        self._quiet = self._in_cell = False
        self.feed(page)
        self.text = " ".join(self.text.split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._quiet = tag in SILENT
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")
            self._in_cell = True

    def handle_endtag(self, tag: str) -> None:
        self._quiet = False
        self._in_cell = self._in_cell and tag not in ("td", "th", "table")

    def handle_data(self, data: str) -> None:
        if self._quiet:
            return
        self.text += data
        if self._in_cell:
            self.rows[-1][-1] = " ".join(f"{self.rows[-1][-1]} {data}".split())

    @property
    def links(self) -> list[str]:
        return [attributes["href"] or "" for tag, attributes in self.tags if tag == "a"]


def assert_quiet(page: str) -> None:
    """It runs nothing, and refers to nothing but its neighbours of the same report."""
    found = Page(page)
    assert not ACTIVE & {tag for tag, _ in found.tags}
    for tag, attributes in found.tags:
        assert not {name for name in attributes if name.startswith("on") or name in ("src", "xlink:href")}, tag
        assert tag == "a" or "href" not in attributes
    assert all(re.fullmatch(r"#[a-z]+|incidents/[\w-]+\.html|\.\./report\.html", link) for link in found.links), (
        found.links
    )
    assert not OUTSIDE.search(page)
    policy = next(a["content"] for tag, a in found.tags if a.get("http-equiv") == "Content-Security-Policy")
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"
