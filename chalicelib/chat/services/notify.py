"""Notices about requests, decisions and break-glass, sent after the change and repeated until delivered."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.chat.domain import messages as say
from chalicelib.chat.domain.cleanup_messages import cleanup_message
from chalicelib.chat.domain.notices import Notice, of_broken_glass, of_event, review_standing
from chalicelib.chat.domain.postings import Posting
from chalicelib.core.domain.errors import BrokerError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Protocol

    from chalicelib.approvals.services.stores import Requests
    from chalicelib.chat.domain.messages import Message
    from chalicelib.chat.domain.notices import Kind, Target
    from chalicelib.chat.domain.postings import Place
    from chalicelib.core.domain.times import Clock
    from chalicelib.sessions.services.browse import Sessions

    class NoticeQueue(Protocol):
        """Notices on their way, in order for each subject and target."""

        def put(self, notice: Notice, once: str) -> None:
            """Return once it is durable; the same `once` again soon changes nothing. AwsUnavailable or RefusedByAws."""
            ...

        def postpone(self, notice: Notice, receipt: str, seconds: int) -> None:
            """Deliver the notice again after this time."""
            ...

    class Board(Protocol):
        """A channel where messages stand and can be changed."""

        @property
        def open(self) -> bool:
            """True if a channel is configured."""
            ...

        def post(self, message: Message) -> Place:
            """A new message; NotDelivered."""
            ...

        def update(self, place: Place, message: Message) -> None:
            """Another text in the same place; NotDelivered. One that was deleted is no failure."""
            ...

    class Postings(Protocol):
        """Which message shows what."""

        def get(self, subject: str) -> Posting | None:
            """The message about a request or session, or None."""
            ...

        def keep(self, subject: str, posting: Posting) -> None:
            """Remember it."""
            ...

    class Outlet(Protocol):
        """Another system's address."""

        def deliver(self, delivery: str, body: bytes) -> None:
            """Return once the other system took the body; NotDelivered. `delivery` is the same for every attempt."""
            ...


@dataclass(frozen=True, slots=True)
class Changed:
    """A changed row that makes a notice: its place in the stream, the id of the record, and its subject."""

    sequence: str
    once: str
    kind: Kind
    id: str
    event: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeFanOut:
    """A change becomes one notice for each system that is set up, so that none waits for another's turn."""

    queue: NoticeQueue
    targets: tuple[Target, ...]

    def spread(self, changes: Iterable[Changed]) -> str | None:
        """Queue break-glass first. Answers the sequence number from which on to redeliver, or None."""
        batch = list(changes)
        waiting = sorted(batch, key=lambda change: change.kind != "break_glass")
        try:
            while waiting:
                self._put(waiting[0])
                waiting.pop(0)
        except BrokerError:
            return next(change.sequence for change in batch if change in waiting)
        return None

    def _put(self, change: Changed) -> None:
        for target in self.targets:
            notice = Notice(target, change.kind, change.id, change.event)
            self.queue.put(notice, f"{target}-{change.once}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackNotices:
    """One message per request or broken glass, brought up to how things stand when it is told.

    So late, repeated and reordered notices all end in the same message. Every
    step of clean-up has a message of its own.
    """

    board: Board
    postings: Postings
    requests: Requests
    sessions: Sessions
    clock: Clock

    def tell(self, notice: Notice) -> None:
        """Post the message or change it; nothing if it says so already. NotDelivered."""
        shown = self._shown(notice) if self.board.open else None
        if shown is None:
            return
        message, version = shown
        standing = self.postings.get(notice.id)
        if standing and standing.version == version:
            return
        if standing:
            self.board.update(standing.place, message)
        place = standing.place if standing else self.board.post(message)
        self.postings.keep(notice.id, Posting(place, version))

    def _shown(self, notice: Notice) -> tuple[Message, str] | None:
        if notice.kind == "request":
            request = self.requests.get(notice.id)
            return (say.request_message(request, self.clock()), str(request.version)) if request else None
        if notice.kind == "cleanup":
            message = cleanup_message(json.loads(notice.event))
            return (message, "said") if message else None
        session = self.sessions.get(notice.id)
        return (say.broken_glass_message(session), review_standing(session)) if session else None


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookNotices:
    """One signed document per step, to any other system."""

    outlet: Outlet
    sessions: Sessions

    def tell(self, notice: Notice) -> None:
        """Deliver it; NotDelivered."""
        if notice.kind == "break_glass":
            session = self.sessions.get(notice.id)
            if session is None:
                return
            document = of_broken_glass(session)
        else:
            document = of_event(notice.event)
        body = json.dumps(document, ensure_ascii=True, separators=(",", ":")).encode()
        self.outlet.deliver(document["id"], body)
