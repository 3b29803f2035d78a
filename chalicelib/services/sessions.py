"""Looking at sessions: who had what, when and why."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chalicelib.domain.errors import NotFound

if TYPE_CHECKING:
    from chalicelib.domain.events import Origin
    from chalicelib.domain.ports import Clock, Page, Sessions
    from chalicelib.domain.sessions import Session, SessionFilter
    from chalicelib.services.rights import Rights


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionReading:
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
        """How many sessions are alive, of those the caller may see."""
        now, sees = self.clock(), self.rights.sight(origin)
        walked, alive = self._narrowed(wanted, origin).alive(now), wanted.alive(now)
        return sum(sees(session) for session in self.sessions.every(walked, now) if alive.matches(session, now))

    def _narrowed(self, wanted: SessionFilter, origin: Origin) -> SessionFilter:
        """What is looked through: their own, where nobody else's could be seen.

        Looking through a role that one may not read would tell by the cursor
        that there is one, and what goes on there.
        """
        if self.rights.may_read("", origin) or (wanted.caller and not wanted.role):
            return wanted
        if wanted.role and self.rights.may_read(wanted.role, origin):
            return wanted
        return replace(wanted, caller=origin.caller.name)
