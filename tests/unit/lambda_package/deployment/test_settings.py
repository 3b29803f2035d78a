"""Values of parameters, and the new deployment of the API that some of them need."""

from __future__ import annotations

from typing import Any

from lambda_package.deployment.settings import values_of, with_a_deployment_for

POLICY = {"Statement": [{"Fn::If": ["IsPrivate", {"ids": {"Fn::Split": [",", {"Ref": "VpcEndpointIds"}]}}, {}]}]}
TEMPLATE: dict[str, Any] = {
    "Parameters": {"VpcEndpointIds": {"Default": ""}, "SlackChannel": {"Default": ""}},
    "Resources": {
        "RestAPI": {
            "Properties": {"DefinitionBody": {"info": {"title": "broker"}, "x-amazon-apigateway-policy": POLICY}}
        }
    },
}


def description(**values: str) -> str:
    made = with_a_deployment_for(TEMPLATE, values)
    return str(made["Resources"]["RestAPI"]["Properties"]["DefinitionBody"]["info"].get("description", ""))


def test_a_value_in_the_resource_policy_changes_the_text_of_the_api() -> None:
    first, second = description(VpcEndpointIds="vpce-1"), description(VpcEndpointIds="vpce-2")
    assert len({"", first, second}) == 3
    assert description(VpcEndpointIds="vpce-1") == first


def test_other_values_and_an_empty_one_leave_it_alone() -> None:
    assert description(VpcEndpointIds="", SlackChannel="C0123ABC") == ""
    assert with_a_deployment_for(TEMPLATE, {}) == TEMPLATE


def test_a_value_that_is_given_comes_before_the_stacks_and_that_before_the_default() -> None:
    stack = {"Parameters": [{"ParameterKey": "SlackChannel", "ParameterValue": "COLD"}]}
    assert values_of(TEMPLATE, stack, {}) == {"SlackChannel": "COLD", "VpcEndpointIds": ""}
    assert values_of(TEMPLATE, stack, {"SlackChannel": "CNEW"})["SlackChannel"] == "CNEW"
    assert values_of(TEMPLATE, None, {})["SlackChannel"] == ""
