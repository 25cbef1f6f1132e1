"""A headless Chromium of Debian, spoken to over pipes (`--remote-debugging-pipe`): no port, no driver, no package.

The protocol: https://chromedevtools.github.io/devtools-protocol/. Messages are JSON objects that end in a NUL.
"""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome-stable")
_SECONDS = 60.0


def executable(*names: str) -> str:
    """Where a program is. Without it a test is skipped; in CI, where all are installed, it fails."""
    for name in names:
        if found := shutil.which(name):
            return found
    if os.environ.get("CI"):
        pytest.fail(f"CI must have {names[0]}: see .ci/run")
    pytest.skip(f"{names[0]} is not installed")


@dataclass
class Page:
    """A page that was opened, and what happened in it."""

    browser: Browser
    session: str
    requests: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command of the protocol."""
        return self.browser.call(method, self.session, **parameters)

    def evaluate(self, expression: str) -> Any:
        """The value of an expression in the page. Chromium evaluates it past the page's own policy."""
        found = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def screen(self, width: int, *, dark: bool = False, height: int = 900) -> None:
        """Show the page on a screen of this width."""
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 500
        )
        scheme = "dark" if dark else "light"
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def picture(self, path: Path, *, whole: bool = True) -> bytes:
        """A PNG of the page; returns its bytes."""
        taken = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        content = base64.b64decode(taken["data"])
        path.write_bytes(content)
        return content


class Browser:
    """The process. Use `chromium`."""

    def __init__(self, reads: int, writes: int) -> None:
        self._reads, self._writes = reads, writes
        self._buffer = b""
        self._number = 0
        self._pages: dict[str, Page] = {}

    def call(self, method: str, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        number = self._number
        message = {"id": number, "method": method, "params": parameters}
        os.write(self._writes, json.dumps(message | ({"sessionId": session} if session else {})).encode() + b"\0")
        while True:
            answer = self._next(time.monotonic() + _SECONDS)
            if answer.get("id") == number:
                assert "error" not in answer, (method, answer["error"])
                result: dict[str, Any] = answer["result"]
                return result

    def open(self, url: str) -> Page:
        """Open a page and wait until it has loaded."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = self._pages[session] = Page(self, session)
        for domain in ("Page", "Runtime", "Log", "Network", "Security"):
            page.call(f"{domain}.enable")
        page.call("Page.navigate", url=url)
        until = time.monotonic() + _SECONDS
        while page.evaluate("document.readyState + location.href") != f"complete{url}":
            assert time.monotonic() < until, "the page does not load"
            self._look(0.05)
        self._look(0.3)
        return page

    def _look(self, seconds: float) -> None:
        """Take what comes in this time."""
        until = time.monotonic() + seconds
        with suppress(TimeoutError):
            while True:
                self._next(until)

    def _next(self, until: float) -> dict[str, Any]:
        """The next message; events are noted. Raises `TimeoutError`."""
        while b"\0" not in self._buffer:
            left = until - time.monotonic()
            if left <= 0 or not select.select([self._reads], [], [], left)[0]:
                raise TimeoutError("Chromium does not answer")
            self._buffer += os.read(self._reads, 1 << 20)
        raw, _, self._buffer = self._buffer.partition(b"\0")
        message: dict[str, Any] = json.loads(raw)
        page = self._pages.get(message.get("sessionId", ""))
        if page is not None:
            _note(page, message)
        return message


def _note(page: Page, message: dict[str, Any]) -> None:
    method, parameters = message.get("method"), message.get("params", {})
    if method == "Network.requestWillBeSent":
        page.requests.append(parameters["request"]["url"])
    elif method == "Runtime.consoleAPICalled":
        page.messages.append(json.dumps(parameters["args"]))
    elif method == "Runtime.exceptionThrown":
        page.messages.append(json.dumps(parameters["exceptionDetails"]))
    elif method == "Log.entryAdded":
        page.messages.append(json.dumps(parameters["entry"]))
    elif method == "Page.javascriptDialogOpening":
        page.messages.append(f"dialog: {parameters['message']}")


@contextmanager
def chromium(folder: Path) -> Iterator[Browser]:
    """A browser with a profile in `folder`; ended with all its processes."""
    program = executable(*NAMES)
    to_browser, from_browser = os.pipe(), os.pipe()
    flags: tuple[str, ...] = (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--no-first-run",
    )
    flags += ("--remote-debugging-pipe", f"--user-data-dir={folder / 'profile'}", "--disable-background-networking")
    # Chromium reads commands at descriptor 3 and writes answers at 4.
    command = f'exec "$0" "$@" 3<&{to_browser[0]} 4>&{from_browser[1]}'
    process = subprocess.Popen(
        ["/bin/bash", "-c", command, program, *flags, "about:blank"],
        pass_fds=(to_browser[0], from_browser[1]),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env={**os.environ, "HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "XDG_CACHE_HOME": str(folder)},
    )
    os.close(to_browser[0])
    os.close(from_browser[1])
    browser = Browser(from_browser[0], to_browser[1])
    try:
        yield browser
    finally:
        with suppress(OSError, TimeoutError, AssertionError):
            browser.call("Browser.close")
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.wait(10)
        os.close(from_browser[0])
        os.close(to_browser[1])
