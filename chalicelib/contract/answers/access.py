"""Answers about the caller, roles, and what was just issued."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from chalicelib.contract.answers.forms import Cursor, Digest, Id, Instant  # noqa: TC001  the same
from chalicelib.core.domain import sessions  # noqa: TC001  msgspec reads the annotations
from chalicelib.explain.services.browse_roles import RoleView  # noqa: TC001  the same


class Health(msgspec.Struct, frozen=True):
    """The broker runs. `policy_set` is the digest of the access policies that decide."""

    status: Literal["ok"]
    deployment: str
    policy_set: Digest


class Identity(msgspec.Struct, frozen=True):
    """The caller as API Gateway verified and IAM knows them. A session's name is ROLE/SESSION.

    `rights` are the actions that the rules let the caller take on the whole broker.
    """

    arn: str
    name: str
    kind: Literal["user", "role"]
    account: str
    groups: tuple[str, ...]
    tags: dict[str, str]
    rights: tuple[str, ...]


class RolePage(msgspec.Struct, frozen=True):
    """Roles in order of name. A page may be short and still have a `next_cursor`."""

    roles: tuple[RoleView, ...]
    next_cursor: Cursor


class Review(msgspec.Struct, frozen=True, omit_defaults=True):
    """The review of a break-glass session: state, reviewer and comment."""

    state: Literal["open", "done"]
    by: str | msgspec.UnsetType = msgspec.UNSET
    at: Instant | msgspec.UnsetType = msgspec.UNSET
    comment: str | msgspec.UnsetType = msgspec.UNSET


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A role session: one row of the broker, one RoleSessionName in CloudTrail, one set of credentials."""

    id: Id
    caller: str
    role: str
    role_arn: str
    session_name: str
    source_identity: str
    kind: Literal["credentials", "console"]
    state: sessions.State
    reason: str
    policies: Annotated[tuple[str, ...], msgspec.Meta(description="The access rules that decided")]
    issued_at: Instant
    expires_at: Instant
    grant: Annotated[Id | None, msgspec.Meta(description="The grant it was issued under, if any")]
    asked_by: Annotated[str | None, msgspec.Meta(description="The program that asked for the caller, if any")]
    break_glass: bool
    review: Annotated[Review | None, msgspec.Meta(description="Null if no review is needed")]


class ProcessCredentials(msgspec.Struct, frozen=True, rename="pascal"):
    """Exactly what `credential_process` prints (AWS SDKs and Tools Reference Guide). Secret."""

    version: Literal[1]
    access_key_id: str
    secret_access_key: str
    session_token: str
    expiration: Instant


class Issued(msgspec.Struct, frozen=True):
    """A session and its credentials: shown here and nowhere again."""

    session: Session
    credentials: ProcessCredentials


class ConsoleLink(msgspec.Struct, frozen=True):
    """A way into the AWS console. `sign_in_url` is a secret until it expires."""

    session: Session
    sign_in_url: str
    sign_in_url_expires_at: Instant
    switch_role_url: str | None
