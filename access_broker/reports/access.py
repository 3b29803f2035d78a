"""The access report: who may have which role, by which rule, on which terms, last used when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

COLUMNS = ("caller", "role", "access", "rule", "approvals", "reason", "mfa", "max_seconds", "break_glass", "last_used")

Pair = tuple[str, str]


def pairs(report: dict[str, Any]) -> Iterator[tuple[Pair, dict[str, Any]]]:
    """Each caller and role between whom there is any access, with its cell."""
    cells = report["cells"]
    for caller in report["callers"]:
        for role in report["roles"]:
            cell = cells.get(f"{caller['class']},{role['class']}")
            if cell:
                yield (caller["name"], role["name"]), cell


def rows(report: dict[str, Any], of_caller: str = "", of_role: str = "") -> Iterator[tuple[object, ...]]:
    """A row of COLUMNS for each pair."""
    used = report.get("last_used", {})
    for (caller, role), cell in pairs(report):
        if of_caller in {"", caller} and of_role in {"", role}:
            yield (
                caller,
                role,
                cell["access"] + (" (console only)" if cell.get("console_only") else ""),
                cell.get("rule", ""),
                cell.get("approvals", ""),
                "required" if cell.get("reason") else "",
                "required" if cell.get("mfa") else "",
                cell.get("max_seconds", ""),
                cell.get("break_glass", ""),
                used.get(caller, {}).get(role, ""),
            )


def last_used(events: Iterable[dict[str, Any]]) -> dict[str, dict[str, str]]:
    """The latest session of each caller on each role, from `issue` events."""
    found: dict[str, dict[str, str]] = {}
    for event in events:
        of_caller = found.setdefault(str(event["caller"]["name"]), {})
        of_caller[event["role"]] = max(of_caller.get(event["role"], ""), str(event["at"]))
    return found


def differences(before: dict[str, Any], now: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """The pairs that gained access, lost it, or have it by another rule or on other terms."""
    old, new = dict(pairs(before)), dict(pairs(now))
    return {
        "gained": [_named(pair, now=new[pair]) for pair in sorted(new.keys() - old.keys())],
        "lost": [_named(pair, was=old[pair]) for pair in sorted(old.keys() - new.keys())],
        "changed": [
            _named(pair, was=old[pair], now=new[pair])
            for pair in sorted(old.keys() & new.keys())
            if old[pair] != new[pair]
        ],
    }


def _named(pair: Pair, **cells: dict[str, Any]) -> dict[str, Any]:
    return {"caller": pair[0], "role": pair[1], **cells}
