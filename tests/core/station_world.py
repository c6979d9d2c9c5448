"""Stations of one group over RAM flash and a clock of their own, and an air between them that can be told to lose."""

from interlock.core import settings
from interlock.station import Station
from tests.core.flash import RamFlash

GROUP = b"G" * 32
FIGURES = tuple([name for name, _, _ in settings.POLICY_LIMITS[:-1]])
FIGURES += ("covert", "stop_after_hold", settings.POLICY_LIMITS[-1][0])


def policy_with(**figures):
    """The default policy with other figures; MicroPython's namedtuples have no `_replace`."""
    return settings.Policy(*[figures.get(name, getattr(settings.DEFAULT_POLICY, name)) for name in FIGURES])


def unit_key(number):
    return bytes([number]) * 32


def partner(number, role, standing=settings.PAIRED):
    return settings.Partner(number, role, standing, unit_key(number), b"P" * 32)


def config_of(number, role, partners, policy=settings.DEFAULT_POLICY, revision=1):
    serial = b"UNIT%04d" % number
    return settings.Settings(
        revision,
        serial,
        number,
        role,
        unit_key(number),
        GROUP,
        settings.NO_KEY,
        list(partners),
        policy,
        *settings.DEFAULT_RECORDER,
    )


class Ether:
    """A radio that obeys: what a Station asks of `radio/broadcast.py`."""

    retry_at = None
    address_mode = 3

    def __init__(self):
        self.listens = False
        self.on = None
        self.addresses = 0

    def advertise(self, frame, interval_ms):
        self.on = frame
        return True

    def silence(self):
        self.on = None
        return True

    def listen(self):
        self.listens = True

    def deafen(self):
        self.listens = False

    def change_address(self, mode):
        self.on = None
        self.addresses += 1


class Member:
    """One unit. `says`: what it announces; `always`: whether it listens without pause."""

    def __init__(self, air, config, says, always):
        self.air = air
        self.config = config
        self.says = says
        self.always = always
        self.flash = RamFlash(8, 1024)
        self.keep = RamFlash(settings.SECTORS)
        self.warned = 0
        self.dead = False
        self.boot()

    def boot(self):
        self.radio = Ether()
        self.station = Station(self.config, self.flash, self.keep, self.radio, lambda: self.air.now, 1)
        self.company = self.station.company
        self.company.says = lambda: self.says
        self.company.warn = self.warn
        self.listened_ms = 0
        self.aired = []

    def warn(self):
        self.warned += 1

    def listens(self, now):
        return self.always or self.company.is_listening(now)

    def turn(self, now):
        if self.dead:
            return
        self.company.tick(now, False)
        self.station.broadcast()
        self.station.receiver.tidy()
        self.listened_ms += self.listens(now)
        if self.radio.on and (not self.aired or self.aired[-1][1] != self.radio.on):
            self.aired.append((now, self.radio.on))

    def hear(self, frame, now):
        if not self.dead and self.listens(now):
            heard = self.station.receiver.hear(frame, now, self.station.slot())
            if heard is not None:
                self.company.hear(heard)

    def records(self, kind):
        """Fields of the records of this kind, oldest first."""
        from interlock.core.reading import Reading

        return [record.fields() for record in Reading(self.flash).records if record.kind == kind]


class Air:
    """`passes(sender, receiver, now)`: whether a frame that is on the air now reaches it."""

    def __init__(self, start=5000):
        self.now = start
        self.members = []
        self.passes = lambda sender, receiver, now: True

    def add(self, config, says, always):
        member = Member(self, config, says, always)
        self.members.append(member)
        return member

    def run(self, ms, step_ms=10):
        """Let time pass; each frame on the air is offered to everybody once a step."""
        end = self.now + ms
        while self.now < end:
            self.now += step_ms
            for member in self.members:
                member.turn(self.now)
            for sender in self.members:
                frame = sender.radio.on
                if frame is None or sender.dead:
                    continue
                for receiver in self.members:
                    if receiver is not sender and self.passes(sender, receiver, self.now):
                        receiver.hear(frame, self.now)
        return self
