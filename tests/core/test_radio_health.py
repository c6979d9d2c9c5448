"""The radio's ladder: scan, stack, unit; each on its conditions, each less often than the one before."""

from interlock.core import radio_health as health
from interlock.core.machine import due
from interlock.core.ticks import PERIOD_MS, ticks_add, ticks_diff

START = PERIOD_MS - 2000  # ticks wrap early on
DEPTH = 5
CONDITIONS = range(16)


class Radio:
    """A unit's radio, minute by minute. `conditions`: what NEXT is told."""

    def __init__(self, restarts=0, now=START):
        self.now = now
        self.state = health.at_boot(restarts, now)
        self.conditions = 0
        self.did = []  # (effect, ms since the beginning)
        self.elapsed_ms = 0

    def on(self, event, data=None):
        self.state, effects = health.MACHINE.step(self.state, event, data, self.now, None)
        for effect in effects:
            self.did.append((effect[0], self.elapsed_ms))
            if effect[0] == health.RESTART_UNIT:
                self.state = health.at_boot(effect[1], self.now)
        return self

    def wait(self, ms, again=None, step_ms=100):
        """Let `ms` pass; `again` is an event that comes in each step."""
        for _ in range(ms // step_ms):
            self.now = ticks_add(self.now, step_ms)
            self.elapsed_ms += step_ms
            if again is not None:
                self.on(again)
            self.state, event = due(self.state, self.now)
            if event is not None:
                self.on(event, self.conditions)
        return self

    def done(self, effect):
        return [at for what, at in self.did if what == effect]


def test_a_stack_that_refuses_for_half_a_second_is_started_anew():
    radio = Radio().wait(5000).on(health.REFUSED)
    assert radio.wait(400, health.REFUSED).did == []
    radio.wait(200, health.REFUSED)
    assert radio.did == [(health.RESTART_STACK, 5500)]
    assert radio.on(health.TAKEN).state.mode == health.SOUND
    assert radio.wait(100000).did == [(health.RESTART_STACK, 5500)]


def test_while_frames_are_heard_a_stack_that_refuses_is_left_alone_for_two_seconds():
    radio = Radio()
    radio.conditions = health.IN_USE | health.HEARING
    radio.on(health.REFUSED).wait(1900, health.REFUSED)
    assert radio.did == []
    assert radio.wait(200, health.REFUSED).did == [(health.RESTART_STACK, 2000)]


def test_a_refusal_that_passes_costs_nothing():
    radio = Radio().on(health.REFUSED).wait(300, health.REFUSED).on(health.TAKEN).wait(10000)
    assert radio.did == [] and radio.state.mode == health.SOUND


def test_a_unit_in_use_restarts_when_its_radio_does_nothing_at_all():
    radio = Radio()
    radio.conditions = health.IN_USE
    radio.on(health.REFUSED).wait(3600, health.REFUSED)
    assert radio.did == [
        (health.RESTART_STACK, 500),
        (health.RESTART_STACK, 1500),
        (health.RESTART_UNIT, 3500),
    ]


def test_a_unit_in_use_does_not_restart_for_its_handler():
    radio = Radio()
    radio.conditions = health.IN_USE
    radio.on(health.RAISED).wait(120000, health.RAISED)
    assert len(radio.done(health.RESTART_STACK)) > 3 and radio.done(health.RESTART_UNIT) == []
    radio.conditions = 0
    assert radio.wait(600000, health.RAISED).done(health.RESTART_UNIT)


def test_a_dead_chip_makes_its_unit_restart_less_and_less_often():
    radio = Radio()
    for _ in range(24 * 60):
        radio.on(health.REFUSED).wait(60000, step_ms=500)
    restarts = radio.done(health.RESTART_UNIT)
    gaps = [restarts[i + 1] - restarts[i] for i in range(len(restarts) - 1)]
    assert 10 < len(restarts) < 30, len(restarts)
    assert gaps[-1] > 3600000 and max(gaps[:3]) < 90000


def test_a_dead_chip_is_tried_afresh_when_a_use_begins():
    radio = Radio(restarts=8).on(health.REFUSED).wait(300000, step_ms=500)
    radio.did = []
    radio.on(health.USED).wait(2000)
    assert [what for what, _ in radio.did] == [health.RESTART_STACK] * 2


def test_ten_sound_minutes_forgive_earlier_restarts_and_less_does_not():
    for minutes, forgiven in ((9, False), (11, True)):
        radio = Radio(restarts=4).wait(minutes * 60000)
        assert (radio.state.restarts == 0) == forgiven


def test_silence_starts_the_scan_anew_and_nothing_else_where_nobody_is_missed():
    radio = Radio()
    for _ in range(24 * 60):
        radio.wait(60000, step_ms=1000).on(health.SILENT)
    assert {what for what, _ in radio.did} == {health.RESTART_SCAN}


def test_silence_starts_stack_and_unit_anew_where_a_partner_is_missed():
    radio = Radio()
    radio.conditions = health.MISSED
    radio.on(health.SILENT)
    for _ in range(20 * 60):
        radio.wait(60000, step_ms=1000)
        if radio.done(health.RESTART_UNIT):
            break
    minutes = [(what, at // 60000) for what, at in radio.did]
    assert minutes == [
        (health.RESTART_SCAN, 0),
        (health.RESTART_STACK, 5),
        (health.RESTART_STACK, 15),
        (health.RESTART_UNIT, 35),
    ]


def test_whoever_is_heard_ends_the_silence():
    radio = Radio()
    radio.conditions = health.MISSED
    radio.on(health.SILENT).wait(290000).on(health.HEARD).wait(3600000, step_ms=1000)
    assert radio.done(health.RESTART_STACK) == [] and radio.state.mode == health.SOUND


def test_a_stack_that_does_not_come_up_is_tried_again_and_then_the_unit_restarts():
    radio = Radio().on(health.FAILED).wait(1600)
    assert radio.done(health.RESTART_STACK) == [500, 1500]
    assert radio.on(health.STARTED).state.mode == health.REFUSING, "up is not enough: it must take something"
    assert radio.wait(3000).done(health.RESTART_UNIT) == [3500]


def reached():
    """Every way of DEPTH events: (state before, event, data, effects)."""
    ways = []
    events = [(event, None) for event in health.EVENT_NAMES if event != health.NEXT]
    events += [(health.NEXT, data) for data in CONDITIONS]
    states = {health.at_boot(restarts, 0).key(): health.at_boot(restarts, 0) for restarts in (0, 1)}
    for _ in range(DEPTH):
        following = {}
        for state in states.values():
            for event, data in events:
                after, effects = health.MACHINE.step(state, event, data, 0, None)
                ways.append((state, event, data, effects))
                following[after.key()] = after
        states = following
    return ways


def test_the_laws_of_the_ladder_hold_on_every_way():
    ways = reached()
    kinds = set()
    for state, event, data, effects in ways:
        for effect in effects:
            kinds.add(effect[0])
            if effect[0] == health.RESTART_STACK:
                assert event == health.NEXT and not data & health.LINKED, "with a connection that hangs some ports"
                waited = state.put_off == health.PUT_OFF_MAX or state.mode == health.DOWN
                assert waited or not data & health.HEARING, "a burst that is heard is heard to its end, for a while"
            if effect[0] == health.RESTART_UNIT:
                assert state.tries >= health.STACK_TRIES + state.restarts
                useless = state.mode in (health.REFUSING, health.DOWN)
                assert useless or not data & health.IN_USE, "a weapon in use comes first"
            if state.mode == health.QUIET and effect[0] in (health.RESTART_STACK, health.RESTART_UNIT):
                assert data == health.MISSED, "a quiet place is no fault"
    assert kinds == {health.RESTART_SCAN, health.RESTART_STACK, health.DISCONNECT, health.RESTART_UNIT}
    print("%d ways" % len(ways))


def test_each_try_waits_at_least_as_long_as_the_one_before():
    for mode, pause in ((health.REFUSING, health.REFUSED_MS), (health.QUIET, health.SILENCE_MS)):
        state, before = health.at_boot(0, START), 0
        state.mode = mode
        for tries in range(40):
            after, _ = health.MACHINE.step(state, health.NEXT, health.MISSED, START, None)
            gap = ticks_diff(after.next_at, START)
            assert gap >= before and (tries > 4 or gap == pause << tries + 1)
            state, before = after, gap


def test_a_radio_that_is_sound_again_has_its_tries_forgotten_at_once_and_its_restarts_in_ten_minutes():
    radio = Radio(restarts=4)
    radio.conditions = health.MISSED
    radio.on(health.REFUSED).wait(4000, health.REFUSED).on(health.TAKEN)
    assert radio.done(health.RESTART_STACK) and radio.state.tries == 0
    for minutes, restarts in ((9, 4), (2, 0)):
        assert radio.wait(minutes * 60000, step_ms=1000).state.restarts == restarts
    radio.did = []
    radio.on(health.SILENT).wait(health.SILENCE_MS - 1000, step_ms=1000)
    assert radio.done(health.RESTART_STACK) == []
    assert len(radio.wait(1000).done(health.RESTART_STACK)) == 1, "the first try is as early as ever"
