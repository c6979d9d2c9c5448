"""Inside the VM: `bluetooth.UUID`, and bytes out of what the module takes for a buffer.

Source: MicroPython 1.29, extmod/modbluetooth.c.
"""

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from typing import Any


def buffer(value: "Any") -> bytes:
    """Its bytes; of text, its UTF-8."""
    return value.encode() if isinstance(value, str) else bytes(memoryview(value))


class UUID(bytearray):
    """16, 32 or 128 bits, the least significant byte first: what a buffer of it shows."""

    def __init__(self, value: int | str | bytes) -> None:
        super().__init__(_uuid_bytes(value))

    def __repr__(self) -> str:
        text = "".join(["%02x" % byte for byte in reversed(bytes(self))])
        if len(text) <= 8:
            return "UUID(0x%s)" % text
        return "UUID('%s')" % "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))

    __str__ = __repr__

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(bytes(self))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, UUID) and bytes(self) == bytes(other)

    def _order(self) -> "tuple[int, bytes]":
        content = bytes(self)
        return len(content), content

    def __lt__(self, other: "UUID") -> bool:  # type: ignore[override]
        return self._order() < _other(other)

    def __le__(self, other: "UUID") -> bool:  # type: ignore[override]
        return self._order() <= _other(other)

    def __gt__(self, other: "UUID") -> bool:  # type: ignore[override]
        return self._order() > _other(other)

    def __ge__(self, other: "UUID") -> bool:  # type: ignore[override]
        return self._order() >= _other(other)

    def __len__(self) -> int:
        raise TypeError("object of type 'UUID' has no len()")

    def __getitem__(self, index: "Any") -> "Any":
        raise TypeError("'UUID' object isn't subscriptable")


def _other(uuid: UUID) -> "tuple[int, bytes]":
    if not isinstance(uuid, UUID):
        raise TypeError("unsupported types for comparison: 'UUID', '%s'" % type(uuid).__name__)
    return uuid._order()


def _uuid_bytes(value: "Any") -> bytes:
    if isinstance(value, int):
        if value > 0xFFFF:
            raise ValueError("invalid UUID")
        return bytes((value & 0xFF, value >> 8 & 0xFF))
    content = buffer(value)
    if len(content) in (2, 4, 16):  # of text, too: UUID("180D") is four bytes, as on the ports
        return content
    digits = content.replace(b"-", b"")
    for digit in digits:
        if digit not in b"0123456789abcdefABCDEF":
            raise ValueError("invalid char in UUID")
    if len(digits) != 32:
        raise ValueError("UUID too short" if len(digits) < 32 else "UUID too long")
    return bytes(reversed(bytes([int(digits[i : i + 2], 16) for i in range(0, 32, 2)])))
