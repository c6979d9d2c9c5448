"""What both roles of a unit in service share beside `unit.py`: its settings, its keys, its partners.

A station knows no weapon and no recorder; roles (`holster_role.py`, `camera_role.py`) do.
"""

from .core import frames, records, settings
from .core.airtime import FAST_MS
from .core.receiver import Receiver
from .unit import Unit

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from .core.needs import Clock, Flash
    from .radio.broadcast import Broadcast


class Station(Unit):
    """`config`: Settings; the others as for a Unit."""

    def __init__(
        self,
        config: settings.Settings,
        flash: "Flash",
        keep: "Flash",
        radio: "Broadcast",
        ticks: "Clock",
        reset_cause: int,
    ) -> None:
        self.config = config
        super().__init__(config.serial, flash, keep, radio, ticks)
        self.adopt(config)
        self.write_boot(reset_cause)

    def adopt(self, config: settings.Settings) -> None:
        """Go by these settings from now on."""
        self.config = config
        self.policy: settings.Policy = config.policy
        self.group = frames.GroupKeys(config.group_key)
        self.keys = frames.UnitKeys(config.unit_key, config.unit)
        # By number: a partner whose pair key is being changed is there twice.
        holsters = {}
        for p in config.partners:
            if p.role & settings.ROLE_HOLSTER:
                holsters[p.unit] = frames.UnitKeys(p.unit_key, p.unit)
        cares = config.role & settings.ROLE_CAMERA
        self.receiver = Receiver(config.unit, self.group, list(holsters.values()) if cares else [], self.marks)

    def config_fact(self) -> tuple[int, bytes]:
        """The record that says which settings are in force."""
        return records.CONFIG, records.pack(records.CONFIG, self.config.revision, settings.digest(self.config))

    def digest(self) -> bytes:
        """First bytes of the journal's head, as frames carry them."""
        return self.journal.head[: frames.DIGEST_BYTES]

    # Frames of our own.

    def use_counter(self) -> int:
        """Take the next counter for the air. Its block is in the journal already; were the flash dead, it is used
        all the same: a draw is aired."""
        self.counter += 1
        return self.counter

    def frame(self, event: int, flags: int, counter: int) -> bytes:
        """A unit frame of ours (31 bytes) for the group."""
        return frames.build_unit(self.keys, self.group, event, flags & 0xF, counter, self.digest())

    def air_now(self, frame: bytes) -> int | None:
        """The hot path's door to the radio: `frame` goes on the air at once, before anything else; the tick of it, or
        None when the stack refused it (`broadcast` then tries again)."""
        if not self.radio.advertise(frame, FAST_MS):
            return None
        self.airtime.now_on = (frame, FAST_MS)
        self._inviting = None
        return self.ticks()
