"""Which callers, and which roles, a policy set cannot tell apart: it decides alike for them.

Found by reading the policies (Cedar's JSON): a key holds everything of a caller, or of a role, that some policy can
look at. What is not understood counts as looking at everything, so a key is at worst too fine.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping

    from chalicelib.access.domain.policies import Policy
    from chalicelib.access.domain.rules import AccessRules
    from chalicelib.core.domain.callers import Caller
    from chalicelib.core.domain.roles import Role

PLAIN = frozenset({"account", "tier", "path"})
"""Attributes that are in every key; `name` and `id` are not."""

TAGGED = frozenset({"getTag", "hasTag"})


@dataclass(frozen=True, slots=True)
class Looks:
    """How policies look at one variable, `principal` or `resource`.

    `tags` and `names` are the names that they ask for; `whole` says that they
    look at all there is.
    """

    tags: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    whole: bool = False

    def __or__(self, other: Looks) -> Looks:
        """Both."""
        return Looks(self.tags | other.tags, self.names | other.names, self.whole or other.whole)


NOTHING = Looks()
WHOLE = Looks(whole=True)


@dataclass(frozen=True, slots=True)
class Likeness:
    """Keys under one policy set. `by_group` holds what policies look at for callers in a group only; None for all."""

    groups: frozenset[str]
    by_group: Mapping[str | None, Looks]
    at_role: Looks

    def caller(self, caller: Caller) -> Hashable:
        """Equal for two callers only if every policy decides alike for both."""
        seen = NOTHING
        for group in (None, *caller.groups):
            seen |= self.by_group.get(group, NOTHING)
        groups = tuple(sorted(self.groups.intersection(caller.groups)))
        tags, home = _tags(seen, caller.tags), _home(caller)
        if seen.whole:
            return caller.kind, caller.account, tuple(sorted(caller.groups)), tags, caller.name, caller.unique_id, home
        named = caller.name if caller.name in seen.names else ""
        return caller.kind, caller.account, groups, tags, named, caller.member, home

    def role(self, role: Role) -> Hashable:
        """Equal for two roles only if every policy, and the limit of the role itself, decides alike for both."""
        seen = self.at_role
        named = role.name if seen.whole or role.name in seen.names else ""
        return named, _home(role), role.account, role.path, role.tier, role.max_session_seconds, _tags(seen, role.tags)


def likeness(rules: AccessRules) -> Likeness:
    """The keys of a policy set."""
    policies = rules.policies.values()
    by_group: dict[str | None, Looks] = {}
    for policy in policies:
        by_group[policy.group] = by_group.get(policy.group, NOTHING) | _looks(policy, "principal")
    at_role = NOTHING
    for policy in policies:
        at_role |= _looks(policy, "resource")
    return Likeness(frozenset(_groups(policy.document for policy in policies)), by_group, at_role)


def _home(of: Role | Caller) -> Hashable:
    """The member account of the role or caller, with all that rules can look at."""
    home = of.home
    return home and (home.id, home.alias, home.ou_path, tuple(sorted(home.tags.items())))


def _tags(seen: Looks, tags: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    wanted = tags if seen.whole else seen.tags & tags.keys()
    return tuple(sorted((name, tags[name]) for name in wanted))


def _looks(policy: Policy, variable: str) -> Looks:
    document = policy.document
    found = _scope(document[variable])
    for condition in document["conditions"]:
        found |= _expression(condition["body"], {"Var": variable})
    return found


def _scope(scope: Mapping[str, Any]) -> Looks:
    """`== X` looks for one name; `in` a group, and `is` a type, are in every key."""
    named = _entities(scope)
    return Looks(names=frozenset(one["id"] for one in named if one["type"] != "Broker::Group"))


def _entities(scope: Mapping[str, Any]) -> list[Mapping[str, str]]:
    inner = scope.get("in") or {}
    found = [scope.get("entity"), inner.get("entity"), *scope.get("entities", ())]
    return [one for one in found if one]


def _expression(node: Any, variable: Mapping[str, str]) -> Looks:
    """Everything an expression looks at: the harmless forms first, then all inside it. The bare variable is all."""
    if node == variable:
        return WHOLE
    if isinstance(node, list):
        return _all(node, variable)
    if not isinstance(node, dict):
        return NOTHING
    if len(node) == 1:
        [(operator, operand)] = node.items()
        known = _known(operator, operand, variable)
        if known is not None:
            return known
    return _all(node.values(), variable)


def _all(nodes: Iterable[Any], variable: Mapping[str, str]) -> Looks:
    found = NOTHING
    for node in nodes:
        found |= _expression(node, variable)
    return found


def _known(operator: str, operand: Any, variable: Mapping[str, str]) -> Looks | None:
    """A form that looks at one thing of the variable, or None."""
    if not isinstance(operand, dict):
        return None
    if operator in {"==", "!="}:
        return _comparison(operand, variable)
    if operand.get("left") != variable:
        return None
    if operator in TAGGED:
        name = operand["right"].get("Value")
        return Looks(tags=frozenset({name})) if isinstance(name, str) else None
    harmless = (
        (operator == "." and operand["attr"] in PLAIN)
        or (operator == "in" and _is_group(operand["right"]))
        or (operator == "is" and "in" not in operand)
    )
    return NOTHING if harmless else None


def _comparison(operand: Mapping[str, Any], variable: Mapping[str, str]) -> Looks | None:
    """`principal.name == "x"` and `principal == Broker::User::"x"`, either way round, look for that name."""
    for one, other in ((operand["left"], operand["right"]), (operand["right"], operand["left"])):
        value = other.get("Value") if isinstance(other, dict) else None
        if one == {".": {"left": variable, "attr": "name"}} and isinstance(value, str):
            return Looks(names=frozenset({value}))
        if one == variable and isinstance(value, dict) and "__entity" in value:
            return Looks(names=frozenset({value["__entity"]["id"]}))
    return None


def _is_group(node: Any) -> bool:
    values = node.get("Set", [node]) if isinstance(node, dict) else []
    entities = [one.get("Value", {}) if isinstance(one, dict) else {} for one in values]
    return bool(entities) and all(
        isinstance(one, dict) and one.get("__entity", {}).get("type") == "Broker::Group" for one in entities
    )


def _groups(node: Any) -> Iterable[str]:
    """Every group that a policy names anywhere."""
    if isinstance(node, dict):
        if node.get("type") == "Broker::Group" and isinstance(node.get("id"), str):
            yield node["id"]
        for inner in node.values():
            yield from _groups(inner)
    elif not isinstance(node, str) and hasattr(node, "__iter__"):
        for inner in node:
            yield from _groups(inner)
