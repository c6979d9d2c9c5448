"""`random` of a board: the VM's own generator, seeded from the board's seed at boot and by `seed()`."""

from urandom import choice, getrandbits, randint, random, randrange, uniform  # noqa: F401  # this is the double
from urandom import seed as _seed

import simrt


def seed(n=None):
    if n is None:
        n = int.from_bytes(simrt.call("vm.urandom", 4), "little")
    _seed(n)


seed()
