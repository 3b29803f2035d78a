"""Each function's role is refused what its policy file does not list: tried, with the role's own credentials."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from localaws.broker import PROVISION_FUNCTION
from localaws.profiles import session_with
from localaws.stack import NAME as STACK
from tests.e2e.auditing import NO_RETRY, call_aws

if TYPE_CHECKING:
    from collections.abc import Iterator

    import boto3

    from localaws.broker import Broker

REFUSALS = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}
ROLE = "access-broker-probe"
SERIAL = "arn:aws:iam::000000000000:mfa/bob"
ITEM = {"pk": {"S": "ROLE"}, "sk": {"S": "forged"}}
ANYBODY = json.dumps({"Version": "2012-10-17", "Statement": []})

WRITE_IAM: dict[str, tuple[str, str, dict[str, Any]]] = {
    "create a user": ("iam", "create_user", {"UserName": "probe"}),
    "create a key for alice": ("iam", "create_access_key", {"UserName": "alice"}),
    "create a role": ("iam", "create_role", {"RoleName": ROLE, "AssumeRolePolicyDocument": ANYBODY}),
    "attach a policy": (
        "iam", "attach_role_policy",
        {"RoleName": "ec2-full", "PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"},
    ),
    "change a trust policy": (
        "iam", "update_assume_role_policy", {"RoleName": "ec2-full", "PolicyDocument": ANYBODY},
    ),
}  # fmt: skip
FOREIGN: dict[str, tuple[str, str, dict[str, Any]]] = {
    "list buckets": ("s3", "list_buckets", {}),
    "describe instances": ("ec2", "describe_instances", {}),
    "list users": ("iam", "list_users", {}),
    "read secrets": ("secretsmanager", "list_secrets", {}),
    "delete the audit log": ("logs", "delete_log_group", {"logGroupName": "{AuditLogGroup}"}),
    "shorten the audit log": (
        "logs", "put_retention_policy", {"logGroupName": "{AuditLogGroup}", "retentionInDays": 1},
    ),
    "delete the table": ("dynamodb", "delete_table", {"TableName": "{TableName}"}),
    "delete a row": (
        "dynamodb", "delete_item",
        {"TableName": "{TableName}", "Key": {"pk": {"S": "SESSION#1"}, "sk": {"S": "SESSION"}}},
    ),
    "scan the table": ("dynamodb", "scan", {"TableName": "{TableName}"}),
    "change a function": ("lambda", "delete_function", {"FunctionName": "{APIHandlerName}"}),
}  # fmt: skip
WRITE_CATALOGUE = {"forge a role row": ("dynamodb", "put_item", {"TableName": "{TableName}", "Item": ITEM})}
WRITE_LEDGER = {"write the ledger": ("dynamodb", "put_item", {"TableName": "{LedgerName}", "Item": ITEM})}
WRITE_AUDIT = {
    "write the audit log": (
        "logs", "put_log_events",
        {"logGroupName": "{AuditLogGroup}", "logStreamName": "x", "logEvents": [{"timestamp": 1, "message": "forged"}]},
    ),
}  # fmt: skip
ASSUME = {
    "assume a brokered role": (
        "sts", "assume_role",
        {"RoleArn": "arn:aws:iam::000000000000:role/access-broker/ec2-full", "RoleSessionName": "probe"},
    ),
}  # fmt: skip


def row(operation: str, partition: str) -> tuple[str, str, dict[str, Any]]:
    """A call about one row of the table."""
    key = {"pk": {"S": partition}, "sk": {"S": "probe"}}
    return "dynamodb", operation, {"TableName": "{TableName}", ("Item" if operation == "put_item" else "Key"): key}


def queried(partition: str) -> tuple[str, str, dict[str, Any]]:
    """A query of one partition of the table."""
    asked = {"KeyConditionExpression": "pk = :key", "ExpressionAttributeValues": {":key": {"S": partition}}}
    return "dynamodb", "query", {"TableName": "{TableName}", **asked}


def listed(index: str, partition: str) -> tuple[str, str, dict[str, Any]]:
    """A query of one partition of an index."""
    group = f"{index.removeprefix('by-')}_key"
    asked = {"KeyConditionExpression": f"{group} = :key", "ExpressionAttributeValues": {":key": {"S": partition}}}
    return "dynamodb", "query", {"TableName": "{TableName}", "IndexName": index, **asked}


WRITE_ROWS = {
    "forge a session": row("put_item", "SESSION#probe"),
    "forge a grant": row("put_item", "GRANT#probe"),
    "forge a mark of clean-up": row("put_item", "CLEANUP#ROLES"),
    "take a lease of the provisioner": row("put_item", "LEASE#role/ec2-full"),
}
READ_ROWS = {f"read {partition}": row("get_item", partition) for partition in (
    "EXPORT#ec2-full", "USER", "REVOCATIONS", "NOTICE#probe", "LEASE#role/ec2-full", "CLEANUP#ROLES",
)}  # fmt: skip
CHANGE_ROWS = {f"change {partition}": row("update_item", partition) for partition in ("REQUEST#probe", "EVENT#probe")}
OWN_LEASES = ("LEASE#role/probe", "LEASE#user/probe", "LEASE#revocations/probe")
DELETE_ROWS = {f"delete {partition}": row("delete_item", partition) for partition in (
    "EXPORT#ec2-full", "EVENT#probe", "SESSION#probe", "REVOCATIONS", "CLEANUP#ROLES", "LEASE#cleanup",
)}  # fmt: skip
QUERY_ROWS = {f"query {partition}": queried(partition) for partition in (
    "SESSION#probe", "REQUEST#probe", "EVENT#probe", "USER",
)}  # fmt: skip
LIST_SESSIONS = {"list a day's sessions": listed("by-group", "SESSION#2026-11-23")}
LIST_PENDING = {"list what is pending": listed("by-group", "REQUEST#STATE#pending")}
LIST_SETTLED = {"list what was approved": listed("by-group", "REQUEST#STATE#approved")}
LIST_GRANTS = {"list what is open": listed("by-group", "GRANT#STATE#open")}
LIST_REVIEWS = {"list what waits for a review": listed("by-group", "REVIEW#open")}
ORDER = {
    "order something of the provisioner": (
        "lambda", "invoke", {"FunctionName": PROVISION_FUNCTION, "Payload": b'{"action": "probe"}'},
    ),
}  # fmt: skip
ACT_ON_ROLES = {
    "quarantine a role itself": (
        "iam", "put_role_policy",
        {"RoleName": "ec2-full", "PolicyName": "access-broker-quarantine", "PolicyDocument": ANYBODY},
    ),
    "delete a role itself": ("iam", "delete_role", {"RoleName": "ec2-full"}),
    "read a session": row("get_item", "SESSION#probe"),
    "deactivate a user's key": (
        "iam", "update_access_key",
        {"UserName": "alice", "AccessKeyId": "AKIAPROBEPROBEPROBE", "Status": "Inactive"},
    ),
    "delete a user's key": ("iam", "delete_access_key", {"UserName": "alice", "AccessKeyId": "AKIAPROBEPROBEPROBE"}),
}  # fmt: skip
ANYTHING_ELSE = {**WRITE_IAM, **FOREIGN, **WRITE_CATALOGUE, **WRITE_LEDGER, **WRITE_AUDIT, **ASSUME}
READ_SECRETS = {
    f"read the {name}": ("ssm", "get_parameter", {"Name": f"/access-broker/{name}", "WithDecryption": True})
    for name in ("slack-signing-secret", "slack-bot-token", "webhook-secret")
}

REFUSED = {
    "ApiHandlerRole": {
        **WRITE_IAM,
        "forge a caller": row("put_item", "DIRECTORY"),
        "change a caller": row("update_item", "DIRECTORY"),
        "remove a caller": row("delete_item", "DIRECTORY"),
        **FOREIGN,
        **WRITE_CATALOGUE,
        **WRITE_LEDGER,
        **WRITE_AUDIT,
        **READ_ROWS,
        **CHANGE_ROWS,
        **QUERY_ROWS,
    },
    "AuditRole": {
        **WRITE_IAM,
        **FOREIGN,
        **WRITE_CATALOGUE,
        **ASSUME,
        **LIST_PENDING,
        **LIST_GRANTS,
        **LIST_REVIEWS,
    },
    "ProvisionRole": {
        **FOREIGN,
        **WRITE_LEDGER,
        **WRITE_AUDIT,
        **ASSUME,
        **DELETE_ROWS,
        "forge a session": WRITE_ROWS["forge a session"],
        "take the lease of clean-up": row("put_item", "LEASE#cleanup"),
        "deactivate the key of a user that others made": ACT_ON_ROLES["deactivate a user's key"],
    },
    "TrailRole": {
        **ANYTHING_ELSE,
        **WRITE_ROWS,
        **ORDER,
        "read a grant": row("get_item", "GRANT#probe"),
        "read a role's trust": ("iam", "get_role", {"RoleName": "ec2-full"}),
    },
    "ExpireRole": {
        **ANYTHING_ELSE,
        **ORDER,
        **LIST_SESSIONS,
        **LIST_SETTLED,
        "read a session": row("get_item", "SESSION#probe"),
        "forge a session": WRITE_ROWS["forge a session"],
        "forge a grant": WRITE_ROWS["forge a grant"],
        **CHANGE_ROWS,
    },
    "DirectoryRole": {
        **ANYTHING_ELSE,
        **WRITE_ROWS,
        **READ_ROWS,
        **CHANGE_ROWS,
        **DELETE_ROWS,
        **QUERY_ROWS,
        **ORDER,
        "lift a suspension": row("delete_item", "SUSPENSION"),
        "suspend": row("put_item", "SUSPENSION"),
        "read a role's trust": ("iam", "get_role", {"RoleName": "ec2-full"}),
    },
    "CleanupRole": {
        **ANYTHING_ELSE,
        **ACT_ON_ROLES,
        **{what: call for what, call in WRITE_ROWS.items() if what != "forge a mark of clean-up"},
    },
    "ChatRole": {
        **ANYTHING_ELSE,
        "forge a caller": row("put_item", "DIRECTORY"),
        "lift a suspension": row("delete_item", "SUSPENSION"),
        **READ_SECRETS,
        **{what: call for what, call in WRITE_ROWS.items() if what != "forge a grant"},
        **READ_ROWS,
        **CHANGE_ROWS,
        **QUERY_ROWS,
        **LIST_REVIEWS,
    },
    "NotifyRole": {
        **ANYTHING_ELSE,
        **WRITE_ROWS,
        **ORDER,
        "approve a request": row("put_item", "REQUEST#probe"),
        "read the slack-signing-secret": READ_SECRETS["read the slack-signing-secret"],
    },
}
CASES = [(role, what) for role, calls in REFUSED.items() for what in calls]


@pytest.fixture(scope="module")
def acting_as(broker: Broker) -> Iterator[Any]:
    """Sessions with a function's own role: its trust policy admits an administrator for the time of this module."""
    admin = broker.session_for("admin")
    iam, cloudformation = admin.client("iam"), admin.client("cloudformation")
    stack = cloudformation.describe_stacks()["Stacks"][0]["StackName"]
    found = cloudformation.describe_stack_resources(StackName=stack)["StackResources"]
    names = {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in found}
    before: dict[str, Any] = {}
    sessions: dict[str, boto3.Session] = {}

    def session(logical: str) -> boto3.Session:
        if logical not in sessions:
            role = iam.get_role(RoleName=names[logical])["Role"]
            before[role["RoleName"]] = role["AssumeRolePolicyDocument"]
            who = admin.client("sts").get_caller_identity()["Arn"]
            trust = {"Effect": "Allow", "Principal": {"AWS": who}, "Action": "sts:AssumeRole"}
            document = {"Version": "2012-10-17", "Statement": [trust]}
            iam.update_assume_role_policy(RoleName=role["RoleName"], PolicyDocument=json.dumps(document))
            given = admin.client("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="probe")["Credentials"]
            keys = (given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
            sessions[logical] = session_with(*keys, region=broker.region)
        return sessions[logical]

    yield session
    for name, document in before.items():
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(document))


def test_the_role_of_every_function_is_tried() -> None:
    functions = json.loads(Path(".chalice/config.json").read_text())["lambda_functions"]
    assert set(REFUSED) == {f"{name.title().replace('_', '')}Role" for name in functions}


@pytest.mark.parametrize(("role", "what"), CASES)
def test_a_functions_role_may_not(broker: Broker, acting_as: Any, role: str, what: str) -> None:
    with pytest.raises(ClientError) as refusal:
        call_aws(broker, acting_as(role), REFUSED[role][what])
    assert refusal.value.response["Error"]["Code"] in REFUSALS


def test_the_roles_do_have_what_their_files_list(broker: Broker, acting_as: Any) -> None:
    """Otherwise the refusals above would prove nothing."""
    table = broker.outputs["TableName"]
    item = {"pk": {"S": "EVENT#probe"}, "sk": {"S": "EVENT"}}
    dynamodb = acting_as("ApiHandlerRole").client("dynamodb", endpoint_url=broker.endpoint_url)
    dynamodb.put_item(TableName=table, Item=item)
    assert "Item" in dynamodb.get_item(TableName=table, Key=item)


LOOK = {
    **{f"read {partition}": row("get_item", partition) for partition in ("ROLE", "SESSION#probe", "GRANT#probe")},
    "list a caller's sessions": listed("by-caller", "SESSION#probe"),
    "list a role's requests": listed("by-role", "REQUEST#probe"),
    "query ROLE": queried("ROLE"),
    "query a caller's grants": queried("GRANT#probe"),
    **LIST_PENDING,
}
ALLOWED: dict[str, dict[str, tuple[str, str, dict[str, Any]]]] = {
    "ApiHandlerRole": {
        **LOOK,
        "record a session": row("put_item", "SESSION#probe"),
        "suspend": row("put_item", "SUSPENSION"),
        "lift a suspension": row("delete_item", "SUSPENSION"),
        "read a caller": row("get_item", "DIRECTORY"),
        "list callers": listed("by-group", "DIRECTORY"),
        "query suspensions": queried("SUSPENSION"),
        **LIST_REVIEWS,
    },
    "DirectoryRole": {
        "list users and roles": ("iam", "get_account_authorization_details", {"Filter": ["User", "Role"]}),
        "query what it wrote": queried("DIRECTORY"),
        "write a caller": row("put_item", "DIRECTORY"),
        "remove a caller": row("delete_item", "DIRECTORY"),
    },
    "AuditRole": {
        **LIST_SESSIONS,
        "park what it cannot read": (
            "sqs",
            "send_message",
            {"QueueUrl": "{DeadLetterQueueUrl}", "MessageBody": "probe"},
        ),
    },
    "ChatRole": {
        **LOOK,
        "record a visit": row("put_item", "CHAT#VISIT#probe"),
        "read a suspension": row("get_item", "SUSPENSION"),
    },
    "TrailRole": {
        "read a session": row("get_item", "SESSION#probe"),
        "record": row("put_item", "EVENT#probe"),
        "tell whose role it is": ("iam", "list_role_tags", {"RoleName": "ec2-full"}),
    },
    "ProvisionRole": {
        **{f"read {one}": row("get_item", one) for one in ("ROLE", "USER", "EXPORT#probe", "EVENT#probe")},
        **{f"write {one}": row("put_item", one) for one in ("EXPORT#probe", "EVENT#probe", *OWN_LEASES)},
        **{f"delete {one}": row("delete_item", one) for one in ("ROLE", "USER", *OWN_LEASES)},
    },
    "ExpireRole": {
        **LIST_PENDING,
        **LIST_GRANTS,
        **LIST_REVIEWS,
        "read a request": row("get_item", "REQUEST#probe"),
    },
    "CleanupRole": {
        "look at every role": ("iam", "get_account_authorization_details", {"Filter": ["Role"]}),
        "look at one role again": ("iam", "get_role", {"RoleName": "ec2-full"}),
        "read a mark": row("get_item", "CLEANUP#ROLES"),
        "write its summary": row("put_item", "CLEANUP#RUN"),
    },
}


@pytest.mark.parametrize(("role", "what"), [(role, what) for role, calls in ALLOWED.items() for what in calls])
def test_a_functions_role_may(broker: Broker, acting_as: Any, role: str, what: str) -> None:
    """Otherwise its refusals would prove nothing."""
    assert call_aws(broker, acting_as(role), ALLOWED[role][what])


NEIGHBOUR = "neighbour"
OTHER_STAGE: list[Any] = [{"Key": "access-broker:deployment", "Value": "access-broker-another"}]
NEW_USER = {"UserName": "probe", "Path": "/access-broker/"}
ON_A_NEIGHBOUR: dict[str, tuple[str, str, dict[str, Any]]] = {
    "make a key": ("iam", "create_access_key", {"UserName": NEIGHBOUR}),
    "give a password": ("iam", "create_login_profile", {"UserName": NEIGHBOUR, "Password": "Probe-probe-1"}),
    "delete": ("iam", "delete_user", {"UserName": NEIGHBOUR}),
    "take over": ("iam", "tag_user", {"UserName": NEIGHBOUR, "Tags": [{**OTHER_STAGE[0], "Value": STACK}]}),
    "cut loose": ("iam", "untag_user", {"UserName": NEIGHBOUR, "TagKeys": ["access-broker:deployment"]}),
    "make one in its name": ("iam", "create_user", {**NEW_USER, "Tags": OTHER_STAGE}),
    "make one in no name": ("iam", "create_user", NEW_USER),
}


@pytest.fixture(scope="module")
def neighbour(broker: Broker) -> Iterator[None]:
    """A user that another stage's provisioner made, in the same account and under the same path."""
    iam = broker.session_for("admin").client("iam")
    iam.create_user(UserName=NEIGHBOUR, Path="/access-broker/", Tags=OTHER_STAGE)
    yield
    iam.delete_user(UserName=NEIGHBOUR)


@pytest.mark.usefixtures("neighbour")
@pytest.mark.parametrize("what", ON_A_NEIGHBOUR)
def test_the_provisioner_may_not_touch_another_stages_user(broker: Broker, acting_as: Any, what: str) -> None:
    with pytest.raises(ClientError) as refusal:
        call_aws(broker, acting_as("ProvisionRole"), ON_A_NEIGHBOUR[what])
    assert refusal.value.response["Error"]["Code"] in REFUSALS


FOREIGN_USERS = ("admin", "bob", "stranger", NEIGHBOUR)
"""Made by hand, one of them an administrator and one outside our path with our tag; and another stage's."""

ON_ONES_KEYS: dict[str, dict[str, Any]] = {
    "create_access_key": {}, "update_access_key": {"AccessKeyId": "AKIAPROBEPROBEPROBE", "Status": "Inactive"},
    "delete_access_key": {"AccessKeyId": "AKIAPROBEPROBEPROBE"}, "create_login_profile": {"Password": "Probe-probe-1"},
    "update_login_profile": {"Password": "Probe-probe-1"}, "delete_login_profile": {},
    "enable_mfa_device": {"SerialNumber": SERIAL, "AuthenticationCode1": "123456", "AuthenticationCode2": "654321"},
    "deactivate_mfa_device": {"SerialNumber": SERIAL},
    "resync_mfa_device": {"SerialNumber": SERIAL, "AuthenticationCode1": "123456", "AuthenticationCode2": "654321"},
    "attach_user_policy": {"PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"},
    "put_user_policy": {"PolicyName": "probe", "PolicyDocument": ANYBODY},
}  # fmt: skip


@pytest.mark.usefixtures("neighbour")
def test_the_provisioner_changes_no_keys_and_devices_of_users_that_the_broker_did_not_make(
    broker: Broker, acting_as: Any
) -> None:
    admin = broker.session_for("admin").client("iam")
    admin.create_user(UserName="stranger", Tags=[{"Key": "access-broker:deployment", "Value": STACK}])
    iam = acting_as("ProvisionRole").client("iam", endpoint_url=broker.endpoint_url, config=NO_RETRY)
    let_in = []
    for operation, asked in ON_ONES_KEYS.items():
        for user in FOREIGN_USERS:
            try:
                getattr(iam, operation)(UserName=user, **asked)
            except ClientError as refusal:
                if refusal.response["Error"]["Code"] in REFUSALS:
                    continue
            let_in.append((operation, user))
    admin.delete_user(UserName="stranger")
    assert not let_in


def test_the_provisioner_may_not_give_its_own_user_to_another_stage(broker: Broker, acting_as: Any) -> None:
    provisioner, admin = acting_as("ProvisionRole"), broker.session_for("admin").client("iam")
    own = [{"Key": "access-broker:deployment", "Value": STACK}]
    assert call_aws(broker, provisioner, ("iam", "create_user", {**NEW_USER, "Tags": own}))
    with pytest.raises(ClientError) as refusal:
        call_aws(broker, provisioner, ("iam", "tag_user", {"UserName": "probe", "Tags": OTHER_STAGE}))
    assert refusal.value.response["Error"]["Code"] in REFUSALS
    assert call_aws(broker, provisioner, ("iam", "delete_user", {"UserName": "probe"}))
    assert not [user for user in admin.list_users()["Users"] if user["UserName"] == "probe"]


ONLY = [{"Key": "access-broker:sign-in", "Value": "only"}]


def test_the_provisioner_gives_one_policy_only_to_users_who_have_no_key(broker: Broker, acting_as: Any) -> None:
    provisioner = acting_as("ProvisionRole")
    sign_in = "arn:aws:iam::000000000000:policy/access-broker/" + f"{STACK}-sign-in-only"
    own = [{"Key": "access-broker:deployment", "Value": STACK}]
    marked, plain = {**NEW_USER, "UserName": "probe-marked", "Tags": own + ONLY}, {**NEW_USER, "Tags": own}
    for user in (marked, plain):
        call_aws(broker, provisioner, ("iam", "create_user", user))
    try:
        for name, arn in (
            ("probe-marked", "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"),
            ("probe", sign_in),
        ):
            with pytest.raises(ClientError, match="AccessDenied"):
                call_aws(broker, provisioner, ("iam", "attach_user_policy", {"UserName": name, "PolicyArn": arn}))
        with pytest.raises(ClientError, match="AccessDenied"):
            call_aws(broker, provisioner, ("iam", "create_access_key", {"UserName": "probe-marked"}))
        allowed = {"UserName": "probe-marked", "PolicyArn": sign_in}
        call_aws(broker, provisioner, ("iam", "attach_user_policy", allowed))
        call_aws(broker, provisioner, ("iam", "detach_user_policy", allowed))
    finally:
        for user in (marked, plain):
            call_aws(broker, provisioner, ("iam", "delete_user", {"UserName": user["UserName"]}))
