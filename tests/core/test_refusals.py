"""Wrong secrets: each kind of credential pauses by itself, ever longer, never for good; the journal is told seldom."""

from interlock.core import wire
from interlock.core.refusals import FORGET_MS, PAUSE_MAX_MS, PAUSE_MS, TOGETHER_MS, Refusals
from interlock.core.ticks import ticks_add


class World:
    def __init__(self, now=0):
        self.now = now
        self.written = []
        self.refusals = Refusals(lambda reason, tries: self.written.append((reason, tries)))

    def after(self, ms):
        self.now = ticks_add(self.now, ms)
        self.refusals.tidy(self.now)

    def guess(self, credential=wire.ADMIN):
        """A wrong secret as soon as it is heard; how long nobody is heard then."""
        self.after(self.wait_ms(credential))
        self.refusals.wrong(credential, self.now)
        self.refusals.count(wire.BAD_PROOF, self.now)
        return self.wait_ms(credential)

    def wait_ms(self, credential=wire.ADMIN):
        return self.refusals.wait_ms(credential, self.now)


def test_pauses_double_up_to_a_minute_and_no_further():
    world = World()
    assert [world.guess() for _ in range(9)] == [2000, 2000, 4000, 8000, 16000, 32000, 60000, 60000, 60000]
    world.after(PAUSE_MAX_MS - 1)
    assert world.wait_ms() == 1
    world.after(1)
    assert world.wait_ms() == 0


def test_who_guesses_at_one_credential_keeps_out_nobody_who_holds_another():
    world = World()
    for _ in range(50):
        world.guess(wire.TECHNICIAN)
    assert world.wait_ms(wire.TECHNICIAN) == PAUSE_MAX_MS
    assert world.wait_ms(wire.ADMIN) == world.wait_ms(wire.SETUP) == 0


def test_an_owner_waits_a_minute_at_most_whatever_was_tried_before_and_starts_anew_after_a_success():
    world = World()
    for _ in range(10000):
        world.guess()
    world.after(PAUSE_MAX_MS)
    assert world.wait_ms() == 0
    world.refusals.right(wire.ADMIN)
    assert world.guess() == PAUSE_MS


def test_what_was_tried_is_forgotten_step_by_step():
    world = World()
    for _ in range(20):
        world.guess()
    world.after(3 * FORGET_MS)
    assert world.guess() == 16000
    world.after(100 * FORGET_MS)
    assert world.guess() == PAUSE_MS


def test_pauses_hold_and_end_across_the_wrap_of_ticks():
    world = World((1 << 30) - 1000)
    world.guess()
    world.after(1500)
    assert world.now == 500 and world.wait_ms() == 500
    for _ in range(14 * 24):
        world.after(3600000)
    assert world.wait_ms() == 0 and world.guess() == PAUSE_MS


def test_guessing_for_a_day_writes_no_more_than_a_record_each_ten_minutes_and_counts_every_try():
    world = World()
    tries, day_ms = 0, 24 * 3600000
    begin = world.now
    while world.now - begin < day_ms:
        world.guess()
        tries += 1
    world.after(TOGETHER_MS)
    assert len(world.written) <= 1 + 24 * 6 + 1
    assert sum(count for _, count in world.written) == tries
    assert tries < 24 * 60 + 10  # a guess a minute


def test_the_first_refusal_is_written_at_once_and_the_rest_before_the_session_that_succeeds():
    world = World()
    world.guess()
    assert world.written == [(wire.BAD_PROOF, 1)]
    world.guess()
    world.guess()
    world.refusals.count(wire.EXPIRED, world.now)
    assert len(world.written) == 1
    world.refusals.right(wire.ADMIN)
    assert world.written[1:] == [(wire.BAD_PROOF, 2), (wire.EXPIRED, 1)]


def test_a_record_holds_so_many_tries_and_no_more():
    world = World()
    for _ in range(70001):
        world.refusals.count(wire.BAD_PROOF, world.now)
    world.refusals.right(wire.ADMIN)
    assert world.written == [(wire.BAD_PROOF, 1), (wire.BAD_PROOF, 0xFFFF)]


def test_what_follows_within_ten_minutes_is_written_at_their_end_and_ten_minutes_begin_anew():
    world = World((1 << 30) - 1000)
    world.refusals.count(wire.EXPIRED, world.now)
    world.refusals.count(wire.BAD_PROOF, world.now)
    world.after(TOGETHER_MS - 1)
    assert world.written == [(wire.EXPIRED, 1)]
    world.after(1)
    assert world.written == [(wire.EXPIRED, 1), (wire.BAD_PROOF, 1)]
    world.refusals.count(wire.EXPIRED, world.now)
    world.after(TOGETHER_MS - 1)
    assert len(world.written) == 2
    world.after(1)
    assert world.written[2:] == [(wire.EXPIRED, 1)]


def test_after_ten_minutes_without_a_refusal_the_next_one_is_written_at_once():
    world = World()
    world.refusals.count(wire.EXPIRED, world.now)
    world.after(TOGETHER_MS)
    world.refusals.count(wire.EXPIRED, world.now)
    world.refusals.count(wire.EXPIRED, world.now)
    assert world.written == [(wire.EXPIRED, 1)] * 2


def test_it_is_idle_once_nothing_is_remembered():
    world = World()
    assert world.refusals.is_idle()
    world.refusals.count(wire.EXPIRED, world.now)
    assert not world.refusals.is_idle()
    world.after(TOGETHER_MS)
    assert world.refusals.is_idle() and world.written == [(wire.EXPIRED, 1)]
    world.refusals.wrong(wire.ADMIN, world.now)
    world.after(FORGET_MS - 1)
    assert not world.refusals.is_idle() and world.wait_ms() == 0, "it is heard again long before it is forgotten"
    world.after(1)
    assert world.refusals.is_idle()
    world.refusals.wrong(wire.ADMIN, world.now)
    world.refusals.right(wire.ADMIN)
    assert world.refusals.is_idle() and world.wait_ms() == 0


def test_a_true_secret_of_one_kind_lets_the_others_wait_on():
    world = World()
    world.guess(wire.TECHNICIAN)
    world.refusals.right(wire.ADMIN)
    assert world.wait_ms(wire.TECHNICIAN) == PAUSE_MS


def test_each_try_is_forgotten_ten_minutes_after_the_one_before():
    for waits, following in ((0, 60000), (1, 60000), (2, 32000), (5, 4000), (6, 2000), (7, 2000)):
        world = World()
        for _ in range(8):
            world.guess()
        world.after(waits * FORGET_MS)
        world.after(0 if waits else PAUSE_MAX_MS)
        assert world.guess() == following, waits
