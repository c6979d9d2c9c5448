"""Checkpoints at a pull: signed, checked, kept, whatever is cut; and what a copied or rolled back key looks like."""

from io import BytesIO

import pytest

from host_tools import durable
from host_tools.flows.pull import pull_unit
from host_tools.journal_file import Intact, check
from host_tools.outcome import ToolError
from host_tools.store.store import Store
from host_tools.verifying.walk import walk
from interlock.core import checkpoint, lms, records, settings, signer
from interlock.core.notary import Notary
from interlock.core.reading import Reading

from .fate import Fate
from .flow_world import lend, struck, sweep, two_units, world_copy

DAY_MS = 86_400_000


def with_key(home, count=40):
    world = two_units(home, signing="h5")
    world.units["H1"].fill(count)
    return world


def stored(world, serial="H1"):
    """(rows, what they say, the journal) of the store."""
    store = Store.open(world.home / "journals.sqlite")
    try:
        rows = store.checkpoints(serial)
        return rows, [checkpoint.unpack(row.message) for row in rows], store.journal(serial)
    finally:
        store.close()


def kinds(done):
    return [finding.kind for finding in done.findings]


def test_a_pull_ends_with_a_checkpoint_over_all_of_it(tmp_path):
    world = with_key(tmp_path)
    done = world.do(pull_unit, "H1")
    assert (done.failure, done.findings) == (None, ())
    rows, said, journal = stored(world)
    assert (done.checkpoint.outcome, done.checkpoint.index, done.checkpoint.remaining) == ("signed", 0, 31)
    (row,), (said,) = rows, said
    assert lms.verify(row.public, row.message, row.signature)
    assert row.public == world.vault.signing_keys("H1")[-1] and (row.by, row.index) == ("PC1234", 0)
    assert said.following == done.checkpoint.following == done.following == journal.segments[-1].last + 1
    assert said.chain == journal.segments[-1].after
    assert journal.records[-1].kind == records.CHECKPOINT and journal.findings == ()


def test_an_exported_journal_has_its_checkpoints_with_it(tmp_path):
    world = with_key(tmp_path)
    for _ in range(2):
        world.do(pull_unit, "H1", as_admin=True)
    rows = stored(world)[0]
    store = Store.open(world.home / "journals.sqlite")
    data, found = store.export_ilj("H1"), []
    store.close()
    assert isinstance(check(data), Intact)
    walk(BytesIO(data), take=lambda signed, _: found.append(tuple(signed)))
    assert found == [(row.message, row.signature, row.public) for row in rows] and len(found) == 2


def test_without_a_key_or_a_wish_there_is_none(tmp_path):
    world = two_units(tmp_path / "no key")
    assert world.do(pull_unit, "H1").checkpoint.outcome == "no_key"
    world = with_key(tmp_path / "no wish")
    assert world.do(pull_unit, "H1", checkpoint=False).checkpoint is None
    assert stored(world)[0] == []


def test_a_second_one_on_the_same_day_is_left_out_quietly_but_not_for_an_admin(tmp_path):
    world = with_key(tmp_path)
    world.do(pull_unit, "H1")
    again = world.do(pull_unit, "H1")
    assert (again.failure, again.findings, again.checkpoint.outcome) == (None, (), "too_soon")
    assert again.checkpoint.advice is None
    ordered = world.do(pull_unit, "H1", as_admin=True)
    assert (ordered.checkpoint.outcome, ordered.checkpoint.index) == ("signed", 1)
    assert [said.index for said in stored(world)[1]] == [0, 1]
    lent = lend(world, "PC7")
    with pytest.raises(ToolError, match="PC7's vault"):
        world.do(pull_unit, "H1", as_admin=True, vault=lent, person="PC7")


def test_a_technicians_vault_knows_the_keys_that_were_there_when_it_was_lent(tmp_path):
    world = with_key(tmp_path)
    lent = lend(world, "PC7")
    done = world.do(pull_unit, "H1", vault=lent, person="PC7")
    assert (done.checkpoint.outcome, done.findings) == ("signed", ())
    assert stored(world)[0][0].by == "PC7"
    unit = world.units["H1"]
    unit.signer.generate(2, b"another key of hers".ljust(32))
    unit.compute()
    later = world.do(pull_unit, "H1", vault=lent, person="PC7")
    assert kinds(later) == ["unknown_key"] and later.checkpoint.outcome == "signed"
    assert "these credentials" in later.findings[0].text


def test_a_key_that_the_vault_never_asked_for_is_a_finding_and_does_not_get_into_it(tmp_path):
    world = with_key(tmp_path)
    keys = world.vault.signing_keys("H1")
    unit = world.units["H1"]
    unit.signer.generate(2, b"a thief's".ljust(32))
    unit.compute()
    assert kinds(world.do(pull_unit, "H1")) == ["unknown_key"]
    assert world.vault.signing_keys("H1") == keys


@pytest.mark.parametrize("kill", [True, False], ids=["killed", "cut"])
@pytest.mark.parametrize("stride", [4, pytest.param(1, marks=pytest.mark.deep)])
def test_a_checkpoint_struck_at_every_frame_is_had_by_the_next_pull_and_costs_one_index(
    tmp_path, monkeypatch, kill, stride
):
    monkeypatch.setattr(durable.os, "fsync", lambda _: None)
    start = with_key(tmp_path / "start", 5)
    for at, home in sweep(tmp_path, stride, stride // 2 * kill):
        world = world_copy(start, home)
        went_on = struck(world, at, kill, pull_unit, "H1")
        done = world.do(pull_unit, "H1")
        assert (done.failure, done.findings) == (None, ()), at
        rows, said, journal = stored(world)
        assert [one.index for one in said] == [0] and world.units["H1"].signer.index == 1
        assert all(lms.verify(row.public, row.message, row.signature) for row in rows)
        assert said[0].following <= journal.segments[-1].last + 1 and journal.findings == ()
        raws = [record.raw for record in journal.records]
        assert raws == [record.raw for record in Reading(world.units["H1"].journal_flash).records][: len(raws)]
        if not went_on:
            break
    assert at > 30


def lost_behind_the_index(unit, is_for_good=False):
    """`on_link`: the first link on which an index is taken carries nothing more."""
    taken = []

    def on_link(link):
        checkpoint = Notary.checkpoint

        def lose(*arguments):
            answer = checkpoint(unit.notary, *arguments)
            if not taken:
                link._fate = Fate(0)
                unit.deaf_until_s = 1e9 if is_for_good else 0.0
            taken.append(answer)
            return answer

        unit.notary.checkpoint = lose

    return on_link


def test_a_link_lost_behind_the_index_is_made_anew_and_the_signature_fetched(tmp_path):
    world = with_key(tmp_path)
    done = world.do(pull_unit, "H1", on_link=lost_behind_the_index(world.units["H1"]))
    assert (done.failure, done.links, done.checkpoint.outcome, done.checkpoint.index) == (None, 2, "signed", 0)
    assert world.units["H1"].signer.index == 1


def test_what_one_laptop_lost_another_one_gets(tmp_path):
    world = with_key(tmp_path)
    unit = world.units["H1"]
    unit.notary.checkpoint(1, None, b"lost".ljust(16))
    unit.compute()
    done = world.do(pull_unit, "H1")
    assert (done.checkpoint.outcome, done.findings) == ("too_soon", ())
    assert [said.nonce[:4] for said in stored(world)[1]] == [b"lost"]


def test_a_unit_that_is_away_before_it_signed_keeps_nothing_from_being_pulled(tmp_path):
    world = with_key(tmp_path)
    unit = world.units["H1"]
    done = world.do(pull_unit, "H1", on_link=lost_behind_the_index(unit, is_for_good=True))
    assert done.failure is None and done.checkpoint is None
    assert len(stored(world)[2].records) == done.following
    unit.boot()  # the power went, and with it what was to be signed
    again = world.do(pull_unit, "H1")
    assert (again.failure, again.findings, again.checkpoint.outcome) == (None, (), "too_soon")
    assert world.do(pull_unit, "H1", as_admin=True).checkpoint.index == 1


def test_a_rolled_back_key_refuses_and_that_is_a_finding(tmp_path):
    world = with_key(tmp_path)
    unit = world.units["H1"]
    image = bytes(unit.settings_flash.data)
    world.do(pull_unit, "H1", as_admin=True)
    access_of_now = bytes(unit.settings_flash.data[: settings.SEAL_FIRST * 4096])
    unit.settings_flash.data[:] = access_of_now + image[len(access_of_now) :]
    unit.boot()
    done = world.do(pull_unit, "H1")
    assert "key_rolled_back" in kinds(done) and done.checkpoint.outcome == "refused"
    assert "report this" in done.checkpoint.advice


def test_two_messages_under_one_index_are_both_kept(tmp_path):
    """A unit that was copied signs with an index that was seen, for somebody who does not say what was seen."""
    world = with_key(tmp_path)
    unit = world.units["H1"]
    image = bytes(unit.settings_flash.data)
    world.do(pull_unit, "H1")
    begin = settings.SIGNER_FIRST * 4096
    unit.settings_flash.data[begin:] = image[begin:]
    unit.boot()
    unit.notary.checkpoint(1, None, b"a copy's".ljust(16))
    unit.compute()
    done = world.do(pull_unit, "H1")
    assert "key_copied" in kinds(done)
    rows = stored(world)[0]
    assert [row.index for row in rows] == [0, 0] and rows[0].message != rows[1].message


def test_a_signature_that_is_not_good_is_a_finding_and_is_kept(tmp_path):
    world = with_key(tmp_path)
    unit = world.units["H1"]
    signed = unit.notary.signed
    unit.notary.signed = lambda: (signed()[0], signed()[1][:-1] + bytes([signed()[1][-1] ^ 1]) if signed()[1] else b"")
    done = world.do(pull_unit, "H1")
    assert kinds(done) == ["bad_signature"] and done.checkpoint.outcome == "refused"
    assert len(stored(world)[0]) == 1


def test_a_checkpoint_over_another_journal_is_a_finding(tmp_path):
    world = with_key(tmp_path)
    unit = world.units["H1"]
    pack = checkpoint.pack

    def lie(said):
        return pack(said._replace(chain=bytes(range(32))))

    checkpoint.pack = lie
    try:
        done = world.do(pull_unit, "H1")
    finally:
        checkpoint.pack = pack
    assert kinds(done) == ["contradicted"]
    assert unit.signer.state == signer.READY


def test_the_last_ones_of_a_key_are_told_with_advice_and_a_used_up_one_refuses(tmp_path):
    world = with_key(tmp_path)
    unit = world.units["H1"]
    outcomes = []
    for _ in range(33):
        done = world.do(pull_unit, "H1", as_admin=True)
        outcomes.append((done.checkpoint.outcome, done.checkpoint.remaining, bool(done.checkpoint.advice)))
        assert (done.failure, done.findings) == (None, ())
    assert outcomes[0] == ("signed", 31, False) and outcomes[-2] == ("signed", 0, True)
    assert outcomes[-1] == ("exhausted", 0, True)
    assert [is_told for _, remaining, is_told in outcomes if remaining >= 4] == [False] * 28
    assert unit.signer.state == signer.EXHAUSTED


def test_a_key_on_its_way_gives_no_checkpoint_and_no_failure(tmp_path):
    world = two_units(tmp_path)
    world.units["H1"].signer.generate(2, bytes(32))
    done = world.do(pull_unit, "H1")
    assert (done.failure, done.checkpoint.outcome) == (None, "busy") and "of 32 parts" in done.checkpoint.advice


def test_an_unit_that_hands_out_no_checkpoint_is_not_believed(tmp_path):
    world = with_key(tmp_path)
    unit = world.units["H1"]
    for answer in (b"x" * 200, b"y"):
        unit.notary.signed = lambda answer=answer: (0, answer)
        done = world.do(pull_unit, "H1")
        assert "no checkpoint" in done.failure and done.new + done.known > 0
        assert stored(world)[0] == []


def test_a_checkpoint_is_kept_when_the_process_dies_right_behind_it(tmp_path, monkeypatch):
    monkeypatch.setattr(durable.os, "fsync", lambda _: None)
    world = with_key(tmp_path)
    whole = Fate()
    world_copy(world, tmp_path / "dry").do(pull_unit, "H1", fate=whole)
    struck(world, whole.steps - 1, True, pull_unit, "H1")
    assert [said.index for said in stored(world)[1]] == [0]
