"""What access rules see of the caller, the role, the deployment and the request."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.access.domain.cedar_documents import request_document
from chalicelib.access.domain.policies import WHOLE_CONTEXT
from chalicelib.access.domain.rule_files import load_rules
from chalicelib.core.domain.callers import Caller
from chalicelib.core.domain.roles import WHOLE_BROKER, Role
from tests.unit.access.domain.asking import NOW, ask, caller, rules
from tests.wording import naming

CALLER = Caller(
    "user", "alice", "arn:aws:iam::123456789012:user/alice", "123456789012", "AIDA1", ("staff",), {"a": "b"}
)
SESSION = replace(CALLER, kind="role", name="ci/run-1", unique_id="AROA1:run-1")
ROLE = Role("ec2", "arn:aws:iam::210987654321:role/access-broker/ec2", tags={"c": "d"})


def opens(condition: str, who: Caller = CALLER, what: Role = ROLE, scope: str = "principal", **more: object) -> bool:
    text = f'@id("x") permit ({scope}, action, resource) when {{ {condition} }};'
    return bool(load_rules({"a.cedar": text}).evaluate(ask(who, what, **more)).doors)


@pytest.mark.parametrize(
    ("held", "not_held"),
    [
        ('principal.name == "alice"', 'principal.name == "bob"'),
        ('principal.id == "AIDA1"', 'principal.id == "AIDA2"'),
        ('principal.account == "123456789012"', 'principal.account == "1"'),
        ('principal.getTag("a") == "b"', 'principal.hasTag("c")'),
        ('principal in Broker::Group::"staff"', 'principal in Broker::Group::"ops"'),
        ("principal is Broker::User", "principal is Broker::RoleSession"),
        ('principal == Broker::User::"alice"', 'principal == Broker::User::"bob"'),
        ('resource.name == "ec2"', 'resource.name == "s3"'),
        ('resource.account == "210987654321"', 'resource.account == "1"'),
        ('resource.path == "/access-broker/"', 'resource.path == "/"'),
        ('resource.tier == "workload"', 'resource.tier == "deployer"'),
        ('resource.getTag("c") == "d"', 'resource.hasTag("a")'),
        ('resource == Broker::Role::"ec2"', 'resource == Broker::Role::"s3"'),
    ],
)
def test_rules_see_the_caller_and_the_role(held: str, not_held: str) -> None:
    assert opens(held)
    assert not opens(not_held)


def test_a_role_session_is_no_user() -> None:
    assert opens('principal == Broker::RoleSession::"ci/run-1"', SESSION)
    assert not opens("principal is Broker::User", SESSION)


def test_the_deployment_is_no_role() -> None:
    assert opens('resource == Broker::System::"access-broker"', what=WHOLE_BROKER)
    assert not opens("resource is Broker::Role", what=WHOLE_BROKER)


@pytest.mark.parametrize(
    ("condition", "given"),
    [
        ("context.reason_given", {"reason_given": True}),
        ("context.session_policy_given", {"session_policy_given": True}),
        ('context.session_tags.contains("team")', {"session_tags": ("team",)}),
        ("context.duration_seconds == 901", {"duration_seconds": 901}),
        ('context.source_ip == ip("203.0.113.7")', {"source_ip": "203.0.113.7"}),
    ],
)
def test_rules_see_what_is_asked(condition: str, given: dict[str, Any]) -> None:
    assert opens(condition, **given)
    assert not opens(condition)


def test_rules_see_the_time() -> None:
    assert opens(f'context.at == datetime("{NOW:%Y-%m-%dT%H:%M:%S.000Z}")')


def test_a_request_without_an_address_comes_from_no_network() -> None:
    assert opens('context.source_ip == ip("0.0.0.0/32")')


def test_cedar_gets_what_rules_read_and_no_more() -> None:
    """It takes longer to read a time or an address than to evaluate most rules."""
    sent = {read: json.loads(request_document(ask(), frozenset(read))["context"]) for read in [("at",), ()]}
    assert {read: set(context) for read, context in sent.items()} == {("at",): {"at"}, (): set()}
    assert {"at", "source_ip", "reason_given"} < set(json.loads(request_document(ask(), WHOLE_CONTEXT)["context"]))


def test_a_caller_whom_cedar_cannot_read_is_refused() -> None:
    everybody = '@id("all") permit (principal, action, resource);'
    verdict = rules(everybody).evaluate(ask(caller("alice", team="\ud800")))  # half a character
    assert (verdict.doors, len(verdict.errors)) == ((), 1)


def test_a_template_is_no_rule() -> None:
    with pytest.raises(ValueError, match=naming("a.cedar", "?principal")):
        load_rules({"a.cedar": '@id("x") permit (principal == ?principal, action, resource);'})


def test_a_caller_who_changed_is_seen_as_they_are_now() -> None:
    """Entities are kept by the caller's id and the role's name; a change in either makes them anew."""
    deciding = load_rules({"a.cedar": '@id("x") permit (principal in Broker::Group::"ops", action, resource);'})
    assert not deciding.evaluate(ask(CALLER, ROLE)).doors
    assert deciding.evaluate(ask(replace(CALLER, groups=("ops",)), ROLE)).doors
    assert not deciding.evaluate(ask(CALLER, ROLE)).doors
