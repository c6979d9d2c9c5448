"""What MicroPython starts: the loader. No update ever changes this file, nor the loader."""

from interlock_loader.boot import run

run()
