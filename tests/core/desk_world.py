"""A unit with a desk, and hosts that open sessions with it."""

from interlock.core import access, records, selftest, settings, wire
from interlock.core.reading import Reading
from interlock.core.settings import DEFAULT_POLICY, PAIRED, SPARE, Partner, Settings
from interlock.desk import Desk
from interlock.unit import Unit
from tests.core.flash import RamFlash
from tests.core.session_world import LABEL, SERIAL, Host, some_access
from tests.core.unit_life import Silence

UTC = 1795000000
OLD, NEW = b"g" * 32, b"h" * 32
CAMERA, SPARE_CAMERA, HOLSTER, STRANGER = 2, 3, 4, 5
FIGURES = tuple(name for name, _, _ in settings.POLICY_LIMITS[:-1])

FIGURES += ("covert", "stop_after_hold", settings.POLICY_LIMITS[-1][0])


def config(revision=1, group=(OLD, settings.NO_KEY), unit_key=b"u" * 32, role=settings.ROLE_HOLSTER, **figures):
    partners = [
        Partner(CAMERA, settings.ROLE_CAMERA, PAIRED, b"c" * 32, b"p" * 32),
        Partner(SPARE_CAMERA, settings.ROLE_CAMERA, SPARE, b"d" * 32, b"q" * 32),
        Partner(HOLSTER, settings.ROLE_HOLSTER, PAIRED, b"e" * 32, b"r" * 32),
    ]
    policy = settings.Policy(*[figures.get(FIGURES[i], DEFAULT_POLICY[i]) for i in range(len(FIGURES))])
    return Settings(
        revision, SERIAL, 1, role, unit_key, *(tuple(group) + (partners, policy) + settings.DEFAULT_RECORDER)
    )


class World:
    """A unit in service with a real desk, and what the desk told it."""

    def __init__(self, held=None, has_modes=True):
        self.area = RamFlash(settings.SECTORS)
        self.flash = RamFlash(8)
        access.store_label(self.area, LABEL)
        access.store(self.area, some_access())
        settings.store(self.area, held or config())
        self.now = 1000
        self.adopted = []
        self.modes = []
        self.shown = []
        self.tests = []
        self.has_modes = has_modes
        self.boot()

    def boot(self):
        self.unit = Unit(SERIAL, self.flash, self.area, Silence(), lambda: self.now)
        self.unit.write_boot(1)
        command = self._command if self.has_modes else None
        held = settings.load(self.area)
        tell = (self.adopted.append, lambda: (0, 3900), self._identify, command, self._self_test if command else None)
        self.desk = Desk(self.unit, self.area, LABEL, held, *tell)

    def _identify(self, ms, how):
        self.shown.append((ms, how))
        return wire.BY_LIGHT

    def _self_test(self, credential, parts):
        self.tests.append((credential, parts))
        return wire.OK, selftest.pack(records.TEST_BEGUN, parts, {}, 0, 0, 0)

    def _command(self, mode, seconds):
        self.modes.append((mode, seconds))
        return wire.OK

    def admin(self):
        return Host(self.desk).open_admin()

    def technician(self):
        return Host(self.desk).open_technician()

    def set_clock(self):
        self.desk.set_clock(wire.ADMIN, self.unit.uptime_ms(), UTC * 1000, 20)

    def records(self, kind):
        return [tuple(record.fields()) for record in Reading(self.flash).records if record.kind == kind]

    def status(self):
        return wire.unpack_status(self.desk.status())
