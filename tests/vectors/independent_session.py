"""A session built independently, from `firmware/PROTOCOL.md` alone: standard library, nothing of ours.

`session` gives every intermediate value by the name that the document's worked example uses.
"""

import hashlib
import hmac
import struct

LABEL = b"interlock session 1"
KEY_NAMES = ("auth", "host enc", "host mac", "unit enc", "unit mac", "stream enc", "stream mac", "next admin key")


def mac(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, hashlib.sha256)


def hkdf(key: bytes, salt: bytes, info: bytes, blocks: int) -> bytes:
    """RFC 5869, in whole blocks."""
    prk = mac(salt, key)
    out = block = b""
    for number in range(1, blocks + 1):
        block = mac(prk, block + info + bytes([number]))
        out += block
    return out


def seal(enc: bytes, tag_key: bytes, number: int, message: bytes) -> bytes:
    count = struct.pack(">Q", number)
    stream = b"".join(mac(enc, count + struct.pack(">H", i)) for i in range(-(-len(message) // 32)))
    hidden = bytes(a ^ b for a, b in zip(message, stream, strict=False))
    return hidden + mac(tag_key, count + hidden)[:16]


def cut(message: bytes, mtu: int, count: int) -> list[bytes]:
    """Frames of one message; `count`: of the first."""
    room = mtu - 4
    parts = [message[i : i + room] for i in range(0, len(message), room)]
    return [bytes([(128 if part is parts[-1] else 0) | (count + i) % 128]) + part for i, part in enumerate(parts)]


def session(
    root: bytes,
    person: bytes,
    expiry_s: int,
    serial: bytes,
    nonces: tuple[bytes, bytes],
    uptime_ms: int,
    record: bytes,
    mtu: int = 23,
) -> dict[str, bytes]:
    """A technician's session with one ping and one chunk of one record, the journal's first."""
    v = {"technician root": root}
    v["technician key"] = hkdf(root, b"interlock/1", b"technician" + person + struct.pack(">I", expiry_s), 1)
    v["hello"] = b"\x01\x05\x02" + person + struct.pack(">I", expiry_s) + nonces[0]
    v["challenge"] = b"\x81\x05" + serial + nonces[1] + struct.pack(">H", mtu)
    v["transcript"] = hashlib.sha256(LABEL + struct.pack(">H", len(v["hello"])) + v["hello"] + v["challenge"]).digest()
    keys = hkdf(v["technician key"], v["transcript"], LABEL, 8)
    for i, name in enumerate(KEY_NAMES):
        v[name] = keys[32 * i : 32 * i + 32]
    v["host proof"] = mac(v["auth"], b"host" + v["transcript"])[:16]
    v["unit proof"] = mac(v["auth"], b"unit" + v["transcript"])[:16]
    v["proof"] = b"\x02" + v["host proof"]
    v["welcome"] = b"\x82" + v["unit proof"]
    v["request"] = b"\x11"
    v["sealed request"] = seal(v["host enc"], v["host mac"], 0, v["request"])
    v["reply"] = b"\x91\x00" + struct.pack(">Q", uptime_ms)
    v["sealed reply"] = seal(v["unit enc"], v["unit mac"], 0, v["reply"])
    frames: list[bytes] = []
    for name in ("hello", "proof", "sealed request"):
        frames += cut(v[name], mtu, len(frames))
    for i, frame in enumerate(frames):
        v[f"frame {i}"] = frame
    v["chunk"] = struct.pack(">I", 0) + record
    sealed = seal(v["stream enc"], v["stream mac"], 0, v["chunk"])
    v["piped"] = struct.pack(">H", len(sealed)) + sealed
    for i in range(-(-len(v["piped"]) // (mtu - 4))):
        v[f"notification {i}"] = bytes([i]) + v["piped"][i * (mtu - 4) : (i + 1) * (mtu - 4)]
    return v
