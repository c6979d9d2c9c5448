"""What setting up one unit and setting up many share: which label, which role, and what people see of the result."""

import sys
from typing import TYPE_CHECKING, Any

from interlock.core.settings import ROLE_NAMES

from ..as_json import as_plain
from ..asking import ask
from ..context import Context
from ..flashing.flashed import read as read_flashed
from ..flows.provision import Provisioned
from ..flows.provision_all import boxed
from ..label import SERIAL, Label
from ..labels import reading as label_reading
from ..labels import setup_list
from ..labels.layouts import Scanned, understand
from ..outcome import Exit, ToolError
from ..table_file import is_file
from ..vault.vault import Vault
from .progress import working
from .running import numbered

if TYPE_CHECKING:
    from ..bench import Bench, Sighting


def given_label(context: Context, argument: str, quiet: bool) -> Label:
    """The one label of this argument. Of a serial: the vault's label of it; of a unit that has keys of this vault one
    without a secret, since it may not need any."""
    if not SERIAL.fullmatch(argument) or is_file(argument):
        return the_label(argument, quiet)
    if context.has_vault:
        vault = context.open_vault()
        kept = {label.serial.casefold(): label for label in vault.labels()}
        known = {serial.casefold(): Label(serial, b"") for serial in vault.serials()}
        found = kept.get(argument.casefold()) or known.get(argument.casefold())
        if found is not None:
            return found
    raise ToolError(
        f"{argument} is a serial, and the vault has no label of it",
        "Scan or type its whole label, IL1:SERIAL:SECRET: interlock provision asks for it. Or name a file or a picture "
        "that holds it.",
    )


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


def tell_assumed(scanned: list[Scanned], quiet: bool) -> None:
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
    scanned = understand(ask("Label (it is not shown)", hidden=True))
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
        serials = [sighting.serial or "" for sighting in known]
        for chosen in (answer, answer.upper(), numbered(answer, serials)):
            if chosen in serials:
                return kept[chosen]
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
    """What a unit that is in the vault already is, or what one that was flashed here is to be."""
    if not (context.vault_path / "force.json").exists():
        return None
    vault = context.open_vault()
    if serial in vault:
        return vault.name(serial)[1]
    flashed = read_flashed(context.home).get(serial)
    return None if flashed is None else setup_list.ROLES.get(flashed.role)


def tell_overruled(plan: setup_list.Plan, serials: list[str], role: int | None, quiet: bool) -> None:
    """Which of these units become what --roles says of them, and not what --role does."""
    found = {serial: plan.role(serial) for serial in serials}
    listed = [f"{serial} ({ROLE_NAMES[said]})" for serial, said in found.items() if said not in (None, role)]
    if role is not None and listed and not quiet:
        print(f"By --roles, and not by --role: {', '.join(listed)}.", file=sys.stderr)


def asked_role() -> int:
    if not sys.stdin.isatty():
        raise ToolError("the unit's role is not said", "Add --role holster, --role camera or --role combined.")
    return setup_list.role_of(ask("Role (holster, camera, combined)"))


def open_or_create(context: Context, force: str | None, command: str = "provision LABEL") -> Vault:
    """The vault; a new one when there is none and the force's name is known."""
    if context.has_vault:
        vault = context.open_vault()
        known = vault.force().name
        if force not in (None, known):
            raise ToolError(
                f"the vault at {context.vault_path} is that of {known}, not of {force}",
                "Leave --force out, or name another vault with --home DIR.",
            )
        return vault
    if force is None and not sys.stdin.isatty():
        raise ToolError(
            f"there is no vault at {context.vault_path} yet",
            f"Name the force once, and the vault is made: interlock {command} --force NAME.",
        )
    name = force if force is not None else ask("There is no vault yet. The force's name (up to 8 characters)")
    return context.create_vault(name)


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
