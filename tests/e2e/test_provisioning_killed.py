"""The provision function's process is killed half-way through a create; the next call makes it right."""

from __future__ import annotations

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from localaws import roles
from localaws.broker import PROVISION_FUNCTION
from tests.e2e.auditing import audit

if TYPE_CHECKING:
    from localaws.broker import Broker

LIMIT_SECONDS = 60
TEMPLATE = {
    "name": "killed",
    "description": "As many writes as a role can take",
    "managed_policies": ["AmazonEC2FullAccess", "AmazonS3ReadOnlyAccess", "AWSCloudFormationReadOnlyAccess"],
    "inline_policy": {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "sqs:List*", "Resource": "*"}],
    },
}


def workers(broker: Broker) -> list[int]:
    """The processes that run the provision function of this embedded AWS, and of no other."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            environ = (place / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        of_ours = any(broker.endpoint_url.encode() in entry for entry in environ)
        if of_ours and f"AWS_LAMBDA_FUNCTION_NAME={PROVISION_FUNCTION}".encode() in environ:
            found.append(int(place.name))
    return found


def role_exists(iam: Any) -> bool:
    try:
        iam.get_role(RoleName="killed")
    except ClientError:
        return False
    return True


def killed_half_way(broker: Broker, aws_lambda: Any, iam: Any) -> bool:
    """Whether the function died between CreateRole and its answer. It is fast: now and then it is done before."""
    doomed = workers(broker)
    with ThreadPoolExecutor(max_workers=1) as beside:
        dying = beside.submit(
            roles.order, aws_lambda, PROVISION_FUNCTION, {"action": "apply_role", "template": TEMPLATE}
        )
        deadline = time.monotonic() + LIMIT_SECONDS
        while not role_exists(iam):
            assert time.monotonic() < deadline
        for process in doomed:
            os.kill(process, signal.SIGKILL)
        return not dying.result().get("ok") and not on_record(broker)


def on_record(broker: Broker) -> bool:
    """True if the catalogue has the role: then the change was finished before the process died."""
    table: Any = broker.session_for("admin").resource("dynamodb").Table(broker.outputs["TableName"])
    return "Item" in table.get_item(Key={"pk": "ROLE", "sk": "killed"}, ConsistentRead=True)


def test_what_a_killed_provisioner_leaves_is_undone_with_an_event_and_a_repetition_is_right(
    broker: Broker,
) -> None:
    session = broker.session_for("admin")
    aws_lambda, iam = session.client("lambda"), session.client("iam")
    deadline = time.monotonic() + LIMIT_SECONDS
    while True:
        warm = roles.order(aws_lambda, PROVISION_FUNCTION, {"action": "plan_role", "template": TEMPLATE})
        assert warm["ok"]
        if killed_half_way(broker, aws_lambda, iam):
            break
        assert time.monotonic() < deadline, "the function was done every time before it could be killed"
        roles.order(aws_lambda, PROVISION_FUNCTION, {"action": "delete_role", "name": "killed"})
    undone = roles.order(aws_lambda, PROVISION_FUNCTION, {"action": "undo_interrupted"})
    assert undone["result"] == {"changed": ["killed"], "failed": []}, undone
    assert not role_exists(iam)
    told = audit(broker, "type=provision&role=killed", lambda found: found and "undo" in found[-1]["detail"]["action"])
    assert told[-1]["detail"]["action"] == "undo_interrupted_change"
    again = roles.order(aws_lambda, PROVISION_FUNCTION, {"action": "apply_role", "template": TEMPLATE})
    assert again["ok"], again
    planned = roles.order(aws_lambda, PROVISION_FUNCTION, {"action": "plan_role", "template": TEMPLATE})
    assert planned["result"]["changes"] == []
    attached = iam.list_attached_role_policies(RoleName="killed")["AttachedPolicies"]
    names = {policy["PolicyName"] for policy in attached}
    assert {name for name in names if "-guard-" not in name} == set(TEMPLATE["managed_policies"])
    ours = [role["RoleName"] for role in iam.list_roles(PathPrefix="/access-broker/")["Roles"]]
    assert ours.count("killed") == 1
    roles.order(aws_lambda, PROVISION_FUNCTION, {"action": "delete_role", "name": "killed"})
