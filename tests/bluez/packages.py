"""Debian packages, downloaded and unpacked under build/, never installed: what a small machine of its own is made of.

`apt-get` is asked as on an empty system, so that each set holds all that it depends on, and nothing of this host is
taken. No rights are needed but to download.
"""

import platform
import shutil
import subprocess
from pathlib import Path

NEEDED = ("apt-get", "apt-cache", "dpkg-deb", "tar")
ADVICE = "sudo apt-get install --no-install-recommends qemu-system-x86"
_DOWNLOAD_S = 600
_MERGED = ("bin", "sbin", "lib", "lib64")


class Unfit(Exception):
    """This host cannot do it; the text says why."""


def check_host() -> None:
    """Unfit unless this is a Debian-like host whose packages fit the machine that is built here."""
    missing = [name for name in NEEDED if shutil.which(name) is None]
    if missing:
        raise Unfit(f"not a Debian-like system: it has no {', '.join(missing)}")
    if platform.machine() != "x86_64":
        raise Unfit(f"the machine is built of amd64 packages; this host is {platform.machine()}")


def fetch(folder: Path, *names: str) -> list[Path]:
    """Archives of these packages and of all that they depend on, as on an empty system."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "partial").mkdir(parents=True)
    (folder / "status").touch()
    options = [f"Dir::State::status={folder}/status", f"Dir::Cache::archives={folder}", "APT::Sandbox::User="]
    command = ["apt-get", *(part for option in options for part in ("-o", option))]
    _run([*command, "--yes", "--no-install-recommends", "--download-only", "install", *names])
    return sorted(folder.glob("*.deb"))


def fetch_alone(folder: Path, name: str) -> Path:
    """The archive of one package without what it depends on."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    _run(["apt-get", "-o", "APT::Sandbox::User=", "download", name], cwd=folder)
    (archive,) = folder.glob(f"{name}_*.deb")
    return archive


def kernel_package() -> str:
    """The package that the distribution's present kernel is in."""
    lines = _run(["apt-cache", "depends", "linux-image-amd64"]).splitlines()
    names = [line.split()[-1] for line in lines if "Depends: linux-image-" in line]
    if not names:
        raise Unfit("the package index knows no linux-image-amd64 (Debian's kernel); is it there? apt-get update")
    return names[0]


def unpack(archives: list[Path], root: Path, *patterns: str) -> Path:
    """All of them, or what matches the tar patterns, in one tree. It is there wholly, or not at all."""
    made = root.with_name(root.name + ".part")
    shutil.rmtree(made, ignore_errors=True)
    for name in _MERGED:  # as every Debian has it by now, whatever the archives say
        (made / "usr" / name).mkdir(parents=True)
        (made / name).symlink_to(f"usr/{name}")
    chosen = ["--wildcards", *patterns] if patterns else []
    for archive in archives:
        with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", archive], stdout=subprocess.PIPE) as source:
            _run(["tar", "-x", "--keep-directory-symlink", "--no-same-owner", "-C", made, *chosen], stdin=source.stdout)
    shutil.rmtree(root, ignore_errors=True)
    made.rename(root)
    return root


def _run(command: list[str | Path], **options: object) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=_DOWNLOAD_S, check=False, **options)  # type: ignore[call-overload]
    if done.returncode:
        raise Unfit(f"{command[0]} cannot: {done.stderr.strip()[-400:] or done.stdout.strip()[-400:]}")
    return str(done.stdout)
