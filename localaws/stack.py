"""Deploying the package to the embedded AWS through its CloudFormation."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, WaiterError

from localaws.embedded import REGION
from localaws.failures import StepFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

NAME = "access-broker"
BUCKET = "deployments"
TEMPLATES = "https://s3.amazonaws.com/"
"""Inline, CloudFormation takes 51,200 bytes; from S3 a megabyte."""

API = "RestAPI"
CAPABILITIES = ("CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND")
NOTHING_TO_DO = "No updates are to be performed"
LOOK_AGAIN = {"Delay": 1, "MaxAttempts": 120}


def deploy(
    client: Callable[[Any], Any],
    package: Path,
    parameters: Mapping[str, str],
    variables: Mapping[str, Mapping[str, str]],
    *,
    log: Path,
) -> dict[str, str]:
    """Create or update the stack from sam.json and deployment.zip; answer its outputs and the broker's URL path.

    `variables` are added to the functions they name: settings that no template has.
    Raises StepFailed with the first resource that failed.
    """
    template = json.loads((package / "sam.json").read_text())
    _point_at(template, "s3://" + upload(client("s3"), (package / "deployment.zip").read_bytes(), "zip"))
    for function, added in variables.items():
        template["Resources"][function]["Properties"]["Environment"]["Variables"].update(added)
    body = upload(client("s3"), json.dumps(template).encode(), "template")
    given = [{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()]
    outputs = apply(client("cloudformation"), NAME, {"TemplateURL": TEMPLATES + body, "Parameters": given}, log)
    set_resource_policy(client, outputs["RestAPIId"], template, parameters)
    _set_point_in_time_recovery(client("dynamodb"), [outputs["TableName"], outputs["LedgerName"]])
    stage = template["Resources"][API]["Properties"]["StageName"]
    return outputs | {"Path": f"/_aws/execute-api/{outputs['RestAPIId']}/{stage}"}


def upload(s3: Any, content: bytes, kind: str, bucket: str = BUCKET) -> str:
    """Put it into the bucket under its own hash, as `aws cloudformation package` and `deploy` do."""
    key = f"{hashlib.sha256(content).hexdigest()}.{kind}"
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key=key, Body=content)
    return f"{bucket}/{key}"


def _point_at(template: dict[str, Any], code: str) -> None:
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = code


def apply(cloudformation: Any, name: str, stack: Mapping[str, Any], log: Path) -> dict[str, str]:
    """Create or update the stack of this name; answer its outputs. Raises StepFailed."""
    change = "update" if _exists(cloudformation, name) else "create"
    try:
        _change(cloudformation, name, change, stack)
    except (ClientError, WaiterError) as error:
        if NOTHING_TO_DO not in str(error):
            reason = _first_failure(cloudformation, name) or str(error)
            raise StepFailed(f"the {change} of the stack", reason, log) from error
    found = cloudformation.describe_stacks(StackName=name)["Stacks"][0].get("Outputs", [])
    return {output["OutputKey"]: output["OutputValue"] for output in found}


def _change(cloudformation: Any, name: str, change: str, stack: Mapping[str, Any]) -> None:
    operation = cloudformation.update_stack if change == "update" else cloudformation.create_stack
    operation(StackName=name, Capabilities=CAPABILITIES, **stack)
    cloudformation.get_waiter(f"stack_{change}_complete").wait(StackName=name, WaiterConfig=LOOK_AGAIN)


def _exists(cloudformation: Any, name: str) -> bool:
    try:
        cloudformation.describe_stacks(StackName=name)
    except ClientError:
        return False
    return True


def _first_failure(cloudformation: Any, name: str) -> str:
    try:
        events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    except ClientError:
        return ""
    failed = [event for event in reversed(events) if event["ResourceStatus"].endswith("FAILED")]
    return next((f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', '')}" for event in failed), "")


def set_resource_policy(
    client: Callable[[Any], Any], api: str, template: dict[str, Any], parameters: Mapping[str, str]
) -> None:
    """Set the resource policy of the API. AWS takes it from the template, ministack only by this call.

    A statement under Fn::If stands where the parameter that its condition asks for is set.
    """
    policy = template["Resources"][API]["Properties"]["DefinitionBody"]["x-amazon-apigateway-policy"]
    account = client("sts").get_caller_identity()["Account"]
    known = {"AWS::AccountId": account, "AWS::Region": REGION, "AWS::Partition": "aws", API: api, **parameters}
    standing = [one for one in policy["Statement"] if "Fn::If" not in one]
    standing += [one["Fn::If"][1] for one in policy["Statement"] if "Fn::If" in one and _set(template, one, parameters)]
    value = json.dumps(_resolved(policy | {"Statement": standing}, known))
    operation = {"op": "replace", "path": "/policy", "value": value}
    client("apigateway").update_rest_api(restApiId=api, patchOperations=[operation])


def _set(template: dict[str, Any], statement: dict[str, Any], parameters: Mapping[str, str]) -> bool:
    """True if the parameter of the statement's condition has a value."""
    condition = template["Conditions"][statement["Fn::If"][0]]
    return bool(parameters.get(condition["Fn::Not"][0]["Fn::Equals"][0]["Ref"]))


def _set_point_in_time_recovery(dynamodb: Any, tables: list[str]) -> None:
    """AWS takes it from the template; ministack only by this call."""
    for table in tables:
        on = {"PointInTimeRecoveryEnabled": True}
        dynamodb.update_continuous_backups(TableName=table, PointInTimeRecoverySpecification=on)


def _resolved(value: Any, known: Mapping[str, str]) -> Any:
    """The value with Ref, Fn::Split and Fn::Sub filled in, as CloudFormation would."""
    if isinstance(value, list):
        return [_resolved(one, known) for one in value]
    if isinstance(value, str):
        return _substituted(value, known)
    if not isinstance(value, dict):
        return value
    if value.keys() == {"Ref"}:
        return known[value["Ref"]]
    if value.keys() == {"Fn::Split"}:
        return _resolved(value["Fn::Split"][1], known).split(value["Fn::Split"][0])
    filled = {key: _resolved(one, known) for key, one in value.items()}
    return filled["Fn::Sub"] if filled.keys() == {"Fn::Sub"} else filled


def _substituted(text: str, known: Mapping[str, str]) -> str:
    for name, value in known.items():
        text = text.replace(f"${{{name}}}", value)
    return text
