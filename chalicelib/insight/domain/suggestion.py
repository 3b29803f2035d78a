"""A narrower inline policy for a role, from the calls of its sessions. It never allows more than the role did."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

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


@dataclass(slots=True)
class Use:
    """The calls of one action."""

    action: str
    calls: int = 0
    denied: int = 0
    last: str = ""
    resources: set[str] = field(default_factory=set)
    unnamed: bool = False
    """Some call named no ARN."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """The policy, a reason for each statement, and what is not in it with the reason."""

    policy: dict[str, Any]
    reasons: tuple[str, ...]
    left_out: dict[str, str]
    denied: dict[str, int]


def actions_of(service_authorization: Mapping[str, Any]) -> frozenset[str]:
    """Every action of AWS, as `ec2:DescribeInstances` (policies/service-authorization.json)."""
    classes = [(prefix, text) for prefix, texts in service_authorization["actions"].items() for text in texts.values()]
    return frozenset(f"{prefix}:{name}" for prefix, text in classes for name in text.split())


def used(calls: Iterable[Mapping[str, Any]], known: frozenset[str]) -> tuple[dict[str, Use], dict[str, str]]:
    """Uses by IAM action, and the events for which there is none."""
    by_lower = {action.lower(): action for action in known}
    uses: dict[str, Use] = {}
    unknown: dict[str, str] = {}
    for call in calls:
        event = f"{_prefix(str(call['service']))}:{call['action']}"
        action = by_lower.get(_name(event, by_lower).lower())
        if action is None:
            unknown[event] = "no IAM action of this name: add by hand what it needs"
            continue
        _count(uses.setdefault(action, Use(action)), call)
    return uses, unknown


def _prefix(service: str) -> str:
    source = service.removesuffix(".amazonaws.com")
    return PREFIXES.get(source, source)


def _name(event: str, known: Mapping[str, str]) -> str:
    """IAM's name of an event; Lambda's and CloudFront's events end with the version of their API."""
    if event in EVENTS:
        return EVENTS[event]
    bare = event.rstrip("0123456789_v")
    return event if event.lower() in known else bare


def _count(use: Use, call: Mapping[str, Any]) -> None:
    if call.get("error"):
        use.denied += 1
        return
    use.calls += 1
    use.last = max(use.last, str(call["at"]))
    arns = {one for one in call.get("resources") or () if str(one).startswith("arn:")}
    use.resources |= arns
    use.unnamed = use.unnamed or not arns


def suggest(uses: Mapping[str, Use], unknown: Mapping[str, str], allowed: Mapping[str, str]) -> Suggestion:
    """The policy that allows what was used and nothing else.

    `allowed` says of each action what the role's own policies say now: `open`,
    `conditional` (for some resources or under conditions) or `closed`. Only
    `open` is taken over: everything else could allow more than the role does.
    """
    left_out = dict(unknown)
    kept: list[Use] = []
    for action, use in sorted(uses.items()):
        if not use.calls:
            continue
        if allowed.get(action) == "open":
            kept.append(use)
        elif allowed.get(action) == "conditional":
            left_out[action] = "the role allows it for some resources or under conditions only: copy that statement"
        else:
            left_out[action] = "the role does not allow it any more"
    statements = list(_statements(kept))
    policy = {"Version": "2012-10-17", "Statement": [statement for statement, _ in statements]}
    denied = {action: use.denied for action, use in sorted(uses.items()) if use.denied}
    return Suggestion(policy, tuple(reason for _, reason in statements), left_out, denied)


def _statements(uses: list[Use]) -> Iterator[tuple[dict[str, Any], str]]:
    """One for each action whose calls all named ARNs, and one for the other actions of each service."""
    wide: dict[str, list[Use]] = {}
    for use in uses:
        if use.unnamed or not 0 < len(use.resources) <= MOST_RESOURCES:
            wide.setdefault(use.action.partition(":")[0], []).append(use)
            continue
        sid = "".join(letter for letter in use.action.title() if letter.isalnum())
        yield _statement(sid, [use], sorted(use.resources)), f"{_words(use)}, each time on these resources"
    for prefix, together in wide.items():
        sid = "".join(letter for letter in f"{prefix.title()}Used" if letter.isalnum())
        yield _statement(sid, together, ["*"]), "; ".join(map(_words, together))


def _statement(sid: str, uses: list[Use], resources: list[str]) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": [use.action for use in uses], "Resource": resources}


def _words(use: Use) -> str:
    return f"{use.action}: {use.calls} call{'s' * (use.calls != 1)}, last {use.last[:10]}"


def _line(text: str) -> str:
    """Text of an event, on one line of a comment."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def template(document: Mapping[str, Any], found: Suggestion, since: str) -> str:
    """The role's template with the narrower policy in the place of all its policies, as YAML with the reasons."""
    kept = {name: value for name, value in document.items() if name not in {"managed_policies", "inline_policy"}}
    lines = [f"# Suggested by broker roles suggest, from sessions since {since}. Read it before you apply it."]
    lines += [f"# Left out: {_line(action)}: {why}." for action, why in sorted(found.left_out.items())]
    lines += [f"# Denied: {action}, {count} times." for action, count in found.denied.items()]
    lines += [f"{name}: {json.dumps(value)}" for name, value in kept.items()]
    lines += ["managed_policies: []", "inline_policy:", f'  Version: "{found.policy["Version"]}"', "  Statement:"]
    for statement, reason in zip(found.policy["Statement"], found.reasons, strict=True):
        lines += [f"    # {reason}", f"    - {json.dumps(statement)}"]
    return "\n".join([*lines, ""])
