"""Is the vault whole: does every file open, hold what it should, and fit the others?"""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from ..outcome import ToolError
from . import entries, people, releasing, trusted
from . import log as vault_log
from .files import LOG_STATE
from .vault import Vault


@dataclass(frozen=True)
class Checked:
    """`files`: how many were read; `findings`: what is wrong; `remarks`: what would be better."""

    files: int
    findings: tuple[str, ...]
    remarks: tuple[str, ...]


def check(vault: Vault) -> Checked:
    """Read every file."""
    findings: list[str] = []
    paths = vault.files.secrets()
    for path in paths:
        try:
            _read(vault, path)
        except ToolError as error:
            findings.append(f"{error}. {error.advice}")
    if not findings:
        findings += _together(vault)
    if vault.files.keys is None:
        return Checked(len(paths), tuple(findings), ("it is not encrypted: interlock vault encrypt",))
    findings += vault_log.read(vault.files).findings
    return Checked(len(paths), tuple(findings), tuple(_remarks(vault)))


def _read(vault: Vault, path: Path) -> None:
    data = vault.files.read(path)
    if path.name == "force.json":
        entries.force_entry(path, data)
    elif path.parent.name == "units":
        serial = vault.entry(path.stem).serial
        if serial != path.stem:
            raise ToolError(f"{path} holds the unit {serial}", "Restore it from a backup.")
    elif path.parent.name == "pairs":
        pair = entries.pair_entry(path, data)
        if f"{pair.holster}+{pair.camera}" != path.stem:
            raise ToolError(f"{path} holds the pair {pair.holster} and {pair.camera}", "Restore it from a backup.")
    elif path.parent.name == "labels":
        entries.label_entry(path, data)
    elif path.parent.name == "people":
        people.entry(path, data)
    elif path.parent.name == trusted.FOLDER:
        releasing.check(path, data)
    elif path.name != LOG_STATE:
        raise AssertionError(f"nobody checks {path}")


def _together(vault: Vault) -> list[str]:
    findings = []
    numbers = Counter(vault.name(serial)[0] for serial in vault.serials())
    findings += [f"{count} units have the number {number}" for number, count in numbers.items() if count > 1]
    if vault.kind == "force":
        try:
            vault.book()
        except ToolError as error:
            findings.append(f"{error}. {error.advice}")
        if (finding := trusted.finding(vault)) is not None:
            findings.append(finding)
        last = vault.force().next_number
        findings += [f"unit number {number} was never given" for number in numbers if number >= last]
    return findings


def _remarks(vault: Vault) -> list[str]:
    keys = vault.files.keys
    assert keys is not None
    remarks = []
    if len(keys.locks.slots) == 1:
        remarks.append("one key alone opens it: whoever forgets or loses it loses the vault (interlock vault add-key)")
    if keys.locks.is_moving:
        remarks.append("a change of its keys is not finished: the next command that changes the vault goes on with it")
    mirror = keys.locks.mirror
    if mirror is not None and not Path(mirror).is_dir():
        remarks.append(f"its mirror {mirror} is not there")
    return remarks
