"""Repeatable randomness for Bumble, which draws addresses, keys and nonces from the operating system.

Not for firmware (a board's entropy comes from its own seed). The key pairs of LE Secure Connections are covered, too:
the `cryptography` package, where Bumble takes them from, has no seed, but makes a pair of a private key that is given.
"""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import bumble.controller
import bumble.crypto
import bumble.crypto.builtin
import bumble.device
import bumble.hci
import bumble.pairing

_SECRETS_USERS = (
    bumble.controller,
    bumble.crypto,
    bumble.crypto.builtin,
    bumble.device,
    bumble.hci,
    bumble.pairing,
)

_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


class SeededSecrets:
    """What Bumble uses of the module `secrets`, from a seeded generator. Never for real keys."""

    def __init__(self, generator: random.Random) -> None:
        self._generator = generator

    def token_bytes(self, count: int) -> bytes:
        """`count` bytes."""
        return self._generator.randbytes(count)

    def private_key(self) -> bytes:
        """A private key of P-256, most significant byte first."""
        return self._generator.randrange(1, _P256_ORDER).to_bytes(32, "big")

    def randbelow(self, limit: int) -> int:
        """An integer from 0 to `limit` - 1."""
        return self._generator.randrange(limit)


@contextmanager
def seeded_entropy(seed: int) -> Iterator[None]:
    """Within it, all that Bumble draws follows from `seed`; afterwards the operating system serves it again."""
    seeded = SeededSecrets(random.Random(f"{seed}/bumble"))
    key_type: Any = vars(bumble.crypto)["EccKey"]
    previous_generate = vars(key_type)["generate"]
    previous = [(module, vars(module)["secrets"]) for module in _SECRETS_USERS]
    previous_random = vars(bumble.controller)["random"]
    for module in _SECRETS_USERS:
        vars(module)["secrets"] = seeded
    vars(bumble.controller)["random"] = random.Random(f"{seed}/controller")
    key_type.generate = classmethod(lambda cls: cls.from_private_key_bytes(seeded.private_key()))
    try:
        yield
    finally:
        for module, original in previous:
            vars(module)["secrets"] = original
        vars(bumble.controller)["random"] = previous_random
        key_type.generate = previous_generate
