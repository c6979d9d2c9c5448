"""Runs before main.py: the file system where the loader wants it."""

import os

if "flash" in os.listdir("/"):
    # The STM32 port mounts its file system there; the loader wants it where all others have it.
    import vfs

    pyb = __import__("pyb")
    block_bytes, _, blocks = os.statvfs("/flash")[:3]
    os.chdir("/")
    vfs.umount("/flash")
    vfs.mount(pyb.Flash(start=0, len=block_bytes * blocks), "/")
