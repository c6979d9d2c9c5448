"""The holster's ear for acks: to its newest two frames, from its own cameras, and from nobody else."""

from interlock.core import frames
from interlock.core.frames import Ack, GroupKeys, PairKeys, UnitKeys, build_unit
from interlock.core.receiver import AckEar, Receiver

CAMERA = 10
DIGEST = bytes(4)


def test_acks_to_the_newest_two_frames_are_recognised_and_no_others():
    pair = PairKeys(b"p" * 32, 1, CAMERA)
    ear = AckEar([pair])
    ear.expect(5)
    ear.expect(6)
    for counter in (5, 6):
        heard = ear.hear(pair.build(counter, Ack(frames.PROVEN, 0, 3, 4, 5, DIGEST)))
        assert (heard.camera, heard.counter, heard.ack.since_ms, heard.ack.crew) == (CAMERA, counter, 3, 5)
    ear.expect(7)
    assert ear.hear(pair.build(5, Ack(frames.PROVEN, 0, 3, 4, 5, DIGEST))) is None
    forged = bytearray(pair.build(7, Ack(frames.PROVEN, 0, 3, 4, 5, DIGEST)))
    forged[20] ^= 4
    assert ear.hear(bytes(forged)) is None


def test_a_camera_whose_key_changes_is_heard_under_both_until_it_speaks_under_the_later():
    old, new = PairKeys(b"p" * 32, 1, CAMERA), PairKeys(b"q" * 32, 1, CAMERA)
    other = PairKeys(b"r" * 32, 1, CAMERA + 1)
    ear = AckEar([old, new, other])
    ack = Ack(frames.HEARD, frames.REASON_NONE, 0, 0, 0, DIGEST)
    ear.expect(1)
    assert ear.hear(old.build(1, ack)).camera == CAMERA
    ear.expect(2)
    assert ear.hear(old.build(2, ack)) is not None
    assert ear.hear(new.build(2, ack)) is not None
    for counter in (3, 4):
        ear.expect(counter)
    assert ear.hear(old.build(4, ack)) is None
    assert ear.hear(new.build(4, ack)) is not None and ear.hear(other.build(4, ack)) is not None


def test_a_frame_of_a_unit_is_no_ack_and_an_ack_no_frame_of_a_unit():
    pair = PairKeys(b"p" * 32, 1, CAMERA)
    ear = AckEar([pair])
    ear.expect(5)
    assert ear.hear(build_unit(UnitKeys(b"p" * 32, 1), GroupKeys(b"p" * 32), frames.DRAW, 0, 5, DIGEST, 1)) is None
    receiver = Receiver(CAMERA, [GroupKeys(b"p" * 32)], [UnitKeys(b"p" * 32, 1)], {})
    assert receiver.hear(pair.build(5, Ack(frames.PROVEN, 0, 3, 4, 5, DIGEST)), 0, 1) is None


def test_acks_on_the_other_way_round_of_a_pair_are_nothing():
    ear = AckEar([PairKeys(b"p" * 32, CAMERA, 1)])
    ear.expect(5)
    assert ear.hear(PairKeys(b"p" * 32, 1, CAMERA).build(5, Ack(frames.PROVEN, 0, 3, 4, 5, DIGEST))) is None


def test_before_the_first_frame_and_after_a_use_begins_nothing_is_an_ack():
    pair = PairKeys(b"p" * 32, 1, CAMERA)
    ack = pair.build(5, Ack(frames.PROVEN, 0, 3, 4, 5, DIGEST))
    ear = AckEar([pair])
    assert ear.hear(ack) is None
    ear.expect(5)
    assert ear.hear(ack) is not None
    ear.forget()
    assert ear.hear(ack) is None
