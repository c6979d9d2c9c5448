"""Reset, light and deep sleep inside the VM: what ends them, and what survives them."""

import asyncio

import pytest

from .boards import BOOT_S, for_s, play, to_the_end
from .ports import IN_WORLD, ONE_PIN, at, boot_s


@pytest.mark.parametrize(
    "port, expected",
    [("esp32", ["1", "5", "last 5"]), ("rp2", ["1", "1", "last 1"]), ("stm32wb", ["1", "0", "last 0"])],
)
def test_a_soft_reset_lets_finally_run_and_begins_anew(tmp_path, port, expected):
    script = """
        import machine, sys
        try:
            count = open("count").read()
        except OSError:
            count = ""
        open("count", "w").write(count + "x")
        if len(count) == 2:
            print("last", machine.reset_cause())
            sys.exit()
        try:
            print(machine.reset_cause())
            machine.soft_reset()
        finally:
            count = None
        """
    assert play(tmp_path, script, for_s(3), port=port).output == expected


@pytest.mark.parametrize("port, cause", [("esp32", 4), ("rp2", 3), ("stm32wb", 4)])
def test_deep_sleep_ends_in_a_boot_after_its_time(tmp_path, port, cause):
    script = """
        import machine
        print(machine.reset_cause())
        if machine.reset_cause() == machine.PWRON_RESET:
            machine.deepsleep(5000)
            print("never")
        """

    async def story(board):
        await asyncio.sleep(boot_s(port) + 4)
        assert board.is_asleep and not board.is_running
        await asyncio.sleep(boot_s(port) + 2)
        assert board.boots == 2
        board.check()

    assert play(tmp_path, script, story, port=port).output == ["1", str(cause)]


def test_rtc_memory_and_the_date_survive_deep_sleep_and_reset_but_not_power(tmp_path):
    script = """
        import machine, time
        rtc = machine.RTC()
        print(machine.reset_cause(), rtc.memory(), time.time() >= 800000000)
        rtc.memory(rtc.memory() + b"x")
        if machine.reset_cause() == machine.PWRON_RESET:
            rtc.datetime((2026, 3, 2, 0, 6, 0, 0, 0))
            machine.deepsleep(1000)
        elif machine.reset_cause() == machine.DEEPSLEEP_RESET:
            machine.reset()
        """

    async def story(board):
        await asyncio.sleep(5)
        await board.power_off()
        await board.power_on()
        await asyncio.sleep(BOOT_S + 0.1)

    assert play(tmp_path, script, story).output == ["1 b'' False", "4 b'x' True", "2 b'xx' True", "1 b'' False"]


def test_the_date_of_an_rp2_is_lost_by_a_reset(tmp_path):
    script = """
        import machine, time
        print(time.localtime()[:3])
        if machine.reset_cause() == machine.PWRON_RESET:
            machine.RTC().datetime((2026, 3, 2, 0, 6, 0, 0, 0))
            print(time.localtime()[:3])
            machine.reset()
        """
    assert play(tmp_path, script, for_s(2), port="rp2").output == ["(2021, 1, 1)", "(2026, 3, 2)", "(2021, 1, 1)"]


@pytest.mark.parametrize(
    "how, reason",
    [
        ("esp32.wake_on_ext0(machine.Pin(4), esp32.WAKEUP_ANY_HIGH)", 2),
        ("esp32.wake_on_ext1((machine.Pin(4), machine.Pin(5)), esp32.WAKEUP_ANY_HIGH)", 3),
        ("machine.Pin(4).irq(trigger=machine.Pin.WAKE_HIGH, wake=machine.DEEPSLEEP)", 2),
    ],
)
def test_a_pin_ends_deep_sleep_and_says_that_it_was_it(tmp_path, how, reason):
    script = f"""
        import esp32, machine
        if machine.reset_cause() == machine.PWRON_RESET:
            {how}
            machine.deepsleep(60000)
        print(machine.wake_reason(), machine.wake_pins())
        """

    async def story(board):
        at(board, 5, 4, 1)
        await asyncio.sleep(7)

    assert play(tmp_path, script, story).output == [f"{reason} (4,)"]


@pytest.mark.parametrize(
    "port, how, expected",
    [
        ("esp32_c3", "esp32.wake_on_gpio((machine.Pin(4),), esp32.WAKEUP_ANY_HIGH)", "7 (4,)"),
        ("esp32_c6", "esp32.wake_on_gpio((machine.Pin(4),), esp32.WAKEUP_ANY_HIGH)", "7 (4,)"),
        ("esp32_c6", "esp32.wake_on_ext1((machine.Pin(4),), esp32.WAKEUP_ANY_HIGH)", "3 (4,)"),
        ("esp32_classic", "esp32.wake_on_ext0(machine.Pin(4), esp32.WAKEUP_ANY_HIGH)", "2 (4,)"),
        ("esp32_c3", "esp32.wake_on_ext0(machine.Pin(4), True)", "AttributeError"),
        ("esp32_c3", "esp32.wake_on_ext1((machine.Pin(4),), True)", "AttributeError"),
        ("esp32_c6", "esp32.wake_on_ext0(machine.Pin(4), True)", "AttributeError"),
        ("esp32_c6", "esp32.wake_on_ext1((machine.Pin(8),), True)", "ValueError"),
        ("esp32_c3", "esp32.wake_on_gpio((machine.Pin(6),), True)", "ValueError"),
        ("esp32", "esp32.wake_on_gpio((machine.Pin(4),), True)", "ValueError"),
        ("esp32_classic", "esp32.wake_on_gpio((machine.Pin(4),), True)", "ValueError"),
        ("esp32_classic", "esp32.wake_on_ext1((machine.Pin(18),), True)", "ValueError"),
    ],
)
def test_each_chip_wakes_by_what_it_has(tmp_path, port, how, expected):
    script = f"""
        import esp32, machine
        if machine.reset_cause() == machine.PWRON_RESET:
            try:
                {how}
                machine.deepsleep(60000)
            except (AttributeError, ValueError) as e:
                print(type(e).__name__)
        else:
            print(machine.wake_reason(), machine.wake_pins())
        """

    async def story(board):
        at(board, 5, 4, 1)
        await asyncio.sleep(7)

    assert play(tmp_path, script, story, port=port).output == [expected]


@pytest.mark.parametrize("port, woken_s", [("esp32", 2), ("esp32_c6", 2), ("esp32_classic", 4)])
def test_low_means_all_pins_on_the_first_esp32_and_any_pin_since(tmp_path, port, woken_s):
    script = """
        import esp32, machine
        esp32.wake_on_ext1((machine.Pin(2), machine.Pin(4)), esp32.WAKEUP_ALL_LOW)
        machine.deepsleep()
        """

    async def story(board):
        for pin in (2, 4):
            board.set_pin(pin, 1)
        at(board, 2, 2, 0)
        at(board, 4, 4, 0)
        for second in (1, 3, 5):
            await asyncio.sleep(second - asyncio.get_running_loop().time())
            assert (board.boots > 1) == (second > woken_s), second

    play(tmp_path, script, story, port=port)


def test_time_ends_a_sleep_and_says_so(tmp_path):
    script = """
        import machine
        if machine.reset_cause() == machine.PWRON_RESET:
            print(machine.wake_reason())
            machine.lightsleep(100)
            print(machine.wake_reason() == machine.TIMER_WAKE)
            machine.deepsleep(1000)
        print(machine.wake_reason() == machine.TIMER_WAKE)
        """
    assert play(tmp_path, script, for_s(3)).output == ["0", "True", "True"]


def test_power_lost_in_deep_sleep_stays_off(tmp_path):
    async def story(board):
        await asyncio.sleep(2)
        await board.power_off()
        await asyncio.sleep(20)
        assert board.boots == 1 and not board.is_asleep

    play(tmp_path, "import machine\nmachine.deepsleep(5000)", story)


@pytest.mark.parametrize("port, causes", [("esp32", ["1", "4"]), ("stm32wb", ["1", "3"])])
def test_a_watchdog_bites_in_deep_sleep_where_it_runs_on(tmp_path, port, causes):
    script = """
        import machine
        print(machine.reset_cause())
        if machine.reset_cause() == machine.PWRON_RESET:
            machine.WDT(timeout=1000)
            machine.deepsleep(3000)
        """
    assert play(tmp_path, script, for_s(5), port=port).output == causes


def test_light_sleep_passes_time_and_what_it_misses_depends_on_the_port(tmp_path):
    expected = {"esp32": ("1000", "0"), "rp2": ("1000", "0"), "stm32wb": ("0", "1")}
    for port, (ticks_ms, edges) in expected.items():
        script = f"""
            import machine, time
            count = []
            machine.Pin({ONE_PIN[port]}, machine.Pin.IN).irq(lambda p: count.append(1))
            t = time.ticks_ms()
            machine.lightsleep(1000)
            print(time.ticks_diff(time.ticks_ms(), t), len(count))
            """

        async def story(board, port=port):
            at(board, boot_s(port) + 0.4, IN_WORLD[port], 1)
            await to_the_end(board)

        board = play(tmp_path, script, story, port=port)
        assert board.output == [f"{ticks_ms} {edges}"], port


def test_an_edge_ends_the_light_sleep_of_an_stm32(tmp_path):
    script = """
        import machine, time
        machine.Pin("C6", machine.Pin.IN).irq(lambda p: None)
        t = time.time_ns()
        machine.lightsleep(10000)
        print((time.time_ns() - t) // 100000000)
        """

    async def story(board):
        at(board, boot_s("stm32wb") + 2.55, "C6", 1)
        await to_the_end(board)

    assert play(tmp_path, script, story, port="stm32wb").output == ["25"]


def test_light_sleep_of_an_esp32_takes_the_radio_down(tmp_path):
    script = """
        import bluetooth, machine
        ble = bluetooth.BLE()
        ble.active(True)
        machine.lightsleep(100)
        print(ble.active())
        """
    assert play(tmp_path, script, to_the_end, has_radio=True).output == ["False"]
    assert play(tmp_path, script, to_the_end, has_radio=True, port="rp2").output == ["True"]
