"""A session's AWS calls as CloudTrail records them, and the test that a record is the session's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chalicelib.core.domain.roles import split_role_name

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from typing import Protocol

    class Traced(Protocol):
        """As much of a session as CloudTrail tells."""

        @property
        def role(self) -> str:
            """The role's name; for a member account's role with the account's id before it."""
            ...

        @property
        def role_arn(self) -> str:
            """The role's ARN."""
            ...

        @property
        def session_name(self) -> str:
            """The RoleSessionName, which CloudTrail has as the user's name."""
            ...

        @property
        def source_identity(self) -> str:
            """The caller."""
            ...

        @property
        def issued_at(self) -> datetime:
            """When the session began."""
            ...

        @property
        def expires_at(self) -> datetime:
            """When it ends by itself."""
            ...


@dataclass(frozen=True, slots=True)
class Call:
    """One AWS call of a session. `error` is AWS's error code, empty where the call was allowed and succeeded."""

    id: str
    at: str
    service: str
    action: str
    region: str
    source_ip: str
    user_agent: str
    read_only: bool
    error: str
    access_key_id: str
    resources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ActivityPage:
    """A page of calls. `denied` are the regions that AWS refused to look up for this page."""

    items: tuple[Call, ...]
    cursor: str | None = None
    denied: tuple[str, ...] = ()


def made_by(session: Traced, record: Mapping[str, Any]) -> bool:
    """True for a CloudTrail record of this session: by account, role, session name and, where stated, source identity.

    The name ends in the session's id, so no other session of ours has it; the
    role and source identity keep out a session that was made up under the same name.
    """
    identity = record.get("userIdentity") or {}
    context = identity.get("sessionContext") or {}
    arn = str(identity.get("arn") or "")
    account, role = session.role_arn.split(":")[4], split_role_name(session.role)[1]
    named = f":sts::{account}:assumed-role/{role}/{session.session_name}"
    if identity.get("type") != "AssumedRole" or not arn.endswith(named):
        return False
    return str(context.get("sourceIdentity", session.source_identity)) == session.source_identity


def call(record: Mapping[str, Any], resources: tuple[str, ...]) -> Call:
    """The call in a CloudTrail record (CloudTrail user guide, "record contents")."""
    return Call(
        id=str(record.get("eventID", "")),
        at=str(record.get("eventTime", "")),
        service=str(record.get("eventSource", "")),
        action=str(record.get("eventName", "")),
        region=str(record.get("awsRegion", "")),
        source_ip=str(record.get("sourceIPAddress", "")),
        user_agent=str(record.get("userAgent", "")),
        read_only=str(record.get("readOnly", "")).lower() == "true",
        error=str(record.get("errorCode") or ""),
        access_key_id=str((record.get("userIdentity") or {}).get("accessKeyId", "")),
        resources=resources,
    )
