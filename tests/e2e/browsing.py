"""Headless Chromium for the tests of the portal: what it asks for is watched, and nothing may leave this computer."""

from __future__ import annotations

import contextlib
import json
import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from tests.e2e.cli_person import BROKER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.cli_person import Person

# The first needs half the CPU of the others, which also draw a window that is never shown.
PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
PATIENCE_MS = 20_000
QUIET = [
    "--host-resolver-rules=MAP evil.test 127.0.0.1",
    "--enable-precise-memory-info",
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
]


GO = """place => location.hash === `#${place}` || new Promise(done => {
  addEventListener("hashchange", () => requestAnimationFrame(() => setTimeout(done)), { once: true });
  location.hash = place;
})"""


@dataclass
class Tab:
    """A tab of one person's browser, and the addresses it asked for. `page` is playwright's."""

    page: Any
    url: str
    asked: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    """Errors on the console."""

    def go(self, place: str) -> None:
        """Go to a page of the portal. Returns when the page before it is gone."""
        self.page.evaluate(GO, place)

    def press(self, name: str) -> None:
        """Press a button."""
        self.page.get_by_role("button", name=name, exact=True).first.click()

    def fill(self, label: str, text: str) -> None:
        """Fill a field."""
        self.page.get_by_label(label, exact=True).first.fill(text)

    def sees(self, text: str, seconds: float = PATIENCE_MS / 1000) -> None:
        """Wait until the text is in sight."""
        self.page.get_by_text(text).first.wait_for(timeout=seconds * 1000)

    def strangers(self) -> list[str]:
        """Its requests to other addresses than this portal."""
        ours = urlsplit(self.url).netloc
        return [one for one in self.asked if urlsplit(one).netloc not in {ours, ""}]


def launched() -> Iterator[Any]:
    """The browser; skips where this computer has none."""
    reason = "no playwright here, so no browser tests: make browser"
    sync_api = pytest.importorskip("playwright.sync_api", reason=reason)
    program = next((found for name in PROGRAMS if (found := shutil.which(name))), None)
    if program is None:
        pytest.skip("no Chromium here, so no browser tests: apt-get install chromium")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=QUIET)
        yield browser
        browser.close()


@contextlib.contextmanager
def tab(browser: Any, url: str, **looks: Any) -> Iterator[Tab]:
    """A browser of its own at this address; afterwards, nothing may have left this computer."""
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"], locale="en-GB", **looks)
    context.set_default_timeout(PATIENCE_MS)
    shown = Tab(context.new_page(), url)
    context.on("request", lambda request: shown.asked.append(request.url))
    shown.page.on("console", lambda line: shown.said.append(line.text) if line.type == "error" else None)
    shown.page.on("pageerror", lambda error: shown.said.append(str(error)))
    shown.page.goto(url)
    try:
        yield shown
    finally:
        context.close()
    assert shown.strangers() == []


@contextlib.contextmanager
def portal_of(browser: Any, person: Person, **looks: Any) -> Iterator[Tab]:
    """`broker portal` of this person, open in a browser of theirs."""
    with person.spawn([BROKER, "portal", "--json"]) as process:
        assert process.stdout is not None
        lines: list[str] = []
        while not lines or lines[-1] != "}\n":
            lines.append(process.stdout.readline())
            assert lines[-1], process.stderr and process.stderr.read()
        with tab(browser, json.loads("".join(lines))["url"], **looks) as shown:
            yield shown
        process.terminate()
        process.communicate(timeout=20)
