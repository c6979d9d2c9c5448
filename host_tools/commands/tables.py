"""Tables for people that lose nothing: what is too wide for the terminal is wrapped between words, and where it is too
narrow even for that, each row becomes a paragraph. Nothing is ever cut off."""

from rich import box
from rich import console as rich_console
from rich.console import ConsoleOptions, RenderResult
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from ..console import Console

PIPED = 160  # columns, where no terminal says how many there are: a line a row, for grep
STYLES = {"before": "green", "late": "yellow", "unwitnessed": "bold red", "indeterminate": "magenta"}
"""Of verdicts."""
_BETWEEN = 2  # columns of padding and border beside each cell


class Whole(Table):
    """A table that fits itself to where it is shown."""

    def __rich_console__(self, console: rich_console.Console, options: ConsoleOptions) -> RenderResult:
        reads = Text if options.markup is False else Text.from_markup
        columns = [[reads(str(cell)) for cell in (column.header, *column.cells)] for column in self.columns]
        natural = [max(len(line) for text in column for line in text.plain.split("\n")) for column in columns]
        least = [max((len(word) for text in column for word in text.plain.split()), default=0) for column in columns]
        room = options.max_width - _BETWEEN * (len(columns) + 1)
        if columns and sum(least) > room:
            yield from self._paragraphs(columns)
            return
        spare = room - sum(least)
        for column, wide, narrow in zip(self.columns, natural, least, strict=True):
            column.width = narrow + min(spare, wide - narrow)
            spare -= column.width - narrow
        yield from super().__rich_console__(console, options)

    def _paragraphs(self, columns: list[list[Text]]) -> RenderResult:
        if self.title is not None:
            yield Text.from_markup(f"{self.title}\n")
        heads, *rows = zip(*columns, strict=True)
        for row in rows:
            for head, cell in zip(heads, row, strict=True):
                if cell.plain:
                    yield Text.assemble(f"{head.plain}: " if head.plain else "", cell, overflow="fold")
            yield Text()
        if self.caption is not None:
            yield Text.from_markup(str(self.caption))


def counted(number: int, what: str) -> str:
    """1 record, 2 records."""
    return f"1 {what}" if number == 1 else f"{number} {what}s"


def shown(text: str) -> str:
    """Text of others on a terminal: neither markup nor what steers one, and no line of its own."""
    return escape("".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text))


def console() -> Console:
    """Standard output: as wide as the terminal is."""
    found = Console(highlight=False)
    return found if found.is_terminal else Console(highlight=False, width=PIPED)


def table(*columns: str, right: tuple[str, ...] = (), title: str | None = None, caption: str | None = None) -> Table:
    """An empty one with these columns; `right`: those of figures."""
    made = Whole(
        title=title, caption=caption, box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), title_justify="left",
        show_header=bool(columns),
    )  # fmt: skip
    for column in columns:
        made.add_column(column, justify="right" if column in right else "left", overflow="fold")
    return made
