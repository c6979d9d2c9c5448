"""What both roles of a unit in service share beside `unit.py`: its settings, its keys, its partners.

A station knows no weapon and no recorder; roles (`holster_role.py`, `camera_role.py`) do.
"""

from .company import Company
from .core import frames, records, settings
from .core.airtime import FAST_MS
from .core.life import NO_CRASH, default_figures
from .core.receiver import Receiver
from .unit import NOBODY_ASSIGNED, Unit

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from collections.abc import Callable

    from .core.needs import Clock, Flash
    from .radio.broadcast import Broadcast


class Station(Unit):
    """`config`: Settings; `came`: as `life.before` tells; the others as for a Unit."""

    def __init__(
        self,
        config: settings.Settings,
        flash: "Flash",
        keep: "Flash",
        radio: "Broadcast",
        ticks: "Clock",
        reset_cause: int,
        came: tuple[int, bytes] = (0, NO_CRASH),
    ) -> None:
        self.config = config
        # Called when settings or assignment changed, after the station goes by them.
        self.on_change: Callable[[], None] | None = None
        super().__init__(config.serial, flash, keep, radio, ticks)
        self.begin_life(*came, config.revision)
        self.adopt(config)
        self.write_boot(reset_cause)
        self.company = Company(self)

    def adopt(self, config: settings.Settings) -> None:
        """Go by these settings from now on."""
        self.config = config
        # Whoever crashes under new figures goes by the default ones; keys, partners and what was decided stay.
        self.has_fallen: bool = self.life.fallen == config.revision
        self.policy: settings.Policy = default_figures(config.policy) if self.has_fallen else config.policy
        # Sent under the first, taken under both: while the group's key is changed, some units have one, some the other.
        self.groups = [frames.GroupKeys(config.group_key)]
        if config.group_other != settings.NO_KEY:
            self.groups.append(frames.GroupKeys(config.group_other))
        self.keys = frames.UnitKeys(config.unit_key, config.unit)
        # A partner whose unit key is being changed is there twice: both count.
        partners = []
        known = []
        for p in config.partners:
            if self.is_own(p) and (p.unit, p.unit_key) not in known:
                known.append((p.unit, p.unit_key))
                partners.append(frames.UnitKeys(p.unit_key, p.unit))
        self.receiver = Receiver(config.unit, self.groups, partners, self.marks)

    def go_by(self, config: settings.Settings) -> None:
        """Go by these settings and by the assignment, and so does everybody else."""
        self.adopt(config)
        self.company.adopt()
        if self.on_change:
            self.on_change()

    def assign(self, partner: int, until_s: int, credential: int, officer: bytes) -> bool:
        if not super().assign(partner, until_s, credential, officer):
            return False
        self.go_by(self.config)
        return True

    def lapse(self) -> None:
        """End an assignment whose time is over. For units that are put away: nobody's camera is taken away on duty."""
        partner, until_s = self.assigned[:2]
        if partner and self.utc_ms() >= until_s * 1000:
            self.assign(*NOBODY_ASSIGNED)

    def is_own(self, partner: settings.Partner) -> bool:
        """Whether this partner counts: the one assigned, else those that are paired."""
        assigned = self.assigned[0]
        if assigned in [p.unit for p in self.config.partners]:
            own: bool = partner.unit == assigned
            return own
        return bool(partner.standing == settings.PAIRED)

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

    def frame(self, event: int, flags: int, counter: int, body: bytes | None = None) -> bytes:
        """A unit frame of ours (31 bytes) for the group; `body`: 4 bytes, or None for the journal's digest."""
        said = self.digest() if body is None else body
        return frames.build_unit(self.keys, self.groups[0], event, flags & 0xF, counter, said, self.slot())

    def air_now(self, frame: bytes) -> int | None:
        """The hot path's door to the radio: `frame` goes on the air at once, before anything else; the tick of it, or
        None when the stack refused it (`broadcast` then tries again)."""
        if not self.radio.advertise(frame, FAST_MS):
            return None
        self.airtime.now_on = (frame, FAST_MS)
        self._inviting = None
        return self.ticks()
