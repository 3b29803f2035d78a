"""Trust policies as STS reads them: each shape with the verdict that IAM's evaluation gives."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.explain.domain.trust_evaluation import BrokerInAws, admittance
from chalicelib.provisioning.domain.templates import Trust
from chalicelib.provisioning.domain.trust import TrustParties, trust_policy

BROKER = BrokerInAws("arn:aws:iam::123456789012:role/broker-api", "external-1", "alice")
ALL = ["sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"]
STAMPING = {"Effect": "Allow", "Principal": {"AWS": BROKER.role_arn}, "Action": ALL[1:]}


def allow(principal: Any = None, actions: Any = ALL, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": principal or {"AWS": BROKER.role_arn}, "Action": actions, **more}


def deny(**more: Any) -> dict[str, Any]:
    return {**allow(**more), "Effect": "Deny"}


def on(operator: str, key: str, *values: str) -> dict[str, Any]:
    return {"Condition": {operator: {key: list(values)}}}


OPEN = {
    "all three actions": [allow()],
    "one pattern for all": [allow(actions="sts:*")],
    "letter case of actions": [allow(actions="STS:assumerole"), STAMPING],
    "the whole account": [allow({"AWS": "arn:aws:iam::123456789012:root"})],
    "the account by its number": [allow({"AWS": ["123456789012"]})],
    "anybody": [allow("*")],
    "an allow that is not met beside one that is": [allow(**on("StringEquals", "sts:ExternalId", "2")), allow()],
    "a source identity by pattern": [allow(**on("StringLike", "sts:SourceIdentity", "al*"))],
    "any source identity but another's": [allow(**on("StringNotEquals", "sts:SourceIdentity", "bob", "carol"))],
    "a deny for somebody else": [allow(), {**deny(), "Principal": {"AWS": "arn:aws:iam::123456789012:user/bob"}}],
    "a deny for another caller": [allow(), deny(**on("StringEquals", "sts:SourceIdentity", "bob"))],
}
CLOSED = {
    "nothing": [],
    "somebody else": [allow({"AWS": "arn:aws:iam::123456789012:role/other"})],
    "a service": [allow({"Service": "ec2.amazonaws.com"})],
    "no stamping": [allow(actions="sts:AssumeRole")],
    "a deny for anybody": [allow(), deny(principal="*")],
    "a deny for this caller": [allow(), deny(**on("StringLike", "sts:SourceIdentity", "a*"))],
    "another external id": [allow(actions=ALL[0], **on("StringEquals", "sts:ExternalId", "2")), STAMPING],
    "another caller": [allow(**on("StringEquals", "sts:SourceIdentity", "bob"))],
    "letter case of values": [allow(**on("StringLike", "sts:SourceIdentity", "AL*"))],
    "not this caller": [allow(**on("StringNotEquals", "sts:SourceIdentity", "bob", "alice"))],
}
UNKNOWN = {
    "a second factor": [allow(**on("Bool", "aws:MultiFactorAuthPresent", "true"))],
    "an address": [allow(**on("IpAddress", "aws:SourceIp", "192.0.2.0/24"))],
    "an organisation": [allow(**on("StringEquals", "aws:PrincipalOrgID", "o-1"))],
    "a variable": [allow(**on("StringEquals", "sts:SourceIdentity", "${aws:username}"))],
    "all but somebody": [{"Effect": "Allow", "NotPrincipal": {"AWS": "arn:aws:iam::1:user/bob"}, "Action": ALL}],
    "a deny by address": [allow(), deny(**on("IpAddress", "aws:SourceIp", "192.0.2.0/24"))],
}
CASES = [
    pytest.param(statements, verdict, id=f"{verdict}: {name}")
    for verdict, shapes in (("open", OPEN), ("closed", CLOSED), ("not_checked", UNKNOWN))
    for name, statements in shapes.items()
]


@pytest.mark.parametrize(("statements", "verdict"), CASES)
def test_a_trust_policy_is_read_as_sts_reads_it(statements: list[dict[str, Any]], verdict: str) -> None:
    assert admittance({"Version": "2012-10-17", "Statement": statements}, BROKER).verdict == verdict


@pytest.mark.parametrize("callers", [(), ("alice", "bob")])
def test_what_the_broker_builds_admits_the_broker(callers: tuple[str, ...]) -> None:
    built = trust_policy(Trust(callers=callers), TrustParties(BROKER.role_arn, BROKER.external_id, {}))
    assert admittance(built, BROKER).verdict == "open"


def test_what_the_broker_builds_for_another_caller_names_the_condition() -> None:
    built = trust_policy(Trust(callers=("bob",)), TrustParties(BROKER.role_arn, BROKER.external_id, {}))
    found = admittance(built, BROKER)
    assert (found.verdict, found.by) == ("closed", "ThroughTheBroker")
    assert "sts:SourceIdentity" in found.detail


def test_a_condition_that_nobody_here_can_judge_is_named() -> None:
    found = admittance({"Statement": allow(Sid="Mfa", **on("Bool", "aws:MultiFactorAuthPresent", "true"))}, BROKER)
    assert (found.verdict, found.by) == ("not_checked", "Mfa")
    assert "aws:MultiFactorAuthPresent" in found.detail
