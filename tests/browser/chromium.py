"""Headless Chromium, spoken to by the DevTools protocol over a socket: what a person would see, and what the browser
complains of.

    async with browser(folder) as tab:
        await tab.open(url, width=390)
        await tab.picture(path)
        assert tab.complaints == []
"""

import asyncio
import base64
import itertools
import json
import shutil
from contextlib import asynccontextmanager

import pytest
from websockets.asyncio.client import connect

PROGRAM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars"),
    *("--remote-debugging-port=0", "about:blank"),
)
PATIENCE_S = 120.0  # for a machine that is busy; nothing is decided by it

needed = pytest.mark.skipif(PROGRAM is None, reason="needs Chromium (Debian: apt install chromium)")


class Tab:
    """`complaints`: errors and warnings of the console, exceptions, refusals by the page's policy, failed requests."""

    def __init__(self, socket):
        self.complaints = []
        self.requests = []
        self._socket = socket
        self._ids = itertools.count(1)
        self._waiting = {}
        self._loaded = asyncio.Event()

    async def listen(self):
        async for text in self._socket:
            message = json.loads(text)
            if "id" in message:
                self._waiting.pop(message["id"]).set_result(message)
            else:
                self._happened(message["method"], message["params"])

    def _happened(self, method, told):
        if method == "Page.loadEventFired":
            self._loaded.set()
        elif method == "Runtime.exceptionThrown":
            self.complaints.append(told["exceptionDetails"].get("text", "exception"))
        elif method == "Log.entryAdded" and told["entry"]["level"] in ("error", "warning"):
            self.complaints.append(told["entry"]["text"])
        elif method == "Runtime.consoleAPICalled" and told["type"] in ("error", "warning", "assert"):
            self.complaints.append(str(told["args"]))
        elif method == "Network.requestWillBeSent":
            self.requests.append(told["request"]["url"])

    async def ask(self, method, **arguments):
        number = next(self._ids)
        self._waiting[number] = asyncio.get_running_loop().create_future()
        await self._socket.send(json.dumps({"id": number, "method": method, "params": arguments}))
        answer = await asyncio.wait_for(self._waiting[number], PATIENCE_S)
        assert "error" not in answer, answer
        return answer["result"]

    async def open(self, url, width=1280, height=900, dark=False, media="screen"):
        await self.ask(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=2 if width < 600 else 1, mobile=width < 600,
        )  # fmt: skip
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        await self.ask("Emulation.setEmulatedMedia", media=media, features=[scheme])
        self._loaded.clear()
        await self.ask("Page.navigate", url=url)
        await asyncio.wait_for(self._loaded.wait(), PATIENCE_S)

    async def value(self, expression):
        """What a JavaScript expression comes to in the page."""
        answer = await self.ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    async def until(self, expression):
        async with asyncio.timeout(PATIENCE_S):
            while not await self.value(expression):
                await asyncio.sleep(0.1)

    async def picture(self, path):
        shot = await self.ask("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(shot["data"]))

    async def printed(self, path):
        """On A4, as a printer gets it: an emulated screen would keep its styles even there."""
        await self.ask("Emulation.setEmulatedMedia", media="print")
        shot = await self.ask(
            "Page.printToPDF", printBackground=True, paperWidth=8.27, paperHeight=11.69, preferCSSPageSize=True
        )
        await self.ask("Emulation.setEmulatedMedia", media="screen")
        path.write_bytes(base64.b64decode(shot["data"]))


@asynccontextmanager
async def browser(folder):
    """A fresh profile in `folder`; one tab."""
    process = await asyncio.create_subprocess_exec(
        PROGRAM, f"--user-data-dir={folder / 'profile'}", *FLAGS,
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        where = folder / "profile" / "DevToolsActivePort"
        async with asyncio.timeout(PATIENCE_S):
            while not where.exists() or len(found := where.read_text().split()) < 2:
                await asyncio.sleep(0.1)
        port, path = found
        async with connect(f"ws://127.0.0.1:{port}{path}", max_size=None, proxy=None) as root:
            page = await _new_page(root, port)
        async with connect(page, max_size=None, proxy=None) as socket:
            tab = Tab(socket)
            listening = asyncio.create_task(tab.listen())
            for domain in ("Page", "Runtime", "Log", "Network"):
                await tab.ask(f"{domain}.enable")
            await tab.until("document.readyState == 'complete'")  # it is not taken for the end of what is opened next
            yield tab
            listening.cancel()
    finally:
        process.terminate()
        await process.communicate()


async def _new_page(root, port):
    """One of its own: that which the browser begins with may come after its door is open."""
    ask = {"id": 1, "method": "Target.createTarget", "params": {"url": "about:blank"}}
    await root.send(json.dumps(ask))
    while "result" not in (answer := json.loads(await root.recv())):
        pass
    return f"ws://127.0.0.1:{port}/devtools/page/{answer['result']['targetId']}"
