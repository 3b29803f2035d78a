"""`broker explain` on prepared situations: each names the layer that closes the door, and its statement."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.auditing import ask, make_engineer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localaws.broker import Broker

BROKER = str(Path(sys.executable).parent / "broker")


def explain(broker: Broker, who: str, *options: str) -> list[tuple[str, str]]:
    """The closed layers with what closed them."""
    command = [BROKER, "explain", *options, "--profile", who, "--json"]
    done = subprocess.run(command, env=broker.environ(), capture_output=True, text=True, check=False, timeout=60)
    document = json.loads(done.stdout)
    assert bool(document["change"]) == (not document["allowed"])
    return [(layer["layer"], layer["by"]) for layer in document["layers"] if layer["verdict"] == "closed"]


def session_policy(tmp_path: Path, **statement: Any) -> str:
    file = tmp_path / "policy.json"
    file.write_text(json.dumps({"Statement": [{"Effect": "Allow", "Resource": "*", **statement}]}))
    return str(file)


@pytest.fixture
def trust_of_ec2_full(broker: Broker) -> Iterator[Any]:
    """Lets a test change the role's trust policy behind the broker's back."""
    iam = broker.session_for("admin").client("iam")
    before = iam.get_role(RoleName="ec2-full")["Role"]["AssumeRolePolicyDocument"]

    def change(document: Any) -> None:
        iam.update_assume_role_policy(RoleName="ec2-full", PolicyDocument=json.dumps(document))

    yield before, change
    change(before)


def test_an_open_door_is_open_in_every_layer(broker: Broker) -> None:
    assert explain(broker, "alice", "ec2-full", "--operation", "ec2:RunInstances") == []


def test_access_rule_nobody_permits(broker: Broker) -> None:
    assert explain(broker, "carol", "ec2-full") == [("access_rule", "engineers-standing")]


def test_access_rule_missing_reason(broker: Broker) -> None:
    # a person of its own: with a grant that another test left to alice, nothing would be missing
    make_engineer(broker, "rhea")
    assert explain(broker, "admin", "prod-ec2", "--caller", "rhea")[0] == ("access_rule", "production-with-approval")


def test_access_rule_forbidden(broker: Broker) -> None:
    # a person of its own: whoever asked before is remembered as they were for a minute
    make_engineer(broker, "lea")
    suspended: Any = {"Key": "access-broker:suspended", "Value": "leaver"}
    broker.session_for("admin").client("iam").tag_user(UserName="lea", Tags=[suspended])
    assert explain(broker, "admin", "ec2-full", "--caller", "lea") == [("access_rule", "suspended-callers-get-nothing")]


def test_grant(broker: Broker) -> None:
    # a person of its own: other tests leave grants to alice
    make_engineer(broker, "greta")
    asked = ("prod-ec2", "--caller", "greta", "--reason", "deploy")
    assert explain(broker, "admin", *asked) == [("grant", "production-with-approval")]


def test_trust_policy_that_names_somebody_else(broker: Broker, trust_of_ec2_full: Any) -> None:
    before, change = trust_of_ec2_full
    text = json.dumps(before).replace(broker.outputs["BrokerRoleArn"], "arn:aws:iam::000000000000:user/admin")
    change(json.loads(text))
    assert explain(broker, "alice", "ec2-full") == [("trust_policy", "no statement")]


def test_trust_policy_with_another_external_id(broker: Broker, trust_of_ec2_full: Any) -> None:
    before, change = trust_of_ec2_full
    changed = json.loads(json.dumps(before))
    for statement in changed["Statement"]:
        statement.get("Condition", {}).get("StringEquals", {}).update({"sts:ExternalId": "another"})
    change(changed)
    [(layer, _)] = explain(broker, "alice", "ec2-full")
    assert layer == "trust_policy"


def test_role_policies(broker: Broker) -> None:
    assert explain(broker, "alice", "ec2-full", "--operation", "s3:ListAllMyBuckets") == [
        ("role_policies", "no statement")
    ]


def test_permissions_boundary(broker: Broker) -> None:
    [(layer, statement)] = explain(broker, "alice", "ec2-full", "--operation", "iam:CreateServiceLinkedRole")
    boundary = json.loads(Path("policies/boundary.json").read_text())
    assert layer == "permissions_boundary"
    assert statement in {one["Sid"] for one in boundary["Statement"] if one["Effect"] == "Deny"}


def test_session_policy(broker: Broker, tmp_path: Path) -> None:
    policy = session_policy(tmp_path, Action="ec2:Describe*")
    options = ("ec2-full", "--operation", "ec2:RunInstances", "--policy", policy)
    assert explain(broker, "alice", *options) == [("session_policy", "no statement")]


def test_duration(broker: Broker) -> None:
    assert explain(broker, "alice", "ec2-full", "--for", "2h") == []  # creds would cut it to an hour
    answer = ask(broker, "alice", "POST", "/v1/explain", {"role": "ec2-full", "duration_seconds": 300})
    closed = [layer["layer"] for layer in answer.document["layers"] if layer["verdict"] == "closed"]
    assert closed == ["duration"]


def test_quota(broker: Broker, tmp_path: Path) -> None:
    policy = session_policy(tmp_path, Action=[f"ec2:Describe{number:04}" for number in range(200)])
    assert explain(broker, "alice", "ec2-full", "--policy", policy) == [("quota", "STS session policy size")]
