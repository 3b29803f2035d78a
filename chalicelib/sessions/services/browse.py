"""Browse sessions: role, caller, time and reason of each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chalicelib.core.domain.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from typing import Protocol

    from chalicelib.access.services.rights import Rights
    from chalicelib.core.domain.events import Origin
    from chalicelib.core.domain.pages import Page
    from chalicelib.core.domain.sessions import Session, SessionFilter
    from chalicelib.core.domain.times import Clock

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


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionBrowser:
    """Reads only; nothing here leaves a record."""

    rights: Rights
    sessions: Sessions
    clock: Clock

    def one(self, session_id: str, origin: Origin) -> Session:
        """One session; NotFound alike for sessions that do not exist and those of others."""
        session = self.sessions.get(session_id)
        if session is None or not self.rights.sight(origin)(session):
            raise NotFound(f"There is no session {session_id}.")
        return session

    def page(self, wanted: SessionFilter, limit: int, cursor: str | None, origin: Origin) -> Page[Session]:
        """Newest first, what the caller may see of it; a page may be short."""
        now, sees = self.clock(), self.rights.sight(origin)
        walked = self._narrowed(wanted, origin)
        bounded = walked.alive(now) if wanted.state == "active" else walked
        return self.sessions.page(bounded, now, limit, cursor, lambda one: wanted.matches(one, now) and sees(one))

    def active(self, wanted: SessionFilter, origin: Origin) -> int:
        """The number of active sessions that the caller may see."""
        now, sees = self.clock(), self.rights.sight(origin)
        walked, alive = self._narrowed(wanted, origin).alive(now), wanted.alive(now)
        return sum(sees(session) for session in self.sessions.every(walked, now) if alive.matches(session, now))

    def _narrowed(self, wanted: SessionFilter, origin: Origin) -> SessionFilter:
        """The filter, narrowed to the caller's own sessions where the caller may see no others.

        A list that walks other callers' sessions would show by its cursor
        that they exist.
        """
        if self.rights.may_read("", origin) or (wanted.caller and not wanted.role):
            return wanted
        if wanted.role and self.rights.may_read(wanted.role, origin):
            return wanted
        return replace(wanted, caller=origin.caller.name)
