"""The provisioner's own role, used directly with its credentials: IAM refuses it every way up."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from localaws.profiles import session_with

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localaws.broker import Broker

ACCOUNT = "000000000000"
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
NOBODY = json.dumps({"Version": "2012-10-17", "Statement": []})
ALL = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
DEPLOYMENT = {"Key": "access-broker:deployment", "Value": "access-broker"}
NEW = {"RoleName": "limits-new", "AssumeRolePolicyDocument": NOBODY}
OURS, THEIRS, UNTAGGED = {"RoleName": "limits-ours"}, {"RoleName": "limits-theirs"}, {"RoleName": "limits-unbound"}
"""A role of this deployment, of another stage's, and of nobody's, all under the path."""

PATH = "/access-broker/"

REFUSED: dict[str, tuple[str, dict[str, Any]]] = {
    "create a role without the boundary": ("create_role", {**NEW, "Path": PATH}),
    "create a role with another boundary": ("create_role", {**NEW, "Path": PATH, "PermissionsBoundary": ADMINISTRATOR}),
    "create a role outside the path": ("create_role", {**NEW, "PermissionsBoundary": "{boundary}"}),
    "create a role under a path that only begins alike": (
        "create_role", {**NEW, "Path": "/access-broker-2/", "PermissionsBoundary": "{boundary}"},
    ),
    "remove the boundary": ("delete_role_permissions_boundary", OURS),
    "replace the boundary": ("put_role_permissions_boundary", {**OURS, "PermissionsBoundary": ADMINISTRATOR}),
    "give a policy to a role that lost its boundary": (
        "put_role_policy", {"RoleName": "limits-unbound", "PolicyName": "all", "PolicyDocument": ALL},
    ),
    "attach a policy to a role that lost its boundary": (
        "attach_role_policy", {"RoleName": "limits-unbound", "PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"},
    ),
    "edit its own policy": ("put_role_policy", {"RoleName": "{self}", "PolicyName": "all", "PolicyDocument": ALL}),
    "delete its own policy": ("delete_role_policy", {"RoleName": "{self}", "PolicyName": "{own_policy}"}),
    "edit its own trust policy": ("update_assume_role_policy", {"RoleName": "{self}", "PolicyDocument": NOBODY}),
    "set a boundary on itself": (
        "put_role_permissions_boundary", {"RoleName": "{self}", "PermissionsBoundary": "{boundary}"},
    ),
    "attach AdministratorAccess to itself": ("attach_role_policy", {"RoleName": "{self}", "PolicyArn": ADMINISTRATOR}),
    "attach AdministratorAccess to a role of ours": ("attach_role_policy", {**OURS, "PolicyArn": ADMINISTRATOR}),
    "attach IAMFullAccess to a role of ours": (
        "attach_role_policy", {**OURS, "PolicyArn": "arn:aws:iam::aws:policy/IAMFullAccess"},
    ),
    "attach AdministratorAccess to a user": ("attach_user_policy", {"UserName": "alice", "PolicyArn": ADMINISTRATOR}),
    "attach AdministratorAccess to a user of ours": (
        "attach_user_policy", {"UserName": "limits-user", "PolicyArn": ADMINISTRATOR},
    ),
    "attach AdministratorAccess to a group": (
        "attach_group_policy", {"GroupName": "engineers", "PolicyArn": ADMINISTRATOR},
    ),
    "give a user of ours an inline policy": (
        "put_user_policy", {"UserName": "limits-user", "PolicyName": "all", "PolicyDocument": ALL},
    ),
    "create an access key for another user": ("create_access_key", {"UserName": "admin"}),
    "give another user a password": ("create_login_profile", {"UserName": "admin", "Password": "Abcdefgh1234567890!!"}),
    "change a password": ("update_login_profile", {"UserName": "limits-user", "Password": "Abcdefgh1234567890!!"}),
    "put a user into a group outside the path": (
        "add_user_to_group", {"UserName": "limits-user", "GroupName": "limits-administrators"},
    ),
    "make a user of ours an administrator of the broker": (
        "add_user_to_group", {"UserName": "limits-user", "GroupName": "broker-administrators"},
    ),
    "make a user of ours an approver": ("add_user_to_group", {"UserName": "limits-user", "GroupName": "approvers"}),
    "create a user outside the path": ("create_user", {"UserName": "limits-outside"}),
    "delete another user": ("delete_user", {"UserName": "carol"}),
    "change the boundary policy": (
        "create_policy_version", {"PolicyArn": "{boundary}", "PolicyDocument": ALL, "SetAsDefault": True},
    ),
    "create a policy": ("create_policy", {"PolicyName": "limits-all", "PolicyDocument": ALL}),
    "delete a role outside the path": ("delete_role", {"RoleName": "limits-outside"}),
    "delete another deployment's role": ("delete_role", THEIRS),
    "trust somebody with another deployment's role": (
        "update_assume_role_policy", {**THEIRS, "PolicyDocument": NOBODY},
    ),
    "take another deployment's role over by its tag": ("tag_role", {**THEIRS, "Tags": [DEPLOYMENT]}),
    "lengthen another deployment's sessions": ("update_role", {**THEIRS, "MaxSessionDuration": 43200}),
    "trust somebody with a role under the path that is nobody's": (
        "update_assume_role_policy", {**UNTAGGED, "PolicyDocument": NOBODY},
    ),
    "deactivate an administrator's key": (
        "update_access_key", {"UserName": "admin", "AccessKeyId": "AKIAIOSFODNN7EXAMPLE", "Status": "Inactive"},
    ),
    "deactivate the key of a user that the broker did not make": (
        "update_access_key", {"UserName": "bob", "AccessKeyId": "AKIAIOSFODNN7EXAMPLE", "Status": "Inactive"},
    ),
    "enable a device for an administrator": (
        "enable_mfa_device", {
            "UserName": "admin", "SerialNumber": f"arn:aws:iam::000000000000:mfa{PATH}admin",
            "AuthenticationCode1": "000000", "AuthenticationCode2": "000000",
        },
    ),
    "take an administrator's device": (
        "deactivate_mfa_device", {"UserName": "admin", "SerialNumber": "arn:aws:iam::000000000000:mfa/admin"},
    ),
    "make a device outside the path": ("create_virtual_mfa_device", {"VirtualMFADeviceName": "limits-device"}),
    "delete a device outside the path": (
        "delete_virtual_mfa_device", {"SerialNumber": "arn:aws:iam::000000000000:mfa/bob"},
    ),
    "rename a user": ("update_user", {"UserName": "limits-user", "NewUserName": "limits-renamed"}),
}  # fmt: skip


@pytest.fixture(scope="module")
def provisioner(broker: Broker) -> Iterator[tuple[Any, dict[str, str]]]:
    """An IAM client with the function's own role, and the names the cases need."""
    admin = broker.session_for("admin")
    iam = admin.client("iam")
    function = next(role for role in iam.list_roles()["Roles"] if "ProvisionRole" in role["RoleName"])
    names = {
        "self": function["RoleName"],
        "boundary": broker.outputs["BoundaryArn"],
        "own_policy": iam.list_role_policies(RoleName=function["RoleName"])["PolicyNames"][0],
    }
    trust = function["AssumeRolePolicyDocument"]
    _set_trust(iam, names["self"], _trusting(admin.client("sts").get_caller_identity()["Arn"]))
    given = admin.client("sts").assume_role(RoleArn=function["Arn"], RoleSessionName="probe")["Credentials"]
    _set_trust(iam, names["self"], trust)
    _furnish(iam, names["boundary"])
    keys = (given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
    yield session_with(*keys, region=broker.region).client("iam", endpoint_url=broker.endpoint_url), names
    _clear(iam)


def _trusting(arn: str) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Principal": {"AWS": arn}, "Action": "sts:AssumeRole"}
    return {"Version": "2012-10-17", "Statement": [statement]}


def _set_trust(iam: Any, role: str, document: Any) -> None:
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(document))


def _furnish(iam: Any, boundary: str) -> None:
    bound: dict[str, Any] = {"PermissionsBoundary": boundary}
    for name, path, more in (
        ("limits-ours", PATH, {**bound, "Tags": [DEPLOYMENT]}),
        ("limits-theirs", PATH, {**bound, "Tags": [{**DEPLOYMENT, "Value": "access-broker-prod"}]}),
        ("limits-unbound", PATH, {}),
        ("limits-outside", "/", {}),
    ):
        iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=NOBODY, **more)
    iam.create_user(UserName="limits-user", Path=PATH)
    iam.create_group(GroupName="limits-administrators")
    iam.create_group(GroupName="limits-readers", Path=PATH)


def _clear(iam: Any) -> None:
    for name in ("limits-ours", "limits-theirs", "limits-unbound", "limits-outside"):
        iam.delete_role(RoleName=name)
    iam.delete_user(UserName="limits-user")
    for name in ("limits-administrators", "limits-readers"):
        iam.delete_group(GroupName=name)


@pytest.mark.parametrize("what", REFUSED)
def test_the_provisioners_own_role_may_not(provisioner, what) -> None:
    iam, names = provisioner
    operation, parameters = REFUSED[what]
    filled = {
        key: names.get(value[1:-1], value) if isinstance(value, str) else value for key, value in parameters.items()
    }
    with pytest.raises(ClientError) as refusal:
        getattr(iam, operation)(**filled)
    assert refusal.value.response["Error"]["Code"] == "AccessDenied"


def test_it_may_do_what_it_is_for(provisioner) -> None:
    """Otherwise the refusals above would prove nothing."""
    iam, names = provisioner
    iam.create_role(**NEW, Path=PATH, PermissionsBoundary=names["boundary"], Tags=[DEPLOYMENT])
    iam.tag_role(RoleName="limits-new", Tags=[{"Key": "team", "Value": "db"}])
    iam.untag_role(RoleName="limits-new", TagKeys=["team"])
    iam.put_role_permissions_boundary(RoleName="limits-new", PermissionsBoundary=names["boundary"])
    iam.put_role_policy(RoleName="limits-new", PolicyName="some", PolicyDocument=ALL)
    iam.attach_role_policy(RoleName="limits-new", PolicyArn="arn:aws:iam::aws:policy/AmazonEC2FullAccess")
    iam.detach_role_policy(RoleName="limits-new", PolicyArn="arn:aws:iam::aws:policy/AmazonEC2FullAccess")
    iam.delete_role_policy(RoleName="limits-new", PolicyName="some")
    iam.update_assume_role_policy(RoleName="limits-new", PolicyDocument=NOBODY)
    iam.delete_role(RoleName="limits-new")
    key = iam.create_access_key(UserName="limits-user")["AccessKey"]["AccessKeyId"]
    iam.delete_access_key(UserName="limits-user", AccessKeyId=key)
    iam.add_user_to_group(UserName="limits-user", GroupName="limits-readers")
    iam.remove_user_from_group(UserName="limits-user", GroupName="limits-readers")
