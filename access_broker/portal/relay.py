"""Passes the page's requests on, signed as the caller, and makes JSON of whatever comes back."""

from __future__ import annotations

import json
import re
import secrets
import threading
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from access_broker.audit_chain import Broken, verified
from access_broker.failures import Failure, Misused, NotSignedIn, Refused
from access_broker.http.advice import failure, not_admitted
from access_broker.http.broker import HEADERS
from access_broker.http.second_factor import TEMPORARY
from access_broker.portal.routes import routes_of, target

if TYPE_CHECKING:
    from access_broker.connection import Connection
    from access_broker.http.second_factor import SecondFactor
    from access_broker.http.signing import Signer
    from access_broker.http.transport import Answer

CODE = re.compile(r"[0-9]{6}", re.ASCII)
IDEMPOTENCY_KEY = re.compile(r"[!-~]{1,128}", re.ASCII)
CODES: dict[type[Failure], tuple[int, str]] = {
    NotSignedIn: (401, "not_signed_in"),
    Misused: (502, "misused"),
    Refused: (403, "refused"),
}
OFFLINE = (503, "offline")
UNPROVEN = "This needs your second factor."
NONSENSE = "This is not an answer of the broker: check --url or BROKER_URL, then start the portal again."


@dataclass(frozen=True, slots=True)
class Reply:
    """A status and a JSON document. The document may hold credentials."""

    status: int
    document: Any = field(repr=False)
    retry_after: str = ""


def problem(status: int, code: str, detail: str) -> Reply:
    """A problem in the form of the contract (RFC 9457); its codes are the portal's own."""
    title = code.replace("_", " ").capitalize()
    return Reply(status, {"title": title, "status": status, "detail": detail, "code": code})


class Relay:
    """One caller before one broker. Requests go to the broker's address and to no other."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._description: Any = None
        self._lock = threading.Lock()

    def description(self) -> Reply:
        """The broker's OpenAPI document, which says what this broker can do; read once."""
        try:
            with self._lock:
                if self._description is None:
                    self._description = self._described()
        except Failure as trouble:
            return _trouble(trouble)
        return Reply(200, self._description)

    def ask(self, method: str, asked: str, body: bytes, key: str) -> Reply:
        """The broker's answer to a route of the contract; every trouble is a problem document."""
        described = self.description()
        if described.status != 200:  # noqa: PLR2004  HTTP's own
            return described
        path = target(method, asked, routes_of(described.document))
        if path is None:
            return problem(404, "no_such_route", f"The broker has no route {method} {asked.partition('?')[0][:80]}.")
        try:
            return self._asked(method, path, body, key)
        except Failure as trouble:
            if isinstance(trouble, NotSignedIn):
                self._connection.sign_in_again()
            return _trouble(trouble)

    def chain(self) -> Reply:
        """The audit log's hash chain, recomputed here from its lines: the broker is not trusted."""
        try:
            sound = verified(self._connection.broker, None, datetime.now(UTC), lambda _count: None)
        except Broken as broken:
            return problem(409, "chain_broken", broken.sentence)
        except Failure as trouble:
            return _trouble(trouble)
        return Reply(200, {"events": sound.count, "first": sound.first, "last": sound.last, "sound": True})

    def _described(self) -> Any:
        broker = self._connection.broker
        answer = broker.transport.fetch(f"{broker.url}/openapi.json")
        document = _json(answer) if answer.status == 200 else None  # noqa: PLR2004  as above
        if not routes_of(document):
            raise Misused(NONSENSE)
        return document

    def prove(self, body: bytes) -> Reply:
        """Take a code of the caller's MFA device: requests under /mfa are signed with the session it gives."""
        asked = document_of(body)
        code, devices = asked.get("code"), asked.get("devices")
        if not (isinstance(code, str) and CODE.fullmatch(code) and isinstance(devices, list)):
            return problem(400, "invalid_request", "An MFA code has six digits, for example 123456.")
        try:
            # A copy of its own: two tabs may prove at once, and nothing is asked at the terminal.
            replace(self._factor, code=code, ask=lambda _question: "").fresh([str(one) for one in devices])
        except Failure as trouble:
            return _trouble(trouble)
        return Reply(200, {"proven": True})

    @property
    def _factor(self) -> SecondFactor:
        factor = self._connection.broker.second_factor
        if factor is None:
            raise Misused("This broker's connection has no second factor.")
        return factor

    def _asked(self, method: str, path: str, body: bytes, key: str) -> Reply:
        if path.startswith("/mfa/"):
            return self._asked_under_mfa(method, path, body, key)
        return _reply(self._send(self._connection.broker.signer, method, path, body, key))

    def _asked_under_mfa(self, method: str, path: str, body: bytes, key: str) -> Reply:
        """API Gateway's own refusal here means that the proof is missing or too old."""
        signer = self._factor.at_hand()
        answer = self._send(signer, method, path, body, key) if signer else None
        if answer is not None and not not_admitted(answer):
            return _reply(answer)
        if signer is self._connection.broker.signer:
            raise Refused(TEMPORARY)
        return problem(403, "mfa_required", UNPROVEN)

    def _send(self, signer: Signer, method: str, path: str, body: bytes, key: str) -> Answer:
        broker = self._connection.broker
        headers = dict(HEADERS)
        if method != "GET":
            headers["Idempotency-Key"] = key if IDEMPOTENCY_KEY.fullmatch(key) else secrets.token_urlsafe()
        if body:
            headers["Content-Type"] = "application/json"
        return broker.transport.send(signer.signed(method, f"{broker.url}{path}", headers, body))


def _reply(answer: Answer) -> Reply:
    """Only JSON objects pass, as JSON; an answer of API Gateway becomes the sentence a person needs."""
    document = _json(answer)
    retry = answer.headers.get("Retry-After", "")
    wait = retry if retry.isascii() and retry.isdecimal() else ""
    if isinstance(document, dict) and (200 <= answer.status < 300 or isinstance(document.get("code"), str)):  # noqa: PLR2004
        return Reply(answer.status, document, wait)
    if answer.status < 400 or document is None:  # noqa: PLR2004
        return problem(502, "nonsense", NONSENSE)
    raise failure(answer, datetime.now(UTC))


def document_of(body: bytes) -> dict[str, Any]:
    """The JSON object in a body; an empty one where there is none."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _json(answer: Answer) -> Any:
    try:
        return json.loads(answer.body) if answer.body else {}
    except (ValueError, RecursionError):
        return None


def _trouble(trouble: Failure) -> Reply:
    status, code = CODES.get(type(trouble), OFFLINE)
    return problem(status, code, trouble.sentence)
