"""`make deploy-spokes` on moto, which has stack sets and organizations: botocore checks each call's parameters."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from lambda_package.deployment.spokes import UNDER_WAY, main
from policytool import spoke

if TYPE_CHECKING:
    from collections.abc import Iterator

ROLE = "arn:aws:iam::123456789012:role/access-broker-prod-ProvisionRole"
STACK = {
    "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
    "Outputs": {"ProvisionRoleArn": {"Value": ROLE}},
}


@pytest.fixture
def management() -> Iterator[boto3.Session]:
    """The management account, with the broker's stack."""
    with mock_aws():
        session = boto3.Session("x", "x", region_name="eu-west-1")
        session.client("cloudformation").create_stack(StackName="access-broker-prod", TemplateBody=json.dumps(STACK))
        yield session


@pytest.fixture
def unit(management: boto3.Session) -> str:
    """An organizational unit with two accounts."""
    organizations = management.client("organizations")
    organizations.create_organization(FeatureSet="ALL")
    root = organizations.list_roots()["Roots"][0]["Id"]
    unit = organizations.create_organizational_unit(ParentId=root, Name="Prod")["OrganizationalUnit"]["Id"]
    for name in ("one", "two"):
        made = organizations.create_account(AccountName=name, Email=f"{name}@example.com")["CreateAccountStatus"]
        organizations.move_account(AccountId=made["AccountId"], SourceParentId=root, DestinationParentId=unit)
    return str(unit)


def calls(session: boto3.Session) -> list[tuple[str, dict[str, Any]]]:
    """The calls of the session's clients from now on. botocore has checked their parameters."""
    made: list[tuple[str, dict[str, Any]]] = []
    session.events.register(
        "provide-client-params.cloudformation.*", lambda params, model, **_: made.append((model.name, dict(params)))
    )
    return made


def test_the_accounts_of_a_unit_get_the_template_and_a_second_run_updates_it(management, unit: str) -> None:
    made = calls(management)
    assert main([unit, "--stage", "prod"], management) == 0
    cloudformation = management.client("cloudformation")
    found = cloudformation.describe_stack_set(StackSetName="access-broker-prod-spoke")["StackSet"]
    assert json.loads(found["TemplateBody"]) == spoke.template()
    given = {one["ParameterKey"]: one["ParameterValue"] for one in found["Parameters"]}
    assert given == spoke.parameters("access-broker-prod", ROLE, "eu-west-1")
    assert [name for name, _ in made if not name.startswith(("Describe", "List"))] == [
        "CreateStackSet",
        "CreateStackInstances",
    ]
    asked = dict(made)
    assert asked["CreateStackSet"]["AutoDeployment"] == {"Enabled": True, "RetainStacksOnAccountRemoval": False}
    assert asked["CreateStackInstances"]["DeploymentTargets"] == {"OrganizationalUnitIds": [unit]}
    assert asked["CreateStackInstances"]["Regions"] == ["eu-west-1"]
    made.clear()
    assert main([unit, "--stage", "prod", "--call-as", "DELEGATED_ADMIN"], management) == 0
    assert "UpdateStackSet" in dict(made)
    assert {params["CallAs"] for name, params in made if name != "DescribeStacks"} == {"DELEGATED_ADMIN"}


def test_an_account_without_the_brokers_stack_is_told_to_name_the_role(management, unit: str, capsys) -> None:
    assert main([unit, "--stage", "dev"], management) == 1
    assert "PROVISION_ROLE" in capsys.readouterr().err
    assert main([unit, "--stage", "dev", "--provision-role", ROLE], management) == 0


class Failing:
    """Answers of a stack set whose update takes a while and fails in one account."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.states = [*UNDER_WAY, "FAILED"]

    def answer(self, model: Any, **_: Any) -> tuple[Any, dict[str, Any]] | None:
        self.asked.append(model.name)
        answers: dict[str, Any] = {
            "DescribeStackSet": {"StackSet": {"StackSetName": "x"}},
            "UpdateStackSet": {"OperationId": "1"},
            "ListStackSetOperationResults": {
                "Summaries": [
                    {"Account": "111111111111", "Status": "SUCCEEDED"},
                    {"Account": "222222222222", "Status": "FAILED", "StatusReason": "role exists"},
                ]
            },
        }
        if model.name == "DescribeStackSetOperation":
            answers[model.name] = {"StackSetOperation": {"Status": self.states.pop(0)}}
        return (type("Response", (), {"status_code": 200}), answers[model.name]) if model.name in answers else None


def test_an_operation_is_waited_for_and_an_account_that_failed_is_named(management, capsys) -> None:
    waited: list[float] = []
    failing = Failing()
    management.events.register("before-call.cloudformation.*", failing.answer)
    assert main(["ou-abcd-12345678", "--stage", "prod", "--provision-role", ROLE], management, waited.append) == 1
    told = capsys.readouterr().err
    assert "222222222222: FAILED role exists" in told
    assert "1 of 2 accounts failed" in told
    assert len(waited) == len(UNDER_WAY)
    assert "CreateStackInstances" not in failing.asked
