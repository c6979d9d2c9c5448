"""Results as JSON has them: `--json` of every command, and the dock's page."""

from dataclasses import is_dataclass
from typing import Any


def as_plain(result: Any) -> Any:
    """A result as JSON has it: dataclasses and named tuples as objects, bytes in hex."""
    if is_dataclass(result) and not isinstance(result, type):
        return {name: as_plain(value) for name, value in vars(result).items()} | _named(result)
    if isinstance(result, tuple) and hasattr(result, "_asdict"):
        return {name: as_plain(value) for name, value in result._asdict().items()}
    if isinstance(result, list | tuple):
        return [as_plain(value) for value in result]
    if isinstance(result, bytes):
        return result.hex()
    return result


def _named(result: Any) -> dict[str, Any]:
    """A result's properties that are part of its JSON."""
    return {"already": result.already} if hasattr(result, "already") else {}
