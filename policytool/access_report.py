"""`python -m policytool access`: facts on standard input, the access matrix on standard output, as JSON.

`broker report access` reads the facts from the API and shows the matrix.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from chalicelib.access.domain.rule_files import load_rules
from chalicelib.core.domain.roles import Account, Role
from chalicelib.insight.domain.access_matrix import known_caller, matrix
from policytool.source import read

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def report(policies: Path, facts: Mapping[str, Any]) -> dict[str, Any]:
    """The matrix over callers and roles, as GET /v1/callers and GET /v1/catalogue have them."""
    rules = load_rules(read(policies / "access", "*.cedar"))
    known = [(one, caller) for one in facts["callers"] if (caller := known_caller(one))]
    found = matrix(rules, [caller for _, caller in known], [_role(one) for one in facts["roles"]], datetime.now(UTC))
    callers = [
        {
            "name": caller.name,
            "kind": caller.kind,
            "groups": list(caller.groups),
            "suspended": one["suspended"],
            "class": number,
        }
        for (one, caller), number in zip(known, found["caller_classes"], strict=True)
    ]
    roles = [
        {"name": one["name"], "quarantined": one["quarantined"], "class": number}
        for one, number in zip(facts["roles"], found["role_classes"], strict=True)
    ]
    return {"policy_set": rules.digest, "callers": callers, "roles": roles, "cells": found["cells"]}


def _role(given: Mapping[str, Any]) -> Role:
    return Role(
        given["name"],
        given["arn"],
        tags=given["tags"],
        max_session_seconds=given["max_session_seconds"],
        tier=given["tier"],
        home=Account(**given["home"]) if given.get("home") else None,
    )
