"""Provisioning on the embedded AWS: the tutorial by commands, sixty templates, delete and restore."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from botocore.exceptions import ClientError

from chalicelib.core.domain.policy_documents import as_list
from localaws import roles
from localaws.broker import PROVISION_FUNCTION
from localaws.profiles import session_with
from localaws.stack import NAME as STACK
from tests.e2e.auditing import fresh_second
from tests.e2e.door import keys_of, signed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from localaws.broker import Broker

EC2_FULL = "arn:aws:iam::aws:policy/AmazonEC2FullAccess"


@pytest.fixture
def command(broker: Broker) -> Callable[..., Any]:
    """`broker … --json` as the administrator; answers the JSON."""

    def run(*words: str) -> Any:
        line = [sys.executable, "-m", "access_broker", *words, "--json"]
        done = subprocess.run(line, env=broker.environ("admin"), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


@pytest.fixture
def order(broker: Broker) -> Callable[..., dict[str, Any]]:
    """The provision function, invoked as a pipeline would."""
    aws_lambda = broker.session_for("admin").client("lambda")

    def send(action: str, **words: Any) -> dict[str, Any]:
        answer = roles.order(aws_lambda, PROVISION_FUNCTION, {"action": action, **words})
        assert answer["ok"], answer
        result: dict[str, Any] = answer["result"]
        return result

    return send


@pytest.fixture
def iam(broker: Broker) -> Any:
    return broker.session_for("admin").client("iam")


@pytest.fixture
def afterwards() -> Iterator[ExitStack]:
    """What a test shares names of with others goes, however the test ends."""
    with ExitStack() as stack:
        yield stack


def client(broker: Broker, service: Any, key: str, secret: str, token: str | None = None) -> Any:
    """A client with these credentials and no others."""
    return session_with(key, secret, token, region=broker.region).client(service, endpoint_url=broker.endpoint_url)


def refusal(broker: Broker, *credentials: str) -> str:
    """What EC2 says to somebody who asks for its instances; nothing if it answers."""
    try:
        client(broker, "ec2", *credentials).describe_instances()
    except ClientError as error:
        return error.response["Error"]["Code"]
    return ""


def test_the_whole_tutorial_by_commands_only(broker, command, afterwards) -> None:
    user = command("users", "create", "sts_user", "--console", "--access-key")
    afterwards.callback(command, "users", "delete", "sts_user")
    assert user["zero_access"]
    assert user["arn"] == "arn:aws:iam::000000000000:user/access-broker/sts_user"
    assert user["sign_in_url"] == "https://000000000000.signin.aws.amazon.com/console"
    assert len(user["password"]) >= 24
    (role,) = command("roles", "apply", "policies/roles/AWSEC2FULLACCESS.yaml")
    afterwards.callback(command, "roles", "delete", "AWSEC2FULLACCESS")
    assert role["switch_role_url"] == (
        "https://signin.aws.amazon.com/switchrole"
        "?account=000000000000&roleName=access-broker/AWSEC2FULLACCESS&displayName=AWSEC2FULLACCESS"
    )
    own = (user["access_key"]["access_key_id"], user["access_key"]["secret_access_key"])
    assert refusal(broker, *own) == "UnauthorizedOperation"
    given = client(broker, "sts", *own).assume_role(RoleArn=role["arn"], RoleSessionName="switched")["Credentials"]
    switched = (given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
    assert refusal(broker, *switched) == ""
    assert refusal(broker, *own) == "UnauthorizedOperation"


def test_the_second_apply_of_sixty_templates_makes_no_iam_write_and_says_so(broker, command, iam, tmp_path) -> None:
    for number in range(60):
        template = {
            "name": f"sixty-{number}",
            "description": f"Number {number} of sixty",
            "managed_policies": ["AmazonEC2FullAccess"],
            "tags": {"access-broker:audience": "nobody", "number": str(number)},
        }
        (tmp_path / f"{number}.yaml").write_text(yaml.safe_dump(template))
    began = fresh_second()
    first = command("roles", "apply", str(tmp_path))
    assert sorted(role["name"] for role in first) == sorted(f"sixty-{number}" for number in range(60))
    assert all(role["changes"] for role in first)
    assert {"CreateRole", "AttachRolePolicy"} <= set(iam_writes(broker, began))
    began = fresh_second()
    second = command("roles", "apply", str(tmp_path))
    assert [role["changes"] for role in second] == [[]] * 60
    assert [role["changes"] for role in command("roles", "plan", str(tmp_path))] == [[]] * 60
    assert iam_writes(broker, began) == []
    drop(iam, "sixty-")


def iam_writes(broker: Broker, since: datetime) -> list[str]:
    """The names of the IAM writes that CloudTrail recorded, of all that the provisioner's policy lets it make."""
    policy = json.loads(Path("policies/lambda/provision.json").read_text())
    listed = {action for statement in policy["Statement"] for action in as_list(statement["Action"])}
    names = sorted(action.removeprefix("iam:") for action in listed if action.startswith("iam:"))
    return [name for name in names if not name.startswith(("Get", "List")) and recorded(broker, name, since)]


def recorded(broker: Broker, name: str, since: datetime) -> bool:
    """Whether CloudTrail has an event of that name since then."""
    trail = broker.session_for("admin").client("cloudtrail")
    wanted: Any = [{"AttributeKey": "EventName", "AttributeValue": name}]
    return bool(trail.lookup_events(LookupAttributes=wanted, StartTime=since)["Events"])


def drop(iam: Any, prefix: str) -> None:
    """Remove the roles of a test, past the broker."""
    names = [role["RoleName"] for role in iam.list_roles(PathPrefix="/access-broker/")["Roles"]]
    for name in (name for name in names if name.startswith(prefix)):
        for policy in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
            iam.detach_role_policy(RoleName=name, PolicyArn=policy["PolicyArn"])
        for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
            iam.delete_role_policy(RoleName=name, PolicyName=policy)
        iam.delete_role(RoleName=name)


def semantics(iam: Any, name: str) -> dict[str, Any]:
    """Everything a role means, as IAM answers it; not its id and dates."""
    role = iam.get_role(RoleName=name)["Role"]
    inline = iam.list_role_policies(RoleName=name)["PolicyNames"]
    attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    profiles = iam.list_instance_profiles_for_role(RoleName=name)["InstanceProfiles"]
    return {
        **{key: value for key, value in role.items() if key not in {"RoleId", "CreateDate", "RoleLastUsed", "Tags"}},
        "Tags": {tag["Key"]: tag["Value"] for tag in role["Tags"]},
        "Inline": {one: iam.get_role_policy(RoleName=name, PolicyName=one)["PolicyDocument"] for one in inline},
        "Attached": sorted(policy["PolicyArn"] for policy in attached),
        "Profiles": sorted(profile["InstanceProfileName"] for profile in profiles),
    }


RICH = {
    "name": "rich",
    "description": "Everything a role can have",
    "managed_policies": ["AmazonEC2FullAccess", "AmazonS3ReadOnlyAccess"],
    "inline_policy": {
        "Version": "2012-10-17",
        "Statement": [{"Sid": "Queues", "Effect": "Allow", "Action": ["sqs:Get*", "sqs:List*"], "Resource": "*"}],
    },
    "max_session_seconds": 7200,
    "tags": {"access-broker:audience": "engineers", "team": "web"},
    "trust": {"callers": ["alice", "bob"], "organization_id": ""},
}


def test_a_deleted_role_comes_back_the_same_but_for_its_id_and_works_again(broker, command, order, iam) -> None:
    order("apply_role", template=RICH)
    iam.create_instance_profile(InstanceProfileName="rich-servers")
    iam.add_role_to_instance_profile(InstanceProfileName="rich-servers", RoleName="rich")
    before, old_id = semantics(iam, "rich"), iam.get_role(RoleName="rich")["Role"]["RoleId"]
    assert takes(broker, "rich") == 201
    command("roles", "delete", "rich")
    with pytest.raises(ClientError, match="NoSuchEntity"):
        iam.get_role(RoleName="rich")
    restored = command("roles", "restore", "rich")
    assert semantics(iam, "rich") == before
    assert old_id in restored["cannot_come_back"][0]
    assert iam.get_role(RoleName="rich")["Role"]["RoleId"] != old_id
    assert takes(broker, "rich") == 201
    command("roles", "delete", "rich")


def takes(broker: Broker, role: str) -> int:
    """The status with which alice gets credentials for a role; the API may remember its absence for no time."""
    keys = keys_of(broker.session_for("alice"))
    return signed(f"{broker.broker_url}/v1/credentials", keys, "POST", {"role": role}).status


def test_a_quarantined_role_gives_nothing_and_one_command_brings_it_back(broker, command, order) -> None:
    order("apply_role", template={**RICH, "name": "idle", "trust": {}})
    keys = keys_of(broker.session_for("alice"))
    answer = signed(f"{broker.broker_url}/v1/credentials", keys, "POST", {"role": "idle"})
    given = answer.document["credentials"]
    taken = (given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
    assert refusal(broker, *taken) == ""
    order("quarantine_role", name="idle")
    assert refusal(broker, *taken) == "UnauthorizedOperation"
    command("roles", "restore", "idle")
    assert refusal(broker, *taken) == ""
    command("roles", "delete", "idle")


ONE = {"name": "raced", "description": "one", "managed_policies": ["AmazonEC2FullAccess"], "tags": {"version": "one"}}
TWO = {
    "name": "raced",
    "description": "two",
    "managed_policies": ["AmazonS3ReadOnlyAccess"],
    "inline_policy": RICH["inline_policy"],
    "max_session_seconds": 7200,
    "tags": {"version": "two", "more": "tags"},
    "trust": {"callers": ["alice"]},
}


@pytest.mark.parametrize("_round", range(3))
def test_two_concurrent_applies_of_different_versions_end_in_one_of_them(order, _round) -> None:
    with ThreadPoolExecutor(max_workers=2) as both:
        outcomes = list(both.map(lambda template: order("apply_role", template=template), (ONE, TWO)))
    assert all(outcome["changes"] for outcome in outcomes)
    differences = [len(order("plan_role", template=template)["changes"]) for template in (ONE, TWO)]
    assert min(differences) == 0 < max(differences)
    order("delete_role", name="raced")


def test_a_user_gets_into_the_brokers_groups_and_no_others(broker, command, afterwards, iam) -> None:
    iam.create_group(GroupName="reviewers", Path="/access-broker/")
    made = command("users", "create", "dana", "--group", "reviewers", "--tag", "team=blue")
    afterwards.callback(command, "users", "delete", "dana")
    assert (made["groups"], made["zero_access"]) == (["reviewers"], True)
    iam.attach_group_policy(GroupName="reviewers", PolicyArn=EC2_FULL)
    assert command("users", "show", "dana")["grants"] == ["group reviewers: attached policy AmazonEC2FullAccess"]
    keys = keys_of(broker.session_for("admin"))
    refused = signed(f"{broker.broker_url}/v1/users/eve", keys, "PUT", {"groups": ["reviewers"]})
    assert refused.status == 400, refused
    assert list(refused.document["fields"]) == ["groups"], refused
    iam.create_group(GroupName="outsiders")
    refused = signed(f"{broker.broker_url}/v1/users/eve", keys, "PUT", {"groups": ["outsiders"]})
    assert (refused.status, refused.document["fields"]) == (400, {"groups": "outsiders: not under /access-broker/"})
    with pytest.raises(ClientError, match="NoSuchEntity"):
        iam.get_user(UserName="eve")


def test_a_user_who_signs_in_has_one_policy_and_no_key(broker, command, afterwards, iam) -> None:
    made = command("users", "create", "signe", "--sign-in")
    afterwards.callback(command, "users", "delete", "signe")
    assert (made["zero_access"], made["access_keys"], made["console_access"]) == ("sign_in_only", [], True)
    [attached] = iam.list_attached_user_policies(UserName="signe")["AttachedPolicies"]
    assert attached["PolicyName"] == f"{STACK}-sign-in-only"
    again = command("users", "create", "signe", "--tag", "team=blue")
    assert again["zero_access"] == "sign_in_only"
    refused = signed(
        f"{broker.broker_url}/v1/users/signe", keys_of(broker.session_for("admin")), "PUT",
        {"sign_in": True, "access_key": True},
    )  # fmt: skip
    assert (refused.status, list(refused.document["fields"])) == (400, ["access_key"])
    plain = command("users", "create", "signe", "--no-sign-in", "--access-key")
    assert (plain["zero_access"], len(plain["access_keys"])) == (True, 1)


def test_a_template_that_climbs_is_refused_and_audited(broker, iam) -> None:
    keys = keys_of(broker.session_for("admin"))
    for policy, path in (("AdministratorAccess", "never given"), ("IAMFullAccess", "never given")):
        refused = signed(f"{broker.broker_url}/v1/roles/climber", keys, "PUT", {"managed_policies": [policy]})
        assert refused.status == 400
        assert path in refused.document["detail"]
    with pytest.raises(ClientError, match="NoSuchEntity"):
        iam.get_role(RoleName="climber")


def test_a_name_in_another_letter_case_is_taken(broker, iam) -> None:
    keys = keys_of(broker.session_for("admin"))
    template = {"managed_policies": ["AmazonEC2FullAccess"], "trust": {"through_broker": True}}
    assert signed(f"{broker.broker_url}/v1/roles/EC2-FULL", keys, "PUT", template).status == 409
    assert signed(f"{broker.broker_url}/v1/users/ALICE", keys, "PUT", {}).status == 409
    names = {role["RoleName"] for role in iam.list_roles()["Roles"]} | {
        user["UserName"] for user in iam.list_users()["Users"]
    }
    assert names.isdisjoint({"EC2-FULL", "ALICE"})


def test_a_user_with_too_many_tags_or_another_persons_slack_account_is_not_made(broker, command, afterwards) -> None:
    keys = keys_of(broker.session_for("admin"))
    many = {"tags": {f"tag-{number}": "x" for number in range(51)}}
    linked = {"tags": {"access-broker:slack": "T1/UZOE"}}
    assert signed(f"{broker.broker_url}/v1/users/zoe", keys, "PUT", linked).status == 201
    afterwards.callback(command, "users", "delete", "zoe")
    for body, field in ((many, "tags"), (linked, "tags.access-broker:slack")):
        refused = signed(f"{broker.broker_url}/v1/users/not-made", keys, "PUT", body)
        assert refused.status == 400, refused
        assert list(refused.document["fields"]) == [field], refused
    assert signed(f"{broker.broker_url}/v1/users/not-made", keys, "GET").status == 404
