"""Frozen into builds for Pico 2 W instead of MicroPython's own: mounts the file system, which begins behind the sectors
that settings and journal keep (`interlock/boards/pico2_w.py`).

MicroPython's own formats all of the storage whenever it cannot mount it: over the journal. This one never leaves its
window, and formats that only where nothing was ever kept in it. What cannot be mounted and holds something stays as it
is: somebody has to say that it may go (the flash tool asks, and calls `format_files` of this module).

Never run on a physical board yet.
"""

import rp2
import vfs

FIRST_SECTOR = 512
SECTOR_BYTES = 4096
PAGE_BYTES = 256
# Where LittleFS keeps its superblock: all that a format that was cut short can have written.
HEAD_SECTORS = 2


def files() -> "rp2.Flash":
    """The block device of the file system."""
    return rp2.Flash(start=FIRST_SECTOR * SECTOR_BYTES)


def mount() -> None:
    """Mount what is there. OSError when nothing can be."""
    vfs.mount(vfs.VfsLfs2(files(), progsize=PAGE_BYTES), "/")  # type: ignore[abstract]  # the stubs: a protocol


def format_files() -> None:
    """Make a new file system, whatever was there, and mount it. OSError when the flash fails."""
    try:
        vfs.umount("/")
    except OSError:
        pass  # none was mounted
    vfs.VfsLfs2.mkfs(files(), progsize=PAGE_BYTES)
    mount()


def mount_files() -> bool:
    """Mount the file system, a new one where there was nothing; whether it is there."""
    try:
        mount()
        return True
    except OSError:
        pass
    try:
        is_ours = is_unused(files())
    except OSError:
        is_ours = False
    if not is_ours:
        print("interlock: the files cannot be read and were left as they are; the journal is untouched.")
        print("Flash the board again, or give them up: import _boot; _boot.format_files()")
        return False
    try:
        format_files()
    except OSError as error:
        print("interlock: no file system could be made: %s" % error)
        return False
    return True


def is_unused(device: "rp2.Flash") -> bool:
    """Whether nothing was ever written behind the superblock."""
    sector = bytearray(SECTOR_BYTES)
    blank = b"\xff" * SECTOR_BYTES
    for number in range(HEAD_SECTORS, device.ioctl(4, 0) or 0):
        device.readblocks(number, sector)
        if sector != blank:
            return False
    return True


if __name__ == "__main__":  # as the port runs it at each start; imported, it does nothing
    mount_files()
