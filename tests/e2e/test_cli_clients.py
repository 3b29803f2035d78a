"""Real clients through a profile that `broker configure` wrote: instances are listed, users are not."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from tests.e2e.cli_clients import node_modules, terraform
from tests.e2e.cli_person import Person, at_a_terminal

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

    from localaws.broker import Broker

PROFILE = "broker-ec2-full"
INSTANCES = """
data "aws_instances" "all" {}
output "instances" { value = data.aws_instances.all.ids }
"""

BOTO3 = """
import boto3, botocore.exceptions, json
session = boto3.Session()
found = [i["InstanceId"] for r in session.client("ec2").describe_instances()["Reservations"] for i in r["Instances"]]
try:
    refused = session.client("iam").list_users() and ""
except botocore.exceptions.ClientError as error:
    refused = error.response["Error"]["Code"]
print(json.dumps({"instances": found, "refused": refused}))
"""


@pytest.fixture(scope="module")
def instance(broker: Broker) -> Iterator[str]:
    ec2 = broker.session_for("admin").client("ec2")
    image = ec2.describe_images()["Images"][0]["ImageId"]
    made = ec2.run_instances(ImageId=image, InstanceType="t3.micro", MinCount=1, MaxCount=1)
    identifier = made["Instances"][0]["InstanceId"]
    yield identifier
    ec2.terminate_instances(InstanceIds=[identifier])


@pytest.fixture
def alice(broker: Broker, tmp_path: Path) -> Person:
    """Alice, who has written a profile for ec2-full."""
    person = at_a_terminal(broker, "alice", tmp_path / "alice")
    done = person.broker("configure", "ec2-full")
    assert done.returncode == 0, done.stderr
    return person


def outcome(done: subprocess.CompletedProcess[str]) -> tuple[list[str], str]:
    """What a client printed: the instances it saw, and how it was refused beyond the role."""
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    return document["instances"], document["refused"]


def test_the_aws_cli_lists_instances_and_is_refused_beyond_the_role(alice: Person, instance: str) -> None:
    query = "Reservations[].Instances[].InstanceId"
    listed = alice.run(["aws", "--profile", PROFILE, "ec2", "describe-instances", "--query", query])
    refused = alice.run(["aws", "--profile", PROFILE, "iam", "list-users"])
    assert instance in json.loads(listed.stdout), listed.stderr
    assert refused.returncode != 0
    assert "AccessDenied" in refused.stderr


def test_boto3_lists_instances_and_is_refused_beyond_the_role(alice: Person, instance: str) -> None:
    instances, refused = outcome(alice.run([sys.executable, "-c", BOTO3], AWS_PROFILE=PROFILE))
    assert instance in instances
    assert refused == "AccessDenied"


@pytest.mark.parametrize("way", ["by profile", "by the default chain"])
def test_the_javascript_sdk_lists_instances_and_is_refused_beyond_the_role(
    alice: Person, instance: str, way: str
) -> None:
    script = str(node_modules() / "call.mjs")
    profile = [PROFILE] if way == "by profile" else []
    instances, refused = outcome(alice.run(["node", script, *profile], AWS_PROFILE=PROFILE))
    assert instance in instances
    assert refused in {"AccessDenied", "AccessDeniedException"}


def test_terraform_lists_instances_and_is_refused_beyond_the_role(alice: Person, instance: str) -> None:
    terraform(alice)
    (alice.home / "instances.tf").write_text(INSTANCES)
    apply = ["terraform", "apply", "-auto-approve", "-no-color", "-input=false"]
    applied = alice.run(apply, AWS_PROFILE=PROFILE)
    assert instance in applied.stdout, applied.stderr
    (alice.home / "beyond.tf").write_text('data "aws_iam_users" "all" {}\n')
    refused = alice.run(apply, AWS_PROFILE=PROFILE)
    assert refused.returncode != 0
    assert "AccessDenied" in refused.stderr


def test_without_the_profile_alice_herself_is_refused(alice: Person, instance: str) -> None:
    del instance
    refused = alice.run(["aws", "ec2", "describe-instances"])
    assert refused.returncode != 0
    assert "UnauthorizedOperation" in refused.stderr


def test_all_of_it_took_one_session(broker: Broker, alice: Person, instance: str) -> None:
    """The profile's credentials are kept: three programs, one session."""
    del instance
    before = sessions_of(alice)
    for _ in range(3):
        alice.run(["aws", "--profile", PROFILE, "ec2", "describe-instances"])
    assert len(sessions_of(alice) - before) == 1
    del broker


def sessions_of(person: Person) -> set[str]:
    done = person.broker("sessions", "--json", "--limit", "100")
    return {session["id"] for session in json.loads(done.stdout)}


def test_configure_twice_leaves_one_profile_and_every_other_byte(alice: Person) -> None:
    text = alice.aws_config.read_bytes()
    own = b"\r\n# what I wrote by hand\r\n[profile other]\r\nregion=eu-west-1   ; mine\r\n\tkeep = this"
    alice.aws_config.write_bytes(text + own)
    done = alice.broker("configure", "ec2-full", "--json")
    assert not json.loads(done.stdout)["changed"]
    assert alice.aws_config.read_bytes() == text + own
    assert text.count(b"[profile broker-ec2-full]") == 1
