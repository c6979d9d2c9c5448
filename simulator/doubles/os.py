"""`os` of a board: entropy that comes from the board's seed."""

import simrt


def urandom(n):
    return simrt.call("vm.urandom", n)
