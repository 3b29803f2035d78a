"""Requests and grants, as the services of several features see them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime
    from typing import Protocol

    from chalicelib.approvals.domain.filings import Filings
    from chalicelib.approvals.domain.grants import Grant
    from chalicelib.approvals.domain.requests import Request, RequestFilter
    from chalicelib.core.domain.events import AuditEvent
    from chalicelib.core.domain.pages import Page

    class Requests(Protocol):
        """Request rows. Each write carries the audit event it makes."""

        def get(self, request_id: str) -> Request | None:
            """The request as it is at this moment, or None."""
            ...

        def filings(self, person: str) -> Filings:
            """The requests that may count against this person's limits, read consistently."""
            ...

        def file(self, filed: Sequence[tuple[Request, AuditEvent]], once: str, counted: Filings) -> Request:
            """Write new requests, all or none, and their count; answers the first.

            With a key `once` used before, answers the request that was the first then.

            FiledMeanwhile if the person filed another request since the count was read.
            """
            ...

        def save(self, changed: Request, event: AuditEvent, grant: Grant | None = None) -> None:
            """Write the next version, and the grant it yields, in one transaction.

            Conflict if another writer was faster, Contended if one is writing now.
            """
            ...

        def page(
            self, wanted: RequestFilter, limit: int, cursor: str | None, matches: Callable[[Request], bool]
        ) -> Page[Request]:
            """Newest first: those of the filter that match. A page may be short."""
            ...

        def pending(self) -> Iterable[Request]:
            """Every request that is not settled."""
            ...

    class Grants(Protocol):
        """Grant rows."""

        def get(self, request: Request) -> Grant | None:
            """The grant of a request as it is at this moment, or None."""
            ...

        def held(self, caller_id: str, role: str, now: datetime) -> list[Grant]:
            """The caller's grants for the role that are not long over, as they are at this moment."""
            ...

        def recent(self, caller: str, now: datetime) -> Iterable[Grant]:
            """The grants of everybody of that name that are not long over; the newest may be missing for a moment."""
            ...

        def end(self, ended: Grant, event: AuditEvent) -> None:
            """Write that the grant is over; Conflict if it is already."""
            ...

        def open(self) -> Iterable[Grant]:
            """Every grant that is not written down as over."""
            ...
