"""JSON Schemas (2020-12) of what commands print with --json: COMMAND.json, GROUP_COMMAND.json. They are data of the
package; `interlock schema` prints them, and the tests hold every command's output against its own."""

import json
from importlib import resources
from typing import Any


def names() -> list[str]:
    """Of all of them, as commands are typed: `policy show`."""
    found = (entry.name for entry in resources.files(__name__).iterdir() if entry.name.endswith(".json"))
    return sorted(name.removesuffix(".json").replace("_", " ") for name in found)


def schema(name: str) -> dict[str, Any]:
    """The schema of this name. FileNotFoundError when there is none."""
    text = resources.files(__name__).joinpath(f"{name.replace(' ', '_')}.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found
