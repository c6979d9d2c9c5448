"""A unit's signing key: let the unit make one, wait for it, keep and publish its public half.

Making it takes a unit seconds to minutes, of which it loses nothing to a cut, a weapon in use, or a host that leaves.
The vault notes that it asked before the unit hears of it: so it knows its own keys from somebody else's.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from interlock.core import signer, wire
from interlock.core.notary import KEY_STATE_NAMES
from interlock.core.wire import Key

from ..bench import Bench
from ..inbox import LinkLost
from ..outcome import Exit, ToolError
from ..refused import Refused
from ..session import Session
from .checkpoint import is_low
from .reach import reach

NONE = "none"
DEFAULT = "h10"
PARAMS = {name: code for code, name in signer.PARAMS_NAMES.items()}
CHOICES = (*PARAMS, NONE)

ENTROPY_BYTES = 32
POLL_S = 2.0
PAUSE_S = 5.0  # after a lost link
PATIENCE_S = 300.0  # without hearing of it: the weapon may be in use meanwhile


@dataclass(frozen=True)
class SigningKey:
    """`state`: none, being made, ready or used up; `params`: h10, h5, h5/h5, None without a key; `done` of `total`:
    parts of it that are made; `index`: the next; `remaining`: signatures left; `public`: its public half, in hex."""

    state: str
    params: str | None
    done: int
    total: int
    index: int
    remaining: int
    public: str | None

    @property
    def is_being_made(self) -> bool:
        return self.state == KEY_STATE_NAMES[signer.GENERATING]


@dataclass(frozen=True)
class Making:
    """A key on its way. `eta_s`: None until that means something."""

    serial: str
    done: int
    total: int
    eta_s: float | None


def told(key: Key) -> SigningKey:
    """What the unit says, for people."""
    state = KEY_STATE_NAMES.get(key.state, f"state {key.state}")
    params = signer.PARAMS_NAMES.get(key.params)
    return SigningKey(state, params, key.done, key.total, key.index, key.remaining, key.public.hex() or None)


async def look(session: Session, bench: Bench, serial: str) -> Key:
    """How the key is; its public half is in the vault when this returns, if the vault asked for it."""
    key = await session.key()
    if key.public:
        bench.vault.learn_key(serial, key.public)
    return key


async def make(session: Session, bench: Bench, serial: str, signing: str | None) -> Key:
    """In an admin's session: let the unit begin to make a key, if it should have another one. `signing`: one of
    CHOICES; None: whatever it has, else the default."""
    key = await look(session, bench, serial)
    if signing == NONE or not _is_due(key, signing):
        return key
    bench.vault.expect_key(serial)
    return await session.make_key(PARAMS[signing or DEFAULT], bench.entropy(ENTROPY_BYTES))


def _is_due(key: Key, signing: str | None) -> bool:
    if key.state == signer.GENERATING:
        return False  # another one has to wait: a set-up shall not
    is_other = signing is not None and key.params != PARAMS[signing]
    return key.state != signer.READY or is_other or is_low(key.index, key.remaining)


async def wait(bench: Bench, serial: str, report: Callable[[Making], None] = lambda _: None) -> SigningKey:
    """Until the key is made and its public half in the vault. LinkLost when the unit is not heard of for long."""
    loop = asyncio.get_running_loop()
    heard_s = began_s = loop.time()
    first: int | None = None
    while True:
        try:
            credential = bench.vault.technician(serial, bench.person, bench.utc_ms())
            async with reach(bench, serial, credential) as session:
                while True:
                    key = await look(session, bench, serial)
                    heard_s = loop.time()
                    if key.state != signer.GENERATING:
                        await session.end()
                        return told(key)
                    if first is None:
                        first, began_s = key.done, heard_s
                    report(Making(serial, key.done, key.total, _eta_s(key, first, heard_s - began_s)))
                    await asyncio.sleep(POLL_S)
        except (LinkLost, Refused) as error:
            if not _is_passing(error):
                raise
            if loop.time() - heard_s > PATIENCE_S:
                raise ToolError(
                    f"{error}; its key was being made then",
                    "It goes on with that by itself. Run interlock provision or interlock sync with the unit in its "
                    "dock later: that fetches the public key.",
                    Exit.DEVICE,
                ) from error
        await asyncio.sleep(PAUSE_S)


def _eta_s(key: Key, first: int, elapsed_s: float) -> float | None:
    return None if key.done == first else (key.total - key.done) * elapsed_s / (key.done - first)


def _is_passing(error: Exception) -> bool:
    return not isinstance(error, Refused) or error.reason in (wire.FIRED, wire.IDLE, wire.CLOSED, wire.BAD_SEAL)
