"""The `_boot.py` of rp2 builds, in MicroPython on the flash double: it mounts, makes a file system where there was
none, and whatever it meets, it writes nothing outside of its window and nothing over what was kept there."""

import asyncio
from pathlib import Path
from textwrap import dedent

import pytest

from simulator.clock import run
from simulator.hardware.board import VirtualBoard
from simulator.hardware.files import file_system
from simulator.profiles import profile
from tests.simulator.boards import play as play_board
from tests.simulator.boards import to_the_end

PORTS = ("rp2", "pico2_w")
JOURNAL = bytes(range(256)) * 16
HEAD_BYTES = 2 * 4096
KEPT = {"/kept": b"what somebody wants back" * 900}
SCRIPT = """
    import os
    try:
        print(sorted(os.listdir("/")))
        with open("/new", "w") as file:
            file.write("x" * 9000)
        print(os.stat("/new")[6])
    except OSError as error:
        print("no files", error.errno)
    """


class Stage:
    """A board whose journal's area is full of a pattern; `begin` fills the file system's."""

    def __init__(self, tmp_path: Path, port: str, begin: bytes) -> None:
        self.port = profile(port)
        script = tmp_path / "main.py"
        script.write_text(dedent(SCRIPT))
        self.board = VirtualBoard("unit 7", self.port, None, 1, script, files=begin)
        whole = bytearray(self.board.flash.image())
        whole[: self.port.journal_bytes] = JOURNAL * (self.port.journal_bytes // len(JOURNAL))
        self.board.flash.load(bytes(whole))
        self._before = bytes(whole[: self.port.journal_bytes])

    def window(self) -> bytes:
        return self.board.flash.read(self.port.files_offset, self.port.files_bytes)

    async def boot(self) -> list[str]:
        """Power on until the board's script would have ended; what it printed."""
        said = len(self.board.output)
        await self.board.power_on()
        await asyncio.sleep(20)
        await self.board.power_off()
        self.board.check()
        assert self.board.flash.read(0, self.port.journal_bytes) == self._before
        return self.board.output[said:]


def blank(port: str) -> bytes:
    return b"\xff" * profile(port).files_bytes


def with_script(port: str, more: dict[str, bytes] | None = None) -> bytes:
    """A file system as the flash tool leaves one, with a main.py that looks what is there."""
    return file_system(profile(port), {"/main.py": dedent(SCRIPT).encode(), **(more or {})})


@pytest.mark.parametrize("port", PORTS)
def test_a_new_board_gets_a_file_system_and_keeps_it(tmp_path: Path, port: str):
    async def story() -> None:
        stage = Stage(tmp_path, port, blank(port))
        assert await stage.boot() == []
        made = stage.window()
        assert b"littlefs" in made[:HEAD_BYTES]
        assert set(made[HEAD_BYTES:]) == {0xFF}, "a format writes the superblock's two sectors and nothing else"
        assert await stage.boot() == [] and stage.window() == made

    run(story())


def test_a_board_with_files_runs_them(tmp_path: Path):
    async def story() -> None:
        stage = Stage(tmp_path, "rp2", with_script("rp2", KEPT))
        assert await stage.boot() == ["['kept', 'main.py']", "9000"]
        assert await stage.boot() == ["['kept', 'main.py', 'new']", "9000"]

    run(story())


def test_power_may_fail_at_any_flash_operation_of_the_first_start(tmp_path: Path):
    async def story() -> int:
        operation = 0
        while True:
            operation += 1
            stage = Stage(tmp_path, "rp2", blank("rp2"))
            stage.board.cut_at_flash_operation(operation)
            await stage.boot()
            was_cut = b"littlefs" not in stage.window()[:4096] or b"littlefs" not in stage.window()[4096:HEAD_BYTES]
            stage.board.flash.cut_after(None)
            assert await stage.boot() == [], operation
            assert b"littlefs" in stage.window()[:HEAD_BYTES], operation
            if not was_cut:
                return operation

    assert run(story()) > 2


@pytest.mark.parametrize("wreck", ["both superblocks rotten", "other people's files"])
def test_what_cannot_be_mounted_and_holds_something_stays_until_somebody_gives_it_up(tmp_path: Path, wreck: str):
    image = bytearray(with_script("rp2", KEPT))
    if wreck == "both superblocks rotten":
        image[:HEAD_BYTES] = bytes(HEAD_BYTES)
    else:
        image = image[HEAD_BYTES:] + image[:HEAD_BYTES]  # as MicroPython's own layout leaves them

    async def story() -> None:
        stage = Stage(tmp_path, "rp2", bytes(image))
        said = await stage.boot()
        assert "left as they are" in said[0]
        assert stage.window() == bytes(image)
        again = await stage.boot()
        assert again == said and stage.window() == bytes(image)

    run(story())


def test_somebody_can_give_the_files_up(tmp_path: Path):
    script = SCRIPT.rstrip() + "\n    import _boot\n    _boot.format_files()\n    print(os.listdir('/'))\n"

    async def story() -> None:
        # A file system that mounts, with a script that formats it from within: as from the prompt.
        image = file_system(profile("rp2"), {"/main.py": dedent(script).encode()})
        stage = Stage(tmp_path, "rp2", image)
        said = await stage.boot()
        assert said == ["['main.py']", "9000", "[]"]
        assert await stage.boot() == [] and b"littlefs" in stage.window()[:HEAD_BYTES]

    run(story())


def test_flash_that_cannot_be_read_is_said_and_left_alone(tmp_path: Path):
    script = """
        import _boot, rp2

        class Dead:
            def __init__(self, start):
                pass

            def ioctl(self, what, of):
                return 64 if what == 4 else 4096 if what == 5 else 0

            def readblocks(self, number, into, offset=0):
                raise OSError(5)

            def writeblocks(self, number, what, offset=0):
                print("written")

        rp2.Flash = Dead
        print(_boot.mount_files())
        """

    async def story() -> None:
        stage = Stage(tmp_path, "rp2", file_system(profile("rp2"), {"/main.py": dedent(script).encode()}))
        said = await stage.boot()
        assert said[-1] == "False" and "written" not in said and "cannot be read" in said[0]

    run(story())


def test_both_builds_are_one_but_for_where_the_files_begin():
    folder = Path(__file__).parents[2] / "firmware" / "boards"
    code = [(folder / name / "_boot.py").read_text().split('"""', 2)[2] for name in ("pico_w", "pico2_w")]
    one, other = (text.splitlines() for text in code)
    assert [pair for pair in zip(one, other, strict=True) if pair[0] != pair[1]] == [
        ("FIRST_SECTOR = 185", "FIRST_SECTOR = 512")
    ]


def test_the_firmware_writes_nothing_where_micropythons_own_build_keeps_its_files(tmp_path: Path):
    """A board that was flashed with it by mistake: its file system has all 241 sectors."""
    script = """
        import os
        from interlock.boards.pico_w import BOARD
        for blocks in (56, 57, 241):
            os.statvfs = lambda path: (4096, 4096, blocks)
            try:
                print(BOARD.settings_area().size // 4096, BOARD.journal_area().size // 4096)
            except OSError as error:
                print(error)
        """
    said = play_board(tmp_path, script, to_the_end, port="rp2").output
    assert (
        said[0] == "19 166"
        and [line.split(":")[0] for line in said[1:]] == ["this MicroPython keeps its files in the journal's place"] * 2
    )
