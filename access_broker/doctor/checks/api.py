"""The API's edge: clock, TLS, signatures, resource policy, access log, throttling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from access_broker.doctor.model import Finding, NotHere, check, failed, none_of, ok

TOPIC = "API"
SKEW_SECONDS = 60
REFUSED = (401, 403)
PUBLIC = ("/health", "/openapi.json", "/chat/")
"""Paths that need no signature (policies/api-gateway.json)."""

ACCOUNT_KEYS = ("aws:PrincipalAccount", "aws:PrincipalOrgID", "aws:PrincipalArn")


@dataclass(frozen=True, slots=True)
class Edge:
    """An unsigned request's answer. `skew` is local minus remote time; `tls` like TLSv1.3."""

    loopback: bool
    skew: float
    tls: str
    unsigned_status: int


@dataclass(frozen=True, slots=True)
class RestApi:
    """The API in API Gateway. `methods` are (method, path, authorization type)."""

    embedded: bool
    policy: dict[str, Any]
    methods: tuple[tuple[str, str, str], ...]
    access_log: str
    throttled: bool


@check(
    "clock",
    topic=TOPIC,
    fact="edge",
    asks="this computer's clock agrees with AWS's",
    why="AWS refuses signatures that are more than five minutes off, and the times in the audit would not match",
    do="set the clock by the network (NTP)",
)
def clock(edge: Edge) -> Finding:
    """By the Date header of an answer."""
    if edge.loopback:
        raise NotHere("the API answers on this computer: there is one clock only")
    seconds = round(edge.skew)
    if abs(seconds) > SKEW_SECONDS:
        return failed(f"this clock is {abs(seconds)} s {'fast' if seconds > 0 else 'slow'}")
    return ok(f"{abs(seconds)} s apart")


@check(
    "tls",
    topic=TOPIC,
    fact="edge",
    asks="the API speaks TLS 1.2 or newer",
    why="answers carry credentials; TLS 1.0 and 1.1 have known weaknesses",
    do="set the API's security policy to TLS_1_2 or newer, and look for a proxy that ends TLS in between",
)
def tls(edge: Edge) -> Finding:
    """By a handshake."""
    if edge.loopback:
        raise NotHere("plain HTTP on this computer")
    return ok(edge.tls) if edge.tls in {"TLSv1.2", "TLSv1.3"} else failed(f"it speaks {edge.tls or 'no TLS'}")


@check(
    "unsigned-refused",
    topic=TOPIC,
    fact="edge",
    asks="an unsigned request is refused",
    why="every route below /v1 must be signed: without that, any person on the network is a caller",
    do="see methods-signed and resource-policy; AWS_IAM authorization and the policy are in the template: "
    "revert the drift (docs/doctor.md)",
)
def unsigned_refused(edge: Edge) -> Finding:
    """GET /v1/whoami without a signature."""
    status = edge.unsigned_status
    return ok(f"HTTP {status}") if status in REFUSED else failed(f"GET /v1/whoami unsigned answered HTTP {status}")


@check(
    "resource-policy",
    topic=TOPIC,
    fact="rest_api",
    asks="the API's resource policy demands signed callers of this account",
    why="the policy lets callers without permissions in; too wide, it lets strangers in",
    do="restore policies/api-gateway.json: put it back with update-rest-api, then create-deployment",
)
def resource_policy(api: RestApi) -> Finding:
    """Each Allow for all principals is limited to an account, or to public routes."""
    if not api.policy.get("Statement"):
        return failed("the API has no resource policy: callers without permissions are refused")
    wrong = [one.get("Sid", "?") for one in api.policy["Statement"] if _open_to_all(one)]
    return none_of(wrong, "open to all callers", "callers of the account only, but for public routes")


def _open_to_all(statement: dict[str, Any]) -> bool:
    if statement.get("Effect") != "Allow" or statement.get("Principal") not in ("*", {"AWS": "*"}, {"AWS": ["*"]}):
        return False
    conditions = [key for block in statement.get("Condition", {}).values() for key in block]
    if any(key in ACCOUNT_KEYS for key in conditions):
        return False
    resources = statement.get("Resource", "*")
    named = [resources] if isinstance(resources, str) else resources
    return any(not any(path in resource for path in PUBLIC) for resource in named)


@check(
    "methods-signed",
    topic=TOPIC,
    fact="rest_api",
    asks="every method below /v1 has AWS_IAM authorization",
    why="a method without it runs for unsigned requests, if the resource policy ever opens",
    do="revert the drift (docs/doctor.md), then create-deployment (CloudTrail, UpdateMethod, names who did it)",
)
def methods_signed(api: RestApi) -> Finding:
    """The authorization type of each method."""
    signed = [(method, path, kind) for method, path, kind in api.methods if not path.startswith(PUBLIC)]
    if not signed:
        return failed("the API has no signed methods at all: is this the broker's?")
    wrong = [f"{method} {path}" for method, path, kind in signed if kind != "AWS_IAM" and method != "OPTIONS"]
    return none_of(wrong, "without authorization", f"{len(signed)} methods")


@check(
    "access-log",
    topic=TOPIC,
    fact="rest_api",
    asks="the API's stage writes an access log",
    why="what the gateway refuses never reaches the broker: without an access log it leaves no trace",
    do="give the stage an access log: AccessLogSetting, and for API Gateway a role (AWS::ApiGateway::Account)",
)
def access_log(api: RestApi) -> Finding:
    """The stage's log group."""
    if api.access_log:
        return ok(api.access_log)
    if api.embedded:
        raise NotHere("the embedded AWS writes no access logs")
    return failed("the stage has none")


@check(
    "throttled",
    topic=TOPIC,
    fact="rest_api",
    asks="the API's stage limits the rate of requests",
    why="one caller in a loop could use up the account's Lambda concurrency, revocations included",
    do="restore MethodSettings of RestAPI (.chalice/resources.json): revert the drift (docs/doctor.md)",
)
def throttled(api: RestApi) -> Finding:
    """A rate and a burst for all methods."""
    return ok("rate and burst are set") if api.throttled else failed("no limit for all methods")
