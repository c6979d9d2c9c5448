"""What a camera unit's journal proves of its recordings, where a self-test is among them."""

from host_tools.judging.recordings import recordings_of
from interlock.core import camera, records, selftest
from interlock.core.journal import Journal
from interlock.core.reading import Reading
from tests.core.flash import RamFlash

CARRIED = [(records.CONFIG, records.pack(records.CONFIG, 0, bytes(8)))]


def journal(*entries):
    """Records of a journal: (uptime ms, mode, tally, believed), or (uptime ms, finding) of a self-test's end."""
    flash = RamFlash(4)
    held = Journal(flash, b"C1      ", lambda: CARRIED)
    edge_ms, level = 0, 0
    for at_ms, *said in entries:
        if len(said) == 1:
            found = bytes(5) + bytes(said)
            parts = (2, records.TEST_DONE, selftest.RECORDER, found, 0, 0, 0)
            held.append(records.SELF_TEST, records.pack(records.SELF_TEST, *parts), at_ms)
            continue
        mode, tally, believed = said
        edge_ms, level = (edge_ms, level) if tally == level else (at_ms, tally)
        fields = (mode, tally, believed, at_ms - edge_ms, 300)
        held.append(records.RECORDER, records.pack(records.RECORDER, *fields), at_ms)
    return recordings_of(Reading(flash).records)


def stretches(found):
    return [(each.start_ms, each.end_ms, each.proven, each.ended) for each in found]


STANDING_BY = (0, camera.STANDBY, 0, 1)
STARTED = (1000, camera.STARTING, 0, 1)


def test_a_self_tests_recording_is_video_that_there_was():
    found = journal(
        STANDING_BY, STARTED, (1900, camera.HOLDING, 1, 1), (2900, camera.HOLDING, 1, 0), (2940, camera.STANDBY, 0, 1),
        (2940, selftest.PASSED),
    )  # fmt: skip
    assert stretches(found) == [(1900, 2940, True, True)]


def test_a_weapon_that_took_the_test_over_is_proven_from_the_tests_start_on():
    found = journal(
        STANDING_BY, STARTED, (1900, camera.HOLDING, 1, 1), (2400, camera.RECORDING, 1, 1), (2400, selftest.IN_USE),
        (9000, camera.HOLDING, 1, 1), (39000, camera.HOLDING, 1, 0), (39040, camera.STANDBY, 0, 1),
    )  # fmt: skip
    assert stretches(found) == [(1900, 39040, True, True)]


def test_a_tally_that_a_test_found_stuck_proves_nothing_back_to_its_edge():
    use = ((5000, camera.RECORDING, 1, 1), (9000, camera.HOLDING, 1, 1), (39000, camera.STANDBY, 1, 1))
    before = journal(STANDING_BY, (1000, camera.STANDBY, 1, 1), *use)
    assert [each.proven for each in before] == [True]
    found = journal(
        STANDING_BY, (1000, camera.STANDBY, 1, 1), *use,
        (50000, camera.HOLDING, 1, 0), (55000, camera.UNPROVEN, 1, 0), (60000, selftest.STUCK_ON),
    )  # fmt: skip
    assert found[0].start_ms == 1000 and not any(each.proven for each in found)


def test_an_earlier_recording_that_ended_as_it_should_stays_proof():
    found = journal(
        STANDING_BY, (1000, camera.STANDBY, 1, 1), (2000, camera.STANDBY, 0, 1), (5000, camera.STANDBY, 1, 1),
        (50000, camera.HOLDING, 1, 0), (55000, camera.UNPROVEN, 1, 0), (60000, selftest.STUCK_ON),
    )  # fmt: skip
    assert found[0][1:3] == (1000, 2000) and found[0].proven and not any(each.proven for each in found[1:])
