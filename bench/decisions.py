"""How long a decision takes with 10, 100, 1,000 and 10,000 roles, each with a policy of its own.

The product's own code decides: `domain.admission.decide` over the access rules,
which select by role and action before Cedar evaluates. Two cases, each told for itself:
a container that has met the role (it asks for the same ten in every set of
rules), and one that meets it for the first time and has to parse its policies.
A container that goes round more policies than access.POLICIES_KEPT pays as for the first.
"""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime
from statistics import median
from typing import TYPE_CHECKING

from bench.canned_answers import ACCOUNT, CALLER, CALLER_ID
from bench.noise import figure, interleaved, ratio
from chalicelib.access.domain.admission import admit
from chalicelib.access.domain.rule_files import load_rules
from chalicelib.access.domain.rules import Ask
from chalicelib.core.domain.callers import Caller
from chalicelib.core.domain.roles import Role

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bench.noise import Figure
    from chalicelib.access.domain.rules import AccessRules

SIZES = (10, 100, 1_000, 10_000)
DECISIONS = 200
"""Decisions in a row per round."""

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ASKER = Caller("user", CALLER, f"arn:aws:iam::{ACCOUNT}:user/{CALLER}", ACCOUNT, CALLER_ID, ("engineers",))

GENERAL = """
@id("see") permit (principal, action == Broker::Action::"SeeRole", resource);
@id("night") forbid (principal in Broker::Group::"contractors", action, resource)
  when { context.duration_seconds > 3600 };
"""
OF_A_ROLE = """
@id("gives-{role}") @max_duration("1h")
permit (principal in Broker::Group::"engineers", action == Broker::Action::"TakeCredentials",
  resource == Broker::Role::"{role}")
when {{ context.duration_seconds <= 3600 }};
"""


def measure(rounds: int) -> dict[str, Figure | float]:
    """The two ratios, and each size's median in microseconds."""
    deciding = {size: rules_of(size) for size in SIZES}
    cases: dict[str, Callable[[], float]] = {}
    for size, rules in deciding.items():
        cases[f"{size}"] = lambda rules=rules: median(met(rules))  # type: ignore[misc]
        cases[f"first_{size}"] = lambda rules=rules: median(first(rules))  # type: ignore[misc]
    taken = interleaved(cases, rounds)
    largest, smallest = SIZES[-1], SIZES[0]
    return {
        "decision_10000_over_10": ratio(taken[f"{largest}"], taken[f"{smallest}"]),
        "decision_first_10000_over_10": ratio(taken[f"first_{largest}"], taken[f"first_{smallest}"]),
        **{f"decision_us_{case}_roles": figure(seconds).value * 1e6 for case, seconds in taken.items()},
    }


def met(rules: AccessRules) -> Iterator[float]:
    """CPU seconds of decisions on ten roles in turn."""
    for number in range(DECISIONS):
        yield seconds(rules, number % SIZES[0])


def first(rules: AccessRules) -> Iterator[float]:
    """CPU seconds of decisions by a container that has parsed nothing yet."""
    for number in range(DECISIONS):
        yield seconds(replace(rules, _sets={}, _entities={}), number % SIZES[0])


def seconds(rules: AccessRules, number: int) -> float:
    """CPU of one decision, which must be to let the caller in."""
    name = f"role-{number}"
    role = Role(name, f"arn:aws:iam::{ACCOUNT}:role/access-broker/{name}")
    ask = Ask("TakeCredentials", ASKER, role, NOW, source_ip="203.0.113.9", reason_given=True)
    began = time.process_time()
    admit(rules, ask)
    return time.process_time() - began


def rules_of(roles: int) -> AccessRules:
    """So many roles, one policy each, and the general ones."""
    own = (OF_A_ROLE.format(role=f"role-{number}") for number in range(roles))
    return load_rules({"bench.cedar": GENERAL + "".join(own)})
