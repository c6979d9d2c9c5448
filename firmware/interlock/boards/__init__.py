"""One file of data per board: pins, polarities, flash area, radio and battery.

`main.py` gets its board from the module `board`, which the flashing tool writes (one line: `from interlock.boards.esp32
import BOARD`) and the simulator supplies."""

INPUTS = ("seat_closes", "seat_opens", "armed", "discharge", "dock", "button", "tally", "awake")
OUTPUTS = ("led", "haptic", "shutter")
SIGNALS = INPUTS + OUTPUTS + ("battery",)

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..core.needs import Clock, Flash
    from ..drivers.contact import Contact


class Board:
    """What differs between boards.

    `pins`: {signal: what `machine.Pin` calls the pin} for all SIGNALS; `active_low`: signals whose active level is 0;
    `settings_area`, `journal_area`: functions that give a flash area (`drivers/flash_*.py`); `address_mode`: for
    `BLE.config(addr_mode=...)`, or None to leave the port's own; `battery`: (divider, low_mv, clear_mv);
    `watchdog_ms`: or None; `rest`: how the port passes time (`drivers/door.py`); `power_proof`: whether what the
    journal has acknowledged survives any power cut.
    """

    def __init__(
        self,
        name: str,
        pins: "dict[str, int | str]",
        active_low: tuple[str, ...],
        settings_area: "Callable[[], Flash]",
        journal_area: "Callable[[], Flash]",
        address_mode: int | None,
        battery: tuple[int, int, int],
        watchdog_ms: int | None,
        rest: "Callable[[int | None], None]",
        power_proof: bool = True,
    ) -> None:
        self.name = name
        self.pins = pins
        self.active_low = active_low
        self.settings_area = settings_area
        self.journal_area = journal_area
        self.address_mode = address_mode
        self.battery = battery
        self.watchdog_ms = watchdog_ms
        self.rest = rest
        self.power_proof = power_proof

    def contact(self, name: str, wake: "Callable[[], None]", ticks: "Clock") -> "Contact":
        """The input signal `name` as a Contact."""
        from ..drivers.contact import Contact  # a board's data is read by the simulator, too, which has no pins

        return Contact(self.pins[name], name in self.active_low, wake, ticks)
