"""Tests of the access policies: given caller, role and context, what is decided, by which policy, on which terms."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chalicelib.access.domain.admission import admit, max_seconds
from chalicelib.access.domain.rule_files import load_rules
from chalicelib.access.domain.rules import Door
from chalicelib.approvals.domain.approvals import longest_grant
from chalicelib.core.domain.errors import InvalidRequest, NotFound, Refused, TermUnmet
from policytool.case_files import load_cases
from policytool.known_entities import vocabulary
from policytool.source import read

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from chalicelib.access.domain.rules import AccessRules, Ask
    from policytool.case_files import Case


@dataclass(frozen=True, slots=True)
class Outcome:
    """A decision, its policies and its words; `terms` are those of the permit, where it is one."""

    decision: str
    by: tuple[str, ...]
    words: str = ""
    terms: Mapping[str, int] = field(default_factory=dict)

    def meets(self, case: Case) -> bool:
        """True if it is the decision that the case expects."""
        return self.decision == case.expect and self.by == case.by and case.terms.items() <= self.terms.items()


def run_all(policies: Path) -> list[tuple[Case, Outcome]]:
    """Every case beside the policies, with its outcome."""
    rules = load_rules(read(policies / "access", "*.cedar"))
    return [(case, run(case, rules)) for case in load_cases(policies / "access" / "cases", vocabulary(policies))]


def run(case: Case, rules: AccessRules) -> Outcome:
    """Decide one case exactly as the broker would."""
    try:
        door = admit(rules, case.ask, approved=case.approved).door
    except NotFound as refusal:
        return Outcome("not_found", (), refusal.detail)
    except InvalidRequest as refusal:
        return Outcome("too_long", (), refusal.detail)
    except TermUnmet as refusal:
        word = refusal.code.removesuffix("_required")
        [policy] = refusal.policies
        shut = Door(policy, rules.policies[policy].terms)
        return Outcome(word, refusal.policies, refusal.detail, _terms(shut, case.ask))
    except Refused as refusal:
        return Outcome("deny", refusal.policies, refusal.detail)
    return Outcome("allow", (door.policy,), terms=_terms(door, case.ask))


def _terms(door: Door, ask: Ask) -> dict[str, int]:
    """`max` and `grant` in seconds, `approvals`, as the broker applies them."""
    return {
        "max": max_seconds(door, ask),
        "approvals": door.terms.approvals,
        "grant": int(longest_grant(door).total_seconds()),
    }
