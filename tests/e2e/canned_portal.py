"""A portal before a broker of canned answers: as many rows as wanted, markup in every text, troubles on demand."""

from __future__ import annotations

import contextlib
import functools
import json
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qs, urlsplit

from botocore.credentials import Credentials
from botocore.session import Session

from access_broker.http.broker import Broker
from access_broker.http.second_factor import SecondFactor
from access_broker.http.signing import Signer
from access_broker.http.transport import Transport
from access_broker.portal.relay import Relay
from access_broker.portal.server import Portal
from access_broker.storage.vault import Vault
from chalicelib.contract.openapi import document

if TYPE_CHECKING:
    from collections.abc import Iterator

MARKUP = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
ID = "01k9zq3v5m8c2x7h4r6t0w1yab"
LATER = "2099-01-01T00:00:00.000Z"
EARLIER = "2026-11-23T12:00:00.000Z"
RIGHTS = ["BreakGlass", "Approve", "ReviewBreakGlass", "Revoke", "ReadAudit", "ExplainOthers", "Provision"]

Answer = tuple[int, Any]
Server = TypeVar("Server", bound=ThreadingHTTPServer)


@functools.cache
def example(operation: str) -> Any:
    """The example of an operation's answer in the contract: to copy, not to change."""
    method, path = operation.split()
    found = json.loads(document.text())["paths"][path][method.lower()]["responses"]
    content = found.get("200", found.get("201"))["content"]["application/json"]
    return content.get("example") or next(iter(content["examples"].values()))["value"]


@dataclass
class Canned:
    """The answers of the broker. `odd` replaces answers by path."""

    roles: int = 30
    sessions: int = 60
    accounts: int = 5
    events: int = 40
    odd: dict[str, Answer] = field(default_factory=dict)
    seen: list[tuple[str, str]] = field(default_factory=list)

    def answer(self, method: str, path: str, query: dict[str, str]) -> Answer:
        """The answer to one request."""
        self.seen.append((method, path))
        if path in self.odd:
            return self.odd[path]
        if path == "/openapi.json":
            return 200, self._description()
        start, limit = int(query.get("cursor", 0)), int(query.get("limit", 50))
        alive = min(self.sessions, 8) if query.get("state") == "active" else self.sessions
        alive = min(self.sessions, 1) if query.get("review") else alive
        lists = {"roles": self.roles, "sessions": alive, "accounts": self.accounts, "audit": self.events}
        name = path.removeprefix("/v1/")
        if method == "GET" and name in lists:
            end = min(start + limit, lists[name])
            rows = [getattr(self, f"_{name}")(number) for number in range(start, end)]
            key = "events" if name == "audit" else name
            return 200, {key: rows, "next_cursor": str(end) if end < lists[name] else None}
        return self._one(method, path)

    def _one(self, method: str, path: str) -> Answer:
        generic = re.sub(r"^/v1/(roles|requests|sessions|callers|users)/[^/]+", _generic, path)
        shown: Any = example(f"{method} {generic}")
        if path == "/v1/whoami":
            shown = {**shown, "name": "rita", "rights": RIGHTS}
        if generic == "/v1/roles/{name}":
            shown = {**self._roles(int(path[-1]) if path[-1].isdigit() else 1), "rights": RIGHTS}
        if generic == "/v1/sessions/{session_id}":
            shown = self._sessions(0)
        if path == "/v1/requests":
            shown = {"requests": [self._request()], "next_cursor": None}
        if generic == "/v1/requests/{request_id}":
            shown = self._request()
        return 200, shown

    def _roles(self, number: int) -> dict[str, Any]:
        access = ("standing", "approval", "none")[number % 3]
        return {
            **example("GET /v1/roles/{name}"),
            "name": f"role-{number:05d}",
            "description": MARKUP if number < 3 else f"What team {number % 40} needs",
            "access": access,
            "approvals": 1 if access == "approval" else 0,
            "rights": None,
        }

    def _sessions(self, number: int) -> dict[str, Any]:
        glass = number == 0
        return {
            **example("GET /v1/sessions/{session_id}"),
            "id": f"01{number:024d}",
            "caller": f"person-{number % 900}",
            "role": f"role-{number % 50:05d}",
            "reason": MARKUP if number < 3 else "deploy",
            "state": "active" if number < 8 else "expired",
            "issued_at": EARLIER if number > 7 else "2026-11-28T12:00:00.000Z",
            "expires_at": LATER if number < 8 else "2026-11-23T13:00:00.000Z",
            "break_glass": glass,
            "review": {"state": "open"} if glass else None,
        }

    def _accounts(self, number: int) -> dict[str, Any]:
        state = ("joined", "joined", "unreachable", "left")[number % 4]
        return {
            "id": f"{number:012d}", "alias": f"team-{number}", "name": MARKUP if number == 1 else f"Team {number}",
            "ou_path": "root/teams", "tags": {}, "state": "home" if number == 0 else state, "checked_at": EARLIER,
        }  # fmt: skip

    def _audit(self, number: int) -> dict[str, Any]:
        line = example("GET /v1/audit")["events"][0]
        kind = ("issue", "refuse", "request", "approve")[number % 4]
        return {**line, "id": f"02{number:024d}", "type": kind, "seq": number + 1, "reason": MARKUP}

    def _request(self) -> dict[str, Any]:
        shown = {**example("GET /v1/requests/{request_id}"), "state": "pending", "decisions": [], "reason": MARKUP}
        shown.pop("grant", None)
        return shown

    def _description(self) -> dict[str, Any]:
        described: dict[str, Any] = json.loads(document.text())
        described["paths"].setdefault("/v1/accounts", {"get": {}})
        return described


def _generic(found: re.Match[str]) -> str:
    parameters = {"requests": "request_id", "sessions": "session_id"}
    if found[0].endswith("/active"):
        return found[0]
    return f"/v1/{found[1]}/{{{parameters.get(found[1], 'name')}}}"


@dataclass
class CannedConnection:
    """The parts of a connection that the relay uses."""

    broker: Broker

    def sign_in_again(self) -> None:
        """Keys of a test do not end."""


@contextlib.contextmanager
def canned_portal(canned: Canned) -> Iterator[Portal]:
    """A portal on loopback before these answers."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            status, shown = canned.answer(self.command, parts.path, query)
            content = shown.encode() if isinstance(shown, str) else json.dumps(shown).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_DELETE = do_GET  # noqa: N815  the names http.server looks for

        def log_message(self, *_: object) -> None:
            """Keep the terminal for pytest."""

    with serving(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as server:
        url = f"http://127.0.0.1:{server.server_port}"
        signer = Signer("us-east-1", Credentials("AKIA", "secret"))
        factor = SecondFactor(Session(), signer, lambda: Vault(Path(), (), print))
        broker = Broker(url, signer, Transport(url), second_factor=factor)
        connection: Any = CannedConnection(broker)
        with serving(Portal(Relay(connection))) as portal:
            yield portal


@contextlib.contextmanager
def serving(server: Server) -> Iterator[Server]:
    """A server in the background."""
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
