"""The driver of a GoPro, the real one, in MicroPython on a virtual board, with a virtual GoPro in the air. Neither has
met a real one."""

import asyncio
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from interlock.radio import bonds
from interlock.radio.bonds import Bonds
from simulator import virtual_gopro
from simulator.body_camera import BodyCamera
from simulator.clock import run
from simulator.entropy import seeded_entropy
from simulator.hardware.board import VirtualBoard
from simulator.profiles import profile
from simulator.radio.air import Air, Pdu
from simulator.virtual_gopro import VirtualGoPro
from tests.vm.test_recorders import claims, is_true

SCRIPT = """
import time
from board import load
from interlock.core.ticks import earlier, ticks_add
from interlock.drivers.door import Door
from interlock.radio.broadcast import Broadcast
from interlock.radio.gopro import GoPro
from interlock.radio.link import Link

board = load()
door = Door(board.rest, time.ticks_ms)
radio = Broadcast(door.wake, board.address_mode, time.ticks_ms)
link = Link(radio, door.wake)
start = time.ticks_ms()
it = GoPro(radio, link.bonds, b"1234" + bytes(4), start)

FRAME = bytes([30, 255]) + bytes(29)

def live(until_ms, *orders):
    orders = list(orders)
    step = deaf_at = -1
    cuts = False
    while True:
        now = time.ticks_ms()
        since = time.ticks_diff(now, start)
        if since >= until_ms:
            return
        it.hear(now)
        if it.step != step:
            step = it.step
            print("step", step, since)
        if it.tally.take() == 1:
            print("tally", int(it.tally.on), since, it.proven_ms or 0, it.is_silent)
        if it.awake.take() == 1:
            print("awake", int(it.awake.on), since)
        while orders and since >= orders[0][0]:
            what = orders.pop(0)[1]
            if what == "cut":
                cuts = True
            elif what == "air":
                print("aired", int(radio.advertise(FRAME, 20)))
            elif what == "hush":
                radio.silence()
            if what in ("start", "stop"):
                getattr(it, what)(now)
            it.is_wanted = what in ("start", "stop", "keep") or (it.is_wanted and what != "rest")
            it.is_kept = what == "keep"
        if cuts and it.step == 1:
            cuts = False
            print("aired", int(radio.advertise(FRAME, 20)), time.ticks_diff(time.ticks_ms(), now))
        it.tick(now)
        radio.listen()
        radio.watch(now)
        if not radio.scanning and deaf_at < 0:
            deaf_at = since
        elif radio.scanning and deaf_at >= 0:
            print("deaf", since - deaf_at)
            deaf_at = -1
        first = earlier(it.deadline(now), ticks_add(start, orders[0][0] if orders else until_ms), now)
        door.idle(earlier(first, ticks_add(now, 200), now), it.contacts)
"""
SEEKING, READY = "0", "5"
Act = Callable[["Scene"], object]


class Scene:
    """What stands around the board; its script's ticks begin with the power and the boot."""

    def __init__(self, air: Air, port: str) -> None:
        self.loop, self.zero_s = asyncio.get_running_loop(), profile(port).boot_us / 1e6
        self.camera = BodyCamera(start_delay_ms=700, wake_delay_ms=2500)
        self.gopro = VirtualGoPro("gopro", "GoPro 1234", air, self.camera, 1)
        self.other = VirtualGoPro("other", "GoPro 4321", air, BodyCamera(), 2)
        self.truth = self.camera.intervals
        self.sent: list[Pdu] = []
        transmit = air.transmit

        def noted(*args: Any, **more: Any) -> Pdu:
            self.sent.append(transmit(*args, **more))
            return self.sent[-1]

        air.transmit = noted  # type: ignore[method-assign]

    def at(self, second: float, act: Callable[[], object]) -> None:
        self.loop.call_at(self.zero_s + second, act)


def told(folder: Path, body: str, act: Act = lambda _: None, port: str = "esp32") -> tuple[list[list[str]], Scene]:
    """Lines printed, split, and the scene at the end; `act` arranges what happens."""
    path = folder / "main.py"
    path.write_text(SCRIPT + body)

    async def play() -> tuple[list[list[str]], Scene]:
        air = Air(1)
        scene = Scene(air, port)
        await scene.other.power_on()
        await scene.gopro.power_on()
        act(scene)
        board = VirtualBoard("unit 7", profile(port), air, 1, path)
        await board.power_on()
        try:
            await board.ended()
        finally:
            await board.power_off()
            scene.gopro.power_off()
            scene.other.power_off()
        return [line.split() for line in board.output], scene

    with seeded_entropy(1):
        return run(play())


def of(lines: list[list[str]], what: str) -> list[str]:
    return [line[1] for line in lines if line[0] == what]


def are_true(lines: list[list[str]], scene: Scene, end_ms: int, port: str = "esp32") -> bool:
    zero_ms = round(scene.zero_s * 1000)
    shifted = [(since + zero_ms, until + zero_ms) for since, until in claims(lines, end_ms)]
    return all(is_true(claim, scene.truth, 60) for claim in shifted)


@pytest.mark.parametrize("port", ["esp32", "stm32wb"])
def test_it_is_found_by_its_name_bonded_started_and_stopped(tmp_path: Path, port: str) -> None:
    body = "live(12000, (5000, 'start'), (9000, 'stop'), (9500, 'rest'))"
    lines, scene = told(tmp_path, body, port=port)
    assert of(lines, "step") == ["0", "1", "2", "3", "4", "5"] and of(lines, "tally") == ["0", "1", "0"]
    assert len(scene.truth) == 1 and not scene.other.commands and not scene.gopro.is_pairing
    assert scene.gopro.commands.count(b"\x01\x01\x01") == scene.gopro.commands.count(b"\x01\x01\x00") == 1
    assert b"\x5b\x01\x42" in scene.gopro.commands and are_true(lines, scene, 12000, port)
    # The longest that the unit heard nothing: the attempt to connect.
    assert max(int(ms) for ms in of(lines, "deaf")) < 500


def test_what_an_officer_started_is_neither_started_again_nor_stopped(tmp_path: Path) -> None:
    body = "live(9000, (5000, 'start'), (7000, 'start'))"
    lines, scene = told(tmp_path, body, lambda scene: scene.at(4, scene.camera.start_by_hand))
    assert of(lines, "tally") == ["0", "1"] and len(scene.truth) == 1
    assert not [message for message in scene.gopro.commands if message[:1] == b"\x01"]


@pytest.mark.parametrize("port", ["esp32", "stm32wb"])
def test_an_attempt_to_connect_gives_way_to_a_frame_at_once_and_none_begins_while_one_is_on_the_air(
    tmp_path: Path, port: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(virtual_gopro, "ADVERTISING_MS", 1000)
    lines, scene = told(tmp_path, "live(25000, (0, 'cut'), (9000, 'hush'))", port=port)
    aired = next(line for line in lines if line[0] == "aired")
    assert aired[1] == "1" and int(aired[2]) <= 12
    steps = [(line[1], int(line[2])) for line in lines if line[0] == "step"]
    assert [step for step, _ in steps[:3]] == ["0", "1", "0"] and steps[2][1] - steps[1][1] < 400
    assert steps[3][0] == "1" and steps[3][1] >= 9000 and steps[-1][0] == READY
    own = [pdu for pdu in scene.sent if pdu.source == "unit 7" and pdu.data[:2] == b"\x1e\xff"]
    assert own and all(pdu.address_is_random for pdu in own)
    assert own[-1].time_us - own[0].time_us > 5e6 and max(b.time_us - a.time_us for a, b in pairwise(own)) < 40_000


def test_one_that_cannot_be_reached_takes_the_air_for_a_second_at_a_time_and_no_longer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(virtual_gopro, "ADVERTISING_MS", 3000)  # each attempt ends before it says anything again
    lines, _ = told(tmp_path, "live(30000, (3000, 'start'))")
    assert of(lines, "step").count("1") >= 3 and "2" not in of(lines, "step")
    assert 1200 < max(int(ms) for ms in of(lines, "deaf")) < 1500


SHUTTER_OFF = b"\x01\x01\x00"


def test_a_stop_that_was_not_done_ends_with_the_link_and_never_meets_an_officers_own_recording(tmp_path: Path) -> None:
    def act(scene: Scene) -> None:
        scene.at(7.9, lambda: setattr(scene.gopro, "is_deaf", True))
        scene.at(12, scene.camera.stop_by_hand)
        scene.at(14, lambda: setattr(scene.gopro, "is_deaf", False))
        scene.at(14.1, scene.gopro.drop_link)
        scene.at(15, scene.camera.start_by_hand)

    _, scene = told(tmp_path, "live(30000, (4000, 'start'), (8000, 'stop'))", act)
    assert len(scene.truth) == 2 and scene.truth[1].end_us is None


@pytest.mark.parametrize("then", ["keep", "rest"])
def test_a_stop_is_not_asked_for_again_once_a_weapon_is_out_or_nobody_wants_it(tmp_path: Path, then: str) -> None:
    def act(scene: Scene) -> None:
        scene.at(7, lambda: setattr(scene.gopro, "is_busy", True))

    _, scene = told(tmp_path, f"live(14000, (4000, 'start'), (8000, 'stop'), (9500, {then!r}))", act)
    assert scene.gopro.commands.count(SHUTTER_OFF) == 2


def test_a_recording_that_ends_by_itself_is_seen_at_once(tmp_path: Path) -> None:
    def act(scene: Scene) -> None:
        scene.at(7.3, scene.gopro.overheat)

    lines, scene = told(tmp_path, "live(9000, (4000, 'start'))", act)
    assert of(lines, "tally") == ["0", "1", "0"] and are_true(lines, scene, 9000)
    off = [line for line in lines if line[:2] == ["tally", "0"]][-1]
    assert 7300 <= int(off[2]) <= 7600 and off[4] == "False"


def test_a_link_that_breaks_proves_nothing_and_is_made_again_without_pairing(tmp_path: Path) -> None:
    lines, scene = told(tmp_path, "live(16000, (4000, 'start'))", lambda scene: scene.at(8, scene.gopro.drop_link))
    assert of(lines, "tally") == ["0", "1", "0", "1"] and of(lines, "awake") == ["1", "0", "1"]
    assert of(lines, "step").count(READY) == 2 and len(scene.truth) == 1 and are_true(lines, scene, 16000)
    lost = [line for line in lines if line[:2] == ["tally", "0"]][-1]
    assert lost[4] == "True"


LATE = """
class Late:
    def __init__(self, ble):
        self.ble = ble

    def __getattr__(self, name):
        return getattr(self.ble, name)

    def gap_disconnect(self, connection):
        return True  # and nobody tells of an end

it._ble = Late(it._ble)
"""


def test_one_that_says_nothing_any_more_proves_nothing_even_if_the_stack_tells_no_end(tmp_path: Path) -> None:
    body = LATE + "live(30000, (4000, 'start'))\nprint('linked', int(radio.leave is not None))"
    lines, scene = told(tmp_path, body, lambda scene: scene.at(8, lambda: setattr(scene.gopro, "is_deaf", True)))
    assert of(lines, "tally") == ["0", "1", "0"] and of(lines, "step")[-1] == SEEKING
    off = [line for line in lines if line[:2] == ["tally", "0"]][-1]
    assert int(off[2]) <= 8000 + 5200 and off[4] == "True" and len(scene.truth) == 1
    assert of(lines, "linked") == ["0"]


def test_the_radio_knows_that_this_unit_has_begun_a_connection_and_can_end_it(tmp_path: Path) -> None:
    says = "print('linked', int(radio.leave is not None))\n"
    body = f"live(6000)\n{says}radio.leave()\nit._not_before = ticks_add(start, 60000)\nlive(9000)\n{says}"
    lines, _ = told(tmp_path, body)
    assert of(lines, "linked") == ["1", "0"] and of(lines, "step")[-1] == SEEKING


def test_one_that_sleeps_is_left_alone_until_it_is_needed(tmp_path: Path) -> None:
    lines, scene = told(tmp_path, "live(24000, (15000, 'start'))", lambda scene: scene.at(6, scene.camera.fall_asleep))
    steps = [(line[1], int(line[2])) for line in lines if line[0] == "step"]
    assert min(step for step in steps if step[1] > 7000 and step[0] == "1") >= ("1", 15000)
    assert of(lines, "tally")[-1] == "1" and len(scene.truth) == 1 and are_true(lines, scene, 24000)


def test_one_that_is_full_or_deaf_is_claimed_to_do_nothing(tmp_path: Path) -> None:
    def act(scene: Scene) -> None:
        scene.at(3, scene.camera.fill_up)
        scene.at(9, lambda: setattr(scene.gopro, "is_deaf", True))

    lines, scene = told(tmp_path, "live(20000, (5000, 'start'))", act)
    assert "1" not in of(lines, "tally") and not scene.truth
    assert of(lines, "awake")[:2] == ["1", "0"], "no answer for too long"


def test_one_that_knows_the_unit_no_more_is_bonded_anew_only_when_its_carrier_lets_it(tmp_path: Path) -> None:
    def forget(scene: Scene) -> None:
        scene.gopro.forget()
        scene.gopro.drop_link()

    def act(scene: Scene) -> None:
        scene.at(6, lambda: forget(scene))
        scene.at(25, lambda: scene.gopro.let_in())

    lines, _ = told(tmp_path, "live(80000)", act)
    ready = [int(line[2]) for line in lines if line[:2] == ["step", READY]]
    assert len(ready) == 2 and ready[0] < 6000 and ready[1] > 25000


def test_the_bonded_one_is_known_by_its_address_after_a_restart_and_no_other_of_its_name_is_believed(
    tmp_path: Path,
) -> None:
    def impostor(scene: Scene) -> None:
        scene.gopro.drop_link()
        scene.camera.die()
        scene.other.called = "GoPro 1234"
        scene.other.let_in()

    body = (
        "live(6000)\nit._not_before = ticks_add(start, 90000)\nlive(8000)\n"
        "it = GoPro(radio, link.bonds, b'1234' + bytes(4), time.ticks_ms())\nradio.restart_scan()\nlive(20000)"
    )
    lines, scene = told(tmp_path, body, lambda scene: scene.at(6.2, lambda: impostor(scene)))
    assert READY in of(lines, "step") and scene.gopro.commands
    assert not scene.other.commands and not scene.other.is_connected


def test_one_that_knows_the_unit_no_more_is_not_bonded_anew_long_after_the_start(tmp_path: Path) -> None:
    def forget(scene: Scene) -> None:
        scene.gopro.forget()
        scene.gopro.drop_link()

    def act(scene: Scene) -> None:
        scene.at(6, lambda: forget(scene))
        scene.at(25, lambda: scene.gopro.let_in())

    lines, _ = told(tmp_path, "it._bond_until = ticks_add(start, 20000)\nlive(80000)", act)
    assert [int(line[2]) < 6000 for line in lines if line[:2] == ["step", READY]] == [True]


def test_bonds_outlive_a_restart_and_a_damaged_file_is_none(tmp_path: Path) -> None:
    path = str(tmp_path / "bonds")
    kept = Bonds()
    kept.keep(path)
    assert kept.set(2, b"peer", b"its key") and kept.set(bonds.OUR_IRK, b"irk", b"ours")
    again = Bonds()
    again.keep(path)
    assert again.get(2, 0, b"peer") == b"its key" and again.get(bonds.OUR_IRK, 0, b"irk") == b"ours"
    again.forget()
    assert again.get(2, 0, b"peer") is None and again.get(bonds.OUR_IRK, 0, b"irk") == b"ours"
    data = (tmp_path / "bonds").read_bytes()
    for damaged in (b"", data[:-1], data[:-1] + b"?", b"x" + data[1:]):
        (tmp_path / "bonds").write_bytes(damaged)
        none = Bonds()
        none.keep(path)
        assert none.get(bonds.OUR_IRK, 0, b"irk") is None
    nowhere = Bonds()
    nowhere.keep(str(tmp_path / "no" / "folder"))
    assert nowhere.set(2, b"peer", b"its key") and nowhere.get(2, 0, b"peer") == b"its key"
