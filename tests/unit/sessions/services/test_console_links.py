"""Console links: a session like any other, decided by OpenConsole."""

import pytest

from chalicelib.access.domain.facts import Suspended
from chalicelib.access.domain.rule_files import load_rules
from chalicelib.core.domain.errors import AwsUnavailable, InvalidRequest, Refused
from chalicelib.core.handlers.bodies import converted
from chalicelib.sessions.domain.issuance import CredentialsAsk
from chalicelib.sessions.handlers.bodies import ConsoleLinkBody
from chalicelib.sessions.services.console_links import ConsoleLinks
from chalicelib.sessions.services.issue import SessionIssuer
from tests.fakes.approvals import FakeGrants
from tests.fakes.core import BESIDE, CAROL, NOW, Clock, FakeCatalogue, FakeJournal, Ids, origin, refusals
from tests.fakes.sessions import FakeSessions, FakeSignIn, FakeSts

POLICIES = """
@id("seen") permit (principal, action == Broker::Action::"SeeRole", resource);
@id("console") permit (principal in Broker::Group::"engineers", action == Broker::Action::"OpenConsole", resource);
"""
PAGE = "https://console.aws.amazon.com/"
WANTED = CredentialsAsk("ec2-full", reason="look", kind="console")


def confirmed() -> None:
    """Nothing changed."""


class Desk:
    def __init__(self) -> None:
        self.sessions, self.journal, self.sign_in = FakeSessions(), FakeJournal(), FakeSignIn()
        session_issuer = SessionIssuer(
            deployment="test",
            rules=load_rules({"a.cedar": POLICIES}),
            catalogue=FakeCatalogue(),
            grants=FakeGrants(),
            sessions=self.sessions,
            refusals=refusals(self.journal),
            sts=FakeSts(),
            row_writer=BESIDE,
            clock=Clock(),
            new_id=Ids(),
        )
        self.links = ConsoleLinks(
            session_issuer=session_issuer, catalogue=FakeCatalogue(), sign_in=self.sign_in, clock=Clock()
        )


def test_a_console_session_is_recorded_as_one_and_the_link_lives_fifteen_minutes() -> None:
    desk = Desk()
    link = desk.links.open(WANTED, PAGE, origin(), confirmed)
    assert [one.kind for one in desk.sessions.rows.values()] == ["console"]
    assert desk.sessions.events[0].detail["kind"] == "console"
    assert (link.sign_in_url_expires_at - NOW).total_seconds() == 900


@pytest.mark.parametrize("domain", ["aws.amazon.com", "amazonaws.cn", "amazonaws-us-gov.com", "amazonaws-eusc.eu"])
def test_pages_of_the_console_in_every_partition_are_destinations(domain: str) -> None:
    for place in (f"https://console.{domain}/ec2/home", f"https://eu-west-1.console.{domain}/"):
        assert converted({"role": "x", "destination": place}, ConsoleLinkBody).destination == place
    for elsewhere in (f"https://console.{domain}.example.com/", f"http://console.{domain}/", f"https://x{domain}/"):
        with pytest.raises(InvalidRequest):
            converted({"role": "x", "destination": elsewhere}, ConsoleLinkBody)


def test_the_link_is_not_shown_by_accident() -> None:
    assert "canary" not in repr(Desk().links.open(WANTED, PAGE, origin(), confirmed))


def test_who_may_not_open_the_console_is_refused_and_recorded() -> None:
    desk = Desk()
    with pytest.raises(Refused):
        desk.links.open(WANTED, PAGE, origin(CAROL), confirmed)
    assert desk.sign_in.asked == []
    assert len(desk.journal.events) == 1


def test_a_person_who_is_suspended_while_the_session_is_issued_gets_no_link() -> None:
    desk = Desk()

    def suspended() -> None:
        raise Suspended("since a moment ago")

    with pytest.raises(Suspended):
        desk.links.open(WANTED, PAGE, origin(), suspended)
    assert desk.sign_in.asked == []
    assert [event.type for event in desk.sessions.events] == ["issue", "issue_failed"]


def test_when_the_sign_in_endpoint_is_away_nothing_leaves() -> None:
    desk = Desk()
    desk.sign_in.fails_with = AwsUnavailable("away")
    with pytest.raises(AwsUnavailable):
        desk.links.open(WANTED, PAGE, origin(), confirmed)
    assert [event.type for event in desk.sessions.events] == ["issue"]  # AWS holds credentials: not `issue_failed`
