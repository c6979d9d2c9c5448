"""The fast fidelity: the same firmware without VM, HCI and host does the same at the same microsecond."""

import asyncio
import struct
import sys
from pathlib import Path
from typing import Any

import pytest

from host_tools import journal_file, result
from interlock.core import records
from simulator.fast import FidelityError
from simulator.fast.loop import FastLoop
from simulator.fast.radio import FastBle
from simulator.hardware.vm import FirmwareError
from simulator.played import Run
from simulator.scenario import Scenario, parse
from simulator.world import play


def _scenario(pairs: int, *events: tuple[Any, ...], **top: Any) -> Scenario:
    """So many officers in a row, 2 m apart; `(at_s, unit, do, {args})` events."""
    units = []
    for i in range(1, pairs + 1):
        units.append({"id": f"H{i}", "role": "holster", "at_m": [2 * i, 0], "cameras": [f"C{i}"]})
        recorder = {"start_delay_ms": 300}
        units.append({"id": f"C{i}", "role": "camera", "at_m": [2 * i + 0.4, 0.3], "recorder": recorder})
    table = {
        "name": "fast",
        "duration_s": 6,
        "secret": "fast",
        "policy": {"hold_ms": 1000},
        "unit": units,
        "event": [{"at_s": e[0], "unit": e[1], "do": e[2], **(e[3] if len(e) > 3 else {})} for e in events],
        **top,
    }
    return parse(table, "fast")


def _both(scenario: Scenario, seed: int, directory: Path) -> tuple[Run, Run]:
    slow = play(scenario, seed, directory / "slow.pcap")
    return slow, play(scenario, seed, directory / "fast.pcap", fidelity="fast")


def _journals(run: Run) -> list[list[tuple[int, int, bytes]]]:
    return [[(r.kind, r.uptime_ms, r.payload) for r in unit.reading.records] for unit in run.units]


def _packets(path: Path) -> list[tuple[int, int, bytes]]:
    """(second, microsecond, packet) of each; those of one instant in the order of their bytes, since which of two PDUs
    that begin at once comes first is the loop's business."""
    content, at, packets = path.read_bytes(), 24, []
    while at < len(content):
        seconds, us, length, _ = struct.unpack_from("<IIII", content, at)
        packets.append((seconds, us, content[at + 16 : at + 16 + length]))
        at += 16 + length
    return sorted(packets)


def _judged(run: Run) -> Any:
    verdicts = {u.unit.id: journal_file.check(result.journal_of(u)) for u in run.units}
    return result.build(run, 0.0, verdicts)["uses"]


_USE = [(2.0, "H1", "draw"), (3.1, "H1", "arm"), (3.5, "H1", "discharge"), (4.2, "H1", "holster")]


@pytest.mark.parametrize("port", ["esp32", "rp2", pytest.param("stm32wb", marks=pytest.mark.deep)])
@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.deep)])
def test_a_use_is_the_same_in_both_fidelities_to_the_microsecond(tmp_path: Path, port: str, seed: int) -> None:
    slow, fast = _both(_scenario(1, *_USE, profile=port, loss=0.2), seed, tmp_path)
    assert _packets(tmp_path / "fast.pcap") == _packets(tmp_path / "slow.pcap")
    assert fast.air == slow.air and fast.air["received"] > 50
    assert _journals(fast) == _journals(slow)
    assert _judged(fast) == _judged(slow)


@pytest.mark.deep
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_crowd_of_twelve_is_the_same_in_both_fidelities_to_the_microsecond(tmp_path: Path, seed: int) -> None:
    draws = [(1.5 + 0.07 * i, f"H{i}", "draw") for i in range(1, 7)]
    slow, fast = _both(_scenario(6, *draws, duration_s=3.5, loss=0.1), seed, tmp_path)
    assert _packets(tmp_path / "fast.pcap") == _packets(tmp_path / "slow.pcap")
    assert _journals(fast) == _journals(slow) and fast.air == slow.air and fast.air["collided"] > 100


def test_a_cell_that_is_changed_boots_the_unit_anew_in_both_fidelities(tmp_path: Path) -> None:
    events = [(2.0, "H1", "draw"), (2.5, "H1", "battery_change", {"off_s": 0.7}), (4.0, "H1", "discharge")]
    slow, fast = _both(_scenario(1, *events), 1, tmp_path)
    assert [u.boot_zero_us for u in fast.units] == [u.boot_zero_us for u in slow.units]
    assert len(fast.unit("H1").boot_zero_us) == 2
    assert _journals(fast) == _journals(slow)


def test_whatever_goes_wrong_goes_wrong_in_both_fidelities(tmp_path: Path) -> None:
    events = [
        (0.6, "C1", "clock_drifts", {"ppm": 80.0}),
        (1.2, "C1", "handler_fails", {"count": 2}),
        (1.3, "air", "flood", {"kind": "altered", "rate_hz": 100, "for_s": 2.0, "at_m": [3, 1]}),
        (1.5, "H1", "radio_refuses", {"for_s": 0.8}),
        (2.0, "H1", "draw"),
        (3.0, "H1", "power_cut", {"operation": 1, "off_s": 0.5}),
        (3.1, "H1", "arm"),
        (4.3, "C1", "scan_stalls", {}),
        (4.6, "H1", "discharge"),
        (5.0, "air", "jam", {"for_s": 0.3}),
    ]
    slow, fast = _both(_scenario(1, *events), 1, tmp_path)
    assert _packets(tmp_path / "fast.pcap") == _packets(tmp_path / "slow.pcap")
    assert _journals(fast) == _journals(slow)
    assert len(fast.unit("H1").boot_zero_us) == 2 and fast.air["advertising_pdus"] > 500


def test_a_run_without_a_capture_is_the_run_with_one(tmp_path: Path) -> None:
    scenario = _scenario(1, *_USE)
    with_capture = play(scenario, 1, tmp_path / "air.pcap", fidelity="fast")
    without = play(scenario, 1, None, fidelity="fast")
    assert without.frames == with_capture.frames and without.air == with_capture.air
    assert play(scenario, 2, None, fidelity="fast").frames != without.frames


@pytest.mark.parametrize(
    ("scenario", "what"),
    [
        (_scenario(1, (1.0, "H1", "dock")), "H1 dock"),
        (_scenario(1, (1.0, "C1", "press_service")), "C1 press_service"),
        (
            _scenario(0, unit=[{"id": "H9", "role": "holster", "at_m": [0, 0], "boxed": True}]),
            "H9 is still in its box",
        ),
    ],
)
def test_what_needs_a_connection_is_refused_by_name(scenario: Scenario, what: str) -> None:
    with pytest.raises(FidelityError, match=f'{what}.*fidelity = "vm"'):
        play(scenario, 1, None, fidelity="fast")


def test_a_fidelity_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="vm, fast"):
        play(_scenario(1), 1, None, fidelity="exact")


def test_the_process_keeps_its_own_modules_and_its_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    before = dict(sys.modules)
    run = play(_scenario(2, *_USE), 1, None, fidelity="fast")
    changed = {name for name in before if sys.modules.get(name) is not before[name]}
    added = {name for name in set(sys.modules) - set(before) if name.split(".")[0] in ("machine", "bluetooth", "simrt")}
    assert not changed and not added
    assert all(unit.heap_peak == 0 for unit in run.units) and "CPython" in run.vm
    assert capsys.readouterr().out == ""


def test_an_exception_that_leaves_the_firmware_names_the_board_and_the_place(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = FastBle.call

    async def broken(self: FastBle, op: str, args: tuple[Any, ...]) -> object:
        if self.name == "H1":
            raise ZeroDivisionError("as a test wants it")
        return await whole(self, op, args)

    monkeypatch.setattr(FastBle, "call", broken)
    with pytest.raises(FirmwareError, match=r"(?s)firmware of H1.*broadcast\.py.*as a test wants it"):
        play(_scenario(1), 1, None, fidelity="fast")


def _run(main: Any) -> Any:
    with asyncio.Runner(loop_factory=FastLoop) as runner:
        return runner.run(main)


def test_timers_of_one_instant_fire_in_the_order_in_which_they_were_set() -> None:
    async def main() -> list[tuple[int, int]]:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, FastLoop)
        fired: list[tuple[int, int]] = []
        for i in range(50):
            loop.call_at(0.001 if i % 2 else 0.002, lambda i=i: fired.append((loop.now_us, i)))
        cancelled = loop.call_at(0.001, fired.clear)
        cancelled.cancel()
        await asyncio.sleep(0.003)
        return fired

    fired = _run(main())
    assert fired == [(1000, i) for i in range(1, 50, 2)] + [(2000, i) for i in range(0, 50, 2)]


def test_many_cancelled_timers_leave_the_others_alone() -> None:
    async def main() -> int:
        loop = asyncio.get_running_loop()
        fired = []
        loop.call_later(5, fired.append, 1)
        for i in range(5000):
            loop.call_later(1 + i / 1000, fired.append, 2).cancel()
        await asyncio.sleep(10)
        return sum(fired)

    assert _run(main()) == 1


def test_an_exception_in_a_callback_ends_the_loop() -> None:
    async def main() -> None:
        asyncio.get_running_loop().call_later(1, lambda: 1 // 0)
        await asyncio.sleep(2)

    with pytest.raises(ZeroDivisionError):
        _run(main())


def test_records_tell_the_journals_apart() -> None:
    """The comparison above has something to compare."""
    run = play(_scenario(1, *_USE), 1, None, fidelity="fast")
    kinds = {record.kind for record in run.unit("H1").reading.records}
    assert {records.BOOT, records.EVENT, records.ACK, records.PROOF} <= kinds
