"""A role's state as a few digests: enough to tell, in bulk, that it was changed by hand, and where."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from chalicelib.core.domain.policy_documents import canonical
from chalicelib.provisioning.domain.role_state import is_of_broker

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.provisioning.domain.role_state import RoleState

DIGITS = 16
"""Hexadecimal digits kept: they tell a change, they protect nothing."""


def fingerprint(state: RoleState) -> dict[str, str]:
    """A digest per part of what GetAccountAuthorizationDetails tells of a role.

    Description and longest session are not in there. Inline policies of the
    broker's own (revocations, quarantine) come and go without a template.
    """
    inline = {
        name: canonical(document)
        for name, document in state.inline_policies.items()
        if not is_of_broker(name, document)
    }
    return {
        "trust": _digest(canonical(state.trust)),
        "boundary": _digest(state.boundary_arn),
        "policies": _digest([sorted(state.managed_policies), inline]),
        "tags": _digest(dict(state.tags)),
    }


def drift(applied: Mapping[str, str], found: Mapping[str, str]) -> str:
    """The parts that differ from the applied state, in words; empty if none, or if the applied state was not kept."""
    parts = sorted(part for part, digest in applied.items() if found.get(part) != digest)
    return f"{', '.join(parts)} not as applied; broker roles plan shows the difference" if parts else ""


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:DIGITS]
