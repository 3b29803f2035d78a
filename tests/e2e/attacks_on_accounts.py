"""Attackers of member accounts: an administrator there who may not touch the broker's path, and functions' own keys."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from localaws.profiles import session_with

if TYPE_CHECKING:
    import boto3

    from localaws.accounts.members import Member
    from localaws.broker import Broker

MALLORY = "mallory"


def statement(effect: str, actions: str | list[str], resources: str | list[str]) -> dict[str, Any]:
    return {"Effect": effect, "Action": actions, "Resource": resources}


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def trusting(principal: str, **condition: Any) -> str:
    """A trust policy for one principal."""
    allowed: dict[str, Any] = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"}
    actions = ["sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"]
    return document({**allowed, "Action": actions, **({"Condition": condition} if condition else {})})


def administrator(hub: Broker, of: Member) -> boto3.Session:
    """A user of the account who may do everything in IAM, STS and EventBridge, except under the broker's path."""
    iam = of.root(hub.endpoint_url)("iam")
    path = [f"arn:aws:iam::{of.id}:{kind}/access-broker/*" for kind in ("role", "policy", "user")]
    iam.create_user(UserName=MALLORY)
    iam.put_user_policy(
        UserName=MALLORY,
        PolicyName="all-but-the-path",
        PolicyDocument=document(
            statement("Allow", ["iam:*", "sts:*", "events:*", "execute-api:*"], "*"), statement("Deny", "iam:*", path)
        ),
    )
    key = iam.create_access_key(UserName=MALLORY)["AccessKey"]
    return session_with(key["AccessKeyId"], key["SecretAccessKey"], region=hub.region)


def as_function(hub: Broker, role_arn: str) -> Any:
    """STS with the real credentials of a function: its role trusts the administrator for one call."""
    admin = hub.session_for("admin")
    iam, sts = admin.client("iam"), admin.client("sts")
    name = role_arn.rpartition("/")[2]
    before = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=trusting(sts.get_caller_identity()["Arn"]))
    given = sts.assume_role(RoleArn=role_arn, RoleSessionName="probe")["Credentials"]
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(before))
    keys = (given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
    return session_with(*keys, region=hub.region).client("sts", endpoint_url=hub.endpoint_url)
