"""Moments and durations in words. What is known of a moment, and how well, is `reporting/times.py`'s."""

from datetime import UTC, datetime

DAY_MS = 86_400_000


def utc_text(utc_ms: float) -> str:
    """A UTC in ms since 1970, to the second."""
    return datetime.fromtimestamp(utc_ms // 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def duration_text(ms: float) -> str:
    """0.4 s, 18 s, 12 min 4 s or 3 h 12 min."""
    if ms < 10_000:
        return f"{ms / 1000:.1f} s"
    seconds = round(ms / 1000)
    if seconds < 60:
        return f"{seconds} s"
    hours, minutes = seconds // 3600, seconds // 60 % 60
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds % 60} s"


def clock_text(ms: float) -> str:
    """12:04 (minutes and seconds) or 3:12:04."""
    seconds = int(ms // 1000)
    hours, minutes = seconds // 3600, seconds // 60 % 60
    return f"{hours}:{minutes:02}:{seconds % 60:02}" if hours else f"{minutes}:{seconds % 60:02}"


def give_or_take(u_ms: int) -> str:
    return f"± {u_ms} ms" if u_ms < 1000 else f"± {u_ms / 1000:.1f} s"
