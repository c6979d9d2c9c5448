"""`random` of a board: the VM's own generator, seeded from the board's seed at boot and by `seed()`."""

# Its stub repeats `random`, which is this file.
from urandom import choice, getrandbits, randint, random, randrange, uniform  # type: ignore[attr-defined]  # noqa: F401
from urandom import seed as _seed

import simrt


def seed(n: int | None = None) -> None:
    if n is None:
        n = int.from_bytes(simrt.call("vm.urandom", 4), "little")
    _seed(n)


seed()
