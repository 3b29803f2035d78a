"""Recorded decisions decided again with other rules, by the code that decides in the API."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chalicelib.access.domain.admission import ALLOWED, admit, told_terms
from chalicelib.approvals.domain.approvals import door_asked_for
from chalicelib.approvals.domain.grants import enter
from chalicelib.core.domain.errors import BrokerError, Conflict, InvalidRequest, TermUnmet
from chalicelib.insight.domain.alike import alike

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.access.domain.rules import AccessRules, Door
    from chalicelib.insight.domain.recorded import Recorded

STANDING = "standing"
"""The outcome of a request for a role that the person may take without asking."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer of the rules: `allowed`, `standing` or the code of a refusal; by which rules, on which terms."""

    word: str
    policies: tuple[str, ...] = ()
    terms: Mapping[str, Any] = field(default_factory=dict)


def then(one: Recorded) -> Outcome:
    """The outcome on record. A refusal's rules count only where they refused: the nearest one is no cause."""
    return Outcome(one.outcome, () if one.outcome in {"not_allowed", "not_found"} else one.policies, one.terms)


def decide(rules: AccessRules, one: Recorded) -> Outcome:
    """The outcome under these rules."""
    try:
        door = _door(rules, one)
    except Conflict:
        return Outcome(STANDING)
    except TermUnmet as shut:
        return Outcome(shut.code, shut.policies)
    except BrokerError as refusal:
        return Outcome(refusal.code, rules.evaluate(one.ask).forbidden_by)
    return Outcome(ALLOWED, (door.policy,), told_terms(door))


def _door(rules: AccessRules, one: Recorded) -> Door:
    ask = one.ask
    if ask.action == "RequestAccess":
        return door_asked_for(rules, ask, one.start or ask.at)
    try:
        return admit(rules, ask).door
    except (TermUnmet, InvalidRequest):
        entered = enter(rules, ask, one.held()) if ask.action != "BreakGlass" else None
        if entered is None:
            raise
        return entered[0].door


@dataclass(slots=True)
class Replayer:
    """Decides again, once for all decisions that no rule can tell apart."""

    rules: AccessRules

    def __post_init__(self) -> None:
        """Read the rules once."""
        self.rules = alike(self.rules)

    def decide(self, one: Recorded) -> Outcome:
        """The outcome; NotReplayed if a tag that these rules read was not kept."""
        one.require(self.rules.caller_tags)
        return decide(self.rules, one)
