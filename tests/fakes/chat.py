"""Slack, the memory of what was posted, the queue of notices and another system, on fakes."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chalicelib.chat.domain.postings import Place
from chalicelib.chat.domain.visits import Linked
from chalicelib.core.domain.errors import AwsUnavailable, NotDelivered
from tests.fakes.approval_desk import ALICE, BOB, CAROL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.chat.domain.messages import Message
    from chalicelib.chat.domain.notices import Notice
    from chalicelib.chat.domain.postings import Posting
    from chalicelib.chat.domain.visits import Visit

HANDLES = {"T1/UALICE": ALICE, "T1/UBOB": BOB, "T1/UCAROL": CAROL}


@dataclass
class FakeSlack:
    """Answers given, and visits taken up by which invocation."""

    said: list[tuple[str, str]] = field(default_factory=list)
    taken: dict[str, str] = field(default_factory=dict)
    linked: list[Linked] = field(default_factory=lambda: [Linked(one, handle) for handle, one in HANDLES.items()])

    def answer(self, response_url: str, text: str) -> None:
        self.said.append((response_url, text))

    def people(self) -> Sequence[Linked]:
        return self.linked

    def first(self, visit: Visit, invocation: str) -> bool:
        return self.taken.setdefault(visit.id, invocation) == invocation


@dataclass
class FakeOutside:
    """A channel, the memory of it, a queue and another system; each can be down."""

    open: bool = True
    down: bool = False
    down_after: int = -1
    """Puts until the queue goes down; negative for never."""
    messages: dict[str, Message] = field(default_factory=dict)
    changes: list[str] = field(default_factory=list)
    kept: dict[str, Posting] = field(default_factory=dict)
    queued: dict[str, Notice] = field(default_factory=dict)
    delivered: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def _take(self) -> None:
        if self.down:
            raise NotDelivered("down")

    def post(self, message: Message) -> Place:
        self._take()
        place = Place("C1", str(len(self.messages)))
        self.messages[place.ts] = message
        return place

    def update(self, place: Place, message: Message) -> None:
        self._take()
        self.changes.append(place.ts)
        self.messages[place.ts] = message

    def get(self, subject: str) -> Posting | None:
        return self.kept.get(subject)

    def keep(self, subject: str, posting: Posting) -> None:
        self.kept[subject] = posting

    def put(self, notice: Notice, once: str) -> None:
        if self.down or self.down_after == 0:
            raise AwsUnavailable("down")
        self.down_after -= 1
        self.queued.setdefault(once, notice)

    def postpone(self, notice: Notice, receipt: str, seconds: int) -> None:
        raise NotImplementedError

    def deliver(self, delivery: str, body: bytes) -> None:
        self._take()
        self.delivered.append((delivery, json.loads(body)))
