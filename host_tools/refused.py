"""A unit's refusals as errors for people: what it said, and what a technician does about it."""

from interlock.core import wire

from .outcome import Exit, ToolError

_AGAIN = "Run the command again: it goes on where it stopped."
_REPORT = "Unit and tools do not fit together: update both, and report this if it stays."

ADVICE = {
    wire.BAD_VERSION: "The unit speaks another version of the protocol: update this program, or, where the unit is the "
    "older one, its firmware, by cable (interlock flash): it takes nothing over the air from here.",
    wire.BAD_LENGTH: _REPORT,
    wire.BAD_ORDER: _AGAIN,
    wire.NO_CREDENTIAL: "The unit does not know this key. Was it set up from another vault, or is it not set up yet? "
    "interlock scan shows its state; a boxed unit is set up with interlock provision.",
    wire.BAD_PROOF: "Secret and unit do not belong together: compare the label with the unit's serial. After some "
    "wrong secrets the unit listens to nobody for a while.",
    wire.WAIT: "The unit heard wrong secrets and listens to nobody for a while. Wait, then run the command again.",
    wire.BAD_SEAL: "Something between here and the unit changed a message: move closer, run the command again, and if "
    "it stays, look for another radio at work.",
    wire.BAD_CODE: _REPORT,
    wire.NOT_ALLOWED: "This credential may not do that: use the force's vault instead of a technician's.",
    wire.BAD_SETTINGS: "The unit cannot run with these settings: look at roles, partners (8 at most), policy and "
    "recorder (a GoPro needs a board whose radio can bond: not a Pico W).",
    wire.STALE: "Somebody else changed this unit meanwhile: run the command again.",
    wire.NOT_PREPARED: _AGAIN,
    wire.CLOCK_JUMP: "The unit's clock and this host's differ by more than any drift. If this host's clock is right, "
    "set it with the force's vault: interlock sync SERIAL --jump.",
    wire.FLASH_FAILED: "The unit could not write its flash; nothing was changed. If it happens again, the unit is "
    "worn or defective: take it out of service.",
    wire.EXPIRED: "By the unit's clock the credential is no longer valid. Is this host's clock right? Otherwise have "
    "new credentials made: interlock credentials.",
    wire.FIRED: "The weapon was drawn, armed or fired, so the unit left for its real work at once. Run the command "
    "again when the weapon is back in its holster: it goes on where it stopped.",
    wire.IDLE: "The unit waited too long for this host and ended the session. Run the command again, closer to it.",
    wire.CLOSED: "Somebody ended the unit's service mode, or it ran out. Dock the unit or hold its button again, then "
    "run the command again: it goes on where it stopped.",
    wire.LINK_LOST: _AGAIN,
    wire.NO_SIGNING_KEY: "The unit has no signing key, or is still making it (interlock status says so). A key is made "
    "with the force's vault: interlock provision LABEL --signing h10.",
    wire.EXHAUSTED: "All signatures of its key are used up. Let it make a new one with the force's vault: interlock "
    "provision LABEL --signing h10. What was signed stays good.",
    wire.ROLLED_BACK: "Its signing key was used up to a higher index before: an old image of its flash was put back, "
    "or it was copied. Keep the unit, and report this.",
    wire.TOO_SOON: "A technician gets one checkpoint a day, since signatures are few. The force's vault gets one at "
    "any time: interlock checkpoint SERIAL.",
    wire.BAD_ASSIGNMENT: "The unit does not hold the other one as a partner, or the time is past or more than 32 days "
    "off. Make the pair first, with the force's vault: interlock pair HOLSTER CAMERA --spare.",
    wire.BAD_MODE: "Modes are of holster units in service, and end within the times of the policy (test_ms, mute_ms): "
    "interlock policy show.",
    wire.TOO_OFTEN: "A technician asked so much of the unit lately that it takes no more for now: 8 self-tests in a "
    "row, then one in ten minutes; 64 clocks, assignments and modes, then two a minute; or an admin sent 8 releases "
    "in a row, then one in half an hour. Wait, then run the command again.",
    wire.BUSY_SIGNING: "The unit still computes a key or a signature. Leave it in its dock, and run the command again "
    "later.",
}


class Refused(ToolError):
    """The unit said no. `reason` is one of `wire.py`; `detail`: of WAIT, seconds."""

    def __init__(self, reason: int, asked: str, detail: int = 0) -> None:
        name = wire.REASON_NAMES.get(reason, f"reason {reason}")
        after = f" ({detail} s)" if reason == wire.WAIT and detail else ""
        super().__init__(
            f"the unit refused to {asked}: {name}{after}"
            if reason not in (wire.FIRED, wire.CLOSED, wire.IDLE)
            else f"the unit ended the session during '{asked}': {name}",
            ADVICE.get(reason, _REPORT),
            Exit.DEVICE,
        )
        self.reason = reason
        self.detail = detail


class Untrue(ToolError):
    """The unit breaks the protocol's rules or does not prove who it is: nothing of it is believed."""

    def __init__(self, happened: str) -> None:
        super().__init__(
            f"the unit is not to be trusted: {happened}",
            "Something in range only pretends to be the unit, or its firmware is defective. Move away from other "
            "devices and run the command again; if it stays, keep the unit and report it.",
            Exit.DEVICE,
        )
