"""Parameters of the stack: each has a default that needs nothing, and reaches every resource it is meant for."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.evaluator.stack import Stack

TEMPLATE: dict[str, Any] = json.loads(Path(".chalice/resources.json").read_text())
PARAMETERS, CONDITIONS, RESOURCES = TEMPLATE["Parameters"], TEMPLATE["Conditions"], TEMPLATE["Resources"]
LAMBDA_POLICIES = sorted(Path("policies/lambda").glob("*.json"))
NO_VALUE = {"Ref": "AWS::NoValue"}
ENCRYPTED = {
    "AWS::DynamoDB::Table": lambda one: one["SSESpecification"]["KMSMasterKeyId"],
    "AWS::Logs::LogGroup": lambda one: one["KmsKeyId"],
    "AWS::SNS::Topic": lambda one: one["KmsMasterKeyId"],
    "AWS::SQS::Queue": lambda one: one["KmsMasterKeyId"],
}


def typed(kind: str) -> list[dict[str, Any]]:
    return [one["Properties"] for one in RESOURCES.values() if one.get("Type") == kind]


@pytest.mark.parametrize("name", sorted(PARAMETERS))
def test_a_parameter_has_a_description_and_a_default_that_is_allowed(name: str) -> None:
    parameter = PARAMETERS[name]
    assert len(parameter["Description"]) > 20
    assert parameter["Default"] in parameter.get("AllowedValues", [parameter["Default"]])
    assert re.fullmatch(parameter.get("AllowedPattern", ".*"), str(parameter["Default"]))
    assert f'"{name}"' in json.dumps([RESOURCES, CONDITIONS]) or f"${{{name}}}" in json.dumps(RESOURCES)


@pytest.mark.parametrize("kind", ENCRYPTED)
def test_a_customers_key_encrypts_whatever_holds_data(kind: str) -> None:
    keys = [ENCRYPTED[kind](properties) for properties in typed(kind)]
    assert keys
    assert all(key == {"Fn::If": ["HasKey", {"Ref": "KmsKeyArn"}, NO_VALUE]} for key in keys)


@pytest.mark.parametrize("file", LAMBDA_POLICIES, ids=lambda file: file.stem)
def test_a_function_may_use_the_customers_key_through_services_only(file: Path) -> None:
    (statement,) = [one for one in json.loads(file.read_text())["Statement"] if "kms:" in json.dumps(one["Action"])]
    assert statement["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
    condition, key, otherwise = statement["Resource"]["Fn::If"]
    assert (condition, key) == ("HasKey", {"Ref": "KmsKeyArn"})
    assert otherwise["Fn::Sub"].endswith(":key/none")
    assert list(statement["Condition"]["StringLike"]) == ["kms:ViaService"]


@pytest.mark.parametrize(("table", "parameter"), [("Table", "TableName"), ("Ledger", "LedgerName")])
def test_a_restored_table_can_take_the_place_of_the_first(table: str, parameter: str) -> None:
    condition, given, _ = RESOURCES[table]["Properties"]["TableName"]["Fn::If"]
    assert given == {"Ref": parameter}
    assert CONDITIONS[condition] == {"Fn::Not": [{"Fn::Equals": [{"Ref": parameter}, ""]}]}
    pattern = PARAMETERS[parameter]["AllowedPattern"]
    assert re.fullmatch(pattern, "access-broker-prod-restored")
    assert not re.fullmatch(pattern, "orders")  # the boundary keeps brokered roles from access-broker-* alone


def test_the_api_takes_no_old_tls_unless_that_is_asked_for() -> None:
    api = RESOURCES["RestAPI"]["Properties"]
    assert api["SecurityPolicy"]["Fn::If"][1] == {"Ref": "ApiTlsPolicy"}
    assert PARAMETERS["ApiTlsPolicy"]["Default"].startswith("SecurityPolicy_TLS13_1_2")
    assert api["EndpointAccessMode"]["Fn::If"][1] == "BASIC"


def test_calls_that_api_gateway_refuses_can_be_logged_and_no_query_is() -> None:
    condition, settings, _ = RESOURCES["RestAPI"]["Properties"]["AccessLogSetting"]["Fn::If"]
    assert condition == "LogsCalls"
    logged = json.loads(settings["Format"])
    assert {"request_id", "source_ip", "status", "caller", "refused_because"} <= set(logged)
    assert not [value for value in logged.values() if "querystring" in value.lower() or "header" in value.lower()]
    assert RESOURCES["ApiGatewayAccount"]["Condition"] == "SetsAccountRole"


@pytest.mark.parametrize(
    ("function", "parameter"), [("Provision", "ProvisionConcurrency"), ("Audit", "AuditConcurrency")]
)
def test_functions_that_must_not_starve_can_have_concurrency_reserved(function: str, parameter: str) -> None:
    assert RESOURCES[function]["Properties"]["ReservedConcurrentExecutions"]["Fn::If"][1] == {"Ref": parameter}
    assert PARAMETERS[parameter]["Default"] == 0


def test_alarms_reach_a_subscriber_that_is_named_at_deployment() -> None:
    subscription = RESOURCES["AlarmSubscription"]
    assert subscription["Condition"] == "HasAlarmSubscriber"
    assert subscription["Properties"]["Endpoint"] == {"Ref": "AlarmSubscriber"}


def test_one_stage_has_one_region() -> None:
    """The boundary's name is global. Two stacks of one stage would clean up each other's roles: they must collide."""
    assert RESOURCES["Boundary"]["Properties"]["ManagedPolicyName"] == {"Fn::Sub": "${AWS::StackName}-boundary"}


def test_the_functions_own_roles_can_have_a_boundary_and_none_is_forgotten() -> None:
    roles = {name: one for name, one in RESOURCES.items() if name.endswith("Role")}
    functions = [name for name, one in RESOURCES.items() if "FunctionName" in one.get("Properties", {})]
    assert len(roles) == len(functions) + 1  # and the role of API Gateway
    given = [one["Properties"]["PermissionsBoundary"] for one in roles.values()]
    assert given == [{"Fn::If": ["BoundsFunctions", {"Ref": "FunctionsBoundaryArn"}, NO_VALUE]}] * len(given)


def test_every_function_can_be_made_to_take_signed_code_only() -> None:
    functions = [one["Properties"] for one in RESOURCES.values() if "FunctionName" in one.get("Properties", {})]
    given = [one["CodeSigningConfigArn"] for one in functions]
    assert given == [{"Fn::If": ["SignsCode", {"Ref": "CodeSigningConfigArn"}, NO_VALUE]}] * len(given)


def test_a_custom_domain_stands_before_the_stage_that_is_throttled_and_has_the_apis_tls() -> None:
    domain, mapping = RESOURCES["Domain"], RESOURCES["DomainMapping"]
    assert {domain["Condition"], mapping["Condition"]} == {"HasDomain"}
    assert domain["Properties"]["RegionalCertificateArn"] == {"Ref": "CertificateArn"}
    assert domain["Properties"]["SecurityPolicy"]["Fn::If"] == ["HasTlsPolicy", {"Ref": "ApiTlsPolicy"}, "TLS_1_2"]
    assert mapping["Properties"]["Stage"] == {"Ref": "RestAPI.Stage"}
    condition, address, _ = TEMPLATE["Outputs"]["EndpointURL"]["Value"]["Fn::Sub"][1]["Address"]["Fn::If"]
    assert condition == "HasDomain"
    assert address["Fn::If"][1:] == [
        {"Fn::Sub": "https://${DomainName}/${DomainBasePath}"},
        {"Fn::Sub": "https://${DomainName}"},
    ]


def refused(parameters: dict[str, str]) -> list[str]:
    """The rules of the template that these values break (CloudFormation User Guide, "Rules")."""
    stack = Stack({**TEMPLATE, "Parameters": PARAMETERS}, parameters)
    return [
        name
        for name, rule in TEMPLATE["Rules"].items()
        if stack.decide(rule.get("RuleCondition", {"Fn::Equals": ["", ""]}))
        and not all(stack.decide(one["Assert"]) for one in rule["Assertions"])
    ]


DOMAIN = {"DomainName": "broker.example.com", "CertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/0a1b"}


@pytest.mark.parametrize(
    ("parameters", "rules"),
    [
        ({}, []),
        (DOMAIN, []),
        ({**DOMAIN, "DomainBasePath": "access"}, []),
        ({"DomainName": "broker.example.com"}, ["ADomainHasACertificate"]),
        ({**DOMAIN, "VpcEndpointIds": "vpce-0a1b2c3d"}, ["ADomainHasACertificate"]),
        ({"VpcEndpointIds": "vpce-0a1b2c3d"}, []),
    ],
)
def test_options_that_do_not_fit_together_are_refused_before_anything_is_made(parameters, rules) -> None:
    assert refused(parameters) == rules


@pytest.mark.parametrize("path", ["mfa", "v1", "chat", "health"])
def test_no_base_path_looks_like_a_path_of_the_broker(path: str) -> None:
    """Below the base path mfa, another spelling of the route's own mfa would count as proof (authentication.py)."""
    assert refused({**DOMAIN, "DomainBasePath": path}) == ["ABasePathIsNoneOfTheBrokersOwn"]


def test_a_web_acl_stands_before_the_stage() -> None:
    association = RESOURCES["WebAcl"]
    assert association["Condition"] == "HasWebAcl"
    assert association["Properties"]["ResourceArn"]["Fn::Sub"].endswith("/restapis/${RestAPI}/stages/${RestAPI.Stage}")


def test_a_private_api_has_the_named_endpoints_and_any_other_none() -> None:
    endpoint = RESOURCES["RestAPI"]["Properties"]["EndpointConfiguration"]
    assert endpoint["Type"] == {"Fn::If": ["IsPrivate", "PRIVATE", "REGIONAL"]}
    ids = {"Fn::Split": [",", {"Ref": "VpcEndpointIds"}]}
    assert endpoint["VPCEndpointIds"] == {"Fn::If": ["IsPrivate", ids, NO_VALUE]}
    pattern = PARAMETERS["VpcEndpointIds"]["AllowedPattern"]
    assert re.fullmatch(pattern, "vpce-0123456789abcdef0,vpce-0a1b2c3d")
    assert not re.fullmatch(pattern, "vpce-0a1b2c3d, vpce-0a1b2c3e")
