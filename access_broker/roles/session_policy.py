"""A session policy that lets through what a caller's own sessions called, for the next one: it can only narrow."""

from __future__ import annotations

import json
import re
from typing import Any

from access_broker.failures import Failure

MOST_CHARACTERS = 2048
"""AssumeRole's limit on a session policy, without white space ("IAM and AWS STS quotas")."""

MOST_RESOURCES = 10

VERB = re.compile(r"[A-Z]+[a-z0-9]*")
"""The first word of an action: Describe of DescribeInstances."""


def session_policy(usage: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """The smallest policy that fits AssumeRole's limit, and what had to be widened for it ("" if nothing)."""
    uses = [use for use in usage["used"] if use["count"] and use["allowed"] != "no"]
    if not uses:
        raise Failure("Your sessions of this role called nothing that CloudTrail has, so there is nothing to suggest.")
    names = [f"{use['service']}:{use['action']}" for use in uses]
    for statements, widened in (
        (_narrow(uses), ""),
        ([_allow(names)], "any resource"),
        ([_allow(map(_by_verb, names))], "all actions of a verb, such as ec2:Describe*, on any resource"),
        ([_allow(f"{use['service']}:*" for use in uses)], "all actions of the services"),
    ):
        policy = {"Version": "2012-10-17", "Statement": statements}
        if len(compact(policy)) <= MOST_CHARACTERS:
            return policy, widened
    raise Failure(f"No policy for these services fits the {MOST_CHARACTERS} characters of a session policy.")


def compact(policy: dict[str, Any]) -> str:
    """The policy on one line, as AssumeRole counts it."""
    return json.dumps(policy, separators=(",", ":"))


def _narrow(uses: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A statement for all actions that need the same resources."""
    together: dict[tuple[str, ...], list[str]] = {}
    for use in uses:
        named = use["every_call_named"] and len(use["resources"]) <= MOST_RESOURCES
        resources = tuple(use["resources"]) if named else ("*",)
        together.setdefault(resources, []).append(f"{use['service']}:{use['action']}")
    return [_allow(names, resources) for resources, names in sorted(together.items())]


def _allow(actions: Any, resources: tuple[str, ...] = ("*",)) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": sorted(set(actions)), "Resource": list(resources)}


def _by_verb(name: str) -> str:
    service, _, action = name.partition(":")
    verb = VERB.match(action)
    return f"{service}:{verb[0] if verb else action}*"
