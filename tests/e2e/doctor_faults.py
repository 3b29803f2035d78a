"""The deployment that `broker doctor` examines, and faults put into it, each with its remedy."""

from __future__ import annotations

import functools
import io
import json
import subprocess
import zipfile
from typing import TYPE_CHECKING, Any

from access_broker.doctor.aws.deployment import Deployment
from access_broker.doctor.aws.gather import GATHERERS
from access_broker.doctor.examine import Facts, examine, in_order
from access_broker.http.broker import Broker as BrokerApi
from access_broker.http.signing import find_signer
from access_broker.http.transport import Transport
from access_broker.settings import Settings
from tests.unit.access_broker.doctor.healthy import CANARY

if TYPE_CHECKING:
    from collections.abc import Callable, Container

    from access_broker.doctor.model import Finding
    from localaws.broker import Broker

    Act = Callable[["Patient"], Any]


class Patient:
    """The deployed broker, examined in process: one look a fault, without the canary."""

    def __init__(self, broker: Broker) -> None:
        self.broker = broker
        self.session: Any = broker.session_for("admin")._session  # noqa: SLF001  the doctor works on botocore's
        self.name = "access-broker"

    def client(self, service: str) -> Any:
        return self.session.create_client(service, region_name=self.broker.region)

    def deployment(self) -> Deployment:
        settings = Settings(self.broker.broker_url, region=self.broker.region)
        api = BrokerApi(settings.url, find_signer(self.session, settings), Transport(settings.url))
        package = str(self.broker.directory / "package")
        return Deployment(settings.url, api, self.session, self.broker.region, self.name, package=package)

    def states(self, only: str | None = None, *, alive: bool = False) -> dict[str, str]:
        return {name: finding.state for name, finding in self.found({only} if only else None, alive=alive).items()}

    def found(self, only: Container[str | None] | None = None, *, alive: bool = False) -> dict[str, Finding]:
        fresh = self.deployment()
        gatherers = {name: functools.partial(gather, fresh) for name, gather in GATHERERS.items()}
        facts = Facts(gatherers if alive else gatherers | {"canary": lambda: CANARY})
        checks = [one for one in in_order() if only is None or one.name in only]
        return {check.name: finding for check, finding in examine(facts, lambda _: None, checks)}

    def failed(self, *, alive: bool = False) -> list[str]:
        return [name for name, state in self.states(alive=alive).items() if state == "failed"]

    def physical(self, logical: str) -> str:
        return self.deployment().template.resources[logical].physical

    def api(self) -> str:
        return self.physical("RestAPI")


def delete_alarm(patient: Patient) -> Act:
    client, name = patient.client("cloudwatch"), patient.physical("BypassAlarm")
    (found,) = client.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    wanted = client.meta.service_model.operation_model("PutMetricAlarm").input_shape.members
    client.delete_alarms(AlarmNames=[name])
    return lambda _: client.put_metric_alarm(**{key: value for key, value in found.items() if key in wanted})


def mute_alarm(patient: Patient) -> Act:
    client, names = patient.client("cloudwatch"), [patient.physical("PruningAlarm")]
    client.disable_alarm_actions(AlarmNames=names)
    return lambda _: client.enable_alarm_actions(AlarmNames=names)


def lose_a_message(patient: Patient) -> Act:
    client, url = patient.client("sqs"), patient.physical("AuditDeadLetters")
    client.send_message(QueueUrl=url, MessageBody="{}")
    return lambda _: client.purge_queue(QueueUrl=url)


def disable_schedule(patient: Patient) -> Act:
    client, name = patient.client("events"), patient.physical("ProvisionPruneRevocations")
    client.disable_rule(Name=name)
    return lambda _: client.enable_rule(Name=name)


def half_enable_trail_rule(patient: Patient) -> Act:
    client, name = patient.client("events"), patient.physical("TrailTrailEvent")
    found = client.describe_rule(Name=name)
    pattern, state = found["EventPattern"], found["State"]
    client.put_rule(Name=name, EventPattern=pattern, State="ENABLED")
    return lambda _: client.put_rule(Name=name, EventPattern=pattern, State=state)


def stop_recovery(patient: Patient) -> Act:
    client, name = patient.client("dynamodb"), patient.physical("Ledger")

    def put(*, enabled: bool) -> None:
        setting = {"PointInTimeRecoveryEnabled": enabled}
        client.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification=setting)

    put(enabled=False)
    return lambda _: put(enabled=True)


def unprotect_table(patient: Patient) -> Act:
    client, name = patient.client("dynamodb"), patient.physical("Table")
    client.update_table(TableName=name, DeletionProtectionEnabled=False)
    return lambda _: client.update_table(TableName=name, DeletionProtectionEnabled=True)


def keep_the_log_for_ever(patient: Patient) -> Act:
    client, name = patient.client("logs"), patient.physical("AuditLog")
    client.delete_retention_policy(logGroupName=name)
    return lambda _: client.put_retention_policy(logGroupName=name, retentionInDays=400)


def put_in_other_code(patient: Patient) -> Act:
    client, name = patient.client("lambda"), patient.physical("Notify")
    other = io.BytesIO()
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("app.py", "")

    def put(package: bytes) -> None:
        """A function is not active while it is being updated."""
        client.update_function_code(FunctionName=name, ZipFile=package)
        client.get_waiter("function_updated_v2").wait(FunctionName=name)

    put(other.getvalue())
    return lambda _: put((patient.broker.directory / "package" / "deployment.zip").read_bytes())


def disconnect_the_stream(patient: Patient) -> Act:
    client, uuid = patient.client("lambda"), patient.physical("AuditAuditDynamodbEventSource")
    client.update_event_source_mapping(UUID=uuid, Enabled=False)
    return lambda _: client.update_event_source_mapping(UUID=uuid, Enabled=True)


def widen_a_function(patient: Patient) -> Act:
    client, name = patient.client("iam"), patient.physical("ExpireRole")
    (policy,) = client.list_role_policies(RoleName=name)["PolicyNames"]
    before = client.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
    wide = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
    client.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=json.dumps(wide))
    return lambda _: client.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=json.dumps(before))


def attach_to_a_function(patient: Patient) -> Act:
    client, name = patient.client("iam"), patient.physical("ChatRole")
    added = {"RoleName": name, "PolicyArn": "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"}
    client.attach_role_policy(**added)
    return lambda _: client.detach_role_policy(**added)


def let_others_be_a_function(patient: Patient) -> Act:
    client, name = patient.client("iam"), patient.physical("CleanupRole")
    before = json.dumps(client.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"])
    principal = {"AWS": "arn:aws:iam::000000000000:user/carol"}
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}],
    }
    client.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(trust))
    return lambda _: client.update_assume_role_policy(RoleName=name, PolicyDocument=before)


def open_the_boundary(patient: Patient) -> Act:
    client, arn = patient.client("iam"), patient.physical("Boundary")
    version = client.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    before = client.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
    wide = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    again = {"PolicyArn": arn, "SetAsDefault": True}  # ministack has no SetDefaultPolicyVersion
    client.create_policy_version(**again, PolicyDocument=json.dumps(wide))
    return lambda _: client.create_policy_version(**again, PolicyDocument=json.dumps(before))


def apply_again(patient: Patient) -> None:
    """The remedy itself, as the advice gives it."""
    command = ["broker", "roles", "apply", "policies/roles/s3-read.yaml", "--profile", "admin"]
    subprocess.run(command, env=patient.broker.environ(), check=True, capture_output=True)


def free_a_role(patient: Patient) -> Act:
    patient.client("iam").delete_role_permissions_boundary(RoleName="s3-read")
    return apply_again


def unguard_a_role(patient: Patient) -> Act:
    guard = patient.physical("GuardOtherRoles")
    patient.client("iam").detach_role_policy(RoleName="s3-read", PolicyArn=guard)
    return apply_again


def let_all_invoke(patient: Patient) -> Act:
    client, name = patient.client("lambda"), patient.physical("APIHandler")
    added = {"FunctionName": name, "StatementId": "stranger"}
    client.add_permission(**added, Action="lambda:InvokeFunction", Principal="444455556666")
    return lambda _: client.remove_permission(**added)


def let_carol(patient: Patient, action: str) -> Act:
    client = patient.client("iam")
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]}
    named = {"UserName": "carol", "PolicyName": action.replace(":", "-")}
    client.put_user_policy(**named, PolicyDocument=json.dumps(policy))
    return lambda _: client.delete_user_policy(**named)


def open_the_api(patient: Patient) -> Act:
    client, api = patient.client("apigateway"), patient.api()
    before = client.get_rest_api(restApiId=api)["policy"].replace('\\"', '"')
    wide = {"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*"}
    denies = [one for one in json.loads(before)["Statement"] if one["Effect"] == "Deny"]

    def put(policy: str) -> None:
        client.update_rest_api(restApiId=api, patchOperations=[{"op": "replace", "path": "/policy", "value": policy}])

    put(json.dumps({"Version": "2012-10-17", "Statement": [wide, *denies]}))
    return lambda _: put(before)


def keep_statements(patient: Patient, kept: Callable[[dict[str, Any]], bool]) -> Act:
    """Take the other statements out of the API's resource policy."""
    client, api = patient.client("apigateway"), patient.api()
    before = client.get_rest_api(restApiId=api)["policy"].replace('\\"', '"')
    policy = json.loads(before)
    policy["Statement"] = [one for one in policy["Statement"] if kept(one)]

    def put(text: str) -> None:
        client.update_rest_api(restApiId=api, patchOperations=[{"op": "replace", "path": "/policy", "value": text}])

    put(json.dumps(policy))
    return lambda _: put(before)


def let_in_only_callers_with_permissions(patient: Patient) -> Act:
    return keep_statements(patient, lambda one: one["Effect"] == "Deny" or "Condition" not in one)


def let_keys_in_under_mfa(patient: Patient) -> Act:
    return keep_statements(patient, lambda one: one["Sid"] != "UnderMfaOnlyWithMfa")


def unsign_a_method(patient: Patient) -> Act:
    client, api = patient.client("apigateway"), patient.api()
    listed = [one for page in client.get_paginator("get_resources").paginate(restApiId=api) for one in page["items"]]
    resource = next(one["id"] for one in listed if one["path"] == "/v1/roles")

    def put(kind: str) -> None:
        change = [{"op": "replace", "path": "/authorizationType", "value": kind}]
        client.update_method(restApiId=api, resourceId=resource, httpMethod="GET", patchOperations=change)

    put("NONE")
    return lambda _: put("AWS_IAM")


FAULTS: list[tuple[str, Act]] = [
    ("alarms-exist", delete_alarm),
    ("alarms-exist", mute_alarm),
    ("dead-letters", lose_a_message),
    ("schedules-on", disable_schedule),
    ("trail-rule", half_enable_trail_rule),
    ("point-in-time-recovery", stop_recovery),
    ("deletion-protection", unprotect_table),
    ("log-retention", keep_the_log_for_ever),
    ("code-is-the-package", put_in_other_code),
    ("event-sources", disconnect_the_stream),
    ("function-policies", widen_a_function),
    ("function-policies", attach_to_a_function),
    ("function-trust", let_others_be_a_function),
    ("boundaries", open_the_boundary),
    ("roles-have-boundaries", free_a_role),
    ("roles-have-guards", unguard_a_role),
    ("function-invokers", let_all_invoke),
    ("others-invoke", functools.partial(let_carol, action="lambda:InvokeFunction")),
    ("others-write-tables", functools.partial(let_carol, action="dynamodb:PutItem")),
    ("others-write-log", functools.partial(let_carol, action="logs:PutLogEvents")),
    ("resource-policy", open_the_api),
    ("mfa-demanded", let_keys_in_under_mfa),
    ("methods-signed", unsign_a_method),
]
"""Each injects a fault and answers the remedy."""
