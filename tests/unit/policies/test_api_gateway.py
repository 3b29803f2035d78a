"""The resource policy of the API: each signed route is open to the account, and each one under /mfa to MFA only."""

from __future__ import annotations

import json
import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from app import app

WRITTEN: list[dict[str, Any]] = json.loads(Path("policies/api-gateway.json").read_text())["Statement"]
STATEMENTS = [one for one in WRITTEN if "Fn::If" not in one]
OPTIONAL = {one["Fn::If"][0]: one["Fn::If"][1] for one in WRITTEN if "Fn::If" in one}
"""By the condition that puts the statement into the policy."""

TEMPLATE = json.loads(Path(".chalice/resources.json").read_text())
PRESENT, AGE = "aws:MultiFactorAuthPresent", "aws:MultiFactorAuthAge"
ROUTES = sorted((method, path) for path, methods in app.routes.items() for method in methods)
UNDER_MFA = [(method, path) for method, path in ROUTES if path.startswith("/mfa/")]


def open_to(method: str, path: str, proven: dict[str, str]) -> bool:
    """As API Gateway decides for a caller of the account: a denial wins, and without an allowance nothing opens."""
    effects = {one["Effect"] for one in STATEMENTS if _matches(one, f"execute-api:/api/{method}{path}", proven)}
    return effects == {"Allow"}


def _matches(statement: dict[str, Any], resource: str, proven: dict[str, str]) -> bool:
    listed = statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
    return any(fnmatchcase(resource, one) for one in listed) and _met(statement.get("Condition", {}), proven)


def _met(condition: dict[str, dict[str, Any]], proven: dict[str, str]) -> bool:
    if wanted := condition.get("BoolIfExists"):
        return bool(proven.get(PRESENT, wanted[PRESENT]) == wanted[PRESENT])
    if wanted := condition.get("NumericGreaterThanIfExists"):
        return AGE not in proven or int(proven[AGE]) > int(wanted[AGE])
    return condition in ({}, {"StringEquals": {"aws:PrincipalAccount": {"Ref": "AWS::AccountId"}}})


@pytest.mark.parametrize(("method", "path"), UNDER_MFA)
def test_a_route_under_mfa_is_open_to_recent_mfa_and_to_nothing_else(method: str, path: str) -> None:
    assert open_to(method, path, {PRESENT: "true", AGE: "3600"})
    assert not open_to(method, path, {})
    assert not open_to(method, path, {PRESENT: "false"})
    assert not open_to(method, path, {PRESENT: "true"})
    assert not open_to(method, path, {PRESENT: "true", AGE: "3601"})


@pytest.mark.parametrize(("method", "path"), [route for route in ROUTES if route not in UNDER_MFA])
def test_every_other_route_is_open_without_mfa(method: str, path: str) -> None:
    assert open_to(method, path, {})
    assert open_to(method, path.replace("{name}", "mfa").replace("{role_id}", "mfa"), {})


@pytest.mark.parametrize(
    "path", ["/%6Dfa/v1/roles", "//mfa/v1/roles", "/MFA/v1/roles", "/api/mfa/v1/roles", "/x/v1/roles"]
)
def test_another_spelling_is_open_to_no_one(path: str) -> None:
    assert not open_to("GET", path, {PRESENT: "true", AGE: "60"})


def test_a_private_api_answers_through_the_named_endpoints_only() -> None:
    """Deny stands above every allowance, so the public routes and Slack's are closed as well."""
    statement = OPTIONAL["IsPrivate"]
    assert (statement["Effect"], statement["Principal"], statement["Resource"]) == ("Deny", "*", "execute-api:/*")
    ids = {"Fn::Split": [",", {"Ref": "VpcEndpointIds"}]}
    assert statement["Condition"] == {"StringNotEquals": {"aws:SourceVpce": ids}}


def test_members_of_an_organisation_are_let_in_by_its_id_alone_and_to_what_the_account_is_let_in_to() -> None:
    """The id is of the principal: callers without an account, of AWS's services and of other organisations have none.

    The denials, MFA's and the private API's, are for every principal.
    """
    statement = OPTIONAL["LetsMembersCall"]
    account = next(one for one in STATEMENTS if "PrincipalAccount" in json.dumps(one.get("Condition", {})))
    wanted = {"StringEquals": {"aws:PrincipalOrgID": {"Ref": "CallersOrganization"}}}
    assert statement | {"Sid": account["Sid"], "Condition": account["Condition"]} == account
    assert statement["Condition"] == wanted
    assert all(one["Principal"] == "*" for one in STATEMENTS if one["Effect"] == "Deny")
    parameter = TEMPLATE["Parameters"]["CallersOrganization"]
    assert (parameter["Default"], TEMPLATE["Conditions"]["LetsMembersCall"]) == (
        "",
        {"Fn::Not": [{"Fn::Equals": [{"Ref": "CallersOrganization"}, ""]}]},
    )
    fits = re.compile(parameter["AllowedPattern"]).fullmatch
    assert [bool(fits(one)) for one in ("", "o-a1b2c3d4e5", "*", "o-*", "o-a1b2c3d4e5,*", "123456789012")] == [
        True, True, False, False, False, False
    ]  # fmt: skip


def test_what_an_option_adds_is_left_out_by_default() -> None:
    assert all(one["Fn::If"][2] == {"Ref": "AWS::NoValue"} for one in WRITTEN if "Fn::If" in one)
