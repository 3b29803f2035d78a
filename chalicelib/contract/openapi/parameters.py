"""Parameters of paths, queries and headers, as types."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from chalicelib.contract.answers.forms import Id
from chalicelib.contract.openapi.examples import CURSOR, ID, SINCE, UNTIL
from chalicelib.core.handlers.paging import DEFAULT_LIMIT, MAX_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterable

IamName = Annotated[
    str,
    msgspec.Meta(pattern=r"^[A-Za-z0-9_+=,.@-]{1,64}$(?!\n)", description="A name in IAM, without its path"),
]
CallerName = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^([a-z0-9-]{1,63}:)?[A-Za-z0-9_+=,.@/-]{1,129}$(?!\n)",
        description="A name in IAM; ROLE/SESSION for a role session; in a member account with ACCOUNT: in front",
    ),
]
When = Annotated[datetime, msgspec.Meta(tz=True, description="RFC 3339 with an offset")]
Limit = Annotated[
    int,
    msgspec.Meta(ge=1, le=MAX_LIMIT, description="Items a page may have", extra_json_schema={"default": DEFAULT_LIMIT}),
]
Cursor = Annotated[str, msgspec.Meta(description="`next_cursor` of the page before")]
ReasonText = Annotated[str, msgspec.Meta(max_length=1000, description="The reason, kept in the audit log")]
DryRun = Annotated[bool, msgspec.Meta(description="Report the changes without making them")]
Key = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[!-~]{1,128}$(?!\n)",
        description="The same on every attempt of one call: a repetition does nothing twice",
    ),
]

KeyId = Annotated[str, msgspec.Meta(pattern=r"^[A-Z0-9]{16,128}$(?!\n)", description="Id of an access key")]

IN_PATHS: dict[str, Any] = {
    "name": IamName,
    "session_id": Id,
    "request_id": Id,
    "grant_id": Id,
    "suspension_id": Id,
    "key_id": KeyId,
}

PAGE: dict[str, Any] = {"limit": Limit, "cursor": Cursor}
IDEMPOTENT: dict[str, Any] = {"Idempotency-Key": Key}

FILTERS: dict[str, Any] = {"caller": CallerName, "role": CallerName, "since": When, "until": When, "session": Id}

EXAMPLES: dict[str, str] = {
    "name": "ec2-full", "role": "ec2-full", "caller": "alice", "reason": "deploy 1.4.2", "cursor": CURSOR,
    "session_id": ID, "request_id": ID, "grant_id": ID, "session": ID,
    "suspension_id": ID, "key_id": "AKIAIOSFODNN7EXAMPLE", "group": "engineers", "since": SINCE, "until": UNTIL,
    "Idempotency-Key": "2f9c1f6e-0d0b-4a52-9a43-6a5a4c2b8f10",
}  # fmt: skip


def paged(names: Iterable[str], **words: Any) -> dict[str, Any]:
    """The query of a list with these filters; `words` has the types of those that mean something else elsewhere."""
    return {**PAGE, **filtered(names, **words)}


def filtered(names: Iterable[str], **words: Any) -> dict[str, Any]:
    """The filters alone."""
    return {name: words.get(name) or FILTERS[name] for name in names}
