"""A session's AWS calls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Protocol

    from chalicelib.core.domain.events import Origin
    from chalicelib.core.domain.sessions import Session
    from chalicelib.sessions.domain.activity import ActivityPage
    from chalicelib.sessions.services.browse import SessionBrowser

    class ActivityLog(Protocol):
        """CloudTrail, by session."""

        @property
        def regions(self) -> tuple[str, ...]:
            """The regions that are looked up, and no others."""
            ...

        def page(self, session: Session, cursor: str | None) -> ActivityPage:
            """The session's calls: in order of time within a page, pages going back in time."""
            ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """Shows a session's AWS calls to everyone who may see the session."""

    sessions: SessionBrowser
    log: ActivityLog

    def page(self, session_id: str, cursor: str | None, origin: Origin) -> ActivityPage:
        """One page of the session's calls; NotFound as `SessionReading.one`."""
        return self.log.page(self.sessions.one(session_id, origin), cursor)
