"""A call of the firmware within which the stack asks the firmware's handler: `active(True)`, `gap_pair`.

On the ports the handler runs inside such a call, on the same task. Here the reply to the call carries the question, and
the double answers by one more call, until the reply carries the value (`_converse` in `doubles/bluetooth.py`).
"""

import asyncio
from collections.abc import Coroutine
from typing import Any


class Dialogue:
    """One such call. A reply is (event, data), which the handler is to answer, or (value,)."""

    def __init__(self) -> None:
        self._questions: asyncio.Queue[tuple[object, ...]] = asyncio.Queue()
        self._answer: asyncio.Future[object] | None = None
        self._work: asyncio.Task[object] | None = None

    async def begin(self, work: Coroutine[Any, Any, object]) -> tuple[object, ...]:
        """Do the work of the call, which may `ask`; the first reply. Errors of the work are raised."""
        self._work = asyncio.get_running_loop().create_task(work)
        return await self._next()

    async def go_on(self, answer: object) -> tuple[object, ...]:
        """The handler has returned this; the next reply."""
        assert self._answer is not None
        self._answer.set_result(answer)
        return await self._next()

    async def ask(self, event: int, data: tuple[object, ...]) -> object:
        """Within the work: raise an event, and wait for what the handler returns."""
        self._answer = asyncio.get_running_loop().create_future()
        self._questions.put_nowait((event, data))
        return await self._answer

    def close(self) -> None:
        """Nobody answers any more."""
        if self._work is not None:
            self._work.cancel()

    async def _next(self) -> tuple[object, ...]:
        assert self._work is not None
        question = asyncio.get_running_loop().create_task(self._questions.get())
        await asyncio.wait((self._work, question), return_when=asyncio.FIRST_COMPLETED)
        if question.done():
            return question.result()
        question.cancel()
        return (await self._work,)
