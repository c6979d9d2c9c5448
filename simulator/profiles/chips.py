"""The other chips of the ports' families: each is its port's profile but for what is said here.

All their costs are estimates, scaled by the clock from those of the port; nobody measured them."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from .esp32 import ESP32
from .rp2 import RP2
from .shape import Profile

_AT_160 = "estimate: the ESP32-S3's figure, by clock (160 MHz)"
_AT_150 = "estimate: a Cortex-M33 at 150 MHz takes half of the time of a Cortex-M0+ at 125 MHz"
_COSTS = (
    "tick_us",
    "rest_us",
    "handler_us",
    "pin_irq_us",
    "timer_us",
    "sha256_call_us",
    "sha256_block_us",
    "aes_block_us",
)


def _derive(parent: Profile, name: str, sources: Mapping[str, str], **changes: Any) -> Profile:
    """`parent` with `changes`; the sources of what did not change stay."""
    board = changes.pop("board", name)
    return replace(parent, name=name, board=board, sources=MappingProxyType({**parent.sources, **sources}), **changes)


def _scaled(parent: Profile, by: float) -> dict[str, int]:
    return {name: max(1, round(getattr(parent, name) * by)) for name in _COSTS}


_RISCV = {**_scaled(ESP32, 1.5), "freq_hz": (160_000_000, 80_000_000, 40_000_000, 20_000_000), "cpu_ticks_per_us": 160}
_RISCV_SOURCES = {
    **dict.fromkeys(_COSTS, _AT_160),
    "freq_hz": "ports/esp32/modmachine.c",
    "cpu_ticks_per_us": "processor cycles; ports/esp32/mphalport.h",
}

ESP32_CLASSIC = _derive(
    ESP32,
    "esp32_classic",
    {
        **dict.fromkeys(_COSTS, _AT_160),
        "freq_hz": "ports/esp32/modmachine.c; ESP32_GENERIC leaves ESP-IDF's default of 160 MHz at boot",
        "cpu_ticks_per_us": "processor cycles; ports/esp32/mphalport.h",
        "adv_floor_us": "micropython/micropython#5722, espressif/esp-idf#1831: Bluetooth 4.2's 100 ms",
        "link_octets": "data length extension of Bluetooth 4.2; ESP32 datasheet, 4.7",
        "heap_bytes": "estimate: what remains with BLE on, no PSRAM",
        "pins": "ports/esp32/machine_pin.h, ESP32 without PSRAM",
        "adc_pins": "ports/esp32/machine_adc.c, ESP32",
        "deep_wakes": "ports/esp32/modesp32.h; ESP-IDF soc_caps.h of esp32: ext0, ext1, no other pins",
        "ext1_low_is_all": "ESP-IDF esp_sleep.h: ESP_EXT1_WAKEUP_ALL_LOW, of the ESP32 only",
    },
    board="esp32",
    **_scaled(ESP32, 1.5),
    freq_hz=(160_000_000, 240_000_000, 80_000_000, 40_000_000, 20_000_000),
    cpu_ticks_per_us=160,
    heap_bytes=100 * 1024,
    adv_floor_us=100_000,
    pins=(*range(24), 25, 26, 27, *range(32, 40)),
    adc_pins=(0, 2, 4, 12, 13, 14, 15, 25, 26, 27, *range(32, 40)),
    deep_wakes=MappingProxyType(dict.fromkeys(("ext0", "ext1"), (0, 2, 4, 12, 13, 14, 15, 25, 26, 27, *range(32, 40)))),
    ext1_low_is_all=True,
)

ESP32_C3 = _derive(
    ESP32,
    "esp32_c3",
    {
        **_RISCV_SOURCES,
        "heap_bytes": "estimate: what remains with BLE on; micropython/micropython#18859 has little",
        "pins": "ports/esp32/machine_pin.h, ESP32-C3 with USB",
        "adc_pins": "ports/esp32/machine_adc.c, ESP32-C3",
        "hardware_timers": "SOC_TIMER_GROUP_TOTAL_TIMERS of the C3",
        "deep_wakes": "ESP-IDF soc_caps.h of esp32c3: no ext0 and ext1, GPIO 0 to 5",
    },
    **_RISCV,
    heap_bytes=96 * 1024,
    pins=(*range(14), 20, 21),
    adc_pins=tuple(range(6)),
    hardware_timers=2,
    deep_wakes=MappingProxyType({"gpio": tuple(range(6))}),
)

ESP32_C6 = _derive(
    ESP32,
    "esp32_c6",
    {
        **_RISCV_SOURCES,
        "heap_bytes": "estimate: what remains with BLE on",
        "pins": "ports/esp32/machine_pin.h, ESP32-C6 with USB",
        "adc_pins": "ports/esp32/machine_adc.c, ESP32-C6",
        "hardware_timers": "SOC_TIMER_GROUP_TOTAL_TIMERS of the C6",
        "deep_wakes": "ports/esp32/modesp32.h; ESP-IDF soc_caps.h of esp32c6: ext1 and GPIO 0 to 7, no ext0",
    },
    **_RISCV,
    heap_bytes=128 * 1024,
    pins=(*range(12), *range(14, 24)),
    adc_pins=tuple(range(7)),
    hardware_timers=2,
    deep_wakes=MappingProxyType(dict.fromkeys(("ext1", "gpio"), tuple(range(8)))),
)

PICO2_W = _derive(
    RP2,
    "pico2_w",
    {
        **dict.fromkeys((*_COSTS, "hard_irq_us"), _AT_150),
        "flash_bytes": "MICROPY_HW_FLASH_STORAGE_BYTES; ports/rp2/boards/RPI_PICO2_W/mpconfigboard.cmake, 2560 KiB",
        "journal_bytes": "2560 KiB less 512 KiB of files, which lie behind it",
        "heap_bytes": "estimate: Pico 2 W with BLE, of 520 KiB of SRAM",
        "watchdog_max_ms": "ports/rp2/machine_wdt.c, RP2350",
        "freq_hz": "a choice of what set_sys_clock_khz reaches; ports/rp2/modmachine.c",
    },
    **_scaled(RP2, 0.5),
    hard_irq_us=15,
    flash_bytes=2560 * 1024,
    flash_base=0x180000,
    journal_bytes=2048 * 1024,
    files_offset=2048 * 1024,
    files_bytes=512 * 1024,
    heap_bytes=400 * 1024,
    watchdog_max_ms=16_777,
    freq_hz=tuple(mhz * 1_000_000 for mhz in (150, 48, 64, 96, 100, 120, 125, 133, 200, 240, 250)),
)
