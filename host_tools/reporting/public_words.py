"""The words of a report that are its own, whatever units and persons are called: verdicts, events, rows."""

import re
from functools import cache

from interlock.core import frames, records
from interlock.core.proof import ALERT_NAMES

from ..judging import table
from ..judging.continuity import State
from ..judging.uses import Coding
from ..store.rows import CODES
from .breakdown import MUTED
from .timeline import UNCONFIRMED

_MONTH = re.compile(r"\d{4}-\d\d|type \d+|alert \d+( \(muted\))?")


def word(text: str) -> bool:
    """Whether this is one of them."""
    return text in _words() or _MONTH.fullmatch(text) is not None


@cache
def _words() -> frozenset[str]:
    alerts = ALERT_NAMES.values()
    return frozenset({
        *("draw", "arm", "discharge"),
        *(verdict.value for verdict in table.Verdict),
        *(state.value for state in State),
        *(coding.value for coding in Coding),
        *(row.name for row in table.ROWS),
        *("own-unknown", "returned", "open"),
        *("weapon", "alerts", "own", "other"),
        *("holster", "camera", "combined"),
        *("intact", "altered", "contradictory", "not pulled"),
        *("set", "partly set", "not set"),
        *("radio", "UTC", "both"),
        *("alert", "heard", "recording", "refused", "witness"),
        *frames.EVENT_NAMES.values(),
        UNCONFIRMED,
        *records.TYPE_NAMES.values(),
        *alerts,
        *(alert + MUTED for alert in alerts),
        *CODES,
    })  # fmt: skip
