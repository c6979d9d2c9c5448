"""The release file: what is packed is read, and nothing else is taken for one."""

import hashlib
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock_loader import container
from interlock_loader.container import DEFLATED, STORED, ContainerError, Manifest, Member


def member(name="interlock/app.mpy", data=b"M\x06\x00\x1f", how=STORED, plain=None):
    return Member(name, how, len(data), len(data) if plain is None else plain, hashlib.sha256(data).digest())


def manifest(*members, **changes):
    fields = {
        "version": (0, 2, 0),
        "minimum": (0, 1, 0),
        "board": "esp32_s3",
        "mpy": 6 | 31 << 8,
        "micropython": (1, 29, 0),
        "loader": 1,
        "source": bytes(20),
        "members": members or (member(),),
    }
    return Manifest(**{**fields, **changes})


class Here:
    """`sys.implementation` of a board."""

    version = (1, 29, 0, "")
    _mpy = 0x1206  # format 6, some architecture


names = st.from_regex(r"[a-z_]{1,8}(/[a-z_]{1,8}){0,3}\.m?py", fullmatch=True)
versions = st.tuples(*[st.integers(0, 255)] * 3)


@given(st.lists(st.tuples(names, st.binary(max_size=40)), min_size=1, max_size=9, unique_by=lambda m: m[0]), versions)
def test_what_is_packed_is_read(contents, version):
    said = manifest(*(member(n, d) for n, d in contents), version=version, minimum=min(version, (0, 1, 0)))
    packed = container.pack_manifest(said)
    file = io.BytesIO(container.head(packed, b"signature") + b"".join(data for _, data in contents))
    read, signature, first = container.read_head(file)
    assert (read, signature) == (packed, b"signature")
    unpacked = container.unpack_manifest(read)
    assert unpacked.version == version
    assert container.whole_bytes(unpacked, first) == len(file.getvalue())
    for name, (offset, found) in container.members_at(unpacked, first).items():
        file.seek(offset)
        assert hashlib.sha256(file.read(found.stored)).digest() == found.sha256
        assert dict(contents)[name] == file.getvalue()[offset : offset + found.stored]


@given(st.binary(max_size=400))
def test_rubbish_is_refused_with_a_reason(data):
    for read in (container.unpack_manifest, lambda d: container.read_head(io.BytesIO(d))):
        try:
            read(data)
        except ContainerError as error:
            assert str(error)


@given(st.data())
def test_a_changed_manifest_is_never_the_same_one(data):
    packed = container.pack_manifest(manifest(member(), member("interlock/core/lms.mpy", b"abc", DEFLATED, 9)))
    at = data.draw(st.integers(0, len(packed) - 1))
    changed = bytearray(packed)
    changed[at] ^= data.draw(st.integers(1, 255))
    try:
        read = container.unpack_manifest(bytes(changed))
    except ContainerError:
        return
    assert read != container.unpack_manifest(packed)


@pytest.mark.parametrize("cut", [0, 3, 7, 8, 20, 60])
def test_a_head_that_is_cut_short_is_refused(cut):
    whole = container.head(container.pack_manifest(manifest()), b"s" * 10)
    with pytest.raises(ContainerError):
        container.read_head(io.BytesIO(whole[:cut]))


@pytest.mark.parametrize("name", ["/etc/x.py", "a/../b.py", "a//b.py", "", "a\\b.py", "x" * 65, "a b.py", "ä.py", "."])
def test_a_member_cannot_leave_its_mount(name):
    with pytest.raises(ContainerError):
        container.pack_manifest(manifest(member(name)))


def test_no_two_members_have_one_name():
    with pytest.raises(ContainerError):
        container.pack_manifest(manifest(member(), member()))


def test_sizes_that_nobody_stores_are_refused():
    for how, stored, plain in ((STORED, 4, 5), (2, 4, 4), (DEFLATED, 2 << 20, 4), (DEFLATED, 4, 2 << 20)):
        with pytest.raises(ContainerError):
            container.pack_manifest(manifest(Member("a.py", how, stored, plain, bytes(32))))


def test_what_does_not_run_here_says_why():
    assert container.why_not_here(manifest(), "esp32_s3", Here) == ""
    assert "pico_w" in container.why_not_here(manifest(), "pico_w", Here)
    assert "1.30.0" in container.why_not_here(manifest(micropython=(1, 30, 0)), "esp32_s3", Here)
    assert "version 7" in container.why_not_here(manifest(mpy=7 | 31 << 8), "esp32_s3", Here)
    assert "63-bit" in container.why_not_here(manifest(mpy=6 | 63 << 8), "esp32_s3", Here)
    assert container.why_not_here(manifest(mpy=0), "esp32_s3", Here) == ""
    assert "loader" in container.why_not_here(manifest(loader=container.LOADER + 1), "esp32_s3", Here)
    assert container.why_not_here(manifest(loader=0), "esp32_s3", Here) == ""


def test_nobody_makes_a_release_that_forbids_itself():
    """The unit that confirmed it would take no release below its minimum again."""
    with pytest.raises(ContainerError, match="minimum"):
        container.pack_manifest(manifest(minimum=(9, 9, 9)))


def test_the_bytes_of_a_head_are_these():
    packed = container.pack_manifest(manifest(member(data=b"M")))
    assert container.head(packed, b"")[:8].hex() == "494c5531006d0000"
    assert packed.hex() == (
        "000200" "000100" + b"esp32_s3".ljust(16, b"\0").hex() + "1f06" "011d00" "01" + bytes(20).hex() + "0001"
        "11" "00" "00000001" "00000001" + hashlib.sha256(b"M").hexdigest() + b"interlock/app.mpy".hex()
    )  # fmt: skip
