"""Ten situations, one layer closed in each: the right layer and the right statement are named."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.access.domain.rule_files import load_rules
from chalicelib.access.domain.rules import AccessRules, Ask
from chalicelib.approvals.domain.grants import Grant
from chalicelib.explain.domain.deciding_statement import deciding
from chalicelib.explain.domain.layers import Question, RoleInAws, explain, smallest_change
from chalicelib.explain.domain.trust_evaluation import BrokerInAws
from tests.fakes.core import ALICE, CAROL, EC2, NOW

RULES = load_rules(
    {
        "a.cedar": """
@id("engineers") @max_duration("30m")
permit (principal in Broker::Group::"engineers", action == Broker::Action::"TakeCredentials", resource)
when { !(resource.hasTag("prod")) };
@id("prod") @approvals("1")
permit (principal in Broker::Group::"engineers", action == Broker::Action::"TakeCredentials", resource)
when { resource.hasTag("prod") };
@id("with-reason") @reason("required")
permit (principal in Broker::Group::"support", action == Broker::Action::"TakeCredentials", resource);
@id("no-nights") forbid (principal, action == Broker::Action::"TakeCredentials", resource)
when { context.source_ip.isInRange(ip("192.0.2.0/24")) };
""",
    },
)
BROKER = BrokerInAws("arn:aws:iam::123456789012:role/broker-api", "external-1", "alice")
TRUST = {
    "Statement": [
        {
            "Sid": "ThroughBroker", "Effect": "Allow", "Principal": {"AWS": BROKER.role_arn},
            "Action": ["sts:AssumeRole"],
            "Condition": {"StringEquals": {"sts:ExternalId": "external-1"}, "StringLike": {"sts:SourceIdentity": "*"}},
        },
        {
            "Effect": "Allow", "Principal": {"AWS": BROKER.role_arn},
            "Action": ["sts:SetSourceIdentity", "sts:TagSession"],
        },
    ],
}  # fmt: skip
BOUNDARY = {
    "Statement": [
        {"Sid": "Most", "Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Sid": "NoIdentity", "Effect": "Deny", "Action": "iam:*", "Resource": "*"},
    ],
}
QUARANTINE = {"Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}
ONLY_LISTING = {"Statement": {"Sid": "List", "Effect": "Allow", "Action": "ec2:Describe*", "Resource": "*"}}
EC2_AND_IAM = {"Statement": {"Sid": "Ec2AndIam", "Effect": "Allow", "Action": ["ec2:*", "iam:*"], "Resource": "*"}}
ROLE = RoleInAws(TRUST, BOUNDARY, 3600, {"AmazonEC2FullAccess": EC2_AND_IAM})
PLAIN = Question(Ask("TakeCredentials", ALICE, EC2, NOW), operation="ec2:RunInstances")


@dataclass
class Situation:
    question: Question
    layer: str
    by: str
    role: RoleInAws | None = field(default_factory=lambda: ROLE)
    broker: BrokerInAws = BROKER


def asked(**changed: Any) -> Question:
    return replace(PLAIN, ask=replace(PLAIN.ask, **changed))


SITUATIONS = {
    "nobody permits it": Situation(asked(caller=CAROL), "access_rule", "engineers"),
    "somebody forbids it": Situation(asked(source_ip="192.0.2.9"), "access_rule", "no-nights"),
    "a reason is missing": Situation(asked(caller=replace(CAROL, groups=("support",))), "access_rule", "with-reason"),
    "approval is missing": Situation(asked(role=replace(EC2, tags={"prod": "yes"})), "grant", "prod"),
    "the trust policy names somebody else": Situation(
        PLAIN, "trust_policy", "no statement", broker=replace(BROKER, role_arn="arn:aws:iam::123456789012:role/other")
    ),
    "the external id is another deployment's": Situation(
        PLAIN, "trust_policy", "ThroughBroker", broker=replace(BROKER, external_id="external-2")
    ),
    "the role is gone from IAM": Situation(PLAIN, "trust_policy", "IAM", role=None),
    "the role's own policies leave it out": Situation(
        replace(PLAIN, operation="s3:ListAllMyBuckets"), "role_policies", "no statement"
    ),
    "the role is in quarantine": Situation(
        PLAIN,
        "role_policies",
        "access-broker-quarantine, statement 1",
        role=replace(ROLE, policies={**ROLE.policies, "access-broker-quarantine": QUARANTINE}),
    ),
    "the boundary denies it": Situation(
        replace(PLAIN, operation="iam:CreateUser"), "permissions_boundary", "NoIdentity"
    ),
    "the session policy leaves it out": Situation(
        replace(PLAIN, session_policy=ONLY_LISTING), "session_policy", "no statement"
    ),
    "it is asked for too long": Situation(
        asked(duration_seconds=3600, duration_given=True), "duration", "rule engineers"
    ),
    "too many policy ARNs": Situation(
        replace(PLAIN, policy_arns=tuple(f"arn:aws:iam::aws:policy/{n}" for n in range(11))),
        "quota", "STS policy ARNs",
    ),
}  # fmt: skip


@pytest.mark.parametrize("situation", SITUATIONS.values(), ids=SITUATIONS.keys())
def test_the_layer_that_closes_the_door_is_named_with_its_statement(situation: Situation) -> None:
    layers = explain(RULES, situation.question, situation.role, situation.broker)
    closed = [layer for layer in layers if layer.verdict == "closed"]
    assert [(layer.layer, layer.by) for layer in closed] == [(situation.layer, situation.by)]
    assert smallest_change(layers) == closed[0].change != ""


def test_every_layer_answers_in_order_and_an_open_door_needs_no_change() -> None:
    layers = explain(RULES, PLAIN, ROLE, BROKER)
    assert [layer.layer for layer in layers] == [
        "access_rule", "grant", "trust_policy", "role_policies", "permissions_boundary", "session_policy", "duration",
        "quota",
    ]  # fmt: skip
    assert {layer.verdict for layer in layers} == {"open"}
    assert smallest_change(layers) == ""


READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"


def test_filing_a_request_needs_no_grant_and_no_time_of_a_session() -> None:
    asking = Ask("RequestAccess", ALICE, EC2, NOW, duration_seconds=3600, duration_given=True, reason_given=True)
    text = """@id("ask") @approvals("1") @max_duration("30m") @reason("required") permit (
      principal, action in [Broker::Action::"RequestAccess", Broker::Action::"TakeCredentials"], resource);"""
    rules = load_rules({"ask.cedar": text})
    layers = {layer.layer: layer.verdict for layer in explain(rules, Question(asking), ROLE, BROKER)}
    assert "closed" not in layers.values()
    assert (layers["access_rule"], layers["grant"], layers["duration"]) == ("open", "open", "not_checked")
    taking = explain(rules, Question(asking.on("TakeCredentials")), ROLE, BROKER)
    assert [layer.layer for layer in taking if layer.verdict == "closed"] == ["grant", "duration"]


def test_a_session_policy_is_as_long_as_it_is_sent_to_sts() -> None:
    accented = {"Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "é" * 400}]}
    layers = explain(RULES, replace(PLAIN, session_policy=accented, operation=""), ROLE, BROKER)
    assert [layer.by for layer in layers if layer.verdict == "closed"] == ["STS session policy size"]


def session_layer(**question: Any) -> tuple[str, str]:
    [layer] = [one for one in explain(RULES, replace(PLAIN, **question), ROLE, BROKER) if one.layer == "session_policy"]
    return layer.verdict, layer.by


def test_managed_session_policies_narrow_too_and_are_not_read() -> None:
    assert session_layer(policy_arns=(READ_ONLY,)) == ("not_checked", "")


def test_session_policies_are_a_union_so_that_one_which_leaves_it_out_closes_nothing() -> None:
    assert session_layer(session_policy=ONLY_LISTING, policy_arns=(READ_ONLY,)) == ("not_checked", "")


def test_a_session_policy_that_denies_closes_whatever_stands_beside_it() -> None:
    assert session_layer(session_policy=QUARANTINE, policy_arns=(READ_ONLY,)) == ("closed", "1")


PROD = replace(EC2, tags={"prod": "yes"})


def granted(**changed: Any) -> Grant:
    of = Grant(
        id="grant-1", caller="alice", caller_id="AIDA1", role="ec2-full", approvals=1,
        starts_at=NOW, until=NOW + timedelta(hours=2), reason="deploy",
    )  # fmt: skip
    return replace(of, **changed)


def under(*grants: Grant) -> list[tuple[str, str]]:
    """The closed layers of an ask for production, and what closed them."""
    layers = explain(RULES, replace(asked(role=PROD), grants=grants), ROLE, BROKER)
    return [(layer.layer, layer.by) for layer in layers if layer.verdict == "closed"]


def test_a_grant_opens_its_layer() -> None:
    assert under(granted()) == []


def test_a_grant_that_has_not_begun_or_has_ended_opens_nothing() -> None:
    later = granted(starts_at=NOW + timedelta(minutes=1))
    assert under(later, granted(ended_at=NOW)) == [("grant", "prod")]


def test_a_grant_with_too_few_approvals_opens_nothing() -> None:
    assert under(granted(approvals=0)) == [("grant", "prod")]


def test_a_grant_that_ends_before_the_shortest_session_is_the_layer_that_closes() -> None:
    assert under(granted(until=NOW + timedelta(seconds=899))) == [("grant", "grant-1")]


def test_what_sts_takes_no_session_for_closes_its_layer() -> None:
    short = asked(duration_seconds=300, duration_given=True)
    tagged = asked(session_tags=tuple(f"tag-{number}" for number in range(49)))
    for question, closed in ((short, ("duration", "AssumeRole")), (tagged, ("quota", "STS session tags"))):
        layers = explain(RULES, question, ROLE, BROKER)
        assert [(layer.layer, layer.by) for layer in layers if layer.verdict == "closed"] == [closed]


@pytest.mark.parametrize(
    ("statements", "operation", "effect", "by"),
    [
        ([{"Effect": "Allow", "Action": "ec2:*"}], "EC2:runinstances", "Allow", "1"),
        ([{"Effect": "Allow", "Action": "ec2:Describe?"}], "ec2:DescribeX", "Allow", "1"),
        ([{"Effect": "Allow", "Action": "ec2:Describe?"}], "ec2:DescribeXY", "ImplicitDeny", "no statement"),
        ([{"Effect": "Allow", "NotAction": ["iam:*"]}], "iam:CreateUser", "ImplicitDeny", "no statement"),
        ([{"Effect": "Allow", "NotAction": ["iam:*"]}], "ec2:RunInstances", "Allow", "1"),
        (
            [{"Effect": "Allow", "Action": "*"}, {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}],
            "s3:Get",
            "Deny",
            "2",
        ),
        ([{"Sid": "A", "Effect": "Allow", "Action": ["a:B", "c:D"]}], "c:D", "Allow", "A"),
    ],
)
def test_the_statement_that_decides_is_found_as_iam_finds_it(
    statements: list[dict[str, Any]], operation: str, effect: str, by: str
) -> None:
    found = deciding({"Statement": statements}, operation)
    assert (found.effect, found.statement) == (effect, by)


def test_a_deny_under_conditions_leaves_the_allow_standing_but_conditional() -> None:
    document = {
        "Statement": [
            {"Effect": "Allow", "Action": "*", "Resource": "*"},
            {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
        ],
    }
    found = deciding(document, "s3:GetObject")
    assert (found.effect, found.conditional) == ("Allow", True)


def doors(*annotations: str) -> AccessRules:
    """A rule each, which gives alice every role on these terms."""
    permit = 'permit (principal, action == Broker::Action::"TakeCredentials", resource);'
    texts = [f'@id("door-{number}") {terms} {permit}' for number, terms in enumerate(annotations)]
    return load_rules({"doors.cedar": "\n".join(texts)})


def test_the_door_that_opens_is_explained_and_not_an_easier_one_that_stays_shut() -> None:
    rules = doors('@max_duration("15m")', '@max_duration("1h") @reason("required")')
    question = asked(duration_seconds=3600, duration_given=True, reason_given=True)
    layers = explain(rules, question, ROLE, BROKER)
    assert {layer.verdict for layer in layers} == {"open"}
    assert layers[0].by == "door-1"
