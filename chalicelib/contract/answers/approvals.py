"""Answers about requests and grants."""

from __future__ import annotations

from typing import Annotated

import msgspec

from chalicelib.approvals.domain import grants, requests  # noqa: TC001  msgspec reads the annotations
from chalicelib.contract.answers.forms import Cursor, Id, Instant  # noqa: TC001  the same


class Decision(msgspec.Struct, frozen=True):
    """The decision of one approver. `via` is `api` or the chat it came through."""

    decision: requests.Word
    by: str
    at: Instant
    comment: str
    via: str


class Grant(msgspec.Struct, frozen=True):
    """The result of an approved request: sessions that begin from `starts_at` to `usable_until` and end by `until`.

    The id is its request's. No session is shorter than 15 minutes, so the last begins that long before the end.
    """

    id: Id
    caller: str
    role: str
    state: grants.State
    starts_at: Instant
    until: Instant
    usable_until: Instant
    ended_at: Instant | None
    ended_by: str | None
    approvers: tuple[str, ...]


class EligibleApprovers(msgspec.Struct, frozen=True):
    """The callers who could approve a request, by the rules as they are now. `sso/NAME` is a permission set."""

    groups: tuple[str, ...]
    enough: Annotated[
        bool | None,
        msgspec.Meta(description="True if so many others could approve as the rule demands; null: not known"),
    ]


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A request for access that others must agree to.

    `grant` is there once one exists, in lists until its time is over. `approvers` is there while the request waits,
    not in lists.
    """

    id: Id
    state: requests.State
    caller: str
    asked_by: str | None
    role: str
    together: Annotated[
        tuple[str, ...],
        msgspec.Meta(description="Ids of the requests that are decided together, this one among them; empty: alone"),
    ]
    reason: str
    duration_seconds: int
    not_before: Instant | None
    approvals: Annotated[int, msgspec.Meta(description="How many must agree")]
    decisions: tuple[Decision, ...]
    policy: Annotated[str, msgspec.Meta(description="The access rule whose terms apply")]
    filed_at: Instant
    answer_by: Instant
    settled_at: Instant | None
    starts_at: Instant | None
    until: Instant | None
    usable_until: Instant | None
    grant: Grant | msgspec.UnsetType = msgspec.UNSET
    approvers: EligibleApprovers | msgspec.UnsetType = msgspec.UNSET


class RequestPage(msgspec.Struct, frozen=True):
    """Requests, newest first. A page may be short and still have a `next_cursor`."""

    requests: tuple[Request, ...]
    next_cursor: Cursor
