"""Asking and approving in Slack, before the deployed broker and the counterpart of localaws/slack.py."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from slack_sdk.signature import SignatureVerifier

from localaws.slack import handle
from tests.e2e.auditing import ask, audit, eventually
from tests.e2e.cli_person import at_a_terminal
from tests.e2e.slack_window import answered, answers, asked, joined, message_about, types

if TYPE_CHECKING:
    from pathlib import Path

    from localaws.broker import Broker
    from localaws.slack import Slack

TAG = "access-broker:slack"
COMMAND = "/chat/slack/commands"


@pytest.fixture(scope="module", autouse=True)
def crowd(broker: Broker) -> list[str]:
    """Ten approvers, linked before the chat function first reads who is."""
    iam = broker.session_for("admin").client("iam")
    names = [f"approver{number}" for number in range(10)]
    for name in names:
        iam.create_user(UserName=name, Tags=[{"Key": TAG, "Value": handle(name)}])
        iam.add_user_to_group(GroupName="approvers", UserName=name)
    return names


@pytest.fixture
def slack(broker: Broker) -> Slack:
    """The workspace."""
    return broker.slack


def posted(broker: Broker, path: str, body: str, headers: dict[str, str]) -> int:
    """Slack's request as anybody could send it."""
    request = urllib.request.Request(broker.broker_url + path, body.encode(), headers)  # noqa: S310  the embedded AWS
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def test_the_webhook_answers_empty_and_the_chat_function_answers_them_alone(slack: Slack) -> None:
    said = slack.do("say", user="alice", text="")
    answered(slack, said, "alice", "prod-ec2: approval")


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


def test_asked_and_approved_in_slack_then_taken_with_the_cli(broker: Broker, slack: Slack, tmp_path: Path) -> None:
    request = asked(slack, "alice", "deploy the web tier")
    message = message_about(slack, "deploy the web tier")
    assert "actions" in json.dumps(message["blocks"])

    slack.do("click", user="carol", ts=message["ts"], action="approve")
    assert eventually(lambda: answers(slack, "carol", "approvers"), bool)  # what she lacks, to her alone
    slack.do("click", user="alice", ts=message["ts"], action="approve")
    assert eventually(lambda: answers(slack, "alice", "never decides"), bool)

    said = slack.do("click", user="bob", ts=message["ts"], action="approve")
    answered(slack, said, "bob", "was approved by bob")
    settled = message_about(slack, "deploy the web tier", "Approved by bob")
    assert settled["ts"] == message["ts"]
    assert "actions" not in json.dumps(settled["blocks"])

    alice = at_a_terminal(broker, "alice", tmp_path / "alice")
    done = alice.broker("exec", "prod-ec2", "--", "aws", "ec2", "describe-instances")
    assert (done.returncode, json.loads(done.stdout)) == (0, {"Reservations": []}), done.stderr

    events = audit(broker, "limit=100", lambda found: {"request", "decide", "issue"} <= types(joined(found, request)))
    told = {event["type"]: event for event in joined(events, request)}
    assert told["request"]["caller"]["name"] == told["issue"]["caller"]["name"] == "alice"
    assert (told["decide"]["caller"]["name"], told["decide"]["detail"]["via"]) == ("bob", "slack")
    everything = json.dumps(slack.do("state"))
    assert not any(word in everything for word in ("ASIA", "SecretAccessKey", "SigninToken", "signin.aws"))


def test_of_fifty_simultaneous_clicks_exactly_one_decides(broker: Broker, slack: Slack, crowd: list[str]) -> None:
    request = asked(slack, "alice", "fifty clicks")
    message = message_about(slack, "fifty clicks")
    clicks = [(name, word) for name in crowd for word in ("approve", "deny", "deny", "approve", "approve")]
    with ThreadPoolExecutor(max_workers=len(clicks)) as at_once:
        said = at_once.map(
            lambda click: slack.do("click", user=click[0], ts=message["ts"], action=click[1], message=message), clicks
        )
        assert [one["status"] for one in said] == [200] * 50
    told = eventually(
        lambda: [text for name in crowd for text in answers(slack, name, request)],
        lambda found: len(found) == len(clicks),
        seconds=180,
    )
    assert len(told) == len(clicks)
    events = audit(broker, "type=decide&limit=100", lambda found: bool(joined(found, request)))
    assert len(joined(events, request)) == 1
    settled = ask(broker, "alice", "GET", f"/v1/requests/{request}").document
    assert settled["state"] in {"approved", "denied"}
    assert len(settled["decisions"]) == 1
