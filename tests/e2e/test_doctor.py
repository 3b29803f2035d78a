"""`broker doctor` on the embedded AWS: green on a fresh stack; each fault turns its check red, its remedy mends it.

ministack keeps no access logs, alarm states, figures of rules or protection of log groups: those checks say "not here",
and their faults are in tests/unit/access_broker/doctor.
"""

from __future__ import annotations

import functools
import io
import json
import shutil
import subprocess
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from access_broker.doctor.aws import canary
from access_broker.doctor.aws.deployment import Deployment
from access_broker.doctor.aws.gather import GATHERERS
from access_broker.doctor.examine import Facts, examine, in_order
from access_broker.doctor.model import CHECKS
from access_broker.http.broker import Broker as BrokerApi
from access_broker.http.signing import find_signer
from access_broker.http.transport import Transport
from access_broker.settings import Settings
from localaws.broker import running
from tests.unit.access_broker.doctor.healthy import CANARY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from localaws.broker import Broker

    Act = Callable[["Patient"], Any]

UNKNOWN_HERE = {
    "clock", "tls", "access-log", "trail-told", "account-trail", "alarms-have-data", "alarms-heard", "schedules-ran",
    "audit-log-protected", "stack-protected", "api-metric-name", "fill-on-unpublished-metrics", "iam-read-rate",
    "switch-role-events", "cold-start-for-slack", "accounts-let-the-broker-in", "accounts-have-boundaries",
    "accounts-have-the-template",
}  # fmt: skip
"""What the embedded AWS cannot tell; `schedules-ran` tells once the stack is minutes old."""


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
        fresh = self.deployment()
        gatherers = {name: functools.partial(gather, fresh) for name, gather in GATHERERS.items()}
        facts = Facts(gatherers if alive else gatherers | {"canary": lambda: CANARY})
        checks = [one for one in in_order() if only in {None, one.name}]
        return {check.name: finding.state for check, finding in examine(facts, lambda _: None, checks)}

    def failed(self, *, alive: bool = False) -> list[str]:
        return [name for name, state in self.states(alive=alive).items() if state == "failed"]

    def physical(self, logical: str) -> str:
        return self.deployment().template.resources[logical].physical

    def api(self) -> str:
        return self.physical("RestAPI")


@pytest.fixture(scope="module")
def broker() -> Iterator[Broker]:
    """A stack of this file's own: what other files leave behind (dead letters, forged lines) is what a doctor finds."""
    with running() as deployed:
        yield deployed


@pytest.fixture(scope="module")
def patient(broker: Broker) -> Patient:
    return Patient(broker)


def doctor(broker: Broker, *arguments: str, profile: str = "admin") -> subprocess.CompletedProcess[str]:
    command = ["broker", "doctor", "--profile", profile, "--package", str(broker.directory / "package"), *arguments]
    return subprocess.run(command, env=broker.environ(), capture_output=True, text=True, check=False)


def test_a_fresh_stack_is_green_and_what_cannot_be_known_here_is_told_as_such(broker: Broker) -> None:
    done = doctor(broker, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    states = {one["name"]: one["state"] for one in json.loads(done.stdout)["checks"]}
    assert {name for name, state in states.items() if state == "not here"} - {"schedules-ran"} == UNKNOWN_HERE - {
        "schedules-ran"
    }
    assert set(states.values()) == {"ok", "not here"}
    assert set(states) == {check.name for check in CHECKS}


def test_the_canary_is_gone_and_its_session_is_in_the_audit(broker: Broker) -> None:
    iam = broker.session_for("admin").client("iam")
    assert "access-broker-doctor" not in {role["RoleName"] for role in iam.list_roles()["Roles"]}


def test_a_caller_who_may_not_look_is_told_so_with_exit_code_2(broker: Broker) -> None:
    done = doctor(broker, "--json", "--stack", "access-broker", profile="alice")
    assert done.returncode == 2, done.stdout + done.stderr
    states = {one["name"]: one["state"] for one in json.loads(done.stdout)["checks"]}
    assert states["point-in-time-recovery"] == states["canary-taken"] == "cannot look"
    assert states["unsigned-refused"] == "ok"


def test_a_canary_that_no_rule_gives_is_a_failure_that_people_can_read(broker: Broker) -> None:
    done = doctor(broker, "--canary", "prod-ec2")
    assert done.returncode == 1
    assert "canary-taken: prod-ec2" in done.stdout
    assert "do:  read the refusal" in done.stdout


def test_an_address_of_another_broker_is_a_wrong_use(broker: Broker) -> None:
    done = doctor(broker, "--url", broker.broker_url.replace("execute-api/", "execute-api/0"))
    assert done.returncode != 0
    assert "--stack" in done.stderr


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
    named = {"UserName": "carol", "PolicyName": "too-much"}
    client.put_user_policy(**named, PolicyDocument=json.dumps(policy))
    return lambda _: client.delete_user_policy(**named)


def open_the_api(patient: Patient) -> Act:
    client, api = patient.client("apigateway"), patient.api()
    before = client.get_rest_api(restApiId=api)["policy"].replace('\\"', '"')
    wide = {"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*"}

    def put(policy: str) -> None:
        client.update_rest_api(restApiId=api, patchOperations=[{"op": "replace", "path": "/policy", "value": policy}])

    put(json.dumps({"Version": "2012-10-17", "Statement": [wide]}))
    return lambda _: put(before)


def let_in_only_callers_with_permissions(patient: Patient) -> Act:
    client, api = patient.client("apigateway"), patient.api()
    before = client.get_rest_api(restApiId=api)["policy"].replace('\\"', '"')
    policy = json.loads(before)
    policy["Statement"] = [one for one in policy["Statement"] if "Condition" not in one]

    def put(text: str) -> None:
        client.update_rest_api(restApiId=api, patchOperations=[{"op": "replace", "path": "/policy", "value": text}])

    put(json.dumps(policy))
    return lambda _: put(before)


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
    ("methods-signed", unsign_a_method),
]
"""Each injects a fault and answers the remedy."""


@pytest.fixture
def mended(patient: Patient) -> Iterator[list[Act]]:
    """Remedies that a failing test has not tried yet."""
    waiting: list[Act] = []
    yield waiting
    for remedy in waiting:
        remedy(patient)


@pytest.mark.parametrize(("check", "inject"), FAULTS, ids=[f"{name}-{n}" for n, (name, _) in enumerate(FAULTS)])
def test_a_fault_turns_its_check_red_and_the_remedy_green_again(
    patient: Patient, mended: list[Act], check: str, inject: Act
) -> None:
    mended.append(inject(patient))
    assert patient.failed() == [check]
    mended.pop()(patient)
    assert patient.states(only=check) == {check: "ok"}


def test_a_policy_that_admits_no_caller_without_permissions_shows_in_the_canary(
    patient: Patient, mended: list[Act]
) -> None:
    mended.append(let_in_only_callers_with_permissions(patient))
    assert patient.failed(alive=True) == ["zero-permission-admitted"]


def test_an_audit_that_is_cut_off_shows_in_the_canary(
    patient: Patient, mended: list[Act], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(canary, "EVENT_SECONDS", 3.0)
    mended.append(disconnect_the_stream(patient))
    assert patient.failed(alive=True) == ["audit-event", "event-sources"]


def test_a_checkout_with_other_policies_is_told(
    patient: Patient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree("policies", tmp_path / "policies")
    (tmp_path / "policies" / "lambda" / "audit.json").write_text('{"Version": "2012-10-17", "Statement": []}')
    monkeypatch.chdir(tmp_path)
    assert patient.states(only="reviewed-policies") == {"reviewed-policies": "failed"}
    monkeypatch.chdir(tmp_path.parent)
    assert patient.states(only="reviewed-policies") == {"reviewed-policies": "not here"}
