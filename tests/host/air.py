"""Who takes whose frames, by the settings that units really hold: real frames, the core's receiver and ear.

`assigned`: {serial: number of the partner that is assigned to it}; units without an entry count on the paired ones.
"""

from interlock.core import frames, settings
from interlock.core.receiver import GROUP, OWN, AckEar, Receiver

SLOT = 447_500_000
COUNTER = 700


def own_partners(held, assigned=0):
    """The partners that count, as `station.py` chooses them."""
    known = [partner.unit for partner in held.partners]
    if assigned in known:
        return [partner for partner in held.partners if partner.unit == assigned]
    return [partner for partner in held.partners if partner.standing == settings.PAIRED]


def groups(held):
    keys = [held.group_key] + ([held.group_other] if held.group_other != settings.NO_KEY else [])
    return [frames.GroupKeys(key) for key in keys]


def frame_of(held, event=frames.DRAW):
    keys = frames.UnitKeys(held.unit_key, held.unit)
    return frames.build_unit(keys, frames.GroupKeys(held.group_key), event, 0, COUNTER, b"head", SLOT)


def receiver(held, assigned=0):
    partners = [frames.UnitKeys(partner.unit_key, partner.unit) for partner in own_partners(held, assigned)]
    return Receiver(held.unit, groups(held), partners, {partner.unit: COUNTER - 1 for partner in partners})


def hears(sender, listener, assigned=0):
    """What a frame of `sender` is to `listener` (Settings both): OWN, GROUP or None. A frame that it follows and cannot
    read is none: a change of keys never needs that."""
    heard = receiver(listener, assigned).hear(frame_of(sender), 0, SLOT)
    return None if heard is None or heard.event is None else heard.kind


def is_answered(holster, camera, assigned_holster=0, assigned_camera=0):
    """Whether the camera takes the holster's frame for its own and the holster takes its answer and its readiness."""
    if hears(holster, camera, assigned_camera) != OWN or hears(camera, holster, assigned_holster) != OWN:
        return False
    ear = AckEar(
        [
            frames.PairKeys(partner.pair_key, holster.unit, camera.unit)
            for partner in own_partners(holster, assigned_holster)
            if partner.unit == camera.unit
        ]
    )
    ear.expect(COUNTER)
    ack = frames.Ack(frames.PROVEN, 0, 0, 30, 0, b"head")
    mine = [partner for partner in own_partners(camera, assigned_camera) if partner.unit == holster.unit]
    answer = frames.PairKeys(mine[-1].pair_key, holster.unit, camera.unit).build(COUNTER, ack)
    return ear.hear(answer) is not None


def deaf_in_group(helds):
    """(sender, listener) numbers of the units (Settings) of which one does not take the other's frames."""
    return [
        (sender.unit, listener.unit)
        for sender in helds
        for listener in helds
        if sender is not listener and hears(sender, listener) not in (OWN, GROUP)
    ]
