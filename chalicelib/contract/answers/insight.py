"""Answers about how roles were used."""

from __future__ import annotations

from typing import Annotated

import msgspec

from chalicelib.contract.answers.forms import Cursor, Instant  # noqa: TC001  msgspec reads the annotations
from chalicelib.insight.domain.usage import ActionUse, LastAccessed  # noqa: TC001  the same
from chalicelib.insight.services.role_usage import UnusedActions  # noqa: TC001  the same


class RoleUsage(msgspec.Struct, frozen=True):
    """The calls of some sessions of the role, newest first: add up the pages. `count` are calls that succeeded.

    The first page alone has `unused` and `last_accessed`, and only for callers who may read the audit. What a later
    page has in `used` is not unused.
    """

    role: str
    since: Instant
    sessions: Annotated[int, msgspec.Meta(description="Sessions that were read to their end")]
    used: tuple[ActionUse, ...]
    unmatched: Annotated[tuple[str, ...], msgspec.Meta(description="Events that are called like no IAM action")]
    unused: tuple[UnusedActions, ...] | None
    last_accessed: Annotated[LastAccessed | None, msgspec.Meta(description="What IAM itself knows of the role's use")]
    regions: tuple[str, ...]
    regions_denied: tuple[str, ...]
    next_cursor: Cursor
