"""What a session did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chalicelib.domain.activity import Call
    from chalicelib.domain.events import Origin
    from chalicelib.domain.ports import ActivityLog, Page
    from chalicelib.services.sessions import SessionReading


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """Who may see a session may see what it did."""

    sessions: SessionReading
    log: ActivityLog

    def page(self, session_id: str, cursor: str | None, origin: Origin) -> Page[Call]:
        """One page of the session's calls; NotFound as `SessionReading.one`."""
        return self.log.page(self.sessions.one(session_id, origin), cursor)
