"""What chat needs of the world, as protocols. Adapters live in chalicelib.aws."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chalicelib.domain.callers import Caller


@dataclass(frozen=True, slots=True)
class Message:
    """What is posted: `text` for notifications and screen readers, `blocks` as Slack's Block Kit draws them."""

    text: str
    blocks: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Visit:
    """One verified request of Slack's, as the webhook handed it on. `id` is a digest of its signature."""

    id: str
    kind: str
    body: str
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message stands: Slack's channel and timestamp name it."""

    channel: str
    ts: str


@dataclass(frozen=True, slots=True)
class Linked:
    """An IAM user and their place in the chat, TEAM/USER."""

    caller: Caller
    handle: str


class Answers(Protocol):
    """Answers that only the one who asked sees."""

    def answer(self, response_url: str, text: str) -> None:
        """Say it to them alone; NotDelivered if Slack does not take it."""
        ...


class Directory(Protocol):
    """IAM users by their place in the chat."""

    def people(self) -> Sequence[Linked]:
        """Everybody who is linked, with groups and tags."""
        ...


class Visits(Protocol):
    """Visits that were taken up."""

    def first(self, visit: Visit, invocation: str) -> bool:
        """Whether this invocation is the one that takes it up: a retry of it is, a replay is not."""
        ...


class Worker(Protocol):
    """The chat function, as the webhook sees it."""

    def hand_over(self, visit: Visit) -> None:
        """Return once the visit is queued; AwsUnavailable or RefusedByAws."""
        ...
