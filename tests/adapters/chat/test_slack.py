"""slack_sdk against the counterpart of localaws, which speaks Slack's Web API over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chalicelib.chat.aws.slack import SlackAnswers, SlackBoard
from chalicelib.chat.domain.messages import Message
from chalicelib.chat.domain.postings import Place
from chalicelib.core.domain.errors import NotDelivered, Refused
from localaws.slack import ANSWERS_TAKEN, CHANNEL, RETRY_AFTER_SECONDS, SlackServer
from tests.serving import serving
from tests.wording import naming

if TYPE_CHECKING:
    from collections.abc import Iterator

MESSAGE = Message("alice asks", ({"type": "section", "text": {"type": "mrkdwn", "text": "alice asks"}},))


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    with serving(SlackServer()) as server:
        yield server


def board(slack: SlackServer, channel: str = CHANNEL, token: str | None = None) -> SlackBoard:
    return SlackBoard(f"{slack.url}/api/", channel, lambda: slack.bot_token if token is None else token)


def test_a_message_is_posted_and_changed_where_it_stands(slack: SlackServer) -> None:
    place = board(slack).post(MESSAGE)
    board(slack).update(place, Message("bob agreed"))
    [message] = slack.state.messages.values()
    assert (message["text"], message["ts"]) == ("bob agreed", place.ts)


def test_a_message_that_somebody_deleted_stays_gone(slack: SlackServer) -> None:
    board(slack).update(Place(CHANNEL, "0.0"), MESSAGE)
    assert not slack.state.messages


@pytest.mark.parametrize(
    ("channel", "token", "word"), [("C0OTHER", None, "channel_not_found"), (CHANNEL, "xoxb-wrong", "invalid_auth")]
)
def test_slacks_own_word_is_told_and_the_token_never(
    slack: SlackServer, channel: str, token: str | None, word: str
) -> None:
    with pytest.raises(NotDelivered) as failure:
        board(slack, channel, token).post(MESSAGE)
    assert failure.value.why == word
    assert "xoxb" not in failure.value.detail
    assert failure.value.__cause__ is None


@pytest.mark.parametrize(("down", "wait"), [("refuse", 0), ("500", 0), ("429", RETRY_AFTER_SECONDS)])
def test_slack_being_down_is_said_with_how_long_it_asked_to_wait(slack: SlackServer, down: str, wait: int) -> None:
    slack.state.down = down
    with pytest.raises(NotDelivered) as failure:
        board(slack).post(MESSAGE)
    assert failure.value.retry_after == wait


def test_without_a_channel_there_is_no_board(slack: SlackServer) -> None:
    assert board(slack).open
    assert not board(slack, channel="").open


def test_a_token_that_is_missing_is_a_notice_not_delivered(slack: SlackServer) -> None:
    assert board(slack, token="").open
    with pytest.raises(NotDelivered, match=naming("slack-bot-token")):
        board(slack, token="").post(MESSAGE)
    with pytest.raises(NotDelivered):
        board(slack, token="").update(Place(CHANNEL, "0.0"), MESSAGE)


def test_an_answer_reaches_the_one_who_asked_alone(slack: SlackServer) -> None:
    url = slack.response_url("alice")
    answers = SlackAnswers(f"{slack.url}/api/")
    answers.answer(url, "done")
    [answer] = slack.state.answers
    assert (answer["user"], answer["text"], answer["response_type"]) == ("alice", "done", "ephemeral")
    for _ in range(ANSWERS_TAKEN - 1):
        answers.answer(url, "again")
    with pytest.raises(NotDelivered, match="404"):
        answers.answer(url, "once too often")


@pytest.mark.parametrize(
    "url", ["https://hooks.slack.com.evil.test/1", "http://169.254.169.254/", "https://evil.test/", ""]
)
def test_nobody_elses_address_is_answered_to(url: str) -> None:
    with pytest.raises(Refused):
        SlackAnswers("https://hooks.slack.com/").answer(url, "secret")
