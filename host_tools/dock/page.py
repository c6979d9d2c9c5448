"""The status page: `/`, `/status.json`, `/metrics`, `/healthz`. Reads the board and changes nothing; has no keys.

It is for a screen beside the dock and for phones in the same network. There is no login, so officers' names are left
out unless the dock was told to show them, and on this machine's own address only this machine's names for it are
answered to: a page from elsewhere cannot read it through the browser (DNS rebinding).
"""

import base64
import hashlib
import ipaddress
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from importlib.resources import files

from aiohttp import web
from jinja2 import Environment, StrictUndefined

from ..outcome import Exit, ToolError
from .board import Board, Snapshot
from .lights import duration
from .metrics import CONTENT_TYPE, exposition

SILENT_S = 30.0  # a dock whose loop gives no turns for so long is ill
_TEMPLATES = files("host_tools").joinpath("templates")
_PORT = re.compile(r":\d+$")
_LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})


class Page:
    """`alive_s`: when the dock's loop was at work last, by the board's clock."""

    def __init__(self, board: Board, alive_s: Callable[[], float], show_officers: bool) -> None:
        self._board = board
        self._alive_s = alive_s
        self._show_officers = show_officers
        environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
        environment.filters["duration"] = duration
        self._template = environment.from_string(_TEMPLATES.joinpath("dock.html").read_text(encoding="utf-8"))
        self._style = _TEMPLATES.joinpath("dock.css").read_text(encoding="utf-8")
        self._script = _TEMPLATES.joinpath("dock.js").read_text(encoding="utf-8")

    def html(self) -> str:
        """The page as it is now."""
        shown = self._board.snapshot(self._show_officers)
        return self._template.render(shown=shown, style=self._style, script=self._script, officers=self._show_officers)

    @property
    def policy(self) -> str:
        """What the page may do: its own style and script, by their digests, and ask this server again."""
        style, script = (_digest(text) for text in (self._style, self._script))
        parts = (
            "default-src 'none'",
            f"style-src '{style}'",
            f"script-src '{script}'",
            "connect-src 'self'",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
        return "; ".join(parts)

    def application(self, only_local: bool) -> web.Application:
        """`only_local`: requests that name another host than this machine are refused."""

        @web.middleware
        async def guard(
            request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
        ) -> web.StreamResponse:
            if only_local and _PORT.sub("", request.host) not in _LOCAL_NAMES:
                raise web.HTTPForbidden(text="This page is for the machine that it is on.\n")
            return await handler(request)

        async def add_headers(_: web.Request, response: web.StreamResponse) -> None:
            response.headers["Content-Security-Policy"] = self.policy
            response.headers["X-Content-Type-Options"] = "nosniff"
            response.headers["X-Frame-Options"] = "DENY"
            response.headers["Referrer-Policy"] = "no-referrer"
            response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
            response.headers["Cache-Control"] = "no-store"
            response.headers["Server"] = "interlock"

        app = web.Application(middlewares=[guard], client_max_size=1024)
        app.on_response_prepare.append(add_headers)
        app.router.add_get("/", self._page)
        app.router.add_get("/status.json", self._status)
        app.router.add_get("/metrics", self._metrics)
        app.router.add_get("/healthz", self._health)
        app.router.add_get("/favicon.ico", self._icon)
        return app

    async def _page(self, _: web.Request) -> web.Response:
        return web.Response(text=self.html(), content_type="text/html")

    async def _status(self, _: web.Request) -> web.Response:
        return web.Response(
            text=status_json(self._board.snapshot(self._show_officers)), content_type="application/json"
        )

    async def _metrics(self, _: web.Request) -> web.Response:
        return web.Response(body=exposition(self._board), headers={"Content-Type": CONTENT_TYPE})

    async def _health(self, _: web.Request) -> web.Response:
        silent_s = self._board.now_s() - self._alive_s()
        is_well = silent_s < SILENT_S
        return web.json_response({"alive": is_well, "silent_s": round(silent_s, 1)}, status=200 if is_well else 503)

    async def _icon(self, _: web.Request) -> web.Response:
        return web.Response(status=204)


def status_json(shown: Snapshot) -> str:
    """The snapshot as JSON."""
    from ..as_json import as_plain

    return json.dumps(as_plain(shown), indent=2)


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def parse_listen(text: str) -> tuple[str, int]:
    """Host and port of HOST:PORT; port 0: any. ToolError when it is none."""
    host, _, port = text.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise ToolError(f"{text!r} is no address to listen on", "Write --listen HOST:PORT, such as 127.0.0.1:8438.")
    return host.removeprefix("[").removesuffix("]"), int(port)


def is_local(host: str) -> bool:
    """Whether only this machine can reach it."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@asynccontextmanager
async def served(page: Page, host: str, port: int) -> AsyncIterator[str]:
    """Serve it while the block runs; its address. ToolError when the port cannot be had."""
    runner = web.AppRunner(page.application(is_local(host)), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        try:
            await site.start()
        except OSError as error:
            raise ToolError(
                f"the status page cannot be served on {host}, port {port}: {error.strerror}",
                "Is another dock running there? Name another address: --listen HOST:PORT (port 0 takes any).",
                Exit.DEVICE,
            ) from error
        bound = runner.addresses[0][1]
        yield f"http://{f'[{host}]' if ':' in host else host}:{bound}/"
    finally:
        await runner.cleanup()
