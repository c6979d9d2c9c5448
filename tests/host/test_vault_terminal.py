"""Passphrases on a real terminal: asked for, never shown, never in a process's arguments."""

import codecs
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from host_tools.statements import signing
from host_tools.vault import keys as vault_keys
from host_tools.vault.slots import passphrase
from host_tools.vault.vault import Vault

from .report_shift import shift
from .test_store_commands import filled as filled_store
from .vaults import content, filled

if sys.platform == "win32":
    pytest.skip("pseudo-terminals are POSIX", allow_module_level=True)

import pty
import select

FIRST, SECOND, WRONG = "four words nobody joins", "a newer one, much better", "not the one at all"
PATIENCE_S = 300.0  # for a command that tries passphrases, on a machine that is busy; nothing is decided by it


def typed(home, *arguments, answers):
    """(exit code, all that the terminal showed) of one command, its questions answered in turn."""
    ours, theirs = pty.openpty()
    env = {name: value for name, value in os.environ.items() if not name.startswith(("INTERLOCK", "XDG_"))}
    process = subprocess.Popen(
        [Path(sys.executable).parent / "interlock", "--home", home, "--as", "PC1", *arguments],
        stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True, env=env,
    )  # fmt: skip
    os.close(theirs)
    text, shown = codecs.getincrementaldecoder("utf-8")(), ""
    left, asked_at = list(answers), 0
    until_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < until_s:
        if select.select([ours], [], [], 0.2)[0]:
            try:
                part = os.read(ours, 4096)
            except OSError:  # the other end was closed
                break
            shown += text.decode(part)
        if left and re.search(r"(assphrase|again|characters)[^\n]*: $", shown[asked_at:]):
            asked_at = len(shown)
            os.write(ours, left.pop(0).encode() + b"\n")
    os.close(ours)
    code = process.wait(PATIENCE_S)
    assert not left, f"nobody asked for the rest:\n{shown}"
    assert not [answer for answer in (FIRST, SECOND, WRONG) if answer in shown]
    return code, shown


@pytest.fixture
def home(tmp_path):
    filled(Vault.create(tmp_path / "home" / "vault", "MPS"))
    return tmp_path / "home"


def test_a_passphrase_is_chosen_asked_for_and_never_shown(home):
    held = content(Vault.open(home / "vault"))
    code, shown = typed(home, "vault", "encrypt", answers=[FIRST, FIRST])
    assert code == 0 and "are encrypted" in shown
    code, shown = typed(home, "vault", "log", answers=[WRONG, FIRST])
    assert code == 0 and shown.count("Passphrase of the vault") == 2 and "PC1" in shown
    slot = vault_keys.read(home / "vault").slots[0]
    assert slot.work == (2**17, 8, 1)  # what a person's passphrase is worth
    assert content(Vault.open(home / "vault", keys=vault_keys.unlock(home / "vault", passphrase(FIRST)))) == held


@pytest.mark.deep
def test_a_passphrase_is_changed_by_whoever_knows_it_and_given_up_after_three_tries(home):
    code, shown = typed(home, "vault", "encrypt", answers=[FIRST, SECOND] * 3)
    assert code == 2 and shown.count("No: the two passphrases differ. New passphrase") == 2
    assert not (home / "vault" / "keys.json").exists()
    assert typed(home, "vault", "encrypt", answers=[FIRST, FIRST])[0] == 0
    code, shown = typed(home, "vault", "passphrase", answers=[FIRST, WRONG])
    assert code == 2 and "does not open" in shown
    code, shown = typed(home, "vault", "passphrase", answers=[FIRST, FIRST, SECOND, SECOND])
    assert code == 0 and "is changed" in shown
    code, shown = typed(home, "policy", "show", answers=[FIRST, FIRST, WRONG])
    assert code == 2 and "this passphrase does not open the vault" in shown
    assert typed(home, "policy", "show", answers=[SECOND])[0] == 0


def test_a_signing_key_has_a_passphrase_of_its_own_that_is_never_shown(tmp_path):
    home = tmp_path / "home"
    filled_store(home / "journals.sqlite", shift())
    code, shown = typed(home, "annotate", "--new-key", answers=["short", FIRST, FIRST])
    assert code == 0 and "a passphrase has at least 10 characters" in shown
    assert "interlock vault vouch PC1 ILK1-" in shown
    said = ("annotate", "UNIT1:3", "--code", "training", "--text", "a drill")
    code, shown = typed(home, *said, answers=[WRONG, FIRST])
    assert code == 0 and shown.count("Passphrase of the signing key of PC1") == 2 and "stranger" in shown
    assert signing._read(signing.path_of(home, "PC1"), "PC1").slot.work == (2**17, 8, 1)
