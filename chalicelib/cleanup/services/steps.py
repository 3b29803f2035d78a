"""The steps of a run: what each one changed, and what failed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

from chalicelib.cleanup.domain.report import Failure
from chalicelib.core.domain.errors import AuditUnavailable, AwsUnavailable, BrokerError
from chalicelib.core.domain.roles import split_role_name
from chalicelib.core.services.leases import LeaseLost

if TYPE_CHECKING:
    from collections.abc import Callable

AWS_IS_BUSY = (AuditUnavailable, AwsUnavailable, LeaseLost)
"""Errors that end a run early. The next run does the rest."""


Kind = TypeVar("Kind", bound=str)


@dataclass(slots=True)
class Steps(Generic[Kind]):
    """The steps of a run so far. `lost` are member accounts that do not answer: their roles are left alone."""

    changes: dict[str, Kind] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    lost: set[str] = field(default_factory=set)
    complete: bool = True

    def take(self, role: str, step: Callable[[], Kind | None]) -> None:
        """One step. What it could not do is for the next run.

        If AWS is busy, the run takes no more steps; in a member account, no more steps for that account.
        """
        account, _ = split_role_name(role)
        if not self.complete or account in self.lost:
            return
        try:
            stage = step()
        except AWS_IS_BUSY as busy:
            self.failures.append(Failure(role, busy.detail, account))
            if account and isinstance(busy, AwsUnavailable):
                self.lost.add(account)
            else:
                self.complete = False
        except BrokerError as failure:
            self.failures.append(Failure(role, failure.detail, account))
        else:
            self.changes |= {role: stage} if stage else {}
