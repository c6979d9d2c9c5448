"""The dock's status page in a real browser: wide, on a phone, dark, printed; it updates itself without flicker, needs
nothing from elsewhere, and the browser complains of nothing."""

import asyncio
import os
from pathlib import Path

from host_tools.dock.lights import Light
from host_tools.dock.page import Page, served

from .chromium import browser, needed
from .locker import board

pytestmark = needed
PICTURES = os.environ.get("PICTURES")  # a folder, for people who want to look


def _kept(tmp_path, name):
    return (Path(PICTURES) if PICTURES else tmp_path) / name


async def _look(tmp_path):
    made = board()
    page = Page(made, lambda: made.now_s(), show_officers=False)
    async with served(page, "127.0.0.1", 0) as url, browser(tmp_path) as tab:
        for name, width, dark, media in (
            ("wide", 1280, False, "screen"),
            ("phone", 390, False, "screen"),
            ("dark", 1280, True, "screen"),
            ("printed", 718, True, "print"),  # A4 within its margins
        ):
            await tab.open(url, width, dark=dark, media=media)
            assert await tab.value("document.documentElement.scrollWidth") <= width, f"{name}: it scrolls sideways"
            await tab.picture(_kept(tmp_path, f"dock_{name}.png"))
        await tab.open(url)
        await tab.printed(_kept(tmp_path, "dock.pdf"))
        assert _kept(tmp_path, "dock.pdf").read_bytes().startswith(b"%PDF")
        await _refreshes(tab, made)
        assert tab.complaints == []
        assert all(asked.startswith((url, "data:")) for asked in tab.requests), tab.requests
        text = await tab.value("document.body.innerText")
    assert "PC1001" not in text, "officers are shown that nobody asked for"
    assert "alert('name')" in text, "a name is shown as it is, and is no script"
    assert text.index("H3") < text.index("H6") < text.index("H1\n"), "red comes first, then yellow"
    assert "never pulled" in text and "overdue: not pulled for 2 days" in text
    await _goes_stale(tmp_path, made)


async def _refreshes(tab, made):
    """What changes is put in its place; what does not stays the same element, scrolled where it was."""
    await tab.value("window.kept = document.querySelector('[data-part=dock] table'); window.scrollTo(0, 60); 1")
    made.units["H1"].doing = "pulling: 77 of 100 records"
    await tab.until("document.body.innerText.includes('77 of 100')")
    assert await tab.value("window.kept.isConnected && window.scrollY === 60")
    made.notice("the disk", Light.RED, "the disk is full", "Free some space.")
    await tab.until("document.body.innerText.includes('The disk is full. Free some space.')")


async def _goes_stale(tmp_path, made):
    page = Page(made, lambda: made.now_s(), show_officers=True)
    async with browser(tmp_path / "second") as tab:
        async with served(page, "127.0.0.1", 0) as url:
            await tab.open(url)
            assert "PC1001" in await tab.value("document.body.innerText")
        await tab.until("document.querySelector('.live').innerText.includes('does not answer')")


def test_the_page_as_people_see_it(tmp_path):
    asyncio.run(_look(tmp_path))
