"""One access policy, in Cedar's JSON: whom its scope is limited to, what it reads, the terms it gives.

Shape of the JSON: docs.cedarpolicy.com/policies/json-format.html.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

from chalicelib.access.domain.terms import Terms, terms_from_annotations

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

CONTEXT = {"Var": "context"}
RESOURCE = {"Var": "resource"}
WHOLE_CONTEXT = frozenset({"*"})
"""Stands for the whole context, as a policy reads it that takes the context as a value. It is no identifier of
Cedar's, so no member has this name."""


@dataclass(frozen=True, slots=True)
class Policy:
    """One policy as Cedar's JSON, with what the broker reads from it.

    `group`, `role` and `actions` are what its scope is limited to, and None where that is everything.
    `for_members` says that its scope names callers of member accounts: them, their group, account or unit.
    """

    id: str
    effect: str
    group: str | None
    role: str | None
    actions: frozenset[str] | None
    terms: Terms
    document: Mapping[str, Any]
    for_members: bool = False

    def reads(self) -> frozenset[str]:
        """The members of the context that its conditions read."""
        return frozenset(_reads(self.document["conditions"]))


def policy_from_json(document: Mapping[str, Any]) -> Policy:
    """Read one policy; ValueError says what is wrong with it."""
    annotations = document.get("annotations") or {}
    policy_id = annotations.get("id")
    if not policy_id:
        raise ValueError('a policy has no @id("…"); every policy needs a unique one')
    try:
        terms = terms_from_annotations(annotations)
    except ValueError as error:
        raise ValueError(f"policy {policy_id}: {error}") from error
    group = _only(document["principal"], "in", "Broker::Group")
    role = _only(document["resource"], "==", "Broker::Role")
    actions, members = _only_actions(document["action"]), _names_members(document["principal"])
    return Policy(policy_id, document["effect"], group, role, actions, terms, document, members)


def reads_by_group(policies: Iterable[Policy]) -> dict[str | None, frozenset[str]]:
    """The members of the context that policies read, by the group they are for; None for policies without a group."""
    reads: dict[str | None, frozenset[str]] = {}
    for policy in policies:
        reads[policy.group] = reads.get(policy.group, frozenset()) | policy.reads()
    return reads


def _only(scope: Mapping[str, Any], operator: str, kind: str) -> str | None:
    """The entity of that kind a scope is limited to, as by `principal in Broker::Group::"…"`, else None."""
    entity = scope.get("entity") or {}
    if scope.get("op") != operator or entity.get("type") != kind:
        return None
    return str(entity["id"])


def _names_members(scope: Mapping[str, Any]) -> bool:
    """True if it names an account or unit, or a group or session of one: only their names have a colon."""
    entity = scope.get("entity") or scope.get("in", {}).get("entity") or {}
    return entity.get("type") in {"Broker::Account", "Broker::OrganizationalUnit"} or ":" in entity.get("id", "")


def _only_actions(scope: Mapping[str, Any]) -> frozenset[str] | None:
    """The actions a policy's scope names by `==` or `in`, else None. The schema has no groups of actions."""
    if scope.get("op") not in {"==", "in"}:
        return None
    named = scope["entities"] if "entities" in scope else [scope["entity"]]
    return frozenset(str(entity["id"]) for entity in named)


def _reads(expression: Any) -> Iterator[str]:
    """The names in `context.NAME` and `context has NAME`, at every depth; `WHOLE_CONTEXT` for `context` by itself."""
    if expression == CONTEXT:
        yield from WHOLE_CONTEXT
    elif isinstance(expression, list):
        yield from chain.from_iterable(map(_reads, expression))
    elif isinstance(expression, dict):
        for operator, operand in expression.items():
            if operator in {".", "has"} and operand.get("left") == CONTEXT:
                yield operand["attr"]
            else:
                yield from _reads(operand)


def tags_read(conditions: Iterable[Any]) -> frozenset[str] | None:
    """The names in `getTag` and `hasTag` of the caller, in Cedar's JSON; None where one is computed.

    All that is not plainly `resource` counts as the caller.
    """
    names = frozenset().union(*(_named(expression) for expression in conditions))
    return None if None in names else frozenset(name for name in names if name is not None)


def _named(expression: Any) -> frozenset[str | None]:
    if isinstance(expression, list):
        return frozenset().union(*map(_named, expression))
    if not isinstance(expression, dict):
        return frozenset()
    found: frozenset[str | None] = frozenset()
    for operator, operand in expression.items():
        if operator in {"getTag", "hasTag"} and operand["left"] != RESOURCE:
            name = operand["right"].get("Value") if isinstance(operand["right"], dict) else None
            found |= {name if isinstance(name, str) else None}
        found |= _named(operand)
    return found
