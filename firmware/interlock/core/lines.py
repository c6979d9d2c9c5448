"""The holster unit's input lines: their order where bytes speak of them, and what is said of each. Pure."""

# In this order in the reply to PLACE and in records; `boards/__init__.py` says what they are.
LINES = ("seat_closes", "seat_opens", "armed", "discharge", "dock", "button")

ON = 1  # now
SEEN_OFF = 2  # since the unit started; of a placement: since that began
SEEN_ON = 4
STUCK = 8  # it stays as it is though it cannot be so, or contradicts the other contact
NOISY = 16  # it changes more often than anybody could move it
BIT_NAMES = {ON: "on", SEEN_OFF: "seen off", SEEN_ON: "seen on", STUCK: "stuck", NOISY: "noisy"}

# Why such a record was written.
FAULT = 0  # a line became faulty, or another one
SOUND = 1  # none is any more
PLACED = 2  # a fitter had tried them
CAUSE_NAMES = {FAULT: "fault", SOUND: "sound again", PLACED: "placement"}


def faults(lines: bytes) -> int:
    """The STUCK and NOISY bits of any of these lines (a byte each)."""
    found = 0
    for line in lines:
        found |= line & (STUCK | NOISY)
    return found
