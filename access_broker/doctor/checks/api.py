"""The API in API Gateway: resource policy, authorization, access log, throttling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from access_broker.doctor.model import Finding, NotHere, check, failed, none_of, ok

TOPIC = "API"
PUBLIC = ("/health", "/openapi.json", "/chat/")
"""Paths that need no signature (policies/api-gateway.json)."""

ACCOUNT_KEYS = ("aws:PrincipalAccount", "aws:PrincipalOrgID", "aws:PrincipalArn")


@dataclass(frozen=True, slots=True)
class RestApi:
    """The API in API Gateway. `methods` are (method, path, authorization type)."""

    embedded: bool
    policy: dict[str, Any]
    methods: tuple[tuple[str, str, str], ...]
    access_log: str
    throttled: bool


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
