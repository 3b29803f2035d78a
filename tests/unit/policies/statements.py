"""Statements of a policy document."""

from __future__ import annotations

from typing import Any


def actions(statement: dict[str, Any]) -> set[str]:
    found = statement["Action"]
    return {found} if isinstance(found, str) else set(found)
