"""Public keys as people compare them."""

import hashlib

DIGITS = 32
"""128 bits: nobody makes another key that begins so."""


def fingerprint(key: bytes) -> str:
    """The first DIGITS digits of a key's SHA-256, in fours: what `sha256sum` says of its file."""
    digits = hashlib.sha256(key).hexdigest()[:DIGITS]
    return " ".join(digits[at : at + 4] for at in range(0, DIGITS, 4))
