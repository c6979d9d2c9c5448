#!/usr/bin/env python3
"""Reads what was on the air (pcap, link type 256) and says of each Interlock frame who sent it and what it says.

    python3 -I decode_frames.py AIR.pcap [SETTINGS ...] [--json]

SETTINGS are files that hold units' settings (JOURNAL.md, 10) in hexadecimal anywhere in them, as `units/*.json` of a
simulated force's vault do: they have every key that frames need. Without any, frames are only counted. Written from
firmware/PROTOCOL.md alone, whose tables of codes it reads for its words, with Python's standard library alone.
Exit code 0: every frame was told; 1: some are nobody's, or a tag is wrong; 2: the question could not be understood.
"""

import hashlib
import hmac
import json
import pathlib
import re
import runpy
import struct
import sys

DOCUMENTS = runpy.run_path(str(pathlib.Path(__file__).with_name("documents.py")))
ADVERTISING = 0x8E89BED6  # access address of advertising channels
LEGACY = (0, 2, 6)  # ADV_IND, ADV_NONCONN_IND, ADV_SCAN_IND
SLOT_MS = 4000
TIMED, READY, PRESENT, ANSWER = (9, 11), (10, 11, 13), (8, 9), 13
PRESENT_BITS = {1: "seeking", 2: "low battery", 4: "sensor fault", 8: "put away"}


def mac(key, message):
    """HMAC-SHA256, whole."""
    return hmac.new(key, message, hashlib.sha256).digest()


def subkey(secret, info, *numbers):
    """A subkey of section 2."""
    return mac(mac(b"interlock/2", secret), info + b"".join(struct.pack(">H", n) for n in numbers) + b"\x01")


def mixed(a, b):
    """XOR of bytes, as long as the first."""
    return bytes(x ^ y for x, y in zip(a, b, strict=False))


def spelt(raw):
    """The integer that big-endian bytes spell."""
    return int.from_bytes(raw, "big")


# ---- keys and words ----------------------------------------------------------------------------------------------


def settings_in(text):
    """Every whole settings block (JOURNAL.md, 10) that stands in a text in hexadecimal."""
    for match in re.finditer("494c5303[0-9a-f]+", text):
        raw = bytes.fromhex(match.group()[: len(match.group()) // 2 * 2])
        size = spelt(raw[4:6])
        if len(raw) >= size:
            yield raw[:size]


def keys_of(texts):
    """All subkeys that settings give: of `units` by number, `groups`, `pairs` by (holster, camera), in lists."""
    units, groups, pairs = {}, {}, {}
    for raw in (raw for text in texts for raw in settings_in(text)):
        me, role, count = spelt(raw[18:20]), raw[20], raw[117]
        units.setdefault(me, {})[raw[21:53]] = 0
        groups.update(dict.fromkeys(key for key in (raw[53:85], raw[85:117]) if any(key)))
        for entry in (raw[at : at + 68] for at in range(118, 118 + 68 * count, 68)):
            other = spelt(entry[:2])
            units.setdefault(other, {})[entry[4:36]] = 0
            for pair in [(me, other)] * (role & 1) + [(other, me)] * (role >> 1 & 1):
                pairs.setdefault(pair, {})[entry[36:68]] = 0
    return {
        "units": {
            n: [(subkey(k, b"unit id", n), subkey(k, b"unit mac", n)) for k in held] for n, held in units.items()
        },
        "groups": [(subkey(k, b"group enc"), subkey(k, b"group mac")) for k in groups],
        "pairs": {
            pair: [tuple(subkey(k, b"ack " + use, *pair) for use in (b"id", b"enc", b"mac")) for k in held]
            for pair, held in pairs.items()
        },
    }


# ---- the file ----------------------------------------------------------------------------------------------------


def packets(blob):
    """(microseconds, access address, link layer PDU without its CRC) of each packet of a pcap; ValueError."""
    order = {b"\xd4\xc3\xb2\xa1": "<", b"\xa1\xb2\xc3\xd4": ">"}.get(blob[:4])
    if order is None or len(blob) < 24 or struct.unpack_from(order + "I", blob, 20)[0] != 256:
        raise ValueError("not a pcap of link type 256")
    at = 24
    while at + 16 <= len(blob):
        seconds, micros, size = struct.unpack_from(order + "III", blob, at)
        body = blob[at + 16 : at + 16 + size]
        if len(body) < size or size < 19:
            raise ValueError(f"packet at {at} is cut short")
        address = int.from_bytes(body[10:14], "little")
        yield seconds * 1_000_000 + micros, address, body[14:-3]
        at += 16 + size
    if at != len(blob):
        raise ValueError("the file ends within a packet")


def frames(captured, counts):
    """(microseconds, 31 bytes) of each PDU that looks like a frame; all PDUs are counted."""
    for micros, address, pdu in captured:
        if address != ADVERTISING:
            counts["connection_pdus"] += 1
            continue
        counts["advertising_pdus"] += 1
        if pdu[0] & 15 in LEGACY and len(pdu) == 2 + 6 + 31 and pdu[8:10] == b"\x1e\x21":
            counts["frame_pdus"] += 1
            yield micros, pdu[8:]


def bursts(heard):
    """Frames in order of their first PDU: {31 bytes: [first us, last us, PDUs]}."""
    seen = {}
    for micros, frame in heard:
        span = seen.setdefault(frame, [micros, micros, 0])
        span[1:] = [micros, span[2] + 1]
    return seen


# ---- frames ------------------------------------------------------------------------------------------------------


def open_unit(frame, keys):
    """A unit frame's plain fields, proven by its own tag; None when it is none of a unit whose key is here."""
    name, sealed, group_tag, own_tag = frame[2:6], frame[6:17], frame[17:23], frame[23:]
    for enc, group in keys["groups"]:
        plain = mixed(sealed, mac(enc, name + group_tag))
        sender, counter = spelt(plain[1:3]), spelt(plain[3:6])
        counter64 = struct.pack(">Q", counter)
        for id_key, mac_key in keys["units"].get(sender, []):
            if mac(id_key, counter64)[:4] != name or mac(mac_key, counter64 + frame[2:23])[:8] != own_tag:
                continue
            event = plain[0] >> 4
            whole = spelt(plain[7:]) if event in TIMED else None
            return {
                "shape": "unit",
                "sender": sender,
                "counter": counter,
                "event": event,
                "low": plain[0] & 15,
                "slot_byte": plain[6],
                "slot": whole,
                "body": plain[7:].hex(),
                "tagged": (group, name + plain, group_tag),
            }
    return None


def acks_to(sender, counter, keys):
    """{id: what an ack to this frame would be} for each camera of its sender and each kind."""
    return {
        mac(id_key, struct.pack(">QB", counter, kind))[:4]: (pair, counter, kind, enc, tag_key)
        for pair, held in keys["pairs"].items()
        if pair[0] == sender
        for id_key, enc, tag_key in held
        for kind in range(3)
    }


def open_ack(frame, expected):
    """An ack's plain fields, proven by its tag; None when it answers nothing that was seen."""
    name, sealed, tag = frame[2:6], frame[6:17], frame[17:]
    if name not in expected:
        return None
    (holster, camera), counter, kind, enc, tag_key = expected[name]
    plain = mixed(sealed, mac(enc, name + tag))
    if mac(tag_key, struct.pack(">QB", counter, kind) + plain)[:14] != tag or plain[0] >> 4 != kind:
        return None
    return {
        "shape": "ack",
        "sender": camera,
        "holster": holster,
        "counter": counter,
        "kind": kind,
        "reason": plain[0] & 15,
        "since_ms": spelt(plain[1:4]),
        "buffer_s": plain[4],
        "crew": plain[5],
        "body": plain[7:].hex(),
    }


def opened(seen, keys):
    """Each different frame with what it says: a dictionary of shape unit, ack or junk."""
    expected = {}
    for frame, (first, last, pdus) in seen.items():
        said = open_unit(frame, keys)
        if said:
            expected.update(acks_to(said["sender"], said["counter"], keys))
        said = said or open_ack(frame, expected) or {"shape": "junk"}
        yield {"at_us": first, "last_us": last, "pdus": pdus, "frame": frame.hex(), **said}


def clock_of(told):
    """UTC minus the file's own time in ms, by the frames that carry their whole slot; None when there are none."""
    return next((said["slot"] * SLOT_MS - said["at_us"] // 1000 for said in told if said.get("slot")), None)


def dated(told, offset_ms):
    """Finds each unit frame's slot (section 5) and checks its group tag: adds `slot` and `is_dated`."""
    for said in told:
        if said["shape"] == "unit":
            group, tagged, tag = said.pop("tagged")
            byte = said["slot_byte"]
            slot = said["slot"]
            if slot is None and byte and offset_ms is not None:
                near = (said["at_us"] // 1000 + offset_ms) // SLOT_MS
                slot = near + (byte - 1 - near + 127) % 255 - 127
            slot = slot if byte else 0
            is_right = slot is not None and mac(group, struct.pack(">I", slot) + tagged)[:6] == tag
            said["slot"], said["is_dated"] = slot, is_right and (not byte or slot % 255 == byte - 1)
        yield said


# ---- words -------------------------------------------------------------------------------------------------------


def words():
    """The document's tables of codes that frames need."""
    document = DOCUMENTS["text_of"]("PROTOCOL.md")
    return {
        name: DOCUMENTS["codes_of"](document, name) for name in ("events", "flags", "kinds", "reasons", "readiness")
    }


def ack_sentence(said, codes):
    """What an ack says."""
    reason = f", {codes['reasons'].get(said['reason'], said['reason'])}" if said["reason"] else ""
    return (
        f"camera {said['sender']} to holster {said['holster']}'s {said['counter']}: "
        f"{codes['kinds'][said['kind']]}{reason}, since {said['since_ms']} ms, buffer {said['buffer_s']} s, "
        f"crew {said['crew']}, head {said['body']}"
    )


def unit_sentence(said, codes):
    """What a unit frame says."""
    event, low = said["event"], said["low"]
    if event in READY:
        flags = [codes["readiness"].get(low, f"state {low}")]
    else:
        flags = DOCUMENTS["bits_of"](PRESENT_BITS if event in PRESENT else codes["flags"], low)
    if event == ANSWER:
        body = f"next in {int(said['body'], 16)} ms"
    else:
        body = f"slot {said['slot']}" if event in TIMED else f"head {said['body']}"
    doubts = ["no clock"] * (not said["slot_byte"]) + ["GROUP TAG WRONG"] * (not said["is_dated"])
    name = codes["events"].get(event, f"event {event}")
    return f"unit {said['sender']} {said['counter']}: {', '.join([name, *flags, body, *doubts])}"


def sentence(said, codes):
    """One line of a frame."""
    tell = {"ack": ack_sentence, "unit": unit_sentence}.get(said["shape"])
    told = tell(said, codes) if tell else "junk, or of nobody whose keys are here"
    return f"{said['at_us'] / 1e6:11.6f} s {said['pdus']:4} PDUs  {told}"


def main(arguments):
    """The program. Exit code as the module says."""
    names = [argument for argument in arguments if argument != "--json"]
    counts = {"advertising_pdus": 0, "connection_pdus": 0, "frame_pdus": 0}
    try:
        keys = keys_of([pathlib.Path(name).read_text(encoding="utf-8") for name in names[1:]])
        seen = bursts(frames(packets(pathlib.Path(names[0]).read_bytes()), counts))
    except (IndexError, OSError, ValueError) as problem:
        print(f"{__doc__}\n{problem}", file=sys.stderr)
        return 2
    told = list(opened(seen, keys))
    told = list(dated(told, clock_of(told)))
    for shape in ("unit", "ack", "junk"):
        counts[f"{shape}_frames"] = sum(said["shape"] == shape for said in told)
        counts[f"{shape}_pdus"] = sum(said["pdus"] for said in told if said["shape"] == shape)
    counts["wrongly_dated"] = sum(said["shape"] == "unit" and not said["is_dated"] for said in told)
    if "--json" in arguments:
        print(json.dumps({"counts": counts, "frames": told}))
    else:
        codes = words()
        print("\n".join(sentence(said, codes) for said in told))
        print(", ".join(f"{value} {name}" for name, value in counts.items()))
    return 1 if counts["junk_frames"] or counts["wrongly_dated"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
