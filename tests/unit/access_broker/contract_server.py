"""A small real HTTP server that speaks the broker's contract and checks every signature with botocore's own signer."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.serving import serving

REGION = "us-east-1"
CANARY = "CANARYwJalrXUtnFEMI"
"""Part of every secret the server hands out: tests search for it where it must not be."""

Answer = tuple[int, dict[str, Any] | str | None, dict[str, str]]


@dataclass(frozen=True)
class Seen:
    """One request as it arrived."""

    method: str
    path: str
    query: dict[str, str]
    body: Any
    caller: str


@dataclass
class Contract:
    """The state behind the server. Tests change it and read it."""

    callers: dict[str, tuple[str, str]] = field(
        default_factory=lambda: {"AKIAALICE": ("alice-secret", "alice"), "AKIABOB": ("bob-secret", "bob")}
    )
    proven: set[str] = field(default_factory=set)
    """The access keys whose sessions carry MFA: API Gateway lets these through under /mfa."""
    roles: dict[str, dict[str, Any]] = field(default_factory=dict)
    requests: dict[str, dict[str, Any]] = field(default_factory=dict)
    sessions: list[dict[str, Any]] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    """The Idempotency-Key of every attempt, the scripted ones too."""
    scripted: list[Answer] = field(default_factory=list)
    answers: dict[tuple[str, str], Any] = field(default_factory=dict)
    slow: float = 0.0
    """Seconds before each answer."""
    arrived: list[str] = field(default_factory=list)
    """The paths of requests, before they are answered."""
    public: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Documents that need no signature, by path."""
    clock_is_ahead: timedelta = timedelta()
    session_lasts: timedelta = timedelta(hours=1)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.clock_is_ahead

    def add_role(self, name: str, **terms: Any) -> None:
        self.roles[name] = {
            "name": name,
            "arn": f"arn:aws:iam::000000000000:role/access-broker/{name}",
            "description": f"About {name}",
            "access": "standing",
            "approvals": 0,
            "reason_required": False,
            "max_duration_seconds": 3600,
            "switch_role_url": None,
            "active_grant": None,
            "quarantined": False,
            **terms,
        }

    def posted(self, path: str) -> list[Any]:
        return [one.body for one in self.seen if one.method == "POST" and one.path == path]


def problem(status: int, code: str, detail: str, **members: Any) -> Answer:
    document = {"type": f"https://x/{code}", "title": code, "status": status, "detail": detail, "code": code}
    return status, {**document, "request_id": "req-1", **members}, {"Content-Type": "application/problem+json"}


def gateway(message: str, kind: str) -> Answer:
    """What API Gateway itself answers before the broker runs."""
    return 403, {"message": message}, {"x-amzn-ErrorType": kind}


class Handler(BaseHTTPRequestHandler):
    contract: Contract

    def do_GET(self) -> None:
        self._serve()

    do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815  the names http.server looks for

    def log_message(self, *_: object) -> None:
        """Keep the terminal for pytest."""

    def date_time_string(self, timestamp: float | None = None) -> str:
        del timestamp
        return format_datetime(self.contract.now(), usegmt=True)

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.contract.arrived.append(self.path)
        time.sleep(self.contract.slow)
        with self.contract.lock:
            status, document, headers = self._answer(body)
        text = document if isinstance(document, str) else "" if document is None else json.dumps(document)
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(text.encode())))
        with contextlib.suppress(ConnectionError):  # the command was interrupted
            self.end_headers()
            self.wfile.write(text.encode())

    def _answer(self, body: bytes) -> Answer:
        self.contract.keys.append(self.headers.get("Idempotency-Key"))
        if self.contract.scripted:
            return self.contract.scripted.pop(0)
        if self.path in self.contract.public:
            return 200, self.contract.public[self.path], {}
        refused = self._refused_by_gateway(body)
        if refused:
            return refused
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        seen = Seen(self.command, parts.path, query, json.loads(body) if body else None, self._caller())
        self.contract.seen.append(seen)
        return self._route(seen)

    def _caller(self) -> str:
        return self.contract.callers[self._scope()[0]][1]

    def _scope(self) -> list[str]:
        return self.headers["Authorization"].split("Credential=")[1].split(",")[0].split("/")

    def _refused_by_gateway(self, body: bytes) -> Answer | None:
        if not self.path.startswith(("/api/v1/", "/api/mfa/v1/")) or not self.headers.get("Authorization"):
            return gateway("Missing Authentication Token", "MissingAuthenticationTokenException")
        key, _, region, service, _ = self._scope()
        if key not in self.contract.callers:
            message = "The security token included in the request is invalid."
            return gateway(message, "UnrecognizedClientException")
        if service != "execute-api" or region != REGION:
            return gateway("Credential should be scoped to a valid region. ", "InvalidSignatureException")
        return self._late() or self._forged(key, body) or self._unproven(key)

    def _unproven(self, key: str) -> Answer | None:
        if not self.path.startswith("/api/mfa/") or key in self.contract.proven:
            return None
        message = "User: alice is not authorized to perform: execute-api:Invoke with an explicit deny"
        return gateway(message, "AccessDeniedException")

    def _late(self) -> Answer | None:
        stamp = self.headers["X-Amz-Date"]
        signed_at = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        if abs(self.contract.now() - signed_at) <= timedelta(minutes=5):
            return None
        return gateway(f"Signature expired: {stamp} is now earlier than … (5 min.)", "InvalidSignatureException")

    def _forged(self, key: str, body: bytes) -> Answer | None:
        """Sign the request again with the caller's secret, as botocore does, and compare."""
        names = self.headers["Authorization"].split("SignedHeaders=")[1].split(",")[0].split(";")
        url = f"http://{self.headers['Host']}{self.path}"
        again = AWSRequest(method=self.command, url=url, data=body, headers={n: self.headers[n] for n in names})
        again.context["timestamp"] = self.headers["X-Amz-Date"]
        signer = SigV4Auth(Credentials(key, self.contract.callers[key][0]), "execute-api", REGION)
        signature = signer.signature(signer.string_to_sign(again, signer.canonical_request(again)), again)
        if self.headers["Authorization"].endswith(f"Signature={signature}"):
            return None
        return gateway(
            "The request signature we calculated does not match the signature you provided.",
            "InvalidSignatureException",
        )

    def _route(self, seen: Seen) -> Answer:  # noqa: PLR0911  one line per route
        if (seen.method, seen.path) in self.contract.answers:
            given = self.contract.answers[seen.method, seen.path]
            return given if isinstance(given, tuple) else (200, given, {})
        match [seen.method, *unquote(seen.path).split("/")[3:]]:
            case ["GET", "whoami"]:
                return 200, self._me(seen.caller), {}
            case ["GET", "roles"]:
                return self._page(seen, "roles", list(self.contract.roles.values()))
            case ["GET", "roles", name] if name in self.contract.roles:
                return 200, self.contract.roles[name], {}
            case ["POST", "credentials"]:
                return self._credentials(seen)
            case ["GET", "requests"]:
                return self._page(seen, "requests", list(self.contract.requests.values()))
            case ["POST", "requests"]:
                return self._file(seen)
            case ["GET", "requests", identifier]:
                return 200, self.contract.requests[identifier], {}
            case ["GET", "sessions"]:
                return self._page(seen, "sessions", self.contract.sessions)
            case _:
                return problem(404, "not_found", "There is nothing here.")

    def _me(self, caller: str) -> dict[str, Any]:
        arn = f"arn:aws:iam::000000000000:user/{caller}"
        tags = {"team": "blue"}
        return {"arn": arn, "name": caller, "kind": "user", "account": "0" * 12, "groups": ["engineers"], "tags": tags}

    def _page(self, seen: Seen, name: str, items: list[Any]) -> Answer:
        start, limit = int(seen.query.get("cursor", 0)), int(seen.query.get("limit", 50))
        end = start + limit
        return 200, {name: items[start:end], "next_cursor": str(end) if end < len(items) else None}, {}

    def _credentials(self, seen: Seen) -> Answer:
        role = self.contract.roles.get(seen.body["role"])
        if role is None:
            return problem(404, "not_found", f"There is no role {seen.body['role']}.")
        granted = any(r["role"] == role["name"] and r["state"] == "approved" for r in self.contract.requests.values())
        if role["access"] == "approval" and not granted:
            return problem(403, "approval_required", f"{role['name']} needs 1 approval.")
        if role["reason_required"] and not seen.body.get("reason"):
            return problem(403, "reason_required", f"{role['name']} needs a reason.")
        return 201, self._issued(role, seen.caller), {}

    def _issued(self, role: dict[str, Any], caller: str) -> dict[str, Any]:
        number = len(self.contract.sessions) + 1
        ends = (datetime.now(UTC) + self.contract.session_lasts).strftime("%Y-%m-%dT%H:%M:%SZ")
        session = {"id": f"{number:026d}", "caller": caller, "role": role["name"]}
        self.contract.sessions.append({**session, "state": "active", "expires_at": ends})
        credentials = {
            "Version": 1,
            "AccessKeyId": f"ASIA{number:04d}",
            "SecretAccessKey": f"{CANARY}/secret/{number}",
            "SessionToken": f"{CANARY}/token/{number}",
            "Expiration": ends,
        }
        return {"session": session, "credentials": credentials}

    def _file(self, seen: Seen) -> Answer:
        roles = [seen.body["role"], *seen.body.get("also", [])]
        ids = [f"r{len(self.contract.requests) + number:025d}" for number in range(1, len(roles) + 1)]
        filed = {name: value for name, value in seen.body.items() if name != "also"}
        for identifier, role in zip(ids, roles, strict=True):
            request = {**filed, "role": role, "id": identifier, "caller": seen.caller, "state": "pending"}
            together = ids if len(ids) > 1 else []
            self.contract.requests[identifier] = {**request, "approvals": 1, "decisions": [], "together": together}
        return 201, self.contract.requests[ids[0]], {}


class ContractServer:
    """The server on a free loopback port. Use as a context manager."""

    def __init__(self) -> None:
        self.contract = Contract()
        handler = type("BoundHandler", (Handler,), {"contract": self.contract})
        http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        http.daemon_threads = True
        self.url = f"http://127.0.0.1:{http.server_port}/api"
        self._serving = serving(http)

    def __enter__(self) -> Self:
        self._serving.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._serving.__exit__(None, None, None)
