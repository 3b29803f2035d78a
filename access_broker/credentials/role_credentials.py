"""Temporary credentials of a role, as credential_process documents carry them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from access_broker.output.times import rfc3339

if TYPE_CHECKING:
    from collections.abc import Mapping

NEVER_USED_LATER = timedelta(minutes=5)
"""Kept credentials are never handed out this close to their end."""

RENEWED_EARLY = timedelta(minutes=16)
"""AWS SDKs ask again from 15 minutes before the end (botocore, advisory refresh): be ahead of them."""


@dataclass(frozen=True, slots=True)
class RoleCredentials:
    """One session's keys, and when they were fetched."""

    role: str
    session: str
    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str = field(repr=False)
    expiration: str
    fetched_at: datetime

    def expires_at(self) -> datetime:
        """The end of the session."""
        return datetime.fromisoformat(self.expiration)

    def renew_at(self) -> datetime:
        """The time to ask for new ones: a third of a short session before its end, never less than five minutes."""
        third = (self.expires_at() - self.fetched_at) / 3
        return self.expires_at() - max(NEVER_USED_LATER, min(RENEWED_EARLY, third))

    def lasts(self, now: datetime) -> bool:
        """True if these may still be handed out when new ones cannot be had."""
        return now < self.expires_at() - NEVER_USED_LATER

    def usable(self, now: datetime) -> bool:
        """True if these are handed out again instead of asking for new ones."""
        return now < self.renew_at()

    def process_document(self) -> dict[str, Any]:
        """The document that `credential_process` prints (AWS SDKs and Tools Reference Guide)."""
        return {
            "Version": 1,
            "AccessKeyId": self.access_key_id,
            "SecretAccessKey": self.secret_access_key,
            "SessionToken": self.session_token,
            "Expiration": self.expiration,
        }

    def environment(self) -> dict[str, str]:
        """The variables every AWS SDK reads."""
        return {
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key,
            "AWS_SESSION_TOKEN": self.session_token,
            "AWS_CREDENTIAL_EXPIRATION": self.expiration,
        }

    def kept(self) -> dict[str, Any]:
        """Everything, for the vault."""
        fetched_at = rfc3339(self.fetched_at)
        return {**self.process_document(), "role": self.role, "session": self.session, "fetched_at": fetched_at}


def issued(answer: Mapping[str, Any], now: datetime) -> RoleCredentials:
    """From the answer to POST /v1/credentials."""
    session = answer["session"]
    return _credentials(answer["credentials"], str(session["role"]), str(session["id"]), now)


def remembered(document: Mapping[str, Any]) -> RoleCredentials:
    """From what `kept` made; KeyError, TypeError or ValueError where it is something else."""
    fetched_at = datetime.fromisoformat(document["fetched_at"])
    return _credentials(document, str(document["role"]), str(document["session"]), fetched_at)


def _credentials(document: Mapping[str, Any], role: str, session: str, fetched_at: datetime) -> RoleCredentials:
    return RoleCredentials(
        role=role,
        session=session,
        access_key_id=str(document["AccessKeyId"]),
        secret_access_key=str(document["SecretAccessKey"]),
        session_token=str(document["SessionToken"]),
        expiration=str(document["Expiration"]),
        fetched_at=fetched_at,
    )
