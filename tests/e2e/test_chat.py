"""Asking and approving in Slack, before the deployed broker and the counterpart of localaws/slack.py."""

from __future__ import annotations

import hashlib
import hmac
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
from localaws.stack import NAME
from tests.e2e.auditing import ask, audit, eventually, make_engineer
from tests.e2e.cli_person import at_a_terminal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import boto3

    from localaws.broker import Broker
    from localaws.slack import Slack
    from tests.e2e.cli_person import Person

TOO_LATE_SECONDS = 3
MESSAGES_WITHIN_SECONDS = 120
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
    assert answered(slack, said, "alice", "prod-ec2: approval")


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


def message_about(slack: Slack, part: str, enough: str = "") -> dict[str, Any]:
    """The message in the channel that speaks of `part`, once it also says `enough`."""

    def look() -> list[dict[str, Any]]:
        found = [one for one in slack.do("state")["messages"] if part in json.dumps(one)]
        return [one for one in found if enough in json.dumps(one)]

    found = eventually(look, bool, seconds=MESSAGES_WITHIN_SECONDS)
    assert len(found) == 1, slack.do("state")["messages"]
    return found[0]


def asked(slack: Slack, user: str, reason: str) -> str:
    """The id of what they asked for in the chat."""
    said = slack.do("say", user=user, text=f"request prod-ec2 2h {reason}")
    return answered(slack, said, user, "is filed").split("`")[1]


def test_asked_and_approved_in_slack_then_taken_with_the_cli(broker: Broker, slack: Slack, tmp_path: Path) -> None:
    request = asked(slack, "alice", "deploy the web tier")
    message = message_about(slack, "deploy the web tier")
    assert "actions" in json.dumps(message["blocks"])

    slack.do("click", user="carol", ts=message["ts"], action="approve")
    assert eventually(lambda: answers(slack, "carol", "approvers"), bool)  # what she lacks, to her alone
    slack.do("click", user="alice", ts=message["ts"], action="approve")
    assert eventually(lambda: answers(slack, "alice", "Whoever asks never decides"), bool)

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


def joined(events: list[dict[str, Any]], request: str) -> list[dict[str, Any]]:
    """What belongs to one request: its own steps, and sessions under its grant."""
    return [one for one in events if request in (one["detail"].get("request"), one["detail"].get("grant"))]


def types(events: list[dict[str, Any]]) -> set[str]:
    return {event["type"] for event in events if event["type"] != "refuse"}


@pytest.mark.parametrize("how", ["refuse", "500", "429"])
def test_with_slack_down_requests_work_and_messages_arrive_when_it_is_back(
    broker: Broker, slack: Slack, how: str
) -> None:
    slack.do("state", down=how)
    asked_by_api = {"role": "prod-ec2", "duration_seconds": 3600, "reason": f"while {how}"}
    filed = ask(broker, "alice", "POST", "/v1/requests", asked_by_api)
    assert filed.status == 201, filed
    decided = ask(broker, "bob", "POST", f"/v1/requests/{filed.document['id']}/approve", {})
    assert (decided.status, decided.document["state"]) == (200, "approved")
    slack.do("state", down="")
    settled = message_about(slack, f"while {how}", "Approved by bob")
    assert settled["user_changes"] <= 1


def test_another_system_hears_of_requests_and_decisions_signed(broker: Broker, slack: Slack) -> None:
    filed = ask(
        broker, "alice", "POST", "/v1/requests", {"role": "prod-ec2", "duration_seconds": 900, "reason": "hear"}
    )
    ask(broker, "bob", "POST", f"/v1/requests/{filed.document['id']}/deny", {"comment": "not today"})

    def heard() -> list[dict[str, Any]]:
        return [one for one in slack.do("state")["deliveries"] if filed.document["id"] in one["body"]]

    deliveries = eventually(heard, lambda found: len(found) == 2, seconds=MESSAGES_WITHIN_SECONDS)
    assert [json.loads(one["body"])["type"] for one in deliveries] == ["request", "decide"]
    for one in deliveries:
        signed = f"{one['headers']['X-Access-Broker-Timestamp']}.{one['body']}".encode()
        expected = hmac.new(slack.webhook_secret.encode(), signed, hashlib.sha256).hexdigest()
        assert one["headers"]["X-Access-Broker-Signature"] == f"v1={expected}"


def test_broken_glass_is_announced_and_stays_unreviewed_everywhere_until_it_is_reviewed(
    broker: Broker, slack: Slack, tmp_path: Path
) -> None:
    olga = on_call(broker, "olga")
    wanted = {"role": "prod-ec2", "reason": "the web tier burns", "break_glass": True}
    taken = ask(broker, olga, "POST", "/v1/credentials", wanted)
    assert taken.status == 201, taken
    session = taken.document["session"]["id"]
    message = message_about(slack, session)
    assert "olga broke the glass on prod-ec2" in message["text"]
    assert "<!here>" in json.dumps(message["blocks"])
    admin = at_a_terminal(broker, "admin", tmp_path / "admin")
    assert "unreviewed" in line_of(admin, session)
    before = unreviewed(broker)
    assert before >= 1

    bob = at_a_terminal(broker, "bob", tmp_path / "bob")
    done = bob.broker("review", session, "--comment", "it did burn")
    assert done.returncode == 0, done.stderr
    assert "unreviewed" not in line_of(admin, session)
    assert unreviewed(broker) == before - 1
    assert message_about(slack, session, "Reviewed by bob: it did burn")["ts"] == message["ts"]


def line_of(person: Person, session: str) -> str:
    """How `broker sessions` shows it."""
    [line] = [line for line in person.broker("sessions").stdout.splitlines() if session in line]
    return line


def unreviewed(broker: Broker) -> int:
    """What the alarm and the dashboard watch, as the expire function counts it (tests/unit/test_observability.py)."""
    function = broker.session_for("admin").client("lambda", endpoint_url=broker.endpoint_url)
    answer = function.invoke(FunctionName=f"{NAME}-expire", Payload=b"{}")
    return int(json.load(answer["Payload"])["unreviewed"])


def on_call(broker: Broker, name: str) -> boto3.Session:
    """Somebody who may break the glass."""
    iam = broker.session_for("admin").client("iam")
    iam.create_group(GroupName="on-call")
    session = make_engineer(broker, name)
    iam.add_user_to_group(GroupName="on-call", UserName=name)
    return session


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
