"""Others are told what stands, once, however often and in whatever order the news arrive."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from chalicelib.chat.domain.messages import request_message
from chalicelib.chat.domain.notices import Notice
from chalicelib.chat.services.notify import Changed, NoticeFanOut, SlackNotices, WebhookNotices
from chalicelib.core.domain.errors import NotDelivered
from chalicelib.core.domain.events import to_json
from tests.fakes.approval_desk import ALICE, BOB, DAVE, ApprovalDesk
from tests.fakes.chat import FakeOutside
from tests.fakes.core import NOW, origin
from tests.wording import names

if TYPE_CHECKING:
    from chalicelib.approvals.domain.requests import Request


class NoticeDesk(ApprovalDesk):
    def __init__(self) -> None:
        super().__init__()
        self.outside = FakeOutside()
        self.slack = SlackNotices(
            board=self.outside,
            postings=self.outside,
            requests=self.requests,
            sessions=self.sessions,
            clock=self.clock,
        )
        self.webhook = WebhookNotices(outlet=self.outside, sessions=self.sessions)

    def tell(self, request_id: str) -> None:
        self.slack.tell(Notice("slack", "request", request_id))

    def shows(self, request: Request) -> bool:
        return [request_message(request, self.clock())] == list(self.outside.messages.values())

    def words(self) -> str:
        [message] = self.outside.messages.values()
        return json.dumps(message.blocks, ensure_ascii=False)


@pytest.fixture
def desk() -> NoticeDesk:
    return NoticeDesk()


def test_a_request_is_one_message_with_buttons_that_then_says_who_decided(desk: NoticeDesk) -> None:
    request = desk.file()
    desk.tell(request.id)
    [message] = desk.outside.messages.values()
    assert [button["action_id"] for button in message.blocks[-1]["elements"]] == ["approve", "deny"]
    desk.approve(request)
    desk.tell(request.id)
    assert names(desk.words(), "Approved", "bob")
    assert "actions" not in desk.words()


def test_the_same_news_again_changes_nothing(desk: NoticeDesk) -> None:
    request = desk.file()
    for _ in range(3):
        desk.tell(request.id)
    assert (len(desk.outside.messages), desk.outside.changes) == (1, [])


def test_what_was_decided_while_slack_was_down_is_told_as_it_stands(desk: NoticeDesk) -> None:
    request = desk.file()
    desk.outside.down = True
    with pytest.raises(NotDelivered):
        desk.tell(request.id)
    desk.approve(request)
    desk.outside.down = False
    desk.tell(request.id)
    desk.tell(request.id)
    assert names(desk.words(), "Approved", "bob")
    assert desk.outside.changes == []


def test_in_a_batch_broken_glass_goes_first_and_a_failure_redelivers_from_the_first_unsent(desk: NoticeDesk) -> None:
    changes = [Changed(f"{n}", f"once-{n}", "request", f"request-{n}") for n in range(3)]
    changes.append(Changed("3", "once-3", "break_glass", "session"))
    fan_out = NoticeFanOut(queue=desk.outside, targets=("slack", "webhook"))
    assert fan_out.spread(changes) is None
    assert [one.kind for one in desk.outside.queued.values()] == ["break_glass"] * 2 + ["request"] * 6
    desk.outside.down_after = 4
    assert fan_out.spread(changes) == "1"


def test_a_request_taken_back_loses_its_buttons(desk: NoticeDesk) -> None:
    request = desk.file()
    desk.tell(request.id)
    desk.request_decisions.cancel(request.id, "", origin(ALICE))
    desk.tell(request.id)
    assert desk.shows(desk.requests.rows[request.id])
    assert "actions" not in desk.words()


def test_a_request_that_nobody_answered_loses_them_too(desk: NoticeDesk) -> None:
    request = desk.file()
    desk.tell(request.id)
    desk.hours_pass(24)
    desk.overdue_closer.run()
    desk.tell(request.id)
    assert desk.shows(desk.requests.rows[request.id])
    assert "actions" not in desk.words()


def test_where_nobody_connected_slack_nothing_is_tried(desk: NoticeDesk) -> None:
    desk.outside.open = False
    desk.outside.down = True
    desk.tell(desk.file().id)


def test_broken_glass_is_announced_and_the_message_says_when_it_is_reviewed(desk: NoticeDesk) -> None:
    session = desk.issue(DAVE, break_glass=True)
    notice = Notice("slack", "break_glass", session.id)
    desk.slack.tell(notice)
    assert "<!here>" in desk.words()
    assert names(desk.words(), f"broker review {session.id}")
    desk.sessions.rows[session.id] = replace(session, reviewed_by=BOB.name, reviewed_at=NOW, review_comment="<ok>")
    desk.slack.tell(notice)
    assert names(desk.words(), "bob", "&lt;ok&gt;")
    desk.webhook.tell(Notice("webhook", "break_glass", session.id))
    assert desk.outside.delivered[0][1]["detail"]["review"] == "reviewed"


def test_the_other_system_gets_every_step_with_the_id_it_deduplicates_by(desk: NoticeDesk) -> None:
    request = desk.file()
    event = desk.requests.events[-1]
    for _ in range(2):
        desk.webhook.tell(Notice("webhook", "request", request.id, to_json(event)))
    assert [(delivery, told["type"]) for delivery, told in desk.outside.delivered] == [(event.id, "request")] * 2


def test_one_change_is_one_notice_per_system_also_when_the_stream_repeats_it(desk: NoticeDesk) -> None:
    notice_fan_out = NoticeFanOut(queue=desk.outside, targets=("slack", "webhook"))
    change = Changed("1", "record-1", "request", "r1", "{}")
    assert [notice_fan_out.spread([change]) for _ in range(2)] == [None, None]
    assert [notice.target for notice in desk.outside.queued.values()] == ["slack", "webhook"]


def test_a_queue_that_does_not_answer_has_the_stream_come_again_from_there(desk: NoticeDesk) -> None:
    desk.outside.down = True
    notice_fan_out = NoticeFanOut(queue=desk.outside, targets=("slack",))
    assert notice_fan_out.spread([Changed("7", "record-7", "request", "r1")]) == "7"
    assert NoticeFanOut(queue=desk.outside, targets=()).spread([Changed("7", "record-7", "request", "r1")]) is None
