"""Boots of one unit over one flash, where nobody hears its radio."""

from interlock.core import settings
from interlock.unit import Unit
from tests.core.flash import RamFlash


class Silence:
    """A radio that nobody hears: whatever it is asked to do, it did."""

    def __getattr__(self, name):
        return lambda *_: True


class Life:
    """`unit`: as the last boot made it; `now`: ticks, moved by hand."""

    def __init__(self, serial):
        self.serial = serial
        self.flash = RamFlash(6, 1024)
        self.keep = RamFlash(settings.SECTORS)
        self.now = 0
        self.boot()

    def boot(self):
        self.unit = Unit(self.serial, self.flash, self.keep, Silence(), lambda: self.now)
        self.unit.write_boot(1)
