"""What the shell offers at TAB: serials, scenarios, figures of the policy. Only names of files and tables are read: the
vault stays locked, the radio silent, and whatever goes wrong, nothing is offered."""

import sqlite3
from contextlib import closing
from pathlib import Path

import typer

from ..context import default_home
from ..label import SERIAL

REACHES = ("journal", "own", "group")
"""What an event of the policy reaches, by the figure's value."""


def serials(context: typer.Context, incomplete: str) -> list[str]:
    """Serials of the units of the vault, else of the store, at --home."""
    home = context.find_root().params.get("home") or default_home()
    found = _of_vault(Path(home) / "vault" / "units") or _of_store(Path(home) / "journals.sqlite")
    given = {text for value in context.params.values() for text in (value if isinstance(value, list) else [value])}
    return [serial for serial in found if serial.casefold().startswith(incomplete.casefold()) and serial not in given]


def _of_vault(folder: Path) -> list[str]:
    try:
        return sorted(
            {path.name.split(".")[0] for path in folder.iterdir() if SERIAL.fullmatch(path.name.split(".")[0])}
        )
    except OSError:
        return []


def _of_store(path: Path) -> list[str]:
    if not path.exists():
        return []
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=0.2)) as store:
            return sorted(
                row[0] for row in store.execute("SELECT DISTINCT serial FROM units") if SERIAL.fullmatch(row[0])
            )
    except sqlite3.Error:
        return []


def scenarios(incomplete: str) -> list[str]:
    """Names of the library's scenarios, and files of this folder."""
    names = [path.stem for path in _library().glob("*.toml")]
    folder = Path(incomplete).parent
    here = [str(path) for path in folder.glob("*.toml")] if folder.is_dir() else []
    return sorted(name for name in (*names, *here) if name.startswith(incomplete))


def _library() -> Path:
    """The simulator's own, found without importing it."""
    return Path(__file__).parents[2] / "simulator" / "scenarios"


def figures(incomplete: str) -> list[str]:
    """NAME= of each figure of the policy; its words behind it."""
    from interlock.core.settings import DEFAULT_POLICY, Policy

    name, is_named, text = incomplete.partition("=")
    if not is_named:
        return [f"{figure}=" for figure in Policy._fields if figure.startswith(name)]
    if name not in Policy._fields:
        return []
    is_choice = isinstance(getattr(DEFAULT_POLICY, name), bool)
    words = ("true", "false") if is_choice else REACHES if name.startswith("on_") else ()
    return [f"{name}={word}" for word in words if word.startswith(text)]


def commands(incomplete: str) -> list[str]:
    """Names of commands, for `interlock schema`."""
    from ..schemas import names

    return [name for name in names() if name.startswith(incomplete)]
