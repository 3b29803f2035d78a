"""IAM policy documents as values: statements, lists and canonical form.

Grammar: "Grammar of the IAM JSON policy language" in the IAM user guide.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

UNORDERED = frozenset({"Action", "NotAction", "Resource", "NotResource", "Principal", "NotPrincipal", "Condition"})
"""Elements whose values are sets: one string and a list of one mean the same."""


def as_list(value: Any) -> list[Any]:
    """A member that IAM lets stand alone or in a list, always as a list."""
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]


def statements(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The statements of a policy document."""
    return as_list(document.get("Statement"))


def grants(document: Mapping[str, Any]) -> bool:
    """True if any statement allows something: a policy that only denies grants nothing."""
    return any(statement.get("Effect") == "Allow" for statement in statements(document))


def compact(document: Mapping[str, Any]) -> str:
    """The document without white space: what IAM's size quotas count."""
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False)


def session_policy_text(document: Mapping[str, Any]) -> str:
    """The document as AssumeRole is sent it, and as its length counts: in ASCII, STS takes nothing beyond U+00FF."""
    return json.dumps(document, separators=(",", ":"))


def canonical(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document with sets sorted: equal meanings become equal values.

    The order of statements means nothing to IAM, so it is sorted away too.
    """
    found = [_canonical_statement(statement) for statement in statements(document)]
    rest = {name: value for name, value in document.items() if name != "Statement"}
    return {**rest, "Statement": sorted(found, key=_text)}


def same(one: Mapping[str, Any] | None, other: Mapping[str, Any] | None) -> bool:
    """True if two documents (or their absence) mean the same."""
    if one is None or other is None:
        return one is other
    return canonical(one) == canonical(other)


def _canonical_statement(statement: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _as_set(value) if name in UNORDERED else value for name, value in statement.items()}


def _as_set(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _as_set(entry) for name, entry in value.items()}
    return sorted((str(entry).lower() if isinstance(entry, bool) else entry for entry in as_list(value)), key=_text)


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
