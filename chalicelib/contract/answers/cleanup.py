"""The answer about stale roles."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from chalicelib.cleanup.domain.report import Drift, Failure, Tidied, UserFinding  # noqa: TC001  msgspec reads them
from chalicelib.contract.answers.forms import Id, Instant  # noqa: TC001  the same

Further = Literal["reported", "warned", "quarantined", "deleted"]


class StaleRole(msgspec.Struct, frozen=True, kw_only=True):
    """A role on its way out, or back. `change` is what a run does to it; `alive` means that it is taken back."""

    name: str
    account: Annotated[str, msgspec.Meta(description="Id of its member account; empty: the broker's own account")]
    stage: Annotated[Literal["", Further], msgspec.Meta(description="Where it is; empty: nowhere yet")]
    since: Instant | None
    change: Literal["", "alive", Further]
    next_stage: Further | None
    next_at: Annotated[Instant | None, msgspec.Meta(description="At the earliest")]
    code: Annotated[str, msgspec.Meta(description="`stale`, or the condition that spares the role (docs/cleanup.md)")]
    reason: str
    owner: str


KeyFurther = Literal["reported", "warned", "deactivated"]


class OldKey(msgspec.Struct, frozen=True, kw_only=True):
    """An old access key, or one that is taken back. `change` is what the run does to it; empty: nothing."""

    id: str
    user: str
    stage: Annotated[Literal["", KeyFurther], msgspec.Meta(description="Where it is; empty: nowhere yet")]
    since: Instant | None
    change: Literal["", "alive", KeyFurther]
    next_stage: Annotated[KeyFurther | None, msgspec.Meta(description="null if that stage is off")]
    next_at: Annotated[Instant | None, msgspec.Meta(description="At the earliest")]
    code: Annotated[str, msgspec.Meta(description="`old`, or the reason to leave the key alone (docs/cleanup.md)")]
    reason: str


class Spending(msgspec.Struct, frozen=True):
    """How many roles (or keys) a run would take further than reported, and how many it may."""

    wanted: int
    limit: int
    exceeded: bool


class CleanupReport(msgspec.Struct, frozen=True, kw_only=True):
    """The report of a run made now. `alive` counts roles of this deployment that are kept, by reason."""

    run: Id | None
    at: Instant
    dry_run: bool
    up_to: Annotated[Further, msgspec.Meta(description="The last stage that an administrator turned on")]
    complete: Annotated[bool, msgspec.Meta(description="False where AWS stopped answering; the next run goes on")]
    roles: tuple[StaleRole, ...]
    alive: dict[str, int]
    others: Annotated[int, msgspec.Meta(description="Roles that are not the broker's")]
    budget: Spending
    failures: tuple[Failure, ...]
    drift: tuple[Drift, ...]
    users: tuple[UserFinding, ...]
    keys: tuple[OldKey, ...]
    keys_up_to: Annotated[KeyFurther, msgspec.Meta(description="The last stage of keys that is turned on")]
    key_budget: Spending
    tidied: Tidied
