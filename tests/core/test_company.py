"""Ready before the draw: who says that it is there, who listens when, and what is told when somebody is not."""

from interlock.core import frames, records, settings, watch
from interlock.core.airtime import ACK_MS
from interlock.core.rhythm import AIR_MS
from interlock.core.settings import DEFAULT_POLICY, ROLE_CAMERA, ROLE_HOLSTER
from interlock.core.ticks import PERIOD_MS
from tests.core.station_world import Air, config_of, partner, policy_with

H, C, STRANGER = 1, 2, 3
READY_MS = DEFAULT_POLICY.ready_every_ms
PRESENT_MS = DEFAULT_POLICY.present_every_ms
UTC = 1795000000000


def pair(policy=DEFAULT_POLICY):
    air = Air()
    holster = air.add(config_of(H, ROLE_HOLSTER, [partner(C, ROLE_CAMERA)], policy), (frames.PRESENT, 0), False)
    camera = air.add(
        config_of(C, ROLE_CAMERA, [partner(H, ROLE_HOLSTER)], policy), (frames.READY, frames.READY_OK), True
    )
    return air, holster, camera


def modes(member):
    return [(fields.mode, fields.detail) for fields in member.records(records.PARTNER)]


def test_a_camera_answers_the_first_presence_and_both_know_each_other():
    air, holster, camera = pair()
    air.run(1000)
    assert modes(holster) == [(watch.GOOD, 0)] and modes(camera) == [(watch.GOOD, 0)]
    assert not holster.warned and not camera.warned


def test_a_holster_listens_little_and_hears_every_readiness():
    air, holster, camera = pair()
    air.run(1000)
    holster.listened_ms = 0
    before = len(camera.aired)
    air.run(600000)
    assert modes(holster) == [(watch.GOOD, 0)]
    assert len(camera.aired) - before >= 29
    # Counted in steps of 10 ms: a share of the time.
    assert holster.listened_ms * 10 < 600000 // 100


def test_gaps_between_announcements_are_irregular_and_within_ten_per_cent():
    air, holster, camera = pair()
    holster.dead = True
    air.run(600000)
    gaps = [b[0] - a[0] for a, b in zip(camera.aired, camera.aired[1:])]  # noqa: B905 - MicroPython has no strict
    assert len(set(gaps)) > len(gaps) // 2
    assert min(gaps) >= READY_MS * 9 // 10 and max(gaps) <= READY_MS * 11 // 10 + 20


def test_a_camera_that_falls_silent_is_missing_after_three_and_warned_of_once():
    air, holster, camera = pair()
    air.run(60000)
    camera.dead = True
    air.run(4 * READY_MS)
    assert modes(holster)[-1] == (watch.MISSING, 0) and holster.warned == 1
    air.run(20 * READY_MS)
    assert len(modes(holster)) == 2 and holster.warned == 1


def test_a_camera_that_is_back_is_found_by_its_answer_to_the_next_presence():
    air, holster, camera = pair()
    air.run(60000)
    camera.dead = True
    air.run(5 * READY_MS)
    camera.dead = False
    air.run(2 * PRESENT_MS)
    assert modes(holster)[-1] == (watch.GOOD, 0)


def test_a_camera_never_heard_is_missing_within_a_minute():
    air, holster, camera = pair()
    camera.dead = True
    air.run(60000)
    assert modes(holster) == [(watch.MISSING, 0)] and holster.warned == 1


def test_a_camera_that_is_not_ready_says_why_and_each_reason_warns_once():
    air, holster, camera = pair()
    air.run(30000)
    camera.says = (frames.READY, frames.READY_ASLEEP)
    air.run(3 * READY_MS)
    camera.says = (frames.READY, frames.READY_NO_TALLY)
    air.run(3 * READY_MS)
    camera.says = (frames.READY, frames.READY_OK)
    air.run(3 * READY_MS)
    expected = [
        (watch.GOOD, 0),
        (watch.POOR, frames.READY_ASLEEP),
        (watch.POOR, frames.READY_NO_TALLY),
        (watch.GOOD, 0),
    ]
    assert modes(holster) == expected and holster.warned == 2


def test_a_holster_that_falls_silent_is_missing_for_its_camera_and_a_flat_one_is_poor():
    air, holster, camera = pair()
    air.run(1000)
    holster.says = (frames.PRESENT, frames.FLAG_LOW_BATTERY)
    air.run(2 * PRESENT_MS)
    assert modes(camera)[-1] == (watch.POOR, frames.FLAG_LOW_BATTERY)
    holster.dead = True
    air.run(5 * PRESENT_MS)
    assert modes(camera)[-1] == (watch.MISSING, 0) and camera.warned == 2


def test_a_holster_that_was_put_away_says_so_and_is_not_missed():
    air, holster, camera = pair()
    air.run(1000)
    holster.says = (frames.PRESENT, frames.FLAG_STOWED)
    air.run(1000)
    holster.dead = True
    air.run(10 * PRESENT_MS)
    assert modes(camera)[-1] == (watch.UNKNOWN, 0) and not camera.warned


def test_a_docked_camera_says_so_and_watches_nobody():
    air, holster, camera = pair()
    air.run(1000)
    camera.says = (frames.READY, frames.READY_DOCKED)
    air.run(READY_MS * 2)
    assert modes(holster)[-1] == (watch.POOR, frames.READY_DOCKED)
    holster.dead = True
    air.run(5 * PRESENT_MS)
    assert modes(camera) == [(watch.GOOD, 0)]


def test_one_loss_in_three_warns_nobody():
    air, holster, camera = pair()
    state = [1]

    def passes(sender, receiver, now):
        state[0] = state[0] * 1103515245 + 12345 & 0x7FFFFFFF
        return state[0] % 3 > 0

    air.passes = passes
    air.run(900000, 20)
    assert not holster.warned and not camera.warned


def test_policy_may_leave_readiness_and_presence_out():
    quiet = policy_with(ready_every_ms=0, present_every_ms=0)
    air, holster, camera = pair(quiet)
    air.run(300000)
    assert holster.aired == camera.aired == [] and holster.listened_ms == 0
    assert not holster.warned and not camera.warned


def test_each_announcement_has_an_address_of_its_own():
    air, holster, camera = pair()
    air.run(300000)
    assert holster.radio.addresses >= len(holster.aired) - 1
    assert camera.radio.addresses >= len(camera.aired) - 1


def aired_in_a_long_turn():
    """A pair whose camera has just aired an ack, and was kept by its flash until that had ended."""
    air, holster, camera = pair()
    air.run(1000)
    station = camera.station
    station.airtime.put("ack", b"A" * frames.FRAME_BYTES, air.now, ACK_MS, 0)
    station.broadcast()
    assert camera.radio.on
    air.now += ACK_MS + 1
    return air, holster, camera


def test_an_address_is_used_even_if_its_frame_ended_before_the_turn_did():
    air, _, camera = aired_in_a_long_turn()
    before = camera.radio.addresses
    air.run(2 * AIR_MS)
    assert camera.radio.addresses == before + 1


def test_an_answer_in_the_very_turn_that_outlasted_an_ack_has_an_address_of_its_own():
    air, holster, camera = aired_in_a_long_turn()
    before = camera.radio.addresses
    seeking = holster.station.frame(frames.PRESENT, frames.FLAG_SEEKING, holster.station.use_counter(), None)
    camera.hear(seeking, air.now)
    assert camera.radio.addresses == before + 1 and not camera.station.airtime.is_idle(air.now)


def test_heads_are_met_hourly_by_a_partner_each():
    air, holster, camera = pair()
    air.run(7300000, 50)
    for member, other in ((holster, C), (camera, H)):
        met = member.records(records.MET)
        assert [fields.unit for fields in met] == [other] * 3


def test_a_unit_without_a_clock_takes_the_time_from_its_partner_and_never_puts_it_back():
    air, holster, camera = pair()
    camera.station.clock = (camera.station.uptime_ms(), UTC, 20)
    air.run(2 * PRESENT_MS)
    slot = camera.station.slot()
    assert slot and abs(holster.station.slot() - slot) <= 1
    assert [fields.sender for fields in holster.records(records.TIME_HEARD)] == [C]
    holster.station.take_time(C, slot - 1000)
    assert abs(holster.station.slot() - slot) <= 1
    assert holster.station.clock is None and holster.station.utc_ms() == 0


def test_a_wrong_time_that_was_played_to_a_unit_without_a_clock_is_outgrown():
    air, holster, camera = pair()
    camera.station.clock = (camera.station.uptime_ms(), UTC, 20)
    holster.station.take_time(C, camera.station.slot() - 100000)
    air.run(2 * READY_MS)
    assert abs(holster.station.slot() - camera.station.slot()) <= 1
    assert modes(holster) == [(watch.GOOD, 0)]


def test_who_was_near_is_written_with_what_they_did():
    air, holster, camera = pair()
    other = air.add(config_of(STRANGER, ROLE_CAMERA, []), (frames.READY, frames.READY_OK), True)
    for member in (holster, camera, other):
        member.station.clock = (member.station.uptime_ms(), UTC + air.now, 20)
    air.run(60000)
    assert camera.company.count(H) == 1
    camera.company.write_crew((), ())
    crew = {member.unit: member.flags for member in camera.records(records.CREW)[-1]}
    assert crew == {H: records.CREW_OWN | records.CREW_HOLSTER, STRANGER: records.CREW_READY}
    holster.company.write_crew([C], [STRANGER])
    crew = {member.unit: member.flags for member in holster.records(records.CREW)[-1]}
    assert crew[C] == records.CREW_OWN | records.CREW_ACKED | records.CREW_READY
    assert crew[STRANGER] & records.CREW_WITNESS
    other.dead = True
    air.run(400000, 20)
    assert camera.company.count(H) == 0


def test_an_assigned_spare_is_watched_instead_of_the_paired_one():
    air, holster, camera = pair()
    del camera  # it stays, and is not watched any more
    spare = air.add(config_of(4, ROLE_CAMERA, [partner(H, ROLE_HOLSTER, settings.SPARE)]), (frames.READY, 0), True)
    holster.config = config_of(H, ROLE_HOLSTER, [partner(C, ROLE_CAMERA), partner(4, ROLE_CAMERA, settings.SPARE)])
    holster.station.go_by(holster.config)
    air.run(2000)
    assert [fields.unit for fields in holster.records(records.PARTNER)] == [C]
    assert holster.station.assign(4, 2000000000, 2, b"ALICE   ")
    assert spare.station.assign(H, 2000000000, 2, b"ALICE   ")
    air.run(2000)
    assert [fields.unit for fields in holster.records(records.PARTNER)] == [C, 4]
    holster.boot()
    assert holster.station.assigned[0] == 4


def test_an_assignment_ends_where_the_unit_is_put_away_after_its_time():
    air, holster, _ = pair()
    holster.station.assign(C, UTC // 1000 + 3600, 2, b"ALICE   ")
    holster.station.lapse()  # without a clock nobody knows
    holster.station.clock = (holster.station.uptime_ms(), UTC, 20)
    holster.station.lapse()
    assert holster.station.assigned[0] == C
    air.now += 3600000
    holster.station.lapse()
    holster.station.lapse()
    assert [fields.partner for fields in holster.records(records.ASSIGNED)] == [C, 0]


def quiet_days(air, days):
    """Time passes in steps that a unit's loop takes, far longer than ticks compare over."""
    for _ in range(days * 4):
        air.now = (air.now + 21600000) % PERIOD_MS
        for member in air.members:
            member.turn(air.now)


def test_days_in_the_drawer_make_no_unit_blind_to_a_partner_that_is_gone():
    for days in (1, 7, 13):
        air, holster, camera = pair()
        air.run(30000)
        holster.says = (frames.PRESENT, frames.FLAG_STOWED)
        camera.says = (frames.READY, frames.READY_DOCKED)
        air.run(1000)
        camera.dead = True
        quiet_days(air, days)
        holster.says = (frames.PRESENT, 0)
        air.run(60000)
        assert modes(holster)[-1] == (watch.MISSING, 0), days


def test_a_holster_that_was_flat_when_its_camera_was_taken_up_is_missing():
    for days in (0, 7):
        air, holster, camera = pair()
        air.run(1000)
        holster.says = (frames.PRESENT, frames.FLAG_STOWED)
        camera.says = (frames.READY, frames.READY_DOCKED)
        air.run(1000)
        holster.dead = True
        quiet_days(air, days)
        camera.says = (frames.READY, frames.READY_OK)
        air.run(4 * PRESENT_MS)
        assert modes(camera)[-1] == (watch.MISSING, 0), days
