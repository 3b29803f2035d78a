"""What a brokered role can do, judged by an evaluator that is not ours, with every policy on the role."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any, cast

import pytest

from chalicelib.core.domain.roles import TIERS, Tier
from chalicelib.provisioning.domain.action_classes import CHANGES_PERMISSIONS
from tests.e2e.roles_at_their_worst import (
    ADMINISTRATOR,
    BOUNDARY,
    CLASSES,
    EVERY,
    GOT_THROUGH,
    INSTANCE,
    KEY,
    KEY_POLICY,
    OF_WORKLOADS,
    OWN,
    RULES,
    SPELLINGS,
    allow,
    boundary,
    by_design,
    deployed,
    policies,
    refused,
    request,
)
from tests.evaluator import Asked, evaluate


@pytest.fixture(scope="module")
def verdicts() -> dict[tuple[Tier, str, str], str]:
    """For each tier, path and spelling: refused at apply, by design, bounded by the evaluator's word, or open."""
    told: dict[tuple[Tier, str, str], str] = {}
    left: list[tuple[tuple[Tier, str, str], list[Asked]]] = []
    for tier in TIERS:
        for name, actions in EVERY.items():
            for spelling, write in SPELLINGS.items():
                document = write(*actions)
                if refused(tier, document):
                    told[tier, name, spelling] = "refused"
                elif by_design(tier, name):
                    told[tier, name, spelling] = "by design"
                else:
                    asked = [request(action, document, tier) for action in actions if action.lower() in CLASSES.known]
                    left.append(((tier, name, spelling), asked))
    allowed = iter(evaluate([one for _, asked in left for one in asked]))
    for key, asked in left:
        answers = [next(allowed) for _ in asked]
        told[key] = "open" if answers and all(answers) else "bounded"
    return told


@pytest.mark.parametrize("tier", TIERS)
def test_no_published_path_and_none_that_got_through_is_open_in_any_spelling(verdicts, tier: Tier) -> None:
    mine = {key: verdict for key, verdict in verdicts.items() if key[0] == tier}
    assert not [key for key, verdict in mine.items() if verdict == "open"]
    assert len(mine) == len(EVERY) * len(SPELLINGS)
    assert ("by design" in mine.values()) == (tier != "workload")


@pytest.mark.parametrize("tier", TIERS)
def test_every_action_that_a_tier_refuses_is_denied_on_a_role_that_allows_everything(tier: Tier) -> None:
    asked = [request(action, allow("*"), tier) for action in RULES[tier].classes.refused]
    allowed = evaluate(asked)
    assert not [one.action for one, open_ in zip(asked, allowed, strict=True) if open_]


@pytest.mark.parametrize("tier", ["operator", "deployer"])
def test_every_action_that_a_tier_opens_is_possible(tier: Tier) -> None:
    """But for identity, which needs the right role: the next tests."""
    opened = [action for action in RULES[tier].opens if not action.startswith(("iam:", "sts:"))]
    assert evaluate([request(action, allow("*"), tier) for action in opened]) == [True] * len(opened)


def test_a_deployer_makes_roles_only_under_the_path_and_only_with_their_boundary() -> None:
    bounded = {"iam:PermissionsBoundary": OF_WORKLOADS}
    wider = {"iam:PermissionsBoundary": f"{BOUNDARY}-deployer"}
    unguarded = {"iam:PermissionsBoundary": BOUNDARY}
    given = policies("deployer", allow("*"))

    def ask(action: str, resource: str, context: dict[str, str]) -> Asked:
        return Asked(action, given, boundary("deployer"), resource, context)

    possible = [
        ask("iam:CreateRole", OWN, bounded),
        ask("iam:PutRolePolicy", OWN, bounded),
        ask("iam:PassRole", OWN, {}),
    ]
    impossible = [
        ask("iam:CreateRole", OWN, {}),
        ask("iam:CreateRole", OWN, wider),
        ask("iam:CreateRole", OWN, unguarded),
        ask("iam:PutRolePermissionsBoundary", OWN, unguarded),
        ask("iam:CreateRole", ADMINISTRATOR, bounded),
        ask("iam:CreateRole", "arn:aws:iam::123456789012:role/access-broker/x", bounded),
        ask("iam:PutRolePolicy", OWN, {}),
        ask("iam:DeleteRolePermissionsBoundary", OWN, bounded),
        ask("iam:PassRole", ADMINISTRATOR, {}),
        ask("iam:UpdateAssumeRolePolicy", ADMINISTRATOR, bounded),
        ask("iam:CreateAccessKey", "arn:aws:iam::123456789012:user/alice", {}),
        ask("iam:CreateUser", "arn:aws:iam::123456789012:user/access-broker-workloads/mallory", {}),
        ask("iam:CreatePolicyVersion", "arn:aws:iam::123456789012:policy/access-broker/access-broker-dev-boundary", {}),
    ]
    assert evaluate(possible) == [True] * len(possible)
    assert [one.action for one, open_ in zip(impossible, evaluate(impossible), strict=True) if open_] == []


def test_a_deployer_hops_only_to_roles_that_an_administrator_has_tagged() -> None:
    given, limit = policies("deployer", allow("*")), boundary("deployer")
    tagged = Asked("sts:AssumeRole", given, limit, ADMINISTRATOR, {"iam:ResourceTag/access-broker:hop": "allowed"})
    assert evaluate([tagged, Asked("sts:AssumeRole", given, limit, ADMINISTRATOR)]) == [True, False]


def test_a_deployer_does_not_hop_to_a_role_that_it_tagged_itself() -> None:
    given, limit = policies("deployer", allow("*")), boundary("deployer")
    bounded = {"iam:PermissionsBoundary": OF_WORKLOADS}
    tagging = Asked("iam:TagRole", given, limit, OWN, bounded)
    hop = Asked("sts:AssumeRole", given, limit, OWN, {"iam:ResourceTag/access-broker:hop": "allowed"})
    assert evaluate([tagging, hop]) == [True, False]


def unguarded(action: str, resource: str = "*", context: dict[str, str] | None = None) -> Asked:
    """A session of a role that a deployer made: no guard is on it, and its policy allows everything."""
    return Asked(action, {"inline": allow("*")}, deployed("boundaries/workloads"), resource, context or {})


def test_a_role_that_a_deployer_makes_acts_as_no_other_role() -> None:
    """Its boundary alone closes what a guard closes elsewhere: with guards only, 21 of the paths were open to it."""
    acting = [one for one in CLASSES.refused if CLASSES.refused[one] != CHANGES_PERMISSIONS]
    worst = [request(one, allow("*")) for one in acting]
    asked = [unguarded(one.action, one.resource, one.context) for one in worst]
    allowed = evaluate(asked)
    assert not [one.action for one, open_ in zip(asked, allowed, strict=True) if open_]


@pytest.mark.parametrize("name", sorted(GOT_THROUGH))
def test_no_list_that_got_through_is_open_to_a_role_that_a_deployer_makes(name: str) -> None:
    found = [request(action, allow("*")) for action in GOT_THROUGH[name]]
    assert not all(evaluate([unguarded(one.action, one.resource, one.context) for one in found]))


def test_a_role_that_a_deployer_makes_still_works() -> None:
    usual = {
        "s3:PutObject": "s3:::orders/1",
        "dynamodb:Query": "dynamodb:us-east-1:123456789012:table/orders",
        "sqs:SendMessage": "sqs:us-east-1:123456789012:orders",
        "states:StartExecution": "states:us-east-1:123456789012:stateMachine:orders",
        "ssm:GetParameter": "ssm:us-east-1:123456789012:parameter/orders/url",
        "lambda:InvokeFunction": "lambda:us-east-1:123456789012:function:orders",
    }
    asked = [unguarded(action, f"arn:aws:{arn}") for action, arn in usual.items()]
    assert evaluate(asked) == [True] * len(asked)


OURS = {
    "apigateway:DELETE": "apigateway:us-east-1::/restapis/abc",
    "apigateway:PATCH": "apigateway:us-east-1::/restapis/abc/stages/api",
    "dynamodb:CreateBackup": "dynamodb:us-east-1:123456789012:table/access-broker-dev",
    "dynamodb:ExportTableToPointInTime": "dynamodb:us-east-1:123456789012:table/access-broker-dev",
    "dynamodb:PutItem": "dynamodb:us-east-1:123456789012:table/access-broker-dev",
    "dynamodb:RestoreTableFromBackup": "dynamodb:us-east-1:123456789012:table/access-broker-dev/backup/01",
    "dynamodb:RestoreTableToPointInTime": "dynamodb:us-east-1:123456789012:table/access-broker-dev-ledger",
    "events:DeleteRule": "events:us-east-1:123456789012:rule/access-broker-dev-Trail-1",
    "events:DisableRule": "events:us-east-1:123456789012:rule/access-broker-dev-Trail-1",
    "events:PutRule": "events:us-east-1:123456789012:rule/access-broker-dev-Trail-1",
    "events:RemoveTargets": "events:us-east-1:123456789012:rule/access-broker-dev-Trail-1",
    "lambda:DeleteEventSourceMapping": "lambda:us-east-1:123456789012:event-source-mapping:0a",
    "lambda:UpdateEventSourceMapping": "lambda:us-east-1:123456789012:event-source-mapping:0a",
    "lambda:UpdateFunctionCode": "lambda:us-east-1:123456789012:function:access-broker-dev-provision",
    "logs:DescribeQueries": "",
    "logs:StartQuery": "logs:us-east-1:123456789012:log-group:/access-broker-dev/audit",
    "s3:CreateAccessPoint": "s3:us-east-1:123456789012:accesspoint/access-broker-code",
    "s3:GetObject": "s3:::access-broker-code/access-broker-dev/0a.zip",
    "s3:PutBucketNotification": "s3:::access-broker-code",
    "s3:PutObject": "s3:::access-broker-code/access-broker-dev/0a.zip",
}
"""Calls on the broker itself; the embedded AWS judges some of them by the resource `*` (docs/local-aws.md)."""


def arn_of(rest: str) -> str:
    return f"arn:aws:{rest}" if rest else "*"


TAGS = {
    "aws:ResourceTag/aws:cloudformation:stack-name": "access-broker-dev",
    "lambda:FunctionArn": "arn:aws:lambda:us-east-1:123456789012:function:access-broker-dev-audit",
}
"""ARNs of an API and of an event source mapping, whose ids AWS makes."""


@pytest.mark.parametrize("tier", [*TIERS, "made by a deployer"])
def test_no_tier_touches_the_broker(tier: Any) -> None:
    limit = deployed("boundaries/workloads") if tier not in TIERS else boundary(tier)
    asked = [Asked(action, {"inline": allow("*")}, limit, arn_of(arn), TAGS) for action, arn in OURS.items()]
    assert [action for action, open_ in zip(OURS, evaluate(asked), strict=True) if open_] == []


def test_the_same_calls_on_what_is_not_the_brokers_are_left_alone() -> None:
    other = {action: arn.replace("access-broker-", "web-") for action, arn in OURS.items()}
    tags = {name: value.replace("access-broker-", "web-") for name, value in TAGS.items()}
    asked = [Asked(one, {"inline": allow("*")}, boundary("workload"), arn_of(arn), tags) for one, arn in other.items()]
    denied = [action for action, open_ in zip(other, evaluate(asked), strict=True) if not open_]
    assert denied == ["lambda:UpdateFunctionCode", "logs:DescribeQueries", "s3:CreateAccessPoint"]


def test_the_guards_deny_nothing_but_what_the_judge_refuses() -> None:
    """Patterns are folded: each action of AWS's data that they deny has a reason of its own."""
    plain = {
        name: {**document, "Statement": document["Statement"][:1]}
        for name, document in policies("workload", allow("*")).items()
    }
    others = [action for action in CLASSES.known.values() if action not in CLASSES.refused]
    assert len(others) > 20_000
    given = {service: of_service(plain, service) for service in {action.split(":")[0] for action in others}}
    allowed = evaluate([Asked(action, given[action.split(":")[0]]) for action in others])
    assert not [action for action, open_ in zip(others, allowed, strict=True) if not open_]


def of_service(given: dict[str, dict[str, Any]], service: str) -> dict[str, dict[str, Any]]:
    """The policies with the patterns of this service alone: those of other services cannot match its actions."""
    left = {}
    for name, document in given.items():
        (statement,) = document["Statement"]
        assert all(one == "*" or "*" not in one.split(":")[0] for one in statement["Action"])
        patterns = [one for one in statement["Action"] if one == "*" or one.split(":")[0] == service]
        if patterns:
            left[name] = {**document, "Statement": [{**statement, "Action": patterns}]}
    return left


def test_an_instance_without_a_role_and_a_grant_for_an_aws_service_stay_possible() -> None:
    given, limit = policies("workload", allow("*")), boundary("workload")
    asked = [
        Asked("ec2:ModifyInstanceAttribute", given, limit, INSTANCE),
        Asked("kms:CreateGrant", given, limit, KEY, {"kms:GrantIsForAWSResource": "true"}, KEY_POLICY),
    ]
    assert evaluate(asked) == [True, True]


def test_the_page_says_how_many_actions_and_paths_are_refused_or_bounded(verdicts) -> None:
    page = Path("docs/provisioning.md").read_text()
    reasons = Counter(CLASSES.refused.get(action, "may be named") for action in CLASSES.known.values())
    changing, free = reasons[CHANGES_PERMISSIONS], reasons["may be named"]
    other = len(CLASSES.known) - changing - free
    rows = [
        f"| may be named | {free:,} |",
        f"| change permissions: refused | {changing} |",
        f"| act as another role: refused | {other} |",
    ]
    for tier in TIERS:
        judged = Counter(verdict for key, verdict in verdicts.items() if cast("Tier", key[0]) == tier)
        rows.append(
            f"| `{tier}` | {judged['refused']} | {judged['bounded']} | {judged['by design']} | {judged['open']} |"
        )
    assert [row for row in rows if row not in page] == []
