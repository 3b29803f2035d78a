"""Bodies of the routes that issue sessions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from chalicelib.core.domain.errors import InvalidRequest
from chalicelib.core.domain.roles import MAX_CALLER_TAGS, MAX_POLICY_ARNS, MAX_SESSION_POLICY
from chalicelib.core.domain.visible_text import visible_text
from chalicelib.core.handlers.fields import PolicyArn, Reason, RoleName, Seconds, TagKey, TagValue, check_session_policy
from chalicelib.sessions.domain.issuance import CredentialsAsk

if TYPE_CHECKING:
    from collections.abc import Mapping

OURS = re.compile(r"(?i)(access-broker|aws):")


class ConsoleLinkBody(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """POST /v1/console-links. The destination is a page of the AWS console; empty: its first page."""

    role: RoleName
    reason: Reason = ""
    destination: Annotated[
        str,
        msgspec.Meta(
            max_length=2048,
            pattern=r"^$|^https://([a-z0-9-]+\.)*console\."
            r"(aws\.amazon\.com|amazonaws\.cn|amazonaws-eusc\.eu|amazonaws-us-gov\.com)/[!-~]*$(?!\n)",
        ),
    ] = ""

    def ask(self) -> CredentialsAsk:
        """The ask for the service."""
        return CredentialsAsk(role=self.role, reason=visible_text(self.reason), kind="console")


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
            reason=visible_text(self.reason),
            policy=self.policy,
            policy_arns=self.policy_arns,
            tags=self.tags,
            break_glass=self.break_glass,
        )


def _policy_size(policy: Mapping[str, Any] | None) -> None:
    if policy is None:
        return
    from chalicelib.core.domain.policy_documents import session_policy_text  # noqa: PLC0415  few send a policy

    if len(session_policy_text(policy)) > MAX_SESSION_POLICY:
        raise InvalidRequest("The session policy is too long.", {"policy": f"at most {MAX_SESSION_POLICY} characters"})


def _session_tags(tags: dict[str, str]) -> None:
    reserved = [key for key in tags if OURS.match(key)]
    if reserved:
        raise InvalidRequest(
            "A tag key is reserved.", {f"tags.{reserved[0]}": "no key may begin with access-broker: or aws:"}
        )
    if len({key.lower() for key in tags}) < len(tags):
        raise InvalidRequest("Two tag keys differ in case only.", {"tags": "STS treats keys as case-insensitive"})
