"""One file of data per board: pins, polarities, flash area, radio, battery, sleep. `firmware/boards/TEMPLATE` has the
checklist for the next one; `tests/boards` holds every file to its chip's rules.

The loader gets its board from the module `board`, which the flash tool writes; the simulator supplies its own."""

INPUTS = ("seat_closes", "seat_opens", "armed", "discharge", "dock", "button", "tally", "awake")
OUTPUTS = ("led", "haptic", "shutter")
SIGNALS = INPUTS + OUTPUTS + ("battery",)
OPTIONAL = ("buzzer",)  # an output that a board may lack a pin for
# Signals of one role only. A chip that has not enough pins may give one pin to two of them, of different roles.
HOLSTER_ONLY = ("seat_closes", "seat_opens", "armed", "discharge")
CAMERA_ONLY = ("tally", "awake", "shutter")
# Contacts to ground, on a pull-up. The others are driven high, on a pull-down.
TO_GROUND = ("seat_closes", "seat_opens", "armed", "dock", "button")
ADV_FLOOR_MS = 20  # the standard's own least advertising interval

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from collections.abc import Callable

    from interlock_loader.keeper import Keeper

    from ..core.needs import Clock, Flash
    from ..drivers.contact import Contact


class Board:
    """What differs between boards.

    `name`: its module's, and what a release is made for; `pins`: {signal: what `machine.Pin` calls the pin} for all
    SIGNALS, and for some of OPTIONAL; `active_low`: signals whose active level is 0; `settings_area`, `journal_area`:
    functions that give a flash area (`drivers/flash_*.py`); `address_mode`: for `BLE.config(addr_mode=...)`, or None to
    leave the port's own; `battery`: (divider, low_mv, clear_mv); `watchdog_ms`: or None; `rest`: how the port passes
    time (`drivers/door.py`); `power_proof`: whether what the journal has acknowledged survives any power cut;
    `adv_floor_ms`: the least interval at which it advertises without being connectable; `ppm`: how wrong its clock may
    run (50: what Bluetooth allows at most); `uart`: which UART has the pins of shutter (its TX) and tally (its RX), for
    a recorder on a serial line; `plays_both`: whether one unit can be holster and camera at once, no two signals
    sharing a pin.

    `wakes`: what ends deep sleep, as (function `esp32.wake_on_...`, level, signals at that level); empty where pins do
    not, or nobody can rely on it: such a board never sleeps deeply. `ext0` takes one signal.

    `halls`: {input: (counts at which it goes on, and off)} of those that are analogue Hall sensors (`drivers/hall.py`).
    """

    keeper: "Keeper | None" = None  # set by the loader of a unit that runs releases

    def __init__(
        self,
        name: str,
        pins: "dict[str, int | str]",
        settings_area: "Callable[[], Flash]",
        journal_area: "Callable[[], Flash]",
        address_mode: int | None,
        rest: "Callable[[int | None], None]",
        battery: tuple[int, int, int] = (2, 3500, 3600),
        watchdog_ms: int | None = 8000,
        active_low: tuple[str, ...] = TO_GROUND,
        power_proof: bool = True,
        adv_floor_ms: int = ADV_FLOOR_MS,
        ppm: int = 50,
        uart: "int | str | None" = None,
        wakes: tuple[tuple[str, int, tuple[str, ...]], ...] = (),
        plays_both: bool = True,
        halls: "dict[str, tuple[int, int]] | None" = None,
    ) -> None:
        self.name = name
        self.pins = pins
        self.settings_area = settings_area
        self.journal_area = journal_area
        self.address_mode = address_mode
        self.rest = rest
        self.battery = battery
        self.watchdog_ms = watchdog_ms
        self.active_low = active_low
        self.power_proof = power_proof
        self.adv_floor_ms = adv_floor_ms
        self.ppm = ppm
        self.uart = uart
        self.wakes = wakes
        self.plays_both = plays_both
        self.halls = halls or {}

    def contact(self, name: str, wake: "Callable[[], None]", ticks: "Clock") -> "Contact":
        """The input signal `name` as a Contact."""
        pin, active_low = self.pins[name], name in self.active_low
        # A board's data is read by the simulator, too, which has no pins.
        if name in self.halls:
            from ..drivers.hall import Hall

            return Hall(pin, *self.halls[name], wake, ticks)
        if name == "dock":
            from ..drivers.dock import Dock

            return Dock(pin, active_low, wake, ticks)
        if name in ("armed", "button"):
            from ..drivers.doubted import Doubted

            return Doubted(pin, active_low, wake, ticks, name == "armed")
        from ..drivers.contact import Contact

        return Contact(pin, active_low, wake, ticks)
