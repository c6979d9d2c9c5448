"""A unit in service with an office, and somebody who may come. Runs in either interpreter."""

from interlock import office
from interlock.core import access, records, settings
from interlock.core.reading import Reading
from interlock.desk import Desk
from interlock.unit import Unit
from tests.core.flash import RamFlash
from tests.core.session_world import LABEL, SERIAL, some_access, some_settings
from tests.core.unit_life import Silence

TURNS = 3


class World:
    """A unit in service with an office."""

    def __init__(self, makes=None):
        self.area, self.flash, self.now = RamFlash(settings.SECTORS), RamFlash(8), 1000
        access.store(self.area, some_access())
        settings.store(self.area, some_settings())
        self.made, self.keeper = 0, None
        self.unit = Unit(SERIAL, self.flash, self.area, Silence(), lambda: self.now)
        self.unit.write_boot(1)
        self.office = office.Office(self.unit, makes or self.make)

    def make(self):
        self.made += 1
        held = settings.load(self.area)
        tell = (lambda _: None, lambda: (0, 0), lambda _, how: how)
        return Desk(self.unit, self.area, LABEL, held, *tell, keeper=self.keeper)

    def turns(self, wanted, count=TURNS, is_needed=False):
        for _ in range(count):
            self.office.turn(wanted, is_needed)

    def faults(self):
        found = [record.fields() for record in Reading(self.flash).records if record.kind == records.FAULT]
        return [fields for fields in found if fields.kind == records.FAULT_PART]
