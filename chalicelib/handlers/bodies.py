"""Bodies of requests: strict, every limit stated where AWS states it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from chalicelib.domain.errors import InvalidRequest
from chalicelib.domain.policy_documents import session_policy_text
from chalicelib.domain.policy_grammar import VERSION, document_problems
from chalicelib.domain.roles import MAX_CALLER_TAGS, MAX_POLICY_ARNS, MAX_SESSION_POLICY
from chalicelib.domain.words import said
from chalicelib.services.issuing import CredentialsAsk

if TYPE_CHECKING:
    from collections.abc import Mapping

# `$(?!\n)`: in Python `$` alone also matches before a last newline. Both read the same in JSON Schema.
RoleName = Annotated[
    str,
    msgspec.Meta(pattern=r"^[A-Za-z0-9_+=,.@-]{1,64}$(?!\n)", description="Name of a role, without its path"),
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

OURS = re.compile(r"(?i)(access-broker|aws):")


class ConsoleLinkBody(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """POST /v1/console-links. The destination is a page of the AWS console, nothing else."""

    role: RoleName
    reason: Reason = ""
    destination: Annotated[
        str,
        msgspec.Meta(
            max_length=2048,
            pattern=r"^https://([a-z0-9-]+\.)*console\.(aws\.amazon|amazonaws-us-gov)\.com/[!-~]*$(?!\n)",
        ),
    ] = "https://console.aws.amazon.com/"

    def ask(self) -> CredentialsAsk:
        """The ask for the service."""
        return CredentialsAsk(role=self.role, reason=said(self.reason), kind="console")


class CredentialsBody(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """POST /v1/credentials."""

    role: RoleName
    duration_seconds: Seconds | None = None
    reason: Reason = ""
    policy: dict[str, Any] | None = None
    policy_arns: Annotated[tuple[PolicyArn, ...], msgspec.Meta(max_length=MAX_POLICY_ARNS)] = ()
    tags: Annotated[dict[TagKey, TagValue], msgspec.Meta(max_length=MAX_CALLER_TAGS)] = {}
    break_glass: bool = False

    def ask(self) -> CredentialsAsk:
        """The ask for the service; InvalidRequest for what a type cannot say."""
        check_session_policy(self.policy)
        _policy_size(self.policy)
        _session_tags(self.tags)
        return CredentialsAsk(
            role=self.role,
            duration_seconds=self.duration_seconds,
            reason=said(self.reason),
            policy=self.policy,
            policy_arns=self.policy_arns,
            tags=self.tags,
            break_glass=self.break_glass,
        )


def check_session_policy(policy: Mapping[str, Any] | None) -> None:
    """InvalidRequest for what is no policy document. STS asks for no Version and takes the older one."""
    if policy is None:
        return
    if problem := next(document_problems({**policy, "Version": VERSION}), None):
        raise InvalidRequest(
            "The session policy does not fit; see fields.", {"policy": f"an IAM policy document: {problem}"}
        )


def _policy_size(policy: Mapping[str, Any] | None) -> None:
    if policy is not None and len(session_policy_text(policy)) > MAX_SESSION_POLICY:
        raise InvalidRequest("The session policy is too long.", {"policy": f"at most {MAX_SESSION_POLICY} characters"})


def _session_tags(tags: dict[str, str]) -> None:
    reserved = [key for key in tags if OURS.match(key)]
    if reserved:
        raise InvalidRequest(
            "A tag key is reserved.", {f"tags.{reserved[0]}": "no key may begin with access-broker: or aws:"}
        )
    if len({key.lower() for key in tags}) < len(tags):
        raise InvalidRequest("Two tag keys differ in case only.", {"tags": "STS treats keys as case-insensitive"})
