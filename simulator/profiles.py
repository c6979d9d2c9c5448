"""What a port costs and how it is built: data for virtual boards. Not behaviour; that is `board.py` and `doubles/`.

No figure here was measured on a board by us. Each names its source in `sources`; "estimate" means nobody's
measurement. Latencies are therefore quoted with the profile's name and called unverified.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

PAGE_BYTES = 256
SECTOR_BYTES = 4096


@dataclass(frozen=True)
class Profile:
    """One MicroPython port on one kind of board. Times are microseconds of the board's time."""

    name: str
    boot_us: int
    """Power or reset to the first line of main.py."""
    tick_us: int
    """One `time.ticks_*` call with the code around it: what keeps a busy wait from being free."""
    rest_us: int
    """One return from the door (`simrt.rest`): the loop's own turn."""
    handler_us: int
    """Entry of one soft interrupt handler, from edge or report to its first line."""
    sha256_call_us: int
    """Each of: making a hash object, feeding it, asking for the digest."""
    sha256_block_us: int
    """One 64-byte block."""
    adv_start_us: int
    scan_start_us: int
    att_us: int
    """From the last bit of an ATT request to the firmware's handler."""
    gatts_us: int
    """One `gatts_read` or `gatts_write`."""
    notify_us: int
    """One `gatts_notify`, from the call until it is queued."""
    notify_pool: int
    """Notifications that can wait to be sent before ENOMEM; 0: as many as there is memory."""
    mtu: int
    """The preferred MTU after start."""
    mtu_max: int
    link_octets: int
    """What one PDU of a connection carries at most."""
    max_connections: int
    program_us: int
    """One page of 256 bytes, or any part of it."""
    erase_us: int
    """One sector of 4096 bytes."""
    read_us: int
    """Each 256 bytes, begun ones too."""
    program_unit: int
    """Programs start at, and last for, a multiple of this many bytes."""
    irq_off_during_flash: bool
    """Whether edges of one pin collapse into one while a program or an erase runs."""
    flash_bytes: int
    """What the virtual flash holds: the journal partition (esp32), or all storage (rp2)."""
    journal_offset: int
    journal_bytes: int
    heap_bytes: int
    """The board's Python heap. The VM's is larger: its objects are 64-bit, and the doubles live in it."""
    watchdog_max_ms: int
    unique_id_bytes: int
    reset_cause: Mapping[str, int]
    """`machine.reset_cause()` after "power", "reset" (machine.reset) and "watchdog"."""
    sources: Mapping[str, str] = field(repr=False, hash=False)


_ESP32 = Profile(
    name="esp32",
    boot_us=300_000,
    tick_us=3,
    rest_us=50,
    handler_us=60,
    sha256_call_us=20,
    sha256_block_us=12,
    adv_start_us=1500,
    scan_start_us=1500,
    att_us=150,
    gatts_us=20,
    notify_us=80,
    notify_pool=12,
    mtu=256,
    mtu_max=527,
    link_octets=251,
    max_connections=4,
    program_us=700,
    erase_us=45_000,
    read_us=25,
    program_unit=1,
    irq_off_during_flash=False,
    flash_bytes=1024 * 1024,
    journal_offset=0,
    journal_bytes=1024 * 1024,
    heap_bytes=128 * 1024,
    watchdog_max_ms=0x7FFFFFFF // 1000,
    unique_id_bytes=6,
    reset_cause=MappingProxyType({"power": 1, "reset": 2, "watchdog": 3}),
    sources=MappingProxyType(
        {
            "boot_us": "estimate; glenn20/upy-esp32-experiments has 635 ms for an S3 from deep sleep",
            "tick_us": "estimate: a call and a comparison of bytecode at 240 MHz",
            "rest_us": "estimate",
            "handler_us": "estimate; micropython/micropython#3894 has tens of us to 10 ms",
            "sha256_call_us": "estimate: with one block and three calls about 70 us a digest",
            "sha256_block_us": "estimate: software SHA-256 at 240 MHz, about 45 cycles a byte",
            "adv_start_us": "estimate: three HCI commands between host and controller on one chip",
            "scan_start_us": "estimate: as adv_start_us",
            "att_us": "estimate: controller to host task on one chip, and the NimBLE server",
            "gatts_us": "estimate: a look-up and a copy",
            "notify_us": "estimate: a buffer, a copy, a hand-over to the controller",
            "notify_pool": "MSYS_1_BLOCK_COUNT 12; extmod/nimble/syscfg/syscfg.h, one block of 292 bytes each",
            "mtu": "BLE_ATT_PREFERRED_MTU; extmod/nimble/syscfg/syscfg.h",
            "mtu_max": "BLE_ATT_MTU_MAX of NimBLE",
            "link_octets": "data length extension; espressif/esp-idf#15660 reaches 500 kbit/s with it",
            "max_connections": "CONFIG_BT_NIMBLE_MAX_CONNECTIONS; ports/esp32/boards/sdkconfig.ble",
            "program_us": "datasheet class W25Q/GD25Q, typical 0.4 to 0.7 ms a page",
            "erase_us": "datasheet class W25Q/GD25Q, typical 45 ms, up to 400; RIOT-OS/RIOT#20980",
            "read_us": "estimate",
            "program_unit": "esp_partition_write without flash encryption",
            "journal_bytes": "own partition table: label journal, 1 MiB of 4",
            "heap_bytes": "estimate: what remains with BLE on",
            "reset_cause": "ports/esp32/modmachine.c; micropython/micropython#19409",
        }
    ),
)

_RP2 = Profile(
    name="rp2",
    boot_us=200_000,
    tick_us=5,
    rest_us=100,
    handler_us=100,
    sha256_call_us=35,
    sha256_block_us=60,
    adv_start_us=3000,
    scan_start_us=3000,
    att_us=400,
    gatts_us=40,
    notify_us=200,
    notify_pool=0,
    mtu=1017,
    mtu_max=1017,
    link_octets=27,
    max_connections=1,
    program_us=700,
    erase_us=45_000,
    read_us=20,
    program_unit=PAGE_BYTES,
    irq_off_during_flash=True,
    flash_bytes=848 * 1024,
    journal_offset=0,
    journal_bytes=688 * 1024,
    heap_bytes=166 * 1024,
    watchdog_max_ms=8388,
    unique_id_bytes=8,
    reset_cause=MappingProxyType({"power": 1, "reset": 3, "watchdog": 3}),
    sources=MappingProxyType(
        {
            "boot_us": "estimate; adafruit/circuitpython#7112 has 270 ms for a CYW43 reset",
            "tick_us": "estimate: Cortex-M0+ at 125 MHz",
            "rest_us": "estimate",
            "handler_us": "estimate; micropython/micropython#6957 has 20 to 100 us for hard ones",
            "sha256_call_us": "estimate",
            "sha256_block_us": "estimate: software SHA-256 on a Cortex-M0+, about 110 cycles a byte",
            "adv_start_us": "estimate: three HCI commands over the CYW43's SPI",
            "scan_start_us": "estimate: as adv_start_us",
            "att_us": "estimate: the CYW43's SPI, and BTstack",
            "gatts_us": "estimate: a look-up and a copy",
            "notify_us": "estimate: a copy and the CYW43's SPI",
            "notify_pool": "BTstack's binding copies to the heap; extmod/btstack/modbluetooth_btstack.c",
            "mtu": "HCI_ACL_PAYLOAD_SIZE 1021 less 4; extmod/btstack/btstack_config_common.h",
            "mtu_max": "as mtu",
            "link_octets": "raspberrypi/pico-sdk#1465: 251 octets negotiated with 328 us, so 27 sent",
            "max_connections": "MAX_NR_HCI_CONNECTIONS; extmod/btstack/btstack_config_common.h",
            "program_us": "datasheet class W25Q, typical 0.4 to 0.7 ms a page",
            "erase_us": "datasheet class W25Q, typical 45 ms, up to 400; RIOT-OS/RIOT#20980",
            "read_us": "estimate",
            "program_unit": "flash_range_program takes whole pages; ports/rp2/rp2_flash.c",
            "irq_off_during_flash": "ports/rp2/rp2_flash.c",
            "flash_bytes": "Pico W storage, 848 KiB",
            "journal_bytes": "848 KiB less 160 KiB of files, which lie behind it",
            "heap_bytes": "estimate: Pico W with BLE",
            "watchdog_max_ms": "ports/rp2/machine_wdt.c",
            "reset_cause": "ports/rp2/modmachine.c",
        }
    ),
)

PROFILES: Mapping[str, Profile] = MappingProxyType({p.name: p for p in (_ESP32, _RP2)})


def profile(name: str) -> Profile:
    """The profile called `name`; ValueError when there is none yet."""
    if name not in PROFILES:
        raise ValueError(f"no profile {name!r}: this simulator has {', '.join(PROFILES)}")
    return PROFILES[name]
