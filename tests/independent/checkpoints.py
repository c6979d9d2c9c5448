"""What the checkpoints of a journal file show (JOURNAL.md, 7 and 15), for verify_journal.py."""

import itertools
import pathlib
import runpy
import struct

hss_index = runpy.run_path(str(pathlib.Path(__file__).with_name("lms.py")))["hss_index"]


def number(raw):
    """The integer that big-endian bytes spell."""
    return int.from_bytes(raw, "big")


def read_checkpoint(raw):
    """Message, signature and public key of a checkpoint item, and the message's fields (None when it is not one)."""
    sizes = struct.unpack_from(">HHH", raw, 4)
    cuts = [12, 12 + sizes[0], 12 + sizes[0] + sizes[1], 12 + sum(sizes)]
    message, signature, public = (raw[a:b] for a, b in itertools.pairwise(cuts))
    if len(message) != 105 or message[:22] != b"interlock checkpoint 1":
        return message, signature, public, None
    return (
        message,
        signature,
        public,
        {
            "serial": message[22:30],
            "index": number(message[30:34]),
            "following": number(message[34:38]),
            "chain": message[38:70],
        },
    )


def index_under(message, signature, public):
    """As `hss_index`, and None for what is no signature at all."""
    try:
        return hss_index(message, signature, public)
    except ValueError:
        return None


def judge_checkpoints(found, trusted):
    """(offset, kind, text) of each checkpoint of what verify_journal.py found; `trusted`: public keys of 60 bytes.

    Kinds: fault, note, and signed, which has the number of records covered in place of a text.
    """
    seen = {}
    records = {record["sequence"]: record for record in found["records"]}
    for at, raw in found["checkpoints"]:
        message, signature, public, said = read_checkpoint(raw)
        if said is None:
            yield at, "fault" if message else "note", "checkpoint: not a message of this kind"
            continue
        name = f"checkpoint {said['index']}, over {said['following']} records"
        signer = next((key for key in [*trusted, public] if index_under(message, signature, key) is not None), None)
        if signer is None:
            yield at, "fault", f"{name}: its signature is good under no key at hand"
            continue
        if trusted and signer not in trusted:
            yield at, "fault", f"{name}: signed by a key that is none of those given"
        if index_under(message, signature, signer) != said["index"]:
            yield at, "fault", f"{name}: signed under another index"
        if said["serial"] != found["begun"]["serial"]:
            yield at, "fault", f"{name}: of another unit, {said['serial'].decode('latin1')}"
        if seen.setdefault((said["index"], signer), message) != message:
            yield at, "fault", f"{name}: cloned, another message has this index"
        if signer in trusted:
            found["signed_over"] = max(found["signed_over"], said["following"])
        if said["following"] > found["begun"]["due"]:
            yield at, "fault", f"{name}: truncated tail, the file ends before that"
            continue
        head, record = found["heads"].get(said["following"]), records.get(said["following"] - 1)
        if head is None:
            yield at, "note", f"{name}: this file does not have the chain value there"
            continue
        if head != said["chain"]:
            yield at, "fault", f"{name}: the chain value there is another one"
        elif record is not None and (record["type"], record["said"]) != (13, (said["index"],)):
            yield at, "fault", f"{name}: no record says that it was made"
        elif signer in trusted:
            yield at, "signed", said["following"]
        else:
            yield at, "note", f"{name}: fits the journal; give --public-key to know that the unit signed it"
