"""The tutorial's way: a user with zero access, a role whose trust policy names them, switch role, switch back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from localaws import broker, roles
from localaws.demo.stage import as_variables, masked

if TYPE_CHECKING:
    from localaws.demo.stage import Stage

USER = "sts_user"
ROLE = "AWSEC2FULLACCESS"
NAMED = [USER, "alice"]
TRUST = "Role.AssumeRolePolicyDocument.Statement[].{Principal: Principal, Action: Action}"


def a_user_and_a_role_that_trusts_them(stage: Stage) -> None:
    """The provision function does what the tutorial clicks together in the IAM console."""
    stage.open("The tutorial's user and role, made by the provision function")
    user = _order(stage, {"action": "create_user", "name": USER, "user": {"console_access": True}})
    stage.say(f"The password is made by the function and shown once: {masked(user.pop('password', ''))}.")
    stage.show(json.dumps({key: user[key] for key in ("arn", "sign_in_url", "zero_access")}, indent=1))
    stage.expect("a user without permissions", true=user["zero_access"], answer=str(user))
    template = roles.template(ROLE)
    template["trust"]["direct_users"] = NAMED
    role = _order(stage, {"action": "apply_role", "template": template})
    stage.say(f"The role {ROLE} carries AmazonEC2FullAccess, and its trust policy names {' and '.join(NAMED)}:")
    stage.allowed(stage.aws(f"iam get-role --role-name {ROLE}", "--query", TRUST, who="admin"))
    stage.say("In the console they would follow this link to switch role:")
    stage.show(role["switch_role_url"])


def switching_role_and_back(stage: Stage) -> None:
    """Her own keys assume the role that names her; then she switches back."""
    stage.open("Switch role with her own keys: EC2 works; switch back: it does not")
    account = stage.broker.outputs["BrokerRoleArn"].split(":")[4]
    arn = f"arn:aws:iam::{account}:role/access-broker/{ROLE}"
    query = "AssumedRoleUser.Arn"
    stage.allowed(
        stage.aws(f"sts assume-role --role-arn {arn} --role-session-name alice", "--query", query, who="alice")
    )
    assumed = stage.broker.session_for("alice").client("sts").assume_role(RoleArn=arn, RoleSessionName="alice")
    stage.say("With the keys of that session:")
    stage.allowed(stage.aws("ec2 describe-instances", using=as_variables(assumed["Credentials"])))
    stage.say("And switched back:")
    stage.refused(stage.aws("ec2 describe-instances", who="alice"), "UnauthorizedOperation")


def _order(stage: Stage, event: dict[str, Any]) -> dict[str, Any]:
    """Invoke the provision function with an administrator's keys."""
    aws_lambda = stage.broker.session_for("admin").client("lambda")
    answer = roles.order(aws_lambda, broker.PROVISION_FUNCTION, event)
    stage.expect(f"{event['action']} to succeed", true=bool(answer.get("ok")), answer=json.dumps(answer))
    result: dict[str, Any] = answer["result"]
    return result
