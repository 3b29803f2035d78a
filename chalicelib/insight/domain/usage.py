"""How a role was used: the calls of its sessions by IAM action, and IAM's own last-accessed data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from chalicelib.explain.domain.allowed_actions import Allowed  # noqa: TC001  msgspec reads the annotations

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from chalicelib.sessions.domain.activity import Call

PREFIXES = {
    "monitoring": "cloudwatch", "email": "ses", "tagging": "tag", "application-autoscaling": "application-autoscaling",
    "models-v2-lex": "lex", "runtime-lex": "lex", "health": "health", "apitest": "testing", "sso": "sso",
}  # fmt: skip
"""Event sources whose name is not IAM's prefix of the service."""

EVENTS = {
    "s3:ListBuckets": "s3:ListAllMyBuckets", "s3:ListObjects": "s3:ListBucket", "s3:ListObjectsV2": "s3:ListBucket",
    "s3:HeadBucket": "s3:ListBucket", "s3:HeadObject": "s3:GetObject", "s3:CopyObject": "s3:PutObject",
    "s3:CreateMultipartUpload": "s3:PutObject", "s3:UploadPart": "s3:PutObject", "s3:DeleteObjects": "s3:DeleteObject",
    "s3:CompleteMultipartUpload": "s3:PutObject", "lambda:Invoke": "lambda:InvokeFunction",
    "dynamodb:TransactWriteItems": "", "dynamodb:TransactGetItems": "", "dynamodb:ExecuteStatement": "",
}  # fmt: skip
"""Events that are called otherwise than their action (S3 and Lambda, service authorization reference); "" for several
actions at once, which are told and not guessed."""

MOST_RESOURCES = 10
"""ARNs of one action; with more, the events name what happened to be there, not what the work needs."""


@dataclass(frozen=True, slots=True)
class ActionUse:
    """The calls of one action. `allowed` is the verdict of the role's policies now; None where they were not read."""

    service: str
    action: str
    count: int
    """Calls that AWS allowed."""
    denied: int
    """Calls that ended in an error."""
    last: str | None
    """The last call that AWS allowed."""
    resources: tuple[str, ...]
    """ARNs that the calls named: one more than MOST_RESOURCES at most."""
    every_call_named: bool
    """Every call named an ARN."""
    allowed: Allowed | None = None

    @property
    def name(self) -> str:
        """As policies write it."""
        return f"{self.service}:{self.action}"


@dataclass(frozen=True, slots=True)
class AccessedAction:
    """An action that IAM tracks, and when a session of the role last tried it."""

    service: str
    action: str
    at: str
    allowed: Allowed | None = None


@dataclass(frozen=True, slots=True)
class AccessedService:
    """A service that the role's policies speak of. `at` is None where IAM saw no attempt in its tracked period."""

    service: str
    at: str | None
    actions: tuple[AccessedAction, ...] = ()


@dataclass(frozen=True, slots=True)
class LastAccessed:
    """IAM's last-accessed data. `code` is AWS's error code where there are none."""

    state: Literal["complete", "in_progress", "failed", "unavailable", "not_read"]
    code: str = ""
    services: tuple[AccessedService, ...] = ()


@dataclass(slots=True)
class _Counted:
    count: int = 0
    denied: int = 0
    last: str | None = None
    resources: set[str] = field(default_factory=set)
    unnamed: bool = False

    def add(self, call: Call) -> None:
        if call.error:
            self.denied += 1
            return
        self.count += 1
        self.last = max(self.last or "", call.at)
        arns = {one for one in call.resources if one.startswith("arn:")}
        self.resources |= arns
        self.unnamed = self.unnamed or not arns


def actions_of(service_authorization: Mapping[str, Any]) -> frozenset[str]:
    """Every action of AWS, as `ec2:DescribeInstances` (policies/service-authorization.json)."""
    classes = [(prefix, text) for prefix, texts in service_authorization["actions"].items() for text in texts.values()]
    return frozenset(f"{prefix}:{name}" for prefix, text in classes for name in text.split())


def used(calls: Iterable[Call], known: frozenset[str]) -> tuple[tuple[ActionUse, ...], tuple[str, ...]]:
    """Uses by IAM action, in order of their names, and the events for which there is no such action."""
    by_lower = {action.lower(): action for action in known}
    counted: dict[str, _Counted] = {}
    unmatched: set[str] = set()
    for call in calls:
        event = f"{_prefix(call.service)}:{call.action}"
        action = by_lower.get(_name(event, by_lower).lower())
        if action is None:
            unmatched.add(event)
        else:
            counted.setdefault(action, _Counted()).add(call)
    return tuple(_use(action, found) for action, found in sorted(counted.items())), tuple(sorted(unmatched))


def _use(name: str, found: _Counted) -> ActionUse:
    service, _, action = name.partition(":")
    resources = tuple(sorted(found.resources)[: MOST_RESOURCES + 1])
    named = bool(found.resources) and not found.unnamed
    return ActionUse(service, action, found.count, found.denied, found.last, resources, named)


def _prefix(service: str) -> str:
    source = service.removesuffix(".amazonaws.com")
    return PREFIXES.get(source, source)


def _name(event: str, known: Mapping[str, str]) -> str:
    """IAM's name of an event; Lambda's and CloudFront's events end with the version of their API."""
    if event in EVENTS:
        return EVENTS[event]
    bare = event.rstrip("0123456789_v")
    return event if event.lower() in known else bare
