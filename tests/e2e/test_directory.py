"""The directory on the deployed broker: groups that change, suspensions, and an IAM that is away."""

from __future__ import annotations

import json
import socket
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from localaws import stack
from tests.e2e.auditing import ask, eventually, make_engineer, take

if TYPE_CHECKING:
    from collections.abc import Iterator

    import boto3

    from localaws.broker import Broker

IN_TIME_SECONDS = 75
TICK = {
    "version": "0", "id": "1", "account": "", "region": "", "time": "", "source": "aws.events",
    "detail-type": "Scheduled Event", "resources": [], "detail": {},
}  # fmt: skip
CLOSED = "http://127.0.0.1:9"
"""Where nothing listens: the directory function learns at once that IAM is away."""

API, DIRECTORY = f"{stack.NAME}-api", f"{stack.NAME}-directory"


def takes(broker: Broker, who: boto3.Session) -> bool:
    """Whether the caller gets the engineers' role now."""
    return ask(broker, who, "POST", "/v1/credentials", {"role": "ec2-full"}).status == 201


def wait_until(broker: Broker, who: boto3.Session, changed: float, *, wanted: bool) -> None:
    """Wait until the caller's asks end as wanted: 75 seconds at most after the change."""
    while takes(broker, who) is not wanted:
        assert time.monotonic() - changed < IN_TIME_SECONDS
        time.sleep(1)


def run_directory(broker: Broker) -> dict[str, Any]:
    """A run of the directory function at this moment, once the scheduled one lets it."""

    def run() -> dict[str, Any]:
        answer = broker.session_for("admin").client("lambda").invoke(FunctionName=DIRECTORY, Payload=json.dumps(TICK))
        document: dict[str, Any] = json.loads(answer["Payload"].read())
        return document

    found = eventually(run, lambda document: "why" not in document, seconds=150)
    assert "complete" in found, found
    return found


def test_groups_that_change_in_iam_count_within_75_seconds(broker: Broker) -> None:
    nora, nils = make_engineer(broker, "nora"), make_engineer(broker, "nils")
    iam = broker.session_for("admin").client("iam")
    iam.remove_user_from_group(GroupName="engineers", UserName="nils")
    run_directory(broker)
    assert (takes(broker, nora), takes(broker, nils)) == (True, False)
    iam.remove_user_from_group(GroupName="engineers", UserName="nora")
    iam.add_user_to_group(GroupName="engineers", UserName="nils")
    changed = time.monotonic()
    wait_until(broker, nora, changed, wanted=False)
    wait_until(broker, nils, changed, wanted=True)


def test_a_suspended_caller_is_out_at_once_with_their_sessions_and_a_neighbour_works_on(broker: Broker) -> None:
    olaf, pia = make_engineer(broker, "olaf"), make_engineer(broker, "pia")
    _, olafs = take(broker, olaf, "ec2-full")
    _, pias = take(broker, pia, "ec2-full")
    olafs.describe_instances()
    done = ask(broker, "admin", "POST", "/v1/suspensions", {"caller": "olaf", "reason": "key in a build log"})
    assert (done.status, len(done.document["sessions"]), done.document["failures"]) == (201, 1, [])
    assert ask(broker, olaf, "GET", "/v1/whoami").status == 403
    with pytest.raises(ClientError, match="UnauthorizedOperation"):
        olafs.describe_instances()
    pias.describe_instances()
    assert takes(broker, pia)
    for one in done.document["suspensions"]:
        assert ask(broker, "admin", "DELETE", f"/v1/suspensions/{one['id']}").status == 200
    assert takes(broker, olaf)


@contextmanager
def iam_at(broker: Broker, url: str) -> Iterator[None]:
    """The API and the directory function, with another IAM: what they do with AWS's own is not our test's to stop."""
    functions = broker.session_for("admin").client("lambda")
    before = {
        name: functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        for name in (API, DIRECTORY)
    }
    try:
        for name, variables in before.items():
            changed = {**variables, "AWS_ENDPOINT_URL_IAM": url if name == API else CLOSED}
            functions.update_function_configuration(FunctionName=name, Environment={"Variables": changed})
        yield
    finally:
        for name, variables in before.items():
            functions.update_function_configuration(FunctionName=name, Environment={"Variables": variables})


@contextmanager
def taking_connections_and_answering_none() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def let_time_pass(broker: Broker, seconds: int) -> None:
    """Make the marker so much older, as if no run had succeeded since."""
    from datetime import UTC, datetime, timedelta  # noqa: PLC0415

    then = (datetime.now(UTC) - timedelta(seconds=seconds)).isoformat()
    broker.session_for("admin").client("dynamodb").update_item(
        TableName=stack.NAME,
        Key={"pk": {"S": "DIRECTORY"}, "sk": {"S": "MARKER"}},
        UpdateExpression="SET seen_at = :then",
        ExpressionAttributeValues={":then": {"S": then}},
    )


def test_with_an_iam_that_hangs_known_callers_go_on_and_the_event_says_how_old_their_facts_are(broker: Broker) -> None:
    quin = make_engineer(broker, "quin")
    run_directory(broker)
    assert takes(broker, quin)
    newcomer = make_engineer(broker, "rosa")
    with taking_connections_and_answering_none() as nowhere, iam_at(broker, nowhere):
        assert run_directory(broker)["complete"] is False
        let_time_pass(broker, 600)
        began = time.monotonic()
        answer = ask(broker, quin, "POST", "/v1/credentials", {"role": "ec2-full", "reason": "iam is away"})
        assert (answer.status, time.monotonic() - began < 10) == (201, True)
        assert ask(broker, newcomer, "POST", "/v1/credentials", {"role": "ec2-full"}).status == 503
        let_time_pass(broker, 1000)
        assert ask(broker, quin, "POST", "/v1/credentials", {"role": "ec2-full"}).status == 503

    def told() -> list[dict[str, Any]]:
        lines = ask(broker, "admin", "GET", "/v1/audit?caller=quin&type=issue").document["events"]
        return [one for one in lines if one["reason"] == "iam is away"]

    [event] = eventually(told, bool)
    assert 595 <= event["detail"]["caller_facts"]["age_seconds"] <= 660
    assert run_directory(broker)["complete"] is True
    assert takes(broker, newcomer)
