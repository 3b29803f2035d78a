"""The term `@mfa`: it opens for asks whose second factor API Gateway saw, and it is the last thing asked for."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.access.domain.admission import admit
from chalicelib.access.domain.rule_files import load_rules
from chalicelib.access.domain.rules import AccessRules, Ask
from chalicelib.access.domain.terms import terms_from_annotations, unmet
from chalicelib.core.domain.errors import ApprovalRequired, MfaRequired, ReasonRequired
from tests.fakes.core import ALICE, EC2, NOW, origin

ACTIONS = (
    "TakeCredentials", "OpenConsole", "RequestAccess", "BreakGlass", "Approve", "ReviewBreakGlass", "Revoke",
    "Provision", "AskForOthers", "ReadAudit", "ExplainOthers",
)  # fmt: skip
ASK = Ask("TakeCredentials", ALICE, EC2, NOW)
PROVEN = replace(ASK, mfa=True)


def rules(*policies: str) -> AccessRules:
    seen = '@id("seen") permit (principal, action == Broker::Action::"SeeRole", resource);'
    return load_rules({"a.cedar": "\n".join((seen, *policies))})


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("term", ["required", "15m"])
def test_a_permit_with_mfa_opens_under_mfa_only(action: str, term: str) -> None:
    asks = rules(f'@id("x") @mfa("{term}") permit (principal, action == Broker::Action::"{action}", resource);')
    with pytest.raises(MfaRequired) as refused:
        admit(asks, ASK.on(action))
    assert refused.value.policies == ("x",)
    assert admit(asks, PROVEN.on(action)).door.policy == "x"


def test_the_terms_are_told_in_order_and_mfa_last() -> None:
    terms = terms_from_annotations(
        {"approvals": "1", "reason": "required", "max_duration": "15m", "mfa": "15m", "id": "x"}
    )
    asked = replace(ASK, duration_given=True)
    assert list(unmet(terms, asked, approved=False)) == ["approvals", "reason", "max_duration", "mfa"]
    assert list(unmet(terms, asked, approved=True)) == ["reason", "max_duration", "mfa"]
    met = replace(asked, reason_given=True, duration_seconds=900, mfa=True)
    assert list(unmet(terms, met, approved=True)) == []


def test_no_code_is_asked_for_where_the_ask_would_be_refused_anyhow() -> None:
    taking = 'permit (principal, action == Broker::Action::"TakeCredentials", resource);'
    with pytest.raises(ReasonRequired):
        admit(rules(f'@id("x") @mfa("required") @reason("required") {taking}'), ASK)
    with pytest.raises(ApprovalRequired):
        admit(rules(f'@id("x") @mfa("required") @approvals("1") {taking}'), ASK)


def test_a_door_without_mfa_is_easier_than_one_with_it() -> None:
    taking = 'permit (principal, action == Broker::Action::"TakeCredentials", resource);'
    both = rules(f'@id("a") @mfa("required") {taking}', f'@id("b") @reason("required") {taking}')
    assert admit(both, replace(PROVEN, reason_given=True)).door.policy == "b"
    assert admit(both, PROVEN).door.policy == "a"


def test_the_age_is_read_as_a_time() -> None:
    assert terms_from_annotations({"mfa": "15m"}).mfa_age == timedelta(minutes=15)
    assert terms_from_annotations({"mfa": "required"}).mfa_age is None
    with pytest.raises(ValueError, match='"required" or a time'):
        terms_from_annotations({"mfa": "yes"})
    with pytest.raises(ValueError, match=r'@max_duration: (?!"required")'):
        terms_from_annotations({"max_duration": "required"})


def test_conditions_see_the_proof_and_the_way_in() -> None:
    proven = '@id("x") permit (principal, action, resource) when { context.mfa && context.via == "slack" };'
    asked = Ask.of("Approve", replace(origin(), mfa=True, via="slack"), EC2, NOW)
    assert admit(rules(proven), asked).door.policy == "x"
