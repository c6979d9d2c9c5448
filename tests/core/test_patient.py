"""Reading patiently: what is only disturbed is read at the third try at latest, and then no further try is made."""

from interlock.core.patient import TRIES, read_patiently
from tests.core.flash import RamFlash


class Disturbed(RamFlash):
    """Reading fails so often, and then it does not. `asked`: how often it was tried."""

    def __init__(self, failures):
        RamFlash.__init__(self, 1)
        self.failures, self.asked = failures, 0
        self.program(100, b"\x12\x34\x56")

    def read(self, offset, buffer):
        self.asked += 1
        if self.asked <= self.failures:
            raise OSError(5)
        RamFlash.read(self, offset, buffer)


def test_what_reads_at_the_third_try_at_latest_is_read_and_no_more_is_tried():
    for failures in range(TRIES):
        flash, buffer = Disturbed(failures), bytearray(3)
        assert read_patiently(flash, 100, buffer) is True and buffer == b"\x12\x34\x56"
        assert flash.asked == failures + 1


def test_what_never_reads_is_told_and_not_tried_for_ever():
    flash, buffer = Disturbed(99), bytearray(3)
    assert read_patiently(flash, 100, buffer) is False and flash.asked == TRIES == 3
