"""A role of tier `deployer`, taken by a person through `broker exec`: it deploys a stack with a role in it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.e2e.cli_person import at_a_terminal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from subprocess import CompletedProcess

    from localaws.broker import Broker
    from tests.e2e.cli_person import Person

ROLE, STACK = "ship-the-shop", "shop"
TEMPLATE = {
    "name": ROLE,
    "description": "Deploys the shop's stacks",
    "tier": "deployer",
    "inline_policy": {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": [
                    "cloudformation:CreateChangeSet",
                    "cloudformation:DescribeChangeSet",
                    "cloudformation:DescribeStackEvents",
                    "cloudformation:DescribeStacks",
                    "cloudformation:ExecuteChangeSet",
                    "cloudformation:GetTemplateSummary",
                    "sqs:*",
                    "iam:AttachRolePolicy",
                    "iam:CreateRole",
                    "iam:DeleteRole",
                    "iam:DeleteRolePolicy",
                    "iam:GetRole",
                    "iam:PassRole",
                    "iam:PutRolePolicy",
                ],
                "Resource": "*",
            }
        ],
    },
    "tags": {"access-broker:audience": "engineers"},
    "trust": {"through_broker": True},
}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


def boundary_of_workloads(broker: Broker) -> str:
    """Roles that deployers make have a boundary of their own (docs/decisions/0064)."""
    return broker.outputs["BoundaryArn"] + "-workloads"


def shop(boundary: str | None) -> dict[str, Any]:
    """A stack with a queue and a role."""
    role = {"RoleName": "shop-worker", "Path": "/access-broker-workloads/", "AssumeRolePolicyDocument": TRUST}
    bounded = {"PermissionsBoundary": boundary} if boundary else {}
    return {
        "Resources": {
            "Worker": {"Type": "AWS::IAM::Role", "Properties": {**role, **bounded}},
            "Orders": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "shop-orders"}},
        }
    }


@pytest.fixture(scope="module")
def deployers(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The role, made from its template by the administrator."""
    home = tmp_path_factory.mktemp("admin")
    template = home / f"{ROLE}.yaml"
    template.write_text(yaml.safe_dump(TEMPLATE))
    admin = at_a_terminal(broker, "admin", home)
    done = admin.broker("roles", "apply", str(template))
    assert done.returncode == 0, done.stderr
    yield
    assert admin.broker("roles", "delete", ROLE).returncode == 0


@pytest.fixture
def alice(broker: Broker, deployers: None, tmp_path: Path) -> Person:
    """A person without any permission of her own."""
    return at_a_terminal(broker, "alice", tmp_path)


@pytest.fixture
def cleared(broker: Broker) -> Iterator[None]:
    """No shop is left, however the test ends."""
    yield
    admin = broker.session_for("admin")
    admin.client("cloudformation").delete_stack(StackName=STACK)
    admin.client("cloudformation").get_waiter("stack_delete_complete").wait(StackName=STACK)


def deploy(person: Person, template: dict[str, Any]) -> CompletedProcess[str]:
    file = person.home / "shop.json"
    file.write_text(json.dumps(template))
    aws = ["aws", "cloudformation", "deploy", "--template-file", str(file), "--stack-name", STACK]
    return person.broker("exec", ROLE, "--", *aws, "--capabilities", "CAPABILITY_NAMED_IAM")


def make_role(person: Person, name: str, *options: str) -> CompletedProcess[str]:
    aws = ["aws", "iam", "create-role", "--role-name", name, "--assume-role-policy-document", json.dumps(TRUST)]
    return person.broker("exec", ROLE, "--", *aws, *options)


def test_a_deployer_ships_a_stack_with_a_role_in_it(broker: Broker, alice: Person, cleared: None) -> None:
    boundary = boundary_of_workloads(broker)
    done = deploy(alice, shop(boundary))
    assert done.returncode == 0, done.stderr
    made = broker.session_for("admin").client("iam").get_role(RoleName="shop-worker")["Role"]
    assert made["Path"] == "/access-broker-workloads/"
    assert made["PermissionsBoundary"]["PermissionsBoundaryArn"] == boundary


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--path", "/access-broker-workloads/"],
        ["--path", "/access-broker-workloads/", "--permissions-boundary", "{workload}"],
        ["--path", "/access-broker-workloads/", "--permissions-boundary", "{boundary}-wider"],
        ["--path", "/access-broker/", "--permissions-boundary", "{boundary}"],
        ["--permissions-boundary", "{boundary}"],
    ],
    ids=["bare", "no boundary", "another boundary", "a boundary of another name", "the broker's path", "no path"],
)
def test_the_same_role_makes_no_role_without_the_boundary_or_outside_the_path(
    broker: Broker, alice: Person, options: list[str]
) -> None:
    names = {"boundary": boundary_of_workloads(broker), "workload": broker.outputs["BoundaryArn"]}
    filled = [one.format(**names) for one in options]
    done = make_role(alice, "climber", *filled)
    assert done.returncode != 0
    assert "AccessDenied" in done.stderr


def test_it_does_not_take_the_boundary_off_a_role_that_it_made(broker: Broker, alice: Person, cleared: None) -> None:
    assert deploy(alice, shop(boundary_of_workloads(broker))).returncode == 0
    off = ["aws", "iam", "delete-role-permissions-boundary", "--role-name", "shop-worker"]
    done = alice.broker("exec", ROLE, "--", *off)
    assert done.returncode != 0
    assert "AccessDenied" in done.stderr
