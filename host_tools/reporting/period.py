"""The days that a report is of, in words."""

from .model import Report

_DAY = 10
"""Letters of a date."""


def period_text(report: Report) -> str:
    """`from 2026-11-01 on, before 2026-12-01 `, and a blank behind; empty where it is of all days."""
    words = ""
    if report.since is not None:
        words += f"from {report.since[:_DAY]} on"
    if report.until is not None:
        words += (", " if words else "") + f"before {report.until[:_DAY]}"
    return f"{words} " if words else ""
