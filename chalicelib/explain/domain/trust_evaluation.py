"""Evaluates a trust policy for the broker's call, as STS does: deny first, then any allow that is met.

Follows "Policy evaluation logic" and "IAM JSON policy elements: Condition" of
the IAM user guide. The broker knows two of the keys that a condition may ask
for; what depends on another one is said to be unknown, never guessed.
"""

from __future__ import annotations

import fnmatch
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from chalicelib.core.domain.iam_patterns import read_statements
from chalicelib.core.domain.policy_documents import as_list, statements

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chalicelib.core.domain.iam_patterns import Statement

ASSUMING = ("sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession")
"""STS asks the trust policy about each of them; one that is refused refuses the session."""


def like(given: str, pattern: str) -> bool:
    """`*` is any run, `?` any one character, `[` itself; letter case counts."""
    return re.fullmatch(fnmatch.translate(pattern.replace("[", "[[]")), given) is not None


OPERATORS: Mapping[str, Callable[[str, str], bool]] = {
    "stringequals": lambda given, wanted: given == wanted,
    "stringnotequals": lambda given, wanted: given != wanted,
    "stringequalsignorecase": lambda given, wanted: given.lower() == wanted.lower(),
    "stringlike": like,
    "stringnotlike": lambda given, wanted: not like(given, wanted),
}
"""Operators over strings; negated ones must hold for every value that is listed."""


@dataclass(frozen=True, slots=True)
class BrokerInAws:
    """How the broker presents itself to a trust policy."""

    role_arn: str
    external_id: str
    source_identity: str

    @property
    def principals(self) -> frozenset[str]:
        """The forms in which a Principal covers the broker's function role: itself, its account, or everyone."""
        _, partition, _, _, account, _ = self.role_arn.split(":", 5)
        return frozenset({"*", self.role_arn, account, f"arn:{partition}:iam::{account}:root"})


@dataclass(frozen=True, slots=True)
class Admittance:
    """The verdict, the statement that has it (its Sid or number), and why."""

    verdict: Literal["open", "closed", "not_checked"]
    by: str
    detail: str


@dataclass(frozen=True, slots=True)
class Met:
    """A truth value; `key` is the condition key that decides against it, or that is unknown here (`holds` is None)."""

    holds: bool | None
    key: str = ""


def admittance(trust: Mapping[str, Any], broker: BrokerInAws) -> Admittance:
    """Decide if this trust policy lets the broker take a session for this caller."""
    answers = [_decided(action, trust, broker) for action in ASSUMING]
    for verdict in ("closed", "not_checked"):
        if found := next((answer for answer in answers if answer.verdict == verdict), None):
            return found
    return answers[0]


def _decided(action: str, trust: Mapping[str, Any], broker: BrokerInAws) -> Admittance:
    spoken = [
        (statement, _met(raw, broker, action))
        for statement, raw in zip(read_statements("", trust), statements(trust), strict=True)
        if statement.covers(action) and _names(raw, broker)
    ]
    return _denied(action, spoken) or _allowed(action, spoken)


def _denied(action: str, spoken: list[tuple[Statement, Met]]) -> Admittance | None:
    for statement, met in spoken:
        if statement.effect == "Deny" and met.holds:
            return Admittance("closed", statement.place, f"{statement.place} denies {action}.")
    for statement, met in spoken:
        if statement.effect == "Deny" and met.holds is None:
            return Admittance("not_checked", statement.place, f"{statement.place} denies {action} by {met.key}.")
    return None


def _allowed(action: str, spoken: list[tuple[Statement, Met]]) -> Admittance:
    allows = [(statement.place, met) for statement, met in spoken if statement.effect == "Allow"]
    for place, met in allows:
        if met.holds:
            return Admittance("open", place, "It admits the broker for this caller.")
    for place, met in allows:
        if met.holds is None:
            return Admittance("not_checked", place, f"{place} allows {action} by {met.key}, which only AWS knows.")
    if allows:
        place, met = allows[0]
        return Admittance("closed", place, f"The condition on {met.key} is not met.")
    return Admittance("closed", "no statement", f"No statement allows {action} to the broker's function role.")


def _names(statement: Mapping[str, Any], broker: BrokerInAws) -> bool:
    """True if the statement is about the broker. NotPrincipal counts as such: `_met` answers "unknown" for it."""
    principal = statement.get("Principal")
    named = [principal] if isinstance(principal, str) else as_list((principal or {}).get("AWS"))
    return "NotPrincipal" in statement or not broker.principals.isdisjoint(named)


def _met(statement: Mapping[str, Any], broker: BrokerInAws, action: str) -> Met:
    """Evaluate the statement's conditions for the broker's call: all of them must hold."""
    if "NotPrincipal" in statement:
        return Met(None, "NotPrincipal")
    presented = {"sts:sourceidentity": broker.source_identity}
    if action == "sts:AssumeRole":
        presented["sts:externalid"] = broker.external_id
    found = [
        Met(_holds(operator, presented.get(key.lower()), as_list(wanted)), key)
        for operator, keys in (statement.get("Condition") or {}).items()
        for key, wanted in keys.items()
    ]
    failed = next((met for met in found if met.holds is False), None)
    unknown = next((met for met in found if met.holds is None), None)
    return failed or unknown or Met(holds=True)


def _holds(operator: str, given: str | None, wanted: list[Any]) -> bool | None:
    """Evaluate one operator on one key; None where the key, the operator or a variable is unknown here."""
    name = operator.lower().removeprefix("foranyvalue:").removeprefix("forallvalues:").removesuffix("ifexists")
    compare = OPERATORS.get(name)
    if given is None or compare is None or any("${" in str(value) for value in wanted):
        return None
    met = [compare(given, str(value)) for value in wanted]
    return all(met) if name.startswith("stringnot") else any(met)
