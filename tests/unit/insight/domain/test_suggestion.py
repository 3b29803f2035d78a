"""Suggestions: what was used is allowed, nothing that the role does not allow, and all that is left out is told."""

from __future__ import annotations

from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.insight.domain.suggestion import Suggestion, suggest, template
from chalicelib.insight.domain.usage import (
    MOST_RESOURCES,
    AccessedAction,
    AccessedService,
    ActionUse,
    LastAccessed,
)

ARN = "arn:aws:dynamodb:us-east-1:123456789012:table/t"
AT, SINCE = "2026-11-23T12:00:00.000Z", "2026-11-01T00:00:00.000Z"
NOT_READ = LastAccessed("not_read")


def use(name: str, *resources: str, count: int = 1, denied: int = 0, allowed: Any = "everywhere") -> ActionUse:
    service, _, action = name.partition(":")
    return ActionUse(service, action, count, denied, AT if count else None, resources, bool(resources), allowed)


def actions(found: Suggestion) -> set[str]:
    return {action for one in found.policy["Statement"] for action in one["Action"]}


def iam_saw(service: str, *names: str, at: str = AT, allowed: Any = "everywhere") -> LastAccessed:
    tracked = tuple(AccessedAction(service, name, at, allowed) for name in names)
    return LastAccessed("complete", services=(AccessedService(service, at, tracked), AccessedService("sqs", None)))


VERDICTS = st.sampled_from(["everywhere", "conditional", "no", None])
USES = st.dictionaries(st.sampled_from(["ec2:DescribeVpcs", "ec2:RunInstances", "s3:GetObject"]), VERDICTS)


@given(USES, VERDICTS)
def test_it_never_widens(allowed: dict[str, Any], of_tracked: Any) -> None:
    accessed = iam_saw("ec2", "DescribeVpcs", "StopInstances", allowed=of_tracked)
    uses = [use(name, allowed=verdict) for name, verdict in allowed.items()]
    found = suggest(uses, (), accessed, SINCE)
    tracked = {name: of_tracked for name in ("ec2:DescribeVpcs", "ec2:StopInstances") if name not in allowed}
    every = {**allowed, **tracked}
    assert actions(found) == {name for name, verdict in every.items() if verdict == "everywhere"}
    assert actions(found) | found.left_out.keys() == every.keys()


def test_an_action_that_only_iam_saw_is_kept_with_its_source() -> None:
    found = suggest([], (), iam_saw("ec2", "StopInstances"), SINCE)
    assert (actions(found), "as IAM tracks it" in found.reasons[0]) == ({"ec2:StopInstances"}, True)


def test_what_iam_saw_before_the_time_asked_about_is_unused() -> None:
    found = suggest([], (), iam_saw("ec2", "StopInstances", at="2026-10-31T23:59:59.000Z"), SINCE)
    assert (found.policy["Statement"], found.left_out) == ([], {})


def test_a_service_whose_calls_are_not_known_is_told() -> None:
    assert list(suggest([], (), iam_saw("s3"), SINCE).left_out) == ["s3:*"]
    assert suggest([use("s3:ListAllMyBuckets")], (), iam_saw("s3"), SINCE).left_out == {}


def test_denied_calls_are_apart() -> None:
    found = suggest([use("ec2:RunInstances", count=0, denied=1)], (), NOT_READ, SINCE)
    assert (found.policy["Statement"], found.denied) == ([], {"ec2:RunInstances": 1})


def test_resources_are_narrowed_where_every_call_names_them() -> None:
    found = suggest([use("dynamodb:GetItem", ARN), use("dynamodb:ListTables")], (), NOT_READ, SINCE)
    assert [(one["Action"], one["Resource"]) for one in found.policy["Statement"]] == [
        (["dynamodb:GetItem"], [ARN]), (["dynamodb:ListTables"], ["*"])
    ]  # fmt: skip
    many = use("dynamodb:GetItem", *(f"{ARN}{number}" for number in range(MOST_RESOURCES + 1)))
    [wide] = suggest([many], (), NOT_READ, SINCE).policy["Statement"]
    assert wide["Resource"] == ["*"]


def test_the_template_is_the_roles_own_with_a_reason_for_each_statement() -> None:
    found = suggest([use("ec2:DescribeVpcs")], ("ec2:Evil\nname: other",), NOT_READ, SINCE)
    text = template({"name": "wide", "managed_policies": ["X"], "tags": {"a": "012"}}, found, "2026-11-01")
    assert yaml.safe_load(text) == {
        "name": "wide", "tags": {"a": "012"}, "managed_policies": [], "inline_policy": found.policy
    }  # fmt: skip
    assert "# ec2:DescribeVpcs: 1 call, last 2026-11-23" in text
