"""A narrower policy for a role, from how it was used: the policy tool of the checkout makes it."""

from __future__ import annotations

import json
from typing import Any

from access_broker.commands.policy import answered

SHOWN = ("since", "sessions", "complete", "regions", "regions_denied")


def suggested(policies: str, usage: dict[str, Any]) -> dict[str, Any]:
    """The suggestion of the policy tool for this usage, and how far it was read."""
    found: dict[str, Any] = json.loads(answered(["suggest", "--policies", policies], json.dumps(usage)))
    accessed = (usage["last_accessed"] or {}).get("state")
    return {**found, **{name: usage[name] for name in SHOWN}, "last_accessed": accessed}
