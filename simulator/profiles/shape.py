"""What a profile says: one field per figure, each with its meaning. The figures are in the port's own module."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .partitions import partitions

PAGE_BYTES = 256
SECTOR_BYTES = 4096

Pin = int | str
"""How a port numbers a pin: 4 on esp32 and rp2, "C4" (the processor's name) on stm32wb."""


def cost(what: str) -> Any:
    """A figure of the cost model: it is in the table of `costs.py`, and `sources` says where it is from."""
    return field(metadata={"cost": what})


@dataclass(frozen=True, kw_only=True)
class Profile:
    """One MicroPython port on one kind of board. Times are microseconds of the board's time."""

    name: str
    port: str
    """Which of MicroPython's ports it is: "esp32", "rp2" or "stm32wb"."""
    board: str
    """The module of `interlock.boards` that it plays."""
    stack: str
    """Which binding its `bluetooth` is: "nimble" or "btstack"."""

    boot_us: int = cost("power, reset or end of deep sleep to the first line of main.py")
    tick_us: int = cost("one `time.ticks_*` call with the code around it: what keeps a busy wait from being free")
    rest_us: int = cost("one return from the door (`simrt.rest`): the loop's own turn")
    handler_us: int = cost("a report of the radio, or a scheduled function: to its handler's first line")
    pin_irq_us: int = cost("an edge to the first line of its soft handler")
    hard_irq_us: int = cost("an edge or alarm to the first line of its hard handler")
    timer_us: int = cost("a timer's alarm to the first line of its soft callback")
    sha256_call_us: int = cost("each of: making a hash object, feeding it, asking for the digest")
    sha256_block_us: int = cost("SHA-256 of one 64-byte block")
    aes_block_us: int = cost("AES of one 16-byte block")
    adv_start_us: int = cost("`gap_advertise` until advertising begins")
    scan_start_us: int = cost("`gap_scan` until scanning begins")
    att_us: int = cost("the last bit of an ATT request to the firmware's handler")
    gatts_us: int = cost("one `gatts_read` or `gatts_write`")
    notify_us: int = cost("one `gatts_notify`, until it is queued")
    program_us: int = cost("programming one page of 256 bytes, or any part of it")
    erase_us: int = cost("erasing one sector of 4096 bytes")
    read_us: int = cost("reading each 256 bytes, begun ones too")

    notify_pool: int
    """Notifications that can wait to be sent before ENOMEM; 0: as many as there is memory."""
    mtu: int
    """The preferred MTU after start."""
    mtu_max: int
    link_octets: int
    """What one PDU of a connection carries at most."""
    max_connections: int

    adv_floor_us: int
    """The least interval at which it advertises without being connectable."""

    program_unit: int
    """Programs start at, and last for, a multiple of this many bytes."""
    irq_off_during_flash: bool
    """Whether edges of one pin collapse into one while a program or an erase runs."""
    flash_bytes: int
    """What the virtual flash holds: the partitions from `flash_base` on (esp32), or all storage (rp2, stm32wb)."""
    flash_base: int
    """The chip's address of its first byte."""
    journal_offset: int
    journal_bytes: int
    files_offset: int
    files_bytes: int
    """The file system's part of the virtual flash."""
    heap_bytes: int
    """The board's Python heap. The VM's is larger: its objects are 64-bit, and the doubles live in it."""

    machine: Mapping[str, int]
    """Constants of the module `machine` whose value is the port's own: "Pin.OUT", "WDT_RESET", ..."""
    lacks: tuple[str, ...]
    """What the doubles have and this port has not: names of `machine` ("Pin.toggle", "wake_reason"), and modules."""
    pins: tuple[int | str, ...]
    """Numbers that `Pin` takes."""
    pin_names: Mapping[str, Pin]
    """Names that it takes."""
    pin_default_keeps_pull: bool
    """Whether `Pin.init` without a pull leaves the resistors alone (else it takes them off)."""
    open_drain_released: bool
    """Whether an OPEN_DRAIN output without a value begins released (else it pulls down)."""
    irq_lines: int
    """Pins whose number is equal share an interrupt line, of which there are so many; 0: each pin has its own."""
    adc_pins: tuple[Pin, ...]
    adc_full_mv: tuple[int, ...]
    """What reads 65535: by attenuation, where there is one."""
    pwm_hz: tuple[int, int]
    """Least and most of `PWM.freq`."""
    pwm_pins: tuple[Pin, ...]
    """Pins that have a timer's channel; none named: every pin."""
    freq_hz: tuple[int, ...]
    """What `machine.freq` takes; the first is that at boot. Costs stay as they are whatever is set."""
    freq_clocks: int
    """How many clocks `machine.freq()` tells: 1 gives an int, more a tuple."""
    cpu_ticks_per_us: int
    """What `time.ticks_cpu` counts."""
    hardware_timers: int
    """Ids of `machine.Timer` from 0 on; -1 is a virtual one everywhere."""
    timer_step_us: int
    """Periods are whole multiples of it."""
    watchdog_min_ms: int
    watchdog_max_ms: int
    watchdog_runs_asleep: bool
    """Whether it bites in deep sleep."""
    unique_id_bytes: int
    reset_cause: Mapping[str, int]
    """`machine.reset_cause()` after "power", "reset" (machine.reset), "watchdog" and "deepsleep"; "soft" where
    `machine.soft_reset` changes it."""

    epoch_year: int
    """What `time.time()` counts from."""
    rtc_start: tuple[int, int, int]
    """Year, month and day that the clock shows when power comes."""
    rtc_survives_reset: bool
    """Whether it goes on over a reset; over deep sleep it always does."""
    rtc_subseconds: bool
    rtc_memory_bytes: int
    """`RTC.memory`: survives everything but the loss of power."""
    lightsleep_keeps_radio: bool
    lightsleep_counts_ticks: bool
    """Whether `time.ticks_*` go on in light sleep."""
    deep_wakes: Mapping[str, tuple[int, ...]]
    """Pins that can end deep sleep, by the function `esp32.wake_on_...` that they are given to."""
    ext1_low_is_all: bool
    """Whether `wake_on_ext1` at level low waits until all of its pins are low (else until any is)."""
    lightsleep_wakes_on_edge: bool
    """Whether an edge with a handler ends light sleep (else it is not seen)."""

    sources: Mapping[str, str] = field(repr=False, hash=False)

    def facts(self) -> tuple[tuple[str, object], ...]:
        """What the doubles inside the VM go by: (name, value), mappings as tuples of pairs."""
        told = []
        for name in _TOLD:
            value = getattr(self, name)
            told.append((name, tuple(value.items()) if isinstance(value, Mapping) else value))
        told.append(("partitions", tuple(tuple(row) for row in partitions(self.board))))
        return tuple(told)


_TOLD = (
    "board",
    "tick_us",
    "rest_us",
    "handler_us",
    "pin_irq_us",
    "hard_irq_us",
    "timer_us",
    "sha256_call_us",
    "sha256_block_us",
    "aes_block_us",
    "flash_bytes",
    "flash_base",
    "journal_bytes",
    "files_offset",
    "files_bytes",
    "read_us",
    "machine",
    "lacks",
    "pins",
    "pin_names",
    "pin_default_keeps_pull",
    "open_drain_released",
    "irq_lines",
    "adc_pins",
    "adc_full_mv",
    "pwm_hz",
    "pwm_pins",
    "freq_hz",
    "freq_clocks",
    "cpu_ticks_per_us",
    "hardware_timers",
    "timer_step_us",
    "watchdog_min_ms",
    "watchdog_max_ms",
    "epoch_year",
    "rtc_start",
    "rtc_subseconds",
    "rtc_memory_bytes",
    "lightsleep_counts_ticks",
    "deep_wakes",
    "ext1_low_is_all",
)
