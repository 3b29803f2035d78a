"""Access rules that evaluate once for all asks that no rule can tell apart."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chalicelib.access.domain.policies import WHOLE_CONTEXT, reads_by_group
from chalicelib.access.domain.rules import AccessRules, address_problems
from chalicelib.insight.domain.likeness import likeness

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from chalicelib.access.domain.policies import Policy
    from chalicelib.access.domain.rules import Ask, Verdict
    from chalicelib.core.domain.callers import Caller
    from chalicelib.insight.domain.likeness import Likeness

KEPT = 100_000
"""Verdicts that are remembered; some 50 MB."""

CONTEXT = ("at", "source_ip", "duration_seconds", "reason_given", "session_policy_given", "session_tags", "mfa", "via")


@dataclass(frozen=True)
class AlikeRules(AccessRules):
    """The same verdicts as `inner`. It names no nearest rule: that is told to one caller, and differs between them."""

    inner: AccessRules = field(kw_only=True)
    likeness: Likeness = field(kw_only=True)
    reads: Mapping[str | None, frozenset[str]] = field(kw_only=True)
    _known: dict[Hashable, Verdict] = field(default_factory=dict, repr=False)
    _read_by: dict[tuple[str, ...], tuple[str, ...]] = field(default_factory=dict, repr=False)

    def evaluate(self, ask: Ask) -> Verdict:
        """As `inner` evaluates this ask, or one that is alike."""
        key = self._key(ask)
        known = self._known.get(key)
        if known is None:
            known = self.inner.evaluate(ask)
            if len(self._known) >= KEPT:
                self._known.clear()
            self._known[key] = known
        return known

    def candidates(self, role_name: str) -> tuple[Policy, ...]:  # noqa: ARG002  as inherited
        """None: the nearest rule is looked for among them."""
        return ()

    def _key(self, ask: Ask) -> Hashable:
        who, role = self.likeness.caller(ask.caller), self.likeness.role(ask.role)
        context: tuple[Any, ...] = tuple(getattr(ask, name) for name in self._read(ask.caller))
        return ask.action, who, role, context, address_problems(ask.source_ip)

    def _read(self, caller: Caller) -> tuple[str, ...]:
        """The members of the context that a rule for this caller may read."""
        found = self._read_by.get(caller.groups)
        if found is None:
            reads = frozenset().union(*(self.reads.get(group, ()) for group in (None, *caller.groups)))
            found = CONTEXT if not reads.isdisjoint(WHOLE_CONTEXT) else tuple(name for name in CONTEXT if name in reads)
            self._read_by[caller.groups] = found
        return found


def alike(rules: AccessRules) -> AlikeRules:
    """The rules, read once for what they look at."""
    return AlikeRules(
        digest=rules.digest,
        policies=rules.policies,
        general=rules.general,
        by_role=rules.by_role,
        caller_tags=rules.caller_tags,
        inner=rules,
        likeness=likeness(rules),
        reads=reads_by_group(rules.policies.values()),
    )
