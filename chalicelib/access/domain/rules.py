"""The decision: which Cedar policies open which doors for a caller.

This is the method that decides: `AccessRules.evaluate`. `rule_files` loads the
rules; `cedar_documents` says an ask in Cedar's JSON. Language and semantics:
docs.cedarpolicy.com.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import cedarpy

from chalicelib.access.domain.cedar_documents import address, entities_document, request_document, uid
from chalicelib.access.domain.policies import reads_by_group
from chalicelib.core.domain.roles import MAX_CHAINED_SECONDS, Role

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from chalicelib.access.domain.policies import Policy
    from chalicelib.access.domain.terms import Terms
    from chalicelib.core.domain.callers import Caller
    from chalicelib.core.domain.events import Origin

Key = TypeVar("Key")
Value = TypeVar("Value")

POLICIES_KEPT = 8192
"""Parsed policies kept per container, in sets of one role and action each (2 to 9 kB a policy)."""

ENTITIES_KEPT = 1024
"""Parsed entities kept per container, one for each caller and role that met (about 2 kB each)."""

ADDRESSES_KEPT = 1024


@dataclass(frozen=True, slots=True)
class Ask:
    """A question to the rules: an action of the schema, by a caller, on a role, in a context.

    `WHOLE_BROKER` as the role asks about the deployment itself, the schema's
    `Broker::System` (reading the audit log, making users, explaining others).
    Rules see `duration_seconds` as asked, or the longest there is; only a
    duration that was given is refused for being too long, others are cut.
    `mfa` says that API Gateway saw the caller's second factor, `via` through
    what they came, if not through the API.
    """

    action: str
    caller: Caller
    role: Role
    at: datetime
    source_ip: str = ""
    duration_seconds: int = MAX_CHAINED_SECONDS
    duration_given: bool = False
    reason_given: bool = False
    session_policy_given: bool = False
    session_tags: tuple[str, ...] = ()
    mfa: bool = False
    via: str = ""

    @classmethod
    def of(cls, action: str, origin: Origin, role: Role, at: datetime, **more: Any) -> Ask:
        """The ask of an origin: caller, address, second factor and way in are the origin's."""
        return cls(action, origin.caller, role, at, origin.source_ip, mfa=origin.mfa, via=origin.via, **more)

    def on(self, action: str) -> Ask:
        """The same ask for another action."""
        return replace(self, action=action)


@dataclass(frozen=True, slots=True)
class Door:
    """One matching `permit` and the terms it opens on."""

    policy: str
    terms: Terms


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer of the policies: doors are empty unless something permits and nothing forbids."""

    doors: tuple[Door, ...] = ()
    forbidden_by: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()


class _Slice(NamedTuple):
    """The policies that can match, parsed; and what of the context they read, by the group they are for."""

    policies: cedarpy.PolicySet
    reads: Mapping[str | None, frozenset[str]]

    def reads_for(self, groups: Iterable[str]) -> frozenset[str]:
        """The members of the context that can decide for callers in these groups.

        Cedar looks at the conditions of a policy only where its scope matches.
        """
        return frozenset().union(*(self.reads.get(group, ()) for group in (None, *groups)))


@dataclass(frozen=True)
class AccessRules:
    """A parsed policy set, selected by role and action before evaluation.

    A policy whose scope says `resource == Broker::Role::"x"` is evaluated for
    x only, so ten thousand of them cost what ten do; one whose scope names
    actions, for these only. `digest` names the set in every audit event and
    in GET /health. `caller_tags` are the tags that events keep of a caller
    (domain.admission, Evidence): None keeps all.
    """

    digest: str
    policies: Mapping[str, Policy]
    general: tuple[str, ...]
    by_role: Mapping[str, tuple[str, ...]]
    caller_tags: frozenset[str] | None = None
    _sets: dict[tuple[str, str], _Slice] = field(default_factory=dict, repr=False)
    _entities: dict[tuple[str, str], tuple[Caller, Role, cedarpy.Entities]] = field(default_factory=dict, repr=False)

    def evaluate(self, ask: Ask) -> Verdict:
        """Evaluate `ask`. Default deny; `forbid` wins; an error in any policy refuses.

        A permit that names no callers of member accounts was written for the broker's own: it opens nothing to others.
        """
        try:
            entities = self._parsed(ask)
        except ValueError as error:
            return Verdict(errors=(str(error),))
        if unreadable := address_problems(ask.source_ip):
            return Verdict(errors=unreadable)
        kept = self._slice(ask)
        request = request_document(ask, kept.reads_for(ask.caller.groups))
        result = cedarpy.is_authorized(request, kept.policies, entities)
        matched = tuple(sorted(result.diagnostics.reasons))
        if result.diagnostics.errors:
            return Verdict(errors=tuple(result.diagnostics.errors))
        if not result.allowed:
            return Verdict(forbidden_by=matched)
        permits = (self.policies[name] for name in matched)
        return Verdict(
            doors=tuple(Door(one.id, one.terms) for one in permits if one.for_members or not ask.caller.member)
        )

    def candidates(self, role_name: str) -> tuple[Policy, ...]:
        """The policies that can say anything about this role, in order of id."""
        names = (*self.general, *self.by_role.get(role_name, ()))
        return tuple(self.policies[name] for name in sorted(names))

    def _slice(self, ask: Ask) -> _Slice:
        """A policy whose scope excludes the ask neither matches nor fails: leaving it out changes no verdict."""
        role_name = ask.role.name if ask.role.name in self.by_role else ""
        key = (role_name, ask.action)
        kept = self._sets.get(key)
        if kept is None:
            candidates = self.candidates(role_name)
            selected = tuple(one for one in candidates if one.actions is None or ask.action in one.actions)
            kept = _Slice(policy_set(selected), reads_by_group(selected))
            _keep(self._sets, key, kept, POLICIES_KEPT // max(1, len(selected)))
        return kept

    def _parsed(self, ask: Ask) -> cedarpy.Entities:
        """The entities of an ask; kept ones only while caller and role are equal to theirs in every field."""
        key = (ask.caller.unique_id, ask.role.name)
        kept = self._entities.get(key)
        if kept and (ask.caller, ask.role) == kept[:2]:
            return kept[2]
        entities = cedarpy.Entities.from_json_str(entities_document(ask))
        _keep(self._entities, key, (ask.caller, ask.role, entities), ENTITIES_KEPT)
        return entities


def _keep(kept: dict[Key, Value], key: Key, value: Value, at_most: int) -> None:
    """Remember a value; the oldest leave first. Threads may come between: nothing here relies on what was there."""
    for oldest in list(kept)[: max(0, len(kept) - max(0, at_most - 1))]:
        kept.pop(oldest, None)
    kept[key] = value


def policy_set(policies: tuple[Policy, ...]) -> cedarpy.PolicySet:
    """A Cedar policy set whose policy ids are our own `@id`s."""
    static = {policy.id: policy.document for policy in policies}
    return cedarpy.PolicySet.from_json_str(
        json.dumps({"staticPolicies": static, "templates": {}, "templateLinks": []}),
    )


@lru_cache(ADDRESSES_KEPT)
def address_problems(source_ip: str) -> tuple[str, ...]:
    """Cedar's complaints about an address: one it cannot read is refused, whether or not a rule asks for it.

    API Gateway's own test calls come from `test-invoke-source-ip`.
    """
    no_one, context = uid("Broker::User", ""), json.dumps({"source_ip": address(source_ip)})
    request = {"principal": no_one, "action": uid("Broker::Action", ""), "resource": no_one, "context": context}
    return tuple(cedarpy.is_authorized(request, policy_set(()), "[]").diagnostics.errors)
