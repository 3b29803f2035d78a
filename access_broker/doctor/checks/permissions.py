"""Permissions as they are against the template: functions, boundaries and guards."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from access_broker.doctor.model import Finding, NotHere, check, none_of

if TYPE_CHECKING:
    from collections.abc import Mapping

TOPIC = "Permissions"
UNDO = (
    "find out who changed it (CloudTrail: PutRolePolicy, CreatePolicyVersion, AttachRolePolicy), then "
    "revert the drift (docs/doctor.md)"
)


@dataclass(frozen=True, slots=True)
class FunctionRole:
    """A function's role: its inline policies as they are and as the template has them, further policies, and trust."""

    policies: Mapping[str, Any]
    wanted: Mapping[str, Any]
    attached: tuple[str, ...] = ()
    wanted_attached: tuple[str, ...] = ()
    trusted: tuple[str, ...] = ("lambda.amazonaws.com",)


@dataclass(frozen=True, slots=True)
class ManagedPolicy:
    """A boundary or guard: its default version's document, None where it is gone, and the template's."""

    document: Any
    wanted: Any


@dataclass(frozen=True, slots=True)
class Reviewed:
    """Policies of the deployed template that differ from this checkout's files; `checkout` False: there is none."""

    checkout: bool
    differing: tuple[str, ...] = ()
    compared: int = 0


@dataclass(frozen=True, slots=True)
class Invokers:
    """Functions by name: principals that their resource policies let in beside this account's own API and rules."""

    strangers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@check(
    "function-policies",
    topic=TOPIC,
    fact="function_roles",
    asks="each function's role has the template's permissions, and no others",
    why="each function may do only what its policy file says: a change by hand widens or breaks it",
    do=UNDO,
)
def function_policies(roles: Mapping[str, FunctionRole]) -> Finding:
    """Inline and attached policies of the functions' roles."""
    wrong = [name for name, role in roles.items() if role.policies != role.wanted]
    wrong += [f"{name} (attached policies)" for name, role in roles.items() if _more_attached(role)]
    return none_of(wrong, "other than the template", f"{len(roles)} roles")


def _more_attached(role: FunctionRole) -> bool:
    return sorted(role.attached) != sorted(role.wanted_attached)


@check(
    "function-trust",
    topic=TOPIC,
    fact="function_roles",
    asks="only Lambda may assume the functions' roles",
    why="a person who may assume the API function's role may take every brokered role without a record",
    do="restore the trust policy: aws iam update-assume-role-policy with the principal lambda.amazonaws.com alone",
)
def function_trust(roles: Mapping[str, FunctionRole]) -> Finding:
    """The principals in their trust policies."""
    wrong = [f"{name} ({', '.join(role.trusted)})" for name, role in roles.items() if not _only_lambda(role.trusted)]
    return none_of(wrong, "trusting others", f"{len(roles)} roles")


def _only_lambda(trusted: tuple[str, ...]) -> bool:
    return all(one.startswith("lambda.") for one in trusted)


@check(
    "boundaries",
    topic=TOPIC,
    fact="managed_policies",
    asks="boundaries and guards are the template's",
    why="they are what keeps every brokered role from climbing: one changed line opens a way for all of them",
    do=UNDO,
)
def boundaries(policies: Mapping[str, ManagedPolicy]) -> Finding:
    """The default version of each managed policy of the stack."""
    wrong = [f"{name} (gone)" for name, one in policies.items() if one.document is None]
    wrong += [name for name, one in policies.items() if one.document is not None and one.document != one.wanted]
    return none_of(wrong, "other than the template", f"{len(policies)} policies")


@check(
    "reviewed-policies",
    topic=TOPIC,
    fact="reviewed",
    asks="the deployed template's policies are those of this checkout",
    why="the files in policies/ are reviewed; a template from elsewhere is not",
    do="check out the version that is deployed, or make package and make deploy from this one",
)
def reviewed_policies(reviewed: Reviewed) -> Finding:
    """policies/lambda, boundary, boundaries and guards against the stack's template."""
    if not reviewed.checkout:
        raise NotHere("run it in a checkout of the repository to compare with policies/")
    return none_of(reviewed.differing, "other than the files", f"{reviewed.compared} policies")


@check(
    "function-invokers",
    topic=TOPIC,
    fact="invokers",
    asks="the functions' resource policies let in the API and the stack's rules only",
    why="a direct invocation chooses its own caller: the request context is the identity",
    do="aws lambda remove-permission --function-name NAME --statement-id SID",
)
def function_invokers(invokers: Invokers) -> Finding:
    """GetPolicy of each function."""
    wrong = [f"{name} ({', '.join(who)})" for name, who in invokers.strangers.items() if who]
    return none_of(wrong, "open to others", f"{len(invokers.strangers)} functions")
