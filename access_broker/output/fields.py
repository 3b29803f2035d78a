"""Members of request bodies, with the option that a person wrote."""

from __future__ import annotations

OPTIONS = {
    "duration_seconds": "--for",
    "reason": "--reason",
    "policy": "--policy",
    "policy_arns": "--policy-arn",
    "tags": "--tag",
    "not_before": "--not-before",
    "on_behalf_of": "--on-behalf-of",
    "destination": "--destination",
    "comment": "--comment",
    "caller": "--caller",
    "operation": "--operation",
    "role": "ROLE",
    "groups": "--group",
}
"""Members of request bodies, as the command line calls them."""


def labelled(name: str) -> str:
    """`duration_seconds (--for)`: files have the first name, command lines the second."""
    option = OPTIONS.get(name.partition(".")[0])
    return f"{name} ({option})" if option else name
