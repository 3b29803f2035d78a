"""Identity, trust and resource policies see the second factor of a session, and its age."""

from __future__ import annotations

from typing import Any

from localaws.aging import age
from tests.unit.localaws.conftest import ACCOUNT, Account, allowing, denying, document, may, refusal, trusting
from tests.unit.localaws.gateway_api import keys_of, open_gateway
from tests.unit.localaws.mfa.conftest import PRESENT, Device, enable, make, own, proven


def test_an_identity_policy_can_demand_a_second_factor(
    account: Account, iam: Any, alice: tuple[str, Any], device: Device
) -> None:
    demand = allowing("ec2:DescribeVpcs", Condition=PRESENT)
    iam.put_user_policy(UserName=alice[0], PolicyName="test", PolicyDocument=document(demand))
    assert not may(account.client("ec2", alice[1]), "describe_vpcs")
    assert not may(account.client("ec2", own(account, alice[1])), "describe_vpcs")
    assert may(account.client("ec2", proven(account, alice[1], device)), "describe_vpcs")


def test_the_key_is_absent_for_long_term_keys_and_false_for_a_session_without(
    account: Account, iam: Any, alice: tuple[str, Any]
) -> None:
    deny = denying("ec2:DescribeVpcs", Condition={"Bool": {"aws:MultiFactorAuthPresent": "false"}})
    iam.put_user_policy(UserName=alice[0], PolicyName="deny", PolicyDocument=document(deny))
    assert may(account.client("ec2", alice[1]), "describe_vpcs")
    assert not may(account.client("ec2", own(account, alice[1])), "describe_vpcs")
    deny["Condition"] = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
    iam.put_user_policy(UserName=alice[0], PolicyName="deny", PolicyDocument=document(deny))
    assert not may(account.client("ec2", alice[1]), "describe_vpcs")


def test_the_age_grows(account: Account, iam: Any, alice: tuple[str, Any], device: Device) -> None:
    young = allowing("ec2:DescribeVpcs", Condition={"NumericLessThan": {"aws:MultiFactorAuthAge": "900"}})
    iam.put_user_policy(UserName=alice[0], PolicyName="test", PolicyDocument=document(young))
    assert not may(account.client("ec2", alice[1]), "describe_vpcs")
    session = proven(account, alice[1], device)
    ec2, key = account.client("ec2", session), keys_of(session).access_key
    age(account.endpoint_url, key, 880)
    assert may(ec2, "describe_vpcs")
    age(account.endpoint_url, key, 20)
    assert not may(ec2, "describe_vpcs")


def test_a_trust_policy_can_demand_a_second_factor(account: Account, alice: tuple[str, Any], device: Device) -> None:
    role = account.role(trusting(f"arn:aws:iam::{ACCOUNT}:user/{alice[0]}", Condition=PRESENT))
    for session in (alice[1], own(account, alice[1])):
        asked = {"RoleArn": role, "RoleSessionName": "test"}
        assert refusal(account.client("sts", session), "assume_role", **asked)[0] == "AccessDenied"
    assert account.assumed(alice[1], role, **device.proof())
    assert account.assumed(own(account, alice[1], **device.proof(1)), role)


def test_a_role_session_has_the_factor_of_its_call(account: Account, alice: tuple[str, Any], device: Device) -> None:
    role = account.role(trusting(ACCOUNT))
    second = account.role(trusting(ACCOUNT))
    for each in (role, second):
        policy = document(allowing("ec2:DescribeVpcs", Condition=PRESENT), allowing("sts:AssumeRole"))
        account.client("iam").put_role_policy(
            RoleName=each.rsplit("/", 1)[-1], PolicyName="test", PolicyDocument=policy
        )
    without = account.assumed(alice[1], role)
    by_call = account.assumed(alice[1], role, **device.proof())
    by_session = account.assumed(own(account, alice[1], **device.proof(1)), role)
    chained = account.assumed(by_call, second)
    sessions = (without, by_call, by_session, chained)
    allowed = [may(account.client("ec2", session), "describe_vpcs") for session in sessions]
    assert allowed == [False, True, True, False]


def test_a_resource_policy_can_demand_a_second_factor(account: Account, iam: Any) -> None:
    gateway = open_gateway(account, **PRESENT, NumericLessThan={"aws:MultiFactorAuthAge": "900"})
    arn, keys = account.user()
    mine = make(iam)
    enable(iam, arn.rsplit("/", 1)[-1], mine)
    sessions = (keys, own(account, keys), own(account, keys, **mine.proof()))
    assert [gateway.status_for(session) for session in sessions] == [403, 403, 200]


def test_a_resource_policy_can_demand_a_young_second_factor(account: Account, iam: Any) -> None:
    gateway = open_gateway(account, NumericLessThan={"aws:MultiFactorAuthAge": "900"})
    arn, keys = account.user()
    mine = make(iam)
    enable(iam, arn.rsplit("/", 1)[-1], mine)
    session = own(account, keys, **mine.proof())
    assert gateway.status_for(session) == 200
    age(account.endpoint_url, keys_of(session).access_key, 901)
    assert gateway.status_for(session) == 403
    assert gateway.status_for(keys) == 403
