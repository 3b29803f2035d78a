"""Why not: which rule is nearest, what it misses, and what it never tells."""

from __future__ import annotations

import pytest

from chalicelib.access.domain.nearest import Near, nearest
from tests.unit.access.domain.asking import TAKE, ask, caller, role, rules
from tests.wording import names


def near(*policies: str, **more: object) -> Near:
    """The nearest of these rules to alice, who has no group and no tag and gives no reason."""
    found = nearest(rules(*policies), ask(caller(), role(team="web"), **more))
    assert found
    return found


def missing(scope: str = "principal", what: str = "resource", conditions: str = "") -> tuple[str, ...]:
    """What one rule misses, in words."""
    return near(f'@id("x") permit ({scope}, {TAKE}, {what}) {conditions};').missing


@pytest.mark.parametrize(
    "other",
    [
        f'@id("x") forbid (principal in Broker::Group::"x", {TAKE}, resource);',
        '@id("x") permit (principal in Broker::Group::"x", action == Broker::Action::"Revoke", resource);',
        '@id("x") forbid (principal in Broker::Group::"x", action, resource);',
    ],
)
def test_only_a_permit_that_speaks_of_the_action_is_near(other: str) -> None:
    assert nearest(rules(other), ask()) is None


def test_a_permit_for_every_action_speaks_of_each() -> None:
    assert near('@id("x") permit (principal in Broker::Group::"x", action, resource);').policy == "x"


def test_a_rule_that_misses_nothing_is_not_near() -> None:
    """A forbid keeps the caller out: no permit could mend that."""
    everybody = f'@id("x") permit (principal, {TAKE}, resource);'
    assert nearest(rules(everybody), ask()) is None


@pytest.mark.parametrize(
    "about",
    [
        'resource == Broker::Role::"other");',
        'resource in Broker::Role::"other");',
        'resource) when { resource.name == "other" };',
        'resource) when { ["other"].contains(resource.name) };',
        'resource) when { [resource, Broker::Role::"other"].contains(principal) };',
        'resource) when { [[Broker::Role::"other"]].contains([resource]) };',
        'resource) unless { resource.name != "other" };',
        'resource) when { resource.name == "other" && context.reason_given };',
        'resource == Broker::Role::"other") when { context.reason_given };',
    ],
)
def test_a_rule_that_fails_for_naming_other_roles_is_never_near(about: str) -> None:
    assert nearest(rules(f'@id("x") permit (principal, {TAKE}, {about}'), ask()) is None


def test_a_rule_about_the_callers_own_name_is_near() -> None:
    assert missing(conditions='when { principal.name == "bob" }') == ('principal.name == "bob"',)


@pytest.mark.parametrize(
    "about_role", ["resource is Broker::System", 'resource) when { resource.getTag("team") == "x" ']
)
def test_what_the_role_misses_counts_before_how_much_is_missing(about_role: str) -> None:
    """The caller can do something about the reason and the group, and nothing about the role."""
    of_role = f'@id("a") permit (principal, {TAKE}, {about_role}' + (" };" if "{" in about_role else ");")
    mendable = f'@id("b") permit (principal in Broker::Group::"x", {TAKE}, resource) when {{ context.reason_given }};'
    assert near(of_role, mendable).policy == "b"
    assert near(of_role).by_role == 1
    assert near(mendable).by_role == 0


@pytest.mark.parametrize(
    "condition",
    ['principal.getTag("team") == resource.getTag("team")', 'context.session_tags.contains(resource.getTag("team"))'],
)
def test_a_condition_on_the_role_and_something_else_is_not_about_the_role_alone(condition: str) -> None:
    assert near(f'@id("x") permit (principal, {TAKE}, resource) when {{ {condition} }};').by_role == 0


def test_of_rules_that_miss_as_much_the_first_by_name_is_nearest() -> None:
    texts = [f'@id("{name}") permit (principal in Broker::Group::"{name}", {TAKE}, resource);' for name in "ba"]
    assert near(*texts).policy == "a"


@pytest.mark.parametrize(
    ("scope", "named", "not_named"),
    [
        ('principal in Broker::Group::"ops"', "in Group ops", "Broker"),
        ('principal == Broker::User::"bob"', "User bob", "in User"),
        ("principal is Broker::RoleSession", "RoleSession", "any"),
        ('principal is Broker::RoleSession in Broker::Group::"ops"', "in Group ops", "any"),
    ],
)
def test_the_scope_is_told_by_type_and_name(scope: str, named: str, not_named: str) -> None:
    [words] = missing(scope)
    assert names(words, named)
    assert not names(words, not_named)


def test_each_part_of_a_when_is_told_alone_and_an_unless_as_a_whole() -> None:
    when = 'when { context.reason_given && principal.hasTag("a") && resource.hasTag("team") }'
    assert missing(conditions=when) == ("context.reason_given", 'principal.hasTag("a")')
    [told] = missing(conditions='unless { resource.hasTag("team") && !context.reason_given }')
    assert names(told, 'resource.hasTag("team")', "context.reason_given")


def test_a_part_that_cannot_be_evaluated_is_missing() -> None:
    assert missing(conditions='when { principal.getTag("team") == "x" }') == ('principal.getTag("team") == "x"',)
