"""What the broker reads from a policy: whom it is about, and what of the context its conditions ask for."""

import json

import cedarpy
import pytest

from chalicelib.access.domain.policies import WHOLE_CONTEXT, Policy, policy_from_json


def policy(text: str) -> Policy:
    [document] = json.loads(cedarpy.policies_to_json_str(f'@id("p") {text}'))["staticPolicies"].values()
    return policy_from_json(document)


@pytest.mark.parametrize(
    ("condition", "read"),
    [
        ('when { resource.hasTag("at") }', set()),
        ("when { context.reason_given }", {"reason_given"}),
        ('when { context["reason_given"] }', {"reason_given"}),
        ("when { context has at.time }", {"at"}),
        (
            'unless { context.at.toTime() < duration("1h") || context.duration_seconds > 900 }',
            {"at", "duration_seconds"},
        ),
        ('when { ["ticket"].containsAll(context.session_tags) }', {"session_tags"}),
        ('when { {"a": [context.reason_given]}.a.contains(true) }', {"reason_given"}),
        ('when { if true then true else context.source_ip.isInRange(ip("10.0.0.0/8")) }', {"source_ip"}),
        ("when { true } unless { !context.session_policy_given }", {"session_policy_given"}),
        ("when { context == {} && context.reason_given }", {"reason_given", *WHOLE_CONTEXT}),
        ("when { {all: context}.all has at }", {*WHOLE_CONTEXT}),
        ("when { [context].contains({}) }", {*WHOLE_CONTEXT}),
        ('when { {".": context.at, "left": context.reason_given} has at }', {"at", "reason_given"}),
        ('when { principal.name == "context" }', set()),
    ],
)
def test_what_conditions_read_of_the_context(condition: str, read: set[str]) -> None:
    assert policy(f"permit (principal, action, resource) {condition};").reads() == read


@pytest.mark.parametrize(
    ("principal", "group"),
    [
        ("principal", None),
        ('principal in Broker::Group::"ops"', "ops"),
        ('principal is Broker::User in Broker::Group::"ops"', None),
        ('principal == Broker::User::"ops"', None),
        ('principal in Broker::User::"ops"', None),
    ],
)
def test_a_scope_that_names_a_group_is_for_its_members_only(principal: str, group: str | None) -> None:
    assert policy(f"permit ({principal}, action, resource);").group == group
