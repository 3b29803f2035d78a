"""Role sessions of member accounts that call the broker, and a broker with a rule about them."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from localaws import stack
from localaws.accounts.members import Member
from localaws.profiles import session_with
from tests.e2e.attacks_on_accounts import document, statement, trusting
from tests.e2e.test_identity_center import API, replaced

if TYPE_CHECKING:
    from collections.abc import Iterator

    import boto3

    from localaws.broker import Broker

OPERATOR = "operator-of-roles"
PERMISSION_SET = "AWSReservedSSO_Releasers_0123456789abcdef"
IDENTITY_CENTER = "/aws-reserved/sso.amazonaws.com/eu-west-1/"


def session_of(
    hub: Broker, account: str, role: str, name: str = "build-7", path: str = "/", *, may_call: bool = True
) -> boto3.Session:
    """A session of a role, made where it is missing; `may_call` is the policy that AWS wants beside the hub's."""
    iam = Member(account, "", "/").root(hub.endpoint_url)("iam")
    operator = _operator(hub, account, iam)
    arn = f"arn:aws:iam::{account}:role{path}{role}"
    if arn not in {one["Arn"] for one in iam.list_roles()["Roles"]}:
        trust = trusting(f"arn:aws:iam::{account}:user/{OPERATOR}")
        iam.create_role(RoleName=role, Path=path, AssumeRolePolicyDocument=trust)
        api = f"arn:aws:execute-api:{hub.region}:{hub.outputs['ProvisionRoleArn'].split(':')[4]}:*"
        if may_call:
            policy = document(statement("Allow", "execute-api:Invoke", api))
            iam.put_role_policy(RoleName=role, PolicyName="call-the-broker", PolicyDocument=policy)
    sts = operator.client("sts", endpoint_url=hub.endpoint_url)
    given = sts.assume_role(RoleArn=arn, RoleSessionName=name)["Credentials"]
    return session_with(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"], region=hub.region)


def _operator(hub: Broker, account: str, iam: Any) -> boto3.Session:
    """A user of the account who assumes its roles, and may call every API: AWS lets no root assume a role."""
    if OPERATOR not in {one["UserName"] for one in iam.list_users()["Users"]}:
        iam.create_user(UserName=OPERATOR)
        policy = document(statement("Allow", ["sts:AssumeRole", "execute-api:Invoke"], "*"))
        iam.put_user_policy(UserName=OPERATOR, PolicyName="assume", PolicyDocument=policy)
    key = iam.create_access_key(UserName=OPERATOR)["AccessKey"]
    for old in iam.list_access_keys(UserName=OPERATOR)["AccessKeyMetadata"]:
        if old["AccessKeyId"] != key["AccessKeyId"]:
            iam.delete_access_key(UserName=OPERATOR, AccessKeyId=old["AccessKeyId"])
    return session_with(key["AccessKeyId"], key["SecretAccessKey"], region=hub.region)


def operator_of(hub: Broker, account: str) -> boto3.Session:
    """An IAM user of the account who may call every API."""
    return _operator(hub, account, Member(account, "", "/").root(hub.endpoint_url)("iam"))


@contextmanager
def rule(hub: Broker, text: str) -> Iterator[None]:
    """The API function with one access rule more in its package."""
    functions = hub.session_for("admin").client("lambda")
    before = (hub.directory / "package" / "deployment.zip").read_bytes()
    place = b"// What no permit can override."

    def put(package: bytes) -> None:
        functions.update_function_code(FunctionName=API, ZipFile=package)
        functions.get_waiter("function_updated_v2").wait(FunctionName=API)

    put(replaced(before, place, text.encode() + place))
    try:
        yield
    finally:
        put(before)


@contextmanager
def as_deployed_by_default(hub: Broker) -> Iterator[None]:
    """The API with the resource policy of a deployment that sets no parameter."""
    template = json.loads((hub.directory / "package" / "sam.json").read_text())
    client, api = hub.session_for("admin").client, hub.outputs["RestAPIId"]
    organization = client("organizations").describe_organization()["Organization"]["Id"]
    stack.set_resource_policy(client, api, template, {})
    try:
        yield
    finally:
        stack.set_resource_policy(client, api, template, {"CallersOrganization": organization})
