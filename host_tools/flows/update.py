"""Give a unit another release over the air, and stay until it is confirmed or has fallen back.

The unit keeps what it has got (`interlock/update.py`): after a lost link, a program that was stopped, a power cut it
goes on from there. Nothing is switched before all of it was checked on the unit.
"""

import asyncio
import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from interlock import boards
from interlock.core import updating, wire
from interlock.core.updating import Progress, State

from ..bench import Bench
from ..inbox import LinkLost
from ..outcome import Exit, ToolError
from ..refused import Refused
from ..release_file import Release, Version, fingerprint, text
from ..session import Session
from .reach import AFTER_RESET_S, admin

POLL_S = 0.5
PATIENCE_S = 60.0  # without a byte of progress
CHECK_S = 120.0  # a unit looks at a signature, and reads back
TRIAL_S = 330.0  # a unit gives a release five minutes
RESTART_S = 4.0

Outcome = Literal["confirmed", "already", "on trial", "fell back"]
Report = Callable[[str, float], None]

ADVICE = {
    updating.WRONG_BOARD: "Use the file that was made for its board: interlock release --board BOARD.",
    updating.BELOW_FLOOR: "Use a newer release: what it confirmed before forbids to go back further.",
    updating.BAD_SIGNATURE: "It takes releases of the key only that it was flashed with. Somebody who sends others is "
    "no friend: look where this file comes from.",
    updating.NO_KEY: "It was flashed without a release key: put one on by cable, interlock flash.",
    updating.UNSIGNED: "Sign it: interlock release.",
    updating.WRONG_MPY: "Its MicroPython is not the one that the file was made for: interlock flash puts both on.",
    updating.OLD_MICROPYTHON: "Put a newer MicroPython on by cable first: interlock flash.",
    updating.ALTERED: "Its flash did not keep what was sent. Try once more; if it happens again, it is worn.",
    updating.NO_ROOM: "A board with little flash has room for one release only: update it by cable, interlock flash. "
    "Another board's file system is full of something else: that puts it in order, too.",
    updating.FILES_FAILED: "Try once more; if it happens again, its flash is worn, or its file system is damaged: "
    "interlock flash.",
    updating.ON_TRIAL: "Leave it in its dock for five minutes: the release that it runs is confirmed by then, or given "
    "up. Then run the command again.",
    updating.OLD_LOADER: "No update changes its loader: interlock flash does, by cable, and the journal stays.",
    updating.NO_MEMORY: "Let it start anew (dock it, interlock status shows how long it runs), and try again.",
}


@dataclass(frozen=True)
class Updated:
    """`was`: the version it ran before; `sent`: bytes that this command sent; `went_on_from`: those that were there
    already; `seconds`: that sending took; `running`: the version that it runs now."""

    serial: str
    name: str
    outcome: Outcome
    version: Version
    was: Version
    running: Version
    sent: int
    went_on_from: int
    seconds: float


def quietly(_: str, __: float) -> None:
    """Nobody watches."""


def choose(releases: list[Release], board: str, serial: str) -> Release:
    """The one that is for this board; ToolError when there is none, or several."""
    fitting = [release for release in releases if release.board == board]
    if len(fitting) == 1:
        return fitting[0]
    names = ", ".join(sorted({release.board for release in releases}))
    if not fitting:
        raise ToolError(f"{serial} is a board {board}; the releases are for {names}", ADVICE[updating.WRONG_BOARD])
    raise ToolError(f"{len(fitting)} of the releases are for {serial}'s board {board}", "Name one of them.")


class Update:
    """One unit's update. `public`: the key that signed the releases; `older`: a version below the one that runs is
    meant; `report`: told what goes on, and how many bytes are through."""

    def __init__(
        self,
        bench: Bench,
        serial: str,
        releases: list[Release],
        public: bytes,
        older: bool = False,
        report: Report = quietly,
    ) -> None:
        self._bench = bench
        self._serial = serial
        self._releases = releases
        self._public = public
        self._older = older
        self._report = report
        self._release: Release | None = None
        self._was: Version | None = None
        self._taken = 0
        self._sent = 0
        self._from: int | None = None
        self._began_s = self._ended_s = self._grew_s = asyncio.get_running_loop().time()

    async def go(self) -> Updated:
        """Bring it there. ToolError when the unit refuses, LinkLost when it is out of reach for long."""
        bench, serial = self._bench, self._serial
        bench.vault.check_own("authority over what units run")
        bench.vault.check_in_service(serial)
        if await self._patiently():
            return self._done("already")
        outcome = await self._trial()
        done = self._done(outcome)
        said = f"{text(done.was)} to {text(done.version)}: {outcome}"
        bench.store.custody(serial, bench.person, "update", said, bench.utc_ms())
        return done

    def _done(self, outcome: Outcome) -> Updated:
        assert self._release is not None and self._was is not None
        version = self._release.version
        running = self._was if outcome == "fell back" else version
        name = self._bench.vault.name(self._serial)[2]
        seconds = round(self._ended_s - self._began_s, 3)
        figures = (self._sent, self._from or 0, seconds)
        return Updated(self._serial, name, outcome, version, self._was, running, *figures)

    # Until it is switched.

    async def _patiently(self) -> bool:
        """Send and switch, over as many links as it takes; whether it runs there already."""
        loop = asyncio.get_running_loop()
        self._grew_s = loop.time()
        while True:
            try:
                async with admin(self._bench, self._serial) as session:
                    return await self._visit(session)
            except (LinkLost, Refused) as error:
                lost = isinstance(error, LinkLost) or error.reason in (wire.FIRED, wire.CLOSED, wire.IDLE, wire.WAIT)
                if not lost or loop.time() - self._grew_s > PATIENCE_S:
                    raise
            self._report("reaching it again", self._taken)
            await asyncio.sleep(1.0)

    async def _visit(self, session: Session) -> bool:
        state = await self._look(session)
        if state.flags & updating.FLAG_TRIAL and version_of(state) == self._chosen.version:
            return False  # a command before this one came as far as that
        progress = await session.update_begin(len(self._chosen.data), self._chosen.digest)
        if progress.phase == updating.RUNNING:
            return True
        if self._from is None:
            self._from = progress.taken
            self._began_s = asyncio.get_running_loop().time()
        await self._send(session, progress)
        await session.update_switch(self._chosen.digest)
        self._ended_s = asyncio.get_running_loop().time()
        return False

    @property
    def _chosen(self) -> Release:
        assert self._release is not None
        return self._release

    async def _look(self, session: Session) -> State:
        """What the unit runs; ToolError when no release is for it, before a byte is sent."""
        try:
            state = await session.update_state()
        except Refused as refused:
            if refused.reason == wire.NOT_ALLOWED:
                raise ToolError(
                    f"{self._serial} has no slots for releases: its firmware is a frozen or a development one",
                    "Put it on by cable: interlock flash.",
                    Exit.DEVICE,
                ) from None
            raise
        release = self._release = choose(self._releases, state.board, self._serial)
        running = version_of(state)
        if self._was is None:
            self._was = running
            if not is_power_proof(state.board):
                self._report("its flash does not survive a power cut while it is written: leave it in its dock", 0)
        if state.key != fingerprint(self._public):
            raise refusal(self._serial, updating.BAD_SIGNATURE if any(state.key) else updating.NO_KEY)
        if release.version < state.floor:
            raise refusal(self._serial, updating.BELOW_FLOOR, f" ({text(state.floor)})")
        if release.version < running and not self._older:
            raise ToolError(
                f"{self._serial} runs {text(running)}, which is newer than {text(release.version)}",
                "If you mean to go back, say --older.",
            )
        return state

    async def _send(self, session: Session, progress: Progress) -> None:
        """Send what it awaits until it is ready."""
        loop = asyncio.get_running_loop()
        data = self._chosen.data
        quiet_s = loop.time()
        while progress.phase != updating.READY:
            if progress.phase == updating.REFUSED:
                raise refusal(self._serial, progress.finding)
            if progress.phase in (updating.HEAD, updating.RECEIVING):
                at = progress.taken
                if at >= len(data):
                    raise ToolError(
                        f"{self._serial} awaits more than there is of the release", "Report this.", Exit.DEVICE
                    )
                piece = data[at : at + updating.DATA_BYTES]
                progress = await session.update_data(at, piece)
                if progress.taken > at:
                    self._sent += progress.taken - at
                    self._taken, self._grew_s = progress.taken, loop.time()
                    quiet_s = self._grew_s
                self._report("sending", progress.taken)
            else:
                self._report(updating.PHASE_NAMES.get(progress.phase, "checking"), progress.taken)
                await asyncio.sleep(POLL_S)
                state = await session.update_state()
                progress = Progress(state.phase, state.finding, state.taken, state.checked)
            if loop.time() - quiet_s > CHECK_S:
                raise ToolError(
                    f"{self._serial} does not get on with the release", "Run the command again.", Exit.DEVICE
                )

    # After it.

    async def _trial(self) -> Outcome:
        """Stay until the release is confirmed or given up."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + TRIAL_S
        heard_s = loop.time()
        await asyncio.sleep(RESTART_S)
        while loop.time() < until_s:
            try:
                async with admin(self._bench, self._serial) as session:
                    while loop.time() < until_s:
                        outcome = self._judge(await session.update_state())
                        if outcome is not None:
                            return outcome
                        heard_s = loop.time()
                        self._report("on trial", len(self._chosen.data))
                        await asyncio.sleep(2 * POLL_S)
            except (LinkLost, Refused):
                self._report("on trial", len(self._chosen.data))
                if loop.time() - heard_s > AFTER_RESET_S + PATIENCE_S:
                    break  # out of the dock, perhaps: it goes on by itself
            await asyncio.sleep(2 * POLL_S)
        return "on trial"

    def _judge(self, state: State) -> Outcome | None:
        if state.phase == updating.SWITCHED:
            return None  # it has not started anew yet
        if version_of(state) != self._chosen.version:
            return "fell back"
        return None if state.flags & updating.FLAG_TRIAL else "confirmed"


def is_power_proof(board: str) -> bool:
    """Whether a power cut while a file is written leaves this board's other files whole; True for one not known."""
    if not board.isidentifier():
        return True
    try:
        found = importlib.import_module(f"{boards.__name__}.{board}")
    except ImportError:
        return True
    return bool(getattr(getattr(found, "BOARD", None), "power_proof", True))


def version_of(state: State) -> Version:
    """The version that runs."""
    return tuple(state.version_b if state.slot else state.version_a)


def refusal(serial: str, finding: int, more: str = "") -> ToolError:
    """The error that tells of a unit's finding."""
    said = updating.FINDING_NAMES.get(finding, f"finding {finding}, of newer firmware")
    return ToolError(f"{serial} refuses the release: {said}{more}", ADVICE.get(finding, "Report this."), Exit.DEVICE)
