"""Bodies of asking and approving."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from chalicelib.approvals.domain.filings import MOST_AT_ONCE
from chalicelib.approvals.domain.grants import LONGEST_GRANT, SHORTEST_GRANT
from chalicelib.approvals.services.request import RequestAsk
from chalicelib.core.domain.visible_text import visible_text
from chalicelib.core.handlers.fields import Reason, RoleName

GrantSeconds = Annotated[
    int,
    msgspec.Meta(
        ge=int(SHORTEST_GRANT.total_seconds()),
        le=int(LONGEST_GRANT.total_seconds()),
        description="How long the access is wanted, over as many sessions as it takes",
    ),
]
Instant = Annotated[datetime, msgspec.Meta(tz=True, description="RFC 3339 with an offset")]
UserName = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_+=,.@-]{1,64}$(?!\n)", description="An IAM user")]
Comment = Annotated[str, msgspec.Meta(max_length=1000, description="For the one who asked, and the audit log")]


MoreRoles = Annotated[
    tuple[RoleName, ...],
    msgspec.Meta(
        max_length=MOST_AT_ONCE - 1,
        description="Further roles, of other accounts for example: one request each, decided together",
    ),
]


class RequestBody(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """POST /v1/requests."""

    role: RoleName
    duration_seconds: GrantSeconds = 3600
    reason: Reason = ""
    not_before: Instant | None = None
    on_behalf_of: UserName | None = None
    also: MoreRoles = ()

    def ask(self, once: str) -> RequestAsk:
        """The ask for the service."""
        return RequestAsk(
            role=self.role,
            duration_seconds=self.duration_seconds,
            reason=visible_text(self.reason),
            not_before=self.not_before,
            on_behalf_of=self.on_behalf_of or "",
            once=once,
            also=self.also,
        )


class CommentBody(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """POST /v1/requests/{id}/approve, deny and cancel."""

    comment: Comment = ""
