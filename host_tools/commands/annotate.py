"""`interlock annotate EVENT`: what a person says of a draw, arm or discharge, beside its verdict."""

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..asking import asker, tell
from ..context import Context, utc_ms
from ..naming import EVENT, called
from ..outcome import ToolError
from .running import Json, of, print_json
from .store import when
from .tables import console, shown, table

if TYPE_CHECKING:
    from ..statements.saying import Author
    from ..store.rows import AnnotationRow
    from ..store.store import Store
    from ..vouched import People

TEXT_MAX = 2000  # characters
_UNSIGNED = (
    "this is not signed: anybody could have written it in your name. Make a key of your own: "
    "interlock annotate --new-key"
)


def annotate(
    context: typer.Context,
    event: Annotated[
        str | None, typer.Argument(metavar="[SERIAL:NUMBER]", help="The event, as interlock report lists it")
    ] = None,
    code: Annotated[
        str | None,
        typer.Option(metavar="CODE", help="immediate_danger, sensor_fault, test, training, other"),
    ] = None,
    text: Annotated[str | None, typer.Option(metavar="TEXT", help="What there is to say, in words")] = None,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="What was said of it before does not hold")] = False,
    confirm: Annotated[bool, typer.Option("--confirm", help="You, a second person, stand by what was said")] = False,
    whose: Annotated[
        str | None,
        typer.Option("--of", metavar="PERSON|CODE", help="Which statement --withdraw and --confirm mean, of several"),
    ] = None,
    new_key: Annotated[bool, typer.Option("--new-key", help="Make your signing key, and show its public half")] = False,
    show_key: Annotated[bool, typer.Option("--show-key", help="Show the public half of your signing key")] = False,
    key_file: Annotated[
        Path | None,
        typer.Option(
            "--signing-key-file",
            metavar="FILE",
            envvar="INTERLOCK_SIGNING_KEY_FILE",
            help="What opens your signing key, instead of a passphrase; with --new-key it is made if there is none",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Say something of an event: why no video was running, that it was training, that a sensor was at fault.

    It stands beside the event's verdict in the report and never replaces it, nor changes evidence. It cannot be deleted
    or altered: --withdraw says that what was said before does not hold, and both stay on record, with who said it.
    Where several statements stand, --of says which of them --withdraw or --confirm is about. Who takes away what
    somebody else said and signed is named in the report, with their words.

    What you say is signed, if you have a signing key: make it once with --new-key, and give what it prints to whoever
    keeps the force's vault (interlock vault vouch). A second person, with a key of their own, may --confirm it.

    Without an event: lists all that was ever said, and whose signature it has.

    Examples:

    - `interlock annotate --new-key`
    - `interlock annotate H1:57 --code immediate_danger --text "lone officer, attacked at the door"`
    - `interlock annotate H1:57 --confirm --text "I was there"`
    - `interlock annotate H1:57 --withdraw --of training --text "meant H2:57"`
    - `interlock annotate`: all of them

    Next: `interlock report` shows it.

    JSON: a list of {serial, sequence, code, text, by, utc_ms, stands, signature, key, confirmed_by, confirmed_utc_ms,
    doubts}: all, or that which was said just now; code is withdrawn for a withdrawal, confirmed for a confirmation;
    stands: false once it was withdrawn. With --new-key or --show-key: {person, key}.
    """
    home = of(context)
    if new_key or show_key:
        if event is not None or code is not None or text is not None or withdraw or confirm or (new_key and show_key):
            raise ToolError(
                "a key is made or shown by itself", "Run interlock annotate --new-key, and nothing with it."
            )
        _key(home, new_key, key_file, as_json)
        return
    if event is None:
        if code is not None or text is not None or withdraw or confirm:
            raise ToolError("no event is named", "Name it as interlock report lists it: interlock annotate H1:57 ...")
        store = home.open_store(read_only=True)
        try:
            _show(store, store.annotations(), _people(home, may_ask=True), as_json)
        finally:
            store.close()
        return
    found = EVENT.fullmatch(event)
    if found is None:
        raise ToolError(f"{event!r} is no event", "Name it as interlock report lists it, such as H1:57.")
    sequence = int(found[2])
    code, words = _said(code, text, withdraw, confirm)
    if whose is not None and not (withdraw or confirm):
        raise ToolError("--of says what is withdrawn or confirmed", "Give it with --withdraw or --confirm.")
    if not home.has_store:
        raise ToolError(f"there is no store at {home.store_place}", "Pull a journal first (interlock pull).")
    store = home.open_store()
    try:
        from ..statements import saying

        serial = called({unit.serial: unit.name for unit in store.units()}, found[1])
        saying.the_record(store, serial, sequence)  # before a passphrase is asked for
        author = _author(home, key_file)
        if confirm:
            rows = saying.confirm(store, serial, sequence, words, author, whose)
        elif withdraw:
            rows = saying.withdraw(store, serial, sequence, words, author, whose)
        else:
            rows = saying.say(store, serial, sequence, code, words, author)
        if author.signer is None:
            tell(_UNSIGNED)
        if not as_json:
            _concerned(store, rows)
        _show(store, rows, _people(home, may_ask=False), as_json)
    finally:
        store.close()


def _concerned(store: "Store", rows: "list[AnnotationRow]") -> None:
    """Which statements were confirmed or withdrawn: several may stand, and they may contradict each other."""
    from ..statements import statement
    from ..store.rows import CONFIRMED, WITHDRAWN

    verbs = {CONFIRMED: "Confirmed", WITHDRAWN: "Withdrawn"}
    several = [row for row in rows if row.code in verbs]
    said = {}
    for row in store.annotations(rows[0].serial) if several else ():
        with suppress(ValueError):
            said[statement.digest(row)] = row
    for row in several:
        of = None if row.about is None else said.get(row.about)
        if of is not None:
            whose = "your own" if of.by == row.by else f"that of {of.by}"
            text = f": {of.text}" if of.text else ""
            console().print(f"{verbs[row.code]}: {shown(f'{whose}, {of.code}{text}')}")


def _key(home: Context, is_new: bool, key_file: Path | None, as_json: bool) -> None:
    from ..context import make_home
    from ..statements import keytext, signing

    person = home.who(None)
    if is_new:
        make_home(home.home)
        public: bytes | None = signing.make(home.home, person, key_file, asker(), utc_ms() // 1000)
    else:
        public = signing.public_of(home.home, person)
    if public is None:
        raise ToolError(f"{person} has no signing key here", "Make one: interlock annotate --new-key.")
    text = keytext.key_text(public)
    if as_json:
        print_json({"person": person, "key": text})
        return
    print(f"The key of {person}: {text}")
    print("Give it to whoever keeps the force's vault, in person, not by mail alone:")
    print(f"interlock vault vouch {person} {text}")


def _author(home: Context, key_file: Path | None) -> "Author":
    from ..statements import signing
    from ..statements.saying import Author

    person = home.who(None)
    return Author(person, utc_ms(), signing.unlock(home.home, person, key_file, asker()))


def _said(code: str | None, text: str | None, withdraw: bool, confirm: bool) -> tuple[str, str]:
    """Code and words. ToolError where they are none."""
    from ..store.rows import CODES, CONFIRMED, WITHDRAWN

    choice = "; ".join(f"{name}: {meaning}" for name, meaning in CODES.items())
    if sum((withdraw, confirm, code is not None)) != 1:
        raise ToolError(
            "--withdraw and --confirm have no code, nor each other" if withdraw or confirm else "a code is missing",
            f"Give --code CODE, one of: {choice}. Or --withdraw or --confirm, for what was said before.",
        )
    if code is not None and code not in CODES:
        raise ToolError(f"{code!r} is no code", f"The codes: {choice}.")
    words = (text or "").strip()
    if not words and not confirm:
        raise ToolError(
            "nothing is said in words",
            f'Say what there is to say, of a withdrawal, too, in at most {TEXT_MAX} characters: --text "...".',
        )
    if len(words) > TEXT_MAX or not all(c.isprintable() or c == "\n" for c in words):
        raise ToolError(
            f"the text has more than {TEXT_MAX} characters, or some that cannot be shown",
            f'Say in words what there is to say, in at most {TEXT_MAX} characters: --text "...".',
        )
    return code or (WITHDRAWN if withdraw else CONFIRMED), words


def _people(home: Context, may_ask: bool) -> "People":
    """For whom the force vouches, as far as a vault here tells. `may_ask`: for the vault's passphrase."""
    if not home.has_vault:
        return {}
    try:
        return home.open_vault(may_ask=may_ask).people()
    except ToolError as error:
        tell(f"whose keys the force vouches for is not known here: {error}")
        return {}


def _show(store: "Store", rows: "list[AnnotationRow]", people: "People", as_json: bool) -> None:
    """These rows, of all that the store has of their units."""
    from ..statements.listing import listed
    from ..store.rows import CONFIRMED, WITHDRAWN
    from ..store.sound import plain

    several = listed(store, rows, people)
    if as_json:
        print_json(several)
        return
    if not several:
        console().print("Nothing was said of any event.")
        return
    endings = {CONFIRMED: "of nothing that holds"}
    lines = table("event", "code", "text", "by", "when, UTC", "signature", "confirmed by", "doubts")
    for one in several:
        gone = "" if one.stands or one.code == WITHDRAWN else f" ({endings.get(one.code, 'withdrawn')})"
        cells = (f"{one.serial}:{one.sequence}", one.code + gone, one.text, one.by, when(one.utc_ms))
        words = (*cells, one.signature, one.confirmed_by or "", "; ".join(one.doubts))
        lines.add_row(*(shown(plain(word)) for word in words))
    console().print(lines)
    if any(one.signature == "stranger" for one in several):
        console().print(
            "stranger: the signature is good, and nobody here vouches for the key. Give it to whoever keeps the "
            "force's vault (interlock annotate --show-key; interlock vault vouch)."
        )
