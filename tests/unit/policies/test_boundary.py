"""The boundary of brokered roles: the broker, its log, its alarms and its secrets are out of their reach."""

from __future__ import annotations

import json
import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from chalicelib.core.aws.metrics import NAMESPACE
from chalicelib.core.domain.iam_patterns import matches
from chalicelib.provisioning.domain.escalation import load_paths
from localaws.stack import NAME
from policytool.tiers import DEPLOYED
from tests.unit.policies.statements import actions

RESOURCES = json.loads(Path(".chalice/resources.json").read_text())["Resources"]
ESCALATION = json.loads(Path("policies/escalation.json").read_text())
STACK, A = "access-broker-production", "123456789012"

BOUNDARY = json.loads(Path("policies/boundary.json").read_text())

ARNS = {
    "AWS::ApiGateway::Account": "arn:${AWS::Partition}:apigateway:eu-west-1::/account",
    "AWS::CloudWatch::Alarm": "arn:${AWS::Partition}:cloudwatch:eu-west-1:${AWS::AccountId}:alarm:",
    "AWS::CloudWatch::Dashboard": "arn:${AWS::Partition}:cloudwatch::${AWS::AccountId}:dashboard/",
    "AWS::DynamoDB::Table": "arn:${AWS::Partition}:dynamodb:eu-west-1:${AWS::AccountId}:table/",
    "AWS::Lambda::Function": "arn:${AWS::Partition}:lambda:eu-west-1:${AWS::AccountId}:function:",
    "AWS::Logs::LogGroup": "arn:${AWS::Partition}:logs:eu-west-1:${AWS::AccountId}:log-group:",
    "AWS::SNS::Subscription": "arn:${AWS::Partition}:sns:eu-west-1:${AWS::AccountId}:",
    "AWS::SNS::Topic": "arn:${AWS::Partition}:sns:eu-west-1:${AWS::AccountId}:",
    "AWS::SQS::Queue": "arn:${AWS::Partition}:sqs:eu-west-1:${AWS::AccountId}:",
}
NAMES = ("DashboardName", "FunctionName", "LogGroupName", "QueueName", "TableName", "TopicName")
DENIED_OTHERWISE = {
    **dict.fromkeys((*DEPLOYED, "ApiGatewayLogRole", "SignInOnly"), "iam:*"),
    **dict.fromkeys(("RestAPI", "Domain", "DomainMapping"), "apigateway:*"),
    "WebAcl": "apigateway:*",  # AWS WAF also asks for apigateway:SetWebACL on the stage, to put one there or away
    "MemberEvents": "events:PutPermission",
}


def test_the_boundary_that_deploys_is_the_reviewed_file() -> None:
    assert RESOURCES["Boundary"]["Properties"]["PolicyDocument"] == BOUNDARY


def resolved(value: Any) -> Any:
    """The document as CloudFormation writes it, with names about as long as they get."""
    text = json.dumps(value, separators=(",", ":"))
    text = re.sub(r'\{"Fn::Sub":("[^"]*")\}|\{"Ref":"AWS::StackName"\}', lambda found: found[1] or f'"{STACK}"', text)
    for name, known in (("Partition", "aws-us-gov"), ("AccountId", "123456789012"), ("StackName", STACK)):
        text = text.replace(f"${{AWS::{name}}}", known)
    return json.loads(text)


def test_the_boundary_fits_into_a_managed_policy() -> None:
    """IAM counts no white space (IAM and AWS STS quotas)."""
    assert len(json.dumps(resolved(BOUNDARY), separators=(",", ":"))) < 6144


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("cloudformation:DeleteStackInstances", f"cloudformation:eu-west-1:{A}:stackset/{STACK}-bypass-forwarding:0a"),
        ("cloudformation:UpdateStackInstances", f"cloudformation:eu-west-1:{A}:stackset/{STACK}-bypass-forwarding:0a"),
        ("cloudformation:DeleteStackSet", f"cloudformation:eu-west-1:{A}:stackset/access-broker-dev-forwarding:0a"),
        ("cloudformation:DeleteStack", f"cloudformation:us-west-2:{A}:stack/StackSet-{STACK}-bypass-forwarding-0a/0b"),
        ("logs:PutAccountPolicy", "*"),
        ("logs:DeleteAccountPolicy", "*"),
        ("logs:PutResourcePolicy", "*"),
        ("logs:DeleteResourcePolicy", "*"),
        ("logs:PutIntegration", "*"),
        ("logs:AssociateSourceToS3TableIntegration", "*"),
        ("logs:PutPipelineRule", "*"),
        ("logs:PutStorageTierPolicy", "*"),
        ("logs:PutQueryDefinition", "*"),
        ("logs:DeleteQueryDefinition", "*"),
        ("logs:Link", "*"),
        ("oam:CreateLink", "oam:eu-west-1:999999999999:sink/0a"),
        ("oam:UpdateLink", f"oam:eu-west-1:{A}:link/0a"),
        ("events:UpdateEventBus", f"events:eu-west-1:{A}:event-bus/default"),
        ("events:PutPermission", "*"),
        ("events:RemovePermission", "*"),
        ("sns:Unsubscribe", "*"),
        ("sns:SetSubscriptionAttributes", "*"),
        ("cloudwatch:PutAlarmMuteRule", f"cloudwatch:eu-west-1:{A}:alarm-mute-rule:quiet"),
    ],
)
def test_no_brokered_role_blinds_the_log_the_alarms_or_the_events(action: str, resource: str) -> None:
    arn = resource if resource == "*" else f"arn:aws-us-gov:{resource}"
    denying = [
        one["Sid"]
        for one in resolved(BOUNDARY)["Statement"]
        if one["Effect"] == "Deny" and "Condition" not in one
        if any(matches(pattern, action) for pattern in listed(one["Action"]))
        if any(fnmatchcase(arn, pattern) for pattern in listed(one["Resource"]))
    ]
    assert denying


@pytest.mark.parametrize("action", ["logs:PutLogEvents", "logs:PutMetricFilter", "logs:StartQuery", "sns:Publish"])
def test_a_team_still_works_with_its_own_logs_and_topics(action: str) -> None:
    everywhere = [one for one in BOUNDARY["Statement"] if one["Effect"] == "Deny" and one["Resource"] == "*"]
    assert not [one["Sid"] for one in everywhere if any(matches(pattern, action) for pattern in listed(one["Action"]))]


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def denied(sid: str) -> dict[str, Any]:
    statement: dict[str, Any]
    (statement,) = [one for one in BOUNDARY["Statement"] if one["Sid"] == sid]
    assert statement["Effect"] == "Deny"
    return statement


def off_limits(arn: str) -> bool:
    """True if the boundary denies brokered roles everything on it."""
    statement = denied("NothingOfTheBrokersOwn")
    assert statement["Action"] == "*"
    named = arn.replace("${AWS::StackName}", STACK)
    return any(fnmatchcase(named, pattern["Fn::Sub"]) for pattern in statement["Resource"])


def arn_of(logical: str) -> str:
    """The name that CloudFormation gives. Without a name: the stack's name, the resource's, and a random part."""
    resource = RESOURCES[logical]
    if logical == "ApiGatewayAccount":
        return ARNS[resource["Type"]]
    properties = resource["Properties"]
    given = next(
        (properties[name] for name in NAMES if name in properties), {"Fn::Sub": f"${{AWS::StackName}}-{logical}-X1"}
    )
    return ARNS[resource.get("Type", "AWS::Lambda::Function")] + given.get("Fn::Sub", "${AWS::StackName}")


def of_another_stage(arn: str) -> str:
    return arn.replace("${AWS::StackName}", "access-broker-prod")


@pytest.mark.parametrize("logical", sorted(set(RESOURCES) - set(DENIED_OTHERWISE)))
def test_no_resource_of_the_stack_is_open_to_a_brokered_role(logical) -> None:
    assert off_limits(arn_of(logical))
    assert off_limits(of_another_stage(arn_of(logical)))


def test_no_brokered_role_puts_figures_where_the_alarms_look() -> None:
    statement = denied("NoFiguresThatHushTheBrokersAlarms")
    assert (statement["Action"], statement["Resource"]) == ("cloudwatch:PutMetricData", "*")
    assert statement["Condition"] == {"StringEquals": {"cloudwatch:namespace": NAMESPACE}}


def test_what_the_boundary_denies_otherwise_is_denied_whatever_it_is_called() -> None:
    for action in DENIED_OTHERWISE.values():
        (statement,) = [one for one in BOUNDARY["Statement"] if action in actions(one)]
        assert (statement["Effect"], statement["Resource"]) == ("Deny", "*")
    tag = {"aws:ResourceTag/aws:cloudformation:stack-name": "access-broker*"}
    assert denied("NotTheBrokersApiWhoseIdIsNotKnownHere")["Condition"] == {"StringLike": tag}


def test_the_streams_of_the_brokers_functions_are_left_alone() -> None:
    condition = denied("NotTheStreamsThatCarryTheAudit")["Condition"]["ArnLike"]
    pattern = condition["lambda:FunctionArn"]["Fn::Sub"]
    assert fnmatchcase(of_another_stage(arn_of("Audit")), pattern)


def test_every_stack_has_the_name_that_the_boundary_protects() -> None:
    """The boundary knows the broker by the beginning of its names, whatever the stage."""
    names = re.findall(r'stack = f?"([^"]+)"', Path("lambda_package/deployment/__main__.py").read_text())
    assert names
    assert all(name.startswith("access-broker") for name in (*names, NAME))


@pytest.mark.parametrize("arn", ["access-broker-code", "access-broker-code/access-broker-dev/0a.zip"])
def test_no_brokered_role_reads_or_replaces_the_code_before_it_is_deployed(arn: str) -> None:
    assert off_limits(f"arn:${{AWS::Partition}}:s3:::{arn}")
    assert not off_limits(f"arn:${{AWS::Partition}}:s3:::web-{arn}")


def secrets() -> set[str]:
    """The parameters that functions of the broker read, as ARNs of any region."""
    found = (
        one["Fn::Sub"].replace("${AWS::Region}", "eu-west-1")
        for file in Path("policies/lambda").glob("*.json")
        for statement in json.loads(file.read_text())["Statement"]
        if "ssm:GetParameter" in actions(statement)
        for one in (statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]])
    )
    return set(found)


@pytest.mark.parametrize("secret", sorted(secrets()))
def test_no_secret_of_the_broker_is_open_to_a_brokered_role_by_name_or_by_a_path_above_it(secret) -> None:
    root, _, name = secret.partition(":parameter/")
    above = {f"{root}:parameter/{'/'.join(name.split('/')[:depth])}" for depth in range(name.count("/") + 1)}
    assert len(above) == 2
    assert all(off_limits(arn) and off_limits(of_another_stage(arn)) for arn in {secret, *above})


def test_the_boundary_closes_every_path_that_a_template_is_refused_for() -> None:
    """A managed policy may change after the check, and the provisioner's own credentials know no check."""
    everywhere = [one for one in BOUNDARY["Statement"] if one["Resource"] == "*" and "Condition" not in one]
    closed = [action for one in everywhere if one["Effect"] == "Deny" for action in actions(one)]
    paths = load_paths(json.dumps(ESCALATION)).paths
    assert [
        path.name
        for path in paths
        if not path.tolerated and not any(matches(pattern, action) for pattern in closed for action in path.actions)
    ] == []


def test_the_boundary_says_no_to_blinding_cloudtrail() -> None:
    assert actions(denied("NoBlindfoldForBypassDetection")) >= {"cloudtrail:StopLogging", "cloudtrail:DeleteTrail"}


def test_what_is_not_the_brokers_stays_open_to_a_brokered_role() -> None:
    anybody = "arn:${AWS::Partition}:{}:eu-west-1:${AWS::AccountId}:{}"
    others = {
        "ssm": "parameter/web/password",
        "dynamodb": "table/orders",
        "sns": "orders",
        "cloudwatch": "alarm:orders",
    }
    assert not [
        name for service, name in others.items() if off_limits(anybody.replace("{}", service, 1).replace("{}", name))
    ]
