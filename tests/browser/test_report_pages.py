"""The report and its incidents' pages in a real browser: wide, on a phone, dark, on paper. They ask for nothing, the
browser complains of nothing, nothing runs over the edge, everything can be read; hostile names change none of it."""

import asyncio
import os
import re
from dataclasses import replace
from pathlib import Path

from host_tools.reporting import html
from host_tools.reporting.html_page import incident_path
from host_tools.reporting.public import public
from tests.host.reports import T, report, use
from tests.host.rich_report import many, rich

from .chromium import browser, needed

pytestmark = needed
PICTURES = os.environ.get("PICTURES")  # a folder, for people who want to look
VIEWS = (
    ("wide", 1280, False, "screen"),
    ("phone", 390, False, "screen"),
    ("dark", 1280, True, "screen"),
    ("printed", 687, True, "print"),  # A4 within its margins
)
A4_MAX = 15  # pages of the rich report
HOSTILE = "<script>alert('x')</script>\u202e\"'&" + "W" * 200

CUT = """[...document.querySelectorAll('main, main *')].filter(e => {
  const box = e.getBoundingClientRect();
  return box.right > innerWidth + 1 && (matchMedia('print').matches || !e.closest('.wide'));
}).map(e => e.outerHTML.slice(0, 200))"""
ASIDE = """[...document.querySelectorAll('.wide:has(> .counts, > .records, > .events)')]
  .filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.innerHTML.slice(0, 120))"""
TORN = """[...document.querySelectorAll('tr, .tile, .use, .said, svg, h2, h3')].filter(e => {
  const style = getComputedStyle(e);
  return style.breakInside !== 'avoid' && style.breakAfter !== 'avoid';
}).map(e => e.outerHTML.slice(0, 120))"""
PALE = """(() => {
  const rgb = text => text.match(/[\\d.]+/g).map(Number);
  const light = text => rgb(text).slice(0, 3).map(v => v / 255)
    .map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const behind = e => { for (; e; e = e.parentElement) {
    const c = getComputedStyle(e).backgroundColor; if (rgb(c)[3] !== 0) return c; } return 'rgb(255, 255, 255)'; };
  const pale = [];
  for (const e of document.querySelectorAll('main *:not(title)')) {
    if (![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())) continue;
    const style = getComputedStyle(e), color = e.closest('svg') ? style.fill : style.color;
    const [a, b] = [light(color), light(behind(e))].sort((a, b) => b - a), ratio = (a + .05) / (b + .05);
    const size = parseFloat(style.fontSize);
    const least = e.closest('svg') ? 0 : matchMedia('print').matches ? 9.3 : 11;
    if (ratio < 4.5 || size < least) pale.push([ratio, size, e.outerHTML.slice(0, 120)]);
  }
  return pale;
})()"""


def _written(made, folder):
    folder.mkdir()
    for name, page in html.pages(made):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(page, encoding="utf-8")
    return folder


async def _looked_at(tab, path, name):
    """In every view."""
    for view, width, dark, media in VIEWS:
        await tab.open(path.as_uri(), width, dark=dark, media=media)
        at = f"{name}, {view}"
        assert await tab.value("document.documentElement.scrollWidth") <= width, f"{at}: it scrolls sideways"
        assert await tab.value(CUT) == [], f"{at}: it runs over the edge"
        assert await tab.value(PALE) == [], f"{at}: it cannot be read"
        if view == "phone":
            assert await tab.value(ASIDE) == [], f"{at}: figures are out of sight"
        if media == "print":
            assert await tab.value(TORN) == [], f"{at}: the end of a page tears it"
        if PICTURES:
            await tab.picture(Path(PICTURES) / f"{name}_{view}.png")


async def _printed(tab, path, pdf):
    """How many pages of paper it takes."""
    await tab.open(path.as_uri())
    await tab.printed(pdf)
    return len(re.findall(rb"/Type\s*/Page\b", pdf.read_bytes()))


async def _as_people_see_them(tmp_path):
    kept = Path(PICTURES) if PICTURES else tmp_path
    own, published = _written(rich(), tmp_path / "own"), _written(public(rich()), tmp_path / "public")
    references = ("H1:100", "H3:100", "H5:100") if PICTURES else ("H3:100",)
    incidents = [own / incident_path(reference) for reference in references]
    async with browser(tmp_path) as tab:
        await _looked_at(tab, own / "report.html", "report")
        await _looked_at(tab, published / "report.html", "public")
        for path in incidents:
            await _looked_at(tab, path, f"incident_{path.stem}")
        assert 4 <= await _printed(tab, own / "report.html", kept / "report.pdf") <= A4_MAX
        assert await _printed(tab, incidents[0], kept / "incident.pdf") <= 4
        await _leads_there_and_back(tab, own)
        assert tab.complaints == []
        assert all(asked.startswith(tmp_path.as_uri()) for asked in tab.requests), tab.requests


async def _leads_there_and_back(tab, own):
    await tab.open((own / "report.html").as_uri())
    assert await tab.value(
        "[...document.querySelectorAll('a')].every(a => a.hash === '' || document.querySelector(a.hash))"
    )
    await tab.value("document.querySelector('tr.incident a').click()")
    await tab.until("document.title.startsWith('Incident H1:100') && document.readyState === 'complete'")
    await tab.value("document.querySelector('a[href=\"../report.html\"]').click()")
    await tab.until("document.title.startsWith('Interlock report') && document.readyState === 'complete'")


def test_the_pages_as_people_see_them(tmp_path):
    asyncio.run(_as_people_see_them(tmp_path))


async def _hostile_and_many(tmp_path):
    name = HOSTILE
    one = use(1, T, name, "lbb", name=name, officer=name, own_cameras=[name])
    lanes = [replace(lane, name=name) for lane in one.timeline.lanes]
    event = replace(one.events[0], camera=name, own_camera=name, witnesses=[name], alerts=[name], reason=name)
    one = replace(one, timeline=replace(one.timeline, lanes=lanes), events=[event, *one.events[1:]])
    hostile = _written(replace(report([one], []), force=name), tmp_path / "hostile")
    year = tmp_path / "year.html"
    year.write_text(html.render(many()), encoding="utf-8")
    async with browser(tmp_path) as tab:
        await tab.open((hostile / "report.html").as_uri())
        assert "<script>alert('x')</script>" in await tab.value("document.body.innerText"), (
            "it is shown, and is no script"
        )
        for path in (hostile / "report.html", hostile / incident_path(one.incident)):
            await _looked_at(tab, path, f"hostile_{path.stem}")
        for width, media in ((390, "screen"), (687, "print")):
            await tab.open(year.as_uri(), width, media=media)
            assert await tab.value("document.documentElement.scrollWidth") <= width, f"the year, {media}"
        assert tab.complaints == []


def test_neither_hostile_names_nor_thousands_of_uses_break_a_page(tmp_path):
    asyncio.run(_hostile_and_many(tmp_path))
