"""A narrower policy for a role, from what its sessions called: read, asked about, and shown."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from access_broker.commands.policy import answered
from access_broker.commands.sessions import read_activity

if TYPE_CHECKING:
    from collections.abc import Callable

    from access_broker.connection import Connection

CALLS = 10_000
"""Of one session."""

UNDER_CONDITIONS = "for some resources or under conditions"
"""Words of POST /v1/explain for a statement that does not allow an action everywhere."""


def suggested(
    connection: Connection, role: str, policies: str, calls: dict[str, Any], say: Callable[[str], None]
) -> dict[str, Any]:
    """The suggestion of the policy tool, from the calls that `used` found."""
    facts = {"role": role, **calls}
    words = ["suggest", "--policies", policies]
    actions = json.loads(answered(words, json.dumps(facts)))["actions"]
    allowed = {}
    for count, action in enumerate(actions, 1):
        say(f"Asking what the role allows: {count} of {len(actions)} actions")
        allowed[action] = _allowed(connection, role, action)
    found: dict[str, Any] = json.loads(answered(words, json.dumps({**facts, "allowed": allowed})))
    return {**found, "sessions": facts["sessions"], "complete": facts["complete"], "regions": facts["regions"]}


def used(connection: Connection, role: str, since: str, most: int, say: Callable[[str], None]) -> dict[str, Any]:
    """The calls of a role's sessions, from how many sessions, and whether these are all."""
    calls: list[dict[str, Any]] = []
    regions: set[str] = set()
    complete, count = True, 0
    for session in connection.broker.items("sessions", "sessions", role=role, since=since, limit=most):
        count += 1
        found = read_activity(connection, session["id"], CALLS, say)
        calls += found.calls
        regions |= set(found.regions)
        complete = complete and found.complete
    return {
        "since": since,
        "calls": calls,
        "sessions": count,
        "complete": complete and count < most,
        "regions": sorted(regions),
    }


def _allowed(connection: Connection, role: str, action: str) -> str:
    """`open`, `conditional` or `closed`: the role's own policies and its boundary together."""
    answer = connection.broker.post("explain", body={"role": role, "operation": action})
    layers = [layer for layer in answer["layers"] if layer["layer"] in {"role_policies", "permissions_boundary"}]
    if any(layer["verdict"] != "open" for layer in layers) or not layers:
        return "closed"
    [own] = [layer for layer in layers if layer["layer"] == "role_policies"]
    return "conditional" if UNDER_CONDITIONS in own["detail"] else "open"
