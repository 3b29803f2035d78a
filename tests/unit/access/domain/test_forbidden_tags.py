"""Session tags that a rule forbids: each key is named, and the keys that may be given."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from chalicelib.access.domain.admission import admit
from chalicelib.access.domain.rule_files import load_rules
from chalicelib.access.domain.rules import Ask
from chalicelib.core.domain.callers import Caller
from chalicelib.core.domain.errors import Refused
from chalicelib.core.domain.roles import Role
from tests.wording import names

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ALICE = Caller("user", "alice", "arn:aws:iam::123456789012:user/alice", "123456789012", "AIDA1")
EC2 = Role("ec2", "arn:aws:iam::123456789012:role/access-broker/ec2")
TAKE = 'action == Broker::Action::"TakeCredentials"'
ALL = '@id("all") permit (principal, action, resource);'
LISTED = f"""@id("listed") forbid (principal, {TAKE}, resource)
    unless {{ ["ticket", "purpose"].containsAll(context.session_tags) }};"""
ONE = f'@id("one") forbid (principal, {TAKE}, resource) when {{ context.session_tags.contains("team") }};'
NIGHT = f'@id("night") forbid (principal, {TAKE}, resource) when {{ context.duration_seconds > 1 }};'


def refusal(*policies: str, tags: tuple[str, ...]) -> Refused:
    rules = load_rules({f"{number}.cedar": text for number, text in enumerate((ALL, *policies))})
    with pytest.raises(Refused) as refused:
        admit(rules, Ask("TakeCredentials", ALICE, EC2, NOW, session_tags=tags))
    return refused.value


def test_the_forbidden_keys_and_the_allowed_ones_are_named() -> None:
    refused = refusal(LISTED, tags=("cost", "team", "ticket"))
    assert refused.fields == {
        "tags.cost": "allowed keys: purpose, ticket",
        "tags.team": "allowed keys: purpose, ticket",
    }
    assert names(refused.detail, "listed", "cost", "team", "purpose", "ticket")


def test_keys_that_two_rules_allow_are_those_in_both_lists() -> None:
    other = LISTED.replace("listed", "other").replace('"purpose"', '"owner"')
    assert refusal(LISTED, other, tags=("team",)).fields == {"tags.team": "allowed keys: ticket"}


def test_where_a_rule_has_no_list_it_is_named_instead() -> None:
    assert refusal(ONE, tags=("team", "x")).fields == {"tags.team": "not allowed by one"}


def test_a_rule_that_forbids_without_tags_as_well_blames_no_tag() -> None:
    refused = refusal(LISTED, NIGHT, tags=("team",))
    assert (refused.fields, refused.policies) == ({}, ("listed", "night"))
