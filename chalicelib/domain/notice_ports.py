"""What telling others needs of the world, as protocols. Adapters live in chalicelib.aws."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from chalicelib.domain.chat_ports import Message, Place
    from chalicelib.domain.notices import Notice


@dataclass(frozen=True, slots=True)
class Posting:
    """A message that stands somewhere, and which version of its subject it shows."""

    place: Place
    version: str


class NoticeQueue(Protocol):
    """Notices on their way, in order for each subject and target."""

    def put(self, notice: Notice, once: str) -> None:
        """Return once it is durable; the same `once` again soon changes nothing. AwsUnavailable or RefusedByAws."""
        ...

    def postpone(self, receipt: str, seconds: int) -> None:
        """Hand this one out again after so long."""
        ...


class Board(Protocol):
    """A channel where messages stand and can be changed."""

    @property
    def open(self) -> bool:
        """Whether there is one."""
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
        """Return once it took the body; NotDelivered. `delivery` is the same for every attempt."""
        ...
