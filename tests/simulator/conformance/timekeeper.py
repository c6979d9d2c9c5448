"""Each function of `time`, after MicroPython's documentation."""

import time

begun = time.ticks_ms()
time.sleep_ms(250)
time.sleep(0.75)
time.sleep_us(500000)
print("slept", time.ticks_diff(time.ticks_ms(), begun))
begun = time.ticks_us()
time.sleep_us(1500)
print("short", 1500 <= time.ticks_diff(time.ticks_us(), begun) < 1600)
begun = time.ticks_cpu()
print("cpu", time.ticks_diff(time.ticks_cpu(), begun) >= 0)
last = time.ticks_add(0, -1)
print("wrap", last, time.ticks_add(last, 1), time.ticks_diff(5, time.ticks_add(5, -100)), time.ticks_diff(0, last))
print("epoch", time.gmtime(0))
print("leap", time.gmtime(time.mktime((2024, 2, 29, 12, 30, 15, 0, 0))))
begun = time.time()
time.sleep(2)
print("date", time.time() - begun, time.time_ns() // 1000000000 - begun, time.localtime() == time.gmtime(time.time()))
