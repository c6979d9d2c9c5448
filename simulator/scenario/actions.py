"""What can happen in a world: every action by the kind of thing it happens to, with the arguments it takes.

Carried out in `hands.py` (units, weapons, recorders), `mischief.py` (boards and air gone wrong) and `visit.py` (the
technician). `[...]` of an argument: its default; one without is to be given.
"""

from collections.abc import Mapping
from typing import Any

from .keys import Key, point, version

AIR = "air"
"""The `unit` of what happens to the air itself."""

LINES = ("seat_closes", "seat_opens", "armed", "discharge", "dock", "button")
_CURES = ("scan", "stack", "unit")

WEAPON_ACTIONS: Mapping[str, Mapping[str, Key]] = {
    "draw": {},
    "arm": {},
    "safe": {},
    "safety_blips": {},
    "discharge": {"for_s": Key(float, "how long the trigger is held; 0: one pulse", 0.0, minimum=0)},
    "holster": {},
    "press_stow": {},
    "seat_contact_sticks": {},
    "seat_contact_mends": {},
    "line_sticks": {
        "line": Key(str, "which of the unit's sensor lines", choices=LINES),
        "level": Key(str, "the level it shows whatever happens", choices=("on", "off")),
    },
    "line_chatters": {
        "line": Key(str, "which of the unit's sensor lines", choices=LINES),
        "for_s": Key(float, "how long", 5.0, minimum=0),
        "on_ms": Key(float, "how long it is on, each time, on average", 1.0, minimum=0.05),
        "off_ms": Key(float, "how long it is off", 1.0, minimum=0.05),
    },
    "line_mends": {"line": Key(str, "which of the unit's sensor lines", choices=LINES)},
    "seat_contact_bounces": {"for_ms": Key(int, "how long it chatters", 200, minimum=1)},
}
RECORDER_ACTIONS: Mapping[str, Mapping[str, Key]] = {
    "camera_dies": {},
    "camera_revives": {},
    "camera_falls_asleep": {},
    "camera_wakes": {},
    "camera_is_full": {},
    "camera_is_emptied": {},
    "officer_stops": {},
    "officer_starts": {},
    "tally_sticks": {"level": Key(str, "the level it shows whatever the recorder does", choices=("on", "off"))},
    "tally_mends": {},
    "shutter_breaks": {},
    "shutter_mends": {},
}
UNIT_ACTIONS: Mapping[str, Mapping[str, Key]] = {
    "dock": {},
    "undock": {},
    "press": {"hold_s": Key(float, "how long the button is held", 0.2, minimum=0.01)},
    "press_service": {},
    "battery_change": {"off_s": Key(float, "seconds without power", minimum=0)},
    "battery": {"mv": Key(int, "millivolts of the cell", minimum=0)},
    "cell_ages": {"sag_mv": Key(int, "how far its voltage falls while the unit buzzes", 500, minimum=0)},
    "move": {"to_m": Key(list, "where to: [x, y] in metres", check=point)},
    "turn": {"to_deg": Key(float, "which way its wearer looks from now on, from the x axis")},
    "power_cut": {
        "operation": Key(int, "which flash program or erase from now on it hits; 1 is the next", minimum=1),
        "off_s": Key(float, "seconds without power", 2.0, minimum=0),
    },
    "clock_drifts": {"ppm": Key(float, "how much too fast its crystal runs; negative: too slow")},
    "handler_fails": {"count": Key(int, "how many scan results make the handler raise", 1, minimum=1)},
    "handler_is_lost": {},
    "scan_stalls": {"cure": Key(str, "what must be started anew until it hears again", "scan", choices=_CURES)},
    "radio_wedges": {"cure": Key(str, "what must be started anew until it obeys again", "stack", choices=_CURES[1:])},
    "radio_refuses": {"for_s": Key(float, "how long its stack is out of buffers", minimum=0)},
}
AIR_ACTIONS: Mapping[str, Mapping[str, Key]] = {
    "jam": {"for_s": Key(float, "how long nothing gets through", minimum=0)},
    "loss": {"rate": Key(float, "share of receptions that fail from now on", minimum=0, maximum=1)},
    "flood": {
        "kind": Key(str, "what the attacker sends", choices=("random", "replayed", "altered")),
        "rate_hz": Key(int, "advertising events a second", 100, minimum=1, maximum=500),
        "for_s": Key(float, "how long", minimum=0),
        "at_m": Key(list, "where the attacker stands: [x, y] in metres", [1.0, 1.0], check=point),
    },
}
_BY = {"by": Key(str, "which technician", "")}
# What a technician does, with a unit, over Bluetooth: each technician one after another, none before its time. A
# group's key is rotated with whichever unit, and all in range.
TECHNICIAN_ACTIONS: Mapping[str, Mapping[str, Key]] = {
    "provision": {
        "signing": Key(str, "which key for checkpoints it then makes", "h5", choices=("none", "h5", "h5/h5", "h10")),
        **_BY,
    },
    "pair": {
        "camera": Key(str, "id of the camera unit"),
        "spare": Key(bool, "it counts only while it is assigned", False),
        **_BY,
    },
    "assign": {
        "camera": Key(str, "id of the camera unit"),
        "officer": Key(str, "whose they are for the shift, 1 to 8 ASCII characters", "officer"),
        "hours": Key(float, "for so long", 12.0, minimum=0.01, maximum=768),
        **_BY,
    },
    "rotate": _BY,
    "revoke": _BY,
    "identify": {"seconds": Key(int, "how long it blinks", 10, minimum=0, maximum=120), **_BY},
    "selftest": {"stands_by": Key(bool, "somebody sees that the recorder stands by", False), **_BY},
    "place": {"seconds": Key(int, "for so long; 0: as the policy says", 0, minimum=0, maximum=0xFFFF), **_BY},
    "status": _BY,
    "update": {
        "version": Key(str, "of the release that is brought: 0.2.0", "0.2.0", check=version),
        "works": Key(bool, "whether it does: else it ends at once, each time it is started", True),
        **_BY,
    },
    "sync": _BY,
    "pull": _BY,
}
LAPTOP_ACTIONS: Mapping[str, Mapping[str, Key]] = {
    "dies": {"off_s": Key(float, "seconds until it is on again", 2.0, minimum=0)},
    "clock_steps": {"by_s": Key(float, "seconds that its clock jumps ahead; negative: back")},
}
ACTIONS: Mapping[str, Mapping[str, Key]] = {
    **WEAPON_ACTIONS,
    **RECORDER_ACTIONS,
    **UNIT_ACTIONS,
    **AIR_ACTIONS,
    **TECHNICIAN_ACTIONS,
    **LAPTOP_ACTIONS,
}


def happens_to(action: str) -> str:
    """ "holster", "camera", "unit", "air" or "laptop": what an action needs in the place of its `unit`."""
    kinds: Mapping[str, Mapping[str, Any]] = {
        "holster": {**WEAPON_ACTIONS, "pair": None, "assign": None},
        "camera": RECORDER_ACTIONS,
        "air": AIR_ACTIONS,
        "laptop": LAPTOP_ACTIONS,
    }
    return next((kind for kind, actions in kinds.items() if action in actions), "unit")
