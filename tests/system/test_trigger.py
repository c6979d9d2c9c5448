"""What `make bench` measures of the trigger path, in small: with nothing in the way the goals hold easily."""

import math

import pytest

from tests.bench.trigger_runs import Cell, connected, plain, product

ALONE = Cell(1, 1000, places=4)


@pytest.mark.parametrize("port", ["esp32", "rp2", "stm32wb"])
def test_frame_line_and_answer_follow_each_other_and_the_first_pdu_waits_for_nothing(port: str) -> None:
    for draw in product(ALONE._replace(port=port), 1):
        assert 0 < draw.frame_ms < 5
        assert draw.frame_ms < draw.line_ms < draw.heard_ms < math.inf
        assert draw.recording_ms < 350


def test_alone_the_answer_is_there_within_50_ms() -> None:
    assert max(draw.heard_ms for draw in product(ALONE, 1)) < 50


def test_ten_at_once_without_capture_on_lossy_air_all_have_their_answer_within_the_goal() -> None:
    draws = product(Cell(10, 10, loss=0.3, captures=False), 1)
    assert len(draws) == 10 and max(draw.heard_ms for draw in draws) < 350


def test_the_product_answers_sooner_than_a_connection_is_made() -> None:
    slowest = max(draw.heard_ms for draw in product(ALONE, 1))
    written = sorted(line_ms for line_ms, _ in connected(ALONE._replace(places=20), 1))
    assert slowest < written[len(written) // 2]


def test_dead_air_is_infinite_by_every_way() -> None:
    dead = ALONE._replace(loss=0.999)
    assert plain(dead, 1) == [math.inf] * 4
    assert connected(dead, 1) == [(math.inf, math.inf)] * 4
