"""What setting up one unit and setting up many share: which label, which role, and what people see of the result."""

import sys
from typing import TYPE_CHECKING, Any

from interlock.core.settings import ROLE_NAMES

from ..context import Context
from ..flows.provision import Provisioned
from ..flows.provision_all import boxed
from ..labels import reading as label_reading
from ..labels import setup_list
from ..labels.label import Label
from ..outcome import Exit, ToolError
from ..vault.vault import Vault
from .progress import working
from .running import as_plain, ask

if TYPE_CHECKING:
    from ..bench import Bench, Sighting


def the_label(argument: str, quiet: bool) -> Label:
    """The one label of this argument."""
    labels = read_labels(argument, quiet)
    if len(labels) != 1:
        raise ToolError(
            f"{argument} holds {len(labels)} labels: {', '.join(label.serial for label in labels)}",
            f"Set them all up: interlock provision {argument} --all. Or give a file that holds one.",
        )
    return labels[0]


def read_labels(argument: str, quiet: bool) -> list[Label]:
    """The labels of this argument; what had to be assumed is told."""
    scanned = label_reading.read(argument)
    tell_assumed(scanned, quiet)
    return [label for label, _ in scanned]


def tell_assumed(scanned: list[label_reading.Scanned], quiet: bool) -> None:
    for label, assumed in scanned:
        if assumed is not None and not quiet:
            print(f"{label.serial}: its label came through {assumed}: that was allowed for.", file=sys.stderr)


def has_labels(context: Context) -> bool:
    return (context.vault_path / "force.json").exists() and any((context.vault_path / "labels").glob("*.json"))


def asked_label() -> Label:
    if not sys.stdin.isatty():
        raise ToolError(
            "no label was given", "Give IL1:SERIAL:SECRET, @FILE that holds it, or - and the label on standard input."
        )
    scanned = label_reading.understand(ask("Label (it is not shown)", hidden=True))
    tell_assumed([scanned], quiet=False)
    return scanned.label


async def boxed_one(bench: "Bench", quiet: bool) -> Label:
    """The label of the boxed unit in range, if the vault has it; of several the one that is chosen."""
    kept = {label.serial: label for label in bench.vault.labels()}
    with working("Listening for boxed units", quiet=quiet):
        near = await boxed(bench)
    known = [sighting for sighting in near if sighting.serial in kept]
    if len(known) == 1:
        return kept[known[0].serial or ""]
    if not sys.stdin.isatty():
        if not known:
            raise none_known(near)
        serials = [sighting.serial or "" for sighting in known]
        raise ToolError(
            f"{len(known)} boxed units are in range: {', '.join(serials)}",
            "Set all of them up with --all, or give the label of one.",
        )
    if not known:
        return asked_label()
    for number, sighting in enumerate(known, 1):
        print(f"{number:2}  {sighting.serial:8}  {sighting.rssi:4} dBm", file=sys.stderr)
    while True:
        answer = ask("Which unit (its number here, or serial)", default="1").strip()
        if answer.isdecimal() and 1 <= int(answer) <= len(known):
            return kept[known[int(answer) - 1].serial or ""]
        if answer.upper() in kept:
            return kept[answer.upper()]
        print("Choose one of the list; Ctrl-C ends it.", file=sys.stderr)


def none_known(near: "list[Sighting]") -> ToolError:
    """That nothing can be set up without a label."""
    if not near:
        return ToolError(
            "no boxed unit is in range",
            "Dock it or hold its button, so that it invites, and come within some metres. interlock scan lists all.",
            Exit.DEVICE,
        )
    serials = ", ".join(sighting.serial or "?" for sighting in near)
    return ToolError(
        f"boxed units are in range ({serials}), but of none a label is at hand",
        "Take their labels in first (interlock labels add), or give one: interlock provision LABEL.",
    )


def known_role(context: Context, serial: str) -> int | None:
    """What a unit that is in the vault already is."""
    if not (context.vault_path / "force.json").exists():
        return None
    vault = context.open_vault()
    return vault.name(serial)[1] if serial in vault else None


def asked_role() -> int:
    if not sys.stdin.isatty():
        raise ToolError("the unit's role is not said", "Add --role holster, --role camera or --role combined.")
    return setup_list.role_of(ask("Role (holster, camera, combined)"))


# What people see.


def called(done: Provisioned) -> str:
    """Its name, role and number, and nothing twice."""
    numbered = f"{ROLE_NAMES[done.role]} number {done.number}"
    return numbered if done.name == f"{ROLE_NAMES[done.role]} {done.number}" else f"{done.name}, {numbered}"


def show(done: Provisioned, vault: Vault) -> None:
    print(
        f"{done.serial} {'was set up already' if done.already else 'is set up'}: {called(done)}. "
        f"Its clock is right within {done.clock_uncertainty_ms} ms."
    )
    key = done.signing
    if key.is_being_made:
        print(
            f"It goes on making its signing key in its dock ({key.done} of {key.total} parts are made): interlock sync "
            f"{done.serial} fetches the public half later."
        )
    elif key.public is not None:
        newest = f"{done.serial}-{len(vault.signing_keys(done.serial))}.pub"
        print(
            f"Its signing key ({key.params}) has {key.remaining} signatures left. The public half, for everybody, is "
            f"{vault.path / 'public' / newest}."
        )


def plain(done: Provisioned) -> dict[str, Any]:
    """As JSON has it."""
    return as_plain(done) | {"role": ROLE_NAMES[done.role]}  # type: ignore[no-any-return]
