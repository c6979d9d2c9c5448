"""Pins between world and firmware: who wins, what is told to whom, and wires that stick or bounce."""

import asyncio
import random

import pytest

from simulator.clock import now_us, run
from simulator.hardware.edges import EdgeGate
from simulator.hardware.pins import FALLING, IN, OPEN_DRAIN, OUT, PULL_NONE, PULL_UP, RISING, Pins, bounce_times_us


class Seen:
    """Pins, and what they told: outputs, levels and edges as (pin, value)."""

    def __init__(self):
        self.outputs, self.levels, self.edges = [], [], []
        self.pins = Pins(
            lambda pin, level: self.outputs.append((pin, level)),
            lambda pin, level: self.levels.append((pin, level)),
            lambda pin, edge: self.edges.append((pin, edge)),
        )


def test_an_open_input_reads_its_resistor_and_a_driven_one_the_world():
    seen = Seen()
    seen.pins.init(1, IN, PULL_UP, None)
    seen.pins.init(2, IN, PULL_NONE, None)
    assert (seen.pins.level(1), seen.pins.level(2)) == (1, 0)
    seen.pins.set_level(1, 0)
    seen.pins.set_level(2, 1)
    assert (seen.pins.level(1), seen.pins.level(2)) == (0, 1)
    assert seen.levels == [(1, 1), (2, 0), (1, 0), (2, 1)]


def test_setting_a_pin_up_again_can_leave_mode_and_resistor_alone():
    seen = Seen()
    seen.pins.init(1, IN, PULL_UP, None)
    seen.pins.init(1, None, None, None)
    assert seen.pins.level(1) == 1
    seen.pins.init(1, IN, PULL_NONE, None)
    assert seen.pins.level(1) == 0


def test_an_output_beats_the_world_and_changes_are_told_once():
    seen = Seen()
    seen.pins.set_level(1, 1)
    seen.pins.write(1, 0)
    seen.pins.init(1, OUT, None, None)
    assert seen.pins.level(1) == 0
    seen.pins.write(1, 1)
    seen.pins.write(1, 1)
    seen.pins.init(1, IN, None, None)
    assert seen.outputs == [(1, 1), (1, 0)]


def test_a_released_open_drain_output_reads_the_world_and_a_driven_one_pulls_it_down():
    seen = Seen()
    seen.pins.init(1, OPEN_DRAIN, PULL_UP, 1)
    assert seen.pins.level(1) == 1
    seen.pins.set_level(1, 0)
    assert seen.pins.level(1) == 0
    seen.pins.set_level(1, 1)
    seen.pins.write(1, 0)
    assert seen.pins.level(1) == 0


def test_only_edges_asked_for_are_told_and_a_level_that_stays_is_no_edge():
    seen = Seen()
    seen.pins.watch(1, RISING)
    seen.pins.watch(2, RISING | FALLING)
    for level in (1, 1, 0, 1):
        seen.pins.set_level(1, level)
        seen.pins.set_level(2, level)
    assert [edge for pin, edge in seen.edges if pin == 1] == [RISING, RISING]
    assert [edge for pin, edge in seen.edges if pin == 2] == [RISING, FALLING, RISING]


def test_power_loss_lets_outputs_fall_and_forgets_what_was_watched_but_not_the_world():
    seen = Seen()
    seen.pins.set_level(2, 1)
    seen.pins.init(1, OUT, None, 1)
    seen.pins.watch(2, RISING | FALLING)
    seen.pins.lose_power()
    assert seen.outputs == [(1, 1), (1, 0)]
    seen.pins.set_level(2, 0)
    assert seen.edges == []


def test_a_stuck_pin_keeps_its_level_whatever_is_driven_until_it_is_mended():
    seen = Seen()
    seen.pins.watch(1, RISING | FALLING)
    seen.pins.stick(1, 1)
    seen.pins.set_level(1, 1)
    seen.pins.set_level(1, 0)
    assert seen.pins.level(1) == 1
    seen.pins.mend(1)
    assert seen.pins.level(1) == 0
    assert seen.edges == [(1, RISING), (1, FALLING)]


def test_a_stuck_output_never_reaches_the_world():
    seen = Seen()
    seen.pins.stick(1, 0)
    seen.pins.init(1, OUT, None, 1)
    assert seen.outputs == []
    seen.pins.mend(1)
    assert seen.outputs == [(1, 1)]


def test_a_bouncing_pin_changes_at_the_given_instants_and_ends_where_it_wanted_to():
    async def scene():
        loop, edges = asyncio.get_running_loop(), []
        pins = Pins(lambda *_: None, lambda *_: None, lambda _, edge: edges.append((now_us(loop), edge)))
        pins.watch(1, RISING | FALLING)
        pins.bounce(1, 1, [100, 250, 400, 900])
        await asyncio.sleep(1)
        return pins.level(1), edges

    assert run(scene()) == (1, [(0, RISING), (100, FALLING), (250, RISING), (400, FALLING), (900, RISING)])


def test_bounces_come_from_a_stream_of_chance():
    times = bounce_times_us(random.Random("reed"), 4, 900)
    assert times == bounce_times_us(random.Random("reed"), 4, 900) == sorted(times)
    assert len(times) == 4 and times[0] > 0 and times[-1] <= 900


@pytest.mark.parametrize("times_us", [[1], [3, 2]])
def test_a_bounce_that_does_not_end_where_it_wanted_to_is_refused(times_us):
    with pytest.raises(ValueError, match="even number"):
        Seen().pins.bounce(1, 1, times_us)


def test_edges_while_interrupts_are_off_collapse_into_one_per_pin_when_the_last_lets_go():
    heard = []
    gate = EdgeGate(lambda pin, edges: heard.append((pin, edges)))
    gate.hold("flash")
    gate.hold("firmware")
    for edge in (RISING, FALLING, RISING):
        gate.edge(1, edge)
    gate.edge(2, FALLING)
    gate.release("flash")
    assert heard == []
    gate.release("firmware")
    assert heard == [(1, RISING | FALLING), (2, FALLING)]


def test_a_deaf_processor_never_hears_of_an_edge():
    heard = []
    gate = EdgeGate(lambda pin, edges: heard.append(pin))
    gate.is_deaf = True
    gate.edge(1, RISING)
    gate.is_deaf = False
    gate.edge(2, RISING)
    assert heard == [2]
