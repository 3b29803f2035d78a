"""The audit through the real door: what a session did, the chain checked by the command, bypasses seen."""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from chalicelib.audit.domain.hash_chain import digest
from chalicelib.core.domain.roles import DEPLOYMENT_TAG, MANAGED_TAG
from localaws.broker import PROVISION_FUNCTION
from localaws.roles import order
from localaws.trail_pump import pump
from tests.e2e.auditing import ask, audit, eventually, fresh_second, make_engineer, make_role, take
from tests.e2e.cli_person import Person, at_a_terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import boto3

    from localaws.broker import Broker

SCHEMA = json.loads(Path("docs/audit-event.schema.json").read_text())
IMPATIENT = [
    sys.executable,
    "-c",
    "from access_broker import audit_chain, main; audit_chain.PAUSES = (0.1,); main.main()",
    "audit",
    "verify",
]
"""`broker audit verify` without the 15 seconds of pauses for events on their way: one case has those."""
TRAIL_FUNCTION = PROVISION_FUNCTION.replace("-provision", "-trail")
Line = dict[str, Any]


@pytest.fixture
def admin(broker: Broker, tmp_path: Path) -> Person:
    """An administrator of the broker at a terminal."""
    return at_a_terminal(broker, "admin", tmp_path)


def test_activity_shows_the_call_a_session_made_and_nothing_of_a_neighbours(broker: Broker, admin: Person) -> None:
    make_role(broker, "watched")
    alices, alice_ec2 = take(broker, "alice", "watched")
    neighbours, neighbour_ec2 = take(broker, make_engineer(broker, "gerd"), "watched")
    alice_ec2.describe_instances()
    neighbour_ec2.describe_vpcs()
    for session, action in ((alices, "DescribeInstances"), (neighbours, "DescribeVpcs")):
        shown = json.loads(admin.broker("activity", session, "--json").stdout)
        assert [call["action"] for call in shown["events"]] == [action]
        assert (shown["events"][0]["service"], shown["complete"]) == ("ec2.amazonaws.com", True)
    assert "DescribeInstances" in admin.broker("activity", alices).stdout


def test_a_refused_call_is_in_the_activity_with_awss_error(broker: Broker) -> None:
    session, ec2 = take(broker, "alice", "ec2-full")
    ask(broker, "alice", "DELETE", f"/v1/sessions/{session}")
    with pytest.raises(ec2.exceptions.ClientError):
        ec2.describe_instances()
    activity = ask(broker, "alice", "GET", f"/v1/sessions/{session}/activity").document["events"]
    assert [call["error"] for call in activity][-1].endswith("UnauthorizedOperation")


def test_every_line_of_the_log_is_as_the_schema_says(broker: Broker) -> None:
    session, _ = take(broker, "alice", "ec2-full")
    ask(broker, "carol", "DELETE", f"/v1/sessions/{session}")
    ask(broker, "alice", "DELETE", f"/v1/sessions/{session}")
    wanted = {"issue", "refuse", "revoke"}
    lines = audit(
        broker, "limit=100", lambda found: {one["type"] for one in found if one["session"] == session} >= wanted
    )
    assert {one["type"] for one in lines} >= wanted
    for line in lines:
        jsonschema.validate({name: value for name, value in line.items() if name != "logged_at"}, SCHEMA)


class Log:
    """The audit log group as somebody with the rights of an administrator could rewrite it."""

    def __init__(self, broker: Broker) -> None:
        self._logs: Any = broker.session_for("admin").client("logs")
        self._group = broker.outputs["AuditLogGroup"]
        self.before = self._events()
        self._seen = {event["message"] for event in self.before}

    def _events(self) -> list[Line]:
        pages = self._logs.get_paginator("filter_log_events").paginate(logGroupName=self._group)
        return [event for page in pages for event in page["events"]]

    def rewrite(self, events: list[Line]) -> None:
        """The log now holds these, and what arrived meanwhile: the broker goes on."""
        found = self._events()
        arrived = [event for event in found if event["message"] not in self._seen]
        self._seen |= {event["message"] for event in events}
        for day in {event["logStreamName"] for event in found}:
            self._logs.delete_log_stream(logGroupName=self._group, logStreamName=day)
            self._logs.create_log_stream(logGroupName=self._group, logStreamName=day)
        for event in [*events, *arrived]:
            put = [{"timestamp": event["timestamp"], "message": event["message"]}]
            self._logs.put_log_events(logGroupName=self._group, logStreamName=event["logStreamName"], logEvents=put)


@pytest.fixture
def log(broker: Broker, admin: Person) -> Iterator[Log]:
    """The log with at least eight events in it, put back afterwards; every event has arrived."""
    for _ in range(8):
        ask(broker, "carol", "POST", "/v1/credentials", {"role": "ec2-full"})
    sound = eventually(lambda: admin.broker("audit", "verify"), lambda done: done.returncode == 0)
    assert sound.returncode == 0, sound.stderr
    whole = Log(broker)
    yield whole
    whole.rewrite(whole.before)
    sound = eventually(lambda: admin.broker("audit", "verify"), lambda done: done.returncode == 0)
    assert sound.returncode == 0, sound.stderr


def tampered(events: list[Line], place: int) -> list[Line]:
    line = {**json.loads(events[place]["message"]), "reason": "nothing to see here"}
    return [*events[:place], {**events[place], "message": json.dumps(line)}, *events[place + 1 :]]


def dropped(events: list[Line], place: int) -> list[Line]:
    return [*events[:place], *events[place + 1 :]]


def beheaded(events: list[Line], _place: int) -> list[Line]:
    return events[1:]


def forged(events: list[Line], _place: int) -> list[Line]:
    """One more line after the last, with everything right that can be known."""
    last, at = json.loads(events[-1]["message"]), events[-1]["timestamp"] + 1
    recorded_at = datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    line = {**last, "recorded_at": recorded_at, "seq": last["seq"] + 1, "previous": last["hash"]}
    return [*events, {**events[-1], "timestamp": at, "message": json.dumps({**line, "hash": digest(line)})}]


def swapped(events: list[Line], place: int) -> list[Line]:
    one, other = events[place], events[place + 1]
    changed = [{**one, "message": other["message"]}, {**other, "message": one["message"]}]
    return [*events[:place], *changed, *events[place + 2 :]]


def cut_off(events: list[Line], place: int) -> list[Line]:
    return events[:place]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (tampered, "changed"), (dropped, "missing"), (beheaded, "begins with event 2"), (swapped, "elsewhere"),
        (cut_off, "missing"), (forged, "forged"),
    ],
)  # fmt: skip
def test_the_command_finds_what_was_done_to_the_log(
    log: Log, admin: Person, change: Callable[[list[Line], int], list[Line]], told: str
) -> None:
    log.rewrite(change(log.before, len(log.before) - 4))
    found = admin.broker("audit", "verify") if change is dropped else admin.run(IMPATIENT)
    assert found.returncode != 0
    assert told in found.stderr + found.stdout


def assume(session: boto3.Session, broker: Broker, role_arn: str) -> None:
    """AssumeRole without the broker, in the user's own name."""
    session.client("sts", endpoint_url=broker.endpoint_url).assume_role(RoleArn=role_arn, RoleSessionName="directly")


def let_in(broker: Broker, role: str, user: str) -> None:
    """Somebody with the rights of an administrator opens the role's trust policy to a user."""
    iam: Any = broker.session_for("admin").client("iam")
    trust = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    arn = iam.get_user(UserName=user)["User"]["Arn"]
    door = {"Effect": "Allow", "Principal": {"AWS": arn}, "Action": "sts:AssumeRole"}
    changed = {**trust, "Statement": [*trust["Statement"], door]}
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(changed))


def hand_on(broker: Broker, since: datetime) -> list[str]:
    """What CloudTrail and EventBridge would bring to the trail function by themselves on AWS."""
    admin = broker.session_for("admin")
    return pump(admin.client("cloudtrail"), admin.client("lambda"), TRAIL_FUNCTION, since)


def test_a_role_assumed_round_the_broker_is_a_bypass_in_the_audit_log(broker: Broker) -> None:
    arn, mallory = make_role(broker, "opened"), make_engineer(broker, "mallory")
    since = fresh_second()
    take(broker, "alice", "opened")
    let_in(broker, "opened", "mallory")
    assume(mallory, broker, arn)
    verdicts = hand_on(broker, since)
    assert verdicts.count("bypass") == 1
    assert verdicts.count("issued") >= 1
    hand_on(broker, since)
    found = audit(broker, "type=bypass&role=opened", bool)
    assert [(one["caller"]["name"], one["detail"]["session_name"]) for one in found] == [("mallory", "directly")]


def test_direct_use_that_the_template_allows_is_recorded_as_such(broker: Broker) -> None:
    hanna = make_engineer(broker, "hanna")
    template = {"name": "shared", "managed_policies": ["AmazonEC2FullAccess"], "trust": {"direct_users": ["hanna"]}}
    functions = broker.session_for("admin").client("lambda")
    made = order(functions, PROVISION_FUNCTION, {"action": "apply_role", "template": template})
    assert made["ok"], made
    since = fresh_second()
    assume(hanna, broker, made["result"]["arn"])
    assert hand_on(broker, since) == ["direct_use"]
    found = audit(broker, "type=direct_use&role=shared", bool)
    assert [one["caller"]["name"] for one in found] == ["hanna"]


def test_a_role_of_another_stage_is_left_to_that_stage_and_one_of_nobodys_is_not(broker: Broker) -> None:
    nina = make_engineer(broker, "nina")
    iam: Any = broker.session_for("admin").client("iam")
    arn = iam.get_user(UserName="nina")["User"]["Arn"]
    door = {"Effect": "Allow", "Principal": {"AWS": arn}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [door]})
    tags = [{"Key": MANAGED_TAG, "Value": "true"}, {"Key": DEPLOYMENT_TAG, "Value": "access-broker-another"}]
    since = fresh_second()
    for name, tagged in (("of-another", tags), ("of-nobody", [])):
        made = iam.create_role(RoleName=name, Path="/access-broker/", AssumeRolePolicyDocument=trust, Tags=tagged)
        assume(nina, broker, made["Role"]["Arn"])
    assert hand_on(broker, since) == ["not_ours", "bypass"]
    found = audit(broker, "type=bypass&role=of-nobody", bool)
    assert [one["caller"]["name"] for one in found] == ["nina"]


def test_what_expired_is_in_the_log_after_the_schedules_next_run(broker: Broker) -> None:
    session, _ = take(broker, "alice", "ec2-full")
    table: Any = broker.session_for("admin").resource("dynamodb").Table(broker.outputs["TableName"])
    ended = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
    key = {"pk": f"SESSION#{session}", "sk": "SESSION"}
    table.update_item(Key=key, UpdateExpression="SET expires_at = :at", ExpressionAttributeValues={":at": ended})
    functions = broker.session_for("admin").client("lambda")
    functions.invoke(FunctionName=PROVISION_FUNCTION.replace("-provision", "-audit"), Payload=b"{}")
    found = audit(broker, f"type=expire&session={session}", bool)
    assert [one["session"] for one in found] == [session]


def test_what_cannot_be_read_goes_to_the_dead_letters_and_holds_nothing_up(broker: Broker) -> None:
    admin = broker.session_for("admin")
    poison = f"{{poison {time.time_ns()}"
    table: Any = admin.resource("dynamodb").Table(broker.outputs["TableName"])
    table.put_item(Item={"pk": "EVENT#poison", "sk": "EVENT", "event": poison})
    session, _ = take(broker, "alice", "ec2-full")
    sqs, queue = admin.client("sqs"), broker.outputs["DeadLetterQueueUrl"]

    def parked() -> list[str]:
        letters = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, VisibilityTimeout=0).get("Messages", [])
        return [letter["Body"] for letter in letters if poison in letter["Body"]]

    assert len(eventually(parked, bool)) == 1
    issued = audit(broker, f"type=issue&session={session}", bool)
    assert [one["session"] for one in issued] == [session]
    assert len(parked()) == 1
    table.delete_item(Key={"pk": "EVENT#poison", "sk": "EVENT"})


def test_the_functions_say_in_metrics_what_they_did(broker: Broker) -> None:
    logs = broker.session_for("admin").client("logs")
    group = "/aws/lambda/" + PROVISION_FUNCTION.replace("-provision", "-audit")
    since = int((time.time() - 3600) * 1000)

    def names() -> set[str]:
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group, startTime=since)
        found = [event["message"] for page in pages for event in page["events"] if '"_aws"' in event["message"]]
        lists = [json.loads(line)["_aws"]["CloudWatchMetrics"][0]["Metrics"] for line in found]
        return {metric["Name"] for metrics in lists for metric in metrics}

    take(broker, "alice", "ec2-full")
    ask(broker, "carol", "POST", "/v1/credentials", {"role": "ec2-full"})
    assert eventually(names, lambda found: {"Issues", "Refusals", "AuditDelay"} <= found)
