"""Classes of AWS actions, and what a role template may carry of each.

The rule. An inline policy or a customer managed one is refused if it names an
action that changes permissions, acts as another role, or is unknown to AWS's
service authorization data. What a wildcard covers, or a policy of AWS's own
names, is not refused: the guard policy on the role denies it, and the plan
says so, as it does for actions that the tier's boundary denies. Data:
policies/service-authorization.json, policies/reviewed-actions.json.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chalicelib.core.domain.iam_patterns import matches, read_statements
from chalicelib.provisioning.domain.templates import UnsafeTemplate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chalicelib.core.domain.iam_patterns import Statement

AWS_OWN = ":iam::aws:policy/"
NAMED_IN_FULL = 5
"""Actions that a warning names; the others are counted."""

CHANGES_PERMISSIONS = "changes permissions (AWS's access level)"


@dataclass(frozen=True, slots=True)
class ActionClasses:
    """Actions as `service:Name` with the reason why a template may not name them.

    `known` maps the lower-case spelling of every action to AWS's own. The
    guard denies `guarded` always, the boundary `bounded` always, `on_instances` on an instance that has a
    role, `unless_for_an_aws_service` except where an AWS service asks.
    """

    known: Mapping[str, str]
    guarded: Mapping[str, str]
    on_instances: Mapping[str, str]
    unless_for_an_aws_service: Mapping[str, str]
    bounded: tuple[str, ...] = ()

    @property
    def refused(self) -> Mapping[str, str]:
        """Every action that a template may not name."""
        return {**self.guarded, **self.on_instances, **self.unless_for_an_aws_service}

    def check(self, documents: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
        """Warnings of what the guard denies; UnsafeTemplate, by policy, for actions that are refused."""
        wrong = {name: words for name, document in documents.items() if (words := self._refusals(name, document))}
        if wrong:
            first = next(iter(wrong.values())).partition(";")[0]
            raise UnsafeTemplate(f"The policies name actions that no brokered role may have: {first}.", wrong)
        return tuple(warning for name, document in documents.items() for warning in self._warnings(name, document))

    def refusal(self, action: str) -> str:
        """Why a policy may not name this action, in any letter case; empty if it may."""
        spelled = self.known.get(action.lower())
        if spelled is None:
            return f"{action} is unknown: check its spelling, or renew policies/service-authorization.json"
        reason = self.refused.get(spelled)
        return f"{spelled}: {reason}" if reason else ""

    def _refusals(self, name: str, document: Mapping[str, Any]) -> str:
        if _of_aws(name):
            return ""
        named = {action for statement in _allows(name, document) for action in statement.actions if _literal(action)}
        return "; ".join(words for action in sorted(named) if (words := self.refusal(action)))

    def _warnings(self, name: str, document: Mapping[str, Any]) -> Iterator[str]:
        allows = list(_allows(name, document))
        for denying, actions in (("guard policy", self.refused), ("permissions boundary", self.bounded)):
            denied = [action for action in actions if any(statement.allows(action) for statement in allows)]
            if denied:
                more = f" and {len(denied) - NAMED_IN_FULL} more" if len(denied) > NAMED_IN_FULL else ""
                yield f"{name}: the {denying} denies {', '.join(denied[:NAMED_IN_FULL])}{more}"
        if not _of_aws(name):
            patterns = {action for statement in allows for action in statement.actions if not _literal(action)}
            idle = sorted(pattern for pattern in patterns if not any(matches(pattern, action) for action in self.known))
            yield from (f"{name}: {pattern} covers no action that AWS has" for pattern in idle)


def load_classes(authorization: str, reviewed: str) -> ActionClasses:
    """The classes in files like policies/service-authorization.json and policies/reviewed-actions.json."""
    services, lists = json.loads(authorization)["actions"], json.loads(reviewed)
    names = [
        f"{service}:{name}" for service, kinds in services.items() for text in kinds.values() for name in text.split()
    ]
    harmless, circumstances = lists["harmless_permissions_management"], _circumstances(lists)
    changing = [
        f"{service}:{name}" for service, kinds in services.items() for name in kinds.get("permissions", "").split()
    ]
    permissions = {one: CHANGES_PERMISSIONS for one in changing if one not in harmless and one not in circumstances}
    return ActionClasses(
        known={name.lower(): name for name in names},
        guarded={**permissions, **lists["act_as_another_role"]},
        on_instances=lists["act_as_the_role_of_an_instance"],
        unless_for_an_aws_service=lists["unless_for_an_aws_service"],
    )


def denied_everywhere(boundary: Mapping[str, Any], known: Mapping[str, str]) -> tuple[str, ...]:
    """The known actions that a boundary denies on every resource, without a condition."""
    by_service: defaultdict[str, list[str]] = defaultdict(list)
    for action in known.values():
        by_service[action.partition(":")[0]].append(action)
    patterns = [
        pattern
        for statement in read_statements("boundary", boundary)
        if statement.effect == "Deny" and not statement.conditional and statement.resources == ("*",)
        for pattern in statement.actions
    ]
    denied = (
        action for one in patterns for action in by_service[one.partition(":")[0].lower()] if matches(one, action)
    )
    return tuple(sorted(set(denied)))


def _circumstances(lists: Mapping[str, Mapping[str, str]]) -> set[str]:
    return {*lists["act_as_the_role_of_an_instance"], *lists["unless_for_an_aws_service"]}


def _allows(name: str, document: Mapping[str, Any]) -> Iterator[Statement]:
    return (statement for statement in read_statements(name, document) if statement.effect == "Allow")


def _literal(action: str) -> bool:
    return not {"*", "?"} & set(action)


def _of_aws(policy: str) -> bool:
    """AWS's own managed policies are named in a template, or given by ARN."""
    return AWS_OWN in policy if policy.startswith("arn:") else policy != "inline_policy"
