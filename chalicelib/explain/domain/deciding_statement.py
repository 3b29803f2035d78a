"""Which statement of an IAM policy document decides an operation: deny first, then allow.

Follows "Policy evaluation logic" of the IAM user guide for Action and
NotAction. Resources and conditions are reported, not judged: their values are
known only when the operation is called.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from chalicelib.core.domain.iam_patterns import read_statements

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from chalicelib.core.domain.iam_patterns import Statement


@dataclass(frozen=True, slots=True)
class StatementDecision:
    """The effect and the statement that has it; `conditional` where it depends on resource or conditions."""

    effect: Literal["Allow", "Deny", "ImplicitDeny"]
    statement: str
    conditional: bool = False


def deciding(document: Mapping[str, Any], operation: str) -> StatementDecision:
    """The statement that decides `operation` (`service:Action`) in this document alone."""
    return decided(read_statements("", document), operation)


def decided(statements: Iterable[Statement], operation: str) -> StatementDecision:
    """The same of statements that were read before."""
    found = [statement for statement in statements if statement.covers(operation)]
    for statement in found:
        if statement.denies_everywhere(operation):
            return StatementDecision("Deny", statement.place)
    may_deny = any(statement.effect == "Deny" for statement in found)
    allowing = sorted((statement for statement in found if statement.effect == "Allow"), key=_limited)
    if not allowing:
        return StatementDecision("ImplicitDeny", "no statement")
    return StatementDecision("Allow", allowing[0].place, may_deny or _limited(allowing[0]))


def _limited(statement: Statement) -> bool:
    return statement.conditional or "*" not in (statement.resources or ())
