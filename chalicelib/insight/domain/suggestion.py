"""A narrower inline policy for a role, from how it was used. It never allows more than the role did."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chalicelib.insight.domain.usage import MOST_RESOURCES, ActionUse, LastAccessed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


@dataclass(frozen=True, slots=True)
class Suggestion:
    """The policy, a reason for each statement, and what is not in it with the reason."""

    policy: dict[str, Any]
    reasons: tuple[str, ...]
    left_out: dict[str, str]
    denied: dict[str, int]


WHY_LEFT_OUT = {
    "conditional": "the role allows it for some resources or under conditions only: copy that statement",
    "no": "the role does not allow it any more",
    None: "the role's policies were not read, so it is not known if they allow it",
}


def suggest(uses: Iterable[ActionUse], unmatched: Iterable[str], accessed: LastAccessed, since: str) -> Suggestion:
    """The policy that allows what was used since then and nothing else.

    Taken over is only what the role's own policies and its boundary allow
    everywhere now: everything else could allow more than the role does.
    """
    left_out = dict.fromkeys(unmatched, "no IAM action of this name: add by hand what it needs")
    of_sessions = list(uses)
    called = [use for use in of_sessions if use.count]
    every = [*called, *_seen_by_iam(called, accessed, since)]
    left_out |= {use.name: WHY_LEFT_OUT[use.allowed] for use in every if use.allowed != "everywhere"}
    left_out |= _services_without_action(every, accessed, since)
    kept = sorted((use for use in every if use.allowed == "everywhere"), key=lambda use: use.name)
    statements = list(_statements(kept))
    policy = {"Version": "2012-10-17", "Statement": [statement for statement, _ in statements]}
    denied = {use.name: use.denied for use in sorted(of_sessions, key=lambda use: use.name) if use.denied}
    return Suggestion(policy, tuple(reason for _, reason in statements), left_out, denied)


def _seen_by_iam(called: list[ActionUse], accessed: LastAccessed, since: str) -> Iterator[ActionUse]:
    """Uses that IAM tracked and that no session's history has: of other regions, or older than CloudTrail keeps."""
    names = {use.name for use in called}
    for service in accessed.services:
        for one in service.actions:
            if one.at >= since and f"{one.service}:{one.action}" not in names:
                yield ActionUse(one.service, one.action, 0, 0, one.at, (), every_call_named=False, allowed=one.allowed)


def _services_without_action(uses: list[ActionUse], accessed: LastAccessed, since: str) -> dict[str, str]:
    """Services that IAM saw used, of whose calls it names none: mostly calls for data."""
    named = {use.service for use in uses}
    return {
        f"{one.service}:*": f"IAM saw this service used on {one.at[:10]} and names no action: add by hand what it needs"
        for one in accessed.services
        if one.at and one.at >= since and one.service not in named
    }


def _statements(uses: list[ActionUse]) -> Iterator[tuple[dict[str, Any], str]]:
    """One for each action whose calls all named ARNs, and one for the other actions of each service."""
    wide: dict[str, list[ActionUse]] = {}
    for use in uses:
        if not use.every_call_named or not 0 < len(use.resources) <= MOST_RESOURCES:
            wide.setdefault(use.service, []).append(use)
            continue
        sid = "".join(letter for letter in use.name.title() if letter.isalnum())
        yield _statement(sid, [use], sorted(use.resources)), f"{_words(use)}, each time on these resources"
    for prefix, together in wide.items():
        sid = "".join(letter for letter in f"{prefix.title()}Used" if letter.isalnum())
        yield _statement(sid, together, ["*"]), "; ".join(map(_words, together))


def _statement(sid: str, uses: list[ActionUse], resources: list[str]) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": [use.name for use in uses], "Resource": resources}


def _words(use: ActionUse) -> str:
    last = f"last {(use.last or '')[:10]}"
    if not use.count:
        return f"{use.name}: tried as IAM tracks it, {last}"
    return f"{use.name}: {use.count} call{'s' * (use.count != 1)}, {last}"


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
