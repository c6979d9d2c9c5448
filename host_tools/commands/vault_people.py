"""`interlock vault vouch`, `unvouch`, `people`: whose signature under an annotation the force stands for."""

from typing import Annotated

import typer

from ..context import utc_ms
from ..outcome import ToolError
from ..person import check_person
from ..statements import keytext
from ..vault import people as vault_people
from ..vault.people import PersonEntry, Voucher
from ..vouched import Vouched
from .running import Json, Yes, confirm, of, print_json
from .tables import console, table
from .times import at_s, local_text

app = typer.Typer()

Person = Annotated[str, typer.Argument(help="Whose key it is: 1 to 8 ASCII characters, as in --as")]


@app.command()
def vouch(
    context: typer.Context,
    person: Person,
    key: Annotated[str, typer.Argument(metavar="KEY", help="As interlock annotate --new-key printed it: ILK1-...")],
    since: Annotated[
        str | None,
        typer.Option("--from", metavar="TIME", help="Dated before this, nothing counts [default: all that it signed]"),
    ] = None,
    as_json: Json = False,
) -> None:
    """Vouch that a signing key is this person's: what they say of events then counts as theirs, in reports and before
    a court.

    Be sure of it: have the person read the key out to you, or bring it. Whoever can unlock the vault can vouch, and the
    vault's log says who did.

    Examples:

    - `interlock vault vouch PC1234 ILK1-TRW85C2-F12J76Y-1AFMXJB-FHM92QX-HZ6C5HX-9V0FWY7-9Z9B9E2-Z5W9BF6`

    Next: `interlock report`; make auditors' vaults anew (interlock credentials), so that they know it as well.

    JSON: {person, keys: [{key, from_ms, until_ms, by, utc_ms}]}: until_ms null: to this day.
    """
    at = of(context)
    check_person(person, "interlock vault vouch ")
    public = keytext.parse(key)
    vault, now_ms = at.open_vault(), utc_ms()
    from_ms = 0 if since is None else at_s(since, now_ms) * 1000
    if from_ms > now_ms:
        raise ToolError("nobody can vouch from a later time on", "Give a time that has been: --from 2026-05-31T06:00.")
    done = vault_people.vouch(vault, person, Voucher(Vouched(public, from_ms), at.who(vault), now_ms))
    if as_json:
        print_json(_plain(done))
        return
    print(f"{vault.force().name} vouches for {person}: what that key signs is theirs.")


@app.command()
def unvouch(
    context: typer.Context,
    person: Person,
    key: Annotated[str | None, typer.Argument(metavar="[KEY]", help="Which one [default: all of them]")] = None,
    stolen: Annotated[
        bool, typer.Option("--stolen", help="Others may have the key: nothing that it ever signed counts any more")
    ] = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Vouch for a person's key no longer: they left, or have another one. What they signed before stays theirs.

    A thief can date as they like: a key that others may have is `--stolen`. Neither can be taken back.

    Examples:

    - `interlock vault unvouch PC1234`
    - `interlock vault unvouch PC1234 --stolen`

    Next: `interlock vault people`; for a new key, `interlock vault vouch`.

    JSON: {person, keys: [{key, from_ms, until_ms, by, utc_ms}]}.
    """
    at = of(context)
    check_person(person, "interlock vault unvouch ")
    public = None if key is None else keytext.parse(key)
    vault = at.open_vault()
    what = "nothing that it ever signed" if stolen else "nothing that it signs from now on"
    confirm(f"The force will not vouch for {person} any more: {what} counts as theirs.", f"Unvouch {person}?", yes)
    done = vault_people.unvouch(vault, person, public, utc_ms(), stolen)
    if as_json:
        print_json(_plain(done))
        return
    print(f"{vault.force().name} does not vouch for {person} any more.")


@app.command("people")
def people(context: typer.Context, as_json: Json = False) -> None:
    """List whose signing keys the force vouches for, or did.

    Examples:

    - `interlock vault people`

    Next: `interlock vault vouch`, `interlock vault unvouch`.

    JSON: a list of {person, keys: [{key, from_ms, until_ms, by, utc_ms}]}.
    """
    entries = vault_people.entries_of(of(context).open_vault())
    if as_json:
        print_json([_plain(entry) for entry in entries])
        return
    rows = table("person", "key", "counts", "vouched by")
    for entry in entries:
        for voucher in entry.keys:
            rows.add_row(entry.person, keytext.key_text(voucher.vouched.key), _term(voucher.vouched), voucher.by)
    console().print(rows)


def _term(vouched: Vouched) -> str:
    if vouched.is_void:
        return "stolen: never"
    since = f"from {local_text(vouched.from_ms // 1000)}" if vouched.from_ms else "always"
    return since if vouched.until_ms is None else f"{since}, until {local_text(vouched.until_ms // 1000)}"


def _plain(entry: PersonEntry) -> dict[str, object]:
    keys = [
        {
            "key": keytext.key_text(voucher.vouched.key),
            "from_ms": voucher.vouched.from_ms,
            "until_ms": voucher.vouched.until_ms,
            "by": voucher.by,
            "utc_ms": voucher.utc_ms,
        }
        for voucher in entry.keys
    ]
    return {"person": entry.person, "keys": keys}
