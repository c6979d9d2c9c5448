"""The machine's initial RAM disk: all that it ever has. A kernel's modules, BlueZ, the system bus, the relay."""

import gzip
import lzma
import shutil
import subprocess
from pathlib import Path

HERE = Path(__file__).parent / "guest"
SYSTEM = ("bluez", "dbus-daemon", "busybox-static", "python3-minimal")
KERNEL = ("./boot/vmlinuz*", "./lib/modules/*/modules.*", "./lib/modules/*/kernel/*")
# In the order of loading. Without ansi_cprng first, ecdh_generic finds no source of random numbers; bluetoothd takes
# its ciphers from the kernel (algif_*), for the hash of a GATT table among others.
MODULES = ("virtio_pci", "virtio_net", "ansi_cprng", "ecdh_generic", "cmac", "ecb", "algif_hash", "algif_skcipher")
MODULES += ("rfkill", "bluetooth", "hci_vhci")
_KEPT = ("usr/lib/x86_64-linux-gnu", "usr/lib64", "usr/lib/python3.11", "usr/libexec/bluetooth", "etc/bluetooth")
_KEPT += ("etc/dbus-1", "usr/share/dbus-1", "usr/bin/dbus-daemon", "usr/bin/busybox")
_DROPPED = shutil.ignore_patterns("perl*", "gconv", "__pycache__", "*.a", "obexd")
_GROUPS = "root:x:0:\nmessagebus:x:100:\nbluetooth:x:101:\nlp:x:7:\nnetdev:x:102:\n"
_PEOPLE = "root:x:0:0::/root:/bin/sh\nmessagebus:x:100:100::/:/bin/false\n"


def build(system: Path, kernel: Path, image: Path) -> None:
    """Write `image` from the trees of unpacked packages."""
    root = image.with_name("image_root")
    shutil.rmtree(root, ignore_errors=True)
    for kept in _KEPT:
        _copy(system / kept, root / kept)
    for python in (system / "usr/bin").glob("python3.*"):
        _copy(python, root / "usr/bin" / python.name)
    for name in ("bin", "sbin", "lib", "lib64"):
        (root / "usr" / name).mkdir(exist_ok=True)
        (root / name).symlink_to(f"usr/{name}")
    for name in ("proc", "sys", "dev", "run", "tmp", "root", "usr/local/bin", "var"):
        (root / name).mkdir(parents=True)
    (root / "etc/passwd").write_text(_PEOPLE)
    (root / "etc/group").write_text(_GROUPS)
    _modules(system / "usr/bin/busybox", kernel, root)
    shutil.copy(HERE / "relay.py", root / "relay.py")
    shutil.copy(HERE / "init.sh", root / "init")
    (root / "init").chmod(0o755)
    _pack(system / "usr/bin/busybox", root, image)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True, ignore=_DROPPED)
    else:
        shutil.copy(source, target, follow_symlinks=False)


def _modules(busybox: Path, kernel: Path, root: Path) -> None:
    """Each module behind those that it needs."""
    (folder,) = (kernel / "lib/modules").iterdir()
    subprocess.run([busybox, "depmod", "-b", kernel, folder.name], check=True, capture_output=True)
    needs = {}
    for line in (folder / "modules.dep").read_text().splitlines():
        path, _, needed = line.partition(":")
        needs[Path(path).name.split(".")[0].replace("-", "_")] = [path, *needed.split()]
    (root / "modules").mkdir()
    order: dict[str, None] = {}
    for name in MODULES:
        for path in reversed(needs.get(name, [])):  # built in, where it has none
            plain = Path(path).name.removesuffix(".xz")
            packed = (folder / path).read_bytes()
            (root / "modules" / plain).write_bytes(lzma.decompress(packed) if path.endswith(".xz") else packed)
            order[plain] = None
    (root / "modules.list").write_text("\n".join(order) + "\n")


def _pack(busybox: Path, root: Path, image: Path) -> None:
    names = "\n".join(str(path.relative_to(root)) for path in sorted(root.rglob("*")))
    cpio = [busybox.resolve(), "cpio", "-o", "-H", "newc", "-R", "0:0"]
    done = subprocess.run(cpio, input=names.encode(), cwd=root, capture_output=True, check=True)
    made = image.with_suffix(".part")
    made.write_bytes(gzip.compress(done.stdout, 1))
    made.rename(image)
