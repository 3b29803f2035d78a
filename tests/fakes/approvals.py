"""In-memory stores of asking and approving: conditional as the table is, so the same contract tests run on both."""
# ruff: noqa: ARG002  a fake takes what its port takes

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from chalicelib.approvals.domain.filings import FiledMeanwhile, Filings
from chalicelib.approvals.domain.grants import GrantEnded
from chalicelib.approvals.domain.requests import repeats
from chalicelib.core.domain.errors import Conflict
from chalicelib.core.domain.pages import Page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime

    from chalicelib.access.domain.facts import Facts
    from chalicelib.approvals.domain.grants import Grant
    from chalicelib.approvals.domain.requests import Request, RequestFilter
    from chalicelib.core.domain.callers import Caller
    from chalicelib.core.domain.events import AuditEvent
    from chalicelib.core.domain.sessions import Session


@dataclass
class FakeGrants:
    """Grants by caller id, role and id. `before_write` runs between a service's read and its write: another's turn."""

    rows: dict[tuple[str, str, str], Grant] = field(default_factory=dict)
    events: list[AuditEvent] = field(default_factory=list)
    reads: int = 0
    before_write: Callable[[], object] = lambda: None

    def get(self, request: Request) -> Grant | None:
        return self.rows.get((request.caller_id, request.role, request.id))

    def held(self, caller_id: str, role: str, now: datetime) -> list[Grant]:
        self.reads += 1
        return [grant for (who, what, _), grant in self.rows.items() if (who, what) == (caller_id, role)]

    def recent(self, caller: str, now: datetime) -> Iterable[Grant]:
        return [grant for grant in self.rows.values() if grant.caller == caller]

    def put(self, grant: Grant) -> None:
        if self._key(grant) in self.rows:
            raise Conflict("There is such a grant.")
        self.rows[self._key(grant)] = grant

    def note(self, session: Session) -> None:
        self._turn()
        key = (session.caller_id, session.role, session.grant)
        grant = self.rows.get(key)
        if grant is None or grant.ended_at:
            raise GrantEnded("The grant ended.")
        self.rows[key] = replace(grant, sessions=grant.sessions | {session.id})

    def end(self, ended: Grant, event: AuditEvent) -> None:
        self._turn()
        stored = self.rows.get(self._key(ended))
        if stored is None or stored.ended_at:
            raise Conflict("It is over.")
        self.rows[self._key(ended)] = replace(stored, ended_at=ended.ended_at, ended_by=ended.ended_by)
        self.events.append(event)

    def open(self) -> Iterable[Grant]:
        return [grant for grant in self.rows.values() if grant.ended_at is None]

    def _turn(self) -> None:
        turn, self.before_write = self.before_write, lambda: None
        turn()

    def _key(self, grant: Grant) -> tuple[str, str, str]:
        return grant.caller_id, grant.role, grant.id


@dataclass
class FakeRequests:
    """Requests by id. `before_save` runs between a service's read and its write: another's turn."""

    grants: FakeGrants = field(default_factory=FakeGrants)
    rows: dict[str, Request] = field(default_factory=dict)
    once: dict[tuple[str, str], str] = field(default_factory=dict)
    events: list[AuditEvent] = field(default_factory=list)
    counted: dict[str, Filings] = field(default_factory=dict)
    before_save: Callable[[], object] = lambda: None
    fails_with: Exception | None = None

    def get(self, request_id: str) -> Request | None:
        return self.rows.get(request_id)

    def filings(self, person: str) -> Filings:
        return self.counted.get(person, Filings(person))

    def file(self, filed: Sequence[tuple[Request, AuditEvent]], once: str, counted: Filings) -> Request:
        request, _ = filed[0]
        if self.fails_with:
            raise self.fails_with
        key = (request.asked_by_id or request.caller_id, once)
        if once and key in self.once:
            first = self.rows[self.once[key]]
            if not repeats(request, first):
                raise Conflict("This key was used for another request.")
            return first
        if self.filings(counted.person).version != counted.version - 1:
            raise FiledMeanwhile("Another one was filed.")
        self.counted[counted.person] = counted
        self.once[key] = request.id
        self.rows |= {one.id: one for one, _ in filed}
        self.events += [event for _, event in filed]
        return request

    def save(self, changed: Request, event: AuditEvent, grant: Grant | None = None) -> None:
        turn, self.before_save = self.before_save, lambda: None
        turn()
        stored = self.rows.get(changed.id)
        if stored is None or stored.version != changed.version - 1:
            raise Conflict("Somebody was faster.")
        if grant:
            self.grants.put(grant)
        self.rows[changed.id] = changed
        self.events.append(event)

    def page(
        self, wanted: RequestFilter, limit: int, cursor: str | None, matches: Callable[[Request], bool]
    ) -> Page[Request]:
        meant = [one for one in self.rows.values() if wanted.caller in {"", one.caller}]
        newest = sorted(meant, key=lambda one: one.id, reverse=True)
        found = [one for one in newest if (cursor is None or one.id < cursor) and matches(one)]
        return Page(tuple(found[:limit]), found[limit - 1].id if len(found) > limit else None)

    def pending(self) -> Iterable[Request]:
        return [request for request in self.rows.values() if request.state == "pending"]


@dataclass
class FakePeople:
    users: dict[str, Caller] = field(default_factory=dict)

    def user(self, name: str) -> Caller | None:
        return self.users.get(name)


@dataclass
class FakeKnownCallers:
    known: list[Facts] = field(default_factory=list)
    fails_with: Exception | None = None

    def every(self) -> Iterator[Facts]:
        if self.fails_with:
            raise self.fails_with
        yield from self.known
