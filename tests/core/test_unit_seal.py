"""A unit and the keys of its journal's seal: given at set-up, announced whatever the power does, evolved in service."""

from interlock.core import access, records, settings, wire
from interlock.core.crypto import Hmac
from interlock.core.frames import COUNTER_MAX
from interlock.core.layout import chain_next
from interlock.core.reading import Reading
from interlock.core.seal import OPEN_KEY, next_key
from interlock.desk import Desk
from tests.core.flash import RamFlash
from tests.core.unit_life import Life

KEYS = (b"first given key.", b"second given one")


class Sealed(Life):
    def __init__(self):
        Life.__init__(self, b"SEALED01")

    def epochs(self):
        """Epochs that began, after checking every record's tag against the keys that were given."""
        found, key = [], OPEN_KEY
        chain = Reading(self.flash).chain
        for record in Reading(self.flash).records:
            assert record.tag == Hmac(key).digest(chain + record.body)[:6], record.sequence
            chain = chain_next(chain, record.chained)
            if record.kind == records.SEAL:
                epoch = record.fields().epoch
                found.append(epoch)
                key = next_key(key) if epoch & 0xFFFFFF else KEYS[(epoch >> 24) - 1]
        return found

    def first_of_boot(self):
        boot = self.unit.journal.boot
        return [record.kind for record in Reading(self.flash).records if record.boot == boot][:2]


def test_a_given_key_seals_from_the_next_record_on():
    life = Sealed()
    assert life.unit.reseal(KEYS[0]) == wire.OK
    life.boot()
    assert life.epochs() == [1 << 24]


def test_a_key_that_a_cut_kept_from_being_announced_is_announced_before_the_boot_says_anything():
    life = Sealed()
    life.unit._seal.give(KEYS[0])  # and here the power fails
    life.boot()
    assert life.epochs() == [1 << 24]
    assert life.first_of_boot() == [records.SEAL, records.BOOT]


def test_a_second_key_waits_for_the_first_to_be_announced():
    life = Sealed()
    life.unit._seal.give(KEYS[0])
    assert life.unit.reseal(KEYS[1]) == wire.OK
    assert life.epochs() == [1 << 24, 2 << 24]
    image = bytes(life.keep.data)
    assert KEYS[0] not in image and KEYS[1] in image


def test_a_long_use_changes_the_key_at_the_end_of_a_turn():
    life = Sealed()
    life.unit.reseal(KEYS[0])
    for _ in range(130):
        life.unit.record(records.ALERT, b"\x01")
        life.unit.reserve()
    assert life.epochs() == [1 << 24, (1 << 24) + 1, (1 << 24) + 2]


def test_a_reservation_that_rots_behind_the_last_event_makes_no_counter_come_twice():
    life = Sealed()
    while life.unit.counter < 300:
        life.unit.counter += 1
        life.unit.reserve()
    journal = life.unit.journal
    assert Reading(life.flash).records[-1].kind == records.RESERVE
    life.flash.data[journal._index * 1024 + journal._offset - 12] ^= 1
    used = life.unit.counter
    life.boot()
    assert life.unit.counter >= used


def test_many_boots_do_not_put_off_the_change_of_key():
    life = Sealed()
    life.unit.reseal(KEYS[0])
    for _ in range(40):
        life.boot()
        life.unit.reserve()
    assert len(life.epochs()) >= 3


def test_counters_end_and_never_wrap():
    life = Sealed()
    life.unit.counter = life.unit._ceiling = COUNTER_MAX - 255
    life.unit.reserve()
    life.unit.reserve()
    life.boot()
    life.boot()
    assert life.unit.counter == COUNTER_MAX


class Dead(RamFlash):
    """Nobody can read who may command the unit."""

    dead = False

    def read(self, offset, buffer):
        if self.dead and offset // self.sector_bytes in (access.ACCESS_FIRST, access.ACCESS_FIRST + 1):
            raise OSError(5)
        RamFlash.read(self, offset, buffer)


def test_a_unit_whose_access_does_not_read_does_its_duty_and_lets_nobody_in():
    life = Sealed()
    keep = Dead(settings.SECTORS)
    label = access.Label(b"SEALED01", b"s" * 16)
    held = access.Access(0, b"FORCE   ", b"left hip        ", b"K" * 32, access.NO_KEY, 1, b"R" * 32, False)
    access.store(keep, held)
    config = settings.Settings(
        1,
        b"SEALED01",
        1,
        settings.ROLE_HOLSTER,
        bytes(32),
        bytes(32),
        settings.NO_KEY,
        [],
        settings.DEFAULT_POLICY,
        *settings.DEFAULT_RECORDER,
    )
    assert Desk(life.unit, keep, label, config, None, None, None).access.admin_key == b"K" * 32
    keep.dead = True
    desk = Desk(life.unit, keep, label, config, None, None, None)
    assert desk.access is None and not desk.label.secret
