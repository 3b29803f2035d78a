"""Terms that parse but cannot work: durations out of range, and terms that no rule for this action reads."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from chalicelib.access.domain.terms import TERMS
from chalicelib.approvals.domain.grants import LONGEST_GRANT, SHORTEST_GRANT
from chalicelib.core.domain.roles import MAX_CHAINED_SECONDS, SHORTEST_SESSION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chalicelib.access.domain.policies import Policy

SESSIONS = (SHORTEST_SESSION, timedelta(seconds=MAX_CHAINED_SECONDS))
GRANTS = (SHORTEST_GRANT, LONGEST_GRANT)
"""A second into a grant of 900 s no session is short enough for what is left of it: 30 minutes leave a quarter of an
hour to begin one. POST /v1/requests takes no longer ones, and the broker reads no grants from so far back
(chalicelib/approvals/domain/grants.py)."""

TAKING = frozenset({"TakeCredentials", "OpenConsole", "RequestAccess"})
DECIDING = frozenset({"Approve", "ReviewBreakGlass"})
REASONED = TAKING | DECIDING | {"AskForOthers", "BreakGlass", "Revoke"}
READ_FOR = {
    "approvals": TAKING,
    "reason": REASONED,
    "mfa": REASONED | {"ExplainOthers", "Provision", "ReadAudit"},
}
"""The actions for which the broker reads a term. On any other action the term has no effect."""


def unkeepable_terms(policy: Policy) -> Iterator[tuple[str, str]]:
    """Each term that can never work: the annotation's name, and what to write instead."""
    stated = TERMS & _annotations(policy).keys()
    if policy.effect == "forbid":
        yield from ((name, "a forbid has no terms; take it away, or write a permit") for name in sorted(stated))
        return
    yield from _durations(policy)
    if policy.terms.grant is not None and not policy.terms.approvals:
        yield "grant", "only approvals yield a grant; add @approvals, or take it away"
    for name, actions in READ_FOR.items():
        if name in stated and not (policy.actions and policy.actions <= actions):
            yield name, f"it works for {', '.join(sorted(actions))} only; name these as the rule's actions"


def _durations(policy: Policy) -> Iterator[tuple[str, str]]:
    terms = policy.terms
    for name, given, (least, most) in (("max_duration", terms.max_duration, SESSIONS), ("grant", terms.grant, GRANTS)):
        if given is not None and not least <= given <= most:
            yield name, f"from {_duration_text(least)} to {_duration_text(most)}, not {_annotations(policy)[name]}"


def _duration_text(time: timedelta) -> str:
    return f"{time.days}d" if time.days else f"{time.seconds // 60}m"


def _annotations(policy: Policy) -> dict[str, str]:
    return dict(policy.document.get("annotations") or {})
