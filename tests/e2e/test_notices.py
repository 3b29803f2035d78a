"""Who else hears of requests and broken glass, also when Slack is down; and programs that ask for people."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from localaws import mfa, totp
from localaws.stack import NAME
from tests.e2e.auditing import ask, audit, authenticated, eventually, make_engineer, mfa_variables, on_call, with_mfa
from tests.e2e.cli_person import at_a_terminal
from tests.e2e.slack_window import MESSAGES_WITHIN_SECONDS, joined, message_about

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import boto3

    from localaws.broker import Broker
    from localaws.slack import Slack
    from tests.e2e.cli_person import Person


@pytest.fixture(autouse=True)
def slack(broker: Broker) -> Iterator[Slack]:
    """The workspace, up again whatever a test did to it."""
    yield broker.slack
    broker.slack.do("state", down="")


def test_with_slack_down_requests_work_and_messages_arrive_when_it_is_back(
    broker: Broker, slack: Slack, tmp_path: Path
) -> None:
    alice, bob = (at_a_terminal(broker, name, tmp_path / name) for name in ("alice", "bob"))
    for how in ("refuse", "500", "429"):
        slack.do("state", down=how)
        filed = alice.broker("request", "prod-ec2", "--for", "1h", "--reason", f"while {how}", "--json")
        assert filed.returncode == 0, filed.stderr
        request = json.loads(filed.stdout)["id"]
        assert ask(broker, "alice", "GET", f"/v1/requests/{request}").document["state"] == "pending"
        approved = bob.broker("approve", request, **mfa_variables(broker, "bob"))
        assert approved.returncode == 0, approved.stderr
        assert eventually(partial(refused, slack, how), bool)
    slack.do("state", down="")
    for how in ("refuse", "500", "429"):
        settled = message_about(slack, f"while {how}", "Approved by bob")
        assert settled["changes"] <= 1


def refused(slack: Slack, how: str) -> int:
    """Calls that met Slack down in this way."""
    return int(slack.do("state")["refused"].get(how, 0))


def test_another_system_hears_of_requests_and_decisions_signed(broker: Broker, slack: Slack) -> None:
    filed = ask(
        broker, "alice", "POST", "/v1/requests", {"role": "prod-ec2", "duration_seconds": 1800, "reason": "hear"}
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
    taken = ask(broker, enrolled(broker, olga, "olga"), "POST", "/mfa/v1/credentials", wanted)
    assert taken.status == 201, taken
    session = taken.document["session"]["id"]
    message = message_about(slack, session)
    assert "olga broke the glass on prod-ec2" in message["text"]
    assert "<!here>" in json.dumps(message["blocks"])
    admin = at_a_terminal(broker, "admin", tmp_path / "admin")
    assert "unreviewed" in line_of(admin, session)
    before = unreviewed(broker)
    assert before >= 1
    assert alarmed(broker)

    bob = at_a_terminal(broker, "bob", tmp_path / "bob")
    done = bob.broker("review", session, "--comment", "it did burn")
    assert done.returncode == 0, done.stderr
    assert "unreviewed" not in line_of(admin, session)
    assert unreviewed(broker) == before - 1
    assert message_about(slack, session, "Reviewed by bob: it did burn")["ts"] == message["ts"]


def test_of_eighty_requests_of_one_person_at_once_fifty_wait(broker: Broker) -> None:
    flora = make_engineer(broker, "flora")
    wanted = {"role": "prod-ec2", "duration_seconds": 1800, "reason": "all at once"}
    with ThreadPoolExecutor(max_workers=16) as pool:
        answers = list(pool.map(lambda _: ask(broker, flora, "POST", "/v1/requests", wanted).status, range(80)))
    assert Counter(answers)[201] == 50
    assert set(answers) <= {201, 409, 429}


def line_of(person: Person, session: str) -> str:
    """How `broker sessions` shows it."""
    [line] = [line for line in person.broker("sessions").stdout.splitlines() if session in line]
    return line


def unreviewed(broker: Broker) -> int:
    """A count of the expire function: its log has the metric."""
    function = broker.session_for("admin").client("lambda", endpoint_url=broker.endpoint_url)
    answer = function.invoke(FunctionName=f"{NAME}-expire", Payload=b"{}")
    return int(json.load(answer["Payload"])["unreviewed"])


def alarmed(broker: Broker) -> bool:
    """Whether the alarm on broken glass says so."""
    cloudwatch = broker.session_for("admin").client("cloudwatch", endpoint_url=broker.endpoint_url)
    found = [one for one in cloudwatch.describe_alarms()["MetricAlarms"] if one["MetricName"] == "BreakGlassUnreviewed"]
    assert len(found) == 1
    return found[0]["StateValue"] == "ALARM"


def enrolled(broker: Broker, session: boto3.Session, name: str) -> boto3.Session:
    """The person with a device of their own, and its code typed."""
    device = mfa.enable(broker.session_for("admin").client("iam"), name)
    return authenticated(broker, session, name, totp.code(device.seed, totp.counter(time.time())))


def test_a_bot_asks_for_somebody_where_a_rule_lets_it_and_both_names_stand_everywhere(broker: Broker) -> None:
    iam = broker.session_for("admin").client("iam")
    nobody, bot, petra = (make_engineer(broker, name) for name in ("no-bot", "helpdesk-bot", "petra"))
    wanted = {"role": "prod-ec2", "duration_seconds": 3600, "reason": "ticket 7", "on_behalf_of": "petra"}
    assert ask(broker, nobody, "POST", "/v1/requests", wanted).status == 403
    iam.create_group(GroupName="chatbots")
    iam.remove_user_from_group(GroupName="engineers", UserName="helpdesk-bot")
    iam.add_user_to_group(GroupName="chatbots", UserName="helpdesk-bot")
    filed = ask(broker, bot, "POST", "/v1/requests", wanted)
    assert filed.status == 201, filed
    assert (filed.document["caller"], filed.document["asked_by"]) == ("petra", "helpdesk-bot")
    request = filed.document["id"]
    for own in (bot, petra):
        assert ask(broker, own, "POST", f"/v1/requests/{request}/approve", {}).status == 403
    assert ask(broker, with_mfa(broker, "bob"), "POST", f"/mfa/v1/requests/{request}/approve", {}).status == 200

    taken = ask(broker, petra, "POST", "/v1/credentials", {"role": "prod-ec2"})
    assert taken.status == 201, taken
    events = audit(broker, "type=issue&limit=100", lambda found: bool(joined(found, request)))
    [issue] = joined(events, request)
    assert (issue["caller"]["name"], issue["detail"]["asked_by"]) == ("petra", "helpdesk-bot")
    assert taken.document["session"]["asked_by"] == "helpdesk-bot"
