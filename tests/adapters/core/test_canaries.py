"""Nothing secret anywhere: canaries planted in every place a secret can stand, every error path driven with DEBUG on.

A secret is what the caller sends to prove who they are, what AWS hands out,
and what the function itself signs with. Answers may hold what they hand out,
to whom it belongs; logs, tables, the audit and exceptions never hold any.
"""

from __future__ import annotations

import json
import logging
import traceback
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
import pytest

from chalicelib.access.aws.catalogue import role_to_row
from chalicelib.core.aws import clients
from chalicelib.core.domain.errors import BrokerError
from chalicelib.core.domain.roles import Role
from chalicelib.sessions.wiring import session_issuer
from tests.adapters.audit.desk import AuditDesk, desk
from tests.adapters.conftest import ACCOUNT, REGION, make_user
from tests.adapters.provisioning.test_api import LambdaInProcess, invoked
from tests.fakes.core import FakeCatalogue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["desk", "invoked"]

SENT = "CANARY-sent-by-the-caller-9f2c"
OURS = "CANARY-of-the-function-itself-1b7e"
FROM_AWS = "CANARY-in-an-error-of-aws-77d0"
UNEXPECTED = "CANARY-in-a-bug-4e1a"

PROOFS = {
    "authorization": f"AWS4-HMAC-SHA256 Credential=AKIA/x, SignedHeaders=host, Signature={SENT}",
    "x-amz-security-token": SENT,
    "x-slack-signature": SENT,
    "cookie": f"session={SENT}",
}
HIDDEN = ("SecretAccessKey", "SessionToken", "Password", "SigninToken", "CreateLoginProfilePassword")
SERVICES = ("dynamodb", "sts", "iam", "logs", "cloudtrail", "lambda")
BODIES: dict[str, dict[str, Any]] = {
    "/v1/credentials": {"role": "ec2-full", "reason": "look"},
    "/v1/console-links": {"role": "ec2-full", "reason": "look"},
    "/v1/explain": {"role": "ec2-full"},
    "/v1/requests": {"role": "ec2-full", "reason": "look"},
    "/v1/revocations": {"caller": "alice", "reason": "look"},
    "/v1/users/{name}": {"console_access": True, "access_key": True},
    "/v1/roles/{name}": {"description": "reads", "tags": {"access-broker:audience": "engineers"}},
}
EC2 = Role(
    "ec2-full",
    f"arn:aws:iam::{ACCOUNT}:role/access-broker/ec2-full",
    tags={"access-broker:audience": "engineers"},
)


@dataclass
class Aws:
    """What AWS's answers held that is secret, what requests were signed with, and which service fails now."""

    handed_out: set[str] = field(default_factory=set)
    signed_with: set[str] = field(default_factory=set)
    failing: str = ""

    def watch(self) -> None:
        for service in SERVICES:
            events = clients.made(service, None).meta.events
            events.register("after-call", lambda parsed, **_: self._collect(parsed))
            events.register_first("before-send", lambda request, **_: self._note(request))
            events.register("before-call", lambda model, **_: self._fail(model))

    def _note(self, request: Any) -> None:
        token = request.headers["X-Amz-Security-Token"]
        self.signed_with.add(token.decode() if isinstance(token, bytes) else token)

    def _collect(self, parsed: Any) -> None:
        if isinstance(parsed, dict):
            self.handed_out |= {value for name, value in parsed.items() if name in HIDDEN and isinstance(value, str)}
            for value in parsed.values():
                self._collect(value)

    def _fail(self, model: Any) -> tuple[Any, dict[str, Any]] | None:
        """AWS's refusal, with a message that says too much."""
        if model.service_model.service_name != self.failing:
            return None
        message = f"arn:aws:iam::{ACCOUNT}:role/secret is not authorized: {FROM_AWS}"
        error = {"Error": {"Code": "AccessDeniedException", "Message": message}, "ResponseMetadata": {}}
        return SimpleNamespace(status_code=400, headers={}), error


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, account: None, caplog: pytest.LogCaptureFixture) -> Aws:
    """AWS under watch, with the function's own keys as canaries and every logger at DEBUG."""
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", OURS)
    monkeypatch.setenv("AWS_SESSION_TOKEN", OURS)
    monkeypatch.setenv("BROKER_SIGN_IN_ENDPOINT", "http://127.0.0.1:9/federation")
    session = botocore.session.get_session()  # that of other tests keeps the credentials it found first
    monkeypatch.setattr(clients, "_session", lambda: session)
    boto3.resource("dynamodb", REGION).Table("broker").put_item(Item=role_to_row(EC2))
    watched = Aws()
    watched.watch()
    return watched


@dataclass
class Answers:
    """Every answer of the API, and what in them was handed out on purpose."""

    texts: list[str] = field(default_factory=list)
    statuses: set[int] = field(default_factory=set)
    given: set[str] = field(default_factory=set)

    def add(self, status: int, document: dict[str, Any], headers: dict[str, str]) -> None:
        self.statuses.add(status)
        given = _secrets_of(document)
        assert not given or status == 201, "secrets leave with 201 and with nothing else"
        self.given |= given
        text = json.dumps([document, headers])
        for secret in given:
            text = text.replace(json.dumps(secret)[1:-1], "")
        self.texts.append(text)


def _secrets_of(document: dict[str, Any]) -> set[str]:
    """What an answer hands out to whom it belongs: credentials, a password, a key."""
    credentials, key = document.get("credentials") or {}, document.get("access_key") or {}
    found = {credentials.get("SecretAccessKey"), credentials.get("SessionToken"), key.get("secret_access_key")}
    return {value for value in {*found, document.get("password")} if value}


def doors(routes: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every method of every route, with the body that it wants."""
    for route, methods in sorted(routes.items()):
        body = BODIES.get(route, {})
        path = route.replace("{session_id}", "0" * 26).replace("{name}", "zoe")
        path = path.replace("{request_id}", "0" * 26).replace("{grant_id}", "0" * 26)
        yield from ((method, path, body) for method in methods)


def knocks(method: str, body: dict[str, Any]) -> Iterator[Any]:
    """Bodies: as it should be, with a field too many, and one that is none."""
    yield body or None
    if method in {"POST", "PUT"}:
        yield {**body, "password": SENT, "credentials": {"SecretAccessKey": SENT}}
        yield {name: {"secret": SENT} for name in body} or [SENT]
        yield '{"reason": "' + SENT


def drive(call: Callable[..., Any], people: list[dict[str, str]], aws: Aws) -> Answers:
    """Knock at every door: as everybody while AWS works, then as the first with each service failing in turn."""
    from app import app  # noqa: PLC0415  needs the environment of the fixtures

    answers = Answers()
    for person in people:
        for method, path, wanted in doors(app.routes):
            for body in knocks(method, wanted):
                answers.add(*call(method, path, person, body, headers=PROOFS))
    for method, path, _ in doors(app.routes):
        answers.add(*call(method, path, people[0], headers=PROOFS, query={"cursor": SENT}))
    for aws.failing in SERVICES:  # then either AWS or the body is at fault, never both
        for method, path, body in doors(app.routes):
            answers.add(*call(method, path, people[0], body or None, headers=PROOFS))
    aws.failing = ""
    return answers


@pytest.mark.usefixtures("invoked")
def test_no_canary_is_found_in_logs_tables_audit_answers_or_exceptions(
    call, aws: Aws, desk: AuditDesk, caplog, capfd
) -> None:
    alice, admin = make_user("alice", "engineers"), make_user("root-of-trust", "broker-administrators")
    answers = drive(call, [alice, admin, {}], aws)
    desk.deliver(desk.stream())
    desk.deliver([{"dynamodb": {"SequenceNumber": "1", "NewImage": {"event": {"S": "{not an event"}}}}])
    printed = capfd.readouterr()
    assert answers.statuses >= {200, 201, 400, 403, 404, 503}
    assert aws.handed_out, "AWS handed out nothing: the test drives too little"
    assert aws.signed_with == {OURS}, "the function's own keys are no canaries"
    assert answers.given, "nobody was given anything: the test drives too little"
    canaries = {SENT, OURS, FROM_AWS, *aws.handed_out, *answers.given}
    places = {
        "logs": caplog.text,
        "standard output": printed.out + printed.err,
        "table": _rows("broker"),
        "ledger": _rows("ledger"),
        "audit log": json.dumps(desk.lines()),
        "answers": "".join(answers.texts),
    }
    assert all(places.values()), "a place that holds nothing proves nothing"
    found = [(place, canary[:12]) for place, text in places.items() for canary in canaries if canary in text]
    assert found == []


def _rows(table: str) -> str:
    pages = boto3.client("dynamodb", REGION).get_paginator("scan").paginate(TableName=table)
    return json.dumps([item for page in pages for item in page["Items"]])


def test_credentials_that_came_too_late_are_in_no_exception(call, alice, aws: Aws, caplog, monkeypatch) -> None:
    """The row fails while AssumeRole succeeds: the moment in which secrets exist and must not leave."""
    call("POST", "/v1/credentials", alice, {"role": "ec2-full"})  # now the container knows her
    aws.failing = "dynamodb"
    monkeypatch.setattr("chalicelib.sessions.wiring.catalogue", lambda: FakeCatalogue({EC2.name: EC2}))
    status, document, _ = call("POST", "/v1/credentials", alice, {"role": "ec2-full"})
    assert (status, document["code"]) == (503, "audit_unavailable")
    assert aws.handed_out
    for secret in aws.handed_out:
        assert secret not in caplog.text + json.dumps(document)


def test_an_unexpected_error_tells_its_kind_and_not_its_message(call, alice, monkeypatch, caplog) -> None:
    class Broken:
        def recognize(self, _caller: object, _role: str) -> None:
            raise RuntimeError(UNEXPECTED)

    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr("chalicelib.access.wiring.recognition", Broken)
    status, document, _ = call("GET", "/v1/whoami", alice)
    assert status == 500
    assert "RuntimeError" in caplog.text
    assert UNEXPECTED not in caplog.text + json.dumps(document)


def test_our_own_errors_and_values_do_not_carry_awss_words_or_secrets(aws: Aws, invoked: LambdaInProcess) -> None:
    assert invoked
    aws.failing = "sts"
    service = session_issuer()
    with pytest.raises(BrokerError) as failure:
        service.sts.assume(_settings())
    aws.failing = ""
    shown = repr(failure.value) + str(vars(failure.value)) + "".join(traceback.format_exception_only(failure.value))
    assert FROM_AWS not in shown
    credentials = service.sts.assume(_settings())
    for secret in (credentials.secret_access_key, credentials.session_token):
        assert secret
        assert secret not in f"{credentials!r} {credentials}"


def _settings() -> Any:
    from chalicelib.core.domain.sessions import SessionSettings  # noqa: PLC0415  beside its only use

    return SessionSettings(EC2.arn, "alice-x", "alice", "external", 900)
