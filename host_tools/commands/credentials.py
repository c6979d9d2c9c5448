"""`interlock credentials PERSON`: a technician's vault, or an auditor's."""

import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ..context import make_home, utc_ms
from ..outcome import ToolError
from ..person import check_person
from ..vault import lending
from .running import Json, of, print_json

DAY_S = 86_400


class For(StrEnum):
    """Kinds of vaults that are made for others: `entries.KINDS`."""

    TECHNICIAN = "technician"
    AUDITOR = "auditor"


def credentials(
    context: typer.Context,
    person: Annotated[str, typer.Argument(help="Whose they are, as units note it: 1 to 8 ASCII characters")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where to: a new directory, private")],
    days: Annotated[int, typer.Option(min=1, max=366, help="How long a technician's are good for")] = 30,
    role: Annotated[For, typer.Option(help="technician: opens units; auditor: checks journals")] = For.TECHNICIAN,
    key_file: Annotated[
        Path | None,
        typer.Option("--new-key-file", metavar="FILE", help="Opens DIR instead of a passphrase; made if there is none"),
    ] = None,
    as_json: Json = False,
) -> None:
    """Make a technician's credentials for all units that are set up: to read status, set clocks, pull journals, assign
    units that are partners, and try them out (interlock mode). Or an auditor's, to check journals by their seals.

    A technician's cannot set up, pair or forge anything, and end by themselves: that is what belongs on a laptop. An
    auditor's open no unit at all; but whoever has the keys of seals could also make one, so they are for people whom
    the force trusts with that. Others check by public keys: vault/public.

    DIR is encrypted: a passphrase for it is asked for. Take it there, and use it: interlock --home DIR pull.

    Examples:

    - `interlock credentials PC1234 --out /media/stick/PC1234`
    - `interlock credentials IOPC --role auditor --out /media/stick/iopc`

    Next: `interlock --home DIR pull`, or `interlock --home DIR verify FILE`.

    JSON: {person, role, units, expires_s, home}; expires_s: null for an auditor's.
    """
    at = of(context)
    check_person(person, "interlock credentials ")
    vault = at.open_vault()
    vault.check_own("authority to make credentials")
    if (out / "vault" / "force.json").exists():
        raise ToolError(f"there is a vault at {out / 'vault'} already", "Name another place: --out DIR.")
    make_home(out)
    keys = at.new_keys(out, key_file, "--new-key-file FILE", person)
    expires_s: int | None = None
    if role is For.TECHNICIAN:
        expires_s = utc_ms() // 1000 + days * DAY_S
        units = vault.lend(out / "vault", person, expires_s, keys)
    else:
        units = lending.auditor(vault, out / "vault", person, keys)
    if as_json:
        print_json({"person": person, "role": role.value, "units": units, "expires_s": expires_s, "home": str(out)})
        return
    if expires_s is None:
        print(
            f"{person} can check journals of {units} unit{'s' if units != 1 else ''} by their seals, and opens none. "
            f"With a journal: interlock --home {out} verify FILE"
        )
        return
    until = datetime.datetime.fromtimestamp(expires_s, datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")
    print(
        f"{person} can, with {units} unit{'s' if units != 1 else ''} until {until}: read status and journals, set "
        f"clocks, assign partners, and let holsters enter a mode. On the laptop: interlock --home {out} pull"
    )
