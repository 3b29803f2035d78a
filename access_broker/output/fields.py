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


EXAMPLES = {
    "duration_seconds": "--for 30m",
    "policy_arns": "--policy-arn arn:aws:iam::aws:policy/ReadOnlyAccess",
    "not_before": "--not-before 2026-01-31T09:00:00Z",
    "operation": "--operation ec2:RunInstances",
}


def labelled(name: str) -> str:
    """`duration_seconds (--for)`: files have the first name, command lines the second."""
    option = OPTIONS.get(member(name))
    return f"{name} ({option})" if option else name


def with_example(name: str, expected: str) -> str:
    """The value that a member expects, with an example of the command line where there is one."""
    example = EXAMPLES.get(member(name))
    return f"{expected}, for example {example}" if example else expected


def member(name: str) -> str:
    """The member of the body that a field stands in: `tags` of `tags.team`, `groups` of `groups[0]`."""
    return name.partition(".")[0].partition("[")[0]
