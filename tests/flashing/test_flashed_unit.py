"""What was flashed is a unit: the whole application, built and put on over the cable, is set up over the air by the
label that the flash tool wrote."""

import json
import subprocess
import sys

import pytest

from interlock.boards.esp32_s3 import BOARD
from simulator.door import HOST, Door

from .world import seat


@pytest.mark.deep
def test_a_flashed_board_is_set_up_over_the_air_by_its_label(tmp_path):
    home = ("--home", str(tmp_path / "home"), "--key-file", str(tmp_path / "key"))

    def interlock(*arguments):
        command = [sys.executable, "-c", "from host_tools.cli import main; main()", *home, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    with seat(tmp_path / "port") as board:
        how = ("--board", "esp32_s3", "--role", "holster", "--force", "MPS", "--json")
        (told,) = json.loads(interlock("flash", str(board.path), *how))
        assert [part["name"] for part in told["parts"] if part["outcome"] == "failed"] == []

        async def dock(there):
            there.set_pin(BOARD.pins["dock"], 0)
            door = Door(board.air, port=0)
            return door, await door.open()

        door, port = board.do(dock)
        air = f"tcp:{HOST}:{port}"
        # The role that was said at the cable is that of the unit.
        done = json.loads(interlock("--air", air, "provision", told["serial"], "--signing", "none", "--json"))
        assert (done["serial"], done["role"], done["already"]) == (told["serial"], "holster", False)
        (status,) = json.loads(interlock("--air", air, "status", told["serial"], "--json"))
        assert status["serial"] == told["serial"]
        board.do(lambda _: door.close())
        # In service it is flashed again only when somebody agrees, and keeps what it is.
        (again,) = json.loads(interlock("flash", str(board.path), *how, "--yes"))
        assert again["set_up"] and again["changes"] == 0
