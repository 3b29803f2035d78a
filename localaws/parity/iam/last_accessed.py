"""GetServiceLastAccessedDetails tells of a role which services its policies allow, and what its sessions tried.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetServiceLastAccessedDetails.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_last-accessed.html
Attempts that were refused count too. AWS's data lag by up to four hours; these do not.
"""
# ruff: noqa: SLF001  (the parity rules reach into ministack: that is their job)

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from ministack.services import cloudtrail, iam

from localaws.parity.wrap import around_each

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Answer = tuple[int, dict[str, str], bytes]

GRANULARITY: dict[str, str] = {}
"""By job: ACTION_LEVEL adds the actions."""

JOB = re.compile(r"<JobId>([^<]+)</JobId>")
EMPTY = "<ServicesLastAccessed></ServicesLastAccessed>"


def generate(original: Callable[..., Answer], params: dict[str, Any]) -> Answer:
    """The job of ministack; its granularity is kept, and an ARN that is none is refused."""
    arn = iam._p(params, "Arn")
    if ":role/" in arn and _role(arn) is None:
        refused: Answer = iam._error(404, "NoSuchEntity", f"ARN {arn} does not exist.", ns="iam")
        return refused
    answer = original(params)
    if found := JOB.search(answer[2].decode()):
        GRANULARITY[found[1]] = iam._p(params, "Granularity") or "SERVICE_LEVEL"
    return answer


def details(original: Callable[..., Answer], params: dict[str, Any]) -> Answer:
    """The answer of ministack, with the services of a role."""
    status, headers, body = original(params)
    job = iam._p(params, "JobId")
    role = _role(str(iam._sla_jobs.get(job, {}).get("Arn", "")))
    if role is None:
        return status, headers, body
    services = "".join(_members(role, with_actions=GRANULARITY.get(job) == "ACTION_LEVEL"))
    filled = body.decode().replace(EMPTY, f"<ServicesLastAccessed>{services}</ServicesLastAccessed>")
    return status, headers, filled.encode()


def _role(arn: str) -> dict[str, Any] | None:
    found: dict[str, Any] | None = iam._roles.get(arn.rsplit("/", 1)[-1])
    return found if found and found["Arn"] == arn else None


def _members(role: dict[str, Any], *, with_actions: bool) -> Iterable[str]:
    tried = _tried(role["RoleName"])
    for service in sorted({*_allowed(role), *tried}):
        actions = tried.get(service, {})
        last = f"<LastAuthenticated>{max(actions.values())}</LastAuthenticated>" if actions else ""
        count = f"<TotalAuthenticatedEntities>{int(bool(actions))}</TotalAuthenticatedEntities>"
        names = f"<ServiceName>{service}</ServiceName><ServiceNamespace>{service}</ServiceNamespace>"
        tracked = "".join(
            f"<member><ActionName>{escape(name)}</ActionName><LastAccessedTime>{at}</LastAccessedTime></member>"
            for name, at in sorted(actions.items())
        )
        listed = f"<TrackedActionsLastAccessed>{tracked}</TrackedActionsLastAccessed>" if with_actions else ""
        yield f"<member>{names}{last}{count}{listed}</member>"


def _allowed(role: dict[str, Any]) -> set[str]:
    """The services that the role's policies name. AWS spells out `*`; here it stands for what was tried."""
    attached = [_document(iam._lookup_policy(arn)) for arn in role.get("AttachedPolicies", [])]
    services: set[str] = set()
    for text in [*attached, *role.get("InlinePolicies", {}).values()]:
        document = json.loads(text) if isinstance(text, str) else text
        statements = document.get("Statement", [])
        for one in statements if isinstance(statements, list) else [statements]:
            actions = one.get("Action", []) if one.get("Effect") == "Allow" else []
            every = [actions] if isinstance(actions, str) else actions
            services |= {action.partition(":")[0].lower() for action in every if ":" in action}
    return services


def _document(policy: dict[str, Any]) -> Any:
    return policy["Versions"][policy["DefaultVersionId"]]["Document"]


def _tried(role_name: str) -> dict[str, dict[str, str]]:
    """By service, each action that a session of the role tried, and when last."""
    tried: dict[str, dict[str, str]] = {}
    for one in cloudtrail._get_event_queue():
        event = json.loads(one["CloudTrailEvent"])
        if f":assumed-role/{role_name}/" not in str(event.get("userIdentity", {}).get("arn", "")):
            continue
        service = str(event["eventSource"]).partition(".")[0]
        at = datetime.fromtimestamp(one["EventTime"], UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        tried.setdefault(service, {})[str(event["eventName"])] = at
    return tried


def install() -> None:
    """Put it around both operations."""
    around_each(iam._IAM_HANDLERS, ("GenerateServiceLastAccessedDetails",), generate)
    around_each(iam._IAM_HANDLERS, ("GetServiceLastAccessedDetails",), details)
