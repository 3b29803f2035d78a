"""Asking, approving and issuing on fakes, with everybody who takes part."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from chalicelib.access.domain.rule_files import load_rules
from chalicelib.access.services.rights import Rights
from chalicelib.approvals.services.approvers import Approvers
from chalicelib.approvals.services.close_overdue import OverdueCloser
from chalicelib.approvals.services.decide import RequestDecisions
from chalicelib.approvals.services.filing_limits import LimitedFiling
from chalicelib.approvals.services.records import ApprovalRecords
from chalicelib.approvals.services.request import RequestAsk, RequestBrowser, RequestFiling
from chalicelib.core.domain.callers import Caller
from chalicelib.core.domain.roles import Role
from chalicelib.sessions.domain.issuance import CredentialsAsk
from chalicelib.sessions.services.end_grant import GrantEnder
from chalicelib.sessions.services.issue import SessionIssuer
from chalicelib.sessions.services.review_break_glass import BreakGlassReview
from tests.fakes.approvals import FakeGrants, FakePeople, FakeRequests
from tests.fakes.core import BESIDE, Clock, FakeCatalogue, FakeJournal, Ids, origin, refusals
from tests.fakes.sessions import FakeEnder, FakeReviews, FakeSessions, FakeSts

if TYPE_CHECKING:
    from chalicelib.approvals.domain.requests import Request
    from chalicelib.core.domain.sessions import Session

ACCOUNT = "123456789012"

RULES = """
@id("seen") permit (principal, action == Broker::Action::"SeeRole", resource)
  unless { resource.hasTag("hidden") };
@id("one-agrees") @approvals("1") @reason("required") @grant("8h") permit (
  principal in Broker::Group::"engineers",
  action in [Broker::Action::"RequestAccess", Broker::Action::"TakeCredentials"],
  resource == Broker::Role::"prod");
@id("two-agree") @approvals("2") @grant("8h") permit (
  principal in Broker::Group::"engineers",
  action in [Broker::Action::"RequestAccess", Broker::Action::"TakeCredentials"],
  resource == Broker::Role::"vault");
@id("standing") permit (
  principal in Broker::Group::"engineers",
  action in [Broker::Action::"RequestAccess", Broker::Action::"TakeCredentials"],
  resource == Broker::Role::"tools");
@id("approve") permit (principal in Broker::Group::"approvers",
  action in [Broker::Action::"Approve", Broker::Action::"ReviewBreakGlass"], resource);
@id("bots") permit (principal in Broker::Group::"chatbots", action == Broker::Action::"AskForOthers", resource);
@id("glass") @reason("required") permit (principal in Broker::Group::"on-call",
  action == Broker::Action::"BreakGlass", resource);
@id("respond") permit (principal in Broker::Group::"responders", action == Broker::Action::"Revoke", resource);
@id("audit") permit (principal in Broker::Group::"auditors", action == Broker::Action::"ReadAudit", resource);
@id("out") forbid (principal, action, resource) when { principal.hasTag("access-broker:suspended") };
"""


def user(name: str, *groups: str, **tags: str) -> Caller:
    return Caller("user", name, f"arn:aws:iam::{ACCOUNT}:user/{name}", ACCOUNT, f"AIDA{name.upper()}", groups, tags)


def role(name: str, **tags: str) -> Role:
    return Role(name, f"arn:aws:iam::{ACCOUNT}:role/access-broker/{name}", tags=tags)


ALICE = user("alice", "engineers")
DAVE = user("dave", "engineers", "approvers", "on-call")
BOB = user("bob", "approvers")
EVE = user("eve", "approvers")
BOT = user("slackbot", "chatbots", "approvers")
HEIDI = user("heidi", "responders")
GRACE = user("grace", "auditors")
CAROL = user("carol")
EVERYBODY = (ALICE, DAVE, BOB, EVE, BOT, HEIDI, GRACE, CAROL)
ROLES = {name: role(name) for name in ("prod", "vault", "tools")} | {"hidden": role("hidden", hidden="yes")}


class ApprovalDesk:
    """Every service of asking and approving, sharing one clock and one set of stores."""

    def __init__(self, rules: str = RULES) -> None:
        self.clock, self.journal = Clock(), FakeJournal()
        self.catalogue = FakeCatalogue(dict(ROLES))
        self.grants = FakeGrants()
        self.requests = FakeRequests(self.grants, events=self.grants.events)
        self.sessions, self.sts = FakeSessions(self.grants), FakeSts()
        self.people = FakePeople({one.name: one for one in EVERYBODY})
        self.ender = FakeEnder(self.sessions, self.clock)
        self.rules, ids = load_rules({"a.cedar": rules}), Ids()
        recorder = refusals(self.journal, self.clock, ids)
        records = ApprovalRecords(refusals=recorder, clock=self.clock, new_id=ids)
        rights = Rights(rules=self.rules, catalogue=self.catalogue, clock=self.clock)
        self.approvers = Approvers(rules=self.rules, catalogue=self.catalogue, rights=rights, clock=self.clock)
        self.request_filing = RequestFiling(
            rules=self.rules,
            catalogue=self.catalogue,
            people=self.people,
            filing=LimitedFiling(requests=self.requests, pause=lambda _attempt: None),
            records=records,
        )
        self.reading = RequestBrowser(
            requests=self.requests,
            grants=self.grants,
            approvers=self.approvers,
            refusals=recorder,
            clock=self.clock,
        )
        self.overdue_closer = OverdueCloser(requests=self.requests, grants=self.grants, records=records)
        self.request_decisions = RequestDecisions(
            requests=self.requests,
            approvers=self.approvers,
            records=records,
            overdue_closer=self.overdue_closer,
            pause=lambda _attempt: None,
        )
        self.grant_ender = GrantEnder(
            requests=self.requests,
            grants=self.grants,
            sessions=self.sessions,
            ender=self.ender,
            approvers=self.approvers,
            records=records,
        )
        self.reviews = FakeReviews(self.sessions)
        self.break_glass_review = BreakGlassReview(
            sessions=self.sessions, reviews=self.reviews, approvers=self.approvers, records=records
        )
        self.session_issuer = SessionIssuer(
            deployment="access-broker-test",
            rules=self.rules,
            catalogue=self.catalogue,
            grants=self.grants,
            sessions=self.sessions,
            refusals=recorder,
            sts=self.sts,
            row_writer=BESIDE,
            clock=self.clock,
            new_id=ids,
        )

    @property
    def events(self) -> list[str]:
        """The types of everything that was told of requests and grants, in order."""
        return [event.type for event in self.requests.events]

    def file(self, who: Caller = ALICE, role_name: str = "prod", hours: float = 2, **more: object) -> Request:
        wanted = {"reason": "deploy", **more}
        ask = RequestAsk(role_name, round(hours * 3600), **wanted)  # type: ignore[arg-type]
        return self.request_filing.file(ask, origin(who))

    def approve(self, request: Request, who: Caller = BOB, comment: str = "") -> Request:
        return self.request_decisions.record_decision(request.id, "approve", comment, origin(who))

    def deny(self, request: Request, who: Caller = BOB, comment: str = "") -> Request:
        return self.request_decisions.record_decision(request.id, "deny", comment, origin(who))

    def issue(self, who: Caller = ALICE, role_name: str = "prod", **more: object) -> Session:
        wanted = {"reason": "deploy", **more}
        session, _ = self.session_issuer.issue(CredentialsAsk(role_name, **wanted), origin(who))  # type: ignore[arg-type]
        return session

    def hours_pass(self, hours: float) -> None:
        self.clock.now += timedelta(hours=hours)
