"""Trust policies: who is trusted on which conditions, and what is refused by name."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.provisioning.domain.templates import Trust, UnsafeTemplate
from chalicelib.provisioning.domain.trust import TrustParties, not_switchable_because, trust_policy
from chalicelib.provisioning.domain.trust_exceptions import EXCEPTIONS
from tests.wording import names, naming

ACCOUNT = "123456789012"
BROKER = f"arn:aws:iam::{ACCOUNT}:role/access-broker-dev-APIHandler"
PARTIES = TrustParties(BROKER, "external-id-of-this-role", {"bob": f"arn:aws:iam::{ACCOUNT}:user/people/bob"})
ALLOW = {"Effect": "Allow", "Action": "sts:AssumeRole"}
BOB = {"AWS": f"arn:aws:iam::{ACCOUNT}:user/people/bob"}


def statements(trust: Trust) -> list[dict[str, Any]]:
    document = trust_policy(trust, PARTIES)
    assert document["Version"] == "2012-10-17"
    found: list[dict[str, Any]] = document["Statement"]
    return found


def test_the_broker_must_show_the_external_id_and_name_the_caller() -> None:
    session, stamp = statements(Trust())
    assert session == {
        "Sid": "ThroughTheBroker",
        "Effect": "Allow",
        "Principal": {"AWS": BROKER},
        "Action": ["sts:AssumeRole"],
        "Condition": {
            "StringEquals": {"sts:ExternalId": "external-id-of-this-role"},
            "StringLike": {"sts:SourceIdentity": "*"},
        },
    }
    assert stamp["Principal"] == {"AWS": BROKER}
    assert stamp["Action"] == ["sts:SetSourceIdentity", "sts:TagSession"]


def test_named_callers_are_the_only_source_identities() -> None:
    session, _ = statements(Trust(callers=("zoe", "x", "ci/deploy")))
    assert session["Condition"]["StringEquals"]["sts:SourceIdentity"] == ["role=ci,deploy", "user=x", "zoe"]
    assert "StringLike" not in session["Condition"]


def test_direct_users_are_trusted_by_their_current_arn_and_need_no_source_identity() -> None:
    *_, direct = statements(Trust(direct_users=("bob",)))
    assert direct == {"Sid": "DirectlyByTheseUsers", **ALLOW, "Principal": {"AWS": [BOB["AWS"]]},
                      "Action": ["sts:AssumeRole"]}  # fmt: skip


def test_conditions_of_direct_users() -> None:
    trust = Trust(
        through_broker=False,
        direct_users=("bob",),
        source_ips=("192.0.2.0/24",),
        require_mfa=True,
        organization_id="o-abc123",
        external_id="theirs",
    )
    (direct,) = statements(trust)
    assert direct["Condition"] == {
        "IpAddress": {"aws:SourceIp": ["192.0.2.0/24"]},
        "Bool": {"aws:MultiFactorAuthPresent": "true"},
        "StringEquals": {"aws:PrincipalOrgID": "o-abc123", "sts:ExternalId": "theirs"},
    }


def test_the_organisation_binds_the_broker_too() -> None:
    session, _ = statements(Trust(organization_id="o-abc123"))
    assert session["Condition"]["StringEquals"]["aws:PrincipalOrgID"] == "o-abc123"


UNUSUAL = [
    ("wildcard_principal", {**ALLOW, "Principal": "*"}),
    ("wildcard_principal", {**ALLOW, "Principal": {"AWS": "*"}}),
    ("wildcard_principal", {**ALLOW, "Principal": {"AWS": [BOB["AWS"], f"arn:aws:iam::{ACCOUNT}:user/*"]}}),
    ("not_principal", {**ALLOW, "NotPrincipal": BOB}),
    ("not_principal", {"Effect": "Deny", "Action": "sts:AssumeRole", "NotPrincipal": BOB}),
    ("whole_account", {**ALLOW, "Principal": {"AWS": ACCOUNT}}),
    ("whole_account", {**ALLOW, "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}}),
    ("foreign_account", {**ALLOW, "Principal": {"AWS": "arn:aws:iam::999999999999:user/bob"}}),
    ("foreign_account", {**ALLOW, "Principal": {"AWS": "arn:aws:iam::999999999999:role/ci"}}),
    ("federated_principal", {**ALLOW, "Principal": {"Federated": "cognito-identity.amazonaws.com"}}),
    ("federated_principal", {**ALLOW, "Principal": {"Federated": f"arn:aws:iam::{ACCOUNT}:saml-provider/idp"}}),
    ("federated_principal", {**ALLOW, "Principal": {"AWS": f"arn:aws:sts::{ACCOUNT}:federated-user/bob"}}),
    ("service_principal", {**ALLOW, "Principal": {"Service": "ec2.amazonaws.com"}}),
    ("unnamed_principal", {**ALLOW, "Principal": {"AWS": "AIDAEXAMPLEEXAMPLE"}}),
    ("unnamed_principal", {**ALLOW, "Principal": {"CanonicalUser": "79a59d"}}),
    ("wildcard_action", {"Effect": "Allow", "Action": "sts:*", "Principal": BOB}),
    ("wildcard_action", {"Effect": "Allow", "NotAction": "sts:TagSession", "Principal": BOB}),
    ("absent_key_condition", {**ALLOW, "Principal": BOB, "Condition": {"StringEqualsIfExists": {"a:b": "c"}}}),
    ("absent_key_condition", {**ALLOW, "Principal": BOB, "Condition": {"BoolIfExists": {"aws:Mfa": "true"}}}),
    ("absent_key_condition", {**ALLOW, "Principal": BOB, "Condition": {"ForAllValues:StringLike": {"a:b": "c"}}}),
    ("absent_key_condition", {**ALLOW, "Principal": BOB, "Condition": {"StringNotEquals": {"a:b": "c"}}}),
    ("absent_key_condition", {**ALLOW, "Principal": BOB, "Condition": {"NotIpAddress": {"aws:SourceIp": "1.2.3.4"}}}),
    ("absent_key_condition", {**ALLOW, "Principal": BOB, "Condition": {"Null": {"sts:ExternalId": ["true"]}}}),
]  # fmt: skip


@pytest.mark.parametrize(("exception", "statement"), UNUSUAL)
def test_an_unusual_statement_is_refused_by_name(exception, statement) -> None:
    with pytest.raises(UnsafeTemplate) as refused:
        statements(Trust(statements=(statement,)))
    assert refused.value.fields["trust.statements[0]"].startswith(exception)


@pytest.mark.parametrize(("exception", "statement"), UNUSUAL)
def test_an_unusual_statement_is_taken_word_for_word_when_the_template_states_it(exception, statement) -> None:
    found = statements(Trust(statements=(statement,), exceptions=(exception,)))
    assert found[-1] == statement


def test_every_exception_is_tried_above() -> None:
    assert {exception for exception, _ in UNUSUAL} == set(EXCEPTIONS)


def test_one_exception_does_not_admit_another() -> None:
    foreign = {**ALLOW, "Principal": {"AWS": "arn:aws:iam::999999999999:root"}}
    with pytest.raises(UnsafeTemplate, match="whole_account"):
        statements(Trust(statements=(foreign,), exceptions=("foreign_account",)))
    statements(Trust(statements=(foreign,), exceptions=("foreign_account", "whole_account")))


@pytest.mark.parametrize(
    ("name", "exception"),
    [
        ("*", "wildcard_principal"),
        (f"arn:aws:iam::{ACCOUNT}:root", "whole_account"),
        (ACCOUNT, "whole_account"),
        ("arn:aws:iam::999999999999:user/eve", "foreign_account"),
        ("ec2.amazonaws.com", "service_principal"),
    ],
)
def test_a_direct_user_that_is_nobody_by_name_is_refused(name, exception) -> None:
    with pytest.raises(UnsafeTemplate) as refused:
        statements(Trust(direct_users=(name,)))
    assert refused.value.fields["trust.direct_users"].startswith(exception)


def test_a_usual_statement_needs_no_exception() -> None:
    role = {**ALLOW, "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/ci/deploy"}, "Condition": {
        "StringEquals": {"sts:ExternalId": "x"}, "Null": {"aws:MultiFactorAuthAge": "false"}}}  # fmt: skip
    deny = {"Effect": "Deny", "Action": "sts:AssumeRole", "Principal": "*",
            "Condition": {"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}}  # fmt: skip
    assert statements(Trust(statements=(role, deny)))[-2:] == [role, deny]


def test_an_unknown_exception_is_refused() -> None:
    with pytest.raises(UnsafeTemplate, match=naming("anything_goes")):
        statements(Trust(exceptions=("anything_goes",)))


def test_a_refusal_of_very_many_things_names_each_once_and_stays_short() -> None:
    foreign = {**ALLOW, "Principal": {"AWS": ["*", "*", *(f"x-{number}-*" for number in range(1000))]}}
    with pytest.raises(UnsafeTemplate) as refused:
        statements(Trust(statements=(foreign,)))
    said = refused.value.fields["trust.statements[0]"]
    assert said.count("wildcard_principal: * ") == 1
    assert names(said[-20:], "991")


def test_a_trust_policy_too_long_for_iam_is_refused_before_iam_sees_it() -> None:
    with pytest.raises(UnsafeTemplate, match="2048"):
        statements(Trust(callers=tuple(f"somebody-with-a-long-name-{number}" for number in range(80))))


@pytest.mark.parametrize(
    ("trust", "why"),
    [
        (Trust(), "source identity"),
        (Trust(direct_users=("bob",), external_id="x"), "external id"),
        (Trust(direct_users=("bob",)), None),
    ],
)
def test_the_switch_role_form_reaches_only_roles_that_trust_a_user_directly(trust, why) -> None:
    said = not_switchable_because(trust)
    assert said is None if why is None else why in str(said)
