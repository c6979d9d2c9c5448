"""From the command line of `interlock dock ... --systemd` to the service that does the same."""

from pathlib import Path
from typing import Any

import typer

from ..dock.systemd import KEY_FILE, STATES, Order, state_of
from ..outcome import ToolError


def order_of(context: typer.Context) -> Order:
    """What a service is to do that does what this command line says."""
    assert context.parent is not None
    given = {**_given(context.parent), **_given(context)}
    if "once" in given:
        raise ToolError("a service goes on, and --once ends", "Leave --systemd out: cron or a timer runs --once.")
    home = given.pop("home", None)
    state = "interlock" if home is None else state_of(Path(str(home[1])).absolute())
    key = given.pop("key_file", None)
    secrets, places = {}, []
    for name, variable in (("store", "INTERLOCK_STORE"), ("forward", "INTERLOCK_FORWARD")):
        option, place = given.get(name, ("", ""))
        if "://" in place:
            if has_password(place):
                secrets[variable] = option
                del given[name]
        elif place:
            path = Path(place).absolute()
            given[name] = (option, str(path))
            if STATES / state not in path.parents:
                places.append(str(path.parent))
    mine = {param.name for param in context.command.params}
    return Order(
        tuple(word for name, words in given.items() if name not in mine for word in words),
        tuple(word for name, words in given.items() if name in mine and name != "systemd" for word in words),
        state,
        KEY_FILE if key is None else str(Path(key[1]).absolute()),
        tuple(dict.fromkeys(places)),
        secrets,
    )


def _given(context: Any) -> dict[str, tuple[str, ...]]:
    """Words of the options that were given, by name: on the command line, or by the environment."""
    found: dict[str, tuple[str, ...]] = {}
    for param in context.command.params:
        source = context.get_parameter_source(param.name) if param.name else None
        if param.name is None or source is None or source.name not in ("COMMANDLINE", "ENVIRONMENT"):
            continue
        value = context.params[param.name]
        if isinstance(value, bool):
            found[param.name] = ((param.opts if value else param.secondary_opts)[0],)
        else:
            values = value if isinstance(value, list | tuple) else [value]
            found[param.name] = tuple(word for each in values for word in (param.opts[0], str(each)))
    return found


def has_password(url: str) -> bool:
    """Whether whoever reads this address reads a password."""
    from sqlalchemy.engine import make_url

    made = make_url(url)
    return made.password is not None or "password" in made.query
