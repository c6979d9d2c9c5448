"""Linux: BlueZ, its adapters, what blocks them, and what it remembers of units.

Sources: bleak 3.1's troubleshooting page (BlueZ 5.55 or newer), rfkill(8) and the kernel's
Documentation/ABI/stable/sysfs-class-rfkill.
"""

import re
from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from . import bluez
from .bluez import Adapter, BlueZ, Device
from .finding import Finding, Fix, fail, ok, skipped, warn

if TYPE_CHECKING:
    from .surroundings import Surroundings

OLDEST = (5, 55)
"""bleak asks for it. Older ones tell neither an adapter's roles nor a service's data of some units."""
_WITHIN = {
    "a snap": "Let it out: snap connect interlock:bluez; or install it with pip.",
    "a flatpak": "Give it the bus: flatpak override --socket=system-bus APP; or install it with pip.",
    "WSL": "WSL has no Bluetooth: install interlock in Windows' own Python.",
    "a container": "Run it on the host itself, or hand the system bus in: -v /run/dbus:/run/dbus.",
}
_BLUETOOTHD = ("/usr/libexec/bluetooth/bluetoothd", "/usr/lib/bluetooth/bluetoothd")
_POLICY = ("/etc/dbus-1/system.d/bluetooth.conf", "/usr/share/dbus-1/system.d/bluetooth.conf")


def service(around: "Surroundings", found: BlueZ) -> Finding:
    """Whether BlueZ answers at all."""
    check = "Bluetooth service"
    within = confinement(around)
    if found.trouble is None:
        return ok(check, "BlueZ answers" + (f" (this is {within})" if within else ""))
    if within is not None and found.trouble in ("bus", "service"):
        return fail(
            check,
            f"BlueZ cannot be reached from here: this is {within} ({found.text})",
            _WITHIN[within],
        )
    if found.trouble == "bus":
        return fail(check, f"there is no system bus ({found.text})", "Install and start dbus: apt install dbus.")
    if found.trouble == "service":
        installed = any(around.has(path) for path in _BLUETOOTHD)
        start = "systemctl enable --now bluetooth"
        return fail(
            check,
            f"bluetoothd {'does not run' if installed else 'is not installed'} ({found.text})",
            f"As root: {start if installed else 'apt install bluez, then ' + start}.",
        )
    if found.trouble == "denied":
        return fail(check, f"BlueZ refuses this account ({found.text})", _permission(around))
    return fail(check, f"BlueZ does not answer ({found.text})", "As root: systemctl restart bluetooth.")


def _permission(around: "Surroundings") -> str:
    policy = next((text for path in _POLICY if (text := around.read(path)) is not None), "")
    groups = sorted(set(re.findall(r'<policy group="([^"]+)"', policy)))
    if groups:
        return f"As root: usermod -aG {groups[0]} USER, then log in anew (D-Bus' policy lets that group in)."
    return "Ask the administrator: D-Bus' policy (bluetooth.conf) or polkit keeps this account from org.bluez."


def confinement(around: "Surroundings") -> str | None:
    """What stands between this program and the system, if anything."""
    if "SNAP" in around.environ:
        return "a snap"
    if around.has("/.flatpak-info"):
        return "a flatpak"
    if "microsoft" in (around.read("/proc/version") or "").lower():
        return "WSL"
    if around.has("/.dockerenv") or around.has("/run/.containerenv"):
        return "a container"
    return None


def version(around: "Surroundings") -> Finding:
    """How old BlueZ is."""
    commands = [["bluetoothctl", "--version"], *([path, "--version"] for path in _BLUETOOTHD)]
    for command in commands:
        number = re.search(r"(\d+)\.(\d+)", around.command(command) or "")
        if number is None:
            continue
        if (int(number[1]), int(number[2])) < OLDEST:
            return fail(
                "BlueZ version",
                f"BlueZ {number[0]} is too old: bleak needs {OLDEST[0]}.{OLDEST[1]}",
                "Update the system (apt full-upgrade), or a newer release of it.",
            )
        return ok("BlueZ version", number[0])
    return skipped("BlueZ version", "neither bluetoothctl nor bluetoothd is here to be asked")


# Adapters.


def adapters(around: "Surroundings", found: BlueZ) -> Iterator[Finding]:
    """One finding for each, or why there is none."""
    if found.trouble is not None:
        yield skipped("adapter", "BlueZ is not there to be asked")
        return
    if not found.adapters:
        yield _none(around)
        return
    usable = [each for each in found.adapters if each.is_powered and not _lacks_central(each)]
    for each in found.adapters:
        yield _adapter(around, each, is_spare=bool(usable) and each not in usable)


def _none(around: "Surroundings") -> Finding:
    blocks = list(blocked(around))
    if blocks:
        return fail("adapter", f"no adapter; {blocks[0][0]} is kept off by {blocks[0][1]}", _unblock(blocks[0][1]))
    if around.has("/sys/class/bluetooth/hci0"):
        return fail(
            "adapter",
            "the kernel has an adapter that BlueZ does not manage",
            "As root: systemctl restart bluetooth. If it stays: dmesg | grep -i bluetooth tells of missing firmware.",
        )
    return fail("adapter", "this computer has no Bluetooth adapter", "Plug one in (4.0 or newer).")


def _lacks_central(adapter: Adapter) -> bool:
    return adapter.roles is not None and "central" not in adapter.roles


def _adapter(around: "Surroundings", adapter: Adapter, is_spare: bool) -> Finding:
    check = f"adapter {adapter.name}"
    bad = warn if is_spare else fail  # where another one does, this one hinders nobody
    if _lacks_central(adapter):
        return bad(check, f"{adapter.address} cannot connect to Bluetooth LE devices", "Use another adapter.")
    if not adapter.is_powered:
        for name, kind in blocked(around):
            if name == adapter.name:
                return bad(check, f"{adapter.address} is off: blocked by {kind}", _unblock(kind))
        fix = Fix(f"switch {adapter.name} on", partial(bluez.power_on, adapter))
        return bad(check, f"{adapter.address} is off", "Switch it on: bluetoothctl power on, or --fix.", fix)
    if adapter.is_discovering:
        return warn(
            check,
            f"{adapter.address} is on, and another program scans with it",
            "Close it (a desktop's Bluetooth settings, another interlock): scans that meet delay or break connections.",
        )
    return ok(check, f"{adapter.address} is on")


def blocked(around: "Surroundings") -> Iterator[tuple[str, str]]:
    """(adapter, soft or hard) of each Bluetooth radio that rfkill keeps off."""
    folder = around.root / "sys/class/rfkill"
    for place in sorted(folder.glob("rfkill*")) if folder.is_dir() else ():
        name = f"/sys/class/rfkill/{place.name}"
        if around.read(f"{name}/type") != "bluetooth":
            continue
        for kind in ("hard", "soft"):
            if around.read(f"{name}/{kind}") == "1":
                yield around.read(f"{name}/name") or "?", f"a {kind} block"
                break


def _unblock(kind: str) -> str:
    if "hard" in kind:
        return "Use the switch or the key that turns the radios on, or the BIOS' settings: no program can."
    return "rfkill unblock bluetooth, or end flight mode."


def coexistence(around: "Surroundings", found: BlueZ) -> Finding | None:
    """A Raspberry Pi's radio is also its Wi-Fi; None on other computers."""
    model = around.read("/proc/device-tree/model") or ""
    if "Raspberry Pi" not in model:
        return None
    wifi = (around.read("/sys/class/net/wlan0/operstate") or "down") == "up"
    built_in = [
        each.name
        for each in found.adapters
        if "/usb" not in str((around.root / f"sys/class/bluetooth/{each.name}/device").resolve())
    ]
    if not wifi or not built_in:
        return ok("Wi-Fi beside Bluetooth", f"{model}: the radio is not shared now")
    return warn(
        "Wi-Fi beside Bluetooth",
        f"{model}: {built_in[0]} shares its radio with Wi-Fi, which is on: scans miss units, connections break",
        "Use a USB adapter with an extension cable, or a network cable with Wi-Fi off (rfkill block wifi).",
    )


# What BlueZ remembers.


def memories(found: BlueZ, names: Iterable[str]) -> Iterator[Finding]:
    """Bonds with units, and tables of units that are none any more. `names`: serials of own units."""
    if found.trouble is not None:
        yield skipped("bonds and caches", "BlueZ is not there to be asked")
        return
    own = set(names)
    quiet = 0
    for device in found.devices:
        who = _who(device, own)
        fix = Fix(f"let BlueZ forget {who}", partial(bluez.remove, device))
        remove = f"bluetoothctl remove {device.address}, or --fix"
        if device.is_stale:
            yield fail(
                f"cache of {who}",
                "BlueZ remembers a table of services that units do not have (another firmware's)",
                f"Let it forget that: {remove}.",
                fix,
            )
        elif device.is_bonded:
            yield warn(
                f"bond with {who}",
                "BlueZ keeps a bond. A unit forgets its own when it starts anew, and connections then fail as 'Remote "
                "User Terminated' or 'Authentication Failed'",
                f"Unless you made it for this shift (interlock bond), remove it: {remove}.",
                fix,
            )
        else:
            quiet += 1
    if quiet == len(found.devices):
        yield ok("bonds and caches", f"no bond, and nothing stale ({quiet} units remembered)")


def _who(device: Device, own: set[str]) -> str:
    if device.serial is None:
        return f"a unit at {device.address}"
    return device.serial if device.serial in own else f"{device.serial} (not in this vault)"
