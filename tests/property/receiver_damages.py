"""Damages to the receiver, its tables and the frames, one line each: `test_adversary.py` must notice every one."""

from .mutated import Damage

_MAC = 'struct.pack(">I", slot) + identifier'
_SEEN = "frame in self._known or frame in self._seen_junk"
_DATE = "            if group.proves(frame, plain, sent_slot):"

DAMAGES = {
    # Tags.
    "the own tag is not checked": Damage("receiver._is_from", "return same(", "return True or same("),
    "a partner's tag is asked of no stranger": Damage(
        "receiver._guest", "if self._is_from(partner, unit.counter, frame):", "if True:"
    ),
    "whoever speaks for a partner is a stranger then": Damage("receiver._guest", "if partners or not", "if not"),
    "the group tag is not checked": Damage("frames.proves", "return same(", "return True or same("),
    "the pair tag is not checked": Damage(
        "frames", "if not same(self._tag(counter, kind", "if not (lambda *_: 1)((kind"
    ),
    "the own tag leaves the sealed part out": Damage("frames.tag", "OWN_TAG_AT", "SEALED_AT"),
    "both directions of a pair have one key": Damage(
        "frames", '">HH", holster, camera', '">HH", *sorted((holster, camera))'
    ),
    "a mark moves before the tag is checked": Damage(
        "receiver._guest", _DATE, "            self.marks[unit.sender] = unit.counter\n" + _DATE
    ),
    # Time.
    "the tag dates by the byte on the air only": Damage(
        "frames", _MAC, 'struct.pack(">I", slot_byte(slot)) + identifier'
    ),
    "no date is in the tag": Damage("frames", _MAC, "identifier"),
    "a slot is looked for behind only": Damage("frames.nearest_slot", "ahead > SLOT_BYTES // 2 and", ""),
    "strangers are served without a clock": Damage("receiver._guest", "if partners or not slot", "if partners"),
    "clocks may lie a slot further apart": Damage("receiver", "SLOTS_APART = 39", "SLOTS_APART = 40"),
    "clocks may lie a slot less apart": Damage("receiver", "SLOTS_APART = 39", "SLOTS_APART = 38"),
    "strangers are new at any time": Damage("receiver._stranger", "abs(sent_slot - slot) > SLOTS_APART or", ""),
    "old frames of a partner are stale for ever": Damage(
        "receiver._own", "if off == _BEHIND or says_there", "if says_there"
    ),
    "late presence counts": Damage("receiver._own", "or says_there or not", "or not"),
    "what is dated ahead counts as old": Damage("receiver._date", "_AHEAD if sent_slot > slot else _BEHIND", "_BEHIND"),
    "late renewals count": Damage("receiver._is_followed_late", "return False", "return True"),
    "late renewals never count": Damage("receiver._is_followed_late", "if partner.astray is None", "if True"),
    "late renewals stray as they like": Damage("receiver._is_followed_late", "2 * SLOTS_APART", "SLOT_BYTES"),
    "a repeat opens the door to late renewals": Damage("receiver._own", "kind == OWN_REPEAT or says", "says"),
    "late is not flagged": Damage("receiver._own", "kind = OWN_LATE", "pass"),
    "the date of a partner's frame is not proven": Damage(
        "receiver._date", "if not group.proves", "if 0 and group.proves"
    ),
    # Marks.
    "a stranger's mark is not asked": Damage("receiver._stranger", "if unit.counter <= self", "if 0 and self"),
    "a stranger's newest frame is new again": Damage(
        "receiver._stranger", "if unit.counter <= self", "if unit.counter < self"
    ),
    "a partner's newest frame is new again": Damage("receiver._own", "if counter > newest", "if counter >= newest"),
    "a partner's older frames are repeats": Damage("receiver._own", "if counter < newest", "if False"),
    "the floor is not asked": Damage("receiver._stranger", "or sent_slot <= floor", ""),
    "the floor does not rise": Damage("receiver._make_room", "max(self._floor, slots[victim])", "self._floor"),
    "marks are not bounded": Damage("receiver._make_room", "if len(slots) < MARKS_MAX", "if True"),
    # Keys that change.
    "only the first epoch is tried on strangers": Damage("receiver._guest", "in self._groups:", "in self._groups[:1]:"),
    "only the first epoch is tried on partners": Damage("receiver._open", "in self._groups:", "in self._groups[:1]:"),
    "the older key goes on": Damage("receiver._own", "self._retire(partner)", "pass"),
    "the later key retires": Damage(
        "receiver._retire", "[: self._partners.index(partner)]", "[self._partners.index(partner) + 1 :]"
    ),
    # Memory and limits.
    "the memory is not asked": Damage("receiver._guest", _SEEN, "False"),
    "the memory of junk is not asked": Damage("receiver._guest", _SEEN, "frame in self._known"),
    "the memory is emptied": Damage("receiver._remember", "frames.append(frame)", "frames.clear()"),
    "junk and group share a memory": Damage("receiver._guest", "self._seen_junk, _JUNK", "self._known, _KNOWN"),
    "identifiers are remembered, not frames": Damage(
        "receiver._guest", _SEEN, "frame[:6] in [f[:6] for f in self._known + self._seen_junk]"
    ),
    "a partner's repeat is worked on again": Damage("receiver.hear", "if frame == partner.frame", "if False"),
    "the limit is not applied": Damage("receiver._guest", "if not self._may_try(frame, now)", "if False"),
    "no try is kept for what comes again": Damage(
        "receiver._may_try", "return self._second_tries.take(now)", "return False"
    ),
    "what comes again is always tried": Damage(
        "receiver._may_try", "return self._second_tries.take(now)", "return True"
    ),
    "tries are granted by the clock": Damage("bucket.put_off", "self._since = ticks_add(self._since, ms)", "pass"),
    # Tables.
    "the near table is one short": Damage("expected", "NEAR = 32", "NEAR = 31"),
    "the far table begins beside the blocks": Damage("expected", "* FAR_STEP + 1)", "* FAR_STEP + 2)"),
    "the far table is never filled": Damage("expected", "return self._far.grow(_FAR_A_TURN)", "return False"),
    "the tables do not follow": Damage("expected", "if mark > self._near.first", "if False"),
    # Acks.
    "acks to older frames count": Damage(
        "receiver.expect", "self._older = self._expected", "self._older.update(self._expected)"
    ),
    "acks to the newest frame only count": Damage(
        "receiver.expect", "self._older = self._expected", "self._older = {}"
    ),
}
