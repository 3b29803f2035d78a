"""Facts about one role: from IAM, and from the broker's own rows."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003  answers of the provision function are converted by the annotations
from dataclasses import dataclass, field
from datetime import datetime  # noqa: TC003  the same

from chalicelib.core.domain.roles import split_role_name
from chalicelib.provisioning.domain.export import DELETING_TAG

OWNER_TAG, AUDIENCE_TAG = "access-broker:owner", "access-broker:audience"


@dataclass(frozen=True, slots=True)
class RoleFacts:
    """IAM's facts about a role. `last_used_at` is None for "not within the last 400 days".

    A role of a member account is named `ACCOUNT ID:ROLE`.
    """

    name: str
    path: str
    unique_id: str
    created_at: datetime
    last_used_at: datetime | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    instance_profiles: tuple[str, ...] = ()
    boundary_arn: str = ""
    quarantined: bool = False
    fingerprint: Mapping[str, str] = field(default_factory=dict)

    def tag(self, key: str) -> str | None:
        """The tag's value; IAM treats keys that differ in case only as one."""
        return next((value for name, value in self.tags.items() if name.lower() == key), None)

    @property
    def owner(self) -> str:
        """The owner to notify; without one, the audience of the role."""
        return self.tag(OWNER_TAG) or self.tag(AUDIENCE_TAG) or ""

    @property
    def account(self) -> str:
        """The id of the member account that it is in, or "" for the broker's own."""
        return split_role_name(self.name)[0]

    @property
    def half_deleted(self) -> bool:
        """True if a delete was interrupted: it removes the quarantine before it removes the role."""
        return self.tag(DELETING_TAG) is not None


@dataclass(frozen=True, slots=True)
class MemberLook:
    """The roles of one member account, or why they could not be looked at. `left`: it is not served any more."""

    account: str
    roles: tuple[RoleFacts, ...] = ()
    why: str = ""
    left: bool = False


@dataclass(frozen=True, slots=True)
class Signs:
    """Signs of use in the broker's own rows. They are immediate; IAM is hours late. Ids are empty if there is none."""

    active_session: str = ""
    active_grant: str = ""
    pending_request: str = ""
    last_session_at: datetime | None = None
    last_request_at: datetime | None = None
    changed_at: datetime | None = None


NO_SIGNS = Signs()
