"""What `mip` and builds with frozen code are told: every file is there, and none is missing.

The manifests are worked out here with the meaning that MicroPython's documentation gives to their functions;
MicroPython itself has built none of them. mip is the real one, in the real VM, from a server of this test."""

import http.server
import json
import subprocess
import threading
from functools import partial

import pytest

from host_tools.building import mip, release
from simulator.hardware.interpreter import command_of, find_vm

from .units import FIRMWARE

SOURCES = {path.relative_to(FIRMWARE).as_posix() for name in mip.PACKAGES for path in (FIRMWARE / name).rglob("*.py")}


def test_package_json_names_every_file_of_application_and_loader():
    text = (FIRMWARE / mip.FILE).read_text()
    assert text == mip.text(FIRMWARE), "write it anew: .venv/bin/python -m host_tools.building.mip"
    held = json.loads(text)
    assert {target for target, _ in held["urls"]} == SOURCES and held["deps"] == []
    assert all(target == source and (FIRMWARE / source).is_file() for target, source in held["urls"])


class Manifest:
    """Works a manifest out: `files` is {path in the build: file}, `from_port` what it takes of MicroPython's tree."""

    def __init__(self, path):
        self.files, self.from_port = {}, []
        self._run(path)

    def _run(self, path):
        self._at = path.parent
        given = {name: getattr(self, name) for name in ("include", "package", "module")}
        exec(compile(path.read_text(), path, "exec"), given)

    def _place(self, base):
        return None if "$(" in base else (self._at / base).resolve()

    def include(self, path):
        if "$(" in path:
            self.from_port.append(path)
            return
        here = self._at
        self._run((here / path).resolve())
        self._at = here

    def package(self, name, files=None, base_path=".", opt=None):
        base = self._place(base_path)
        found = [base / name / file for file in files] if files else sorted((base / name).rglob("*.py"))
        assert found, f"there is no package {name}"
        for path in found:
            self._add(path.relative_to(base).as_posix(), path)

    def module(self, name, base_path=".", opt=None):
        base = self._place(base_path)
        if base is None:
            self.from_port.append(f"{base_path}/{name}")
        else:
            self._add(name, base / name)

    def _add(self, name, path):
        assert path.is_file() and name not in self.files, path
        self.files[name] = path


@pytest.mark.parametrize("board", release.boards())
def test_a_board_s_manifest_freezes_loader_and_application_and_the_picos_own_start(board):
    manifest = Manifest(FIRMWARE / "boards" / board / "manifest.py")
    own_start = {"_boot.py"} if (FIRMWARE / "boards" / board / "_boot.py").exists() else set()
    assert set(manifest.files) == SOURCES | own_start
    if own_start:
        # The port's manifest would bring its own `_boot.py`, which formats the journal away.
        assert manifest.from_port == ["$(PORT_DIR)/modules/rp2.py"]
    else:
        assert manifest.from_port == ["$(PORT_DIR)/boards/manifest.py"]


def test_mip_installs_it_into_a_real_vm_from_a_server(tmp_path):
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(FIRMWARE)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        address = f"http://127.0.0.1:{server.server_port}/package.json"
        code = (
            f"import mip; mip.install({address!r}, target={str(tmp_path)!r})\n"
            f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
            "from interlock.core import frames; print('runs', frames.FRAME_BYTES)"
        )
        done = subprocess.run(
            [*command_of(find_vm()), "-c", code], capture_output=True, text=True, timeout=120, check=False
        )
    finally:
        server.shutdown()
        server.server_close()
    assert "runs 31" in done.stdout, done.stdout[-500:] + done.stderr
    assert {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.py")} == SOURCES
