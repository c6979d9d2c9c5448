"""The worked frames of PROTOCOL.md, put on an air of their own, are what the stranger's decoder says that they are."""

import json
import re
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PROTOCOL = HERE.parents[1] / "firmware" / "PROTOCOL.md"


def example(name: str) -> dict[str, bytes]:
    """{name: bytes} of a worked example."""
    text = PROTOCOL.read_text(encoding="utf-8").split(f"<!-- example: {name} -->")[1].split("<!-- end -->")[0]
    return {key: bytes.fromhex(value) for key, value in re.findall(r"^(\S.*?) += ([0-9a-f]+)$", text, re.MULTILINE)}


def settings(unit_key: bytes, group_key: bytes, pair_key: bytes, group_other: bytes = bytes(32)) -> bytes:
    """Settings of holster unit 1 with camera unit 2, which has the same key, as in the examples (JOURNAL.md 10)."""
    partner = struct.pack(">HBB", 2, 2, 1) + unit_key + pair_key
    size = 198 + len(partner)
    head = struct.pack(">4sHI8sHB", b"ILS\x03", size, 1, b"HOLSTER1", 1, 1) + unit_key + group_key + group_other + b"\1"
    return (head + partner).ljust(size, b"\0")


def pcap(frames: list[tuple[int, bytes]]) -> bytes:
    """A capture of advertising PDUs, each at its microsecond."""
    data = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 256)
    for at, frame in frames:
        pdu = bytes([2, 6 + len(frame)]) + bytes(6) + frame + bytes(3)
        packet = bytes(10) + (0x8E89BED6).to_bytes(4, "little") + pdu
        data += struct.pack("<IIII", *divmod(at, 1_000_000), len(packet), len(packet)) + packet
    return data


def decoded(tmp_path: Path, frames: list[tuple[int, bytes]], *held: bytes) -> dict[str, Any]:
    """What is read of these frames with these settings, or those of the examples."""
    draw, ack = example("draw"), example("ack")
    (tmp_path / "air.pcap").write_bytes(pcap(frames))
    blobs = held or (settings(draw["K_U"], draw["K_G"], ack["K_P"]),)
    (tmp_path / "held.txt").write_text("\n".join(blob.hex() for blob in blobs))
    command = [sys.executable, "-I", str(HERE / "decode_frames.py"), "air.pcap", "held.txt", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path)
    assert done.returncode in (0, 1), done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def test_the_worked_frames_are_read_as_they_are_printed(tmp_path: Path) -> None:
    draw, ready, ack = example("draw"), example("readiness"), example("ack")
    air = [(1000, draw["frame"]), (1500, ready["frame"]), (2000, ack["frame"]), (3000, draw["frame"])]
    said = decoded(tmp_path, air)
    first, second, third = said["frames"]
    assert (first["sender"], first["counter"], first["event"], first["low"], first["pdus"]) == (1, 1000, 1, 1, 2)
    assert (first["body"], first["is_dated"]) == ("cafebabe", True)
    assert first["slot"] == second["slot"] == int.from_bytes(draw["slot"])
    assert (second["sender"], second["counter"], second["event"], second["low"]) == (2, 7, 11, 3)
    assert (third["sender"], third["holster"], third["counter"], third["kind"], third["reason"]) == (2, 1, 1000, 1, 0)
    assert (third["since_ms"], third["buffer_s"], third["crew"], third["body"]) == (1234, 30, 5, "cafebabe")
    assert said["counts"]["junk_frames"] == said["counts"]["wrongly_dated"] == 0


def test_a_frame_is_dated_only_within_the_slots_that_its_byte_can_mean(tmp_path: Path) -> None:
    draw, ready = example("draw"), example("readiness")
    for away_slots, is_dated in ((100, True), (-100, True), (128, False), (-128, False)):
        begin = 600_000_000  # so that no stamp is below zero
        air = sorted([(begin, ready["frame"]), (begin + away_slots * 4_000_000, draw["frame"])])
        said = decoded(tmp_path, air)
        assert next(one["is_dated"] for one in said["frames"] if one["event"] == 1) is is_dated, away_slots


def test_keys_of_two_epochs_are_tried_one_after_the_other(tmp_path: Path) -> None:
    draw, ready, ack = example("draw"), example("readiness"), example("ack")
    air = [(1000, ready["frame"]), (1500, draw["frame"]), (2000, ack["frame"])]
    new = bytes(range(100, 132))
    late = settings(draw["K_U"], new, ack["K_P"], draw["K_G"])
    assert decoded(tmp_path, air, late)["counts"]["junk_frames"] == 0
    changed = settings(new, draw["K_G"], new)
    both = decoded(tmp_path, air, changed, settings(draw["K_U"], draw["K_G"], ack["K_P"]))
    assert both["counts"]["junk_frames"] == 0
    for one, junk in ((settings(draw["K_U"], new, ack["K_P"]), 3), (changed, 3)):
        assert decoded(tmp_path, air, one)["counts"]["junk_frames"] == junk
