"""Signatures of RFC 8554 with SHA-256 and 32 bytes: LMOTS, LMS and HSS; verifying only, from the RFC."""

import hashlib
import struct

OTS = {1: (1, 265, 7), 2: (2, 133, 6), 3: (4, 67, 4), 4: (8, 34, 0)}  # type: (bits of a digit, digits, shift of the checksum)
HEIGHTS = {5: 5, 6: 10, 7: 15, 8: 20, 9: 25}


def number(raw):
    """The integer that big-endian bytes spell."""
    return int.from_bytes(raw, "big")


def sha(*parts):
    """SHA-256 of all parts joined."""
    return hashlib.sha256(b"".join(parts)).digest()


def digits(raw, bits):
    """The numbers of so many bits that bytes hold, the highest first."""
    return [byte >> shift & (1 << bits) - 1 for byte in raw for shift in range(8 - bits, -1, -bits)]


def lms_split(signature):
    """An LMS signature as (q, ots type, randomizer, chains, lms type, path), and what is behind it.

    Raises ValueError where there is none.
    """
    if len(signature) < 8:
        raise ValueError("too short")
    q, ots = struct.unpack_from(">II", signature)
    if ots not in OTS:
        raise ValueError(f"one-time type {ots}")
    chains = OTS[ots][1]
    at = 8 + 32 + 32 * chains
    if len(signature) < at + 4:
        raise ValueError("too short")
    lms = number(signature[at : at + 4])
    if lms not in HEIGHTS:
        raise ValueError(f"tree type {lms}")
    end = at + 4 + 32 * HEIGHTS[lms]
    if len(signature) < end:
        raise ValueError("too short")
    cut = [signature[i : i + 32] for i in range(40, at, 32)]
    path = [signature[i : i + 32] for i in range(at + 4, end, 32)]
    return (q, ots, signature[8:40], cut, lms, path), signature[end:]


def lms_fits(message, parts, public):
    """Whether a split LMS signature is one of the message under an LMS public key of 56 bytes."""
    q, ots, randomizer, chains, lms, path = parts
    if len(public) != 56 or struct.unpack_from(">II", public) != (lms, ots) or q >> HEIGHTS[lms]:
        return False
    identifier, root = public[8:24], public[24:]
    bits, _, shift = OTS[ots]
    top, leaf = (1 << bits) - 1, identifier + struct.pack(">I", q)
    digest = sha(leaf, b"\x81\x81", randomizer, message)
    checksum = sum(top - digit for digit in digits(digest, bits)) << shift
    wanted = digits(digest + checksum.to_bytes(2, "big"), bits)[: len(chains)]
    ends = []
    for i, (digit, value) in enumerate(zip(wanted, chains, strict=True)):
        for j in range(digit, top):
            value = sha(leaf, struct.pack(">HB", i, j), value)
        ends.append(value)
    node = q + (1 << HEIGHTS[lms])
    value = sha(identifier, struct.pack(">I", node), b"\x82\x82", sha(leaf, b"\x80\x80", *ends))
    for beside in path:
        pair = (beside, value) if node & 1 else (value, beside)
        node >>= 1
        value = sha(identifier, struct.pack(">I", node), b"\x83\x83", *pair)
    return value == root


def hss_index(message, signature, public):
    """The one-time index of an HSS signature (q, or upper q times 32 plus lower q); None when it does not fit.

    `public` has 60 bytes: u32 levels, and an LMS public key of 56. Raises ValueError for what is no signature at all.
    """
    levels, rest, key, index = number(public[:4]), signature[4:], public[4:], 0
    if len(public) != 60 or number(signature[:4]) + 1 != levels:
        return None
    for level in range(levels):
        parts, rest = lms_split(rest)
        is_last = level == levels - 1
        signed = message if is_last else rest[:56]
        if not lms_fits(signed, parts, key):
            return None
        index = (index << HEIGHTS[parts[4]]) + parts[0]
        if not is_last:
            key, rest = signed, rest[56:]
    return None if rest else index
