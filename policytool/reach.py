"""The reach of a policy set: rules that open nothing, roles that no caller reaches, callers who reach all.

Judged over a sample: one caller per group, the callers of the cases, and
every role template. So these are warnings, and a case makes one go away.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from chalicelib.access.domain.admission import easiest
from chalicelib.access.domain.rules import Ask
from chalicelib.core.domain.roles import WHOLE_BROKER
from policytool.case_files import NOON
from policytool.known_entities import caller
from policytool.source import Complaint, Statement

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.access.domain.rules import AccessRules, Verdict
    from chalicelib.core.domain.callers import Caller
    from chalicelib.core.domain.roles import Role
    from policytool.case_files import Case
    from policytool.known_entities import Vocabulary

TAKING = frozenset({"TakeCredentials", "OpenConsole"})
FEW = 3
"""Reaching all of fewer roles than this is no news."""


def reach(rules: AccessRules, lines: Mapping[str, Statement], known: Vocabulary, cases: list[Case]) -> list[Complaint]:
    """Warnings about the set as a whole; `lines` says where each rule stands, by id."""
    verdicts = [(ask, rules.evaluate(ask)) for ask in _sample(known, cases)]
    return [
        *(_warn(lines[policy], f"{policy} matches nothing in the sample; is it reachable? A case would show it")
          for policy in sorted(set(rules.policies) - _matched(verdicts))),
        *(_warn(lines[policy], f"{policy} is shadowed: wherever it matches, an easier rule opens first")
          for policy in sorted(_shadowed(verdicts))),
        *(Complaint(*known.templates[name], "warning", f"no caller of the sample can reach the role {name}")
          for name in sorted(_unreached(known, verdicts))),
        *(_warn(lines[policy], f"{name} can take every role there is without an approval, most of them by this rule")
          for name, policy in sorted(_reach_all(known, verdicts).items())),
    ]  # fmt: skip


def _sample(known: Vocabulary, cases: list[Case]) -> list[Ask]:
    people = {case.ask.caller.name: case.ask.caller for case in cases}
    people |= {f"a member of {group}": caller("member", {"groups": [group]}) for group in known.groups}
    asks = [case.ask for case in cases]
    for name, who in people.items():
        named = replace(who, name=name)
        asks += [_ask(action, named, role) for action in sorted(known.actions) for role in known.roles.values()]
        asks += [_ask(action, named, WHOLE_BROKER) for action in sorted(known.broker_wide)]
    return asks


def _ask(action: str, who: Caller, role: Role) -> Ask:
    return Ask(action, who, role, NOON, reason_given=True)


def _matched(verdicts: list[tuple[Ask, Verdict]]) -> set[str]:
    return {
        name for _, verdict in verdicts for name in (*verdict.forbidden_by, *(door.policy for door in verdict.doors))
    }


def _shadowed(verdicts: list[tuple[Ask, Verdict]]) -> set[str]:
    """Permits that match somewhere and are never the door taken."""
    matched = {door.policy for _, verdict in verdicts for door in verdict.doors}
    taken = {door.policy for _, verdict in verdicts if (door := easiest(verdict.doors))}
    return matched - taken


def _unreached(known: Vocabulary, verdicts: list[tuple[Ask, Verdict]]) -> set[str]:
    reached = {ask.role.name for ask, verdict in verdicts if verdict.doors and ask.action in TAKING}
    return {name for name, role in known.roles.items() if name not in reached and not role.direct_users}


def _reach_all(known: Vocabulary, verdicts: list[tuple[Ask, Verdict]]) -> dict[str, str]:
    """Callers who take every role without an approval, each with the rule that gives the most of them."""
    rules: dict[str, dict[str, set[str]]] = {}
    for ask, verdict in verdicts:
        for door in verdict.doors if ask.action in TAKING else ():
            if not door.terms.approvals:
                rules.setdefault(ask.caller.name, {}).setdefault(door.policy, set()).add(ask.role.name)
    enough = set(known.roles) if len(known.roles) >= FEW else {""}
    return {
        name: max(sorted(by_rule), key=lambda policy: len(by_rule[policy]))
        for name, by_rule in rules.items()
        if enough <= set().union(*by_rule.values())
    }


def _warn(part: Statement, message: str) -> Complaint:
    return Complaint(part.file, part.line, "warning", message)
