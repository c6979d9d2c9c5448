"""What a holster unit journals, in either interpreter: uses of the weapon, with the quiet between them."""

from interlock.core import records
from interlock.core.journal import SEAL_QUIET_MS
from interlock.core.receiver import RESERVE_BLOCK

# A use: payloads by type, and ms after the draw, as H1 journals the demo's first one (draw, arm, two discharges, back).
# The weapon is back with the last: only then is the unit in quiet.
_EVENT = (records.EVENT, records.pack(records.EVENT, 1, 0, 1000, 2, 1, 500, 0))
_PROOF = (records.PROOF, records.pack(records.PROOF, 3))
_ACK = (records.ACK, records.pack(records.ACK, 2, 1000, 16, 900, 30, b"head"))
_WITNESS = (records.WITNESS, records.pack(records.WITNESS, 3, 77, b"head"))
USE = (
    (0, _EVENT),
    (10, _ACK),
    (930, _ACK),
    (931, _PROOF),
    (1400, _WITNESS),
    (2200, _EVENT),
    (2206, _ACK),
    (2208, _WITNESS),
    (4900, _EVENT),
    (4906, _ACK),
    (4908, _WITNESS),
    (11400, _EVENT),
    (11407, _ACK),
    (11409, _WITNESS),
    (17000, _EVENT),
    (18150, _EVENT),
    (18160, _ACK),
)
APART_MS = 15 * 60 * 1000


def carried():
    """What a station with ten known units repeats in each sector."""
    marks = records.pack_peers(dict.fromkeys(range(1, 11), 1000))
    facts = [(records.RESERVE, records.pack(records.RESERVE, RESERVE_BLOCK))]
    facts += [(records.PEERS, payload) for payload in marks]
    return facts + [(records.CONFIG, records.pack(records.CONFIG, 1, bytes(8)))]


def resting(log, uptime_ms):
    """The quiet slots that follow a record of this time, a yield for each piece of work: at once, and when nothing has
    followed it for long."""
    for at_ms in (uptime_ms, uptime_ms + SEAL_QUIET_MS):
        while log.tidy(at_ms):
            yield


def rest(log, uptime_ms):
    """All of it."""
    for _ in resting(log, uptime_ms):
        pass


def uses(count):
    """(uptime ms, type, payload, whether quiet follows) of so many uses, one after the other."""
    for use in range(count):
        for after_ms, (kind, payload) in USE:
            yield use * APART_MS + after_ms, kind, payload, after_ms == USE[-1][0]
