"""Random interleavings of everybody who asks, decides, gives back and takes: what must always hold.

The audit events are replayed by a second, much simpler machine, and the
services may never say or do anything that it does not.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule

from chalicelib.core.domain.errors import BrokerError, Refused
from tests.fakes.approval_desk import ALICE, BOB, BOT, CAROL, DAVE, EVE, HEIDI, ApprovalDesk
from tests.fakes.core import origin

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.approvals.domain.requests import Request
    from chalicelib.core.domain.callers import Caller
    from chalicelib.core.domain.events import AuditEvent
    from chalicelib.core.domain.sessions import Session

NEEDED = {"prod": 1, "vault": 2}
MAY_APPROVE = {"bob", "eve", "dave", "slackbot"}
SHORTEST = timedelta(minutes=15)

askers = st.sampled_from([ALICE, DAVE])
deciders = st.sampled_from([ALICE, DAVE, BOB, EVE, BOT, CAROL])
roles = st.sampled_from(sorted(NEEDED))
words = st.sampled_from(["approve", "approve", "deny"])
hours = st.sampled_from([0.5, 0.75, 1, 2, 8])


@dataclass
class Told:
    """One request as its events tell it."""

    caller: str
    asked_by: str
    role: str
    duration: timedelta
    not_before: datetime | None
    state: str = "pending"
    agreed: dict[str, datetime] = field(default_factory=dict)
    window: tuple[datetime, datetime] | None = None
    ended: datetime | None = None

    def covers(self, at: datetime) -> bool:
        return self.window is not None and self.ended is None and self.window[0] <= at < self.window[1]


def replay(events: list[AuditEvent]) -> dict[str, Told]:
    """The state of everything, from the audit log alone."""
    told: dict[str, Told] = {}
    for event in events:
        detail: dict[str, Any] = dict(event.detail)
        if event.type == "request":
            start = datetime.fromisoformat(detail["not_before"]) if detail["not_before"] else None
            duration = timedelta(seconds=detail["duration_seconds"])
            told[event.id] = Told(detail["for"], detail.get("asked_by", ""), event.role, duration, start)
            continue
        one = told[detail["request"]]
        if event.type == "decide" and detail["decision"] == "deny":
            one.state = "denied"
        elif event.type == "decide":
            one.agreed[event.origin.caller.name] = event.at
            if len(one.agreed) == NEEDED[one.role]:
                one.state = "approved"
                planned = one.not_before or event.at
                one.window = (max(planned, event.at), planned + one.duration)
        elif event.type == "end" or (event.type == "expire" and "grant" in detail):
            one.ended = event.at
        else:
            one.state = {"cancel": "cancelled", "expire": "expired"}[event.type]
    return told


class Approvals(RuleBasedStateMachine):
    """Actors at random. `meanwhile` is what another does between one's read and one's write."""

    requests: Bundle[Request] = Bundle("requests")
    granted: Bundle[Request] = Bundle("granted")
    meanwhile: Bundle[Callable[[], object]] = Bundle("meanwhile")

    def __init__(self) -> None:
        super().__init__()
        self.desk = ApprovalDesk()
        self.desk.ender.before_end = self.no_session_ends_while_something_covers_it

    @initialize(target=requests)
    def somebody_asked(self) -> Request:
        return self.desk.file()

    def at_once(self, turn: Callable[[], object] | None) -> None:
        """The other acts right before the next write of a request or grant, whichever comes first."""

        def once() -> None:
            self.desk.requests.before_save = self.desk.grants.before_write = lambda: None
            if turn:
                turn()

        self.desk.requests.before_save = self.desk.grants.before_write = once

    @rule(target=requests, who=askers, role=roles, hours=hours, ahead=st.sampled_from([None, 1, 3]))
    def ask(self, who: Caller, role: str, hours: float, ahead: int | None) -> Request:
        start = self.desk.clock() + timedelta(hours=ahead) if ahead else None
        return self.desk.file(who, role, hours, not_before=start)

    @rule(target=granted, hours=hours)
    def alice_asked_and_bob_agreed(self, hours: float) -> Request:
        return self.desk.approve(self.desk.file(ALICE, "prod", hours), BOB)

    @rule(target=requests, role=roles)
    def a_bot_asks_for_alice(self, role: str) -> Request:
        return self.desk.file(BOT, role, on_behalf_of="alice")

    @rule(target=meanwhile, request=requests, who=deciders, word=words)
    def another_is_about_to_decide(self, request: Request, who: Caller, word: Any) -> Callable[[], object]:
        return quietly(lambda: self.desk.request_decisions.record_decision(request.id, word, "", origin(who)))

    @rule(target=meanwhile, request=requests)
    def another_is_about_to_cancel(self, request: Request) -> Callable[[], object]:
        return quietly(lambda: self.desk.request_decisions.cancel(request.id, "", origin(ALICE)))

    @rule(request=requests, who=deciders, word=words, turn=st.none() | consumes(meanwhile))
    def decide(self, request: Request, who: Caller, word: Any, turn: Callable[[], object] | None) -> None:
        self.at_once(turn)
        quietly(lambda: self.desk.request_decisions.record_decision(request.id, word, "", origin(who)))()

    @rule(request=requests, who=askers, turn=st.none() | consumes(meanwhile))
    def cancel(self, request: Request, who: Caller, turn: Callable[[], object] | None) -> None:
        self.at_once(turn)
        quietly(lambda: self.desk.request_decisions.cancel(request.id, "", origin(who)))()

    @rule(turn=st.none() | consumes(meanwhile))
    def the_schedule_runs(self, turn: Callable[[], object] | None) -> None:
        self.at_once(turn)
        self.desk.overdue_closer.run()

    @rule(target=meanwhile, request=granted)
    def another_is_about_to_end(self, request: Request) -> Callable[[], object]:
        return quietly(lambda: self.desk.grant_ender.end(request.id, "", origin(HEIDI)))

    @rule(target=meanwhile, who=askers, role=roles)
    def another_is_about_to_take(self, who: Caller, role: str) -> Callable[[], object]:
        return quietly(lambda: self.desk.issue(who, role))

    @rule(request=requests | granted, who=st.sampled_from([ALICE, HEIDI, CAROL]), turn=st.none() | consumes(meanwhile))
    def give_back(self, request: Request, who: Caller, turn: Callable[[], object] | None) -> None:
        self.at_once(turn)
        quietly(lambda: self.desk.grant_ender.end(request.id, "", origin(who)))()

    @rule(minutes=st.sampled_from([1, 14, 20, 60, 240, 1440]))
    def time_passes(self, minutes: int) -> None:
        self.desk.clock.pass_seconds(minutes * 60)

    @rule(who=st.just(ALICE) | askers, role=st.just("prod") | roles)
    def take(self, who: Caller, role: str) -> None:
        """Access exactly where the events tell of a grant that covers this moment."""
        now = self.desk.clock()
        self.at_once(None)
        held = [one for one in self.told().values() if (one.caller, one.role) == (who.name, role) and one.covers(now)]
        longest = max((one.window[1] for one in held if one.window), default=now)
        if longest - now < SHORTEST:
            with pytest.raises(Refused):
                self.desk.issue(who, role)
            return
        session = self.desk.issue(who, role)
        assert session.expires_at <= longest
        assert session.asked_by == self.told()[session.grant].asked_by

    @rule(who=askers, role=roles, turn=consumes(meanwhile))
    def take_while_another_acts(self, who: Caller, role: str, turn: Callable[[], object]) -> None:
        self.at_once(turn)
        quietly(lambda: self.desk.issue(who, role))()

    @invariant()
    def whoever_found_no_moment_goes_away(self) -> None:
        """A turn that met no write must not act within a later step."""
        self.desk.requests.before_save = self.desk.grants.before_write = lambda: None

    def told(self) -> dict[str, Told]:
        return replay(self.desk.requests.events)

    @invariant()
    def rows_are_what_the_events_tell(self) -> None:
        told = self.told()
        assert set(told) == set(self.desk.requests.rows)
        for request in self.desk.requests.rows.values():
            assert request.state == told[request.id].state
            assert set(request.approvers) == set(told[request.id].agreed)

    @invariant()
    def one_event_per_transition(self) -> None:
        events = self.desk.requests.events
        of_grants = [one for one in events if one.type == "end" or ("grant" in one.detail and one.type == "expire")]
        steps = Counter(one.detail.get("request", one.id) for one in events if one not in of_grants)
        assert steps == {request.id: request.version for request in self.desk.requests.rows.values()}
        assert max(Counter(one.detail["request"] for one in of_grants).values(), default=0) <= 1
        assert len({one.id for one in events}) == len(events)

    @invariant()
    def only_enough_approvals_by_others_make_a_grant(self) -> None:
        told = self.told()
        for grant in self.desk.grants.rows.values():
            one = told[grant.id]
            assert len(one.agreed) >= NEEDED[one.role]
            assert set(one.agreed) <= MAY_APPROVE - {one.caller, one.asked_by}
        assert {one for one, request in told.items() if request.window} == {
            grant.id for grant in self.desk.grants.rows.values()
        }

    @invariant()
    def no_session_lives_without_something_that_covers_it(self) -> None:
        now = self.desk.clock()
        assert all(map(self.covered, [one for one in self.desk.sessions.rows.values() if one.state(now) == "active"]))

    def no_session_ends_while_something_covers_it(self, session_id: str) -> None:
        """Asked in the moment of the end: what is approved right afterwards covers the next session."""
        assert not self.covered(self.desk.sessions.rows[session_id])

    def covered(self, session: Session) -> bool:
        return any(covers_to_the_end(one, session, self.desk.clock()) for one in self.told().values())


def covers_to_the_end(one: Told, session: Session, now: datetime) -> bool:
    mine = (one.caller, one.role) == (session.caller, session.role)
    return mine and one.covers(now) and one.window is not None and one.window[1] >= session.expires_at


def quietly(action: Callable[[], object]) -> Callable[[], object]:
    """Whoever comes too late or may not is told so; that is not what these tests are about."""

    def act() -> object:
        try:
            return action()
        except BrokerError:
            return None

    return act


Approvals.TestCase.settings = settings(max_examples=100, stateful_step_count=40)
TestApprovals = Approvals.TestCase
