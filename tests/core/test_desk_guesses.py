"""Wrong secrets at a desk, and what a thief of the unit can open."""

import struct

from interlock.core import records, wire
from interlock.core.secure import SessionKeys, transcript
from tests.core.desk_world import UTC, World
from tests.core.session_world import ADMIN_KEY, ROOT, Host, error_of


def guess(world, credential, number=1):
    host = Host(world.desk)
    answer = host.greet(credential, number=number)
    return error_of(answer if answer[0] == wire.ERROR else host.prove(b"x" * 32))


def test_a_guesser_is_slowed_down_and_never_keeps_an_admin_out_for_more_than_a_minute():
    world = World()
    begin = world.now
    for _ in range(20):
        assert guess(world, wire.ADMIN) == wire.BAD_PROOF
        assert guess(world, wire.ADMIN) == wire.WAIT
        world.now += 1000 * world.desk.wait_s(wire.ADMIN)
    assert world.now - begin >= 13 * 60000
    guess(world, wire.ADMIN)
    assert world.desk.wait_s(wire.ADMIN) == 60
    world.now += 60000
    assert world.admin().ask(wire.PING)[0] == wire.OK
    tries = world.records(records.REFUSED)
    assert sum(count for _, count in tries) == 21 and len(tries) <= 4
    assert guess(world, wire.ADMIN) == wire.BAD_PROOF and world.desk.wait_s(wire.ADMIN) == 2


def test_who_guesses_at_technicians_does_not_keep_out_the_admin_nor_the_other_way_round():
    world = World()
    guess(world, wire.TECHNICIAN, 2000000000)
    assert guess(world, wire.TECHNICIAN, 2000000000) == wire.WAIT
    assert world.admin().ask(wire.PING)[0] == wire.OK
    world.now += 2000
    guess(world, wire.ADMIN)
    assert world.technician().ask(wire.PING)[0] == wire.OK


def test_a_stolen_laptop_that_comes_after_its_credential_expired_is_journalled():
    world = World()
    world.set_clock()
    assert error_of(Host(world.desk).greet(wire.TECHNICIAN, b"alice   ", UTC - 1)) == wire.EXPIRED
    assert world.records(records.REFUSED) == [(wire.EXPIRED, 1)]
    assert world.desk.wait_s(wire.TECHNICIAN) == 0  # it proved nothing wrong: nobody else has to wait for it


# What a thief of the unit can open.


class Overheard:
    """A session as a listener keeps it."""

    def __init__(self, host, opens):
        opens(host)
        self.hello, self.challenge, self.keys = host.hello, host.challenge, host.keys

    def opens_with(self, secret):
        return SessionKeys(secret, transcript(self.hello, self.challenge)).host_proof() == self.keys.host_proof()


def windows(area):
    """All runs of 32 bytes that a thief of the flash finds."""
    data = bytes(area.data)
    return [data[at : at + 32] for at in range(len(data) - 31) if data[at] != 0xFF or data[at + 31] != 0xFF]


def test_who_takes_the_unit_later_opens_no_recorded_admin_session_but_that_of_the_last_step():
    world = World()
    overheard = []
    for step in range(1, 5):
        host = Host(world.desk)
        key = world.desk.access.admin_key

        def opens(host, step=step, key=key):
            host.greet(wire.ADMIN, number=step)
            host.prove(key)

        overheard.append(Overheard(host, opens))
        assert host.ask(wire.RATCHET, struct.pack(">I", step))[0] == wire.OK
    found = windows(world.area)
    assert ADMIN_KEY not in found and ROOT in found
    opened = [any(session.opens_with(secret) for secret in found) for session in overheard]
    assert opened == [False, False, False, True]  # the last shows that the search would notice


def test_two_sessions_under_one_credential_share_no_key():
    world = World()
    keys = set()
    for opens in (world.admin, world.admin, world.technician, world.technician):
        host = opens()
        sealed = (
            host.keys.to_unit.seal(bytes(32)) + host.keys.to_host.seal(bytes(32)) + host.keys.stream.seal(bytes(32))
        )
        keys |= {sealed[i : i + 32] for i in range(0, len(sealed), 48)}
    assert len(keys) == 12
