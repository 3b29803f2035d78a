"""`python -m policytool suggest`: what sessions called on standard input, a narrower template on standard output.

`broker roles suggest` reads the calls from the API, asks it what the role allows, and shows or writes the template.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from chalicelib.insight.domain.suggestion import actions_of, suggest, template, used
from policytool.source import BadFile, Texts, document

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


SWITCHES = frozenset({"through_broker", "require_mfa"})
YES = frozenset({"true", "yes", "on"})


def suggestion(policies: Path, facts: Mapping[str, Any]) -> dict[str, Any]:
    """The actions that were used; and with what the role allows of them, the template."""
    known = actions_of(json.loads((policies / "service-authorization.json").read_text()))
    uses, unknown = used(facts["calls"], known)
    if facts.get("allowed") is None:
        return {"actions": sorted(action for action, use in uses.items() if use.calls)}
    found = suggest(uses, unknown, facts["allowed"])
    return {
        "role": facts["role"],
        "policy": found.policy,
        "reasons": list(found.reasons),
        "left_out": found.left_out,
        "denied": found.denied,
        "template": template(_template(policies, facts["role"]), found, facts["since"]),
    }


def _template(policies: Path, role: str) -> dict[str, Any]:
    for path in sorted((policies / "roles").glob("*.yaml")):
        given = document(path, path.name, Texts)
        if isinstance(given, dict) and given.get("name") == role:
            return _typed(given)
    raise BadFile(f"policies/roles/{role}.yaml", 1, "there is no template of this role")


def _typed(given: dict[str, Any]) -> dict[str, Any]:
    """The values that a template has as numbers and switches; all others stay texts."""
    typed = dict(given)
    if "max_session_seconds" in typed:
        typed["max_session_seconds"] = int(typed["max_session_seconds"])
    if isinstance(typed.get("trust"), dict):
        typed["trust"] = {
            name: str(value).lower() in YES if name in SWITCHES else value for name, value in typed["trust"].items()
        }
    return typed
