"""`machine` after MicroPython's documentation: what every port has, then what some have, in two lives.

Somebody presses a button: one second after each start, for 20 ms.
"""

import sys
import time

import machine

BUTTON = {"esp32": 4, "rp2": 4, "pyboard": "C6"}[sys.platform]
LIGHT = {"esp32": 5, "rp2": 5, "pyboard": "C5"}[sys.platform]
CELL = {"esp32": 6, "rp2": 26, "pyboard": "C2"}[sys.platform]
TIMER = {"esp32": 0, "rp2": -1, "pyboard": -1}[sys.platform]

edges = []
beats = []
button = machine.Pin(BUTTON, machine.Pin.IN, machine.Pin.PULL_DOWN)
button.irq(lambda pin: edges.append(pin.value()), machine.Pin.IRQ_RISING | machine.Pin.IRQ_FALLING)
is_power_up = machine.reset_cause() == machine.PWRON_RESET
print("power-up", is_power_up, button.value(), button())
light = machine.Pin(LIGHT, machine.Pin.OUT, value=1)
light.off()
before = light.value()
light.on()
print("light", before, light.value())
state = machine.disable_irq()
machine.enable_irq(state)
print("pulse", machine.time_pulse_us(button, 1, 2000000))
time.sleep_ms(1)
print("edges", edges)
timer = machine.Timer(TIMER)
timer.init(period=100, mode=machine.Timer.PERIODIC, callback=lambda timer: beats.append(time.ticks_ms()))
time.sleep_ms(1050)
timer.deinit()
time.sleep_ms(200)
print("beats", len(beats))
print("cell", round(machine.ADC(CELL).read_u16() * 100 / 65535))
print("id", len(machine.unique_id()), "freq", type(machine.freq()).__name__)
rtc = machine.RTC()
rtc.datetime((2026, 5, 4, 0, 12, 30, 0, 0))
time.sleep_ms(2500)
print("rtc", rtc.datetime()[:3], rtc.datetime()[4:7])
begun = time.ticks_us()
machine.idle()
print("idle", time.ticks_diff(time.ticks_us(), begun) < 20000)
begun = time.time()
machine.lightsleep(2000)
print("light sleep", time.time() - begun, getattr(machine, "sleep", None) is machine.lightsleep)
watchdog = machine.WDT(timeout=5000)
watchdog.feed()
if is_power_up:
    print("soft" if hasattr(machine, "soft_reset") else "no soft reset")
    machine.reset()
print("again")
time.sleep(10)
print("never")
