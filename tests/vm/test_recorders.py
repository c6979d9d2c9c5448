"""Recorders' drivers, the real ones, in MicroPython on a virtual board, with a body camera at the other end: what they
claim is what the camera did, whatever the line does."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from simulator.body_camera import BodyCamera, Interval
from simulator.hardware.board import VirtualBoard
from simulator.profiles import PROFILES
from simulator.talking_camera import TalkingCamera
from simulator.wiring import wiring
from tests.simulator.boards import play, to_the_end
from tests.simulator.ports import boot_s

SCRIPT = """
import time
from board import load
from interlock import recorders
from interlock.core import settings
from interlock.core.ticks import earlier, is_due, ticks_add
from interlock.drivers.door import Door

board = load()
door = Door(board.rest, time.ticks_ms)
zeros = bytes(8)
config = settings.Settings(1, zeros, 1, 2, b"", b"", b"", [], settings.DEFAULT_POLICY, {kind}, zeros)
now = time.ticks_ms()
contact = lambda name: board.contact(name, door.wake, time.ticks_ms)
it = recorders.make(board, config, contact, None, None, now, False)
start = now

def live(until_ms, *orders):
    orders = list(orders)
    while True:
        now = time.ticks_ms()
        since = time.ticks_diff(now, start)
        if since >= until_ms:
            return
        it.hear(now)
        if it.tally.take() == 1:
            print("tally", int(it.tally.on), time.ticks_us() // 1000, it.proven_ms or 0, it.buffer_ms, it.is_silent)
        if it.awake.take() == 1:
            print("awake", int(it.awake.on), time.ticks_us() // 1000)
        while orders and since >= orders[0][0]:
            order = orders.pop(0)[1]
            it.is_wanted = order != "rest"
            if order == "keep":
                it.is_kept = True
            elif order == "rest":
                pass
            else:
                getattr(it, order)(now)
        it.tick(now)
        first = earlier(it.deadline(now), ticks_add(start, orders[0][0] if orders else until_ms), now)
        for contact in it.contacts:
            first = earlier(first, contact.settle_at, now)
        door.idle(first, it.contacts)
"""
KINDS = {"momentary": 0, "level": 1, "uart": 2}
Story = Callable[["Scene"], None]


class Scene:
    """A camera at a board; seconds count from the script's first line."""

    def __init__(self, board: VirtualBoard, kind: str, port: str) -> None:
        self.loop, self.zero_s = asyncio.get_running_loop(), boot_s(port)
        self.camera = BodyCamera(start_delay_ms=400, wake_delay_ms=1000)
        self.talker: TalkingCamera | None = None
        wired = wiring(port)
        pins = wired.pins
        if kind == "uart":
            self.talker = TalkingCamera(self.camera, board.uarts.wire(wired.uart))
            return
        self.camera.connect(
            lambda level: board.set_pin(pins["tally"], level), lambda level: board.set_pin(pins["awake"], level)
        )
        press = self.camera.level if kind == "level" else self.camera.shutter
        board.on_output = lambda pin, level: press(level) if pin == pins["shutter"] else None

    def at(self, second: float, do: Callable[[], object]) -> None:
        self.loop.call_at(self.zero_s + second, do)


def told(
    folder: Path, kind: str, body: str, story: Story, port: str = "esp32"
) -> tuple[list[list[str]], list[Interval], "Scene"]:
    """Lines printed, split; when it really recorded; the scene."""
    scenes = []

    async def plays(board: VirtualBoard) -> None:
        scenes.append(Scene(board, kind, port))
        story(scenes[0])
        await to_the_end(board)

    board = play(folder, SCRIPT.format(kind=KINDS[kind]) + body, plays, port=port)
    zero_us = round(boot_s(port) * 1e6)  # the board's ticks begin there
    truth = [
        replace(i, start_us=i.start_us - zero_us, end_us=i.end_us and i.end_us - zero_us)
        for i in scenes[0].camera.intervals
    ]
    return [line.split() for line in board.output], truth, scenes[0]


def tallies(lines: list[list[str]]) -> list[int]:
    return [int(line[1]) for line in lines if line[0] == "tally"]


def claims(lines: list[list[str]], end_ms: int) -> list[tuple[int, int]]:
    """(ms, ms) of each time that it claims to have been recording."""
    found, since = [], None
    for line in lines:
        if line[0] != "tally":
            continue
        at_ms = int(line[2])
        if line[1] == "1":
            since = at_ms
        elif since is not None:
            found.append((since, at_ms - int(line[3])))
            since = None
    return found + ([(since, end_ms)] if since is not None else [])


def is_true(claim: tuple[int, int], truth: list[Interval], slack_ms: int) -> bool:
    return any(
        i.start_us / 1000 - slack_ms <= claim[0]
        and claim[1] <= (i.end_us / 1000 if i.end_us is not None else 1e12) + slack_ms
        for i in truth
    )


@pytest.mark.parametrize("port", PROFILES)
@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_starts_proves_and_stops(tmp_path: Path, kind: str, port: str) -> None:
    body = "live(6000, (1000, 'start'), (4000, 'stop'))"
    lines, truth, _ = told(tmp_path, kind, body, lambda scene: None, port)
    assert tallies(lines)[-2:] == [1, 0] and len(truth) == 1 and truth[0].end_us is not None
    assert 2.3e6 < truth[0].end_us - truth[0].start_us < 2.9e6


@pytest.mark.parametrize("kind", KINDS)
def test_a_start_never_stops_a_camera_that_an_officer_started(tmp_path: Path, kind: str) -> None:
    body = "live(8000, (2000, 'start'), (2500, 'start'), (4000, 'start'))"
    lines, truth, _ = told(tmp_path, kind, body, lambda scene: scene.at(1, scene.camera.start_by_hand))
    # A level line falls as the board is switched off, and not before.
    assert tallies(lines)[-1] == 1 and len(truth) == 1 and (truth[0].end_us or 8e6) >= 8e6


def test_a_level_line_that_is_on_already_gets_another_edge_for_a_camera_that_was_stopped_by_hand(
    tmp_path: Path,
) -> None:
    body = "live(6000, (500, 'start'), (3000, 'start'))"
    lines, truth, _ = told(tmp_path, "level", body, lambda scene: scene.at(2, scene.camera.stop_by_hand))
    assert tallies(lines) == [1, 0, 1] and len(truth) == 2


@pytest.mark.parametrize("comes", ["revive", "wake_up"])
def test_a_level_line_is_off_once_nobody_wants_a_recording_that_never_began(tmp_path: Path, comes: str) -> None:
    def story(scene: Scene) -> None:
        scene.camera.heeds_level = True
        scene.at(0.5, scene.camera.die if comes == "revive" else lambda: setattr(scene.camera, "is_full", True))
        scene.at(3.5, scene.camera.empty)
        scene.at(3.5, scene.camera.fall_asleep if comes == "wake_up" else lambda: None)
        scene.at(4, getattr(scene.camera, comes))

    body = "live(8000, (1000, 'start'), (3000, 'rest'))"
    lines, truth, _ = told(tmp_path, "level", body, story)
    assert not truth and 1 not in tallies(lines)


def test_a_level_line_stays_on_for_a_recording_that_is_held_though_no_weapon_is_out(tmp_path: Path) -> None:
    _, truth, _ = told(tmp_path, "level", "live(8000, (1000, 'start'), (3000, 'rest'))", lambda scene: None)
    assert len(truth) == 1 and (truth[0].end_us or 8e6) >= 8e6


def test_what_the_adapter_says_of_its_buffer_is_told(tmp_path: Path) -> None:
    lines, truth, _ = told(tmp_path, "uart", "live(6000, (3000, 'start'))", lambda scene: None)
    on = next(line for line in lines if line[:2] == ["tally", "1"])
    assert abs(int(on[4]) - (truth[0].start_us / 1000 + boot_s("esp32") * 1000)) <= 1


def test_a_stop_by_hand_shows_at_once_since_the_adapter_says_that_something_changed(tmp_path: Path) -> None:
    def story(scene: Scene) -> None:
        scene.at(3.123, scene.camera.stop_by_hand)

    lines, truth, _ = told(tmp_path, "uart", "live(5000, (500, 'start'))", story)
    off = next(line for line in lines if line[:2] == ["tally", "0"] and int(line[2]) > 2000)
    stopped_ms = (truth[0].end_us or 0) / 1000
    assert stopped_ms <= int(off[2]) <= stopped_ms + 40 and int(off[2]) - int(off[3]) <= stopped_ms


def test_an_adapter_that_falls_silent_proves_nothing_from_its_last_word_on(tmp_path: Path) -> None:
    def story(scene: Scene) -> None:
        assert scene.talker is not None
        scene.at(3, lambda: setattr(scene.talker, "spoil", lambda line: []))

    lines, _, _ = told(tmp_path, "uart", "live(7000, (500, 'start'))", story)
    *_, tally, awake = lines
    assert tally[:2] == ["tally", "0"] and tally[5] == "True" and awake[:2] == ["awake", "0"]
    assert 1400 <= int(tally[3]) <= 2100


@pytest.mark.parametrize("what_is_lost", ["< !", "<"])
def test_a_stop_that_was_obeyed_is_not_asked_for_again_when_an_officer_records_himself(
    tmp_path: Path, what_is_lost: str
) -> None:
    def story(scene: Scene) -> None:
        talker = scene.talker
        assert talker is not None
        lost = what_is_lost.encode().split()
        scene.at(3.9, lambda: setattr(talker, "spoil", lambda line: [] if line[:1] in lost else [line]))
        scene.at(4.5, scene.camera.start_by_hand)

    _, truth, _ = told(tmp_path, "uart", "live(9000, (500, 'start'), (4000, 'stop'))", story)
    assert len(truth) == 2 and truth[1].end_us is None


@pytest.mark.parametrize("speaks_again", [True, False])
def test_a_stop_that_nobody_answered_is_not_asked_for_once_a_weapon_is_out(tmp_path: Path, speaks_again: bool) -> None:
    def story(scene: Scene) -> None:
        talker = scene.talker
        assert talker is not None
        scene.at(2.9, lambda: setattr(talker, "spoil", lambda line: []))
        scene.at(2.9, lambda: setattr(scene.camera, "order", lambda records: None))  # it is busy with something else
        if speaks_again:
            scene.at(3.6, lambda: setattr(talker, "spoil", lambda line: [line]))

    body = "live(7000, (500, 'start'), (3000, 'stop'), (3500, 'keep'))"
    _, _, scene = told(tmp_path, "uart", body, story)
    assert scene.talker is not None
    stops = [at_us for at_us, verb in scene.talker.asked if verb == "STOP"]
    assert stops and max(stops) <= (boot_s("esp32") + 3.52) * 1e6


def test_an_adapter_that_fell_silent_is_not_told_to_stop_when_it_speaks_again(tmp_path: Path) -> None:
    def story(scene: Scene) -> None:
        talker = scene.talker
        assert talker is not None
        scene.at(1.6, lambda: setattr(talker, "spoil", lambda line: []))

    _, _, scene = told(tmp_path, "uart", "live(7000, (500, 'start'), (2500, 'stop'), (4500, 'stop'))", story)
    assert scene.talker is not None
    stops = [at_us for at_us, verb in scene.talker.asked if verb == "STOP"]
    assert stops and max(stops) <= (boot_s("esp32") + 3) * 1e6


def test_a_second_press_that_would_stop_a_recorder_waits_for_nothing_once_a_weapon_is_out(tmp_path: Path) -> None:
    def story(scene: Scene) -> None:
        scene.camera.start_delay_ms = 20

    body = "live(4000, (1000, 'start'), (1080, 'stop'), (1090, 'keep'))"
    lines, truth, _ = told(tmp_path, "momentary", body, story)
    assert tallies(lines)[-1] == 1 and len(truth) == 1 and (truth[0].end_us or 4e6) >= 4e6


def test_one_that_is_asleep_is_woken_by_a_start(tmp_path: Path) -> None:
    body = "live(6000, (2000, 'start'))"
    lines, truth, _ = told(tmp_path, "uart", body, lambda scene: scene.at(1, scene.camera.fall_asleep))
    assert [line[1] for line in lines if line[0] == "awake"] == ["1", "0", "1"] and len(truth) == 1


def test_one_that_stopped_and_started_between_two_answers_is_two_recordings(tmp_path: Path) -> None:
    def story(scene: Scene) -> None:
        camera = scene.camera
        camera.start_delay_ms = 5
        scene.at(2.95, lambda: setattr(scene.talker, "spoil", lambda line: [] if line[:1] == b"!" else [line]))
        scene.at(3.1, camera.stop_by_hand)
        scene.at(3.11, camera.start_by_hand)

    lines, truth, _ = told(tmp_path, "uart", "live(6000, (500, 'start'))", story)
    assert len(truth) == 2 and tallies(lines)[-3:] == [1, 0, 1]


def test_an_adapter_that_never_stops_saying_that_something_changed_is_not_asked_for_it_each_time(
    tmp_path: Path,
) -> None:
    def story(scene: Scene) -> None:
        talker = scene.talker
        assert talker is not None
        for nth in range(300):
            scene.at(2 + nth * 0.01, lambda: talker._changed(0))

    _, _, scene = told(tmp_path, "uart", "live(6000)", story)
    assert scene.talker is not None
    asked = [at_us for at_us, _ in scene.talker.asked if 2.3e6 <= at_us < 5.3e6]
    assert 40 <= len(asked) <= 66


class Trouble:
    """What a bad line, or a bad adapter, makes of what is said."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.mood = 0
        self.old: list[bytes] = [b"< 0000 recording *00000000\n"]

    def spoil(self, line: bytes) -> list[bytes]:
        chance = self.chance
        if chance.random() < 0.05:
            self.mood = max(0, chance.randrange(-7, 7))
        self.old = (self.old + [line])[-20:]
        return [
            [line],
            [bytes(b ^ (1 << chance.randrange(8)) if chance.random() < 0.01 else b for b in line)],
            [line[: chance.randrange(len(line))]],
            [],
            [chance.choice(self.old)],  # an adapter that answers what it was asked before
            [chance.randbytes(chance.randrange(40)), line],
            [bytes(b for b in line if chance.random() > 0.02)],
        ][self.mood]


@pytest.mark.parametrize(
    "seed", [1, 2, pytest.param(3, marks=pytest.mark.deep), pytest.param(4, marks=pytest.mark.deep)]
)
def test_whatever_the_line_does_only_what_was_recorded_is_claimed_and_only_a_stop_stops(
    tmp_path: Path, seed: int
) -> None:
    chance, seconds = random.Random(f"recorder {seed}"), 240
    orders = sorted(
        (chance.randrange(1000, seconds * 1000), chance.choice(("start", "start", "stop"))) for _ in range(seconds // 3)
    )

    def story(scene: Scene) -> None:
        camera = scene.camera
        assert scene.talker is not None
        scene.talker.spoil = Trouble(chance).spoil
        acts = (
            camera.start_by_hand, camera.stop_by_hand, camera.fall_asleep, camera.wake_up, camera.die, camera.revive,
            camera.fill_up, camera.empty,
        )  # fmt: skip
        for _ in range(seconds // 5):
            scene.at(chance.uniform(1, seconds), chance.choice(acts))

    body = f"live({seconds * 1000}, *{orders!r})"
    lines, truth, scene = told(tmp_path, "uart", body, story)
    found = claims(lines, seconds * 1000)
    assert len(found) >= 3, lines
    for claim in found:
        assert is_true(claim, truth, 2), (claim, truth, lines)
    assert scene.talker is not None
    for at_us, verb in scene.talker.asked:
        before = [order for ms, order in orders if ms <= at_us / 1000 - boot_s("esp32") * 1000]
        assert verb != "STOP" or before[-1] == "stop", (at_us, orders)
    assert {"START", "STOP", "STATUS"} == {verb for _, verb in scene.talker.asked}
