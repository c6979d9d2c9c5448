"""Set a unit up: two sessions, so that the label is good for nothing once they are over.

Under the label's secret, joined with a key agreement that nobody who listens can follow, the unit gets its keys, which
the vault has on disk before; it starts anew, and the first session under its new admin key closes the label. Cut
anywhere, run again: what the unit knows already is found out by asking it under the admin key first.

Each set-up gives the journal a new seal key, which the vault keeps before the unit has it, and lets the unit begin to
make a signing key (`signing.py`), which goes on long after.
"""

import struct
from dataclasses import dataclass, replace

from interlock.core import wire
from interlock.core.settings import ROLE_NAMES, Policy, unsound_recorder

from ..bench import Bench
from ..label import Label
from ..outcome import ToolError
from ..refused import Refused
from ..vault.credential import SetUp
from ..vault.entries import COMMITTED, PREPARED, REVOKED, UnitEntry
from ..vault.fields import FORCE_BYTES, NAME_BYTES
from ..vault.vault import Vault
from .clock import Measured, set_clock
from .reach import AFTER_RESET_S, admin, bring_up_to_date, patiently, reach
from .signing import SigningKey, make, told

# A unit that has no keys yet, or somebody else's; or one that got a role which only its label can change.
_BACK_TO_THE_LABEL = (wire.NO_CREDENTIAL, wire.BAD_PROOF, wire.BAD_SETTINGS)

Recorder = tuple[int, bytes]


@dataclass(frozen=True)
class Provisioned:
    """`already`: the unit was set up before, and only looked after now; `signing`: its signing key, which may still be
    on its way: `signing.wait`."""

    serial: str
    number: int
    role: int
    name: str
    revision: int
    already: bool
    clock_uncertainty_ms: int
    signing: SigningKey


async def provision(
    bench: Bench,
    label: Label,
    role: int,
    name: str | None = None,
    policy: Policy | None = None,
    signing: str | None = None,
    recorder: Recorder | None = None,
) -> Provisioned:
    """Set up the unit with this label, or finish doing so. `role`: of `settings.ROLE_NAMES`; `name`: by default role
    and number; `policy`: None: the force's, or what the vault has for a unit that is set up; `signing`: which key it is
    to have (`signing.CHOICES`), None: the one it has, else the default; `recorder`: its kind and which one, as settings
    have them, None: the one it has, else a momentary line."""
    vault, serial = bench.vault, label.serial
    vault.check_own("authority to set units up")
    if name is not None:
        check_name(vault, serial, name)
    if recorder is not None:
        _check_recorder(serial, role, recorder)
    with vault.locked():
        entry = vault.unit(serial) if serial in vault else None
        if entry is not None and entry.state == REVOKED:
            raise ToolError(
                f"{serial} is revoked",
                "It was taken out of service for good: set another unit up: interlock replace puts it in its place.",
            )
        already = entry is not None and entry.state == COMMITTED
        if entry is not None:
            _take_wishes(bench, entry, role, name, policy, recorder)
            try:
                return await _finish(bench, serial, already, signing)
            except Refused as refused:
                if refused.reason not in _BACK_TO_THE_LABEL:
                    raise
                if already or vault.unit(serial).admin.step != 1:
                    if refused.reason == wire.BAD_SETTINGS:
                        raise
                    raise _Stranger(serial) from refused
        await _set_up(bench, label, role, name, policy, recorder)
        return await patiently(lambda: _finish(bench, serial, False, signing), AFTER_RESET_S, _is_not_yet_new)


def check_name(vault: Vault, serial: str, name: str) -> None:
    """ToolError when another unit is called so, by serial or name: whoever names one must not get the other."""
    wanted = name.casefold()
    others = {label.serial: label.serial for label in vault.labels()}
    others |= {other: vault.name(other)[2] for other in vault.serials() if not vault.is_revoked(other)}
    for other, called in others.items():
        if other != serial and wanted in (other.casefold(), called.casefold()):
            raise ToolError(f"{name} is what {other} is called", f"Give {serial} another name. Nothing was set up.")


class _Stranger(ToolError):
    """A unit that was ours and does not know us any more."""

    def __init__(self, serial: str) -> None:
        super().__init__(
            f"{serial} is set up in this vault, and does not know its key any more",
            "Its memory was erased, it was set up from another vault, or another unit bears its serial. To set it up "
            "as a new one, move its file out of the vault's folder 'units' (and those of its pairs out of 'pairs').",
        )


def _take_wishes(
    bench: Bench, entry: UnitEntry, role: int, name: str | None, policy: Policy | None, recorder: Recorder | None
) -> None:
    """A unit that is not in service yet may still be given another role, name, policy or recorder; one that is, a
    policy or a recorder."""
    if entry.state == COMMITTED and role != entry.role:
        is_, wished_role = ROLE_NAMES[entry.role], ROLE_NAMES[role]
        raise ToolError(
            f"{entry.serial} is in service as a {is_} unit, and was left as it is: a unit keeps its role, since its "
            "journal and its partners go by it",
            f"To look after it as it is, say --role {is_}. If that role was a mistake, take another unit as the "
            f"{wished_role}; or, to have this very one: interlock revoke {entry.serial}, erase it over its cable, and "
            "set it up under a new label (interlock labels new).",
        )
    wished = _recording(replace(entry, role=role, policy=policy or entry.policy), recorder)
    if entry.state == PREPARED:
        wished = replace(wished, name=name or entry.name)
    if wished != entry:
        bench.vault.save_unit(wished)


def _recording(entry: UnitEntry, recorder: Recorder | None) -> UnitEntry:
    """The entry with this recorder. ToolError when its role cannot have the one that it has."""
    wanted = recorder or (entry.recorder, entry.recorder_id)
    _check_recorder(entry.serial, entry.role, wanted)
    return replace(entry, recorder=wanted[0], recorder_id=wanted[1])


def _check_recorder(serial: str, role: int, recorder: Recorder) -> None:
    reason = unsound_recorder(role, *recorder)
    if reason is not None:
        raise ToolError(
            f"{serial}: {reason}",
            "Recorders are of camera and combined units: --recorder momentary, level or uart; or --recorder gopro "
            "--recorder-id with the last characters of its name, as it shows it. Nothing was changed.",
        )


async def _set_up(
    bench: Bench, label: Label, role: int, name: str | None, policy: Policy | None, recorder: Recorder | None
) -> None:
    """The session under the label's secret, which the vault keeps from here until the unit is set up."""
    vault, serial = bench.vault, label.serial
    if not label.secret:
        raise ToolError(
            f"{serial} does not know its keys yet, and its label is not in the vault",
            "Its set-up was broken off too early. Give its label: interlock provision LABEL.",
        )
    async with reach(bench, serial, SetUp(label.secret, bench.person)) as session:
        if label not in vault.labels():
            vault.drop_label(serial)  # another one: the unit knows this one
            vault.keep_label(label)
        status = await session.status()
        if serial not in vault:
            vault.save_unit(_recording(vault.new_unit(serial, session.serial_raw, role, name, policy), recorder))
        entry = vault.unit(serial)
        if status.revision >= entry.revision:
            # Somebody's half set-up is in force: ours has to be newer.
            entry = replace(entry, revision=status.revision + 1)
            vault.save_unit(entry)
        wanted = vault.settings_for(serial, entry.revision)
        vault.give(serial, wanted, status.digest)
        await session.prepare(wanted, _grant(bench, entry, vault.new_seal_key(serial)))
        await session.commit(wanted)
        await session.end()


def _grant(bench: Bench, entry: UnitEntry, seal_key: bytes) -> bytes:
    force = bench.vault.force().name.encode("ascii").ljust(FORCE_BYTES)
    name = entry.name.encode("ascii").ljust(NAME_BYTES)
    return struct.pack(wire.ACCESS_FORM, force, name, entry.admin.key, entry.technician_root, seal_key)


async def _finish(bench: Bench, serial: str, already: bool, signing: str | None) -> Provisioned:
    """The session under the admin key: settings as the vault has them, clock, signing key, and the label closed."""
    clock: Measured
    async with admin(bench, serial) as session:
        await bring_up_to_date(session, bench.vault, serial)
        clock = await set_clock(session, bench)
        key = told(await make(session, bench, serial, signing))
    entry = bench.vault.unit(serial)
    bench.vault.save_unit(replace(entry, state=COMMITTED))
    bench.vault.drop_label(serial)
    bench.store.learn_unit(serial, entry.number, entry.role, entry.name)
    detail = f"revision {entry.revision}, {ROLE_NAMES[entry.role]} {entry.number}"
    bench.store.custody(serial, bench.person, "provisioned", detail, bench.utc_ms())
    named = (serial, entry.number, entry.role, entry.name, entry.revision)
    return Provisioned(*named, already, clock.uncertainty_ms, key)


def _is_not_yet_new(error: Exception) -> bool:
    """Whether a unit refuses because it has not started anew with what it was given."""
    return isinstance(error, Refused) and error.reason in (wire.NO_CREDENTIAL, wire.CLOSED)
