"""`machine` inside the VM: what each port has and has not, pins, ADC, AES."""

import pytest

from simulator.hardware.vm import FirmwareError
from simulator.profiles import PROFILES

from .boards import play, to_the_end
from .ports import ONE_PIN


def outcome(tmp_path, expression, port, before="import machine"):
    """What an expression gives on a port, as printed, or the name of the exception."""
    script = f"""
{before}
try:
    print({expression})
except Exception as e:
    print(type(e).__name__)
"""
    return play(tmp_path, script, to_the_end, port=port).output


@pytest.mark.parametrize(
    "expression, esp32, rp2, stm32wb",
    [
        ("machine.Pin.OUT, machine.Pin.PULL_UP", "3 2", "1 1", "1 1"),
        ("machine.Pin.IRQ_RISING, machine.Pin.IRQ_FALLING", "1 2", "8 4", "269549568 270598144"),
        ("machine.HARD_RESET", "2", "AttributeError", "2"),
        ("machine.SOFT_RESET", "5", "AttributeError", "0"),
        ("machine.wake_reason()", "0", "AttributeError", "AttributeError"),
        ("len(machine.wake_pins())", "0", "AttributeError", "AttributeError"),
        ("machine.freq()", "240000000", "125000000", "(64000000, 64000000, 64000000, 64000000)"),
        ("machine.freq(160000000)", "None", "ValueError", "ValueError"),
        ("machine.WDT(timeout=8389) and 1", "1", "ValueError", "1"),
        ("machine.WDT(timeout=32768) and 1", "1", "ValueError", "ValueError"),
        ("machine.WDT(timeout=-1)", "ValueError", "ValueError", "ValueError"),
        ("machine.WDT('IWDG') and 1", "1", "1", "1"),
        ("machine.Timer(0) and 1", "1", "ValueError", "ValueError"),
        ("machine.Timer(4) and 1", "ValueError", "ValueError", "ValueError"),
        ("len(machine.unique_id())", "6", "8", "12"),
        ("machine.RTC().datetime()[:4]", "(2000, 1, 1, 5)", "(2021, 1, 1, 4)", "(2015, 1, 1, 3)"),
        ("machine.RTC().memory()", "b''", "AttributeError", "AttributeError"),
        ("machine.RTC().init()", "TypeError", "AttributeError", "None"),
        ("machine.RTC().init((2026, 5, 4, 12, 30, 0, 0, 0))", "None", "AttributeError", "TypeError"),
        ("machine.sleep(20)", "None", "AttributeError", "None"),
        *(
            (f"machine.ADC.{name} and 1", "1", *["AttributeError"] * 2)
            for name in ("init", "deinit", "atten", "read_uv")
        ),
        ("machine.Pin('GP4') and 1", "ValueError", "1", "ValueError"),
        ("machine.Pin(4) and 1", "1", "1", "ValueError"),
        ("machine.Pin(23) and 1", "ValueError", "1", "ValueError"),
        ("machine.Pin('SW') and 1", "ValueError", "ValueError", "1"),
        ("machine.I2C", "AttributeError", "AttributeError", "AttributeError"),
        ("__import__('cryptolib') and 1", "1", "1", "ImportError"),
        ("__import__('pyb') and 1", "ImportError", "ImportError", "1"),
        ("__import__('stm') and 1", "ImportError", "ImportError", "1"),
        ("__import__('bluetooth') and 1", "1", "1", "1"),
        ("__import__('network') and 1", "ImportError", "ImportError", "ImportError"),
    ],
)
def test_what_a_port_has_and_has_not(tmp_path, expression, esp32, rp2, stm32wb):
    found = {port: outcome(tmp_path, expression, port) for port in PROFILES}
    wanted = {"esp32": [esp32], "rp2": [rp2], "stm32wb": [stm32wb]}
    # Some give more than one value: they come apart with blanks.
    assert {port: [line.strip("()").replace(", ", " ") for line in lines] for port, lines in found.items()} == {
        port: [line.strip("()").replace(", ", " ") for line in lines] for port, lines in wanted.items()
    }


@pytest.mark.parametrize(
    "expression, esp32, rp2, stm32wb",
    [
        ("pin.toggle()", "None", "None", "AttributeError"),
        ("pin.low(), pin.value()", "AttributeError", "None 0", "None 0"),
        ("pin.high(), pin.value()", "AttributeError", "None 1", "None 1"),
        ("pin.irq(print, hard=True) and 1", "TypeError", "1", "None"),
        (
            "pin.irq(print, machine.Pin.IRQ_RISING).trigger() == machine.Pin.IRQ_RISING",
            "True",
            "True",
            "AttributeError",
        ),
        ("pin.irq(print).flags()", "AttributeError", "0", "AttributeError"),
        ("pin.init(99)", "ValueError", "ValueError", "ValueError"),
    ],
)
def test_what_pins_of_a_port_can_do(tmp_path, expression, esp32, rp2, stm32wb):
    found = {
        port: outcome(
            tmp_path, expression, port, f"import machine\npin = machine.Pin({ONE_PIN[port]}, machine.Pin.OUT)"
        )
        for port in PROFILES
    }
    assert found == {"esp32": [esp32], "rp2": [rp2], "stm32wb": [stm32wb]}


@pytest.mark.parametrize("port, expected", [("esp32", "1"), ("rp2", "0"), ("stm32wb", "0")])
def test_only_on_esp32_a_pin_keeps_its_resistor_when_set_up_without_one(tmp_path, port, expected):
    script = f"""
        from machine import Pin
        Pin({ONE_PIN[port]}, Pin.IN, Pin.PULL_UP)
        print(Pin({ONE_PIN[port]}, Pin.IN).value())
        """
    assert play(tmp_path, script, to_the_end, port=port).output == [expected]


@pytest.mark.parametrize("port, expected", [("esp32", "0"), ("rp2", "1")])
def test_only_on_rp2_an_open_drain_output_begins_released(tmp_path, port, expected):
    script = "from machine import Pin\nprint(Pin(4, Pin.OPEN_DRAIN, Pin.PULL_UP).value())"
    assert play(tmp_path, script, to_the_end, port=port).output == [expected]


def test_board_names_of_an_stm32_go_before_the_processors_own(tmp_path):
    async def story(board):
        board.set_pin("C0", 1)
        await to_the_end(board)

    script = "from machine import Pin\nprint(Pin('A0', Pin.IN).value(), Pin('A3', Pin.IN).value())"
    assert play(tmp_path, script, story, port="stm32wb").output == ["1 0"]


def test_on_an_stm32_pins_of_one_number_share_an_interrupt(tmp_path):
    script = """
        from machine import Pin
        Pin("C6", Pin.IN).irq(print)
        Pin("C6", Pin.IN).irq(print)
        Pin("A10", Pin.IN).irq(print)
        try:
            Pin("C10", Pin.IN).irq(print)
        except OSError as e:
            print(e)
        Pin("A10", Pin.IN).irq(None)
        Pin("C10", Pin.IN).irq(print)
        """
    board = play(tmp_path, script, to_the_end, port="stm32wb")
    assert board.output == ["IRQ resource already taken by Pin('A10')"]


@pytest.mark.parametrize(
    "how", ["adc = ADC(1, atten=ADC.%s)", "adc.deinit(); adc.init(atten=ADC.%s)", "adc.atten(ADC.%s)"]
)
@pytest.mark.parametrize("atten, microvolts, u16", [("ATTN_0DB", 950_000, 65535), ("ATTN_6DB", 1_650_000, 61790)])
def test_an_attenuation_sets_what_reads_full(tmp_path, how, atten, microvolts, u16):
    async def story(board):
        board.adc_mv[1] = 1650
        await to_the_end(board)

    script = f"from machine import ADC\nadc = ADC(1)\n{how % atten}\nprint(adc.read_uv(), adc.read_u16())"
    assert play(tmp_path, script, story).output == [f"{microvolts} {u16}"]


@pytest.mark.parametrize(
    "port, when, expected",
    [
        ("esp32", "(2026, 5, 4, 12, 30, 0, 0, 0)", "(2026, 5, 4, 0, 12, 30, 2)"),
        ("stm32wb", "", "(2015, 1, 1, 3, 0, 0, 2)"),
    ],
)
def test_starting_the_clock_sets_it_on_esp32_and_sets_it_back_on_an_stm32(tmp_path, port, when, expected):
    script = f"""
        import machine, time
        rtc = machine.RTC()
        rtc.datetime((2030, 1, 2, 0, 3, 4, 5, 0))
        rtc.init({when})
        time.sleep(2)
        print(rtc.datetime()[:7])
        """
    assert play(tmp_path, script, to_the_end, port=port).output == [expected]


def test_a_pin_without_adc_is_refused(tmp_path):
    with pytest.raises(FirmwareError, match="ValueError"):
        play(tmp_path, "from machine import ADC\nADC(40)", to_the_end)


def test_aes_is_the_real_one_and_costs_time(tmp_path):
    script = """
        import binascii, cryptolib, time
        key = bytes(range(16))
        aes = cryptolib.aes(key, 1)
        t = time.ticks_us()
        data = aes.encrypt(binascii.unhexlify("00112233445566778899aabbccddeeff"))
        print(str(binascii.hexlify(data), "utf8"), time.ticks_diff(time.ticks_us(), t))
        """
    # FIPS 197, appendix C.1
    board = play(tmp_path, script, to_the_end)
    assert board.output == [f"69c4e0d86a7b0430d8cdb78070b4c55a {board.profile.aes_block_us + board.profile.tick_us}"]
