"""A small machine with Debian's kernel, bluetoothd and system bus, in QEMU; its radios come from a world's door.

Everything is made under a folder and kept there: packages, image. While it runs, whoever may open a socket on this
host is root on the *machine's* system bus; the machine itself reaches nothing.
"""

import asyncio
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dbus_fast import Message, MessageType, Variant
from dbus_fast.aio import MessageBus
from dbus_fast.auth import AuthExternal

from . import image, packages
from .guest.relay import BUS_PORT, HCI_PORT

BOOT_S = 240.0
PATIENCE_S = 20.0
PLUGS = 4
HOST = "127.0.0.1"
_READY = b"machine: relay listens"


def prepare(folder: Path, report: Callable[[str], None]) -> "Files":
    """What the machine boots from, made once. packages.Unfit says why it cannot be made here."""
    packages.check_host()
    if shutil.which("qemu-system-x86_64") is None:
        raise packages.Unfit(f"there is no qemu-system-x86_64 here. {packages.ADVICE}")
    files = Files(folder)
    if files.are_whole:
        return files
    system, kernel = folder / "system_root", folder / "kernel_root"
    if not system.exists():
        report("download BlueZ and what it needs (once)")
        packages.unpack(packages.fetch(folder / "system", *image.SYSTEM), system)
    if not kernel.exists():
        report("download the kernel (once)")
        packages.unpack([packages.fetch_alone(folder / "kernel", packages.kernel_package())], kernel, *image.KERNEL)
    report("build the image")
    image.build(system, kernel, files.image)
    return files


class Files:
    """Of one folder. Made anew when what is built into the image has changed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.image = folder / "image.gz"

    @property
    def kernel(self) -> Path:
        (found,) = (self.folder / "kernel_root/boot").glob("vmlinuz-*")
        return found

    @property
    def are_whole(self) -> bool:
        sources = [*image.HERE.iterdir(), Path(image.__file__)]
        return self.image.exists() and self.image.stat().st_mtime > max(file.stat().st_mtime for file in sources)


class Machine:
    """Boots at once; `with` ends it. `bus_address`: its system bus, as D-Bus writes addresses."""

    def __init__(self, files: Files) -> None:
        self.console = files.folder / "console.log"
        self.console.unlink(missing_ok=True)
        self._hci_port, bus_port = free_ports(2)
        self.bus_address = f"tcp:host={HOST},port={bus_port}"
        forwards = [f"hostfwd=tcp:{HOST}:{self._hci_port}-:{HCI_PORT}", f"hostfwd=tcp:{HOST}:{bus_port}-:{BUS_PORT}"]
        self._qemu = subprocess.Popen(
            ["qemu-system-x86_64", "-M", "q35", "-m", "512", "-smp", "2", *_acceleration()]
            + ["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"]
            + ["-serial", f"file:{self.console}", "-kernel", files.kernel, "-initrd", files.image]
            + ["-nic", ",".join(["user", "model=virtio-net-pci", "restrict=on", *forwards])]
            + ["-append", "console=ttyS0 quiet panic=-1 mitigations=off nokaslr"],
            stderr=subprocess.PIPE,
        )

    def __enter__(self) -> "Machine":
        try:
            self._wait_until_ready()
        except BaseException:
            self.end()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def _wait_until_ready(self) -> None:
        until = time.monotonic() + BOOT_S
        while _READY not in (self.console.read_bytes() if self.console.exists() else b""):
            if self._qemu.poll() is not None:
                assert self._qemu.stderr is not None
                raise AssertionError(f"QEMU ended: {self._qemu.stderr.read().decode(errors='replace')}")
            assert time.monotonic() < until, f"the machine does not come up; {self.console} has what it said"
            time.sleep(0.1)

    def end(self) -> None:
        """Pull its plug."""
        self._qemu.kill()
        self._qemu.wait()

    def plug_in(self, door_port: int) -> "Cable":
        """One radio of the world behind this door becomes one hciN of the machine, and is switched on by it. Again,
        when that fails: the kernel gives a controller 2 s for an answer, and this host may have others to serve."""
        for _ in range(PLUGS):
            before = set(self.adapters())
            inside = socket.create_connection((HOST, self._hci_port), timeout=10)
            cable = Cable(socket.create_connection((HOST, door_port)), inside)
            if self.is_so(lambda now, before=before: any(now[name] for name in set(now) - before)):  # type: ignore[misc]
                return cable
            self.unplug(cable)
        raise AssertionError(f"no adapter comes up; {self.console} has what the machine said")

    def unplug(self, cable: "Cable") -> None:
        """And it is gone again."""
        before = len(self.adapters())
        cable.pull()
        assert self.is_so(lambda now: not before or len(now) < before), "an unplugged adapter stays"

    def is_so(self, wanted: Callable[[dict[str, bool]], bool]) -> bool:
        """Wait until the adapters are so; False when they do not become so."""
        until = time.monotonic() + PATIENCE_S
        while not wanted(self.adapters()):
            if time.monotonic() > until:
                return False
            time.sleep(0.2)
        return True

    def adapters(self) -> dict[str, bool]:
        """Those that bluetoothd manages, and whether each is on."""
        objects = self._call("/", "org.freedesktop.DBus.ObjectManager", "GetManagedObjects")
        found = {path.rpartition("/")[2]: each.get("org.bluez.Adapter1") for path, each in objects.items()}
        return {name: told["Powered"].value for name, told in found.items() if told is not None}

    def power(self, adapter: str, on: bool) -> None:
        """Switch an adapter on or off, as a desktop's switch does."""
        body = ["org.bluez.Adapter1", "Powered", Variant("b", on)]
        self._call(f"/org/bluez/{adapter}", "org.freedesktop.DBus.Properties", "Set", "ssv", body)

    def _call(self, path: str, interface: str, member: str, signature: str = "", body: list[Any] | None = None) -> Any:
        """Ask bluetoothd; the first value of its answer."""

        async def ask() -> Any:
            bus = await MessageBus(self.bus_address, auth=AuthExternal(uid=0)).connect()
            try:
                return await bus.call(
                    Message("org.bluez", path, interface, member, signature=signature, body=body or [])
                )
            finally:
                bus.disconnect()

        reply = asyncio.run(ask())
        assert reply is not None and reply.message_type is not MessageType.ERROR, reply
        return reply.body[0] if reply.body else None


class Cable:
    """Joins two sockets until it is pulled, or one end is."""

    def __init__(self, one: socket.socket, other: socket.socket) -> None:
        self._ends = (one, other)
        for source, sink in ((one, other), (other, one)):
            source.settimeout(None)
            source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._carry, args=(source, sink), daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                sink.sendall(data)
        except OSError:
            pass
        self.pull()

    def pull(self) -> None:
        """As one unplugs an adapter."""
        for end in self._ends:
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def free_ports(count: int) -> list[int]:
    """Ports that nobody uses now."""
    servers = [socket.create_server((HOST, 0)) for _ in range(count)]
    ports = [server.getsockname()[1] for server in servers]
    for server in servers:
        server.close()
    return ports


def _acceleration() -> list[str]:
    """KVM where the processor really has it: a /dev/kvm without svm or vmx, as in a guest, hangs."""
    flags = Path("/proc/cpuinfo").read_text().split()
    try:
        Path("/dev/kvm").open("r+b").close()
        has_kvm = bool({"svm", "vmx"} & set(flags))
    except OSError:
        has_kvm = False
    if has_kvm:
        return ["-accel", "kvm", "-cpu", "host"]
    return ["-accel", "tcg,thread=multi,tb-size=512", "-cpu", "max"]
