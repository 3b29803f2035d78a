"""MFA: the gateway demands it under /mfa, and the people whose rules ask for it can prove it."""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from access_broker.doctor.model import Finding, NotHere, check, failed, none_of, warning

if TYPE_CHECKING:
    from collections.abc import Mapping

    from access_broker.doctor.checks.api import RestApi

TOPIC = "MFA"
UNDER_MFA = "/mfa/"
PRESENT = "aws:multifactorauthpresent"
TOO_OLD = (
    ("numericgreaterthanifexists", "aws:multifactorauthage"),
    ("numericgreaterthan", "aws:multifactorauthage"),
)
IDENTITY_CENTER = "sso/"


@dataclass(frozen=True, slots=True)
class MfaRules:
    """Rules of the package with `@mfa`, by group, and those of their people who neither have a device nor can enrol.

    A user that the broker made enrols by `broker mfa enroll`; another one cannot.
    """

    rules: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    people: int = 0
    stuck: tuple[str, ...] = ()


@check(
    "mfa-demanded",
    topic=TOPIC,
    fact="rest_api",
    asks="the deployed API demands recent MFA on every route under /mfa",
    why="the broker believes that a caller under /mfa has proven MFA: without the policy, a stolen key is enough",
    do="restore policies/api-gateway.json: put it back with update-rest-api, then create-deployment",
)
def mfa_demanded(api: RestApi) -> Finding:
    """A Deny without MFA and a Deny of old MFA for each method, in the policy that API Gateway has."""
    routes = [f"{method}{path}" for method, path, _ in api.methods if path.startswith(UNDER_MFA)]
    if not routes:
        return failed("the API has no routes under /mfa: no rule with @mfa can be met")
    denies = [one for one in api.policy.get("Statement", []) if _denies_all(one)]
    without = [one for one in denies if _condition(one) == ("boolifexists", PRESENT, ["false"])]
    old = [one for one in denies if _condition(one)[:2] in TOO_OLD]
    if open_to_keys := [route for route in routes if not any(_reaches(one, route) for one in without)]:
        return none_of(open_to_keys, "without MFA one may call", "")
    open_to_old = [route for route in routes if not any(_reaches(one, route) for one in old)]
    longest = max((int(_condition(one)[2][0]) for one in old), default=0)
    return none_of(open_to_old, "with MFA of any age one may call", f"{len(routes)} routes, of {longest} s at most")


def _denies_all(statement: Mapping[str, Any]) -> bool:
    everyone = statement.get("Principal") in ("*", {"AWS": "*"}, {"AWS": ["*"]})
    invoke = any(action in ("*", "execute-api:*", "execute-api:Invoke") for action in _list(statement.get("Action")))
    return statement.get("Effect") == "Deny" and everyone and invoke


def _condition(statement: Mapping[str, Any]) -> tuple[str, str, list[str]]:
    """Operator, key and values of a statement's only condition, in lower case. A second one would narrow the Deny."""
    found = [
        (operator.lower(), key.lower(), [str(value).lower() for value in _list(values)])
        for operator, keys in statement.get("Condition", {}).items()
        for key, values in keys.items()
    ]
    return found[0] if len(found) == 1 else ("", "", [])


def _reaches(statement: Mapping[str, Any], route: str) -> bool:
    """Of `execute-api:/STAGE/METHOD/path` or the whole ARN, that part behind the stage."""
    named = [resource.partition("/")[2].partition("/")[2] for resource in _list(statement.get("Resource"))]
    return any(fnmatchcase(route, pattern or "*") for pattern in named)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


@check(
    "mfa-rules-can-be-met",
    topic=TOPIC,
    fact="mfa_rules",
    asks="the people whose rules ask for MFA can prove it",
    why="without a device, these rules refuse them, and they notice it only when they have to act",
    do="enrol a device for each of them in IAM (docs/mfa.md); a user that the broker made runs broker mfa enroll",
)
def mfa_rules_can_be_met(rules: MfaRules) -> Finding:
    """By the rules in the package and the devices in IAM."""
    if not rules.rules:
        raise NotHere("no rule of the package asks for MFA")
    hopeless = [rule for group, names in rules.rules.items() if group.startswith(IDENTITY_CENTER) for rule in names]
    if hopeless:
        found = none_of(hopeless, "AWS does not show the MFA of Identity Center, which is asked for by", "")
        return failed(found.found, "leave @mfa out of these rules: Identity Center asks for MFA itself (docs/mfa.md)")
    groups = ", ".join(sorted(rules.rules))
    return warning(none_of(rules.stuck, "without a device, and not made by the broker", f"{rules.people} in {groups}"))
