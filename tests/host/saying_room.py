"""People with keys who say things of events, and the store that keeps it."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from host_tools.outcome import ToolError
from host_tools.program import app
from host_tools.statements import keytext
from host_tools.statements.weigh import findings
from host_tools.store.rows import AnnotationRow
from host_tools.store.store import Store
from host_tools.vouched import People, Vouched

from .report_shift import shift
from .schemas import conforms
from .test_store_commands import filled

EVENT, OTHER = "UNIT1:8", "UNIT1:3"  # a discharge and a draw of `shift`


class Room:
    """Some people at one computer, each with a key file of their own, unless they have none."""

    def __init__(self, folder: Path) -> None:
        self.home, self.folder = folder / "home", folder
        filled(self.place, shift())

    @property
    def place(self) -> Path:
        return self.home / "journals.sqlite"

    def run(self, person: str, *words: object, code: int = 0, env: dict[str, str] | None = None) -> str:
        files = {"INTERLOCK_SIGNING_KEY_FILE": str(self.folder / f"{person}.key"), "COLUMNS": "240"}
        arguments = ["--home", str(self.home), "--as", person, *map(str, words)]
        done = CliRunner().invoke(app, arguments, env=files | (env or {}))
        if isinstance(done.exception, ToolError):
            assert int(done.exception.code) == code, done.exception
            return f"{done.exception} {done.exception.advice}"
        assert done.exit_code == code, (done.output, done.exception)
        return done.output

    def json(self, person: str, *words: object, code: int = 0) -> Any:
        files = {"INTERLOCK_SIGNING_KEY_FILE": str(self.folder / f"{person}.key")}
        arguments = ["--home", str(self.home), "--as", person, *map(str, words), "--json"]
        done = CliRunner().invoke(app, arguments, env=files)
        assert done.exit_code == code, (done.output, done.exception)
        told = json.loads(done.stdout)
        conforms(" ".join(map(str, words[:2])) if words[0] == "vault" else str(words[0]), told)
        return told

    def key(self, person: str) -> str:
        return str(self.json(person, "annotate", "--new-key")["key"])

    def says(self, person: str, event: str = EVENT, code: str = "training", text: str = "a drill") -> Any:
        (said,) = self.json(person, "annotate", event, "--code", code, "--text", text)
        return said

    def events(self, code: int = 0) -> list[Any]:
        return [event for use in self.json("ADMIN", "report", code=code)["uses"] for event in use["events"]]

    def event(self, reference: str, code: int = 0) -> Any:
        return next(event for event in self.events(code) if event["reference"] == reference)

    def rows(self) -> list[AnnotationRow]:
        store = Store.open(self.place, read_only=True)
        rows = store.annotations()
        store.close()
        return rows

    def sql(self, statement: str, *values: object) -> None:
        """What somebody with another tool does."""
        with closing(sqlite3.connect(self.place)) as file, file:
            for verb in ("update", "delete"):
                file.execute(f"DROP TRIGGER IF EXISTS annotations_no_{verb}")
            file.execute(statement, values)

    def found(self, people: People) -> list[str]:
        store = Store.open(self.place, read_only=True)
        try:
            return findings(store.annotations("UNIT1"), lambda number: store.raws("UNIT1", number), people)
        finally:
            store.close()


def vouched(*keys: tuple[str, str]) -> dict[str, tuple[Vouched, ...]]:
    return {person: (Vouched(keytext.parse(key)),) for person, key in keys}


def store_raws(room: Room, number: int) -> tuple[bytes, ...]:
    store = Store.open(room.place, read_only=True)
    try:
        return store.raws("UNIT1", number)
    finally:
        store.close()
