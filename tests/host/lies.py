"""A small force that tells the truth, in a store and a vault, for lies to be planted in: `test_planted_lies.py`.

Its units really seal, sign and hear each other (`sealed_world.py`), on clocks of one world. Two officers: H1 with C1,
H2 with C2. Four uses: H1's first, which C1 records from the draw on; H1's second, which nobody records: the one that a
liar wants away; H2's, which C2 records; and H1's last, behind the last signature, which nobody records, either.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from host_tools.store.store import Store
from host_tools.vault import people
from host_tools.vault.entries import COMMITTED, AdminKey, PairEntry, UnitEntry
from host_tools.vault.vault import Vault
from host_tools.vouched import Vouched
from interlock.core import camera, checkpoint, frames, records
from interlock.core.crypto import Hmac
from interlock.core.layout import HEAD_BYTES, Record, encode
from interlock.core.seal import OpenSeal
from interlock.core.settings import DEFAULT_POLICY, ROLE_CAMERA, ROLE_HOLSTER

from .adversary import Pulled, careful, kind_of, payload_of, taken_apart
from .sealed_world import PAIR_KEY, SLOT, Unit
from .signers import ANN, BOB
from .test_verify_command import Desk

BEGAN_MS = 1_760_000_000_000
"""UTC when this world's time is 0: 9 October 2025."""
STEP_MS = 5
"""So long does whatever is journalled take."""
START_MS = 900
"""So long does a recorder take to start."""
BUFFER_S = 30


class World:
    """Time, the same for all."""

    def __init__(self, begins_ms: int) -> None:
        self.ms = begins_ms

    def clock(self, base_ms: int) -> Iterator[int]:
        """Of a unit: what it showed when the world began."""
        while True:
            self.ms += STEP_MS
            yield self.ms + base_ms

    @property
    def utc_ms(self) -> int:
        return BEGAN_MS + self.ms


class Body(Unit):
    """A camera unit with a recorder. `is_on`: the tally."""

    is_on = False
    since_ms = 0

    def answer(self, world: World) -> bytes:
        """Its ack to the newest frame of its weapon."""
        kind = frames.PROVEN if self.is_on else frames.HEARD
        since_ms = world.ms - self.since_ms if self.is_on else 0
        head = self.journal.head[: frames.DIGEST_BYTES]
        self.record(records.ANSWER, self.weapon.number, self.weapon.counter, kind << 4)
        return self.pairs[self.weapon.number].build(
            self.weapon.counter, frames.Ack(kind, 0, since_ms, BUFFER_S, 0, head)
        )

    @property
    def weapon(self) -> Unit:
        return self.partners[0]

    def switch(self, world: World, on: bool) -> None:
        self.is_on, self.since_ms = on, world.ms + STEP_MS
        mode = camera.RECORDING if on else camera.STANDBY
        self.record(records.RECORDER, mode, int(on), 1, 0, BUFFER_S * 10)

    def follows(self, frame: bytes) -> bool:
        """It hears a frame, and journals that; whether of its own weapon."""
        heard = self.receiver.hear(frame, next(self.clock), SLOT)
        assert heard is not None
        digest = heard.body or bytes(frames.DIGEST_BYTES)
        self.record(records.HEARD, heard.sender, heard.counter, heard.kind, (heard.event or 0) << 4, digest)
        self.receiver.tidy()
        return heard.sender == self.weapon.number


class Day:
    """All four units and what they did. `secret`: number of the record of H1's discharge that nobody recorded; `last`:
    that of its last one, which is not signed. `stepped_ms`: by serial, how wrong the host's clock is by which a unit is
    set at noon; `begins_ms`: how much later than the honest day's it all is."""

    def __init__(self, stepped_ms: Mapping[str, int] | None = None, begins_ms: int = 0) -> None:
        self.world, self.stepped_ms = World(begins_ms), stepped_ms or {}
        self.h1, self.c1 = Unit(1, ROLE_HOLSTER, "H1"), Body(2, ROLE_CAMERA, "C1")
        self.h2, self.c2 = Unit(4, ROLE_HOLSTER, "H2"), Body(3, ROLE_CAMERA, "C2")
        self.units = (self.h1, self.c1, self.h2, self.c2)
        for place, unit in enumerate(self.units):
            unit.clock = self.world.clock(60_000 + 500_000 * place)  # type: ignore[assignment]
        for weapon, body in ((self.h1, self.c1), (self.h2, self.c2)):
            weapon.set_up(body)
            body.set_up(weapon)
            body.switch(self.world, False)
        self.sync({})
        self.use(self.h1, self.c1, self.c2)
        self.secret = self.use(self.h1, self.c1, self.c2, is_recorded=False)
        self.use(self.h2, self.c2)
        self.sync(self.stepped_ms)
        for unit in self.units:
            unit.change_key()
            unit.sign()
        self.morning = {serial_of(unit): unit.image() for unit in self.units}
        self.last = self.use(self.h1, self.c1, is_recorded=False)
        self.world.ms += 3_600_000

    def sync(self, stepped_ms: Mapping[str, int]) -> None:
        self.world.ms += 600_000
        for unit in self.units:
            utc_ms = self.world.utc_ms + STEP_MS + stepped_ms.get(serial_of(unit), 0)
            unit.record(records.CLOCK, 2, utc_ms, 20, 0)

    def use(self, weapon: Unit, own: Body, *others: Body, is_recorded: bool = True) -> int:
        """Draw, arm, discharge, return, 2 s apart; the number of the discharge's record."""
        self.world.ms += 900_000
        found = 0
        for event in (frames.DRAW, frames.ARM, frames.DISCHARGE, frames.REHOLSTER):
            self.world.ms += 2000
            number = self._event(weapon, event, own, *others)
            found = number if event == frames.DISCHARGE else found
            if event == frames.DRAW and is_recorded:
                self.world.ms += START_MS
                own.switch(self.world, True)
                weapon._hears(own.answer(self.world))
        self.world.ms += 15_000
        if own.is_on:
            own.switch(self.world, False)
        return found

    def _event(self, weapon: Unit, event: int, own: Body, *others: Body) -> int:
        """It is aired, journalled, and heard by these cameras; its record's number."""
        frame = weapon.frame(event)
        number = weapon.record(records.EVENT, event, 0, weapon.counter, 3, 2, records.AGO_NONE, 0)
        weapon.ear.expect(weapon.counter)
        for body in (own, *others):
            if body.follows(frame):
                weapon._hears(body.answer(self.world))
        return number


@lru_cache(maxsize=1)
def honest() -> Day:
    """The day as it was. Not to be changed: it is shared."""
    return Day()


class Force:
    """The desk at which a day was pulled, with its store and vault."""

    def __init__(self, folder: Path, day: Day | None = None) -> None:
        self.desk, self.day = Desk(folder / "home"), day or honest()

    @property
    def store_place(self) -> Path:
        return self.desk.home / "journals.sqlite"

    def pulled(self, *left_out: str, **instead: bytes) -> "Force":
        """Into the store, but for units left out; `instead`: by serial, another journal file than the unit's."""
        self.desk.home.mkdir(parents=True, exist_ok=True)
        for unit in self.day.units:
            if serial_of(unit) not in left_out:
                self.pull(unit, instead.get(serial_of(unit), unit.file()))
        return self

    def pull(self, unit: Unit, file: bytes) -> None:
        """One unit's journal, as a dock would take it."""
        found, serial, utc_ms = taken_apart(file), serial_of(unit), self.day.world.utc_ms
        store = Store.open(self.store_place)
        store.learn_unit(serial, unit.number, unit.role, f"unit {serial}")
        store.add(serial, 0, found.header.chain, found.raws, epoch=0, by="DOCK1", utc_ms=utc_ms)
        store.note_head(serial, len(found.raws), found.chains[-1], utc_ms=utc_ms)
        for signed in found.signed:
            index = checkpoint.unpack(signed.message).index
            store.add_checkpoint(serial, index, *signed, by="DOCK1", utc_ms=utc_ms)
        store.close()

    def with_vault(self, **changed: Mapping[str, Any]) -> "Force":
        """It knows all units, and two people's keys. `changed`: by serial, fields of its entry that are others."""
        vault = Vault.create(self.desk.home / "vault", "MPS")
        day = self.day
        with vault.locked():
            for unit in day.units:
                vault.save_unit(replace(entry_of(unit), **changed.get(serial_of(unit), {})))
            for weapon, body in ((day.h1, day.c1), (day.h2, day.c2)):
                vault.save_pair(PairEntry(serial_of(weapon), serial_of(body), "committed", PAIR_KEY, None))
        for pen in (ANN, BOB):
            people.vouch(vault, pen.person, people.Voucher(Vouched(pen.public), "PC1", BEGAN_MS))
        return self

    def verified(self, *arguments: object) -> dict[str, dict[str, Any]]:
        """What `interlock verify` says, by serial; its exit code says whether there are findings."""
        done = self.desk.run("verify", *arguments, "--json")
        units = _told(done)
        assert done.exit_code == int(any(unit["findings"] for unit in units)), done.output
        return {unit["serial"]: unit for unit in units}

    def reported(self, *options: object) -> dict[str, Any]:
        """What `interlock report` says; its exit code says whether there are findings."""
        done = self.desk.run("report", "--json", *options)
        report: dict[str, Any] = _told(done)
        assert done.exit_code == int(bool(report["findings"])), done.output
        return report

    def why(self, sequence: int, serial: str = "H1") -> list[dict[str, Any]]:
        """What `interlock why` says of an event, in each version of the journal that tells it."""
        done = self.desk.run("why", f"{serial}:{sequence}", "--json")
        assert done.exit_code == 0, done.output
        found: list[dict[str, Any]] = _told(done)
        return found

    def words(self, *arguments: object) -> str:
        """What people read of a command, in one line."""
        return " ".join(self.desk.run(*arguments).output.split())


def _told(done: Any) -> Any:
    assert done.exit_code in (0, 1), (done.output, done.exception)
    return json.loads(done.stdout)


def serial_of(unit: Unit) -> str:
    return unit.serial.decode().strip()


def entry_of(unit: Unit) -> UnitEntry:
    keys = (unit.seal_key,), (unit.signer.public,)
    return UnitEntry(
        serial_of(unit), unit.serial, COMMITTED, unit.number, unit.role, f"unit {serial_of(unit)}", bytes(32),
        AdminKey(1, bytes(32)), bytes(32), 1, DEFAULT_POLICY, *keys,
    )  # fmt: skip


# What liars do.


def tampered(place: Path, *statements: tuple[str, Sequence[object]]) -> None:
    """Whoever has the database's file can do anything to it: the guards go first."""
    with closing(sqlite3.connect(place)) as database:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f'DROP TRIGGER "{name}"')
        for statement, values in statements:
            assert database.execute(statement, tuple(values)).rowcount > 0, statement
        database.commit()


def as_event(raw: bytes, event: int, flags: int = 0) -> bytes:
    """The record of a weapon's event says that it was another one; its sums are wrong."""
    assert kind_of(raw) == records.EVENT
    said = records.unpack(records.EVENT, payload_of(raw))._replace(event=event, flags=flags)
    return raw[:HEAD_BYTES] + records.pack(records.EVENT, *said) + raw[HEAD_BYTES + len(payload_of(raw)) :]


def forged(unit: Unit, number: int, raw: bytes | None) -> Pulled:
    """The unit's journal with another record under this number (None: without it), and all made to fit that needs no
    key: it knows every format."""
    found = taken_apart(unit.file())
    raws = [*found.raws[:number], *(() if raw is None else (raw,)), *found.raws[number + 1 :]]
    return careful(found, raws)


def with_present_key(unit: Unit, number: int, insert: Sequence[tuple[int, bytes, int]]) -> Pulled:
    """What a thief makes of a stolen unit's journal who found its present seal key: other records, (type, payload,
    uptime in ms), before this one, which is of the present epoch, and all from there on sealed anew."""
    found = taken_apart(unit.file())
    seal = OpenSeal()
    seal.epoch, seal.key = unit.journal.seal.epoch, unit.journal.seal.key
    seal._mac = Hmac(seal.key)
    raws, chain = list(found.raws[:number]), found.chains[number]
    boot = int.from_bytes(found.raws[number][6:8])
    rest = [(kind_of(raw), payload_of(raw), uptime_of(raw)) for raw in found.raws[number:]]
    for kind, payload, uptime_ms in [*insert, *rest]:
        raw, chain = encode(kind, len(raws), boot, uptime_ms, payload, chain, seal)
        raws.append(raw)
    return Pulled(found.header, tuple(raws), found.signed)


def uptime_of(raw: bytes) -> int:
    return Record(raw).uptime_ms


def number_where(unit: Unit, kind: int, nth: int = 0) -> int:
    """The nth record of this type."""
    return [place for place, raw in enumerate(taken_apart(unit.file()).raws) if kind_of(raw) == kind][nth]


# What is looked at.

TRUTH = (4, 2, 2)
"""Discharges, those with video before, unwitnessed ones."""


def figures(report: dict[str, Any]) -> tuple[int, int, int]:
    counted = report["headline"]["discharges"]
    return counted["total"], counted["before"], counted["unwitnessed"]


def findings(report: dict[str, Any], serial: str | None) -> list[str]:
    return [finding["text"] for finding in report["findings"] if finding["serial"] == serial]
