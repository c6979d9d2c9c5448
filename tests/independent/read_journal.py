#!/usr/bin/env python3
"""Says in words what each record of journal files (.ilj) tells; with --json as data, for other programs.

    python3 -I read_journal.py FILE.ilj ... [--json]

It has no table of its own: record types, fields and codes are read from firmware/JOURNAL.md and PROTOCOL.md as they are
printed. Nothing is verified here (verify_journal.py does). Exit code 0; 1: a record is not as the documents say; 2:
wrongly asked.
"""

import hashlib
import json
import pathlib
import re
import runpy
import sys

DOCUMENTS = runpy.run_path(str(pathlib.Path(__file__).with_name("documents.py")))
TEXTS = {"person", "officer"}
NEVER = 65535
# What the documents say in prose only: which table has a field's codes. (record, None: any; field) -> (table, are bits)
CODES = {
    (None, "event"): ("events", False),
    (None, "flags"): ("flags", True),
    (None, "credential"): ("credentials", False),
    (None, "finding"): ("update findings", False),
    ("trigger heard", "kind"): ("heard", False),
    ("alert", "code"): ("alerts", False),
    ("proof", "mode"): ("proof modes", False),
    ("recorder", "mode"): ("recorder modes", False),
    ("mode", "mode"): ("modes", False),
    ("mode", "cause"): ("mode causes", False),
    ("partner", "mode"): ("partner modes", False),
    ("crew", "flags"): ("crew flags", True),
    ("radio trouble", "what"): ("radio", False),
    ("life", "what"): ("life", False),
    ("flash fault", "kind"): ("faults", False),
    ("sensor lines", "cause"): ("line causes", False),
    ("session end", "reason"): ("session reasons", False),
    ("session refused", "reason"): ("session reasons", False),
    ("update", "phase"): ("update phases", False),
}
LIFE_DETAILS = {1: ("life flags", True), 2: ("life reasons", False), 3: ("life reasons", False)}
CREDENTIALS = {3: "the board's calendar", 4: "its button", 255: "nobody"}


def vocabulary():
    """(types, tables): {type: (name, is list, ((field, kind, bytes), ...))} and {table: {code: word}}."""
    journal, protocol = DOCUMENTS["text_of"]("JOURNAL.md"), DOCUMENTS["text_of"]("PROTOCOL.md")
    types = {}
    for number, name, payload, meaning in DOCUMENTS["rows_of"](journal, "codes: types"):
        kinds = [re.fullmatch(r"(\w+) (u|bytes)(\d+)", field).groups() for field in payload.split(", ")]
        fields = tuple((field, kind, int(size) // (8 if kind == "u" else 1)) for field, kind, size in kinds)
        types[int(number)] = (name, re.match(r"0 to \d+ times", meaning) is not None, fields)
    tables = {}
    for document in (protocol, journal):  # a table of both is JOURNAL.md's: it goes further
        for name in re.findall(r"<!-- codes: ([a-z -]+) -->", document):
            if name not in ("types", "sensor line bits"):
                tables[name] = DOCUMENTS["codes_of"](document, name)
    tables["credentials"].update(CREDENTIALS)
    tables["air events"] = DOCUMENTS["codes_of"](protocol, "events")
    tables["figures"] = dict(enumerate(row[1] for row in DOCUMENTS["rows_of"](journal, "layout: settings policy")))
    return types, tables


def items(blob):
    """(offset, raw record) of each record of a file, as far as its framing can be followed."""
    at = 60
    while at < len(blob) and blob[at] != 0xFE:
        mark = blob[at]
        if mark == 0xFC:
            lengths = [int.from_bytes(blob[at + i : at + i + 2], "big") for i in (4, 6, 8)]
            size = 16 + sum(lengths)
        else:
            size = 48 if mark == 0xFD else 23 + mark
        if mark <= 64:
            yield at, blob[at : at + size]
        at += size


def row_of(fields, payload):
    """{field: value} and what is left of the payload; ValueError when it is too short."""
    row = {}
    for name, kind, size in fields:
        raw, payload = payload[:size], payload[size:]
        if len(raw) < size:
            raise ValueError(f"no room for {name}")
        if kind == "u":
            row[name] = int.from_bytes(raw, "big")
        else:
            row[name] = raw.decode("latin1").rstrip(" ") if name in TEXTS else raw.hex()
    return row, payload


def rows_of(shape, payload):
    """Rows of a payload: one, or as many as its list holds."""
    _, is_list, fields = shape
    rows = []
    while payload or not (rows or is_list):
        row, payload = row_of(fields, payload)
        rows.append(row)
        if payload and not is_list:
            raise ValueError(f"{len(payload)} bytes too many")
    return rows


def records(blob, types):
    """Each record of a file as data; `digest_behind` are the first bytes of the chain value behind it, or null."""
    first, chain = int.from_bytes(blob[16:20], "big"), blob[20:52]
    is_known, due = bool(not first or any(chain)), first
    for at, raw in items(blob):
        sequence = int.from_bytes(raw[2:6], "big")
        is_known = is_known and sequence == due
        due = sequence + 1
        chain = hashlib.sha256(chain + raw[:-4]).digest()
        record = {
            "offset": at,
            "sequence": sequence,
            "type": raw[1],
            "boot": int.from_bytes(raw[6:8], "big"),
            "uptime_ms": int.from_bytes(raw[8:13], "big"),
            "digest_behind": chain[:4].hex() if is_known else None,
        }
        shape = types.get(raw[1])
        record["name"] = shape[0] if shape else f"type {raw[1]}"
        try:
            record["rows"] = rows_of(shape, raw[13:-10]) if shape else [{"payload": raw[13:-10].hex()}]
        except ValueError as problem:
            record["rows"], record["problem"] = [], str(problem)
        yield record


def with_utc(told):
    """Adds `utc_ms` to the records of boots in which a clock was set (drift is not reckoned with); else null."""
    told = list(told)
    clocks = {}
    for record in told:
        if record["name"] == "clock set":
            row = record["rows"][0]
            clocks[record["boot"]] = row["utc_ms"] - (record["uptime_ms"] - row["at_ago_ms"])
    for record in told:
        offset = clocks.get(record["boot"])
        record["utc_ms"] = None if offset is None else offset + record["uptime_ms"]
    return told


def word(record, field, value, tables):
    """One value as a person reads it."""
    name, row = record["name"], record["rows"][0]
    table = CODES.get((name, field)) or CODES.get((None, field))
    if name == "life" and field == "detail":
        table = LIFE_DETAILS.get(row["what"])
    if field in ("kind_reason", "event_flags"):
        high, low = ("kinds", "reasons") if field == "kind_reason" else ("air events", "flags")
        rest = (
            ", ".join(DOCUMENTS["bits_of"](tables[low], value & 15)) if low == "flags" else tables[low].get(value & 15)
        )
        return f"{tables[high].get(value >> 4, 'not readable')} ({rest or '-'})"
    if name == "policy changed" and field == "figure":
        return tables["figures"].get(value, str(value))
    if field == "epoch":
        return f"era {value >> 24}, n {value & 0xFFFFFF}"
    if field.endswith("_ago_ms") and value == NEVER:
        return "never"
    if table is None:
        return str(value)
    words, is_bits = tables[table[0]], table[1]
    return " + ".join(DOCUMENTS["bits_of"](words, value)) or "-" if is_bits else words.get(value, str(value))


def sentence(record, tables):
    """One line of a record."""
    told = "; ".join(
        ", ".join(f"{field} {word(record, field, value, tables)}" for field, value in row.items())
        for row in record["rows"]
    )
    when = f"boot {record['boot']} {record['uptime_ms'] / 1000:11.3f} s"
    return f"{record['sequence']:6} {when}  {record['name']}: {record.get('problem', told)}"


def main(arguments):
    """The program. Exit code as the module says."""
    names = [argument for argument in arguments if argument != "--json"]
    types, tables = vocabulary()
    try:
        blobs = [pathlib.Path(name).read_bytes() for name in names]
    except OSError as problem:
        print(f"{__doc__}\n{problem}", file=sys.stderr)
        return 2
    if not blobs or any(blob[:4] != b"ILJF" for blob in blobs):
        print(f"{__doc__}\nno journal file", file=sys.stderr)
        return 2
    journals = [
        {
            "unit": int.from_bytes(blob[6:8], "big"),
            "role": blob[5],
            "serial": blob[8:16].decode("latin1").rstrip(),
            "records": with_utc(records(blob, types)),
        }
        for blob in blobs
    ]
    if "--json" in arguments:
        print(json.dumps(journals))
    else:
        for journal in journals:
            print(f"unit {journal['unit']}, serial {journal['serial']}")
            print("\n".join(sentence(record, tables) for record in journal["records"]))
    return int(any("problem" in record for journal in journals for record in journal["records"]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
