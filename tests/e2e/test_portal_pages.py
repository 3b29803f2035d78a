"""The page in a browser before canned answers: accessibility, much data, markup, other pages, states."""

from __future__ import annotations

import json
import re
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests import npm
from tests.e2e.browsing import Tab, launched, tab
from tests.e2e.canned_portal import ID, Canned, canned_portal, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

chromium = pytest.fixture(scope="module")(launched)

PLACES = {
    "/now": "What I have",
    "/requests": "alice",
    "/requests/new/role-00001": "Terms of this role",
    f"/requests/{ID}": "Decisions",
    "/roles": "role-00001",
    "/roles/role-00001": "Why, or why not",
    "/sessions": "All sessions",
    f"/sessions/{ID}": "Activity",
    "/audit": "By type",
    "/cleanup": "Budget of a run",
    "/people": "Out of reach",
    "/people/person/alice": "Recent sessions",
}
LOOKS: dict[str, dict[str, Any]] = {
    "light and wide": {"color_scheme": "light", "viewport": {"width": 1360, "height": 820}},
    "dark and 380 pixels": {"color_scheme": "dark", "viewport": {"width": 380, "height": 780}},
}
AXE = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


@contextmanager
def shown(chromium: Any, canned: Canned, **looks: Any) -> Iterator[Tab]:
    with canned_portal(canned) as portal, tab(chromium, portal.address, **looks) as opened:
        yield opened


def violations(page: Any) -> list[str]:
    found = page.evaluate("options => axe.run(document, options)", AXE)["violations"]
    return [
        f"{one['id']}: {node['html'][:120]} {node['failureSummary'][:200]}" for one in found for node in one["nodes"]
    ]


@pytest.fixture(scope="session")
def axe() -> str:
    folder = Path(__file__).parents[1] / "axe"
    return (npm.installed(folder) / "node_modules/axe-core/axe.min.js").read_text(encoding="utf-8")


@pytest.mark.parametrize("look", LOOKS)
def test_no_page_violates_wcag_and_none_is_wider_than_the_window(chromium: Any, axe: str, look: str) -> None:
    found: dict[str, list[str]] = {}
    with shown(chromium, Canned(), **LOOKS[look]) as opened:
        opened.sees("What I have")
        opened.page.evaluate(axe)
        for place, word in PLACES.items():
            opened.go(place)
            opened.sees(word)
            opened.page.wait_for_selector(".skeleton", state="detached")
            found[place] = violations(opened.page)
            if opened.page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                found[place].append("wider than the window")
        assert {place: wrong for place, wrong in found.items() if wrong} == {}
        assert opened.said == []


DIALOGS: dict[str, tuple[str, list[str]]] = {
    "credentials": ("/roles/role-00000", ["Credentials"]),
    "end access": ("/sessions/" + f"01{0:024d}", ["End access"]),
    "end a person's sessions": ("/people/person/alice", ["End sessions"]),
    "suspend": ("/people/person/alice", ["Suspend"]),
    "break the glass": ("/roles/role-00001", ["Break the glass"]),
    "explained": ("/roles/role-00001", ["Explain"]),
}


@pytest.mark.parametrize("dialog", DIALOGS)
def test_no_dialog_violates_wcag_and_escape_gives_the_focus_back(chromium: Any, axe: str, dialog: str) -> None:
    place, presses = DIALOGS[dialog]
    with shown(chromium, Canned(), color_scheme="dark") as opened:
        opened.sees("What I have")
        opened.page.evaluate(axe)
        opened.go(place)
        for name in presses:
            button = opened.page.get_by_role("button", name=name, exact=True).first
            button.focus()
            opened.page.keyboard.press("Enter")
        if dialog == "explained":
            opened.sees("carol may not.")
            assert violations(opened.page) == []
            return
        opened.page.get_by_role("dialog").wait_for()
        assert violations(opened.page) == []
        opened.page.keyboard.press("Escape")
        opened.page.get_by_role("dialog").wait_for(state="detached")
        assert opened.page.evaluate("document.activeElement.innerText.trim()") == presses[-1]
        opened.page.keyboard.press("Enter")
        opened.page.get_by_role("dialog").wait_for()
        opened.page.evaluate("document.querySelector('dialog').close()")  # as a browser may, without asking the page
        opened.page.wait_for_selector("dialog", state="detached")


def test_the_prompt_for_an_mfa_code_violates_nothing_and_escape_gives_up(chromium: Any, axe: str) -> None:
    wanted = (403, {"code": "mfa_required", "detail": "A rule asks for MFA.", "devices": ["arn:aws:iam::1:mfa/rita"]})
    with shown(chromium, Canned(odd={"/v1/credentials": wanted})) as opened:
        opened.sees("What I have")
        opened.go("/roles/role-00000")
        opened.press("Credentials")
        opened.press("Take credentials")
        opened.page.get_by_role("dialog", name="Prove your second factor").wait_for()
        opened.page.evaluate(axe)
        assert violations(opened.page) == []
        assert opened.page.evaluate("document.activeElement.autocomplete") == "one-time-code"
        opened.page.keyboard.press("Escape")
        opened.sees("This needs your second factor.")


def test_a_roles_usage_is_shown_when_asked_for_with_the_line_that_suggests_a_narrower_role(
    chromium: Any, axe: str
) -> None:
    with shown(chromium, Canned()) as opened:
        opened.sees("What I have")
        opened.go("/roles/role-00001")
        opened.press("Show usage")
        opened.sees("broker roles suggest role-00001 --since 90d")
        opened.page.evaluate(axe)
        assert violations(opened.page) == []


def test_the_sessions_of_a_role_in_the_last_week_are_two_clicks_away(chromium: Any) -> None:
    with shown(chromium, Canned()) as opened:
        opened.sees("What I have")
        opened.go("/roles/role-00001")
        opened.page.get_by_role("link", name="All of them").click()
        with opened.page.expect_request(re.compile(r"/v1/sessions\?.*role=role-00001.*since=")):
            opened.page.get_by_label("Time", exact=True).select_option("Last week")


def test_all_pages_are_reached_with_the_keyboard(chromium: Any) -> None:
    with shown(chromium, Canned()) as opened:
        opened.sees("What I have")
        opened.page.keyboard.press("Tab")
        assert opened.page.evaluate("document.activeElement.className") == "skip"
        for name in ("Now", "Requests", "Roles", "Sessions", "Audit", "Clean-up", "People"):
            opened.page.keyboard.press("Tab")
            assert opened.page.evaluate("document.activeElement.innerText.trim()") == name
        opened.page.keyboard.press("Enter")
        opened.page.get_by_role("heading", name="Accounts and people").wait_for()
        assert opened.page.evaluate("document.activeElement.id") == "main"


def test_it_speaks_japanese_and_remembers_it(chromium: Any) -> None:
    with shown(chromium, Canned()) as opened:
        opened.press("日本語")
        opened.sees("取得できるロール")
        opened.page.reload()
        opened.sees("取得できるロール")
        assert opened.page.evaluate("document.documentElement.lang") == "ja"


def test_markup_of_others_stays_text(chromium: Any) -> None:
    with shown(chromium, Canned()) as opened:
        opened.sees("What I have")
        for place, word in PLACES.items():
            opened.go(place)
            opened.sees(word)
            assert opened.page.locator("main img, main script").count() == 0
            assert "owned" not in opened.page.title()
        opened.go("/roles")
        opened.sees("<img src=x")
        assert opened.said == []


# Much data


def much(kind: str, count: int) -> Canned:
    canned = Canned()
    setattr(canned, kind, count)
    return canned


SCROLL = """async (box) => { const times = []; let last = await new Promise(requestAnimationFrame);
for (let step = 0; step < 60; step += 1) { box.scrollTop += 900;
  const now = await new Promise(requestAnimationFrame); times.push(now - last); last = now; }
return times.sort((a, b) => a - b); }"""


def main_thread(page: Any) -> Callable[[], float]:
    """A reading of the time that the page's main thread was at work, in ms; waiting for the screen is not in it."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("Performance.enable")

    def read() -> float:
        told = {one["name"]: one["value"] for one in devtools.send("Performance.getMetrics")["metrics"]}
        return float(told["TaskDuration"]) * 1000

    return read


@pytest.mark.parametrize(
    ("place", "kind", "count"),
    [("/roles", "roles", 10_000), ("/people", "accounts", 1_000), ("/sessions", "sessions", 100_000)],
)
def test_much_data_draws_what_is_in_sight_and_keeps_memory_bounded(
    chromium: Any, record_property: Callable[[str, object], None], place: str, kind: str, count: int
) -> None:
    label = {"roles": "Roles", "accounts": "Accounts", "sessions": "All sessions"}[kind]
    with shown(chromium, much(kind, count)) as opened:
        opened.sees("What I have")
        opened.page.evaluate("performance.clearResourceTimings()")
        opened.go(place)
        table = opened.page.get_by_role("table", name=label)
        table.locator(".spacer .row").first.wait_for()
        first = opened.page.evaluate(
            """path => { const all = performance.getEntriesByType("resource");
            const one = all.find((entry) => entry.name.includes(path));
            return performance.now() - one.responseEnd; }""",
            f"/v1/{kind}",
        )
        rows = table.locator(".rows")
        if kind != "sessions":
            whole = f"[role=table][aria-label='{label}'][aria-rowcount='{count + 1}']"
            opened.page.locator(whole).wait_for(timeout=90_000)
        work = main_thread(opened.page)
        before = work()
        frames = opened.page.evaluate(SCROLL, rows.element_handle())
        working = (work() - before) / len(frames)
        drawn = table.locator(".spacer .row").count()
        heap = opened.page.evaluate("performance.memory.usedJSHeapSize")
        figures = {"first_view_ms": round(first), "frame_p95_ms": round(frames[57]), "frame_work_ms": round(working, 1)}
        figures |= {"rows": drawn, "heap": heap}
        record_property(kind, json.dumps(figures))
        print(kind, figures)  # noqa: T201  the figures of docs/portal.md
    assert drawn < 60
    assert heap < 120_000_000


# Another page in the same browser


@contextmanager
def evil_page(target: str) -> Iterator[tuple[str, list[str]]]:
    """A page on another port that tries what pages can; yields its address and the cookies that it was sent."""
    cookies: list[str] = []
    attack = (Path(__file__).parent / "evil_page.html").read_text(encoding="utf-8").replace("TARGET", target)

    class Evil(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            cookies.append(self.headers.get("Cookie") or "")
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(attack.encode())

        def log_message(self, *_: object) -> None:
            """Keep the terminal for pytest."""

    with serving(ThreadingHTTPServer(("127.0.0.1", 0), Evil)) as server:
        yield f"http://127.0.0.1:{server.server_port}/", cookies


def test_another_page_in_the_same_browser_gets_nothing(chromium: Any) -> None:
    canned = Canned()
    with canned_portal(canned) as portal, tab(chromium, portal.address) as opened:
        opened.sees("What I have")
        target = f"http://127.0.0.1:{portal.server_port}"
        with evil_page(target) as (address, cookies):
            opened.go("/people")
            page = opened.page.context.new_page()
            page.goto(address)
            results = dict(page.evaluate("window.results"))
            framed = page.frames[1]
            stolen = cookies[0]
            kept = list(opened.asked)
            page.close()
        opened.asked[:] = [one for one in kept if not one.startswith(address)]
        assert {name: told for name, told in results.items() if told not in {"refused", "opaque", ""}} == {}
        assert "token" not in framed.url
        assert framed.url.startswith("chrome-error:")
        assert "POST" not in {method for method, path in canned.seen if path == "/v1/credentials"}
        # The cookie of 127.0.0.1 goes to every port of it; without the page's key it opens nothing.
        name, _, value = stolen.partition("=")
        assert portal.gate.admits({"Cookie": f"{name}={value}", "X-Broker-Portal": ""}) is False


def test_a_name_that_was_rebound_to_this_computer_gets_nothing(chromium: Any) -> None:
    with canned_portal(Canned()) as portal, tab(chromium, portal.address) as opened:
        opened.sees("What I have")
        page = opened.page.context.new_page()
        answer = page.goto(f"http://evil.test:{portal.server_port}/")
        opened.asked[:] = [one for one in opened.asked if "evil.test" not in one]
        assert answer.status == 403
        assert "portal_refused" in page.content()


def test_the_token_leaves_the_address_and_nothing_secret_is_stored(chromium: Any) -> None:
    with shown(chromium, Canned()) as opened:
        opened.sees("What I have")
        assert opened.page.url.endswith("/#/")
        opened.go("/roles/role-00000")
        opened.press("Credentials")
        opened.press("Take credentials")
        opened.press("json")
        copied = json.loads(opened.page.evaluate("navigator.clipboard.readText()"))
        assert copied["SessionToken"]
        secrets = [copied["SecretAccessKey"], copied["AccessKeyId"]]
        stored = opened.page.evaluate("JSON.stringify([localStorage, sessionStorage, history.state, location.href])")
        assert not [one for one in secrets if one in stored]
        assert not [one for one in secrets if one in opened.page.content()]
        assert opened.page.evaluate("document.cookie") == ""


def test_a_second_tab_of_the_browser_is_let_in_by_the_first(chromium: Any) -> None:
    with shown(chromium, Canned()) as opened:
        opened.sees("What I have")
        second = opened.page.context.new_page()
        second.goto(re.sub("#.*", "", opened.url))
        second.get_by_text("What I have").wait_for()


# States


@pytest.mark.parametrize(
    ("odd", "told"),
    [
        ((503, {"code": "aws_unavailable", "detail": "AWS does not answer now."}), "AWS does not answer now."),
        ((403, {"code": "not_allowed", "detail": "Rule x says no.", "policies": ["x-rule"]}), "x-rule"),
        ((200, "<html>"), "This is not an answer of the broker"),
        ((200, {"sessions": "none", "next_cursor": 7}), "The broker's answer cannot be shown."),
        ((200, {"sessions": [{"id": {"a": 1}, "role": {"type": "script"}, "state": []}]}), "What I may take"),
    ],
)
def test_refusals_outages_and_nonsense_are_said(chromium: Any, odd: tuple[int, Any], told: str) -> None:
    with shown(chromium, Canned(odd={"/v1/sessions": odd})) as opened:
        opened.sees(told)
        opened.go("/roles")
        opened.sees("role-00001")


def test_an_ended_portal_says_how_to_start_it_again(chromium: Any) -> None:
    with canned_portal(Canned()) as portal, tab(chromium, portal.address) as opened:
        opened.sees("What I have")
        gate: Any = portal.gate
        gate.admits = lambda _headers: False
        opened.go("/requests")
        opened.sees("start `broker portal` again")


def test_a_slow_broker_is_said_to_be_slow(chromium: Any) -> None:
    waiting = threading.Event()

    class Slow(Canned):
        def answer(self, method: str, path: str, query: dict[str, str]) -> tuple[int, Any]:
            if path == "/v1/cleanup":
                waiting.wait(20)
            return super().answer(method, path, query)

    with shown(chromium, Slow()) as opened:
        opened.sees("What I have")
        opened.go("/cleanup")
        opened.sees("takes longer than usual")
        waiting.set()
        opened.sees("Budget of a run")
