"""Issuing: what leaves, what is recorded, and that neither happens without the other."""

from dataclasses import replace
from datetime import timedelta
from threading import Event
from typing import Any

import pytest

from chalicelib.access.domain.facts import Suspended
from chalicelib.access.domain.rule_files import load_rules
from chalicelib.core.domain.errors import AuditUnavailable, AwsUnavailable, Conflict, NotFound, Refused, RefusedByAws
from chalicelib.core.domain.roles import external_id
from chalicelib.sessions.domain.issuance import CredentialsAsk
from chalicelib.sessions.services.issue import SessionIssuer
from tests.fakes.approvals import FakeGrants
from tests.fakes.core import ALICE, BESIDE, CAROL, EC2, Clock, FakeCatalogue, FakeJournal, Ids, origin, refusals
from tests.fakes.sessions import FakeSessions, FakeSts
from tests.wording import naming

POLICIES = """
@id("seen") permit (principal, action == Broker::Action::"SeeRole", resource);
@id("engineers") permit (principal in Broker::Group::"engineers",
    action == Broker::Action::"TakeCredentials", resource);
"""


class Desk:
    """An issuing service and everything it touches."""

    def __init__(self) -> None:
        self.catalogue, self.sessions, self.journal, self.sts = (
            FakeCatalogue(),
            FakeSessions(),
            FakeJournal(),
            FakeSts(),
        )
        self.clock = Clock()
        self.service = SessionIssuer(
            deployment="access-broker-test",
            rules=load_rules({"a.cedar": POLICIES}),
            catalogue=self.catalogue,
            grants=FakeGrants(),
            sessions=self.sessions,
            refusals=refusals(self.journal, self.clock),
            sts=self.sts,
            row_writer=BESIDE,
            clock=self.clock,
            new_id=Ids(),
        )


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_credentials_leave_with_the_callers_name_and_the_session_id_stamped_on_them(desk: Desk) -> None:
    session, credentials = desk.service.issue(CredentialsAsk("ec2-full", reason="deploy"), origin())
    asked = desk.sts.asked[0]
    assert credentials.access_key_id == "ASIA1"
    assert (asked.source_identity, asked.session_name) == ("alice", f"alice-{session.id}")
    assert asked.tags == {"access-broker:session": session.id}
    assert asked.external_id == external_id("access-broker-test", EC2.arn)
    assert asked.duration_seconds == 3600


def test_the_row_and_its_event_say_who_what_why_and_by_which_rule(desk: Desk) -> None:
    session, _ = desk.service.issue(CredentialsAsk("ec2-full", reason="deploy", duration_seconds=900), origin())
    assert desk.sessions.rows == {session.id: session}
    assert session.expires_at - session.issued_at == timedelta(seconds=900)
    [event] = desk.sessions.events
    assert (event.type, event.id, event.role, event.reason) == ("issue", session.id, "ec2-full", "deploy")
    assert (event.origin.caller, event.policies) == (ALICE, ("engineers",))


def test_the_event_keeps_what_the_rules_saw_and_the_terms_that_applied(desk: Desk) -> None:
    desk.service.issue(CredentialsAsk("ec2-full", reason="deploy", duration_seconds=900), origin())
    saw = desk.sessions.events[0].decision
    assert (saw["action"], saw["outcome"], saw["terms"]["policy"]) == ("TakeCredentials", "allowed", "engineers")
    assert (saw["source_ip"], saw["duration_given"], saw["reason_given"]) == ("203.0.113.7", True, True)
    assert (saw["caller"]["groups"], saw["role"]["tags"]) == (["engineers"], EC2.tags)


def test_a_refusal_keeps_it_too_unless_the_rules_did_not_make_it(desk: Desk) -> None:
    with pytest.raises(Refused):
        desk.service.issue(CredentialsAsk("ec2-full"), origin(CAROL))
    with pytest.raises(NotFound):
        desk.service.issue(CredentialsAsk("nothing-there"), origin(CAROL))

    def suspended() -> None:
        raise Suspended("suspended")

    with pytest.raises(Suspended):
        desk.service.issue(CredentialsAsk("ec2-full"), origin(CAROL), suspended)
    saw = [event.decision for event in desk.journal.events]
    assert [one.get("outcome") for one in saw] == ["not_allowed", None, None]


def test_a_caller_cannot_replace_the_session_tag(desk: Desk) -> None:
    desk.service.issue(CredentialsAsk("ec2-full", tags={"access-broker:session": "forged", "team": "web"}), origin())
    assert desk.sts.asked[0].tags["access-broker:session"] != "forged"
    assert desk.sts.asked[0].tags["team"] == "web"


def test_without_a_row_no_credentials_leave(desk: Desk) -> None:
    desk.sessions.fails_with = AuditUnavailable("the table is away")
    with pytest.raises(AuditUnavailable):
        desk.service.issue(CredentialsAsk("ec2-full"), origin())


def test_nothing_is_under_way_any_more_when_a_request_ends_however_it_ends(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, write = Event(), desk.sessions.record

    def late(*row: Any) -> None:
        asked.wait(5)
        write(*row)

    def broken(_settings: object) -> None:
        asked.set()
        raise RuntimeError("nobody expects this")

    monkeypatch.setattr(desk.sessions, "record", late)
    monkeypatch.setattr(desk.sts, "assume", broken)
    with pytest.raises(RuntimeError):
        desk.service.issue(CredentialsAsk("ec2-full"), origin())
    assert len(desk.sessions.rows) == 1


def test_a_row_that_failed_leaves_the_next_one_alone(desk: Desk) -> None:
    desk.sessions.fails_with = AuditUnavailable("the table is away")
    with pytest.raises(AuditUnavailable):
        desk.service.issue(CredentialsAsk("ec2-full"), origin())
    desk.sessions.fails_with = None
    session, _ = desk.service.issue(CredentialsAsk("ec2-full"), origin())
    assert desk.sessions.rows == {session.id: session}


@pytest.mark.parametrize("failure", [RefusedByAws("no", "AccessDenied"), AwsUnavailable("busy"), KeyError("new")])
def test_a_row_whose_session_aws_refused_is_marked_and_told(desk: Desk, failure: Exception) -> None:
    desk.sts.fails_with = failure
    with pytest.raises(type(failure)):
        desk.service.issue(CredentialsAsk("ec2-full"), origin())
    assert desk.sessions.failed == list(desk.sessions.rows)
    assert [event.type for event in desk.sessions.events] == ["issue", "issue_failed"]


def test_a_refusal_is_recorded_before_it_is_answered(desk: Desk) -> None:
    with pytest.raises(Refused):
        desk.service.issue(CredentialsAsk("ec2-full", reason="please"), origin(CAROL))
    [event] = desk.journal.events
    assert (event.type, event.role, event.reason) == ("refuse", "ec2-full", "please")
    assert event.origin.caller == CAROL
    assert event.detail["code"] == "not_allowed"
    assert desk.sts.asked == []
    assert desk.sessions.rows == {}


def test_a_quarantined_role_is_refused_on_record_to_those_who_may_take_it(desk: Desk) -> None:
    desk.catalogue.roles["ec2-full"] = replace(EC2, quarantined=True)
    with pytest.raises(Conflict, match=naming("broker roles restore ec2-full")):
        desk.service.issue(CredentialsAsk("ec2-full"), origin())
    with pytest.raises(Refused):
        desk.service.issue(CredentialsAsk("ec2-full"), origin(CAROL))
    assert [event.detail["code"] for event in desk.journal.events] == ["conflict", "not_allowed"]
    assert [event.detail.get("quarantined") for event in desk.journal.events] == [True, None]
    assert (desk.sts.asked, desk.sessions.rows) == ([], {})


def test_a_role_that_does_not_exist_is_refused_and_recorded(desk: Desk) -> None:
    with pytest.raises(NotFound):
        desk.service.issue(CredentialsAsk("nothing"), origin())
    assert [event.detail["code"] for event in desk.journal.events] == ["not_found"]


def test_a_role_that_may_not_be_seen_answers_like_one_that_does_not_exist(desk: Desk) -> None:
    hidden = Desk()
    only = {
        "a.cedar": POLICIES.replace(
            "permit (principal, action ==", 'permit (principal == Broker::User::"bob", action =='
        )
    }
    hidden.service = replace(hidden.service, rules=load_rules(only))
    with pytest.raises(NotFound) as unseen:
        hidden.service.issue(CredentialsAsk("ec2-full"), origin(CAROL))
    with pytest.raises(NotFound) as absent:
        desk.service.issue(CredentialsAsk("ec2-none"), origin(CAROL))
    assert unseen.value.detail.replace("ec2-full", "X") == absent.value.detail.replace("ec2-none", "X")


def test_a_refusal_that_cannot_be_recorded_is_not_answered_as_one(desk: Desk) -> None:
    desk.journal.fails_with = AuditUnavailable("the table is away")
    with pytest.raises(AuditUnavailable):
        desk.service.issue(CredentialsAsk("ec2-full"), origin(CAROL))
