"""One JSON object of the vault with its types checked. Keys are in no repr and in no error's text."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from interlock.core import settings as unit_settings
from interlock.core.settings import DEFAULT_POLICY, Policy, Settings

from ..outcome import ToolError

KEY_BYTES = 32
NAME_BYTES = 16
FORCE_BYTES = 8
ACCEPT: Literal["accept"] = "accept"
SPEAK: Literal["speak"] = "speak"


@dataclass(frozen=True)
class Change:
    """`key` is to follow the one there is. accept: whoever listens is to take it, too, and nobody speaks it; speak: it
    is spoken, and the one before still taken. Over, it is the one there is."""

    key: bytes = field(repr=False)
    step: Literal["accept", "speak"]


class Damaged(ToolError):
    """A file of the vault that does not hold what it should."""

    def __init__(self, path: Path, what: str) -> None:
        super().__init__(f"{path} is damaged: {what}", "Restore it from a copy of the vault. Nothing was changed.")


def check_text(text: str, most: int, what: str) -> None:
    """ToolError when this is no text that units could hold in `most` bytes."""
    if not (1 <= len(text) <= most and text.isascii() and text.isprintable()):
        raise ToolError(f"{text!r} is no {what}", f"It has 1 to {most} printable ASCII characters.")


class Fields:
    """One JSON object with its types checked."""

    def __init__(self, path: Path, data: bytes) -> None:
        self._path = path
        try:
            values = json.loads(data)
        except ValueError:
            values = None  # the error's text would quote the file
        if not isinstance(values, dict):
            raise Damaged(path, "it is no JSON object")
        self._values: dict[str, Any] = values

    def _get(self, name: str, kind: type) -> Any:
        value = self._values.get(name)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise Damaged(self._path, f"'{name}' is missing or of another kind")
        return value

    def text(self, name: str) -> str:
        return str(self._get(name, str))

    def number(self, name: str) -> int:
        return int(self._get(name, int))

    def is_there(self, name: str) -> bool:
        return self._values.get(name) is not None

    def flag(self, name: str) -> bool:
        """False where there is none: an older vault's file."""
        return self.is_there(name) and bool(self._get(name, bool))

    def key(self, name: str, size: int = KEY_BYTES) -> bytes:
        return self._key(name, self.text(name), size)

    def _key(self, name: str, text: object, size: int) -> bytes:
        try:
            key = bytes.fromhex(text) if isinstance(text, str) else b""
        except ValueError:
            key = b""
        if len(key) != size:
            raise Damaged(self._path, f"'{name}' is no {size} bytes in hex")
        return key

    def keys(self, name: str, size: int) -> tuple[bytes, ...]:
        """None where there are none: an older vault's file."""
        return tuple(self._key(name, text, size) for text in self._get(name, list)) if self.is_there(name) else ()

    def items(self, name: str) -> "list[Fields]":
        """A list of such objects."""
        return [Fields(self._path, json.dumps(item).encode()) for item in self._get(name, list)]

    def maybe_key(self, name: str) -> bytes | None:
        return self.key(name) if self.is_there(name) else None

    def choice(self, name: str, choices: tuple[str, ...]) -> Any:
        value = self.text(name)
        if value not in choices:
            raise Damaged(self._path, f"'{name}' is none of {', '.join(choices)}")
        return value

    def inner(self, name: str) -> "Fields":
        return Fields(self._path, json.dumps(self._get(name, dict)).encode())

    def policy(self, name: str) -> Policy:
        """Figures that it lacks are the default: an older vault's file."""
        values = self._get(name, dict)
        if not set(values) <= set(Policy._fields) or not all(isinstance(value, int) for value in values.values()):
            raise Damaged(self._path, f"'{name}' is no policy")
        policy: Policy = DEFAULT_POLICY._replace(**values)
        return policy

    def change(self, name: str) -> Change | None:
        if not self.is_there(name):
            return None
        inner = self.inner(name)
        return Change(inner.key("key"), inner.choice("step", (ACCEPT, SPEAK)))

    def settings(self, name: str) -> Settings | None:
        """None where there are none, or of a form that this program does not know: nothing is known of them then."""
        if not self.is_there(name):
            return None
        try:
            stored = bytes.fromhex(self.text(name))
        except ValueError:
            stored = b""
        if not stored:
            raise Damaged(self._path, f"'{name}' is no bytes in hex")
        return unit_settings.decode(stored)
