"""Unusual things in a trust statement: each has a name, and a template must list the name to use it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chalicelib.core.domain.policy_documents import as_list

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

EXCEPTIONS = {
    "wildcard_principal": "trusts every principal that matches a pattern, not one by name",
    "not_principal": "trusts all principals except some",
    "whole_account": "trusts every principal that the account's own policies allow",
    "foreign_account": "is not of this account",
    "federated_principal": "trusts an identity provider",
    "service_principal": "trusts an AWS service",
    "unnamed_principal": "is no user or role by name",
    "wildcard_action": "lets more than one named action",
    "absent_key_condition": "is also met by requests that lack the key",
}
"""Name of every exception, and why it is one. A template lists those it wants in trust.exceptions."""

WHOLE_ACCOUNT = re.compile(r"\d{12}|arn:aws[\w-]*:iam::\d{12}:root")
NAMED = re.compile(r"arn:aws[\w-]*:(?:iam::\d{12}:(?:user|role)|sts::\d{12}:assumed-role)/[\w+=,.@/-]+", re.ASCII)
FEDERATED = re.compile(r"arn:aws[\w-]*:(?:sts::\d{12}:federated-user|iam::\d{12}:(?:saml|oidc)-provider)/.+")
SERVICE = re.compile(r"[\w.-]+\.amazonaws\.com(?:\.cn)?")

MET_WHEN_ABSENT = re.compile(
    r"(?i)forallvalues:.*|.*ifexists|(?:foranyvalue:)?(?:string|numeric|date|arn)not.*|notip.*"
)
"""Condition operators that a request without the key satisfies (IAM user guide, "condition operators")."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One unusual thing: its name in EXCEPTIONS, and the words that are it."""

    exception: str
    what: str


def unusual(statement: Mapping[str, Any], account: str) -> Iterator[Finding]:
    """Everything in a trust statement that a template must state as wanted.

    A Deny can only narrow, so only its NotPrincipal counts: it denies
    principals that the author may not have thought of.
    """
    if "NotPrincipal" in statement:
        yield Finding("not_principal", "NotPrincipal")
    if statement.get("Effect") != "Allow":
        return
    for kind, name in _principals(statement.get("Principal")):
        yield from _unusual_principal(kind, name, account)
    yield from _unusual_actions(statement)
    yield from _unusual_conditions(statement.get("Condition") or {})


def _principals(principal: Any) -> Iterator[tuple[str, str]]:
    if isinstance(principal, str):
        yield "AWS", principal
        return
    for kind, names in (principal or {}).items():
        for name in as_list(names):
            yield kind, str(name)


def _unusual_principal(kind: str, name: str, account: str) -> Iterator[Finding]:
    if "*" in name or "?" in name:
        yield Finding("wildcard_principal", name)
    elif kind == "Federated" or FEDERATED.fullmatch(name):
        yield Finding("federated_principal", name)
    elif kind == "Service" or SERVICE.fullmatch(name):
        yield Finding("service_principal", name)
    elif WHOLE_ACCOUNT.fullmatch(name):
        yield Finding("whole_account", name)
    elif kind != "AWS" or not NAMED.fullmatch(name):
        yield Finding("unnamed_principal", name)
    if (owner := re.search(r"(?<!\d)\d{12}(?!\d)", name)) and owner[0] != account:
        yield Finding("foreign_account", name)


def _unusual_actions(statement: Mapping[str, Any]) -> Iterator[Finding]:
    if "NotAction" in statement:
        yield Finding("wildcard_action", "NotAction")
    for action in as_list(statement.get("Action")):
        if "*" in action or "?" in action:
            yield Finding("wildcard_action", action)


def _unusual_conditions(conditions: Mapping[str, Any]) -> Iterator[Finding]:
    for operator, keys in conditions.items():
        for key, values in keys.items():
            absent_wanted = operator.lower() == "null" and "true" in [str(value).lower() for value in as_list(values)]
            if absent_wanted or MET_WHEN_ABSENT.fullmatch(operator):
                yield Finding("absent_key_condition", f"{operator} {key}")
