"""Work that takes long and knows no event loop, beside it: in a thread that nobody has to wait for when the dock ends.

What it does must be safe to be cut at any instant, as transactions are.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Any

Aside = Callable[[Callable[[], Any]], Awaitable[Any]]


async def aside(work: Callable[[], Any]) -> Any:
    """The result of `work`, or its exception."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Any] = loop.create_future()

    def settle(result: Any, error: Exception | None) -> None:
        if done.cancelled():
            return
        if error is None:
            done.set_result(result)
        else:
            done.set_exception(error)

    def run() -> None:
        result, failed = None, None
        try:
            result = work()
        except Exception as error:  # noqa: BLE001 - it is raised where it is awaited
            failed = error
        try:
            loop.call_soon_threadsafe(settle, result, failed)
        except RuntimeError:
            pass  # the loop is closed: the dock has ended

    threading.Thread(target=run, daemon=True, name="interlock dock").start()
    return await done
