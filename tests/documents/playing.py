"""A reader who types what a block says: in a folder that looks like the checkout, with a home of its own.

What differs from a reader at a terminal: passphrases are key files, `make` does not look after .venv, and campaigns
play two seeds.
"""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

from .reading import ROOT

BIN = Path(sys.prefix) / "bin"
_STAMPS = (".venv/.sim-ready", ".venv/.dev-ready")
_NOBODY = "tcp:127.0.0.1:9"
"""An air without a world."""
NEEDS = {
    "vault": ("interlock labels new --force POLICE",),
    "release key": ("interlock labels new --force POLICE", "interlock release --new-key"),
    "units": ("interlock labels new --force POLICE",),
}
"""What is typed before a block that needs this."""


class Reader:
    """Types lines in a folder; `env` grows by their `export`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "checkout"
        self.folder.mkdir()
        for path in ROOT.iterdir():
            if path.name not in (".git", ".venv", "build"):
                (self.folder / path.name).symlink_to(path)
        (self.folder / ".venv").symlink_to(sys.prefix)
        shims = folder / "shims"
        shims.mkdir()
        make = shims / "make"
        old = " ".join(f"-o {stamp}" for stamp in _STAMPS)
        make.write_text(f'#!/bin/sh\nPATH="${{PATH#*:}}" exec make {old} "$@"\n', encoding="utf-8")
        make.chmod(0o755)
        home = folder / "home"
        home.mkdir()
        self.env = {name: value for name, value in os.environ.items() if not name.startswith("INTERLOCK_")} | {
            "HOME": str(home),
            "PATH": f"{shims}:{BIN}:{os.environ['PATH']}",
            "INTERLOCK_AIR": _NOBODY,
            "INTERLOCK_KEY_FILE": str(folder / "vault.key"),
            "INTERLOCK_SIGNER_KEY_FILE": str(folder / "signer.key"),
        }

    def type(self, line: str, stdin: str = "", timeout_s: float = 300) -> "subprocess.CompletedProcess[str]":
        """Run a line as the shell does."""
        if line.startswith("export "):
            for name, value in (word.split("=", 1) for word in shlex.split(line)[1:]):
                known = self.env | {"PWD": str(self.folder)}
                self.env[name] = re.sub(r"\$(\w+)", lambda found, known=known: known.get(found[1], ""), value)
            return subprocess.CompletedProcess(line, 0, "", "")
        line = re.sub(r"--runs \d+", "--runs 2", line)
        return subprocess.run(
            ["sh", "-c", line],
            cwd=self.folder, env=self.env, input=stdin, capture_output=True, text=True, timeout=timeout_s, check=False,
        )  # fmt: skip

    def succeed(self, line: str, stdin: str = "", timeout_s: float = 300) -> str:
        """Run a line that must end with 0; what it printed."""
        done = self.type(line, stdin, timeout_s)
        assert done.returncode == 0, f"{line}\nended with {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout
