"""`make deploy` on the embedded AWS: it shows what changes, asks, uploads always, and compares the deployed code."""

from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from lambda_package.deployment.__main__ import main

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import boto3

    from localaws.broker import Broker

STAGE, BUCKET = "deploying", "access-broker-deploying-packages"
STACK = f"access-broker-{STAGE}"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
TEMPLATE = {
    "AWSTemplateFormatVersion": "2010-09-09",
    "Transform": "AWS::Serverless-2016-10-31",
    "Parameters": {"Colour": {"Type": "String", "Default": "red"}, "Delay": {"Type": "Number", "Default": 0}},
    "Resources": {
        "Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST}},
        "Queue": {
            "Type": "AWS::SQS::Queue",
            "Properties": {"QueueName": f"{STACK}-queue", "DelaySeconds": {"Ref": "Delay"}},
        },
        "Function": {
            "Type": "AWS::Serverless::Function",
            "Properties": {
                "FunctionName": f"{STACK}-function",
                "Runtime": "python3.13",
                "Handler": "app.app",
                "CodeUri": "./deployment.zip",
                "Role": {"Fn::GetAtt": ["Role", "Arn"]},
                "Environment": {"Variables": {"COLOUR": {"Ref": "Colour"}}},
            },
        },
    },
}


def zipped(text: str) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr(zipfile.ZipInfo("app.py"), text)  # the same text, the same bytes
    return held.getvalue()


@pytest.fixture
def admin(broker: Broker) -> Iterator[boto3.Session]:
    """An administrator with a bucket for packages; the stack is gone afterwards."""
    session = broker.session_for("admin")
    session.client("s3").create_bucket(Bucket=BUCKET)
    yield session
    cloudformation = session.client("cloudformation")
    if stack(session):
        cloudformation.update_termination_protection(EnableTerminationProtection=False, StackName=STACK)
        cloudformation.delete_stack(StackName=STACK)


@pytest.fixture
def deploy(admin: boto3.Session, tmp_path: Path) -> Callable[..., int]:
    """`make deploy` of a small package."""
    (tmp_path / "sam.json").write_text(json.dumps(TEMPLATE))
    (tmp_path / "deployment.zip").write_bytes(zipped("def app(event, context): return 1"))

    def run(*options: str) -> int:
        return main([str(tmp_path), "--stage", STAGE, "--bucket", BUCKET, "--overlay", "", *options], admin)

    return run


def stack(session: boto3.Session) -> dict[str, Any] | None:
    try:
        described = session.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]
    except ClientError:
        return None
    return dict(described)


def test_without_a_terminal_and_without_yes_it_shows_the_changes_and_leaves_nothing(deploy, admin, capsys) -> None:
    assert deploy() == 1
    told = capsys.readouterr()
    assert "Add     Function AWS::Lambda::Function" in told.out
    assert "YES=1" in told.err
    assert stack(admin) is None


@pytest.mark.parametrize(("answer", "deployed"), [("no", False), ("", False), ("yes", True)])
def test_it_asks_and_takes_only_yes(deploy, admin, monkeypatch, answer: str, deployed) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda _prompt: answer)
    assert deploy() == (0 if deployed else 1)
    assert (stack(admin) is not None) is deployed


def test_yes_deploys_protects_keeps_parameters_and_says_when_nothing_changes(deploy, admin, capsys) -> None:
    assert deploy("--yes", "--parameters", "Colour=dark blue", "--tags", "Owner=platform") == 0
    made = stack(admin)
    assert made is not None
    assert made["EnableTerminationProtection"]
    assert {"Key": "Owner", "Value": "platform"} in made["Tags"]
    assert "1 functions run the code" in capsys.readouterr().out
    assert deploy("--yes", "--parameters", "Delay=5") == 0
    assert "Modify  Queue AWS::SQS::Queue" in capsys.readouterr().out
    kept = {one["ParameterKey"]: one["ParameterValue"] for one in (stack(admin) or {})["Parameters"]}
    assert kept == {"Colour": "dark blue", "Delay": "5"}
    assert deploy() == 0
    assert "nothing to change" in capsys.readouterr().out


def test_an_object_that_lies_in_the_bucket_already_is_written_anew(deploy, admin, tmp_path) -> None:
    assert deploy() == 1
    s3 = admin.client("s3")
    (key,) = [one["Key"] for one in s3.list_objects_v2(Bucket=BUCKET)["Contents"] if one["Key"].endswith(".zip")]
    s3.put_object(Bucket=BUCKET, Key=key, Body=zipped("import evil"))
    assert deploy("--yes") == 0
    assert s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() == (tmp_path / "deployment.zip").read_bytes()


def test_other_code_than_the_package_fails_the_deployment_and_names_the_function(deploy, admin, capsys) -> None:
    assert deploy("--yes") == 0
    admin.client("lambda").update_function_code(FunctionName=f"{STACK}-function", ZipFile=zipped("import evil"))
    assert deploy("--yes") == 1
    assert f"runs in {STACK}-function" in capsys.readouterr().err


def test_a_bucket_that_the_boundary_does_not_protect_is_refused(deploy, capsys) -> None:
    with pytest.raises(SystemExit):
        deploy("--bucket", "artifacts")
    assert "access-broker-" in capsys.readouterr().err
