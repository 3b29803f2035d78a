"""Words and clicks from Slack: as the linked person, once each, answered to them alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest

from chalicelib.access.domain.facts import Suspended
from chalicelib.chat.domain.messages import DOUBLY_LINKED
from chalicelib.chat.domain.visits import Linked, Visit
from chalicelib.chat.services.respond import Actions, ChatResponder
from chalicelib.explain.services.browse_roles import RoleBrowser
from tests.fakes.approval_desk import ALICE, BOB, CAROL, ApprovalDesk
from tests.fakes.chat import FakeSlack
from tests.wording import names

if TYPE_CHECKING:
    from chalicelib.core.domain.callers import Caller

URL = "https://hooks.slack.com/commands/T1/2/3"


class ChatDesk(ApprovalDesk):
    """The same services, reached by chat."""

    def __init__(self) -> None:
        super().__init__()
        self.slack = FakeSlack()
        self.suspended: set[str] = set()
        role_browser = RoleBrowser(
            rules=self.rules,
            catalogue=self.catalogue,
            grants=self.grants,
            rights=self.approvers.rights,
            clock=self.clock,
        )
        self.chat_responder = ChatResponder(
            actions=Actions(
                role_browser=role_browser,
                request_filing=self.request_filing,
                reading=self.reading,
                request_decisions=self.request_decisions,
                grant_ender=self.grant_ender,
                sessions=self.ender,
            ),
            directory=self.slack,
            check_not_suspended=self.check_not_suspended,
            visits=self.slack,
            answers=self.slack,
            records=self.request_decisions.records,
            policy_set="digest",
        )

    def check_not_suspended(self, who: Caller) -> None:
        if who.name in self.suspended:
            raise Suspended("suspended")

    def say(self, who: Caller, text: str, visit: str = "v1") -> str:
        form = {"team_id": "T1", "user_id": f"U{who.name.upper()}", "response_url": URL, "text": text}
        return self.take(Visit(visit, "command", urlencode(form), "request-1"))

    def click(self, who: Caller, word: str, request_id: str, visit: str = "v2") -> str:
        payload: dict[str, Any] = {
            "user": {"id": f"U{who.name.upper()}", "team_id": "T1"},
            "response_url": URL,
            "actions": [{"action_id": word, "value": request_id}],
        }
        return self.take(Visit(visit, "interaction", urlencode({"payload": json.dumps(payload)}), "request-2"))

    def take(self, visit: Visit, invocation: str = "i1") -> str:
        self.chat_responder.take(visit, f"{invocation} {visit.id}")
        return self.slack.said[-1][1]


@pytest.fixture
def desk() -> ChatDesk:
    return ChatDesk()


def test_asking_and_approving_by_chat_gives_the_access_and_no_secret(desk: ChatDesk) -> None:
    answer = desk.say(ALICE, "request prod 2h deploy")
    [request] = desk.requests.rows.values()
    assert f"`{request.id}`" in answer
    assert "broker exec prod" in answer
    assert names(desk.click(BOB, "approve", request.id), "approved", "bob")
    assert desk.issue().grant == request.id
    assert {event.origin.via for event in desk.requests.events} == {"slack"}
    assert desk.requests.rows[request.id].decisions[0].via == "slack"


def test_a_click_without_the_right_says_so_to_them_alone_and_is_on_record(desk: ChatDesk) -> None:
    desk.say(ALICE, "request prod 2h deploy")
    [request] = desk.requests.rows.values()
    assert "Group approvers" in desk.click(CAROL, "approve", request.id)
    assert "Group approvers" not in desk.click(ALICE, "approve", request.id, "v3")  # she asked: no group helps
    assert {url for url, _ in desk.slack.said} == {URL}
    assert desk.requests.rows[request.id].state == "pending"
    assert [event.detail["request"] for event in desk.journal.events] == [request.id, request.id]


def test_a_replay_does_nothing_and_is_on_record(desk: ChatDesk) -> None:
    desk.say(ALICE, "request prod 2h deploy")
    visit = Visit("v1", "command", "", "request-9")
    desk.chat_responder.take(visit, "another invocation")
    assert (len(desk.requests.rows), len(desk.slack.said)) == (1, 1)
    assert desk.journal.events[-1].detail["webhook"] == "replayed"


def test_lambdas_own_retry_of_a_visit_files_nothing_twice(desk: ChatDesk) -> None:
    desk.say(ALICE, "request prod 2h deploy")
    desk.say(ALICE, "request prod 2h deploy")
    assert len(desk.requests.rows) == 1


def test_somebody_unknown_is_told_how_to_be_linked(desk: ChatDesk) -> None:
    desk.slack.linked = []
    assert "`access-broker:slack` = `T1/UALICE`" in desk.say(ALICE, "request prod 2h deploy")
    assert not desk.requests.rows


@pytest.mark.parametrize("linked", [[], [Linked(ALICE, "T1/UBOB"), Linked(BOB, "T1/UBOB")]])
def test_what_somebody_unlinked_tries_is_on_record_once(desk: ChatDesk, linked: list[Linked]) -> None:
    request = desk.file()
    desk.slack.linked = linked
    desk.click(BOB, "approve", request.id)
    desk.say(BOB, f"revoke {request.id}")
    clicked, said = desk.journal.events
    assert {(one.type, one.origin.caller.kind, one.detail["handle"]) for one in (clicked, said)} == {
        ("refuse", "unknown", "T1/UBOB")
    }
    assert (clicked.detail["clicked"], clicked.detail["request"]) == ("approve", request.id)
    assert said.detail["said"] == f"revoke {request.id}"
    assert desk.requests.rows[request.id].state == "pending"


def test_a_button_that_is_not_ours_is_answered_and_on_record(desk: ChatDesk) -> None:
    assert desk.click(BOB, "launch", "x")
    [event] = desk.journal.events
    assert (event.origin.caller, event.detail["clicked"]) == (BOB, "launch")


def test_two_users_with_one_place_in_the_chat_are_nobody(desk: ChatDesk) -> None:
    desk.slack.linked.append(Linked(BOB, "T1/UALICE"))
    assert desk.say(ALICE, "request prod 2h deploy") == DOUBLY_LINKED
    assert not desk.requests.rows


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "prod: approval"),
        ("mine", "prod: pending"),
        ("who prod", "(alice, 2h)"),
        ("nonsense", "/access request ROLE"),
        ("request tools 1h x", "standing"),
        ("request nothing 1h x", "no such role"),
        ("request prod 9h x", "28800"),
        ("request prod 15m x", "30 minutes"),
        ("request prod 62d x", "30 days"),
    ],
)
def test_everything_gets_an_answer(desk: ChatDesk, text: str, named: str) -> None:
    desk.file()
    assert names(desk.say(ALICE, text), named)


def test_who_has_a_role_are_those_who_wait_and_those_who_still_have_it(desk: ChatDesk) -> None:
    waiting, given = desk.file(), desk.approve(desk.file())
    desk.deny(desk.file())
    told = desk.say(ALICE, "who prod")
    assert {request for request in (waiting.id, given.id) if request in told} == {waiting.id, given.id}
    assert "denied" not in told
    desk.hours_pass(2)
    assert given.id not in desk.say(ALICE, "who prod", "v9")


def test_access_is_given_back_by_chat(desk: ChatDesk) -> None:
    request = desk.approve(desk.file())
    session = desk.issue()
    assert names(desk.say(ALICE, f"revoke {request.id}"), "prod")
    assert desk.ender.ended == [session.id]


def test_a_suspended_person_decides_and_asks_nothing_by_chat_and_that_is_on_record(desk: ChatDesk) -> None:
    desk.say(ALICE, "request prod 2h deploy")
    [request] = desk.requests.rows.values()
    desk.suspended.add("bob")
    desk.click(BOB, "approve", request.id)
    assert desk.requests.rows[request.id].state == "pending"
    assert [(event.type, event.origin.caller.name) for event in desk.journal.events] == [("refuse", "bob")]


def test_the_reason_is_recorded_as_it_was_typed(desk: ChatDesk) -> None:
    desk.say(ALICE, "request prod 2h a &lt;b&gt; &amp; c &amp;lt;")
    [request] = desk.requests.rows.values()
    assert request.reason == "a <b> & c &lt;"


def test_the_answer_states_the_duration(desk: ChatDesk) -> None:
    assert "for 2h is filed" in desk.say(ALICE, "request prod \uff12\uff48 deploy")
    [request] = desk.requests.rows.values()
    assert (request.duration_seconds, request.reason) == (7200, "deploy")


@pytest.mark.parametrize("tag", ["E9/W7", "T1/W7"], ids=["linked in the organisation", "linked in the workspace"])
def test_a_user_of_an_organisation_is_one_person_in_all_its_workspaces(desk: ChatDesk, tag: str) -> None:
    desk.slack.linked = [Linked(ALICE, tag)]
    form = {"team_id": "T1", "enterprise_id": "E9", "user_id": "W7", "response_url": URL, "text": "mine"}
    assert "linked" not in desk.take(Visit("v1", "command", urlencode(form), "r1"))
    payload = {
        "user": {"id": "W7", "team_id": "T1"},
        "team": None,
        "enterprise": {"id": "E9"},
        "response_url": URL,
        "actions": [{"action_id": "approve", "value": "01k" + "0" * 23}],
    }
    answer = desk.take(Visit("v2", "interaction", urlencode({"payload": json.dumps(payload)}), "r2"))
    assert "There is no request" in answer


def test_who_is_not_linked_is_told_the_value_of_the_organisation(desk: ChatDesk) -> None:
    form = {"team_id": "T1", "enterprise_id": "E9", "user_id": "W8", "response_url": URL, "text": "mine"}
    assert "E9/W8" in desk.take(Visit("v1", "command", urlencode(form), "r1"))
