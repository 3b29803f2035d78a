"""The main job through the real door: signed HTTP, packaged Lambdas, IAM enforced."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from localaws.profiles import session_with
from tests.e2e.auditing import delete_user, eventually, make_engineer
from tests.e2e.door import Answer, curl, keys_of, send, signed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import boto3
    from botocore.credentials import ReadOnlyCredentials

    from localaws.broker import Broker

DEADLINE_SECONDS = 60
AWS = str(Path(sys.executable).parent / "aws")
KEY_ID = re.compile(r"\bASIA[A-Z0-9]{12,}\b")
"""What every temporary key begins with (IAM user guide, "IAM identifiers")."""

NO_RETRY = Config(retries={"total_max_attempts": 1})


def take(broker: Broker, who: str, **body: Any) -> Answer:
    keys = keys_of(broker.session_for(who))
    return signed(f"{broker.broker_url}/v1/credentials", keys, "POST", {"role": "ec2-full", **body})


def acting(broker: Broker, given: dict[str, str]) -> boto3.Session:
    """A session with the credentials the broker handed out."""
    return session_with(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"], region=broker.region)


def refusal(call: Callable[[], object]) -> str:
    """AWS's error code for a call that must fail."""
    with pytest.raises(ClientError) as refused:
        call()
    return str(refused.value.response["Error"]["Code"])


def audit_events(broker: Broker, wanted: Callable[[dict[str, Any]], bool], count: int) -> list[dict[str, Any]]:
    """The events in the audit log that fit, once there are `count` of them."""
    logs = broker.session_for("admin").client("logs")
    group, until, found = broker.outputs["AuditLogGroup"], time.monotonic() + DEADLINE_SECONDS, []
    while time.monotonic() < until:
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group)
        lines = [json.loads(event["message"]) for page in pages for event in page["events"]]
        found = [line for line in lines if wanted(line)]
        if len(found) >= count:
            return found
        time.sleep(0.2)
    return found


def test_alice_has_no_policies_and_ec2_refuses_her(broker: Broker) -> None:
    iam = broker.session_for("admin").client("iam")
    assert iam.list_attached_user_policies(UserName="alice")["AttachedPolicies"] == []
    assert iam.list_user_policies(UserName="alice")["PolicyNames"] == []
    ec2 = broker.session_for("alice").client("ec2", endpoint_url=broker.endpoint_url)
    assert refusal(ec2.describe_instances) == "UnauthorizedOperation"


def test_the_credentials_she_gets_work_in_ec2_and_nowhere_else(broker: Broker) -> None:
    answer = take(broker, "alice", reason="look at instances")
    assert answer.status == 201
    session = acting(broker, answer.document["credentials"])
    assert "Reservations" in session.client("ec2", endpoint_url=broker.endpoint_url).describe_instances()
    assert refusal(session.client("s3", endpoint_url=broker.endpoint_url).list_buckets) == "AccessDenied"
    assert refusal(session.client("iam", endpoint_url=broker.endpoint_url).list_users) == "AccessDenied"
    arn = session.client("sts", endpoint_url=broker.endpoint_url).get_caller_identity()["Arn"]
    assert arn.endswith(f"assumed-role/ec2-full/alice-{answer.document['session']['id']}")


def test_a_session_policy_narrows_what_the_role_may(broker: Broker) -> None:
    only = {"Statement": [{"Effect": "Allow", "Action": "ec2:DescribeVpcs", "Resource": "*"}]}
    session = acting(broker, take(broker, "alice", policy=only).document["credentials"])
    ec2 = session.client("ec2", endpoint_url=broker.endpoint_url)
    assert ec2.describe_vpcs()["Vpcs"] is not None
    assert refusal(ec2.describe_instances) == "UnauthorizedOperation"


def test_carol_is_refused_with_the_reason(broker: Broker) -> None:
    answer = take(broker, "carol")
    assert (answer.status, answer.document["code"]) == (403, "not_allowed")
    assert "Group engineers" in answer.document["detail"]


def test_nobody_gets_round_the_broker(broker: Broker) -> None:
    sts = broker.session_for("alice").client("sts", endpoint_url=broker.endpoint_url)
    role = take(broker, "alice").document["session"]["role_arn"]
    assert refusal(lambda: sts.assume_role(RoleArn=role, RoleSessionName="alice")) == "AccessDenied"


def test_unsigned_calls_and_wrong_secrets_stop_at_the_gateway(broker: Broker) -> None:
    url = f"{broker.broker_url}/v1/whoami"
    key = keys_of(broker.session_for("alice")).access_key
    assert send(url, "GET", b"", {}).status == 403
    assert curl(url, key, "wrong-secret").status == 403
    assert "name" not in curl(url, "AKIAUNKNOWN000000000", "secret").document


def test_curl_signs_with_the_keys_of_the_aws_clis_own_profile(broker: Broker) -> None:
    def configured(name: str) -> str:
        command = [AWS, "configure", "get", name, "--profile", "alice"]
        done = subprocess.run(command, env=broker.environ(), capture_output=True, text=True, check=True, timeout=60)
        return done.stdout.strip()

    key, secret = configured("aws_access_key_id"), configured("aws_secret_access_key")
    assert curl(f"{broker.broker_url}/v1/whoami", key, secret).document["name"] == "alice"
    assert curl(f"{broker.broker_url}/v1/credentials", key, secret, "POST", {"role": "ec2-full"}).status == 201


def test_the_aws_cli_works_with_the_credentials(broker: Broker) -> None:
    given = take(broker, "alice").document["credentials"]
    keys = {
        "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
        "AWS_SESSION_TOKEN": given["SessionToken"],
    }
    command = [AWS, "ec2", "describe-instances", "--output", "json"]
    done = subprocess.run(command, env=broker.environ() | keys, capture_output=True, text=True, check=True, timeout=60)
    assert "Reservations" in json.loads(done.stdout)


def test_every_issue_and_every_refusal_is_one_event_that_names_who_what_why_and_by_which_rule(broker: Broker) -> None:
    session = take(broker, "alice", reason="audited issue").document["session"]
    take(broker, "carol", reason="audited refusal")
    [issue] = audit_events(broker, lambda event: event["session"] == session["id"], 1)
    assert (issue["type"], issue["caller"]["name"], issue["role"]) == ("issue", "alice", "ec2-full")
    assert (issue["reason"], issue["policies"]) == ("audited issue", ["engineers-standing"])
    [refused] = audit_events(broker, lambda event: event["reason"] == "audited refusal", 1)
    assert (refused["type"], refused["caller"]["name"]) == ("refuse", "carol")
    assert refused["policy_set"] == issue["policy_set"]


@pytest.fixture
def table_that_refuses_rows(broker: Broker) -> Iterator[None]:
    """A real IAM deny on the API function's role."""
    iam = broker.session_for("admin").client("iam")
    role = broker.outputs["BrokerRoleArn"].rsplit("/", maxsplit=1)[-1]
    document = {"Statement": [{"Effect": "Deny", "Action": "dynamodb:PutItem", "Resource": "*"}]}
    iam.put_role_policy(
        RoleName=role, PolicyName="test-deny", PolicyDocument=json.dumps({"Version": "2012-10-17", **document})
    )
    yield
    iam.delete_role_policy(RoleName=role, PolicyName="test-deny")


@pytest.mark.usefixtures("table_that_refuses_rows")
def test_when_the_table_refuses_the_row_nobody_gets_credentials(broker: Broker) -> None:
    since = datetime.now(UTC).replace(microsecond=0)
    answer = take(broker, "alice", reason="no row no credentials")
    assert (answer.status, answer.document["code"]) == (503, "audit_unavailable")
    assert "credentials" not in answer.document
    items = broker.session_for("admin").resource("dynamodb").Table(broker.outputs["TableName"]).scan()["Items"]
    assert [item for item in items if item.get("reason") == "no row no credentials"] == []
    [dropped] = keys_without_a_row(broker, {str(item.get("id")) for item in items}, since)
    assert KEY_ID.fullmatch(dropped)
    logged = "\n".join(function_log(broker))
    assert logged
    for told in (logged, json.dumps(answer.document)):
        assert dropped not in told
        assert not KEY_ID.search(told)
        assert "SecretAccessKey" not in told
        assert "SessionToken" not in told


def keys_without_a_row(broker: Broker, rows: set[str], since: datetime) -> list[str]:
    """Ids of the keys that AssumeRole answered for alice since then, and that no row tells of; CloudTrail knows."""
    trail = broker.session_for("admin").client("cloudtrail")
    about: Any = [{"AttributeKey": "EventName", "AttributeValue": "AssumeRole"}]

    def look() -> list[str]:
        pages = trail.get_paginator("lookup_events").paginate(LookupAttributes=about, StartTime=since)
        records = [json.loads(event["CloudTrailEvent"]) for page in pages for event in page["Events"]]
        names = {one["requestParameters"]["roleSessionName"]: one["responseElements"] for one in records}
        return [
            str(given["credentials"]["accessKeyId"])
            for name, given in names.items()
            if given and name.startswith("alice-") and name.removeprefix("alice-") not in rows
        ]

    return eventually(look, lambda found: found)


def function_log(broker: Broker) -> list[str]:
    """Every line that the API function wrote."""
    pages = (
        broker.session_for("admin")
        .client("logs")
        .get_paginator("filter_log_events")
        .paginate(logGroupName="/aws/lambda/" + broker.outputs["APIHandlerName"])
    )
    return [event["message"] for page in pages for event in page["events"]]


@pytest.fixture
def twenty(broker: Broker) -> Iterator[dict[str, ReadOnlyCredentials]]:
    """The keys of twenty engineers, by name."""
    names = [f"crowd-{number}" for number in range(20)]
    yield {name: keys_of(make_engineer(broker, name)) for name in names}
    for name in names:
        delete_user(broker, name)


def test_two_hundred_credentials_for_twenty_callers_at_once(
    broker: Broker, twenty: dict[str, ReadOnlyCredentials]
) -> None:
    """Nobody is handed, and nothing is recorded for, anybody else than who signed."""
    url = f"{broker.broker_url}/v1/credentials"

    def one(who: str) -> tuple[str, Answer]:
        return who, signed(url, twenty[who], "POST", {"role": "ec2-full", "reason": "crowd"})

    def acts_as(answer: Answer) -> str:
        sts = acting(broker, answer.document["credentials"]).client("sts", endpoint_url=broker.endpoint_url)
        return str(sts.get_caller_identity()["Arn"]).rpartition("/")[2]

    with ThreadPoolExecutor(20) as crowd:
        answers = list(crowd.map(one, [*twenty] * 10))
        assert [answer.document for _, answer in answers if answer.status != 201] == []
        names = list(crowd.map(acts_as, [answer for _, answer in answers]))
    assert len(set(names)) == 200
    for (who, answer), name in zip(answers, names, strict=True):
        session = answer.document["session"]
        assert (session["caller"], session["source_identity"]) == (who, who)
        assert session["session_name"] == name == f"{who}-{session['id']}"
    events = audit_events(broker, lambda event: event["reason"] == "crowd", 200)
    assert {event["session"]: event["caller"]["name"] for event in events} == {
        answer.document["session"]["id"]: who for who, answer in answers
    }
    assert len(events) == 200


def test_a_session_that_the_broker_issued_gets_no_other(broker: Broker) -> None:
    given = take(broker, "alice").document["credentials"]
    session = keys_of(acting(broker, given))
    assert signed(f"{broker.broker_url}/v1/whoami", session).document["kind"] == "role"
    refused = signed(f"{broker.broker_url}/v1/credentials", session, "POST", {"role": "ec2-full"})
    assert (refused.status, refused.document["code"]) == (403, "not_allowed")
    assert "that the broker issued" in refused.document["detail"]
