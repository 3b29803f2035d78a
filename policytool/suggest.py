"""`python -m policytool suggest`: the usage of a role on standard input, a narrower template on standard output.

`broker roles suggest` reads the usage from the API, and shows or writes the template.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from chalicelib.insight.domain.suggestion import suggest, template
from chalicelib.insight.domain.usage import ActionUse, LastAccessed
from policytool.source import BadFile, Texts, document

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class Usage(msgspec.Struct, frozen=True):
    """The members that a suggestion rests on; there are more."""

    role: str
    since: str
    used: tuple[ActionUse, ...]
    unmatched: tuple[str, ...]
    last_accessed: LastAccessed | None = None


SWITCHES = frozenset({"through_broker", "require_mfa"})
YES = frozenset({"true", "yes", "on"})


def suggestion(policies: Path, facts: Mapping[str, Any]) -> dict[str, Any]:
    """The policy and the template, from the usage of the role as GET /v1/roles/{name}/usage answers it."""
    usage = msgspec.convert(facts, Usage, strict=False)
    found = suggest(usage.used, usage.unmatched, usage.last_accessed or LastAccessed("not_read"), usage.since)
    return {
        "role": usage.role,
        "policy": found.policy,
        "reasons": list(found.reasons),
        "left_out": found.left_out,
        "denied": found.denied,
        "template": template(_template(policies, usage.role), found, usage.since),
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
