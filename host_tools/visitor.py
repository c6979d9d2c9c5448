"""A technician for the simulated world: the very flows of the commands, on the world's radio and clock.

What the world asks of one is `simulator/world.py`, Technician; this fits it by shape, so nothing here imports the
simulator. The vault's randomness follows from the seed: never for real keys.
"""

import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from . import label
from .bench import Bench
from .context import Context
from .flows import signing
from .flows.assign import assign
from .flows.identify import identify
from .flows.pair import pair
from .flows.place import place
from .flows.provision import provision
from .flows.pull import pull_unit
from .flows.rotate import revoke, rotate
from .flows.selftest import SelfTested, selftest
from .flows.status import status
from .flows.sync import sync
from .flows.update import Update
from .outcome import ToolError
from .release_file import load
from .release_file import text as version_text
from .vault.vault import Vault

if TYPE_CHECKING:
    from bumble.device import Device

PERSON = "tech"
FORCE = "SIM"


class UnitLabel(Protocol):
    """What is printed on a unit."""

    @property
    def serial(self) -> bytes: ...

    @property
    def secret(self) -> bytes: ...


class UnitOfWorld(Protocol):
    """Of a scenario's unit: its role."""

    @property
    def role(self) -> int: ...


class Visitor:
    """Works in `folder`, as commands do in their --home: it gets `vault/` and the store. `seed`: of all keys."""

    failures: tuple[type[Exception], ...] = (ToolError,)

    def __init__(self, folder: Path, seed: int) -> None:
        self._folder = folder
        chance = random.Random(f"visitor {seed}")
        self.vault = Vault.create(folder / "vault", FORCE, chance.randbytes)
        self.store = Context(folder).open_store()
        self._benches: dict[str, Bench] = {}

    def arrive(self, laptop: str, device: "Device", utc_ms: Callable[[], int]) -> None:
        """One of the world's laptops and its clock."""
        import bleak_bumble

        from .link import Radio

        backends = bleak_bumble.backends(device)
        radio = Radio(backends.scanner, backends.client)
        self._benches[laptop] = Bench(radio, self.vault, self.store, utc_ms, PERSON)

    async def act(self, do: str, unit: UnitOfWorld, printed: UnitLabel, args: Mapping[str, Any]) -> str:
        """One action of the scenario; a line about it. ToolError when it did not succeed."""
        bench, serial = self._benches[args["by"]], label.serial_text(printed.serial)
        if do == "provision":
            text = label.Label(serial, printed.secret)
            done = await provision(bench, text, unit.role, serial, args["policy"], args["signing"])
            key = await signing.wait(bench, serial) if done.signing.is_being_made else done.signing
            made = f", {key.remaining} signatures" if key.params else ""
            return f"set up as number {done.number}, clock ± {done.clock_uncertainty_ms} ms{made}"
        if do == "pair":
            await pair(bench, serial, args["camera"], spare=args["spare"])
            return f"paired with {args['camera']}"
        if do == "assign":
            until_s = bench.utc_ms() // 1000 + round(args["hours"] * 3600)
            await assign(bench, serial, args["camera"], args["officer"], until_s)
            return f"assigned to {args['camera']}, for {args['officer']}"
        if do == "rotate":
            turned = await rotate(bench)
            return f"{turned.rotation.step}, {len(turned.visits)} visits"
        if do == "revoke":
            revoked = await revoke(bench, serial)
            return f"revoked, {len(revoked.visits)} visits"
        if do == "identify":
            shown = await identify(bench, serial, args["seconds"])
            ways = [word for word, does in (("blinks", shown.light), ("buzzes", shown.buzz)) if does]
            return f"{' and '.join(ways) or 'shows nothing'} for {shown.seconds} s"
        if do == "selftest":
            return outcome_of(await selftest(bench, serial, stands_by=args["stands_by"]))
        if do == "place":
            placed = await place(bench, serial, args["seconds"], stay=True)
            seen = [line.name for line in placed.lines if line.both_ways]
            return f"ended by {placed.ended}, seen both ways: {', '.join(seen) or 'none'}"
        if do == "sync":
            synced = await sync(bench, serial)
            return f"clock ± {synced.uncertainty_ms} ms"
        if do == "status":
            told = await status(bench, serial)
            return f"{told.unpulled} records not pulled"
        if do == "update":
            return await self._update(bench, serial, args["file"], args["public"])
        assert do == "pull", do
        pulled = await pull_unit(bench, serial)
        if pulled.failure is not None:
            raise ToolError(pulled.failure, pulled.advice or "")
        signed = pulled.checkpoint
        said = f", checkpoint {signed.index}" if signed is not None and signed.outcome == "signed" else ""
        return f"{pulled.new} records, {pulled.bytes / 1024:.1f} KiB in {pulled.seconds:.1f} s{said}"

    async def _update(self, bench: Bench, serial: str, file: bytes, public: bytes) -> str:
        path = self._folder / "brought.ilu"
        path.write_bytes(file)
        done = await Update(bench, serial, [load(path, public)], public).go()
        went_on = f", gone on from byte {done.went_on_from}" if done.went_on_from else ""
        return (
            f"{version_text(done.was)} to {version_text(done.version)}: {done.outcome}, {done.sent} bytes sent{went_on}"
        )

    def close(self) -> None:
        self.store.close()

    def journal(self, printed: bytes) -> bytes | None:
        """The journal file of the unit with this serial (8 bytes) as it was pulled, or None: never."""
        serial = label.serial_text(printed)
        known = [row.serial for row in self.store.units()]
        if serial not in known or not self.store.going_on(serial).next_sequence:
            return None
        return self.store.export_ilj(serial)


def outcome_of(done: SelfTested) -> str:
    """What failed of a unit, in a line."""
    failed = [f"{part.name}: {part.detail}" for part in done.parts if part.outcome == "failed"]
    if failed:
        return "; ".join(failed)
    return "nothing failed" if done.complete else "a weapon came first"
