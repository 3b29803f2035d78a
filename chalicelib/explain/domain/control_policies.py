"""The layer of service control policies: what the organisation lets the member account, and the broker's, do at all.

An operation is open if a policy of every level allows it and none denies it
(Organizations user guide, "SCP evaluation"). AssumeRole is a call of the
broker's account, so the policies of that account decide about it; what the
session does then is decided by those of the member account. Conditions are
reported, not judged.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from chalicelib.core.domain.iam_patterns import read_statements
from chalicelib.explain.domain.layers import Layer
from chalicelib.explain.domain.trust_evaluation import ASSUMING, like

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chalicelib.core.domain.iam_patterns import Statement

NAME = "service_control_policies"
CHANGE = "Ask the administrators of the organisation: no account and no role can allow it."
READ_BY = "The broker may read them in the management account, or where that account delegates it (docs/accounts.md)."


@dataclass(frozen=True, slots=True)
class ControlPolicies:
    """The policies that bind one account. `levels` goes from it to the root; `unread` is why they are unknown."""

    account: str
    levels: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    exempt: bool = False
    unread: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """One call under the policies of its account; `resource` is "" where only the caller will know it."""

    action: str
    policies: ControlPolicies
    resource: str = ""


def layer(member: ControlPolicies, hub: ControlPolicies, role_arn: str, operation: str) -> Layer:
    """One verdict: the first call that is denied, else the first that is not known, else open."""
    calls = [Call(action, hub, role_arn) for action in ASSUMING]
    if operation:
        calls.append(Call(operation, member))
    found = [_judged(call) for call in calls]
    for verdict in ("closed", "not_checked"):
        if decisive := next((one for one in found if one.verdict == verdict), None):
            return decisive
    return found[-1] if operation or member.exempt else _of_no_operation(member)


def _of_no_operation(member: ControlPolicies) -> Layer:
    if member.unread:
        return _unread(member)
    names = sorted({name for _, documents in member.levels for name in documents})
    bind = f"{', '.join(names)} bind account {member.account}" if names else f"No policy binds account {member.account}"
    return _unknown(f"{bind}. Name an operation, such as ec2:RunInstances, to check it.")


def _judged(call: Call) -> Layer:
    policies = call.policies
    if policies.exempt:
        none = f"No policy binds {policies.account}: it manages the organisation."
        return Layer(NAME, "open", "management account", none)
    if policies.unread:
        return _unread(policies)
    levels = [(target, list(_speaking(call, documents))) for target, documents in policies.levels]
    spoken = [one for _, statements in levels for one in statements]
    for policy, statement in spoken:
        if statement.denies_everywhere(call.action):
            place = f"{policy}, {statement.place}"
            return Layer(NAME, "closed", place, f"{place} denies {call.action} in account {policies.account}.", CHANGE)
    for target, statements in levels:
        if not any(statement.effect == "Allow" for _, statement in statements):
            return Layer(NAME, "closed", target, f"No policy of {target} allows {call.action}.", CHANGE)
    depends = ", ".join(f"{policy}, {one.place}" for policy, one in spoken if one.effect == "Deny")
    if depends:
        return _unknown(f"{depends} may deny {call.action}: it depends on the resource or on conditions.")
    return Layer(NAME, "open", "every level", f"The policies of account {policies.account} allow {call.action}.")


def _speaking(call: Call, documents: Mapping[str, Any]) -> Iterator[tuple[str, Statement]]:
    """The statements about this call. If its resource is known, those that cover it count as if they covered all."""
    for policy, document in sorted(documents.items()):
        for statement in read_statements(policy, document):
            if statement.covers(call.action) is None:
                continue
            if not call.resource or statement.resources is None:
                yield policy, statement
            elif any(like(call.resource, pattern) for pattern in statement.resources):
                yield policy, replace(statement, resources=("*",))


def _unread(policies: ControlPolicies) -> Layer:
    return _unknown(f"Unknown for account {policies.account}: {policies.unread}. {READ_BY}")


def _unknown(detail: str) -> Layer:
    return Layer(NAME, "not_checked", "", detail)
