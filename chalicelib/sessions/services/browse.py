"""Browse sessions: role, caller, time and reason of each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chalicelib.core.domain.errors import InvalidRequest, NotFound, Refused
from chalicelib.core.domain.pages import Page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from typing import Protocol

    from chalicelib.access.services.rights import Rights
    from chalicelib.core.domain.events import Origin
    from chalicelib.core.domain.sessions import Session, SessionFilter
    from chalicelib.core.domain.times import Clock
    from chalicelib.core.services.refusals import RefusalRecorder

    class Sessions(Protocol):
        """Session rows, for browsing and revoking."""

        def get(self, session_id: str) -> Session | None:
            """The session, or None."""
            ...

        def page(
            self,
            wanted: SessionFilter,
            now: datetime,
            limit: int,
            cursor: str | None,
            matches: Callable[[Session], bool],
        ) -> Page[Session]:
            """Newest first: those of the filter's caller, role and times that match. A page may be short."""
            ...

        def every(self, wanted: SessionFilter, now: datetime) -> Iterator[Session]:
            """Every session of the filter's caller, role and times, newest first, whatever its state."""
            ...

        def mark_revoked(self, session_id: str, at: datetime, because: str = "") -> None:
            """Show the session as revoked, and why it ended with another; AuditUnavailable unless it is durable."""
            ...


FURTHER_LOOKS = 9
"""Pages that are read on where a page shows nothing and its cursor would name a session of others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionBrowser:
    """Reads only. A read of what is not the caller's to see leaves a refusal on record."""

    rights: Rights
    sessions: Sessions
    refusals: RefusalRecorder
    clock: Clock

    def one(self, session_id: str, origin: Origin) -> Session:
        """One session; NotFound alike for sessions that do not exist and those of others."""
        session = self.sessions.get(session_id)
        absent = NotFound(f"There is no session {session_id}.")
        if session is None:
            raise absent
        if not self.rights.sight(origin)(session):
            subject = {"action": "ReadAudit", "name": session.id}
            raise self.refusals.record(absent, origin, role=session.role, session=session.id, subject=subject)
        return session

    def page(self, wanted: SessionFilter, limit: int, cursor: str | None, origin: Origin) -> Page[Session]:
        """Newest first, what the caller may see of it; a page may be short. The cursor names no session of others."""
        now, sees = self.clock(), self.rights.sight(origin)
        walked = self._narrowed(wanted, origin)
        bounded = walked.alive(now) if wanted.state == "active" else walked

        def look(start: str | None) -> Page[Session]:
            return self.sessions.page(bounded, now, limit, start, lambda one: wanted.matches(one, now) and sees(one))

        page = look(cursor)
        if self.rights.may_read("", origin):
            return page
        for _ in range(FURTHER_LOOKS):
            if page.items or self._may_name(page.cursor, sees):
                break
            page = look(page.cursor)
        if not page.items and wanted.caller not in {"", origin.caller.name}:
            self._record_read_of_others(wanted, origin)
        return self._without_hidden_cursor(page, sees)

    def active(self, wanted: SessionFilter, origin: Origin) -> int:
        """The number of active sessions that the caller may see."""
        now, sees = self.clock(), self.rights.sight(origin)
        walked, alive = self._narrowed(wanted, origin).alive(now), wanted.alive(now)
        return sum(sees(session) for session in self.sessions.every(walked, now) if alive.matches(session, now))

    def _without_hidden_cursor(self, page: Page[Session], sees: Callable[[Session], bool]) -> Page[Session]:
        if self._may_name(page.cursor, sees):
            return page
        if page.items:
            return Page(page.items, page.items[-1].id)
        raise InvalidRequest("There is too much to look through.", {"role": "name the role, or a time with since"})

    def _may_name(self, cursor: str | None, sees: Callable[[Session], bool]) -> bool:
        session = self.sessions.get(cursor) if cursor else None
        return cursor is None or (session is not None and sees(session))

    def _record_read_of_others(self, wanted: SessionFilter, origin: Origin) -> None:
        """A list of another caller's sessions of which none is theirs to see: answered as empty, and recorded."""
        refusal = Refused("No rule lets the caller see a session of this caller.")
        subject = {"action": "ReadAudit", "name": wanted.caller}
        self.refusals.record(refusal, origin, role=wanted.role, subject=subject)

    def _narrowed(self, wanted: SessionFilter, origin: Origin) -> SessionFilter:
        """The filter of the rows to read. Where that is possible, they are all the caller's to see.

        A role's rows are, with ReadAudit on the role; the caller's own are.
        """
        if self.rights.may_read("", origin):
            return wanted
        if wanted.role and self.rights.may_read(wanted.role, origin):
            return replace(wanted, caller="")
        return wanted if wanted.caller and not wanted.role else replace(wanted, caller=origin.caller.name)
