"""Answers about callers and suspensions."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from chalicelib.contract.answers.forms import Cursor, Id, Instant  # noqa: TC001  msgspec reads the annotations


class KnownCaller(msgspec.Struct, frozen=True):
    """A user or role that the directory knows. `as_of` is when its function last read all of IAM."""

    id: Annotated[str, msgspec.Meta(description="IAM's unique id, as events have it in `caller`")]
    name: str
    kind: Literal["user", "role"]
    arn: str
    groups: tuple[str, ...]
    tags: dict[str, str]
    suspended: Annotated[bool, msgspec.Meta(description="By a suspension, or by the tag access-broker:suspended")]
    as_of: Instant | None


class CallerPage(msgspec.Struct, frozen=True):
    """Callers in order of their names. A page may be short and still have a `next_cursor`."""

    callers: tuple[KnownCaller, ...]
    next_cursor: Cursor


class CatalogueAccount(msgspec.Struct, frozen=True):
    """A member account as access rules see it."""

    id: str
    alias: str
    ou_path: str
    tags: dict[str, str]


class CatalogueRole(msgspec.Struct, frozen=True):
    """A role of the catalogue with everything that access rules look at."""

    name: str
    arn: str
    tier: Literal["workload", "operator", "deployer"]
    tags: dict[str, str]
    max_session_seconds: int
    quarantined: bool
    home: Annotated[CatalogueAccount | None, msgspec.Meta(description="null for a role of the broker's own account")]


class CataloguePage(msgspec.Struct, frozen=True):
    """Roles in order of their names."""

    roles: tuple[CatalogueRole, ...]
    next_cursor: Cursor


class Suspension(msgspec.Struct, frozen=True):
    """A subject that gets nothing until the suspension is lifted."""

    id: Id
    caller: Annotated[str, msgspec.Meta(description="The name that was suspended")]
    subject: Annotated[str, msgspec.Meta(description="IAM's unique id of the user, role or session, or sso/PERSON")]
    reason: str
    by: str
    at: Instant


class SuspensionList(msgspec.Struct, frozen=True):
    """All suspensions that stand, oldest first."""

    suspensions: tuple[Suspension, ...]


class Suspended(msgspec.Struct, frozen=True):
    """The result of suspending: what ended with it, and what could not be done. The suspension stands in any case."""

    suspensions: tuple[Suspension, ...]
    sessions: Annotated[tuple[str, ...], msgspec.Meta(description="Ids of the sessions that ended")]
    roles: tuple[str, ...]
    direct_roles: Annotated[tuple[str, ...], msgspec.Meta(description="Roles that the user may assume without us")]
    requests: Annotated[tuple[str, ...], msgspec.Meta(description="Ids of the requests that were cancelled")]
    failures: tuple[str, ...]
