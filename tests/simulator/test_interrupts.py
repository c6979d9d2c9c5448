"""Edges and alarms inside the VM: soft and hard handlers, the queue between them, and what it costs."""

import pytest

from simulator.profiles import PROFILES, profile

from .boards import BOOT_S, play, to_the_end
from .ports import IN_WORLD, ONE_PIN, at, boot_s


@pytest.mark.parametrize("port", PROFILES)
def test_an_edge_costs_what_the_port_says(tmp_path, port):
    script = f"""
        import time
        from machine import Pin
        at = []
        Pin({ONE_PIN[port]}, Pin.IN).irq(lambda p: at.append(time.ticks_us()))
        time.sleep(1)
        print(at[0])
        """

    async def story(board):
        at(board, boot_s(port) + 0.5, IN_WORLD[port], 1)
        await to_the_end(board)

    board = play(tmp_path, script, story, port=port)
    assert int(board.output[0]) == 500_000 + profile(port).pin_irq_us + profile(port).tick_us


def test_flags_say_which_edge_it_was(tmp_path):
    script = """
        import time
        from machine import Pin
        irq = Pin(4, Pin.IN).irq(lambda p: seen.append(irq.flags()))
        seen = []
        time.sleep(1)
        print(seen == [Pin.IRQ_RISING, Pin.IRQ_FALLING])
        """

    async def story(board):
        at(board, boot_s("rp2") + 0.5, 4, 1, 0)
        await to_the_end(board)

    assert play(tmp_path, script, story, port="rp2").output == ["True"]


def test_a_trigger_can_be_changed_and_an_interrupt_raised_by_hand(tmp_path):
    script = """
        import time
        from machine import Pin
        count = []
        irq = Pin(4, Pin.IN).irq(lambda p: count.append(p.value()), Pin.IRQ_RISING)
        assert irq.trigger(Pin.IRQ_FALLING) == Pin.IRQ_RISING
        irq()
        time.sleep(1)
        print(count)
        """

    async def story(board):
        at(board, BOOT_S + 0.5, 4, 1, 0)
        await to_the_end(board)

    assert play(tmp_path, script, story).output == ["[0, 0]"]


def test_a_hard_handler_finds_the_heap_locked_and_an_exception_ends_it(tmp_path):
    script = """
        import time
        from machine import Pin
        count = 0
        def handler(pin):
            global count
            count += 1
            bytearray(100)
        Pin(4, Pin.IN).irq(handler, hard=True)
        time.sleep(1)
        print(count, len(bytearray(100)))
        """

    async def story(board):
        at(board, boot_s("rp2") + 0.5, 4, 1, 0, 1)
        await to_the_end(board)

    output = play(tmp_path, script, story, port="rp2").output
    assert output[0] == "Uncaught exception in IRQ callback handler"
    assert any("MemoryError" in line for line in output)
    assert output[-1] == "1 100"


def test_hard_handlers_wait_for_no_place_in_the_queue(tmp_path):
    script = """
        import time
        from machine import Pin
        soft, hard = [0], [0]
        def count(counter):
            def handler(pin):
                counter[0] += 1
            return handler
        Pin(4, Pin.IN).irq(count(soft))
        Pin(5, Pin.IN).irq(count(hard), hard=True)
        def slow(pin):
            time.sleep_ms(200)
        Pin(6, Pin.IN).irq(slow)
        time.sleep(1)
        print(soft[0], hard[0])
        """

    async def story(board):
        at(board, boot_s("rp2") + 0.1, 6, 1)
        for pin in (4, 5):
            at(board, boot_s("rp2") + 0.15, pin, *[1, 0] * 10)
        await to_the_end(board)

    board = play(tmp_path, script, story, port="rp2")
    assert board.output == ["8 20"]
    assert board.dropped_edges == 12


@pytest.mark.parametrize("port", PROFILES)
def test_with_interrupts_disabled_the_edges_of_a_pin_become_one(tmp_path, port):
    script = f"""
        import machine, time
        count = []
        machine.Pin({ONE_PIN[port]}, machine.Pin.IN).irq(lambda p: count.append(1))
        state = machine.disable_irq()
        inner = machine.disable_irq()
        time.sleep(1)
        machine.enable_irq(inner)
        assert count == []
        machine.enable_irq(state)
        print(len(count))
        """

    async def story(board):
        at(board, boot_s(port) + 0.5, IN_WORLD[port], 1, 0, 1)
        await to_the_end(board)

    assert play(tmp_path, script, story, port=port).output == ["1"]


def test_a_function_scheduled_by_the_main_program_runs_at_once(tmp_path):
    script = """
        import micropython
        micropython.schedule(print, "scheduled")
        print("after")
        """
    assert play(tmp_path, script, to_the_end).output == ["scheduled", "after"]


def test_a_handler_schedules_behind_itself_and_eight_at_most(tmp_path):
    script = """
        import micropython, time
        from machine import Pin
        order = []
        def handler(pin):
            try:
                for n in range(9):
                    micropython.schedule(order.append, n)
            except RuntimeError as e:
                order.append(str(e))
        Pin(4, Pin.IN).irq(handler)
        time.sleep(1)
        print(order)
        """

    async def story(board):
        at(board, BOOT_S + 0.5, 4, 1)
        await to_the_end(board)

    assert play(tmp_path, script, story).output == ["['schedule queue full', 0, 1, 2, 3, 4, 5, 6, 7]"]


def test_a_pulse_is_measured_and_one_that_does_not_come_or_end_is_told_apart(tmp_path):
    script = """
        import machine, time
        pin = machine.Pin(4, machine.Pin.IN)
        print(machine.time_pulse_us(pin, 1, 100000))
        print(machine.time_pulse_us(pin, 1, 100000))
        print(machine.time_pulse_us(pin, 1, 100000))
        """

    async def story(board):
        at(board, BOOT_S + 0.01, 4, 1, 0, step_s=0.02)
        at(board, BOOT_S + 0.2, 4, 1)
        await to_the_end(board)

    assert play(tmp_path, script, story).output == ["20000", "-2", "-1"]


@pytest.mark.parametrize("port", PROFILES)
def test_timers_repeat_or_not_until_they_are_stopped(tmp_path, port):
    script = """
        import time
        from machine import Timer
        beats, once = [], []
        beat = Timer(-1, period=100, callback=lambda t: beats.append(time.ticks_ms()))
        Timer(-1, mode=Timer.ONE_SHOT, period=150, callback=lambda t: once.append(time.ticks_ms()))
        time.sleep_ms(350)
        beat.deinit()
        time.sleep_ms(350)
        print(beats, once)
        """
    assert play(tmp_path, script, to_the_end, port=port).output == ["[100, 200, 300] [150]"]


@pytest.mark.parametrize(
    "expression, esp32, rp2, stm32wb",
    [
        ("freq=1000", 50, 50, 50),
        ("freq=400", 20, 20, 25),  # STM32's soft timer counts whole milliseconds
        ("period=5000, tick_hz=1000000", 10, 10, 10),
        ("period=0", "ValueError", None, 50),
        ("period=10, hard=True", "ValueError", 5, 5),
    ],
)
def test_a_timers_period_is_given_in_three_ways(tmp_path, expression, esp32, rp2, stm32wb):
    for port, expected in (("esp32", esp32), ("rp2", rp2), ("stm32wb", stm32wb)):
        if expected is None:
            continue  # a microsecond: it beats faster than a handler runs
        script = f"""
            import time
            from machine import Timer
            count = [0]
            def beat(timer):
                count[0] += 1
            try:
                timer = Timer(-1, callback=beat, {expression})
                time.sleep_us(50500)
                timer.deinit()
                print(count[0])
            except ValueError:
                print("ValueError")
            """
        assert play(tmp_path, script, to_the_end, port=port).output == [str(expected)]


def test_an_exception_in_a_timers_callback_is_printed_and_the_timer_goes_on(tmp_path):
    script = """
        import time
        from machine import Timer
        Timer(0, period=100, callback=lambda t: 1 // 0)
        time.sleep_ms(250)
        """
    output = play(tmp_path, script, to_the_end).output
    assert sum("ZeroDivisionError" in line for line in output) == 2
