"""Bodies of requests: strict, every limit stated where AWS states it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from chalicelib.core.domain.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

# `$(?!\n)`: in Python `$` alone also matches before a last newline. Both read the same in JSON Schema.
RoleName = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^((\d{12}|[a-z]([a-z0-9-]{0,61}[a-z0-9])?):)?[A-Za-z0-9_+=,.@-]{1,64}$(?!\n)",
        description="Name of a role, without its path; in another account ACCOUNT:ROLE, by the account's id or alias",
    ),
]
CallerName = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^([0-9]{12}:)?[A-Za-z0-9_+=,.@/-]{1,129}$(?!\n)",
        description="A user, a role, ROLE/SESSION or sso/PERSON; in a member account with ACCOUNT ID: in front",
    ),
]
Reason = Annotated[str, msgspec.Meta(max_length=1000, description="Why, for those who read the audit log")]
Seconds = Annotated[
    int,
    msgspec.Meta(ge=900, le=3600, description="Whole seconds; AWS chains roles for an hour at most"),
]
PolicyArn = Annotated[
    str,
    msgspec.Meta(pattern=r"^arn:aws[a-z-]*:iam::(aws|[0-9]{12}):policy/[A-Za-z0-9_+=,.@/-]{1,512}$(?!\n)"),
]
TagKey = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9 _.:/=+@-]{1,128}$(?!\n)")]
TagValue = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9 _.:/=+@-]{0,256}$(?!\n)")]


def check_session_policy(policy: Mapping[str, Any] | None) -> None:
    """InvalidRequest for what is no policy document. STS asks for no Version and takes the older one."""
    if policy is None:
        return
    from chalicelib.core.domain.policy_grammar import VERSION, document_problems  # noqa: PLC0415  few send a policy

    if problem := next(document_problems({**policy, "Version": VERSION}), None):
        raise InvalidRequest(
            "The session policy does not fit; see fields.", {"policy": f"an IAM policy document: {problem}"}
        )
