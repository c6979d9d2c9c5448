"""The clocks of one board: its oscillator's error, what it has counted, and the date, kept while the processor is away.

One oscillator drives both ticks and date. `time` and calendar are made of this inside the VM (`doubles/simclock.py`),
which is told `Clock.told` when it boots and at every change.
"""

_BILLION = 1_000_000_000


class _Count:
    """`base_us` at the instant `zero_us` of virtual time."""

    def __init__(self) -> None:
        self.zero_us = 0
        self.base_us = 0

    def set(self, now_us: int, reading_us: int) -> None:
        self.zero_us, self.base_us = now_us, reading_us

    def reading_us(self, now_us: int, ppb: int) -> int:
        elapsed_us = now_us - self.zero_us
        return self.base_us + elapsed_us + elapsed_us * ppb // _BILLION


class Clock:
    """Counts `ppm` too fast. The date is microseconds since the port's epoch, ticks are those since boot."""

    def __init__(self, ppm: float) -> None:
        self.ppb = round(ppm * 1000)
        self.has_battery = False
        """Whether the date goes on without the board's supply."""
        self.memory = b""
        """`RTC.memory`: kept as long as the date."""
        self._date = _Count()
        self._ticks = _Count()

    def date_us(self, now_us: int) -> int:
        """What the real-time clock shows at this instant of virtual time."""
        return self._date.reading_us(now_us, self.ppb)

    def set_date(self, now_us: int, date_us: int) -> None:
        """Somebody sets it."""
        self._date.set(now_us, date_us)

    def boot(self, begin_us: int) -> None:
        """Ticks count from this instant."""
        self._ticks.set(begin_us, 0)

    def tune(self, now_us: int, ppm: float) -> None:
        """From now on the oscillator is `ppm` too fast."""
        for count in (self._date, self._ticks):
            count.set(now_us, count.reading_us(now_us, self.ppb))
        self.ppb = round(ppm * 1000)

    def lose_power(self, now_us: int, date_us: int) -> None:
        """Everything is forgotten; the date begins anew, unless it has a battery of its own."""
        if self.has_battery:
            return
        self.set_date(now_us, date_us)
        self.memory = b""

    def told(self) -> list[tuple[str, int]]:
        """What the VM goes by."""
        return [
            ("clock ppb", self.ppb),
            ("ticks zero us", self._ticks.zero_us),
            ("ticks base us", self._ticks.base_us),
            ("date zero us", self._date.zero_us),
            ("date base us", self._date.base_us),
        ]

    def world_us(self, local_us: int) -> int:
        """How much virtual time passes while the oscillator counts `local_us`; rounded up."""
        return local_us if not self.ppb else -(-local_us * _BILLION // (_BILLION + self.ppb))
