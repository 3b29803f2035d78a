"""IAM refuses a trust policy that names a principal of the account which does not exist.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
"""
# ruff: noqa: SLF001  (the parity rules reach into ministack: that is their job)

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from ministack.services import iam

if TYPE_CHECKING:
    from collections.abc import Iterator

ACCOUNT = re.compile(r"\d{12}|arn:aws[a-z-]*:iam::\d{12}:root")
ENTITY = re.compile(r"arn:aws[a-z-]*:iam::(?P<account>\d{12}):(?P<kind>user|role)/.*?(?P<name>[^/*]+)")
SESSION = re.compile(r"arn:aws[a-z-]*:sts::(?P<account>\d{12}):assumed-role/(?P<name>[^/*]+)/[^*]+")


def unknown_principal(document: Any) -> str | None:
    """The first principal of the document that IAM would not accept, as its error shows it."""
    try:
        parsed = json.loads(document) if isinstance(document, str) else document
    except ValueError:
        return None
    unknown = next((arn for arn in _aws_principals(parsed) if not _known(arn)), None)
    return f'"AWS":"{unknown}"' if unknown else None


def _aws_principals(document: dict[str, Any]) -> Iterator[str]:
    statements = document.get("Statement", [])
    for statement in [statements] if isinstance(statements, dict) else statements:
        principal = statement.get("Principal")
        named = principal.get("AWS", []) if isinstance(principal, dict) else []
        yield from [named] if isinstance(named, str) else named


def _known(principal: str) -> bool:
    if principal == "*" or ACCOUNT.fullmatch(principal):
        return True
    if entity := ENTITY.fullmatch(principal):
        store = iam._users if entity["kind"] == "user" else iam._roles
        stored = store.get_scoped(entity["account"], None, entity["name"])
        return bool(stored and stored["Arn"] == principal)
    session = SESSION.fullmatch(principal)
    return bool(session and iam._roles.get_scoped(session["account"], None, session["name"]))
