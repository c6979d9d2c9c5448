#!/usr/bin/env python3
"""Says of one Interlock journal file (.ilj) whether it is as it was written, and if not, where it is not.

    python3 -I verify_journal.py FILE.ilj [--public-key FILE.pub ...] [--seal-key HEX|VAULT/units/UNIT.json ...]

Written from firmware/JOURNAL.md and RFC 8554 alone, with Python's standard library alone (checkpoints.py and lms.py,
beside this, are parts of it). Exit code 0: nothing was found; 1: something was, and the first line with FAULT says at
which offset; 2: wrongly asked.
"""

import hashlib
import hmac
import itertools
import json
import pathlib
import runpy
import struct
import sys
import zlib

judge_checkpoints = runpy.run_path(str(pathlib.Path(__file__).with_name("checkpoints.py")))["judge_checkpoints"]
ZEROS = bytes(32)
OPEN_KEY = bytes(16)
REACH = 168  # records: the most that one sector holds

ROLES = {0: "boxed", 1: "holster", 2: "camera", 3: "combined"}
# What a verifier has to understand of payloads (section 5): type -> struct of it. All else is chained, and no more.
READ = {4: ">I", 5: ">I8x", 12: ">I", 13: ">I4x", 14: ">BHIH"}
LOSS, CONFIGURATION, SEAL, CHECKPOINT, FAULT = READ


def number(raw):
    """The integer that big-endian bytes spell."""
    return int.from_bytes(raw, "big")


def crc(raw):
    """CRC32 as the document has it, as four bytes."""
    return zlib.crc32(raw).to_bytes(4, "big")


def sha(*parts):
    """SHA-256 of all parts joined."""
    return hashlib.sha256(b"".join(parts)).digest()


def mac(key, message):
    """HMAC-SHA256, whole."""
    return hmac.digest(key, message, "sha256")


# ---- seal --------------------------------------------------------------------------------------------------------


STEPS_MAX = 1 << 20  # of one first key, seconds: 8 million records at the least, decades of a unit; beyond, none fits


def sealing(first_keys):
    """A function (epoch, chain, body, tag) -> True, False, or None where no key tells. It remembers each era's key."""
    eras, steps, spent = {}, {}, dict.fromkeys(first_keys, 0)

    def stepped(secret, n):
        at, key = steps.get(secret, (0, secret))
        if at > n:
            at, key = 0, secret
        spent[secret] += n - at
        if spent[secret] > STEPS_MAX:
            return None
        for _ in range(at, n):
            key = mac(key, b"interlock seal key")[:16]
        steps[secret] = n, key
        return key

    def fits(epoch, chain, body, tag):
        era, n = divmod(epoch, 1 << 24)
        if not era:
            return mac(OPEN_KEY, chain + body)[:6] == tag
        if not first_keys:
            return None
        if n > number(body[2:6]):
            return False  # each change of key is a record, and this one has not so many before it
        for secret in [eras[era]] if era in eras else first_keys:
            key = stepped(secret, n)
            if key is not None and mac(key, chain + body)[:6] == tag:
                eras[era] = secret
                return True
        return False

    return fits


def epoch_may_follow(before, after, records):
    """Whether the epoch can have risen so over a hole, or a stretch that nobody can check, of so many records (§6)."""
    (era, n), (later, m) = divmod(before, 1 << 24), divmod(after, 1 << 24)
    if after < before:
        return False
    return m - n <= records if era == later else m + 1 <= records


# ---- the file ----------------------------------------------------------------------------------------------------

KINDS = {0xFD: ("break", b"\xfd\x00IG"), 0xFE: ("footer", b"\xfe\x00IF"), 0xFC: ("checkpoint", b"\xfc\x00IC")}


def items(blob):
    """Items behind the header as (offset, kind, raw bytes). The last is a footer, or a fault and its text."""
    at, kind = 60, "header"
    while kind != "footer":
        mark = blob[at] if at < len(blob) else -1
        kind, magic = ("record", b"") if 0 <= mark <= 64 else KINDS.get(mark, ("", b""))
        if not kind:
            yield at, "fault", "the file ends without a footer" if mark < 0 else f"no item begins with {mark:02x}"
            return
        lengths = struct.unpack(">HHH", blob[at + 4 : at + 10].ljust(6, b"\0"))
        size = {"record": 23 + mark, "break": 48, "footer": 44, "checkpoint": 16 + sum(lengths)}[kind]
        raw = blob[at : at + size]
        if len(raw) < size:
            yield at, "fault", f"{kind} is cut short"
            return
        if not raw.startswith(magic) or (kind != "footer" and crc(raw[:-4]) != raw[-4:]):
            yield at, "fault", f"{kind}: magic or CRC is wrong"
            return
        yield at, kind, raw
        at += size


def parse_record(at, raw):
    """A record's fields; `said` are the numbers that matter here, empty where there are none."""
    kind, sequence, payload = raw[1], number(raw[2:6]), raw[13:-10]
    said = struct.unpack(READ[kind], payload) if kind in READ and struct.calcsize(READ[kind]) == len(payload) else ()
    body, tag = raw[:-10], raw[-10:-4]
    return {"offset": at, "type": kind, "sequence": sequence, "body": body, "tag": tag, "said": said, "sealed": None}


def begin(blob, has_keys):
    """(state, faults) of a file's header."""
    role, unit = struct.unpack_from(">BH", blob, 5)
    serial, first, chain, epoch = blob[8:16], number(blob[16:20]), blob[20:52], number(blob[52:56])
    faults = []
    if not first and chain != sha(b"interlock journal 2", serial):
        faults.append((20, "fault", "the chain does not begin with this serial"))
    era, n = divmod(epoch, 1 << 24)
    if not first and epoch:
        faults.append((52, "fault", "the first record of all is not under the open key"))
    elif (n and not era) or (has_keys and first and (n > first or not era)):
        faults.append((60, "fault", f"epoch {epoch:08x} cannot seal record {first}"))
    known = None if first and chain == ZEROS else chain
    # `run`: the chain value if the unit knew none either and went on from zeros, as its sectors then state
    return {
        "role": role,
        "unit": unit,
        "serial": serial,
        "due": first,
        "chain": known,
        "epoch": epoch,
        "run": ZEROS,
        "missing_from": 0,
        "has_keys": has_keys,
        "count": 0,
        "loose": [],
        "restarts": False,
        "from_zeros": known is None,
        "is_sealed": False,
    }, faults


def on_record(state, record, fits, has_keys):
    """What is wrong with a record. Moves the state on."""
    name, chain, epoch = f"record {record['sequence']}", state["chain"], state["epoch"]
    body, tag = record["body"], record["tag"]
    if chain is not None:
        record["sealed"] = fits(epoch, chain, body, tag)
        if record["sealed"] is False:
            yield f"{name}: altered, its tag does not fit"
        state["chain"] = sha(chain, body, tag)
    else:
        if fits(epoch, state["run"], body, tag):
            record["sealed"], state["chain"] = True, sha(state["run"], body, tag)
        state["run"] = sha(state["run"], body, tag)
    is_known = state["chain"] is not None
    in_service = record["type"] > 15 or (record["type"] == CONFIGURATION and any(record["said"]))
    if has_keys and is_known and in_service and not epoch >> 24:
        yield f"{name}: only a unit in service writes this, and it is under the open key"
    if record["type"] == SEAL:
        after = record["said"][0] if record["said"] else 0
        next_one = after == epoch + 1 and epoch >> 24
        if next_one or (after >> 24 > epoch >> 24 and not after & 0xFFFFFF) or (not is_known and after > epoch):
            state["epoch"] = after
        else:
            yield f"{name}: seal goes from epoch {epoch:08x} to {after:08x}"
    record.update(epoch=epoch, is_known=is_known)
    state["loose"] = [] if is_known else [*state["loose"], record]
    state.update(due=state["due"] + 1, count=state["count"] + 1, is_sealed=state["is_sealed"] or epoch >> 24 > 0)


def settle(state, is_shown):
    """A stretch that nobody stated is over. If it is shown to go on from zeros it is in chain, for who has no keys."""
    for record in state["loose"] if is_shown and not state["has_keys"] else []:
        record["is_known"] = True
    state["loose"] = []


def on_break(state, raw):
    """What is wrong with a break. Moves the state on."""
    first, stated, epoch = number(raw[4:8]), raw[8:40], number(raw[40:44])
    if state["chain"] is not None:
        state["missing_from"] = state["due"]
    if first < state["due"] or (first == state["due"] and not state["from_zeros"]):
        yield f"break to {first} where {state['due']} was due"
    elif first == state["due"] and state["chain"] is not None and stated not in (state["chain"], ZEROS):
        yield f"break to {first}: the records lead to another chain value"
    if not epoch_may_follow(state["epoch"], epoch, first - state["missing_from"]):
        yield f"break: epoch {state['epoch']:08x} cannot become {epoch:08x}"
    settle(state, state["chain"] is None and first == state["due"] and stated == state["run"])
    restarts = first == state["due"] and stated == ZEROS  # so a sector's header states it (13)
    state.update(
        restarts=restarts,
        from_zeros=stated == ZEROS,
        due=first,
        epoch=epoch,
        chain=None if stated == ZEROS else stated,
        run=ZEROS,
    )


def walk(blob, first_keys):
    """Everything that the file holds, in order, as (offset, kind, value).

    Kinds: begun, record, gap, checkpoint, head (the chain value before a sequence number), fault. It ends behind the
    first thing that makes the rest unreadable.
    """
    if len(blob) < 60:
        yield len(blob), "fault", "too short for a header"
        return
    if blob[:5] != b"ILJF\x02" or crc(blob[:56]) != blob[56:60]:
        yield 0, "fault", "header: magic, version or CRC is wrong"
        return
    state, faults = begin(blob, bool(first_keys))
    yield 0, "begun", state
    yield from faults
    yield 0, "head", (state["due"], state["chain"])
    if state["due"]:
        yield 0, "gap", (0, state["due"])
    fits = sealing(first_keys)
    for at, kind, raw in items(blob):
        due = state["due"]
        if kind == "record":
            record = parse_record(at, raw)
            if record["sequence"] != due:
                yield at, "fault", f"gap: record {record['sequence']} where {due} was due, and no break says so"
                return
            yield from ((at, "fault", text) for text in on_record(state, record, fits, bool(first_keys)))
            yield at, "record", record
        elif kind == "break":
            yield from ((at, "fault", text) for text in on_break(state, raw))
            if state["due"] > due:
                yield at, "gap", (due, state["due"])
        elif kind == "footer":
            yield from ((where, "fault", text) for where, text in on_footer(state, blob, at, raw, first_keys))
        else:
            yield at, kind, raw
        yield at, "head", (state["due"], state["chain"])


def on_footer(state, blob, at, raw, first_keys):
    """What is wrong at a file's end, as (offset, text)."""
    stated, chain = raw[8:40], state["chain"]
    was_unknown = state["from_zeros"] and stated == ZEROS
    follows = was_unknown or stated == (state["run"] if chain is None else chain)
    settle(state, state["restarts"])
    if number(raw[4:8]) != state["count"] or not follows or crc(blob[: at + 40]) != raw[40:]:
        yield at, "footer: number of records, chain value or CRC is wrong"
    if at + 44 < len(blob):
        yield at + 44, "something follows the footer"
    if first_keys and state["count"] and not state["is_sealed"]:
        yield at, "truncated tail: the vault gave this unit a key, and nothing here is sealed under it"


# ---- what is said of the whole -----------------------------------------------------------------------------------


def counts(record, found, has_keys, gap_end):
    """Whether what a record says of a gap is to be believed (section 15)."""
    if has_keys:
        return record["epoch"] >> 24 > 0 and record["sealed"] is True
    if found["signed_over"] > gap_end:
        covered = record["sequence"] < found["covered"]
        return record["is_known"] and (covered or (record["type"] == LOSS and found["covered"] > 0))
    return record["is_known"]


def unexcused(found, has_keys):
    """Gaps (offset, first missing, next here) that no record explains: a full ring, or faults of the flash."""
    for at, (missing, following) in found["gaps"]:
        behind = [record for record in found["records"] if record["sequence"] >= following]
        loose = len(list(itertools.takewhile(lambda record: not record["is_known"], behind)))
        told = [record for record in behind if record["said"] and counts(record, found, has_keys, following)]

        kept = [record["said"][0] for record in told if record["type"] == LOSS]
        reached = max((number for number in kept if missing < number <= following), default=missing)
        if reached == following and not loose:
            continue
        end = following + loose
        spots = [(record["said"][2], record["sequence"]) for record in told if record["said"][0] in (3, 4)]
        for spot, by in sorted(spots):
            if spot - REACH <= reached and spot <= by:
                reached = max(reached, spot + REACH)
        if reached < end:
            yield at, missing, following


def verify(blob, trusted, first_keys):
    """Everything found, by kind, faults in file order, and `covered`: how many records a trusted signature covers."""
    found = {"begun": None, "heads": {}, "covered": 0, "signed_over": 0}
    found.update((kind, []) for kind in ("records", "gaps", "checkpoints", "faults", "notes"))
    for at, kind, value in walk(blob, first_keys):
        if kind == "begun":
            found[kind] = value
        elif kind == "head":
            found["heads"][value[0]] = value[1]
        else:
            found[kind + "s"].append(value if kind == "record" else (at, value))
    for at, kind, value in judge_checkpoints(found, trusted):
        if kind == "signed":
            found["covered"] = max(found["covered"], value)
        else:
            found[kind + "s"].append((at, value))
    for at, missing, following in unexcused(found, bool(first_keys)):
        found["faults"].append((at, f"gap: records {missing} to {following - 1} are missing, and no record says why"))
    found["faults"].sort()
    return found


def seal_keys_of(argument):
    """Keys of 16 bytes: one in hex, or all `seal_keys` of a JSON file, as an open vault has them for each unit."""
    if not argument.endswith(".json"):
        return [bytes.fromhex(argument)]
    unit = json.loads(pathlib.Path(argument).read_text(encoding="utf-8"))
    return [bytes.fromhex(text) for text in unit["seal_keys"]]


def tell(found, has_keys):
    """The report's lines."""
    begun, records = found["begun"], found["records"]
    if begun:
        serial = begun["serial"].decode("latin1").rstrip()
        yield f"unit {begun['unit']}, {ROLES.get(begun['role'], '?')}, serial {serial}: {len(records)} records"
    sealed = sum(record["sealed"] is True and record["epoch"] >> 24 > 0 for record in records)
    yield f"sealed: {sealed} records fit the vault's key" if has_keys else "sealed: not checked beyond the open key"
    covered, behind = found["covered"], records[-1]["sequence"] + 1 if records else 0
    yield f"signed: the first {covered} of {behind} records; {max(0, behind - covered)} unsigned since"
    yield from (f"note at {at}: {text}" for at, text in found["notes"])
    yield from (f"FAULT at {at}: {text}" for at, text in found["faults"])
    yield "not as it was written" if found["faults"] else "intact, as far as this was checked"


def main(arguments):
    """The program. Exit code as the module says."""
    options = {"--public-key": [], "--seal-key": []}
    files, rest = [], iter(arguments)
    for argument in rest:
        if argument in options:
            options[argument].append(next(rest, ""))
        else:
            files.append(argument)
    if len(files) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        trusted = [pathlib.Path(name).read_bytes() for name in options["--public-key"]]
        keys = [key for argument in options["--seal-key"] for key in seal_keys_of(argument)]
        blob = pathlib.Path(files[0]).read_bytes()
    except (OSError, ValueError, KeyError) as problem:
        print(f"cannot read what was given: {problem}", file=sys.stderr)
        return 2
    found = verify(blob, trusted, keys)
    print("\n".join(tell(found, bool(keys))))
    return 1 if found["faults"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
