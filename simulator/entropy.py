"""Repeatable randomness for Bumble, which draws addresses, keys and nonces from the operating system.

Not for firmware (a board's entropy comes from its own seed). Not covered: the elliptic-curve keys of LE Secure
Connections where Bumble takes them from the `cryptography` package, which offers no seed.
"""

import random
from collections.abc import Iterator
from contextlib import contextmanager

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


class SeededSecrets:
    """What Bumble uses of the module `secrets`, from a seeded generator. Never for real keys."""

    def __init__(self, generator: random.Random) -> None:
        self._generator = generator

    def token_bytes(self, count: int) -> bytes:
        """`count` bytes."""
        return self._generator.randbytes(count)

    def randbelow(self, limit: int) -> int:
        """An integer from 0 to `limit` - 1."""
        return self._generator.randrange(limit)


@contextmanager
def seeded_entropy(seed: int) -> Iterator[None]:
    """Within it, all that Bumble draws follows from `seed`; afterwards the operating system serves it again."""
    seeded = SeededSecrets(random.Random(f"{seed}/bumble"))
    previous = [(module, vars(module)["secrets"]) for module in _SECRETS_USERS]
    previous_random = vars(bumble.controller)["random"]
    for module in _SECRETS_USERS:
        vars(module)["secrets"] = seeded
    vars(bumble.controller)["random"] = random.Random(f"{seed}/controller")
    try:
        yield
    finally:
        for module, original in previous:
            vars(module)["secrets"] = original
        vars(bumble.controller)["random"] = previous_random
