"""The differences between a role and its template, as lines a person can read."""

from __future__ import annotations

import json
from typing import Any


def changed(role: dict[str, Any]) -> bool:
    """True if anything differs."""
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
    if isinstance(_document(before), dict) and isinstance(_document(after), dict):
        return _differences(name, _document(before), _document(after))
    lines = [] if before is None else [f"    - {name}: {_text(before)}"]
    return lines if after is None else [*lines, f"    + {name}: {_text(after)}"]


def _differences(name: str, before: Any, after: Any) -> list[str]:
    """Two documents, member by member: what is the same in both is not shown."""
    old, new = _members(before), _members(after)
    gone = [f"    - {name}: {member}" for member in old if member not in new]
    come = [f"    + {name}: {member}" for member in new if member not in old]
    return [*gone, *come]


def _members(document: Any) -> list[str]:
    """Statements one by one, other members as `name: value`."""
    found = []
    for key, value in document.items():
        several = value if key == "Statement" and isinstance(value, list) else None
        found += [f"{key}: {_text(one)}" for one in (several if several is not None else [value])]
    return found


def _document(value: Any) -> Any:
    if isinstance(value, str) and value.startswith("{"):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)
