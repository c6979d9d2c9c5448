"""What a notary says beside its checkpoints: what a refusal carries, when it rests, what it hands on to the next."""

from interlock.core import checkpoint, records, settings, signer, wire
from interlock.core.notary import Notary
from interlock.core.reading import Reading
from interlock.core.signer import Signer
from tests.core.session_world import H5, SERIAL, Host, Unit
from tests.core.test_notary import HOUR_MS, NONCE, ask, failing, signed

SOME_UTC = 1790000000000


def test_a_refusal_carries_no_index_and_no_count():
    unit = Unit(params=H5)
    assert ask(Host(unit).open_technician()) == (wire.OK, 0, 31)
    assert ask(Host(unit).open_technician()) == (wire.TOO_SOON, 0, 0)
    host = Host(unit).open_admin()
    assert ask(host, 31) == (wire.ROLLED_BACK, 0, 0) and ask(host) == (wire.BUSY_SIGNING, 0, 0)
    unit.compute()
    program, unit.area.program = unit.area.program, failing
    assert ask(host) == (wire.FLASH_FAILED, 0, 0)
    unit.area.program = program
    unit.record = lambda kind, payload: False
    assert ask(Host(unit).open_admin()) == (wire.FLASH_FAILED, 0, 0)
    assert Unit().notary.checkpoint(wire.ADMIN, None, NONCE) == (wire.NO_SIGNING_KEY, 0, 0)
    assert Unit().notary.signed() == (wire.NOT_PREPARED, b"")


def test_a_unit_whose_clock_is_not_set_states_no_utc_and_no_uncertainty():
    unit = Unit(params=H5)
    unit.utc = SOME_UTC  # past for certain, as the journal has it
    host = Host(unit).open_admin()
    assert ask(host)[0] == wire.OK
    unit.compute()
    said, good = signed(host)
    assert good and (said.utc_ms, said.utc_u_ms) == (0, 0)


def test_a_day_counts_from_the_utc_of_the_last_signature_where_the_boot_knew_none():
    for hours, reason in ((19, wire.TOO_SOON), (20, wire.OK)):
        unit = Unit(params=H5)
        unit.clock, unit.utc = True, SOME_UTC
        assert ask(Host(unit).open_technician())[0] == wire.OK
        unit.compute()
        unit.clock, unit.utc, unit.now_ms = None, 0, 1000
        unit.boot()
        unit.clock, unit.utc = True, SOME_UTC + hours * HOUR_MS
        assert ask(Host(unit).open_technician())[0] == reason


def test_a_signature_says_nothing_of_when_a_later_index_was_taken():
    for hours, reason in ((19, wire.TOO_SOON), (20, wire.OK)):
        unit = Unit(params=H5)
        unit.clock, unit.utc = True, SOME_UTC
        assert ask(Host(unit).open_technician())[:2] == (wire.OK, 0)
        unit.compute()
        unit.utc += 30 * HOUR_MS
        assert ask(Host(unit).open_admin())[:2] == (wire.OK, 1)  # and a cut before it was signed
        unit.now_ms = 1000
        unit.boot()
        unit.utc += hours * HOUR_MS
        assert ask(Host(unit).open_technician())[0] == reason


def test_a_signature_without_utc_lets_the_day_count_from_what_the_boot_knew():
    for hours, reason in ((19, wire.TOO_SOON), (20, wire.OK)):
        unit = Unit(params=H5)
        assert ask(Host(unit).open_technician())[0] == wire.OK
        unit.compute()
        unit.utc, unit.now_ms = SOME_UTC, 1000
        unit.boot()
        unit.clock, unit.utc = True, SOME_UTC + hours * HOUR_MS
        assert ask(Host(unit).open_technician())[0] == reason


def test_where_nothing_is_known_of_the_time_before_the_day_counts_from_1970():
    for utc, reason in ((20 * HOUR_MS - 1, wire.TOO_SOON), (20 * HOUR_MS, wire.OK)):
        unit = Unit(params=H5)
        assert ask(Host(unit).open_admin())[:2] == (wire.OK, 0)  # and a cut before it was signed
        unit.boot()
        unit.clock, unit.utc = True, utc  # as an admin set it, whom nothing keeps from it
        assert ask(Host(unit).open_technician())[0] == reason


def test_when_an_index_was_taken_is_handed_on_to_the_next_notary_of_a_boot():
    unit, noted = Unit(params=H5), [0, None]
    unit.now_ms = 30 * HOUR_MS
    assert Notary(unit.signer, unit, SERIAL, noted).checkpoint(wire.TECHNICIAN, None, NONCE)[0] == wire.OK
    unit.compute()
    for hours, reason in ((49, wire.TOO_SOON), (50, wire.OK)):
        unit.now_ms = hours * HOUR_MS
        later = Notary(Signer(unit.area, settings.SIGNER_FIRST), unit, SERIAL, noted)
        assert later.checkpoint(wire.TECHNICIAN, None, NONCE)[0] == reason


def test_a_notary_rests_when_nothing_is_due_and_nothing_to_be_told():
    unit = Unit(params=H5)
    unit.compute()
    assert unit.notary.is_idle()
    assert ask(Host(unit).open_admin())[0] == wire.OK
    assert not unit.notary.is_idle()
    unit.compute()
    assert unit.notary.is_idle()
    unit.area.data[(settings.SIGNER_FIRST + signer.HEAD) * 4096 + 20] ^= 1
    unit.boot()
    assert not unit.signer.busy and not unit.notary.is_idle(), "the rot is not told yet"
    unit.compute()
    assert unit.notary.is_idle()
    told = [tuple(record.fields()) for record in Reading(unit.flash).records if record.kind == records.FAULT]
    assert told == [(records.FAULT_SIGNING, signer.HEAD, unit.journal.sequence - 1, 0)]


def test_where_the_flash_fails_the_turn_ends_and_a_later_one_goes_on():
    unit = Unit(params=H5)
    host = Host(unit).open_admin()
    unit.compute()
    assert ask(host)[0] == wire.OK
    erase, unit.area.erase = unit.area.erase, failing
    assert unit.notary.work(1000) is False
    unit.area.erase = erase
    unit.compute()
    assert signed(host) == wire.NOT_PREPARED and ask(host)[:2] == (wire.OK, 1)
    unit.compute()
    said, good = signed(host)
    assert good and isinstance(said, checkpoint.Checkpoint) and said.index == 1


def test_trees_that_rot_in_one_boot_are_told_apart_by_their_number_and_their_sector():
    unit, told = Unit(params=H5), 0
    unit.compute()
    for sector, number in ((7, 0), (6, 16), (6, 0), (7, 16), (6, 1)):
        for _ in range(2):  # found twice
            unit.signer.rotted, unit.signer.rotted_number = sector, number
            unit.notary.work(0)
        told += 1
        found = [record.fields().sector for record in Reading(unit.flash).records if record.kind == records.FAULT]
        assert len(found) == told and found[-1] == sector
