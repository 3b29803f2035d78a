"""A session's AWS calls as CloudTrail records them, and the test that a record is the session's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.core.domain.sessions import Session


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


def made_by(session: Session, record: Mapping[str, Any]) -> bool:
    """True for a CloudTrail record of this session: by role session name and, where stated, source identity.

    The name ends in the session's id, so no other session of ours has it; the
    role and source identity keep out a session that was made up under the same name.
    """
    identity = record.get("userIdentity") or {}
    context = identity.get("sessionContext") or {}
    arn = str(identity.get("arn") or "")
    if identity.get("type") != "AssumedRole" or not arn.endswith(
        f":assumed-role/{session.role}/{session.session_name}"
    ):
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
