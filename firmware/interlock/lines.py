"""What is wrong with a holster unit's sensors: lines that stay on though they cannot be, contradict each other, or
change more often than anybody could move them. A new fault is felt once, and a record says which line has it; that of a
line of the weapon is in every frame as a condition. When they are sound again, a record says how much was held back
meanwhile as noise.
"""

from .core import holster, lines, records
from .core.bucket import Bucket
from .core.ticks import ticks_add, ticks_diff

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from .core.pickup import Pickup
    from .drivers.contact import Contact
    from .drivers.seat import Seat
    from .drivers.signal import Signal
    from .station import Station

ARMED_MS = 60000  # armed though the weapon is seated
BUTTON_MS = 60000
SOUND_MS = 60000  # faults that come and go are one, felt once, until no line has one for so long
# Records of faults that come and go: so many, and then one in so long.
NOTES = 8
NOTES_REFILL_MS = 600000
NOBODY = 0xFF
DOCK = 4  # in `lines.LINES`: the first that tells nothing of the weapon


class Lines:
    """`seat`: Seat; `pickup`: Pickup; `armed`, `dock`, `button`: Contacts. `faulty`: whether any line is; `weapon`:
    whether one is that tells of the weapon, so neither dock nor button."""

    def __init__(
        self,
        station: "Station",
        signal: "Signal",
        seat: "Seat",
        pickup: "Pickup",
        armed: "Contact",
        dock: "Contact",
        button: "Contact",
    ) -> None:
        now = station.ticks()
        self._station = station
        self._signal = signal
        self._seat, self._pickup = seat, pickup
        self._armed, self._dock, self._button = armed, dock, button
        self._armed_since = self._button_since = self._sound_since = now
        self._bits = bytearray(len(lines.LINES))
        self._told = bytearray(len(lines.LINES))
        self._notes = Bucket(NOTES, NOTES_REFILL_MS, now)
        self._held_back = self._counted = 0  # since the last record; as they were counted
        self.faulty = self.weapon = False

    def contacts(self) -> "tuple[Contact, ...]":
        """In the order of `lines.LINES`."""
        return self._seat.contacts + (self._armed, self._pickup.line, self._dock, self._button)

    def tick(self, now: int) -> None:
        """Once a turn."""
        seat, pickup, bits = self._seat, self._pickup, self._bits
        if not (self._armed.on and seat.seated):
            self._armed_since = now
        elif ticks_diff(now, self._armed_since) > ARMED_MS:
            self._armed_since = ticks_add(now, -ARMED_MS)  # old ticks would seem to come
        if not self._button.on:
            self._button_since = now
        elif ticks_diff(now, self._button_since) > BUTTON_MS:
            self._button_since = ticks_add(now, -BUTTON_MS)
        bits[0] = bits[1] = (lines.STUCK if seat.faulty else 0) | (lines.NOISY if seat.noisy else 0)
        bits[2] = (lines.STUCK if ticks_diff(now, self._armed_since) >= ARMED_MS else 0) | self._noise(self._armed)
        bits[3] = 0 if not pickup.faulty else lines.STUCK if pickup.stuck else lines.NOISY
        bits[4] = self._noise(self._dock)
        bits[5] = (lines.STUCK if ticks_diff(now, self._button_since) >= BUTTON_MS else 0) | self._noise(self._button)
        self._notes.refill(now)
        self._count()
        # Nothing is allocated here: a line may be faulty for a whole shift.
        faulty = told = new = 0
        for nth in range(len(bits)):
            faulty |= bits[nth]
            told |= self._told[nth]
            new |= bits[nth] & ~self._told[nth]
            if nth == DOCK - 1:
                self.weapon = bool(faulty)
        self.faulty = bool(faulty)
        if faulty:
            self._sound_since = now
            if new:
                for nth in range(len(bits)):
                    self._told[nth] |= bits[nth]
                self._signal.nudge(now)
                self._note(now, lines.FAULT)
        elif told and ticks_diff(now, self._sound_since) >= SOUND_MS:
            for nth in range(len(bits)):
                self._told[nth] = 0
            self._note(now, lines.SOUND)

    @staticmethod
    def _noise(contact: "Contact") -> int:
        return lines.NOISY if contact.noisy else 0

    def _note(self, now: int, cause: int) -> None:
        if self._notes.take(now):
            self.note(cause, NOBODY, self._held_back, self.look())
            self._held_back = 0

    def _count(self) -> None:
        """What was taken for noise."""
        counted = self._seat.held_back + self._pickup.held_back + self._armed.held_back + self._button.held_back
        self._held_back = min(self._held_back + ((counted - self._counted) & 0xFFFF), 0xFFFF)
        self._counted = counted

    def look(self) -> bytes:
        """A byte for each line: the bits of `lines.py`."""
        found = bytearray(self._told)
        contacts = self.contacts()
        for nth in range(len(contacts)):
            contact = contacts[nth]
            found[nth] |= (lines.ON if contact.on else 0) | contact.seen * lines.SEEN_OFF
        return bytes(found)

    def doubt(self, discharge: int, flags: int) -> None:
        """Write down that the pick-up heard too little of this discharge of the use (the first is 1; 0: of none)."""
        if discharge:
            never = records.ago(None)
            told = (holster.NOTE_UNCONFIRMED, flags, 0, never, never, never, discharge)
            self._station.record(records.EVENT, records.pack(records.EVENT, *told))

    def note(self, cause: int, credential: int, number: int, found: bytes) -> bool:
        """Write down what is said of the lines. `number`: `records.LINES`."""
        return self._station.record(records.LINES, records.pack(records.LINES, cause, credential, number, found))

    def seen_both_ways(self) -> bool:
        """Whether both contacts of the seat were on and off since the unit started."""
        closes, opens = self._seat.contacts
        return closes.seen == opens.seen == 3
