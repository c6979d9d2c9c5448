"""Pull journals: what is new, chunk by chunk, each on disk before the unit may send more.

Killed at any point and run again, the store ends as if nothing had happened: it knows what it has, and takes nothing
twice. A link that is lost is made anew a bounded number of times. What does not fit what was pulled before (a journal
rolled back or rewritten) is a finding: all that the unit holds is fetched and kept beside, nothing is overwritten. When
all is here, the unit is asked to sign it (`checkpoint.py`), and what that added to its journal is pulled as well.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from interlock.core import wire
from interlock.core.layout import UNKNOWN, chain_start

from ..bench import Bench
from ..inbox import LinkLost
from ..outcome import ToolError
from ..refused import Refused
from ..session import CREDIT, Session
from ..stream import Chunk, Pull
from .checkpoint import Asking, Checkpointed
from .reach import NotHeard, admin, reach

GRANT_CHUNKS = 6  # a grant is a write with an answer: a few chunks share one
GRANT_S = 5.0
FAILURES_MAX = 4  # in a row, without a single new record
LINKS_MAX = 20  # of one pull, all in all
OVERTAKEN_MAX = 8
PAUSE_S = 1.0  # after a lost link; doubled while nothing new comes


@dataclass(frozen=True)
class Progress:
    """Of one unit's pull. `rate_bytes_s` and `eta_s`: None until they mean something."""

    serial: str
    records: int
    total: int
    bytes: int
    rate_bytes_s: float | None
    eta_s: float | None


@dataclass(frozen=True)
class Finding:
    """Something that an auditor must know. `kind`: of the journal rolled_back, rewritten, altered, conflict,
    overwritten, unreadable; of checkpoints unknown_key, key_rolled_back, key_copied, bad_signature, contradicted."""

    serial: str
    kind: str
    text: str


@dataclass(frozen=True)
class Pulled:
    """One unit's pull. `new`, `known`: records that came and were not, or were, in the store; `following`: sequence
    after the unit's last record, or None: never heard; `links`: connections it took; `checkpoint`: how that went, or
    None: not asked for, or it did not come to that; `failure`: why the pull is not complete, or None; `advice`: what
    to do about that."""

    serial: str
    name: str
    new: int
    known: int
    following: int | None
    bytes: int
    seconds: float
    links: int
    findings: tuple[Finding, ...]
    checkpoint: Checkpointed | None = None
    failure: str | None = None
    advice: str | None = None


Report = Callable[[Progress], None]
First = Callable[[Session], Awaitable[None]]


async def pull(
    bench: Bench,
    serials: list[str],
    report: Report = lambda _: None,
    *,
    checkpoint: bool = True,
    as_admin: bool = False,
) -> tuple[Pulled, ...]:
    """Pull from each of these units in turn; one that fails does not keep the others from being pulled."""
    return tuple([await pull_unit(bench, s, report, checkpoint=checkpoint, as_admin=as_admin) for s in serials])


async def pull_unit(
    bench: Bench,
    serial: str,
    report: Report = lambda _: None,
    *,
    checkpoint: bool = True,
    as_admin: bool = False,
) -> Pulled:
    """Pull from one unit. Failures of unit and radio are in the result; whatever came before is safe. `checkpoint`:
    whether the unit is asked for one in the end; `as_admin`: with the rights of one, which gives it at any time."""
    return (await pull_and_why(bench, serial, report, checkpoint=checkpoint, as_admin=as_admin))[0]


async def pull_and_why(
    bench: Bench,
    serial: str,
    report: Report = lambda _: None,
    *,
    checkpoint: bool = True,
    as_admin: bool = False,
    first: First | None = None,
) -> tuple[Pulled, ToolError | None]:
    """The same, with the error that its failure is. `first`: what else is to be done in the unit's session, before the
    journal comes: repeated until it went through once."""
    if as_admin:
        bench.vault.check_own(
            "authority to have checkpoints signed at any time",
            "Have it done on the computer with the force's vault. interlock pull asks for one a day.",
        )
    number, role, name = bench.vault.name(serial)
    bench.store.learn_unit(serial, number, role, name)
    work = _Work(bench, serial, report, as_admin, first)
    work.asking = Asking(bench, serial, work.find) if checkpoint else None
    failure: ToolError | None = None
    try:
        failure = await work.until_done()
    finally:
        work.note_custody(failure)
    pulled = Pulled(
        serial,
        name,
        work.new,
        work.known,
        work.following,
        work.bytes,
        round(work.loop.time() - work.began_s, 3),
        work.links,
        tuple(work.findings.values()),
        None if work.asking is None else work.asking.done,
        None if failure is None else str(failure),
        None if failure is None else failure.advice,
    )
    return pulled, failure


@dataclass
class _Work:
    """One unit's pull while it goes on."""

    bench: Bench
    serial: str
    report: Report
    as_admin: bool
    first: First | None = None
    asking: Asking | None = None
    new: int = 0
    known: int = 0
    bytes: int = 0
    links: int = 0
    following: int | None = None
    is_done: bool = False
    findings: dict[str, Finding] = field(default_factory=dict)
    total: int = 0
    link_began_s: float = 0.0
    link_bytes: int = 0
    link_records: int = 0

    def __post_init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.began_s = self.loop.time()

    async def until_done(self) -> ToolError | None:
        """Link after link; None when all is here, else what stood in the way. A checkpoint that cannot be had keeps
        nothing from being here."""
        failures = 0
        cause: ToolError | None = None
        while True:
            before = self.new
            try:
                await self._one_link()
                return None
            except (LinkLost, Refused) as error:
                failures = 1 if self.new > before else failures + 1
                if cause is None or not isinstance(error, NotHeard):
                    cause = error  # why a unit left says more than that it is away
                if not _is_passing(error) or failures > FAILURES_MAX or self.links >= LINKS_MAX:
                    return None if self.is_done else cause
                await asyncio.sleep(PAUSE_S * 2 ** (failures - 1))
            except ToolError as error:
                return error

    async def _one_link(self) -> None:
        async with self._session() as session:
            self.links += 1
            if self.first is not None:
                await self.first(session)
                self.first = None
            self.link_began_s, self.link_bytes, self.link_records = self.loop.time(), 0, 0
            await self._all_from(session, await self._begin(session))
            if self.asking is not None and await self.asking.ask(session):
                await self._all_from(session, await self._begin(session))
                await self.asking.fetch(session)

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[Session]:
        bench = self.bench
        if self.as_admin:
            async with admin(bench, self.serial) as session:
                yield session
            return
        credential = bench.vault.technician(self.serial, bench.person, bench.utc_ms())
        async with reach(bench, self.serial, credential) as session:
            yield session
            await session.end()

    async def _all_from(self, session: Session, pulled: Pull) -> None:
        """Let all come of what `_begin` found; afterwards the store has the whole journal."""
        self.total = self.new + self.known + pulled.following - pulled.first
        pulled = await self._all_of(session, pulled)
        if pulled.is_broken:
            self.find("altered", "the records that it holds do not lead to the end of the hash chain that it states")
        self.following = pulled.following
        if pulled.next == pulled.following:
            self.bench.store.note_head(self.serial, pulled.following, pulled.end, utc_ms=self.bench.utc_ms())
        self.is_done = True

    # Where to begin.

    async def _begin(self, session: Session) -> Pull:
        """The PULL to go through with, nothing granted yet: what the unit holds is compared with the store first."""
        going = self.bench.store.going_on(self.serial)
        pulled = await session.pull(going.next_sequence, 0)
        if not self.is_done:
            self.following = pulled.following
        if pulled.following < going.next_sequence:
            self.find(
                "rolled_back",
                f"the unit's journal ends before record {pulled.following}; pulled were {going.next_sequence}",
            )
            return await session.pull(0, 0)
        if pulled.first == going.next_sequence and _differ(going.chain, pulled.chain):
            self.find("rewritten", f"what the unit holds before record {pulled.first} is not what was pulled before")
            return await session.pull(0, 0)
        if pulled.first > going.next_sequence and going.next_sequence:
            await self._miss(session, going.next_sequence, pulled.first)
        if pulled.first == 0 and pulled.chain != chain_start(session.serial_raw):
            self.find("altered", "the unit's hash chain does not begin as its serial says")
        return pulled

    # Chunk by chunk.

    async def _all_of(self, session: Session, pulled: Pull) -> Pull:
        """Store all that comes; the PULL that came to its end (the ring may have overtaken the first, or holes in the
        flash may have ended it)."""
        await pulled.grant(CREDIT)
        overtaken = 0
        owed, granted_s = 0, self.loop.time()
        while True:
            chunks = await pulled.chunks()
            if chunks:
                self._keep(chunks)
                owed += len(chunks)
                if owed >= GRANT_CHUNKS or self.loop.time() - granted_s > GRANT_S:
                    await pulled.grant(owed)
                    owed, granted_s = 0, self.loop.time()
            elif not pulled.broke_off:
                return pulled
            else:
                again = await session.pull(pulled.next, 0)
                if again.first == pulled.next == pulled.first:
                    # Nothing came at all: what the unit wrote last cannot be read any more.
                    self._unreadable(again.first, again.following)
                    return again
                overtaken += await self._after_break(session, pulled, again)
                if overtaken > OVERTAKEN_MAX:
                    raise LinkLost("the unit writes faster than this link carries")
                pulled = again
                await pulled.grant(CREDIT)
                owed, granted_s = 0, self.loop.time()

    async def _after_break(self, session: Session, before: Pull, again: Pull) -> bool:
        """Look at where a stream that broke off goes on; whether the ring has overtaken it."""
        self.total = self.new + self.known + again.following - again.first
        if again.first > before.next:
            return await self._miss(session, before.next, again.first)
        if _differ(before.head, again.chain):
            self.find("rewritten", f"the unit changed what it holds before record {again.first} during the pull")
        return False

    async def _miss(self, session: Session, first: int, kept: int) -> bool:
        """Tell that records `first` to `kept` - 1 are not there any more, and why; whether some were overwritten."""
        oldest = min(max(int((await session.status()).first), first), kept)
        if first < oldest:
            self.find(
                "overwritten",
                f"records {first} to {oldest - 1} were overwritten by newer ones before anybody pulled them",
            )
        if oldest < kept:
            self._unreadable(oldest, kept)
        return first < oldest

    def _unreadable(self, first: int, kept: int) -> None:
        self.find(
            f"unreadable {first}", f"records {first} to {kept - 1} cannot be read any more: the flash is at fault"
        )

    def _keep(self, chunks: tuple[Chunk, ...]) -> None:
        """On disk when this returns."""
        bench, first = self.bench, chunks[0]
        raws = [raw for chunk in chunks for raw in chunk.raws]
        begins = (self.serial, first.first, first.chain, raws)
        added = bench.store.add(*begins, epoch=first.epoch, by=bench.person, utc_ms=bench.utc_ms())
        size = sum(map(len, raws))
        self.new += added.new
        self.known += len(raws) - added.new
        self.bytes += size
        self.link_bytes += size
        self.link_records += len(raws)
        if added.conflicts:
            self.find("conflict", "the unit holds other records than were pulled before under the same numbers")
        self.report(self._progress())

    def _progress(self) -> Progress:
        records, elapsed_s = self.new + self.known, self.loop.time() - self.link_began_s
        if elapsed_s <= 0 or not self.link_bytes:
            return Progress(self.serial, records, self.total, self.bytes, None, None)
        left_s = max(0, self.total - records) * elapsed_s / self.link_records
        return Progress(self.serial, records, self.total, self.bytes, self.link_bytes / elapsed_s, left_s)

    # What is to be told.

    def find(self, kind: str, text: str) -> None:
        """One of a kind; a kind may have a place behind it, where there are several."""
        self.findings.setdefault(kind, Finding(self.serial, kind.split()[0], text))

    def note_custody(self, failure: ToolError | None) -> None:
        """Who pulled what, also when it broke off."""
        bench = self.bench
        what = "pulled" if self.is_done else "pull broken off"
        detail = f"{self.new} new, {self.known} known"
        detail += f", up to {self.following}" if self.is_done else ""
        detail += f": {failure}" if failure is not None else ""
        kinds = ", ".join(dict.fromkeys(finding.kind for finding in self.findings.values()))
        bench.store.custody(self.serial, bench.person, what, detail + (f"; {kinds}" if kinds else ""), bench.utc_ms())


def _is_passing(error: Exception) -> bool:
    """Whether the same may well succeed in a moment."""
    if isinstance(error, Refused):
        return error.reason in (wire.FIRED, wire.IDLE, wire.CLOSED, wire.LINK_LOST, wire.BAD_ORDER, wire.BAD_SEAL)
    return True


def _differ(known: bytes | None, stated: bytes) -> bool:
    """Whether two chain values contradict each other: not where one is not known."""
    return known not in (None, UNKNOWN, stated) and stated != UNKNOWN
