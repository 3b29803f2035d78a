"""How a role was used: the pages of GET /v1/roles/{name}/usage, added up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from access_broker.connection import Connection

MOST_RESOURCES = 11
"""As many as a page has of one action at most: one more than a suggestion takes over."""


def role_usage(
    connection: Connection, role: str, most: int, say: Callable[[str], None], **query: str | None
) -> dict[str, Any]:
    """The document of the API, over all of its pages; it stops after `most` sessions and says so in `complete`."""
    first = page = connection.broker.get("roles", role, "usage", **query)
    uses: dict[tuple[str, str], dict[str, Any]] = {}
    unmatched: dict[str, None] = {}
    denied: dict[str, None] = {}
    sessions = 0
    while True:
        sessions += page["sessions"]
        unmatched |= dict.fromkeys(page["unmatched"])
        denied |= dict.fromkeys(page["regions_denied"])
        for use in page["used"]:
            key = (use["service"], use["action"])
            uses[key] = _added(uses[key], use) if key in uses else use
        say(f"Reading CloudTrail: {sessions} sessions")
        cursor = page["next_cursor"]
        if not cursor or sessions >= most:
            break
        page = connection.broker.get("roles", role, "usage", **query, cursor=cursor)
    found = {name: value for name, value in first.items() if name != "next_cursor"}
    return {
        **found,
        "sessions": sessions,
        "used": [uses[key] for key in sorted(uses)],
        "unmatched": sorted(unmatched),
        "unused": _unused(first["unused"], uses),
        "regions_denied": list(denied),
        "complete": not cursor and not denied,
    }


def _added(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    named = [use["every_call_named"] for use in (one, other) if use["count"]]
    return {
        **one,
        "count": one["count"] + other["count"],
        "denied": one["denied"] + other["denied"],
        "last": max(one["last"] or "", other["last"] or "") or None,
        "resources": sorted({*one["resources"], *other["resources"]})[:MOST_RESOURCES],
        "every_call_named": bool(named) and all(named),
    }


def _unused(
    of_first: list[dict[str, Any]] | None, uses: dict[tuple[str, str], dict[str, Any]]
) -> list[dict[str, Any]] | None:
    """The unused actions of the first page, less those that a later page has."""
    if of_first is None:
        return None
    called = {key for key, use in uses.items() if use["count"]}
    return [
        {**one, "actions": [action for action in one["actions"] if (one["service"], action) not in called]}
        for one in of_first
    ]
