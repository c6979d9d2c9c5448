"""A token bucket: how often something may happen, with a few ahead. Pure."""

from .ticks import ticks_add, ticks_diff


class Bucket:
    """`most`: tokens when full, as at the beginning; one comes back each `refill_ms`."""

    def __init__(self, most: int, refill_ms: int, now: int) -> None:
        self._most = most
        self._refill_ms = refill_ms
        self._tokens = most
        self._since = now

    def take(self, now: int) -> bool:
        """Take a token; whether there was one."""
        self.refill(now)
        if not self._tokens:
            return False
        self._tokens -= 1
        return True

    def is_full(self) -> bool:
        """Whether all are back, as of the last refill."""
        return self._tokens >= self._most

    def refill(self, now: int) -> None:
        """Put back what came back until `now`. To be called, or `take`, at least every six days: older ticks would
        seem to come."""
        elapsed_ms = ticks_diff(now, self._since)
        if self._tokens >= self._most or elapsed_ms < -self._refill_ms:
            self._since = now
        elif elapsed_ms > 0:
            back = elapsed_ms // self._refill_ms
            if self._tokens + back < self._most:
                self._tokens += back
                self._since = ticks_add(self._since, back * self._refill_ms)
            else:
                self._tokens, self._since = self._most, now

    def put_off(self, ms: int) -> None:
        """Let the next token come so much later or, negative, sooner: at most `refill_ms`."""
        self._since = ticks_add(self._since, ms)
