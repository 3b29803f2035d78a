"""What clean-up needs of the world, as protocols. Adapters live in chalicelib.aws."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from chalicelib.domain.events import AuditEvent
    from chalicelib.domain.staleness import RoleFacts, Signs
    from chalicelib.domain.staleness_marks import Mark
    from chalicelib.domain.staleness_users import UserFacts


class AccountRoles(Protocol):
    """IAM's roles, whoever made them."""

    def every(self) -> Iterator[RoleFacts]:
        """All roles of the account, in bulk; AwsUnavailable in the middle if AWS stops answering."""
        ...

    def look(self, name: str) -> RoleFacts | None:
        """One role as it is at this moment, or None."""
        ...


class RoleSigns(Protocol):
    """The broker's own rows about a role."""

    def of(self, role: str, now: datetime) -> Signs:
        """What sessions, grants, requests and changes say at this moment."""
        ...


class Marks(Protocol):
    """How far clean-up got with each role."""

    def every(self) -> Iterable[Mark]:
        """All marks."""
        ...

    def get(self, role: str) -> Mark | None:
        """The mark of a role, read consistently, or None."""
        ...

    def save(self, mark: Mark, event: AuditEvent | None) -> None:
        """Write the mark over the version before it, with its event; Conflict if somebody was faster."""
        ...

    def forget(self, mark: Mark) -> None:
        """Remove the mark of a role that somebody else deleted; nothing happens if it changed meanwhile."""
        ...

    def record_run(self, event: AuditEvent) -> None:
        """Write the summary of the latest run."""
        ...


class Applied(Protocol):
    """The catalogue, for comparison."""

    def fingerprints(self) -> Mapping[str, Mapping[str, str]]:
        """What the provisioner made of each role of this account, by name; empty where it did not say."""
        ...


class AccountUsers(Protocol):
    """Users under our path, as IAM's credential report tells of them."""

    def every(self, *, patient: bool) -> Iterable[UserFacts]:
        """All of them; AwsUnavailable while IAM prepares the report, which `patient` waits for longer."""
        ...


class Lapses(Protocol):
    """Requests that nobody answered and grants that ran out."""

    def run(self) -> tuple[int, int]:
        """Write down what is over: how many requests, how many grants."""
        ...
