"""The dock as a service: the unit file that `interlock dock --systemd` prints, and what a service tells systemd."""

import os
import shlex
import socket
import sys
from pathlib import Path

UNIT = """\
# /etc/systemd/system/interlock-dock.service, made by: interlock dock --systemd
#
# The dock's home is /var/lib/interlock (StateDirectory). Put a technician's vault there before the first start:
#   interlock credentials DOCK1 --out /var/lib/interlock --new-key-file /etc/interlock/vault.key
# The key of the vault stays in a file that only root reads; systemd hands it over. Then:
#   systemctl daemon-reload && systemctl enable --now interlock-dock
[Unit]
Description=Interlock docking station: pulls units' journals
Wants=bluetooth.service
After=bluetooth.service network-online.target time-sync.target
Wants=network-online.target
StartLimitIntervalSec=0

[Service]
Type=notify
ExecStart={command}
Environment=INTERLOCK_HOME=%S/interlock PYTHONUNBUFFERED=1
LoadCredential=interlock-vault:{key}
Restart=always
RestartSec=5
RestartPreventExitStatus=2
WatchdogSec=120
TimeoutStopSec=20

DynamicUser=yes
User=interlock
SupplementaryGroups=bluetooth
StateDirectory=interlock
StateDirectoryMode=0700
UMask=0077

CapabilityBoundingSet=
AmbientCapabilities=
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
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
MemoryMax=512M

[Install]
WantedBy=multi-user.target
"""
KEY_FILE = "/etc/interlock/vault.key"


def unit_file(arguments: list[str]) -> str:
    """The unit file; `arguments`: of `interlock dock`, as they were given beside --systemd."""
    program = str(Path(sys.argv[0]).resolve())
    command = shlex.join([program, "dock", *arguments]).replace("%", "%%")
    return UNIT.format(command=command, key=KEY_FILE)


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
