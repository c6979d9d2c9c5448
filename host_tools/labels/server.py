"""Hand a page to a browser of this computer once, from memory, and to nobody else: for sheets with secrets.

It is had under an address that nobody can guess, on the loopback interface, by the first who asks; then it is gone. It
tells the browser to keep no copy, to run no script, and to tell nobody where it was.
"""

import asyncio
import hmac
import secrets
from collections.abc import Callable

from aiohttp import web

from ..outcome import Exit, ToolError

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; "
    "base-uri 'none'; form-action 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}
WAIT_S = 600.0
TOKEN_BYTES = 32
LAST_WORD_S = 0.5


async def hand_out(page: str, tell: Callable[[str], None], seconds: float = WAIT_S) -> bool:
    """Serve `page` to the first who asks for the address that `tell` is told; whether somebody did within so long."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    taken = asyncio.Event()
    is_given = False

    async def give(request: web.Request) -> web.StreamResponse:
        nonlocal is_given
        if not hmac.compare_digest(request.match_info["token"].encode(), token.encode()):
            raise web.HTTPNotFound(headers=HEADERS)
        if is_given:
            raise web.HTTPGone(headers=HEADERS, text="This page was handed out already. Run the command again.")
        is_given = True
        response = web.Response(text=page, content_type="text/html", headers=HEADERS)
        await response.prepare(request)
        await response.write_eof()
        taken.set()
        return response

    application = web.Application()
    application.router.add_get("/{token}", give, allow_head=False)
    # No access log: it would hold the address.
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=LAST_WORD_S)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        try:
            await site.start()
        except OSError as error:
            raise ToolError(
                f"no port of this computer's own could be opened: {error.strerror}",
                "Print through a pipe instead: interlock labels sheet --out - | PRINTER.",
                Exit.DEVICE,
            ) from error
        _, port = runner.addresses[0]
        tell(f"http://127.0.0.1:{port}/{token}")
        try:
            async with asyncio.timeout(seconds):
                await taken.wait()
        except TimeoutError:
            return False
        await asyncio.sleep(LAST_WORD_S)  # whoever asks a second time is told why there is nothing
        return True
    finally:
        await runner.cleanup()
