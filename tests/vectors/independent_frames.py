"""Frames built independently, from `firmware/PROTOCOL.md` alone: standard library, nothing of ours.

Each function gives every intermediate value by the name that the document's worked example uses.
"""

import hashlib
import hmac
import struct

SALT = b"interlock/2"


def mac(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, hashlib.sha256)


def prk(key: bytes) -> bytes:
    """HKDF-Extract (RFC 5869) under the fixed salt."""
    return mac(SALT, key)


def subkey(key: bytes, info: bytes) -> bytes:
    """HKDF-Expand (RFC 5869) to 32 bytes: one block."""
    return mac(prk(key), info + b"\x01")


def xor(a: bytes, b: bytes) -> bytes:
    return bytes(x ^ y for x, y in zip(a, b, strict=False))


def unit_frame(
    unit_key: bytes, group_key: bytes, unit: int, counter: int, event: int, flags: int, body: bytes, slot: int
) -> dict[str, bytes]:
    """Every value on the way to a unit frame; the last, `frame`, has 31 bytes."""
    v = {"K_U": unit_key, "K_G": group_key, "PRK_U": prk(unit_key), "PRK_G": prk(group_key)}
    who = struct.pack(">H", unit)
    v["info unit id"] = b"unit id" + who
    v["info unit mac"] = b"unit mac" + who
    v["info group enc"] = b"group enc"
    v["info group mac"] = b"group mac"
    v["U.id"] = subkey(unit_key, v["info unit id"])
    v["U.mac"] = subkey(unit_key, v["info unit mac"])
    v["G.enc"] = subkey(group_key, v["info group enc"])
    v["G.mac"] = subkey(group_key, v["info group mac"])
    v["counter64"] = struct.pack(">Q", counter)
    v["id"] = mac(v["U.id"], v["counter64"])[:4]
    v["slot"] = struct.pack(">I", slot)
    v["slot byte"] = bytes([1 + slot % 255 if slot else 0])
    v["plain"] = bytes([event << 4 | flags]) + who + counter.to_bytes(3, "big") + v["slot byte"] + body
    v["group tag"] = mac(v["G.mac"], v["slot"] + v["id"] + v["plain"])[:6]
    v["keystream"] = mac(v["G.enc"], v["id"] + v["group tag"])[:11]
    v["sealed"] = xor(v["plain"], v["keystream"])
    v["own tag"] = mac(v["U.mac"], v["counter64"] + v["id"] + v["sealed"] + v["group tag"])[:8]
    v["frame"] = b"\x1e\x21" + v["id"] + v["sealed"] + v["group tag"] + v["own tag"]
    return v


def ack_frame(
    pair_key: bytes,
    holster: int,
    camera: int,
    counter: int,
    kind: int,
    reason: int,
    since_ms: int,
    buffer_s: int,
    crew: int,
    digest: bytes,
) -> dict[str, bytes]:
    """Every value on the way to an ack frame; the last, `frame`, has 31 bytes."""
    v = {"K_P": pair_key, "PRK_P": prk(pair_key)}
    who = struct.pack(">HH", holster, camera)
    for part in ("id", "enc", "mac"):
        v[f"info ack {part}"] = f"ack {part}".encode() + who
        v[f"P.{part}"] = subkey(pair_key, v[f"info ack {part}"])
    v["counter64 kind"] = struct.pack(">QB", counter, kind)
    v["id"] = mac(v["P.id"], v["counter64 kind"])[:4]
    v["plain"] = bytes([kind << 4 | reason]) + since_ms.to_bytes(3, "big") + bytes([buffer_s, crew, 0]) + digest
    v["pair tag"] = mac(v["P.mac"], v["counter64 kind"] + v["plain"])[:14]
    v["keystream"] = mac(v["P.enc"], v["id"] + v["pair tag"])[:11]
    v["sealed"] = xor(v["plain"], v["keystream"])
    v["frame"] = b"\x1e\x21" + v["id"] + v["sealed"] + v["pair tag"]
    return v
