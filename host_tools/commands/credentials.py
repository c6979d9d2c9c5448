"""`interlock credentials PERSON`: a technician's vault."""

import datetime
from pathlib import Path
from typing import Annotated

import typer

from ..context import check_person, make_home, utc_ms
from .running import Json, of, print_json

DAY_S = 86_400


def credentials(
    context: typer.Context,
    person: Annotated[str, typer.Argument(help="Whose they are, as units note it: 1 to 8 ASCII characters")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where to: a new directory, private")],
    days: Annotated[int, typer.Option(min=1, max=366, help="How long they are good for")] = 30,
    as_json: Json = False,
) -> None:
    """Make a technician's credentials for all units that are set up: to read status, set clocks, pull journals, assign
    units that are partners, and try them out (interlock mode).

    They cannot set up, pair or forge anything, and end by themselves: that is what belongs on a laptop. Take DIR there
    (it holds secrets), and use it: interlock --home DIR pull.

    JSON: {person, units, expires_s, home}.
    """
    vault = of(context).open_vault()
    expires_s = utc_ms() // 1000 + days * DAY_S
    make_home(out)
    units = vault.lend(out / "vault", check_person(person, "interlock credentials "), expires_s)
    if as_json:
        print_json({"person": person, "units": units, "expires_s": expires_s, "home": str(out)})
        return
    until = datetime.datetime.fromtimestamp(expires_s, datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")
    print(
        f"{person} can, with {units} unit{'s' if units != 1 else ''} until {until}: read status and journals, set "
        f"clocks, assign partners, and let holsters enter a mode. On the laptop: interlock --home {out} pull"
    )
