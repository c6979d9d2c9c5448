"""The bench's peer is a real one: smpclient, unchanged, reads a virtual board's flash by SMP, byte for byte."""

import random

import pytest

from tests.bench import smp

pytest.importorskip("smpclient", reason="smpclient is of the extra dev")

IMAGE = random.Random(8).randbytes(9000)


@pytest.mark.parametrize(("port", "mtu", "buf_bytes"), [("esp32", 247, 384), ("rp2", 247, 7808), ("esp32", 23, 1000)])
def test_smpclient_gets_the_flash_byte_for_byte_in_messages_of_any_length(port, mtu, buf_bytes):
    done = smp.download(port, mtu, buf_bytes, IMAGE)
    assert done.data == IMAGE, done.error
    assert [end for _, end in done.got][-1] == len(IMAGE)
    assert len(done.got) >= len(IMAGE) / buf_bytes  # so it was read in messages, and none was longer than allowed


def test_a_file_that_is_not_there_is_refused_as_the_file_group_does():
    done = smp.download("esp32", 247, 384, IMAGE, name="/lfs/other")
    assert not done.got and "FILE_NOT_FOUND" in done.error


def test_longer_messages_make_smp_faster_so_the_bench_gives_it_the_long_ones():
    short, long = (smp.download("esp32", 247, size, IMAGE).rate() for size in (smp.DEFAULT_BYTES, smp.LONG_BYTES // 4))
    assert long > 2 * short
