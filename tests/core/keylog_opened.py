"""Logs of secrets in small sectors, for tests."""

import hashlib

from interlock.core.keylog import KeyLog
from tests.core.flash import RamFlash

SECTOR_BYTES = 176  # four slots of 40 bytes and a rest
FIRST = 1  # the log does not begin where the flash does


def secret(number):
    return hashlib.sha256(b"secret %d" % number).digest()


def blank():
    return RamFlash(FIRST + 2, SECTOR_BYTES)


def opened(flash):
    return KeyLog(flash, FIRST, 32)


def evolve(log, number):
    log.put(number, secret(number))
    log.drop()


def readable(flash, number):
    """Whether four bytes on end of that secret can be read anywhere."""
    pattern, data = secret(number), bytes(flash.data)
    return any(data.find(pattern[i : i + 4]) >= 0 for i in range(29))
