"""Every function of config.json has what a function needs beside its code: a policy, a name, a log, a caller."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

CONFIG: dict[str, Any] = json.loads(Path(".chalice/config.json").read_text())["lambda_functions"]
RESOURCES: dict[str, dict[str, Any]] = json.loads(Path(".chalice/resources.json").read_text())["Resources"]
CALLED_BY_API_GATEWAY = "api_handler"
FUNCTIONS = [name for name in CONFIG if name != CALLED_BY_API_GATEWAY]


def statements(function: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(Path(f"policies/lambda/{function}.json").read_text())["Statement"]
    return found


def properties(function: str) -> dict[str, Any]:
    """What resources.json says of a function. Chalice names the resource after it."""
    assert function.capitalize() in RESOURCES, f".chalice/resources.json says nothing of {function}"
    found: dict[str, Any] = RESOURCES[function.capitalize()]["Properties"]
    return found


def invoked_by_functions() -> set[str]:
    """The functions that another one's policy lets it invoke."""
    listed = [one for function in CONFIG for one in statements(function) if one["Action"] == "lambda:InvokeFunction"]
    return set(re.findall(r":function:\$\{AWS::StackName\}-(\w+)", json.dumps(listed)))


@pytest.mark.parametrize("function", CONFIG)
def test_a_function_has_a_policy_file_of_its_own(function: str) -> None:
    assert CONFIG[function]["iam_policy_file"] == f"../policies/lambda/{function}.json"


def test_every_policy_file_is_a_functions() -> None:
    assert {path.stem for path in Path("policies/lambda").glob("*.json")} == set(CONFIG)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_has_a_name_and_the_settings_that_every_function_needs(function: str) -> None:
    """Without the name, its log group and the policies of others speak of another function."""
    assert properties(function)["FunctionName"] == {"Fn::Sub": f"${{AWS::StackName}}-{function}"}
    assert properties(function)["Environment"]["Variables"].keys() >= {"BROKER_DEPLOYMENT", "BROKER_TABLE"}


@pytest.mark.parametrize("function", CONFIG)
def test_an_upgrade_brings_the_audit_function_first(function: str) -> None:
    """It parks events of a version that it does not know: nothing may write them before it is new."""
    resource = "APIHandler" if function == CALLED_BY_API_GATEWAY else function.capitalize()
    first = [] if function == "audit" else ["Audit"]
    assert RESOURCES[resource].get("DependsOn", []) == first


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_writes_a_log_of_its_own_that_is_kept_for_a_while(function: str) -> None:
    group = f"/aws/lambda/${{AWS::StackName}}-{function}"
    logs = [one["Properties"] for one in RESOURCES.values() if one.get("Type") == "AWS::Logs::LogGroup"]
    kept = {one["LogGroupName"]["Fn::Sub"]: one.get("RetentionInDays", 0) for one in logs}
    writes = [one for one in statements(function) if "logs:PutLogEvents" in one["Action"]]
    assert kept[group] == {"Ref": "FunctionLogRetentionDays"}
    assert any(json.dumps(one["Resource"]).endswith(f':log-group:{group}:*"}}') for one in writes)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_something_calls_a_function(function: str) -> None:
    assert properties(function).get("Events") or function in invoked_by_functions()
