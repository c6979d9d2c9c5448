"""What the dock does beside its visits, in threads of their own: it checks what came, and forwards it."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ..auditing.audit import audit
from ..auditing.keys import Knowledge
from ..auditing.places import InStore
from ..outcome import ToolError
from ..store.forward import forward_noted
from ..store.store import Store
from ..vault.vault import Vault
from .aside import Aside
from .board import Board
from .lights import HOUR_S, Light

if TYPE_CHECKING:
    from ..store.store import Forwarded

TOGETHER_EVERY_S = HOUR_S
FORWARD_AGAIN_S = 15.0  # doubled with each failure in a row
FORWARD_MAX_S = 15 * 60.0
FORWARD_EVERY_S = 10.0  # while something is new


@dataclass(frozen=True)
class Checked:
    """Of one journal. `findings`: kind to text."""

    serial: str
    following: int
    findings: dict[str, str]


def check(place: Path | str, serials: Iterable[str], vault: Vault | None) -> list[Checked]:
    """What the journals of these units in the store amount to, each by itself and, where several, together."""
    reports = audit([InStore(place, serial) for serial in serials], Knowledge((), vault).of)
    return [
        Checked(
            report.place.serial if isinstance(report.place, InStore) else report.place.name,
            report.following,
            {outcome.name: outcome.text for outcome in report.findings},
        )
        for report in reports
    ]


class Checking:
    """Checks journals one after the other, those first that came last; all of them together now and then, since units
    testify of each other."""

    def __init__(
        self, board: Board, place: Path | str, vault: Vault, aside: Aside, look_at_vault: Callable[[], bool]
    ) -> None:
        self._look_at_vault = look_at_vault
        self._board = board
        self._place = place
        self._vault = vault
        self._aside = aside
        self._waiting: dict[str, None] = {}
        self._is_new = False
        self._together_s: float | None = None
        self._news = asyncio.Event()

    def ask(self, serials: Iterable[str]) -> None:
        """Let these be checked."""
        self._waiting |= dict.fromkeys(serials)
        self._news.set()

    async def go_on(self) -> None:
        """For ever."""
        while True:
            await self.until_done()
            await self._news.wait()

    async def until_done(self) -> None:
        """Until nothing waits."""
        self._news.clear()
        while self._waiting:
            serial, _ = self._waiting.popitem()
            await self._check([serial], "check")
            self._is_new = True
        now_s = self._board.now_s()
        serials = [serial for serial, unit in self._board.units.items() if unit.verified_to]
        is_due = self._together_s is None or now_s - self._together_s > TOGETHER_EVERY_S
        if self._is_new and is_due and len(serials) > 1:
            self._is_new, self._together_s = False, now_s
            await self._check(serials, "together")

    async def _check(self, serials: list[str], kind: str) -> None:
        self._look_at_vault()  # its keys may be others by now
        try:
            done = await self._aside(partial(check, self._place, serials, self._vault))
        except ToolError as error:
            self._board.notice(f"checking {', '.join(serials)}", Light.RED, str(error), error.advice)
            return
        self._board.notices.pop(f"checking {', '.join(serials)}", None)
        for checked in done:
            unit = self._board.units.get(checked.serial)
            if unit is None:
                continue
            unit.verified_to = checked.following
            unit.following = max(unit.following or 0, checked.following)
            fresh = {f"{kind}: {name}": text for name, text in checked.findings.items()}
            for name, text in fresh.items():
                if unit.findings.get(name) != text and text not in unit.findings.values():
                    self._board.tell(text, checked.serial, Light.RED)
            kept = {name: text for name, text in unit.findings.items() if not name.startswith(f"{kind}: ")}
            known = set(kept.values())
            unit.findings = kept | {name: text for name, text in fresh.items() if text not in known}


class Forwarding:
    """Brings the store's news to the server when it answers, and waits longer and longer when it does not."""

    def __init__(self, board: Board, place: Path | str, server: str, aside: Aside) -> None:
        board.forward_to = without_password(server)
        self._board = board
        self._place = place
        self._server = server
        self._aside = aside
        self._failures = 0
        self._news = asyncio.Event()

    def ask(self) -> None:
        """Something new is in the store."""
        if self._board.forward_behind_s is None:
            self._board.forward_behind_s = self._board.now_s()
        self._news.set()

    async def go_on(self) -> None:
        """For ever."""
        self.ask()  # of the time before
        while True:
            await self._news.wait()
            if await self.once():
                await asyncio.sleep(FORWARD_EVERY_S)
            else:
                await asyncio.sleep(min(FORWARD_MAX_S, FORWARD_AGAIN_S * 2 ** (self._failures - 1)))

    async def once(self) -> bool:
        """Whether the server has all that was here when it began."""
        board = self._board
        self._news.clear()
        began_s = board.now_s()
        try:
            done: Forwarded = await self._aside(
                partial(forward, self._place, self._server, board.person, board.utc_ms())
            )
        except ToolError as error:
            self._failures += 1
            self._news.set()
            said = str(error).replace(self._server, without_password(self._server))
            board.forward_trouble = said
            board.counts["forward_failures"] += 1
            board.notice(
                "the server",
                Light.YELLOW,
                f"nothing can be forwarded: {said}",
                f"Nothing is lost: it is kept here, and tried again. {error.advice}",
            )
            return False
        self._failures, board.forward_trouble = 0, None
        if not self._news.is_set():
            board.forward_behind_s = None
        else:
            board.forward_behind_s = began_s
        board.withdraw("the server")
        self._tell_skipped(done)
        board.counts["forwarded_records"] += done.records
        if done.records:
            board.tell(f"forwarded {done.records} records")
        return True

    def _tell_skipped(self, done: "Forwarded") -> None:
        about = "what cannot be forwarded"
        if not done.skipped:
            self._board.withdraw(about)
            return
        rows = "; ".join(f"{left.rows} of {left.serial} in {left.table}: {left.why}" for left in done.skipped)
        advice = (
            "It stays in the dock's store and hinders nothing else. Somebody changed that store, or what it imported."
        )
        self._board.notice(about, Light.YELLOW, f"some rows cannot be forwarded ({rows})", advice)


def forward(place: Path | str, server: str, person: str, utc_ms: int) -> "Forwarded":
    """All that the store has and the server has not, in one go, noted in the custody of both; what arrived before a
    failure stays."""
    store = Store.open(place)
    try:
        to = Store.open(server)
        try:
            return forward_noted(store, to, person, utc_ms)
        finally:
            to.close()
    finally:
        store.close()


def without_password(url: str) -> str:
    """The same address, fit to be shown."""
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        return make_url(url).set(query={}).render_as_string(hide_password=True)
    except ArgumentError:
        return url
