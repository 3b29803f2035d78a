"""What a template changes in a role, as lines a person can read."""

from __future__ import annotations

import json
from typing import Any


def changed(role: dict[str, Any]) -> bool:
    """Whether anything differs."""
    return bool(role.get("changes"))


def change_lines(role: dict[str, Any]) -> list[str]:
    """`+` for what comes, `-` for what goes, `~` for what changes; then the switch-role link."""
    if not changed(role):
        return [f"  {role['name']}: as its template says"]
    lines = [f"{_sign(role['changes'])} {role['name']}"]
    lines += [line for change in role["changes"] for line in _lines(change)]
    if link := role.get("switch_role_url"):
        lines.append(f"    switch role: {link}")
    elif why := role.get("not_switchable_because"):
        lines.append(f"    switch role: not possible, {why}")
    return lines


def _sign(changes: list[dict[str, Any]]) -> str:
    made = any(change["attribute"] == "role" and change.get("before") is None for change in changes)
    return "+" if made else "~"


def _lines(change: dict[str, Any]) -> list[str]:
    name = " ".join(str(part) for part in (change["attribute"], change.get("item")) if part).replace("_", " ")
    before, after = change.get("before"), change.get("after")
    lines = [] if before is None else [f"    - {name}: {_text(before)}"]
    return lines if after is None else [*lines, f"    + {name}: {_text(after)}"]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)
