"""`os` of a board: entropy that comes from the board's seed."""

import simrt


def urandom(n: int) -> bytes:
    entropy: bytes = simrt.call("vm.urandom", n)
    return entropy
