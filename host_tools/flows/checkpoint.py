"""A checkpoint: the unit signs the end of its journal under a one-time index, the host checks and keeps what it signed.

A lost link costs no second index: what the unit signed for it is fetched by the next one, whoever's that is. All
signatures that come are kept, unsound ones too, since they are evidence.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

from interlock.core import checkpoint, lms, wire
from interlock.core.wire import Key

from ..bench import Bench
from ..refused import ADVICE, Refused, Untrue
from ..session import Session

POLL_S = 0.5
SIGNING_S = 60.0  # some hundred hashes; some boards, and another tree to be made, take longer
LOW_SHARE = 0.1

Outcome = Literal["signed", "no_key", "too_soon", "busy", "exhausted", "refused", "pending"]
_OUTCOMES: dict[int, Outcome] = {
    wire.NO_SIGNING_KEY: "no_key",
    wire.TOO_SOON: "too_soon",
    wire.BUSY_SIGNING: "busy",
    wire.EXHAUSTED: "exhausted",
    wire.ROLLED_BACK: "refused",
    wire.FLASH_FAILED: "refused",
}


@dataclass(frozen=True)
class Checkpointed:
    """How it went. `signed`: here, with `index` and the sequence `following` of the first record that it does not
    cover; `refused`: see the findings, or `advice`; `pending`: the unit took an index and will hand the signature to
    whoever comes next. `remaining`: signatures that its key has left, None when that is not known."""

    outcome: Outcome
    index: int | None = None
    following: int | None = None
    remaining: int | None = None
    advice: str | None = None


class _Signed(NamedTuple):
    """What the unit hands out: the message, as it says it and as bytes, and the signature."""

    said: checkpoint.Checkpoint
    message: bytes
    signature: bytes


class Asking:
    """One command's question to one unit, over as many links as it takes. `find`: told (kind, text) of what an auditor
    must know; `done`: how it went, as far as that is known."""

    def __init__(self, bench: Bench, serial: str, find: Callable[[str, str], None]) -> None:
        self.done: Checkpointed | None = None
        self._bench = bench
        self._serial = serial
        self._find = find
        self._nonce = bench.entropy(wire.NONCE_BYTES)

    async def ask(self, session: Session) -> bool:
        """Let the unit take an index, unless it did for this very question before; whether its journal grew by that.

        All of the journal must be in the store. LinkLost, Refused: to be asked again on another link."""
        key = await session.key()
        if not key.public:
            advice = None if not key.total else f"{key.done} of {key.total} parts of its key are made."
            self.done = Checkpointed("no_key" if not key.total else "busy", advice=advice)
            return False
        if not self._bench.vault.learn_key(self._serial, key.public):
            self._find(
                "unknown_key",
                "it signs with a key that this vault never asked for: one of another vault, or made since these "
                "credentials were",
            )
        await self._collect(session, key)
        if self.done is not None and self.done.outcome == "signed":
            return False
        try:
            index, remaining = await session.checkpoint(
                self._bench.store.last_index(self._serial, key.public), self._nonce
            )
        except Refused as refused:
            if refused.reason not in _OUTCOMES:
                raise
            self._refused(refused, key)
            return False
        self.done = Checkpointed("pending", index, remaining=remaining)
        return True

    def _refused(self, refused: Refused, key: Key) -> None:
        outcome = _OUTCOMES[refused.reason]
        if refused.reason == wire.ROLLED_BACK:
            self._find(
                "key_rolled_back",
                f"its signing key is at index {key.index}, and signatures up to a higher one were seen: an old image "
                f"of its flash was put back, or it was copied",
            )
        advice = None if outcome == "too_soon" else ADVICE[refused.reason]
        self.done = Checkpointed(outcome, remaining=key.remaining, advice=advice)

    async def fetch(self, session: Session) -> None:
        """Wait for the signature, check it and keep it. The journal that it covers must be in the store."""
        key = await session.key()
        await self._collect(session, key)

    async def _collect(self, session: Session, key: Key) -> None:
        """Keep the newest thing that the unit signed, if it is not here."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + SIGNING_S
        try:
            while not (signed := await self._newest(session)):
                if loop.time() >= until_s:
                    return
                await asyncio.sleep(POLL_S)
        except Refused as refused:
            if refused.reason != wire.NOT_PREPARED:
                raise
            return
        is_good = self._keep(session, signed, key.public)
        said = signed.said
        if said.nonce == self._nonce:
            remaining = key.remaining
            if is_good:
                self.done = Checkpointed("signed", said.index, said.following, remaining, _advice(key))
            else:
                self.done = Checkpointed("refused", said.index, None, remaining, "Keep the unit, and report this.")

    async def _newest(self, session: Session) -> _Signed | None:
        """What the unit signed last; None while it still computes. Untrue when that is no checkpoint."""
        total, data = await session.signed()
        if not total:
            return None
        while len(data) < total:
            again, more = await session.signed(len(data))
            if again != total:
                raise Untrue("what it signed changes while it is read")
            data += more
        message, signature = data[: checkpoint.MESSAGE_BYTES], data[checkpoint.MESSAGE_BYTES :]
        said = checkpoint.unpack(message)
        if said is None:
            raise Untrue("what it signed is no checkpoint")
        return _Signed(said, message, signature)

    def _keep(self, session: Session, signed: _Signed, public: bytes) -> bool:
        """In the store when this returns; whether it is what it should be."""
        bench, said = self._bench, signed.said
        is_only = bench.store.add_checkpoint(
            self._serial, said.index, signed.message, signed.signature, public, by=bench.person, utc_ms=bench.utc_ms()
        )
        is_good = lms.verify(public, signed.message, signed.signature) and said.serial == session.serial_raw
        ends = bench.store.ends_at(self._serial, said.following)
        if not is_good:
            self._find("bad_signature", f"the signature of checkpoint {said.index} is not good")
        elif ends and said.chain not in ends:
            self._find("contradicted", f"checkpoint {said.index} signs another journal than the one that was pulled")
        if not is_only:
            self._find("key_copied", f"two messages were signed under index {said.index}: the unit's key was copied")
        return is_good


def is_low(index: int, remaining: int) -> bool:
    """Whether a key with so many indices taken and left should be followed by another one soon."""
    return remaining < LOW_SHARE * (index + remaining)


def _advice(key: Key) -> str | None:
    if not is_low(key.index, key.remaining):
        return None
    return "Let it make a new key soon, with the force's vault: interlock provision LABEL --signing h10."
