"""An API of the hub is called from a member account when both sides allow it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.unit.localaws.conftest import ACCOUNT, Account, allowing, document
from tests.unit.localaws.gateway_api import Gateway, keys_of, open_gateway
from tests.unit.localaws.runtime.test_functions import TRUSTS_LAMBDA, archive
from tests.unit.localaws.signing import Signing, send, signed

if TYPE_CHECKING:
    import boto3

    from localaws.accounts.members import Member


@pytest.fixture(scope="module")
def gateway(account: Account) -> Gateway:
    organization = account.client("organizations").describe_organization()["Organization"]["Id"]
    return open_gateway(account, StringEquals={"aws:PrincipalOrgID": organization})


def user_of(account: Account, member: Member, resource: str | None) -> boto3.Session:
    """A user of the member account who may invoke this resource."""
    iam, name = member.root(account.endpoint_url)("iam"), f"user-{uuid4().hex[:8]}"
    iam.create_user(UserName=name)
    if resource:
        policy = document(allowing("execute-api:Invoke", Resource=resource))
        iam.put_user_policy(UserName=name, PolicyName="test", PolicyDocument=policy)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return account.session(key["AccessKeyId"], key["SecretAccessKey"])


def test_both_sides_have_to_allow_it(account: Account, gateway: Gateway, dev: Member) -> None:
    api = gateway.path.split("/")[3]
    own, of_the_member = (f"arn:aws:execute-api:us-east-1:{one}:{api}/*" for one in (ACCOUNT, dev.id))
    statuses = [gateway.status_for(user_of(account, dev, resource)) for resource in (own, of_the_member, None)]
    assert statuses == [200, 403, 403]


ECHO = """
import json
def run(event, context):
    return {"statusCode": 200, "body": json.dumps(event["requestContext"]["identity"])}
"""


def test_the_function_hears_of_the_caller_in_its_own_account(account: Account, dev: Member) -> None:
    organization = account.client("organizations").describe_organization()["Organization"]["Id"]
    gateway = open_gateway(account, StringEquals={"aws:PrincipalOrgID": organization})
    api, functions = account.client("apigateway"), account.client("lambda")
    role = account.client("iam").create_role(
        RoleName="echo", AssumeRolePolicyDocument=document(TRUSTS_LAMBDA, trust=True)
    )["Role"]["Arn"]
    arn = functions.create_function(
        FunctionName="echo", Runtime="python3.11", Handler="handler.run", Role=role, Code={"ZipFile": archive(ECHO)}
    )["FunctionArn"]
    made = gateway.path.split("/")[3]
    thing = next(one for one in api.get_resources(restApiId=made)["items"] if one["path"] == "/thing")
    uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations"
    at = {"restApiId": made, "resourceId": thing["id"], "httpMethod": "ANY"}
    api.put_integration(**at, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)
    api.create_deployment(restApiId=made, stageName="live")
    caller = user_of(account, dev, "*")
    _, identity = send(account.endpoint_url, signed(gateway.message(), Signing.of(keys_of(caller))))
    assert identity["accountId"] == dev.id
    assert identity["userArn"] == account.client("sts", caller).get_caller_identity()["Arn"]
    assert identity["principalOrgId"] == organization


def test_a_member_stays_out_where_only_the_hub_is_named(account: Account, dev: Member) -> None:
    closed = open_gateway(account)
    assert closed.status_for(user_of(account, dev, "*")) == 403


def test_an_organisation_that_is_named_is_not_enough_for_a_stranger(account: Account, gateway: Gateway) -> None:
    iam = account.session("999999999999", "test").client("iam", endpoint_url=account.endpoint_url)
    iam.create_user(UserName="stranger")
    policy = document(allowing("execute-api:Invoke"))
    iam.put_user_policy(UserName="stranger", PolicyName="test", PolicyDocument=policy)
    key = iam.create_access_key(UserName="stranger")["AccessKey"]
    assert gateway.status_for(account.session(key["AccessKeyId"], key["SecretAccessKey"])) == 403
