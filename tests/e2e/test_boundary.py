"""A brokered role with every permission does not reach the broker: tried, with such a role's own credentials."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from localaws.profiles import session_with
from tests.e2e.auditing import call_aws

if TYPE_CHECKING:
    from collections.abc import Iterator

    import boto3

    from localaws.broker import Broker

NAME = "boundary-probe"
SECRET = "/access-broker/slack-signing-secret"
TABLE = "arn:aws:dynamodb:us-east-1:000000000000:table/access-broker"
EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
REFUSALS = {"AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation"}
"""The last two are SNS's and EC2's."""

REFUSED: dict[str, tuple[str, str, dict[str, Any]]] = {
    "read the secret": ("ssm", "get_parameter", {"Name": SECRET, "WithDecryption": True}),
    "choose the secret": (
        "ssm", "put_parameter", {"Name": SECRET, "Value": "chosen", "Type": "SecureString", "Overwrite": True},
    ),
    "read several secrets": ("ssm", "get_parameters", {"Names": ["/web/probe", SECRET]}),
    "read the secrets by path": ("ssm", "get_parameters_by_path", {"Path": "/access-broker/"}),
    "delete an alarm": ("cloudwatch", "delete_alarms", {"AlarmNames": ["orders", "access-broker-bypass"]}),
    "delete the dashboard": ("cloudwatch", "delete_dashboards", {"DashboardNames": ["access-broker"]}),
    "write figures of the broker": ("cloudwatch", "put_metric_data", {"Namespace": "access-broker", "MetricData": []}),
    "read the table in PartiQL": ("dynamodb", "execute_statement", {"Statement": 'SELECT * FROM "access-broker"'}),
    "read the table's stream": ("dynamodbstreams", "describe_stream", {"StreamArn": f"{TABLE}/stream/any"}),
    "silence the alarms": ("sns", "delete_topic", {"TopicArn": "{AlarmTopicArn}"}),
    "empty the dead letters": ("sqs", "purge_queue", {"QueueUrl": "{DeadLetterQueueUrl}"}),
    "read the table": ("dynamodb", "scan", {"TableName": "{TableName}"}),
    "read another stage's table": ("dynamodb", "scan", {"TableName": "access-broker-another"}),
    "read another stage's secret": ("ssm", "get_parameter", {"Name": "/access-broker-another/slack-signing-secret"}),
    "delete another stage's function": ("lambda", "delete_function", {"FunctionName": "access-broker-another-audit"}),
    "replace the code": ("s3", "put_object", {"Bucket": "access-broker-code", "Key": "0a.zip", "Body": b"mine"}),
    "read the code": ("s3", "get_object", {"Bucket": "access-broker-code", "Key": "0a.zip"}),
    "let an outsider write logs": ("logs", "put_resource_policy", {"policyName": "any", "policyDocument": "{}"}),
    "change a saved query": (
        "logs", "put_query_definition", {"name": "access-broker/one-session", "queryString": "limit 1"},
    ),
    "open the event bus": (
        "events", "put_permission", {"Action": "events:PutEvents", "Principal": "*", "StatementId": "any"},
    ),
    "end an alarm's subscription": ("sns", "unsubscribe", {"SubscriptionArn": "{AlarmTopicArn}:0a"}),
    "delete the audit log": ("logs", "delete_log_group", {"logGroupName": "{AuditLogGroup}"}),
    "change another team's function": (
        "lambda", "update_function_configuration", {"FunctionName": "somebody-elses", "Timeout": 3},
    ),
    "change a launch template": (
        "ec2", "create_launch_template_version", {"LaunchTemplateName": "any", "LaunchTemplateData": {}},
    ),
    "stop the trail": ("cloudtrail", "stop_logging", {"Name": "management"}),
    "change a function": ("lambda", "delete_function", {"FunctionName": "access-broker-audit"}),
}  # fmt: skip
OTHERS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "write a parameter": ("ssm", "put_parameter", {"Name": "/web/probe", "Value": "x", "Type": "String"}),
    "read several parameters": ("ssm", "get_parameters", {"Names": ["/web/probe", "/web/other"]}),
    "delete alarms": ("cloudwatch", "delete_alarms", {"AlarmNames": ["orders"]}),
    "read parameters by path": ("ssm", "get_parameters_by_path", {"Path": "/web"}),
    "make a topic": ("sns", "create_topic", {"Name": "orders"}),
    "look at APIs": ("apigateway", "get_rest_apis", {}),
}


@pytest.fixture(scope="module")
def brokered(broker: Broker) -> Iterator[boto3.Session]:
    """A session of a role with the boundary and, but for that, no limits."""
    admin = broker.session_for("admin")
    iam, sts = admin.client("iam"), admin.client("sts")
    trust = {"Effect": "Allow", "Principal": {"AWS": sts.get_caller_identity()["Arn"]}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = iam.create_role(
        RoleName=NAME,
        Path="/access-broker/",
        AssumeRolePolicyDocument=document,
        PermissionsBoundary=broker.outputs["BoundaryArn"],
    )["Role"]
    admin.client("s3").create_bucket(Bucket="access-broker-code")
    admin.client("s3").put_object(Bucket="access-broker-code", Key="0a.zip", Body=b"ours")
    iam.put_role_policy(RoleName=NAME, PolicyName="everything", PolicyDocument=json.dumps(EVERYTHING))
    given = sts.assume_role(RoleArn=role["Arn"], RoleSessionName="probe")["Credentials"]
    keys = (given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
    yield session_with(*keys, region=broker.region)
    iam.delete_role_policy(RoleName=NAME, PolicyName="everything")
    iam.delete_role(RoleName=NAME)


@pytest.mark.parametrize("what", REFUSED)
def test_a_brokered_role_may_not(broker: Broker, brokered: boto3.Session, what: str) -> None:
    with pytest.raises(ClientError) as refusal:
        call_aws(broker, brokered, REFUSED[what])
    assert refusal.value.response["Error"]["Code"] in REFUSALS


def test_a_queue_of_its_own_puts_nothing_into_the_brokers(broker: Broker, brokered: boto3.Session) -> None:
    """SQS moves what was received too often without asking who may send to the dead-letter queue."""
    sqs = brokered.client("sqs", endpoint_url=broker.endpoint_url)
    target = "arn:aws:sqs:us-east-1:000000000000:access-broker-notices.fifo"
    redrive = json.dumps({"deadLetterTargetArn": target, "maxReceiveCount": 1})
    mine = sqs.create_queue(QueueName="mine.fifo", Attributes={"FifoQueue": "true", "RedrivePolicy": redrive})[
        "QueueUrl"
    ]
    sqs.send_message(QueueUrl=mine, MessageBody="forged", MessageGroupId="x", MessageDeduplicationId="x")
    for _ in range(3):
        sqs.receive_message(QueueUrl=mine, VisibilityTimeout=0)
    left = sqs.get_queue_attributes(QueueUrl=mine, AttributeNames=["ApproximateNumberOfMessages"])["Attributes"]
    assert left == {"ApproximateNumberOfMessages": "1"}


@pytest.mark.parametrize("what", OTHERS)
def test_a_brokered_role_may_use_what_is_its_teams(broker: Broker, brokered: boto3.Session, what: str) -> None:
    """Otherwise the refusals above would prove nothing."""
    assert call_aws(broker, brokered, OTHERS[what])
