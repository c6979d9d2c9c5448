"""Times as people write and read them, by this host's clock and zone."""

import datetime

from ..outcome import ToolError


def at_s(text: str | None, now_ms: int) -> int:
    """Seconds since 1970, UTC, of `06:00` (today) or `2026-05-31T06:00`; None: now. ToolError for what is no time."""
    if text is None:
        return now_ms // 1000
    now = datetime.datetime.fromtimestamp(now_ms / 1000)
    try:
        if len(text) <= len("00:00"):
            found = datetime.datetime.combine(now.date(), datetime.time.fromisoformat(text))
        else:
            found = datetime.datetime.fromisoformat(text)
        return int(found.timestamp())
    except (ValueError, OverflowError, OSError) as error:
        raise ToolError(f"{text!r} is no time", "Such as 06:00, or 2026-05-31T06:00.") from error


def day_ms(text: str | None, option: str) -> int | None:
    """Milliseconds since 1970 at which this day (YYYY-MM-DD) begins in UTC; None: none is named. ToolError, which names
    the option, for what is no day."""
    if text is None:
        return None
    try:
        found = datetime.datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=datetime.UTC)
    except ValueError as error:
        raise ToolError(f"{text!r} is no day", f"Give year, month and day: {option} 2026-11-24.") from error
    return round(found.timestamp() * 1000)


def period_ms(since: str | None, until: str | None) -> tuple[int | None, int | None]:
    """Where the days of --since and --until begin, as `day_ms`. ToolError where nothing is between them."""
    since_ms, until_ms = day_ms(since, "--since"), day_ms(until, "--until")
    if since_ms is not None and until_ms is not None and until_ms <= since_ms:
        raise ToolError("--until is not after --since", "--until is the first day that is left out.")
    return since_ms, until_ms


def local_text(seconds: int) -> str:
    """2026-05-31 06:00 BST."""
    return datetime.datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M %Z")
