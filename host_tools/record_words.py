"""Any record's fields in words, for people who look at evidence one record at a time. `words.py` tells what units note
of each other; this tells the rest, and a code that nobody knows by its number."""

from collections.abc import Callable, Mapping
from typing import Any

from interlock.core import camera_state, frames, holster_state, proof, receiver, records, wire
from interlock.core.layout import Record

from . import words
from .time_words import utc_text
from .words import named

HEARD_AS: Mapping[int, str] = {
    receiver.OWN: "its own weapon's, new",
    receiver.OWN_REPEAT: "its own weapon's, again",
    receiver.OWN_STALE: "its own weapon's, older than what it had heard",
    receiver.GROUP: "of another in the group",
    receiver.OWN_LATE: "its own weapon's, dated minutes off",
    receiver.UNDATED: "of another in the group, without a clock",
    records.HEARD_LIMITED: "not followed: too many strangers",
    records.HEARD_POLICY: "not followed: by policy",
}
_EVENTS = {**frames.EVENT_NAMES, **holster_state.NOTE_NAMES}
_AGOS = {
    "edge_ago_ms": "{} ms after it happened",
    "aired_ago_ms": "aired {} ms before",
    "proven_ago_ms": "last recording ack {} ms before",
    "tally_ago_ms": "as it is for {} ms",
    "at_ago_ms": "{} ms before",
}


def fields_text(record: Record, role: int, name_of: Callable[[int], str]) -> str:
    """What this record of a unit of this role says; `name_of`: a unit's name by its number."""
    fields = record.fields()
    if fields is None:
        return f"{len(record.payload)} bytes of a type that this program does not know"
    if record.kind in words.KINDS:
        return words.in_words(record.kind, fields, role, name_of)
    told = _TOLD.get(record.kind)
    return _plain(fields) if told is None else told(fields, name_of)


Name = Callable[[int], str]


def _event(fields: Any, _: Name) -> str:
    if fields.event == holster_state.NOTE_UNCONFIRMED:
        return f"discharge {fields.discharges} of the use is not confirmed: a stray pulse, or too little was heard"
    frame = f"frame {fields.counter}" if fields.counter else "not aired"
    said = [named(_EVENTS, fields.event, "event"), frame, *_agos(fields)]
    return ", ".join([*said, *([f"discharges so far {fields.discharges}"] if fields.discharges else [])])


def _ack(fields: Any, name_of: Name) -> str:
    said = [f"{name_of(fields.camera)} to frame {fields.counter}: {_answer(fields.kind_reason)}"]
    if fields.kind_reason >> 4 == frames.PROVEN:
        said.append(f"for {fields.since_ms} ms, buffer {fields.buffer_s} s")
    return ", ".join(said)


def _answer(kind_reason: int) -> str:
    reason = kind_reason & 0xF
    kind = named(frames.ACK_NAMES, kind_reason >> 4, "kind")
    return kind + (f" ({named(frames.REASON_NAMES, reason, 'reason')})" if reason else "")


def _heard(fields: Any, name_of: Name) -> str:
    event = named(frames.EVENT_NAMES, fields.event_flags >> 4, "event") if fields.event_flags >> 4 else "not read"
    return f"frame {fields.counter} of {name_of(fields.sender)} ({event}): {named(HEARD_AS, fields.kind, 'kind')}"


def _recorder(fields: Any, _: Name) -> str:
    tally = "on" if fields.tally else "off"
    proof_text = "proves" if fields.believed else "proves nothing"
    mode = named(camera_state.MODE_NAMES, fields.mode, "mode")
    return f"{mode}: tally {tally}, {', '.join(_agos(fields))}, {proof_text}; buffer {fields.buffer_100ms / 10:g} s"


def _fault(fields: Any, _: Name) -> str:
    where = "part" if fields.kind == records.FAULT_PART else "sector"
    name = named(records.FAULT_NAMES, fields.kind, "kind")
    concerned = f"from record {fields.sequence} on, {fields.count} records concerned"
    return f"{name}: {where} {fields.sector}, {concerned}"


def _clock(fields: Any, _: Name) -> str:
    by = "the board itself" if fields.credential == records.BY_BOARD else wire.CREDENTIAL_NAMES.get(fields.credential)
    at = utc_text(fields.utc_ms)
    return (
        f"{at} ± {fields.uncertainty_ms} ms, {', '.join(_agos(fields))}, by {by or f'credential {fields.credential}'}"
    )


_TOLD: Mapping[int, Callable[[Any, Name], str]] = {
    records.EVENT: _event,
    records.ACK: _ack,
    records.ANSWER: lambda fields, name_of: (
        f"to frame {fields.counter} of {name_of(fields.holster)}: {_answer(fields.kind_reason)}"
    ),
    records.HEARD: _heard,
    records.RECORDER: _recorder,
    records.FAULT: _fault,
    records.CLOCK: _clock,
    records.WITNESS: lambda fields, name_of: f"{name_of(fields.camera)} records, says its frame {fields.counter}",
    records.AIRED: lambda fields, _: f"frame {fields.counter}: {named(frames.EVENT_NAMES, fields.event, 'event')}",
    records.PROOF: lambda fields, _: named(proof.MODE_NAMES, fields.mode, "mode"),
    records.EXPIRY: lambda fields, name_of: f"{name_of(fields.sender)} was not heard for the lease",
    records.FLOOR: lambda fields, _: f"{utc_text(fields.utc_ms)} was past",
    records.SESSION: lambda fields, _: (
        f"{words.officer_name(fields.person) or 'nobody by name'}, "
        f"by {wire.CREDENTIAL_NAMES.get(fields.credential, f'credential {fields.credential}')}"
    ),
    records.CREW: lambda fields, name_of: ", ".join(name_of(member.unit) for member in fields) or "nobody",
    records.PEERS: lambda fields, name_of: ", ".join(f"{name_of(unit)}: frame {newest}" for unit, newest in fields),
}


def _agos(fields: Any) -> list[str]:
    """Those of its fields that say how long ago something was."""
    found = []
    for name, text in _AGOS.items():
        value = getattr(fields, name, None)
        if value is not None and value != records.AGO_NONE:
            found.append(text.format(value))
    return found


def _plain(fields: Any) -> str:
    """Names and values as they are."""
    values = fields._asdict().items() if hasattr(fields, "_asdict") else ()
    return ", ".join(f"{name} {value.hex() if isinstance(value, bytes) else value}" for name, value in values)
