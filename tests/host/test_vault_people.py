"""For whose keys the force vouches: kept in its vault with everything else, taken along into vaults for others, never
taken out."""

import os

import pytest

from host_tools.outcome import ToolError
from host_tools.vault import lending, people
from host_tools.vault.check import check
from host_tools.vault.people import Voucher
from host_tools.vault.vault import Vault
from host_tools.vouched import Vouched

from .vaults import OTHER, OWN, opened, sealed_vault, slot

KEY, NEWER = b"k" * 32, b"n" * 32


@pytest.fixture
def vault(tmp_path):
    return sealed_vault(tmp_path / "vault", OTHER)


def vouch(vault, person, key=KEY, from_ms=0):
    return people.vouch(vault, person, Voucher(Vouched(key, from_ms), "PC1", 50))


def test_what_the_force_vouches_for_is_sealed_and_there_again(vault):
    vouch(vault, "ANN", from_ms=7)
    again = opened(vault.path, OWN)
    assert again.people()["ANN"] == (Vouched(KEY, 7, None, 50),)
    data = people.path_of(vault.path, "ANN").read_bytes()
    assert KEY.hex().encode() not in data and b"ANN" not in data
    assert check(again).findings == ()


def test_a_person_may_have_a_newer_key_and_keeps_the_older_ones_word(vault):
    vouch(vault, "ANN")
    people.unvouch(vault, "ANN", KEY, 100, is_stolen=False)
    vouch(vault, "ANN", NEWER)
    assert vault.people()["ANN"] == (Vouched(KEY, 0, 100, 50), Vouched(NEWER, 0, None, 50))
    people.unvouch(vault, "ANN", None, 200, is_stolen=False)
    assert [key.until_ms for key in vault.people()["ANN"]] == [100, 200], "what had ended stays as it was"
    people.unvouch(vault, "ANN", KEY, 300, is_stolen=True)
    old, new = vault.people()["ANN"]
    assert old.is_void and not new.is_void
    people.unvouch(vault, "ANN", KEY, 400, is_stolen=False)
    assert vault.people()["ANN"][0].is_void, "a stolen key stays one"


def test_vaults_for_others_take_it_along_and_give_no_word_themselves(vault, tmp_path):
    vouch(vault, "ANN")
    vault.lend(tmp_path / "laptop", "PC7", 2_000_000_000)
    lending.auditor(vault, tmp_path / "auditor", "IOPC", None)
    for path in (tmp_path / "laptop", tmp_path / "auditor"):
        lent = Vault.open(path)
        assert lent.people() == vault.people() and check(lent).findings == ()
        for forbidden in (
            lambda lent=lent: vouch(lent, "BOB", NEWER),
            lambda lent=lent: people.unvouch(lent, "ANN", None, 9, is_stolen=False),
        ):
            with pytest.raises(ToolError, match="word of the force's") as refused:
                forbidden()
            assert "the computer that has the force's vault" in refused.value.advice


def test_a_file_that_is_another_persons_or_none_is_damaged_and_named(vault):
    vouch(vault, "ANN")
    path = people.path_of(vault.path, "ANN")
    with vault.locked():
        vault.files.write(people.path_of(vault.path, "BOB"), vault.files.read(path))
    assert "it holds the keys of ANN" in check(vault).findings[0]
    with pytest.raises(ToolError, match="it holds the keys of ANN"):
        vault.people()
    with vault.locked():
        vault.files.write(people.path_of(vault.path, "BOB"), b'{"person": "BOB", "keys": [{"key": "00"}]}')
    assert "'key' is no 32 bytes in hex" in check(vault).findings[0]
    people.path_of(vault.path, "BOB").write_bytes(os.urandom(200))
    assert "it is not sealed" in check(vault).findings[0]


def test_a_vault_of_an_older_program_vouches_for_nobody(tmp_path):
    vault = Vault.create(tmp_path / "old", "MPS")
    (vault.path / "people").rmdir()
    again = Vault.open(vault.path)
    assert again.people() == {} and check(again).findings == ()
    vouch(again, "ANN")
    assert set(again.people()) == {"ANN"}


def test_two_who_vouch_at_once_do_not_undo_each_other(vault):
    other = opened(vault.path, OTHER)
    vouch(vault, "ANN")
    vouch(other, "BOB", NEWER)
    vouch(vault, "CID", b"c" * 32)
    assert set(other.people()) >= {"ANN", "BOB", "CID"}
    with pytest.raises(ToolError, match="that is the key of BOB"):
        vouch(vault, "ANN", NEWER)


def test_ids_that_differ_in_capitals_or_look_like_paths_have_their_own_files(vault):
    ids = ["ann", "ANN", "..", "a/b", "A:B"]
    for number, person in enumerate(ids):
        vouch(vault, person, bytes([number]) * 32)
    assert set(vault.people()) >= set(ids)
    assert slot().person not in vault.people()
