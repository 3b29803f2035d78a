"""Escalation paths: each refused by its name, in every form a policy can take."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.domain.iam_patterns import matches
from chalicelib.provisioning.domain.escalation import load_paths
from chalicelib.provisioning.domain.templates import UnsafeTemplate
from tests.wording import names

FILE = Path("policies/escalation.json")
PATHS = load_paths(FILE.read_text())
REFUSED = [path for path in PATHS.paths if not path.tolerated]


def document(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(*actions: str, resource: str = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource, **more}


def questioned(action: str) -> str:
    """The same action with `?` for its last letter."""
    return action[:-1] + "?"


def shortened(action: str) -> str:
    """A wildcard that still covers the action."""
    return action[: action.index(":") + 4] + "*"


def odd_case(action: str) -> str:
    return "".join(letter.upper() if place % 2 else letter for place, letter in enumerate(action))


def not_action(actions: tuple[str, ...]) -> dict[str, Any]:
    assert not any(action.startswith("s3:") for action in actions)
    return {"Effect": "Allow", "NotAction": ["s3:*", "sqs:Send?essage"], "Resource": "*"}


def fields(documents: dict[str, dict[str, Any]]) -> str:
    with pytest.raises(UnsafeTemplate) as refused:
        PATHS.check(documents)
    return " ".join(refused.value.fields.values())


@pytest.mark.parametrize("path", REFUSED, ids=lambda path: path.name)
@pytest.mark.parametrize(
    "statement",
    [
        lambda path: allow(*path.actions),
        lambda path: allow(*map(shortened, path.actions)),
        lambda path: allow(*map(questioned, path.actions)),
        lambda path: allow(*map(odd_case, path.actions)),
        lambda path: allow(*path.actions, Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}}),
        lambda path: not_action(path.actions),
        lambda _path: allow("*"),
        lambda path: {"Effect": "Allow", "Action": list(path.actions), "NotResource": "arn:aws:s3:::bucket"},
    ],
    ids=["plain", "wildcard", "question-mark", "letter-case", "conditional", "NotAction", "everything", "NotResource"],
)
def test_every_path_is_refused_by_name_in_an_inline_policy(path, statement) -> None:
    assert path.name in fields({"inline_policy": document(statement(path))})


@pytest.mark.parametrize("path", REFUSED, ids=lambda path: path.name)
def test_every_path_is_refused_by_name_in_a_managed_policy(path) -> None:
    said = fields({"arn:aws:iam::123456789012:policy/ours": document(allow(*path.actions))})
    assert names(said, path.name, "arn:aws:iam::123456789012:policy/ours", "statement 1")


@pytest.mark.parametrize("path", [path for path in REFUSED if len(path.actions) > 1], ids=lambda path: path.name)
def test_actions_spread_over_several_policies_are_counted_together(path) -> None:
    spread = {f"policy-{number}": document(allow(action)) for number, action in enumerate(path.actions)}
    assert path.name in fields(spread)


@pytest.mark.parametrize("path", [path for path in REFUSED if len(path.actions) > 1], ids=lambda path: path.name)
def test_a_path_is_not_open_while_one_of_its_actions_is_missing(path) -> None:
    part = document(allow(*path.actions[1:]))
    assert path.name not in {one.path.name for one in PATHS.opened({"inline_policy": part})}


@pytest.mark.parametrize("path", REFUSED, ids=lambda path: path.name)
def test_a_deny_everywhere_closes_a_path(path) -> None:
    denied = document(allow(*path.actions), {"Effect": "Deny", "Action": path.actions[0], "Resource": "*"})
    assert path.name not in {one.path.name for one in PATHS.opened({"inline_policy": denied})}


def test_a_deny_with_a_condition_or_for_some_resources_closes_nothing() -> None:
    some = {"Effect": "Deny", "Action": "iam:*", "Resource": "arn:aws:iam::123456789012:role/one"}
    conditional = {"Effect": "Deny", "Action": "iam:*", "Resource": "*", "Condition": {"Bool": {"a:b": "true"}}}
    assert "PutRolePolicy" in fields({"inline_policy": document(allow("iam:PutRolePolicy"), some, conditional)})


def test_the_refusal_names_the_statement_and_the_pattern_at_fault() -> None:
    harmless, guilty = allow("s3:GetObject"), allow("iam:Put*", Sid="Convenient")
    with pytest.raises(UnsafeTemplate) as refused:
        PATHS.check({"inline_policy": document(harmless, guilty)})
    assert names(str(refused.value), "PutUserPolicy", "inline_policy", "Convenient", "iam:putuserpolicy", "iam:Put*")
    assert list(refused.value.fields) == ["inline_policy"]


def test_passing_or_assuming_roles_that_are_spelled_out_is_no_path() -> None:
    one = allow("iam:PassRole", "sts:AssumeRole", resource="arn:aws:iam::123456789012:role/app")
    assert PATHS.check({"inline_policy": document(one)}) == ()
    assert "PassAnyRole" in fields({"i": document(allow("iam:PassRole", resource="arn:aws:iam::123456789012:role/*"))})
    assert "AssumeAnyRole" in fields({"i": document(allow("sts:AssumeRole", resource="arn:aws:iam::*:role/${a:b}"))})


@pytest.mark.parametrize("name", sorted(json.loads(FILE.read_text())["refused_managed_policies"]))
@pytest.mark.parametrize("prefix", ["", "arn:aws:iam::aws:policy/", "arn:aws-cn:iam::aws:policy/"])
def test_administrative_policies_are_refused_by_their_very_name(name, prefix) -> None:
    assert "never given" in fields({prefix + name: document(allow("s3:GetObject"))})


def test_tolerated_paths_are_warned_of_with_the_reason() -> None:
    (warning,) = PATHS.check(
        {"inline_policy": document(allow("ec2:ModifyInstanceAttribute", "ec2:StopInstances", "ec2:StartInstances"))}
    )
    assert names(warning, "ModifyEC2InstanceUserDataThenRestart", "AmazonEC2FullAccess")


@pytest.mark.parametrize("action", ["ec2:*", "s3:Get*", "dynamodb:*", "logs:*", "cloudwatch:*", "autoscaling:*"])
def test_ordinary_services_are_not_refused(action) -> None:
    PATHS.check({"inline_policy": document(allow(action))})


def test_element_names_in_odd_case_hide_nothing() -> None:
    hidden = {"version": "2012-10-17", "STATEMENT": {"effect": "allow", "ACTION": "IAM:PUTROLEPOLICY", "resource": "*"}}
    assert "PutRolePolicy" in fields({"inline_policy": hidden})


def test_every_entry_says_where_it_comes_from_and_every_tolerance_why() -> None:
    listed = json.loads(FILE.read_text())
    names = [path.name for path in PATHS.paths]
    assert len(names) == len(set(names))
    assert all(path.see.startswith("https://") and path.actions for path in PATHS.paths)
    assert set(listed["tolerated"]) <= set(names)
    assert listed["source"]["library"] == "cloudsplaining"


@given(st.text(alphabet="abcXYZ:*?[]-", max_size=12))
def test_an_action_without_patterns_matches_itself_in_any_letter_case(text) -> None:
    literal = text.replace("*", "").replace("?", "")
    assert matches(literal, literal.swapcase())
    assert matches(literal + "*", literal + "anything")
    assert matches("*", literal)
    assert not matches(literal, literal + "x")
    assert matches(literal + "?", literal + "x")
