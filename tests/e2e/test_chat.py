"""Asking and approving in Slack, before the deployed broker and the counterpart of localaws/slack.py."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from slack_sdk.signature import SignatureVerifier

from tests.e2e.auditing import audit, eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localaws.broker import Broker
    from localaws.slack import Slack

TOO_LATE_SECONDS = 3
COMMAND = "/chat/slack/commands"


@pytest.fixture(autouse=True)
def slack(broker: Broker) -> Iterator[Slack]:
    """The workspace, up again whatever a test did to it."""
    yield broker.slack
    broker.slack.do("state", down="")


def answered(slack: Slack, said: dict[str, Any], user: str, part: str) -> str:
    """What the one who asked is told, alone, some time after the webhook's empty answer."""
    assert (said["status"], said["text"]) == (200, "")
    told = eventually(lambda: answers(slack, user, part), bool)
    assert told, answers(slack, user, "")
    return told[-1]


def answers(slack: Slack, user: str, part: str) -> list[str]:
    """Everything they were told that has this part."""
    found = [one for one in slack.do("state")["answers"] if one["user"] == user]
    assert {one["response_type"] for one in found} <= {"ephemeral"}
    return [one["text"] for one in found if part in one["text"]]


def posted(broker: Broker, path: str, body: str, headers: dict[str, str]) -> int:
    """Slack's request as anybody could send it."""
    request = urllib.request.Request(broker.broker_url + path, body.encode(), headers)  # noqa: S310  the embedded AWS
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def test_the_webhook_answers_at_once_and_the_chat_function_answers_them_alone(slack: Slack) -> None:
    slack.do("say", user="alice", text="mine")  # cold
    said = slack.do("say", user="alice", text="")
    assert said["seconds"] < TOO_LATE_SECONDS
    assert "prod-ec2: approval" in answered(slack, said, "alice", "prod-ec2")


def test_somebody_who_is_not_linked_is_told_how_to_be(broker: Broker, slack: Slack) -> None:
    said = slack.do("say", user="mallory", text="request prod-ec2 2h x")
    assert "`access-broker:slack` = `T0LOCAL/U0MALLORY`" in answered(slack, said, "mallory", "tag")


def test_webhooks_that_slack_did_not_sign_now_are_refused_and_recorded(broker: Broker, slack: Slack) -> None:
    sent = slack.do("say", user="carol", text="mine")["sent"]
    body, headers = sent["body"], sent["headers"]

    def at(shift: int, signed: str = body) -> dict[str, str]:
        stamp = str(int(time.time()) + shift)
        signature = SignatureVerifier(slack.signing_secret).generate_signature(timestamp=stamp, body=signed)
        return {**headers, "X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": str(signature)}

    forged = headers | {"X-Slack-Signature": "v0=" + "0" * 64}
    unsigned = {name: value for name, value in headers.items() if name != "X-Slack-Signature"}
    attempts = {
        "forged": (body, forged),
        "late": (body, at(-400)),
        "early": (body, at(400)),
        "re-encoded": (body.replace("text=mine", f"text={quote('m')}%69ne"), at(0)),
        "unsigned": (body, unsigned),
    }
    statuses = {name: posted(broker, COMMAND, *attempt) for name, attempt in attempts.items()}
    assert statuses == dict.fromkeys(attempts, 403)
    assert posted(broker, COMMAND, body, headers) == 200  # a replay is known as one only to the table
    events = audit(broker, "type=refuse&limit=100", lambda found: kinds(found) >= WANTED)
    assert kinds(events) >= WANTED
    assert len(answers(slack, "carol", "")) == 1


WANTED = {"forged", "late", "early", "unsigned", "replayed"}


def kinds(events: list[dict[str, Any]]) -> set[str]:
    return {event["detail"]["webhook"] for event in events if "webhook" in event["detail"]}
