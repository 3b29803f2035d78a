"""The decision as a whole: through which door, for how long, or why not.

`decide` is what every service calls; `AccessRules.decide` is Cedar's part in it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chalicelib.access.domain.terms import longest_seconds, unmet
from chalicelib.core.domain.errors import (
    ApprovalRequired,
    InvalidRequest,
    MfaRequired,
    NoSuchRole,
    ReasonRequired,
    Refused,
)
from chalicelib.core.domain.roles import MAX_CHAINED_SECONDS, WHOLE_BROKER
from chalicelib.core.domain.times import rfc3339

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from chalicelib.access.domain.rules import AccessRules, Ask, Door, Verdict
    from chalicelib.access.domain.terms import Term
    from chalicelib.core.domain.errors import BrokerError
    from chalicelib.core.domain.roles import Account

TAKING = ("TakeCredentials", "OpenConsole")

ALLOWED = "allowed"
"""The outcome of a decision for the caller; every other outcome is the code of the refusal."""

MAX_CHARACTERS = 16_000
"""The longest evidence, as the event writes it: the usual one has 500. IAM's own limits would allow 200,000."""


@dataclass(frozen=True, slots=True)
class Admission:
    """The door taken and the longest session it gives, in seconds."""

    door: Door
    max_seconds: int


@dataclass(slots=True)
class Evidence:
    """Filled in while one request is decided. There is none before the rules have spoken.

    `grants` are the approvals and the reason behind each grant that covered the
    moment; None where the decision had no need to read them. `start` is when
    requested access is to begin, and `for_other` says that it is for another person.
    """

    ask: Ask | None = None
    outcome: str = ""
    door: Door | None = None
    grants: tuple[tuple[int, bool], ...] | None = None
    start: datetime | None = None
    for_other: bool = False

    def refused_by(self, refusal: BrokerError) -> None:
        """The rules said no."""
        self.outcome = refusal.code

    def allowed_by(self, door: Door) -> None:
        """The rules said yes."""
        self.outcome, self.door = ALLOWED, door

    def told(self, rules: AccessRules) -> Mapping[str, Any]:
        """The event's member `decision`; empty where the rules decided nothing."""
        ask = self.ask
        if ask is None or not self.outcome:
            return {}
        document = {"action": ask.action, "outcome": self.outcome, **_asked(ask), **self._found()}
        document |= {"caller": _caller(ask, rules.caller_tags), "role": _role(ask)}
        if len(json.dumps(document)) > MAX_CHARACTERS:
            return {"action": ask.action, "outcome": self.outcome, "cut": True}
        return document

    def _found(self) -> dict[str, Any]:
        found: dict[str, Any] = {"for_other": True} if self.for_other else {}
        if self.door:
            found["terms"] = told_terms(self.door)
        if self.grants is not None:
            found["grants"] = [{"approvals": count, "reason": reason} for count, reason in self.grants]
        return {**found, "start": rfc3339(self.start)} if self.start else found


def _asked(ask: Ask) -> dict[str, Any]:
    return {
        "at": rfc3339(ask.at),
        "source_ip": ask.source_ip,
        "mfa": ask.mfa,
        "via": ask.via,
        "duration_seconds": ask.duration_seconds,
        "duration_given": ask.duration_given,
        "reason_given": ask.reason_given,
        "session_policy_given": ask.session_policy_given,
        "session_tags": list(ask.session_tags),
    }


def _caller(ask: Ask, read: frozenset[str] | None) -> dict[str, Any]:
    """Groups, and the tags that the rules read, None where the caller has none of that name.

    `all_tags` says that the caller has no other tag: rules with a computed tag name may read any.
    """
    caller = ask.caller
    tags = dict(caller.tags) if read is None else {name: caller.tags.get(name) for name in sorted(read)}
    told = {"account": caller.account, "groups": list(caller.groups), "tags": tags, "all_tags": read is None}
    return told | _home(caller.home)


def _home(home: Account | None) -> dict[str, Any]:
    """The member account, as `home`, with what rules read of it; nothing where there is none."""
    if home is None:
        return {}
    return {"home": {"id": home.id, "alias": home.alias, "ou_path": home.ou_path, "tags": dict(home.tags)}}


def _role(ask: Ask) -> dict[str, Any]:
    """The role; `home` is the member account it is in."""
    role = ask.role
    return {
        **_home(role.home),
        "arn": role.arn,
        "tier": role.tier,
        "max_session_seconds": role.max_session_seconds,
        "tags": dict(role.tags),
    }


def told_terms(door: Door) -> dict[str, Any]:
    """The terms that applied, durations in seconds."""
    terms = door.terms
    told: dict[str, Any] = {"policy": door.policy, "approvals": terms.approvals, "reason": terms.reason_required}
    told |= {"mfa": True} if terms.mfa else {}
    spans = {"max_duration": terms.max_duration, "grant": terms.grant}
    return told | {name: int(span.total_seconds()) for name, span in spans.items() if span is not None}


def admit(rules: AccessRules, ask: Ask, *, approved: bool = False) -> Admission:
    """The admission of `ask`: through which door and for how long. Everything else is refused.

    Raises NotFound where the caller may not even see the role, and Refused
    (or its kin) with the nearest rule and what it still needs. `approved` says
    that the caller holds an active grant, which stands in for the approvals.
    """
    verdict = rules.evaluate(ask)
    door = chosen(verdict.doors, ask, approved=approved)
    if door:
        return _enter(door, ask, approved=approved)
    if ask.role is not WHOLE_BROKER and not rules.evaluate(ask.on("SeeRole")).doors:
        raise NoSuchRole
    raise _no_door(rules, verdict, ask)


def with_approvals(rules: AccessRules, ask: Ask) -> Admission | None:
    """The same under a grant, through the doors that ask for approvals; None where there is none of those."""
    door = door_with_approvals(rules, ask)
    return _enter(door, ask, approved=True) if door else None


def door_with_approvals(rules: AccessRules, ask: Ask) -> Door | None:
    """The door that a grant leads to, be it open for this ask or not.

    No other door counts: `ask` may say that a reason was given which only the approvers were told.
    """
    return chosen(tuple(door for door in rules.evaluate(ask).doors if door.terms.approvals), ask, approved=True)


def opens(door: Door, ask: Ask) -> bool:
    """True if the door opens for this ask without an approval."""
    return not any(unmet(door.terms, ask, approved=False))


def chosen(doors: tuple[Door, ...], ask: Ask, *, approved: bool) -> Door | None:
    """The easiest door that opens for this ask; where none does, the easiest; None where there is none."""
    opening = tuple(door for door in doors if not any(unmet(door.terms, ask, approved=approved)))
    return easiest(opening or doors)


def easiest(doors: tuple[Door, ...]) -> Door | None:
    """The door that asks for least, or None where there is none.

    Ease: fewest approvals, then no MFA, then no reason asked for, then the longest session.
    """
    return min(doors, key=_ease, default=None)


def _enter(door: Door, ask: Ask, *, approved: bool) -> Admission:
    for term in unmet(door.terms, ask, approved=approved):
        raise _closed(term, door, ask)
    return Admission(door, max_seconds(door, ask))


def max_seconds(door: Door, ask: Ask) -> int:
    """The longest session through this door: rule, role and AWS's chaining limit together."""
    return longest_seconds(door.terms, ask)


def _ease(door: Door) -> tuple[int, bool, bool, float, str]:
    longest = door.terms.max_duration.total_seconds() if door.terms.max_duration else MAX_CHAINED_SECONDS
    return door.terms.approvals, door.terms.mfa, door.terms.reason_required, -longest, door.policy


def _closed(term: Term, door: Door, ask: Ask) -> Refused | InvalidRequest:
    """The error that says which term of this door the ask does not meet."""
    rule = f"Rule {door.policy}"
    if term == "approvals":
        needs = f"{rule} gives this role with {door.terms.approvals} approval(s)."
        return ApprovalRequired(f"{needs} File a request: broker request {ask.role.name}", (door.policy,))
    if term == "reason":
        return ReasonRequired(f"{rule} asks for a reason. Send one in `reason`.", (door.policy,))
    if term == "mfa":
        return MfaRequired(f"{rule} asks for MFA.", (door.policy,))
    longest = max_seconds(door, ask)
    return InvalidRequest(
        f"{rule} gives this role for {longest} seconds at most.",
        {"duration_seconds": f"at most {longest} for this caller and role"},
    )


def _what(ask: Ask) -> str:
    """The role, where it is to be taken; else the action: who has a role may be refused to ask for it or to end it."""
    if ask.action in TAKING:
        return ask.role.name
    return f"{ask.action} on {ask.role.name or 'the whole broker'}"


def _forbidden(rules: AccessRules, verdict: Verdict, ask: Ask) -> Refused:
    """The refusal by a `forbid`; where session tags are at fault, it names their keys."""
    from chalicelib.access.domain.forbidden_tags import forbidden_tags, tags_in_words  # noqa: PLC0415  as below

    by = ", ".join(verdict.forbidden_by)
    if fields := forbidden_tags(rules, ask):
        return Refused(f"Forbidden by {by}{tags_in_words(fields)}.", verdict.forbidden_by, fields)
    return Refused(f"Forbidden by {by}.", verdict.forbidden_by)


def _no_door(rules: AccessRules, verdict: Verdict, ask: Ask) -> Refused:
    from chalicelib.access.domain.nearest import in_words, nearest  # noqa: PLC0415  who is let in needs none

    if verdict.errors:
        return Refused(
            "The access rules could not be evaluated for this ask, so it is refused. Tell the policy owners."
        )
    if verdict.forbidden_by:
        return _forbidden(rules, verdict, ask)
    sentence = f"No rule gives {_what(ask)} to {ask.caller.name}."
    near = nearest(rules, ask)
    if near is None:
        return Refused(sentence)
    return Refused(f"{sentence} {in_words(near)}", (near.policy,))
