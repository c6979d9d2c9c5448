"""The dock as a service: the unit file that `interlock dock --systemd` prints, and what a service tells systemd.

The service runs as a user of its own that systemd makes (DynamicUser) and sees nobody's home. Where the program itself
lies in one, just that is shown to it.
"""

import importlib.util
import os
import re
import socket
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from ..outcome import ToolError

UNIT = """\
# /etc/systemd/system/interlock-dock.service, made by: interlock dock --systemd
#
# The dock's home is /var/lib/{state} (StateDirectory); the key of its vault is in a file that only root reads, and
# systemd hands it over. On the computer with the force's vault (after --days the credentials end; the dock says so a
# week before):
#   interlock credentials DOCK1 --days 366 --out dock1 --new-key-file dock1.key
# Here, as root, with dock1 and dock1.key brought along:
#   install -d -m 700 {key_folder} /var/lib/{state}
#   install -m 600 dock1.key {key}
#   cp -r dock1/vault /var/lib/{state}/
#   systemctl daemon-reload && systemctl enable --now interlock-dock
# With new credentials, a year later: the same, but before the copy
#   systemctl stop interlock-dock && rm -r /var/lib/{state}/vault
# and after it
#   chown -R --reference=/var/lib/{state}/. /var/lib/{state}/vault
{remarks}[Unit]
Description=Interlock docking station: pulls units' journals
Wants=bluetooth.service
After=bluetooth.service network-online.target time-sync.target
Wants=network-online.target
StartLimitIntervalSec=0

[Service]
Type=notify
ExecStart={command}
Environment=INTERLOCK_HOME=%S/{state} PYTHONUNBUFFERED=1
EnvironmentFile=-{environment}
LoadCredential=interlock-vault:{key}
Restart=always
RestartSec=5
RestartPreventExitStatus=2
WatchdogSec=120
TimeoutStopSec=20

DynamicUser=yes
User=interlock
{groups}StateDirectory={state}
StateDirectoryMode=0700
UMask=0077

CapabilityBoundingSet=
AmbientCapabilities=
NoNewPrivileges=yes
ProtectSystem=strict
{homes}PrivateTmp=yes
PrivateDevices=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
ProtectProc=invisible
ProcSubset=pid
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
# Whether somebody keeps the clock right is read by these; to set it takes a capability, of which there is none.
SystemCallFilter=adjtimex clock_adjtime
SystemCallErrorNumber=EPERM
MemoryMax=512M

[Install]
WantedBy=multi-user.target
"""
KEY_FILE = "/etc/interlock/vault.key"


ENVIRONMENT_FILE = "/etc/interlock/dock.env"
STATES = Path("/var/lib")
_UNSEEN = tuple(map(Path, ("/home", "/root", "/run/user", "/tmp", "/var/tmp")))
_PACKAGES = ("host_tools", "interlock", "bleak_bumble")
_QUOTED = re.compile(r"[\s\"';\\]|^$")


@dataclass(frozen=True)
class Order:
    """What the service is to do. `options`: words before `dock`; `arguments`: after it; `state`: its home is
    /var/lib/STATE; `key`: the file that opens its vault; `places`: folders that it writes to beside its home;
    `secrets`: names of variables that are left to a file which only root reads, with the option each stands for."""

    options: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    state: str = "interlock"
    key: str = KEY_FILE
    places: tuple[str, ...] = ()
    secrets: dict[str, str] = field(default_factory=dict)


def unit_file(order: Order) -> str:
    """The unit file. ToolError where the service could not run the program."""
    program = _program()
    unseen = _outermost(path for path in [program, *_parts()] if any(top in path.parents for top in _UNSEEN))
    remarks = [
        f"# The server's address has a password: put it, as {name}=..., into {ENVIRONMENT_FILE} (root, mode 600)."
        for name in order.secrets
    ]
    homes = "ProtectHome=yes\n"
    if unseen:
        for path in unseen:
            _check_readable(path)
        homes = f"ProtectHome=tmpfs\nBindReadOnlyPaths={' '.join(_word(str(path)) for path in unseen)}\n"
        remarks.append("# The program lies where its owner can change it. Better: python3 -m venv /opt/interlock.")
    if order.places:
        homes += f"ReadWritePaths={' '.join(_word(place) for place in order.places)}\n"
    return UNIT.format(
        command=" ".join(_word(word, "$") for word in (str(program), *order.options, "dock", *order.arguments)),
        state=order.state,
        key=order.key.replace("%", "%%"),
        key_folder=Path(order.key).parent,
        environment=ENVIRONMENT_FILE,
        remarks="".join(f"{remark}\n" for remark in remarks),
        groups="SupplementaryGroups=bluetooth\n" if _has_group("bluetooth") else "",
        homes=homes,
    )


def state_of(home: Path) -> str:
    """The name of this home below /var/lib. ToolError where it is elsewhere: only there may the service's own user
    write."""
    if home.parent != STATES:
        raise ToolError(
            f"a service keeps its home below {STATES}, and {home} is elsewhere",
            f"Name --home {STATES}/NAME, or leave --home out: then it is {STATES}/interlock.",
        )
    return home.name


def _word(text: str, doubled: str = "") -> str:
    """A word as unit files have it: systemd.syntax(7), and in commands `$` doubled."""
    for sign in f"%{doubled}":
        text = text.replace(sign, 2 * sign)
    if not _QUOTED.search(text):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _program() -> Path:
    """The console script that runs these tools."""
    for path in (Path(sys.argv[0]), Path(sys.prefix) / "bin" / "interlock"):
        if path.is_absolute() and path.is_file() and os.access(path, os.X_OK):
            return path.resolve()
    raise ToolError(
        "there is no program 'interlock' that a service could run", "Install the tools: pip install 'interlock'."
    )


def _parts() -> list[Path]:
    """Where the interpreter and these tools' packages are."""
    found = [Path(sys.prefix), Path(sys.base_prefix), Path(sys.executable).resolve()]
    for name in _PACKAGES:
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.origin is not None:
            found.append(Path(spec.origin).parent)
    return [path.resolve() for path in found]


def _outermost(paths: Iterable[Path]) -> list[Path]:
    found = set(paths)
    return sorted(path for path in found if not found.intersection(path.parents))


def _check_readable(path: Path) -> None:
    wanted = 0o005 if path.is_dir() else 0o004
    if path.stat().st_mode & wanted != wanted:
        raise ToolError(
            f"the service's own user cannot read {path}, which it needs",
            f"Install the tools for everybody, such as into /opt/interlock; or: chmod -R o+rX {path}",
        )


def _has_group(name: str) -> bool:
    try:
        import grp

        grp.getgrnam(name)
    except (ImportError, KeyError):
        return False
    return True


class Service:
    """What systemd is told, when it started this process (`$NOTIFY_SOCKET`); else nothing is."""

    def __init__(self) -> None:
        self._address = os.environ.get("NOTIFY_SOCKET", "")
        limit_us = os.environ.get("WATCHDOG_USEC", "")
        is_meant = os.environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        self.watchdog_s = int(limit_us) / 1e6 if limit_us.isdigit() and is_meant else None
        """It must be told within so many seconds that all is well; None: it does not ask."""

    def tell(self, text: str) -> None:
        """One message, such as READY=1, WATCHDOG=1, STOPPING=1, STATUS=...; see sd_notify(3)."""
        if not self._address.startswith(("/", "@")):
            return
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as to:
                to.sendto(text.encode(), address)
        except OSError:
            pass  # a dock that cannot speak with systemd docks all the same
