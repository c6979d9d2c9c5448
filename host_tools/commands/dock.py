"""`interlock dock`: the unattended docking station."""

import asyncio
import logging
import logging.handlers
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..console import Console
from ..context import Context, make_home, utc_ms
from ..outcome import Exit, ToolError
from .running import Json, end, of, print_json, run

if TYPE_CHECKING:
    from ..dock.board import Snapshot
    from ..dock.loop import Dock, Settings
    from ..vault.keys import Keys

LISTEN = "127.0.0.1:8438"
LINKS = 3
LOG_BYTES, LOG_FILES = 1 << 20, 3
PING_S = 10.0


def dock(
    context: typer.Context,
    once: Annotated[bool, typer.Option("--once", help="One round, then end: for cron")] = False,
    adapter: Annotated[
        list[str] | None, typer.Option(metavar="hciN", help="Use this adapter, more than once for more [default: all]")
    ] = None,
    adapters: Annotated[int, typer.Option(min=1, max=8, help="With --air: how many radios the dock has there")] = 1,
    links: Annotated[
        int, typer.Option(min=1, max=7, help="Units that are visited at a time over each adapter")
    ] = LINKS,
    every: Annotated[float, typer.Option(min=1, metavar="MINUTES", help="Pull a unit that stays so often")] = 60,
    overdue_hours: Annotated[float, typer.Option(min=0.1, help="A unit not pulled for so long is overdue")] = 26,
    budget: Annotated[float, typer.Option(min=10, metavar="SECONDS", help="What one visit may take")] = 600,
    cable_check: Annotated[
        bool, typer.Option("--cable-check/--no-cable-check", help="Let each camera be seen to record, once a day")
    ] = True,
    forward: Annotated[
        str | None,
        typer.Option(
            metavar="URL", envvar="INTERLOCK_FORWARD", help="Forward to this store: postgresql://..., or a file"
        ),
    ] = None,
    listen: Annotated[str, typer.Option(metavar="HOST:PORT", help="Where the status page is; off: nowhere")] = LISTEN,
    show_officers: Annotated[bool, typer.Option("--show-officers", help="Officers' names on page and screen")] = False,
    systemd: Annotated[bool, typer.Option("--systemd", help="Print a unit file that runs this as a service")] = False,
    as_json: Json = False,
) -> None:
    """Pull every own unit that is put down here, all day, without anybody: the docking station.

    It listens for units, pulls each that came (and each that stays, now and then), lets it sign a checkpoint a day,
    checks what came, sets its clock, brings it assignments of the roster and, with the force's vault, new settings,
    sees each camera's tally on and off once a day, and forwards the store when the server answers. Whatever one unit
    does, the others have their turns: a visit has its time, a unit that fails waits longer each time, and one that
    cannot be believed is left in quarantine.

    Each unit has a light. Green: pulled, verified, charged, up to date. Yellow: due soon, or wrong in a small way. Red:
    somebody has to act; the reason is beside it. The page shows them (and `/status.json`, `/metrics` for Prometheus,
    `/healthz`); on a terminal, so does a table. Ctrl-C ends it within seconds; nothing is lost by that, nor by a kill.

    Examples:

    - `interlock dock`: until Ctrl-C; the page is at http://127.0.0.1:8438/
    - `interlock dock --forward postgresql://dock1@server/interlock --listen 0.0.0.0:8438`
    - `interlock dock --once --json`: one round, for cron
    - `interlock dock --systemd > interlock-dock.service`

    Next: `interlock report`, where the journals are.

    Exit codes: of --once: 0 done, 1 findings, 3 a unit, an adapter or the server failed; else 0 when it was ended.

    JSON: what the page shows, after --once or, without it, a line whenever a light changes: interlock schema dock.
    """
    if systemd:
        from ..dock.systemd import unit_file
        from .dock_service import order_of

        print(unit_file(order_of(context)), end="")
        return
    from ..dock.loop import Settings

    home = of(context)
    if adapter and home.air is not None:
        raise ToolError("--adapter names this computer's own", "With --air, say how many: --adapters N.")
    if forward is not None:
        check_server(forward)
    settings = Settings(every * 60, budget, cable_check, forward)
    make_home(home.home)
    with ExitStack() as stack:
        stack.enter_context(alone(home.home))
        stack.enter_context(logged(home.home / "dock"))
        openers = openers_of(home, adapter, adapters)
        if once:
            done = run(_once(home, openers, links, overdue_hours, settings, show_officers))
            if as_json:
                print_json(done)
            else:
                show(done)
            leave(done)
        else:
            run(_serve(home, openers, links, overdue_hours, settings, listen, show_officers, as_json))


def leave(done: "Snapshot") -> None:
    """End with the exit code that a round asks for."""
    has_failed = bool(done.failures) or any(adapter.trouble for adapter in done.adapters)
    if has_failed or (done.forward is not None and done.forward.trouble):
        end(Exit.DEVICE)
    if done.light == "red":
        end(Exit.FINDINGS)


def show(done: "Snapshot") -> None:
    from ..dock.terminal import STYLES, table

    console = Console(soft_wrap=True, highlight=False)
    for notice in done.notices:
        console.print(f"{notice.text}. {notice.advice}", style=STYLES[notice.light], markup=False)
    Console().print(table(done))


def check_server(url: str) -> None:
    """ToolError when this can be no store. The server need not answer."""
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    if "://" not in url:
        return
    try:
        make_url(url)
    except (ArgumentError, ValueError) as error:
        raise ToolError(
            f"{url!r} is no address of a store", "Write --forward postgresql://USER@HOST/DATABASE, or a file."
        ) from error


# One dock a home.


@contextmanager
def alone(home: Path) -> Iterator[None]:
    """Be the only dock of this home."""
    from .. import durable

    durable.make_private(home / "dock")
    with ExitStack() as stack:
        try:
            stack.enter_context(durable.locked(home / "dock"))
        except ToolError as error:
            raise ToolError(
                f"another dock is running on {home}",
                "One is enough: it uses every adapter. Another one on this computer needs another --home, and adapters "
                "of its own (--adapter).",
                Exit.DEVICE,
            ) from error
        yield


class _Log(logging.handlers.RotatingFileHandler):
    def handleError(self, record: logging.LogRecord) -> None:
        """A full disk must not stop the dock: then there is no log."""


@contextmanager
def logged(folder: Path) -> Iterator[None]:
    """Tracebacks of what nobody foresaw go into `dock.log` there."""
    log = logging.getLogger("interlock.dock")
    handler = _Log(folder / "dock.log", maxBytes=LOG_BYTES, backupCount=LOG_FILES, encoding="utf-8", delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    log.addHandler(handler)
    log.propagate = False
    try:
        yield
    finally:
        log.removeHandler(handler)
        handler.close()


# Adapters.


def openers_of(context: Context, names: list[str] | None, count: int) -> "dict[str, Any]":
    """How each of the dock's radios is opened, by name."""
    from ..dock.lanes import adapters_present
    from ..link import Radio

    if context.air is not None:
        return {f"radio {number}": context.radio for number in range(1, count + 1)}
    chosen = names or adapters_present()
    if not names and len(chosen) <= 1:
        return {chosen[0] if chosen else "this computer's": context.radio}

    @asynccontextmanager
    async def one(name: str) -> AsyncIterator[Radio]:
        yield Radio(adapter=name)

    return {name: partial(one, name) for name in dict.fromkeys(chosen)}


# Running.


@asynccontextmanager
async def made(
    context: Context, openers: "dict[str, Any]", links: int, overdue_hours: float, settings: "Settings"
) -> "AsyncIterator[Dock]":
    """The dock, ready to run."""
    from interlock.core.settings import ROLE_NAMES

    from ..bench import Bench
    from ..dock.board import Board
    from ..dock.lanes import Lane
    from ..dock.loop import Dock
    from ..vault import unlock as vault_unlock

    vault = context.open_vault()
    person = context.who(vault)
    lanes: list[Lane] = [Lane(name, opener, links) for name, opener in openers.items()]
    store = context.open_store()
    try:
        # Each visit gets a lane's radio.
        bench: Bench = Bench(lanes[0], vault, store, utc_ms, person)
        clock = asyncio.get_running_loop().time
        board = Board(vault.force().name, person, clock, utc_ms, overdue_hours * 3600, dict(ROLE_NAMES), lanes=lanes)

        def unlock() -> "Keys | None":
            return vault_unlock.unlock(context.vault_path, context.key_file, None, context.person)

        place, home = context.store_place, context.home
        yield Dock(bench, board, settings, place, home, BESIDE, unlock, is_clock_kept)
    finally:
        store.close()


def is_clock_kept() -> bool | None:
    """Whether somebody keeps this computer's clock right; None where the system does not say."""
    from ..doctor.clock import look

    state = None if sys.platform == "win32" else look(sys.platform, lambda _: None)
    return None if state is None else state.is_synchronised


async def _beside(work: Callable[[], Any]) -> Any:
    from ..dock.aside import aside

    return await aside(work)


BESIDE: Callable[[Callable[[], Any]], Awaitable[Any]] = _beside


async def _once(
    context: Context,
    openers: "dict[str, Any]",
    links: int,
    overdue_hours: float,
    settings: "Settings",
    show_officers: bool,
) -> "Snapshot":
    async with made(context, openers, links, overdue_hours, settings) as dock:
        await dock.once()
        return dock.board.snapshot(show_officers)


async def _serve(
    context: Context,
    openers: "dict[str, Any]",
    links: int,
    overdue_hours: float,
    settings: "Settings",
    listen: str,
    show_officers: bool,
    as_json: bool,
) -> None:
    from ..dock.page import Page, is_local, parse_listen, served
    from ..dock.systemd import Service
    from ..dock.terminal import keep_showing

    service = Service()
    async with AsyncExitStack() as stack:
        dock = await stack.enter_async_context(made(context, openers, links, overdue_hours, settings))
        address = None
        if listen != "off":
            host, port = parse_listen(listen)
            page = Page(dock.board, lambda: dock.alive_s, show_officers)
            address = await stack.enter_async_context(served(page, host, port))
            who = "" if is_local(host) else " Everybody in the network can read it: there is no login."
            print(f"The status page is at {address}.{who} Ctrl-C ends the dock.", file=sys.stderr, flush=True)
        showing = _lines(dock, show_officers) if as_json else keep_showing(dock.board, address, show_officers)
        beside = [asyncio.create_task(showing), asyncio.create_task(_ping(dock, service))]
        try:
            await dock.run(asyncio.Event())
        except asyncio.CancelledError:
            pass  # Ctrl-C or SIGTERM: that is how a dock ends
        finally:
            service.tell("STOPPING=1")
            for task in beside:
                task.cancel()
            await asyncio.wait(beside)


async def _ping(dock: "Dock", service: "Any") -> None:
    """Tell systemd that it is ready (this has its first turn when the dock has begun), how it is, and that it is well:
    only while the dock's own loop gives turns."""
    from ..dock.page import SILENT_S

    service.tell("READY=1")
    while True:
        if dock.board.now_s() - dock.alive_s < SILENT_S:
            service.tell("WATCHDOG=1")
        try:
            lights = dock.board.snapshot().lights
            service.tell("STATUS=" + ", ".join(f"{count} {light}" for light, count in lights.items()))
        except Exception:  # what cannot be shown is no reason to be killed
            logging.getLogger("interlock.dock").exception("what systemd is told")
        await asyncio.sleep(min(PING_S, (service.watchdog_s or PING_S * 4) / 4))


async def _lines(dock: "Dock", show_officers: bool) -> None:
    """A line of JSON at the beginning and whenever a light or its reasons change."""
    import json

    from ..as_json import as_plain
    from ..dock.board import changed

    before: tuple[Any, ...] = ()
    while True:
        shown = dock.board.snapshot(show_officers)
        if not before or changed(before, shown.units):
            print(json.dumps(as_plain(shown)), flush=True)
            before = shown.units
        await asyncio.sleep(0.5)
