"""From a serial to an open session: hear the unit, connect, shake hands. An admin session ends by moving the key on."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TypeVar

from interlock.core import settings as unit_settings
from interlock.core import wire

from ..bench import Bench, Sighting
from ..inbox import LinkLost
from ..outcome import ToolError
from ..refused import Refused, Untrue
from ..session import Session
from ..vault.credential import Admin, Credential
from ..vault.vault import Vault

T = TypeVar("T")

SCAN_S = 10.0
PRETENDERS_MAX = 3  # of several that claim one serial, so many are tried
AFTER_RESET_S = 40.0  # a unit that got settings starts anew; some boards take their time
PAUSE_S = 1.0
WAITS_MAX = 2
WAIT_MAX_S = 10


class NotHeard(LinkLost):
    """The unit does not invite, as far as this radio hears."""

    def __init__(self, serial: str) -> None:
        super().__init__(
            f"{serial} was not heard",
            "Dock the unit or hold its button, so that it invites (a weapon in use silences it), come within some "
            "metres, and run the command again: it goes on where it stopped. interlock scan lists what is in range.",
        )


async def find(bench: Bench, serial: str, seconds: float = SCAN_S) -> list[Sighting]:
    """What claims to be this unit, the one heard last first; NotHeard when nothing does."""
    found = [sighting for sighting in await bench.radio.scan(seconds, (serial,)) if sighting.serial == serial]
    if not found:
        raise NotHeard(serial)
    return found[:PRETENDERS_MAX]


@asynccontextmanager
async def reach(bench: Bench, serial: str, credential: Credential) -> AsyncIterator[Session]:
    """An open session with this unit. NotHeard, LinkLost, Refused, Untrue."""
    async with AsyncExitStack() as stack:
        yield await _open(stack, bench, serial, credential)


async def _open(stack: AsyncExitStack, bench: Bench, serial: str, credential: Credential) -> Session:
    """The session with whoever proves to be this unit; `stack` keeps it open. A unit that heard a wrong secret just
    before (ours, perhaps, of a step that it never took) is waited for."""
    for _ in range(WAITS_MAX):
        try:
            return await _try(stack, bench, serial, credential)
        except Refused as refused:
            if refused.reason != wire.WAIT or refused.detail > WAIT_MAX_S:
                raise
            wait_s = max(1, refused.detail)
        await asyncio.sleep(wait_s)
    return await _try(stack, bench, serial, credential)


async def _try(stack: AsyncExitStack, bench: Bench, serial: str, credential: Credential) -> Session:
    """The same, without waiting: each of those that claim to be the unit has its turn."""
    failures: list[ToolError] = []
    for sighting in await find(bench, serial):
        async with AsyncExitStack() as attempt:
            try:
                link = await attempt.enter_async_context(bench.radio.connect(sighting))
                session = await attempt.enter_async_context(Session.open(link, credential, bench.entropy))
                if session.serial != serial:
                    raise Untrue(f"it is {session.serial}, and claimed in the open to be {serial}")
            except (LinkLost, Refused, Untrue) as error:
                failures.append(error)
                continue
            stack.push_async_exit(attempt.pop_all())
            return session
    # What a unit said tells more than that another, perhaps its own former address, did not answer.
    raise next((failure for failure in failures if isinstance(failure, Refused)), failures[-1])


@asynccontextmanager
async def admin(bench: Bench, serial: str) -> AsyncIterator[Session]:
    """An admin's session. When the block is through, the unit's admin key moves on, and the vault with it."""
    vault = bench.vault
    with vault.locked():
        async with AsyncExitStack() as stack:
            session = await _open_admin(stack, bench, serial)
            yield session
            # On disk before the unit hears of it: whichever of the two keys it then has, we have, too.
            key = session.next_admin_key
            vault.offer(serial, key)
            vault.moved(serial, await session.ratchet(), key)
            await session.end()


async def _open_admin(stack: AsyncExitStack, bench: Bench, serial: str) -> Session:
    credentials = bench.vault.admins(serial, bench.person)
    for credential in credentials:
        try:
            session = await _open(stack, bench, serial, credential)
        except Refused as refused:
            if credential is credentials[-1] or refused.reason not in (wire.NO_CREDENTIAL, wire.BAD_PROOF):
                raise
            continue
        _took(bench.vault, serial, credential)
        return session
    raise AssertionError("the last credential opens a session or raises")


def _took(vault: Vault, serial: str, credential: Admin) -> None:
    """The unit accepted this step: if it was only offered so far, the vault now knows better."""
    if credential.step != vault.unit(serial).admin.step:
        vault.moved(serial, credential.step, credential.key)


async def bring_up_to_date(session: Session, vault: Vault, serial: str) -> bool:
    """Let the unit of this admin's session hold what the vault says, which then knows that it does; whether that
    changed anything."""
    status = await session.status()
    wanted = vault.settings_for(serial, status.revision)
    changed: bool = unit_settings.digest(wanted) != status.digest
    if changed:
        wanted = wanted._replace(revision=status.revision + 1)
        vault.give(serial, wanted, status.digest)
        await session.prepare(wanted)
        await session.commit(wanted)
    vault.confirm(serial, wanted)
    return changed


async def patiently(
    work: Callable[[], Awaitable[T]], seconds: float, also: Callable[[Exception], bool] = lambda _: False
) -> T:
    """Do `work`, which may be repeated, until it succeeds or `seconds` have passed. `also`: failures to wait for
    beside lost links, such as those of a unit that has not started anew yet."""
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    while True:
        try:
            return await work()
        except (LinkLost, Refused) as error:
            if loop.time() >= until or not (isinstance(error, LinkLost) or also(error)):
                raise
        await asyncio.sleep(PAUSE_S)
