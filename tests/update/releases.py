"""Small releases, signed by real LMS keys of this test's own, and what is wrong with others."""

import functools
import hashlib
import io
import random
import struct

from interlock_loader import container
from interlock_loader.container import Manifest, Member
from tests.core.test_lms import Key

BOARD = "esp32_s3"


@functools.cache
def key(seed=b"S"):
    """A tree of 32 signatures with W4."""
    made = Key(3)
    if seed != b"S":
        made = Key.__new__(Key)
        made.ots_type, made.identifier, made.seed = 3, seed * 16, seed * 32
        made.leaves = other_leaves(made)
    return made


def other_leaves(made):
    from interlock.core.lms import leaf_hash
    from tests.core.test_lms import computed

    return [leaf_hash(made.identifier, 32 + q, computed(3, made.identifier, q, made.seed)) for q in range(32)]


@functools.cache
def public(seed=b"S"):
    return key(seed).public(1)


def sign(packed, seed=b"S", q=0):
    """An HSS signature of one level over this manifest. One-time keys are used as often as tests like."""
    return struct.pack(">I", 0) + key(seed).sign(q, container.signed_bytes(packed))


@functools.cache
def release(version=(2, 0, 0), minimum=(0, 0, 0), sizes=(700, 5000, 3001), signed_by=b"S", **fields):
    """A whole file. `fields`: of the manifest, that differ."""
    chosen = random.Random(repr((version, sizes)))
    bodies = [chosen.randbytes(size) for size in sizes]
    members = tuple(
        Member(f"interlock/m{i}.py", container.STORED, len(body), len(body), hashlib.sha256(body).digest())
        for i, body in enumerate(bodies)
    )
    manifest = Manifest(version, minimum, BOARD, 0, (1, 0, 0), 1, bytes(20), members)._replace(**fields)
    packed = container.pack_manifest(manifest)
    return container.head(packed, sign(packed, signed_by) if signed_by else b"") + b"".join(bodies)


@functools.cache
def forbids_itself():
    """A signed release of version 2.0.0 whose minimum is 9.9.9; nobody's tools make one."""
    packed, _, first = container.read_head(io.BytesIO(release()))
    packed = packed[:3] + bytes((9, 9, 9)) + packed[6:]
    return container.head(packed, sign(packed)) + release()[first:]


def head_bytes(file):
    return container.HEAD_BYTES + sum(container.head_sizes(file[: container.HEAD_BYTES]))


def digest(file):
    return hashlib.sha256(file[: head_bytes(file)]).digest()
