"""Answers about accounts."""

from __future__ import annotations

from typing import Annotated

import msgspec

from chalicelib.contract.answers.forms import Cursor, Instant  # noqa: TC001  msgspec reads the annotations
from chalicelib.core.domain import roles  # noqa: TC001  the same


class Account(msgspec.Struct, frozen=True):
    """An AWS account that the broker knows. Roles in it are named `ACCOUNT:ROLE`, by id or alias."""

    id: str
    alias: Annotated[str, msgspec.Meta(description="The broker's own name for it, or empty")]
    name: str
    ou_path: Annotated[str, msgspec.Meta(description="Its organizational units from the root on, as /Workloads/Prod")]
    tags: dict[str, str]
    state: roles.AccountState
    reason: Annotated[str, msgspec.Meta(description="Why it is not served, and what to do")]
    checked_at: Instant | None


class AccountPage(msgspec.Struct, frozen=True):
    """Accounts in order of their ids."""

    accounts: tuple[Account, ...]
    next_cursor: Cursor
