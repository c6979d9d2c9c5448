"""Model units that go wrong, each in its way, for the docking station's tests."""

import asyncio
import copy

from interlock.core import access


def roll_back(unit, image):
    """An old image of its flash was put back."""
    unit.settings_flash, unit.journal_flash = copy.deepcopy(image)
    unit.boot()


def image_of(unit):
    return copy.deepcopy((unit.settings_flash, unit.journal_flash))


def forget_keys(unit):
    """It was set up by somebody else: our credentials are nothing to it."""
    held = access.load(unit.settings_flash)
    access.store(unit.settings_flash, held._replace(admin_key=bytes(32), technician_root=bytes(range(1, 33))))
    unit.boot()


def hangs(link):
    """It answers a few frames and then nothing more, and keeps the link."""
    left = 6

    def pump():
        nonlocal left
        left -= 1
        if left > 0:
            type(link).pump(link)

    link.pump = pump


def claims(link):
    """It states to hold far more records than it can."""
    link.session._unit = _Boasting(link.unit)


class _Boasting:
    def __init__(self, unit):
        self._unit = unit

    def __getattr__(self, name):
        return getattr(self._unit, name)

    def end(self):
        sequence, head = self._unit.end()
        return sequence + 50_000_000, head


def breaks_tools(link):
    """What it does, nobody foresaw."""

    async def command(frame):
        raise ZeroDivisionError("nobody foresaw this")

    link.command = command


def trickles(link):
    """Each frame takes it nearly as long as anybody waits for."""
    command = link.command

    async def slowly(frame):
        await asyncio.sleep(9)
        await command(frame)

    link.command = slowly
