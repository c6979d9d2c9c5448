"""What units write of themselves and of each other beside any use, in words: partners, modes, radio, assignments,
policy. A code that this program does not know is said by its number."""

from collections.abc import Callable, Mapping
from typing import Any

from interlock.core import frames, lines, proof, records, selftest, updating, watch, wire
from interlock.core.settings import REACH_NAMES, ROLE_CAMERA, Policy

from .time_words import utc_text

NOT_WHOLE = (255, 255, 255)
"""As in `interlock_loader/slots.py`, which the verifier of a bundle does not have."""
KINDS: Mapping[int, str] = {
    records.PARTNER: "partner",
    records.MODE: "mode",
    records.RADIO: "radio",
    records.ASSIGNED: "assignment",
    records.POLICY: "policy",
    records.TIME_HEARD: "clock",
    records.SELF_TEST: "self-test",
    records.LINES: "sensor lines",
    records.UPDATE: "release",
    records.LIFE: "life",
    records.ALERT: "alert",
}
"""Types of record that `in_words` tells, by what they are about."""


def in_words(kind: int, fields: Any, role: int, name_of: Callable[[int], str]) -> str:
    """A record of one of KINDS that unpacks to `fields`, in the journal of a unit of this role; `name_of`: a unit's
    name by its number."""
    told: Mapping[int, Callable[[], str]] = {
        records.PARTNER: lambda: _partner(fields, role, name_of),
        records.MODE: lambda: _mode(fields),
        records.RADIO: lambda: f"{named(records.RADIO_NAMES, fields.what, 'trouble')}: {fields.count}",
        records.ASSIGNED: lambda: assigned_text(fields, name_of),
        records.POLICY: lambda: _policy(fields),
        records.SELF_TEST: lambda: _self_test(fields),
        records.LINES: lambda: _lines(fields),
        records.UPDATE: lambda: _update(fields),
        records.LIFE: lambda: _life(fields),
        records.ALERT: lambda: named(proof.ALERT_NAMES, fields.code, "alert"),
        records.TIME_HEARD: lambda: f"takes the time from {name_of(fields.sender)}, its own clock not being set",
    }
    return told[kind]()


def _life(fields: Any) -> str:
    """How the unit lives: the occasion, and what it has counted so far."""
    what = named(records.LIFE_NAMES, fields.what, "occasion")
    if fields.what == records.LIFE_BEGUN:
        flags = [text for bit, text in records.LIFE_FLAG_NAMES.items() if fields.detail & bit]
        what = f"{what}: {', '.join(flags)}"
    elif fields.what in (records.LIFE_STORED, records.LIFE_RESTART):
        what = f"{what}: {named(records.LIFE_REASONS, fields.detail, 'reason')}"
    counted = {
        "bad boots in a row": fields.row,
        "unexpected resets": fields.resets,
        "crashes": fields.crashes,
        "power-ons with a low cell": fields.brown_outs,
        "flash faults": fields.faults,
    }
    said = [what, *(f"{name} {count}" for name, count in counted.items() if count)]
    if fields.fallen:
        said.append(f"figures of revision {fields.fallen} left aside")
    if any(fields.crash):
        said.append(f"last exception {fields.crash.hex()}")
    return "; ".join(said)


def named(names: Mapping[int, str], code: int, what: str) -> str:
    """What a code is called, or the code itself."""
    return names.get(code, f"{what} {code}")


def _self_test(fields: Any) -> str:
    """Of a record that tells how one ended: what was found beside what passed."""
    if fields.phase == records.TEST_BEGUN:
        return "begins, by its button" if fields.credential == records.BY_BUTTON else "begins, by a technician"
    found = [
        f"{selftest.PART_NAMES[part]}: {named(selftest.FINDING_NAMES, finding, 'finding')}"
        for part, finding in zip(selftest.PARTS, fields.findings, strict=True)
        if finding >= selftest.SKIPPED_FROM
    ]
    ended = named(selftest.PHASE_NAMES, fields.phase, "phase")
    return f"{ended}, {'; '.join(found) or 'nothing failed'}"


def _update(fields: Any) -> str:
    """What became of a release that came over the air, and of which."""
    version = (fields.major, fields.minor, fields.patch)
    release = (
        "a release that is not whole any more" if version == NOT_WHOLE else f"release {'.'.join(map(str, version))}"
    )
    running = f"{fields.of_major}.{fields.of_minor}.{fields.of_patch}"
    if fields.phase == updating.REFUSED:
        return f"{release} was refused: {named(updating.FINDING_NAMES, fields.finding, 'finding')}; {running} runs"
    said = {
        updating.READY: f"{release} is whole and checked, beside {running}, which runs",
        updating.SWITCHED: f"{release} is switched to, on trial, from {running}",
        updating.CONFIRMED: f"{release} has passed its trial",
        updating.FELL_BACK: f"{release} was given up: {running} runs instead",
    }
    return said.get(fields.phase, f"{release}: {named(updating.PHASE_NAMES, fields.phase, 'phase')}")


def _lines(fields: Any) -> str:
    """Of each line what is wrong with it; of a placement which were seen both ways."""
    cause = named(lines.CAUSE_NAMES, fields.cause, "cause")
    said = []
    for name, bits in zip(lines.LINES, fields.lines, strict=True):
        wrong = [lines.BIT_NAMES[bit] for bit in (lines.STUCK, lines.NOISY) if bits & bit]
        if fields.cause == lines.PLACED and bits & lines.SEEN_ON and bits & lines.SEEN_OFF:
            wrong.append("seen both ways")
        if wrong:
            said.append(f"{name} {' and '.join(wrong)}")
    held = f"; held back as noise: {fields.number}" if fields.number and fields.cause != lines.PLACED else ""
    return f"{cause}: {', '.join(said) or 'none'}{held}"


def _partner(fields: Any, role: int, name_of: Callable[[int], str]) -> str:
    name = name_of(fields.unit)
    if fields.mode == watch.POOR:
        return f"{name} is not fit: {_unfit(fields.detail, role)}"
    return {
        watch.GOOD: f"{name} is there and fit",
        watch.MISSING: f"{name} is missing: {watch.MISSES_MAX} times not heard when it was due",
        watch.UNKNOWN: f"{name} is put away",
    }.get(fields.mode, f"{name}: state {fields.mode}")


def _unfit(detail: int, role: int) -> str:
    """Why a partner is not: a camera watches holsters, every other unit cameras."""
    if role != ROLE_CAMERA:
        return named(frames.READY_NAMES, detail, "readiness")
    names = {frames.FLAG_LOW_BATTERY: "low battery", frames.FLAG_SENSOR_FAULT: "sensor fault"}
    known = [name for flag, name in names.items() if detail & flag]
    return " and ".join(known) or f"flags {detail}"


def _mode(fields: Any) -> str:
    name, cause = named(records.MODE_NAMES, fields.mode, "mode"), named(records.MODE_CAUSES, fields.cause, "cause")
    return f"{name} for {fields.seconds} s ({cause})" if fields.seconds else f"{name} ends ({cause})"


def assigned_text(fields: Any, name_of: Callable[[int], str]) -> str:
    """C2 until 2026-03-02 18:00:00 UTC, by PC1234."""
    partner = "the paired ones again" if not fields.partner else name_of(fields.partner)
    until = f" until {utc_text(fields.until_s * 1000)}" if fields.partner and fields.until_s else ""
    officer = officer_name(fields.officer)
    credential = wire.CREDENTIAL_NAMES.get(fields.credential, f"credential {fields.credential}")
    return f"{partner}{until}{f', for {officer}' if officer else ''} (by {credential})"


def officer_name(raw: bytes) -> str:
    return raw.decode("ascii", "replace").rstrip(" \0")


def _policy(fields: Any) -> str:
    if fields.figure >= len(Policy._fields):
        return f"figure {fields.figure}: {fields.before} -> {fields.after}"
    name = Policy._fields[fields.figure]
    before, after = (_figure(name, value) for value in (fields.before, fields.after))
    return f"{name}: {before} -> {after}"


def _figure(name: str, value: int) -> str:
    if name.endswith("_ms"):
        return f"{value} ms"
    if name.startswith("on_"):
        return REACH_NAMES.get(value, str(value))
    return {0: "no", 1: "yes"}.get(value, str(value))
