"""People of IAM Identity Center on the deployed broker: each one is a person, under one permission set."""

from __future__ import annotations

import io
import json
import zipfile
from contextlib import contextmanager
from typing import TYPE_CHECKING

from lambda_package.access_rules import COMPILED
from localaws import stack
from localaws.profiles import session_with
from tests.e2e.auditing import ask, make_engineer

if TYPE_CHECKING:
    from collections.abc import Iterator

    import boto3

    from localaws.broker import Broker

ROLE = "AWSReservedSSO_BrokerApprovers_0123456789abcdef"
API = f"{stack.NAME}-api"
ENGINEERS_ASK = b'principal in Broker::Group::"engineers",\n  action in [\n    Broker::Action::"RequestAccess"'


RESERVED = "/aws-reserved/sso.amazonaws.com/eu-west-1/"


def permission_set(broker: Broker, name: str = ROLE, path: str = RESERVED) -> str:
    """The role that Identity Center would make for a permission set, or one named like it; answers its ARN."""
    admin = broker.session_for("admin")
    trusted = admin.client("sts").get_caller_identity()["Arn"]
    trust = {"Effect": "Allow", "Principal": {"AWS": trusted}, "Action": "sts:AssumeRole"}
    role = admin.client("iam").create_role(
        RoleName=name,
        Path=path,
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )
    return role["Role"]["Arn"]


def signed_in(broker: Broker, role: str, person: str) -> boto3.Session:
    """A session as Identity Center gives it: its name is the person's user name."""
    given = broker.session_for("admin").client("sts").assume_role(RoleArn=role, RoleSessionName=person)["Credentials"]
    return session_with(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"], region=broker.region)


@contextmanager
def production_needs_two(broker: Broker) -> Iterator[None]:
    """The API function with one rule changed in its package: two approvals where there was one, and all may ask."""
    functions = broker.session_for("admin").client("lambda")
    before = (broker.directory / "package" / "deployment.zip").read_bytes()

    def put(package: bytes) -> None:
        """A function is not active while it is being updated."""
        functions.update_function_code(FunctionName=API, ZipFile=package)
        functions.get_waiter("function_updated_v2").wait(FunctionName=API)

    more_approvals = replaced(before, b'@approvals("1")', b'@approvals("2")')
    put(replaced(more_approvals, ENGINEERS_ASK, ENGINEERS_ASK.replace(b' in Broker::Group::"engineers"', b"")))
    try:
        yield
    finally:
        put(before)


def replaced(package: bytes, old: bytes, new: bytes) -> bytes:
    """The package with other texts of the access rules, and without what packaging made of them."""
    out, changed = io.BytesIO(), 0
    with zipfile.ZipFile(io.BytesIO(package)) as before, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as after:
        for one in before.infolist():
            text = before.read(one)
            if one.filename.endswith(".cedar"):
                changed += text.count(old)
                text = text.replace(old, new)
            if one.filename != f"policies/{COMPILED}":
                after.writestr(one, text)
    assert changed
    return out.getvalue()


def no_person_becomes_a_second_one(broker: Broker) -> None:
    """By another permission set, or by a role that is named like one; a person has no keys here either."""
    engineers = permission_set(broker, "AWSReservedSSO_BrokerEngineers_00112233445566aa")
    approvers = permission_set(broker, "AWSReservedSSO_BrokerApprovers_00112233445566aa")
    asking, deciding = (signed_in(broker, role, "cyd@example.com") for role in (engineers, approvers))
    wanted = {"role": "prod-ec2", "duration_seconds": 3600, "reason": "of one's own"}
    request = ask(broker, asking, "POST", "/v1/requests", wanted).document
    approve = f"/v1/requests/{request['id']}/approve"
    refused = ask(broker, deciding, "POST", approve, {}).document
    assert (refused["code"], request["caller"]) == ("not_allowed", "sso/cyd@example.com")
    named_like = permission_set(broker, "AWSReservedSSO_BrokerApprovers_99112233445566aa", "/")
    forged = signed_in(broker, named_like, "bea@example.com")
    assert ask(broker, forged, "GET", "/v1/whoami").document["groups"] == []
    assert ask(broker, forged, "POST", approve, {}).document["code"] in {"not_allowed", "not_found"}
    assert ask(broker, deciding, "POST", "/v1/me/access-keys", {}).document["code"] == "not_allowed"
    assert ask(broker, asking, "POST", f"/v1/requests/{request['id']}/cancel", {}).status == 200
    suspension = {"caller": "sso/cyd@example.com", "reason": "laptop lost"}
    assert ask(broker, "admin", "POST", "/v1/suspensions", suspension).status == 201
    assert [ask(broker, who, "GET", "/v1/whoami").status for who in (asking, deciding)] == [403, 403]


def test_two_people_of_one_permission_set_are_two_approvers_and_one_person_is_one(broker: Broker) -> None:
    role, ines = permission_set(broker), make_engineer(broker, "ines")
    ann, ann_again, bea = (signed_in(broker, role, f"{name}@example.com") for name in ("ann", "ann", "bea"))
    with production_needs_two(broker):
        wanted = {"role": "prod-ec2", "duration_seconds": 3600, "reason": "two of one permission set"}
        request = ask(broker, ines, "POST", "/v1/requests", wanted).document
        assert request["approvals"] == 2
        approve = f"/v1/requests/{request['id']}/approve"
        assert ask(broker, ann, "POST", approve, {}).document["state"] == "pending"
        again = ask(broker, ann_again, "POST", approve, {}).document
        assert (again["state"], len(again["decisions"])) == ("pending", 1)
        second = ask(broker, bea, "POST", approve, {}).document
        assert second["state"] == "approved"
        assert [one["by"] for one in second["decisions"]] == ["sso/ann@example.com", "sso/bea@example.com"]
        assert ask(broker, ines, "POST", "/v1/credentials", {"role": "prod-ec2"}).status == 201
        no_person_becomes_a_second_one(broker)
    suspension = {"caller": "sso/ann@example.com", "reason": "laptop lost"}
    assert ask(broker, "admin", "POST", "/v1/suspensions", suspension).status == 201
    assert [ask(broker, who, "GET", "/v1/whoami").status for who in (ann, ann_again, bea)] == [403, 403, 200]
