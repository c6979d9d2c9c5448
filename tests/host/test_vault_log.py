"""The record of each use: complete, in its order, and silent about nothing that was done to it."""

import itertools
import json
import os

import pytest

from host_tools.outcome import ToolError
from host_tools.vault import keys as vault_keys
from host_tools.vault import log as vault_log

from .fate import Killed
from .vaults import OTHER, Disk, opened, sealed_vault

NOW_MS = 1_790_000_000_000


@pytest.fixture
def vault(tmp_path):
    return sealed_vault(tmp_path / "vault", OTHER)


def noted(vault, *commands):
    for at, command in enumerate(commands):
        vault_log.note(vault.files, command, NOW_MS + 1000 * at)
    return vault.path / "uses.log"


def commands(vault):
    return [use.command for use in vault_log.read(vault.files).uses]


def findings(vault):
    return vault_log.read(vault.files).findings


def test_each_use_is_noted_with_who_when_where_and_what_for(vault):
    noted(vault, "pull", "policy set")
    noted(opened(vault.path, OTHER), "vault backup")
    log = vault_log.read(vault.files)
    assert log.findings == ()
    assert [(use.number, use.person, use.slot, use.command) for use in log.uses] == [
        (1, "PC1", 1, "pull"),
        (2, "PC1", 1, "policy set"),
        (3, "PC2", 2, "vault backup"),
    ]
    assert log.uses[1].utc == "2026-09-21T14:13:21Z" and log.uses[0].host


def edit(path, change):
    path.write_bytes(b"".join(change(path.read_bytes().splitlines(keepends=True))))


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        (lambda lines: lines[:2], "uses 3 to 4 were cut off its end"),
        (lambda lines: [], "uses 1 to 4 were cut off its end"),
        (lambda lines: lines[1:], "uses 1 to 1 are missing"),
        (lambda lines: [lines[0], *lines[2:]], "uses 2 to 2 are missing"),
        (lambda lines: [lines[0].replace(b"PC1", b"PC9"), *lines[1:]], "line 1 was changed"),
        (lambda lines: [lines[1], lines[0], *lines[2:]], "line 2 is not in its place"),
        (lambda lines: [*lines, lines[3]], "line 5 is not in its place"),
        (lambda lines: [*lines, b"{}\n"], "line 5 was changed"),
        (lambda lines: [*lines[:3], lines[3][:-9]], "line 4 was broken off"),
    ],
)
def test_what_was_done_to_it_shows_and_goes_on_showing(vault, change, finding):
    path = noted(vault, "scan", "pull", "pull", "report")
    edit(path, change)
    assert any(finding in found for found in findings(vault))
    noted(vault, "sync")  # whoever uses it next does not heal it
    assert commands(vault)[-1] == "sync" and findings(vault)


def test_a_log_of_another_vault_is_not_taken_for_this_ones(vault, tmp_path):
    path, other = noted(vault, "pull", "pull"), sealed_vault(tmp_path / "other")
    path.write_bytes(noted(other, "pull", "pull").read_bytes())
    assert len(findings(vault)) == 3


def test_the_log_survives_new_keys(vault):
    noted(vault, "pull")
    with vault.locked():
        vault.files.lock_with(vault_keys.turning(vault_keys.without(vault.files.keys, 2), os.urandom))
    noted(vault, "sync")
    assert commands(opened(vault.path)) == ["pull", "sync"] and findings(vault) == ()


@pytest.mark.parametrize("is_full", [False, True])
def test_a_cut_or_a_full_disk_at_any_step_loses_no_use_that_was_noted_and_accuses_nobody(
    tmp_path, monkeypatch, is_full
):
    disk = Disk(monkeypatch)
    for at in itertools.count():
        vault = sealed_vault(tmp_path / str(at))
        noted(vault, "one", "two")
        disk.strike(at, is_full)
        done = True
        try:
            noted(vault, "three")
        except (Killed, ToolError) as error:
            assert isinstance(error, ToolError) == is_full
            done = False
        if not disk.mend():
            break
        noted(vault, "four")
        assert commands(vault) in (["one", "two", "four"], ["one", "two", "three", "four"])
        assert not done or "three" in commands(vault)
        assert findings(vault) == ()
    assert at >= 4


def test_a_line_that_a_cut_broke_off_anywhere_is_written_over(vault):
    path = noted(vault, "one", "two")
    whole = path.read_bytes()
    state = (vault.path / "log.json").read_bytes()
    noted(vault, "three")
    third = path.read_bytes()[len(whole) :]
    for cut in (1, len(third) // 2, len(third) - 1):
        path.write_bytes(whole + third[:cut])
        (vault.path / "log.json").write_bytes(state)
        noted(vault, "four")
        assert commands(vault) == ["one", "two", "four"] and findings(vault) == ()


def test_two_commands_at_once_both_are_noted(vault):
    late = opened(vault.path)
    noted(vault, "pull")
    noted(late, "scan")
    assert commands(vault) == ["pull", "scan"] and findings(vault) == ()


def test_a_log_whose_key_is_gone_is_told_and_goes_on(vault):
    noted(vault, "pull")
    (vault.path / "log.json").unlink()
    assert findings(vault) == ("the log's key is missing: nothing of it can be checked",)
    noted(vault, "sync")
    assert commands(vault) == ["sync"] and findings(vault)


def test_no_line_holds_more_than_the_commands_name(vault):
    (line,) = noted(vault, "provision").read_bytes().splitlines()
    assert set(json.loads(line)) == {"number", "utc", "person", "slot", "command", "host", "before", "mac"}
