"""Rows: forged, altered, replayed frames and acks that a receiver took for new. Attacks and receiver are those of
`tests/property/test_adversary.py`; BENCH_ATTACKS: how many.

That the count could be other than 0: the same attacks against a receiver that checks no tag, as the last row.
"""

import os

from interlock.core.ticks import PERIOD_MS
from tests.property.hostile_air import NOW, PATIENT_MS, HostileAir
from tests.property.mutated import Core
from tests.property.receiver_damages import DAMAGES

from .rows import Row, Spec, by_id

ATTACKS = int(os.environ.get("BENCH_ATTACKS", "1000000"))
A_RUN = 50_000
DAMAGED = 2000
SEED = 101
DAMAGE = "the own tag is not checked"
SPECS = (
    Spec("adversary.attacks", "hostile frames that were heard", "frames"),
    Spec("adversary.accepted", "hostile frames that were taken for new", "frames"),
    Spec("adversary.acks_accepted", "hostile frames that the ear took for an ack", "frames"),
    Spec("adversary.hmacs", "most HMACs that a hostile frame cost", "HMACs"),
    Spec("adversary.control", f"the same where {DAMAGE}", "frames"),
)


def attacked(core: Core, seed: int, count: int) -> tuple[int, int, int]:
    """(frames taken for new, taken for acks, most HMACs of one) of so many attacks."""
    air = HostileAir(core, seed)
    new = acks = most = 0
    for _ in range(count):
        attack = air.attack()
        air.now = (air.now + PATIENT_MS) % PERIOD_MS
        before = core.hmacs
        found = air.receiver.hear(attack.frame, air.now, NOW)
        most = max(most, core.hmacs - before)
        new += found is not None and found.kind not in attack.may_be
        air.receiver.tidy()
        acks += sum(air.ear.hear(forged.frame) is not None for forged in (attack, air.attack_on_ear()))
    return new, acks, most


def rows() -> list[Row]:
    core, told = Core(), []
    for first in range(0, ATTACKS, A_RUN):
        told.append(attacked(core, SEED + first // A_RUN, min(A_RUN, ATTACKS - first)))
    new, acks, most = (list(each) for each in zip(*told, strict=True))
    specs, note = by_id(SPECS), f"of {ATTACKS:,}, seeds from {SEED}"
    damaged, _, _ = attacked(Core(DAMAGES[DAMAGE]), SEED, DAMAGED)
    return [
        specs["adversary.attacks"].row(ATTACKS),
        specs["adversary.accepted"].row(sum(new), note=note),
        specs["adversary.acks_accepted"].row(sum(acks), note=f"of {2 * ATTACKS:,}"),
        specs["adversary.hmacs"].row(max(most), note=note),
        specs["adversary.control"].row(damaged, note=f"of {DAMAGED:,}"),
    ]
