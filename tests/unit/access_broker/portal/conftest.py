"""A portal in this process, before the broker on loopback, as alice."""

from __future__ import annotations

import contextlib
import http.client
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from access_broker.connection import Connection
from access_broker.portal.relay import Relay
from access_broker.portal.server import Portal
from tests.serving import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

ROUTES: dict[str, dict[str, Any]] = {
    "/v1/whoami": {"get": {}},
    "/v1/roles": {"get": {}},
    "/v1/roles/{name}": {"get": {}, "put": {}},
    "/v1/requests": {"get": {}, "post": {}},
    "/v1/credentials": {"post": {}},
    "/v1/callers/{name}": {"get": {}},
    "/health": {"get": {}},
}


@dataclass
class Browser:
    """A browser tab, or a program that pretends to be one."""

    portal: Portal
    cookie: str = ""
    key: str = ""

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.portal.server_port}"

    def ask(self, method: str, path: str, body: Any = None, **changes: str | None) -> tuple[int, Any, dict[str, str]]:
        """One request as the page sends it; `changes` set headers, None removes them."""
        content = body if isinstance(body, str | bytes) or body is None else json.dumps(body)
        connection = http.client.HTTPConnection("127.0.0.1", self.portal.server_port, timeout=20)
        named = {name.replace("_", "-"): value for name, value in changes.items()}
        headers = {name: value for name, value in {**self._headers(body), **named}.items() if value}
        with contextlib.closing(connection):
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in headers.items():
                connection.putheader(name, value)
            if content is not None and "Content-Length" not in headers:
                connection.putheader("Content-Length", str(len(content)))
            connection.endheaders(content.encode() if isinstance(content, str) else content)
            answer = connection.getresponse()
            text = answer.read()
        kept = dict(answer.getheaders())
        return (
            answer.status,
            json.loads(text) if text and kept.get("Content-Type") == "application/json" else text,
            kept,
        )

    def sign_in(self, token: str | None = None) -> tuple[int, Any, dict[str, str]]:
        done = self.ask("POST", "/portal/session", {"token": token or self.portal.gate.token})
        if done[0] == 200:
            self.cookie, self.key = done[2]["Set-Cookie"].split(";")[0], done[1]["key"]
        return done

    def _headers(self, body: Any) -> dict[str, str]:
        return {
            "Host": self.host,
            "Origin": f"http://{self.host}",
            "Sec-Fetch-Site": "same-origin",
            "Cookie": self.cookie,
            "X-Broker-Portal": self.key,
            "Content-Type": "" if body is None else "application/json",
        }


@pytest.fixture
def stranger_browser(alice, server, contract, monkeypatch) -> Iterator[Browser]:
    """A browser that has not exchanged the token."""
    contract.public["/api/openapi.json"] = {"openapi": "3.1.0", "paths": ROUTES}
    for name, value in alice.environment.items():
        if name.startswith(("AWS_", "BROKER_", "HOME")):
            monkeypatch.setenv(name, value)
    with serving(Portal(Relay(Connection(url=server.url, profile="alice")))) as portal:
        yield Browser(portal)


@pytest.fixture
def browser(stranger_browser: Browser) -> Browser:
    """The browser of alice, signed in."""
    stranger_browser.sign_in()
    return stranger_browser
