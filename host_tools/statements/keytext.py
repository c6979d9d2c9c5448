"""A person's public key as people copy it: `ILK1-XXXXX-...`, to be written down, read out, or sent.

Crockford's base32 (no I, L, O, U; small letters, hyphens and blanks do not matter) of the 32 bytes and three that check
them, as of a label: a slip of the finger goes unseen once in 16 million. `short` is for lists only.
"""

import hashlib

from .. import ed25519
from ..label import ALPHABET, VALUES
from ..outcome import ToolError

PREFIX = "ILK1"
_PREFIX_READ = "11K1"  # as a hasty eye reads it
_CHECK_BYTES = 3
_PLAIN_BYTES = ed25519.KEY_BYTES + _CHECK_BYTES
_LETTERS = _PLAIN_BYTES * 8 // 5  # 56: nothing is left over
_GROUP = 7


def key_text(public: bytes) -> str:
    """The key (32 bytes) in letters. ValueError when it is none."""
    if not ed25519.is_key(public):
        raise ValueError("this is no Ed25519 public key")
    number = int.from_bytes(public + _check(public), "big")
    letters = "".join(ALPHABET[number >> (5 * at) & 31] for at in reversed(range(_LETTERS)))
    return "-".join([PREFIX, *(letters[at : at + _GROUP] for at in range(0, _LETTERS, _GROUP))])


def parse(text: str) -> bytes:
    """The key in `text`. ToolError says what is wrong with it."""
    letters = "".join(letter for letter in text.upper() if letter not in "- \t\r\n")
    advice = "Copy the whole text that interlock annotate --new-key printed: it begins with ILK1-."
    if letters[: len(PREFIX)].replace("I", "1").replace("L", "1") != _PREFIX_READ:
        raise ToolError("this is no person's key: it does not begin with ILK1", advice)
    values = [VALUES.get(letter) for letter in letters[len(PREFIX) :]]
    if len(values) != _LETTERS:
        raise ToolError(f"the key has {len(values)} letters and digits behind ILK1, not {_LETTERS}", advice)
    number = 0
    for value in values:
        if value is None:
            raise ToolError("the key has a character that no key has", advice)
        number = number << 5 | value
    plain = number.to_bytes(_PLAIN_BYTES, "big")
    public, check = plain[: ed25519.KEY_BYTES], plain[ed25519.KEY_BYTES :]
    if check != _check(public):
        raise ToolError("the key was mistyped: its check letters do not fit", f"Compare it letter by letter. {advice}")
    if not ed25519.is_key(public):
        raise ToolError("that is no key that anybody could have made", advice)
    return public


def short(public: bytes) -> str:
    """The first 16 hexadecimal digits: to tell keys apart on a screen, not to trust one."""
    return public.hex()[:16]


def _check(public: bytes) -> bytes:
    return hashlib.sha256(b"interlock person's key 1" + public).digest()[:_CHECK_BYTES]
