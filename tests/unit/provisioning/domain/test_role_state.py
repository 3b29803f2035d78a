"""The difference between two states of a role, and the order in which it is made up."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.domain.policy_documents import canonical, same
from chalicelib.provisioning.domain.fingerprints import drift, fingerprint
from chalicelib.provisioning.domain.role_state import (
    DENY_ALL,
    INLINE_POLICY,
    QUARANTINE_POLICY,
    RoleChange,
    RoleState,
    changes,
    desired_state,
)
from chalicelib.provisioning.domain.templates import RoleTemplate
from chalicelib.sessions.domain.revocation import Cutoff, RoleRevocations
from chalicelib.sessions.domain.revocation_policy import POLICY_NAME, policy_document
from tests.fakes.provisioning_iam import changed

TRUST = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "a"}, "Action": "x:y"}]}
OTHER_TRUST = {"Version": "2012-10-17", "Statement": []}
READ = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
STATE = RoleState("d", 3600, TRUST, "boundary", ("p1", "p2"), {INLINE_POLICY: READ}, {"a": "1"})


def test_a_state_equal_to_what_is_wanted_needs_nothing() -> None:
    assert changes(STATE, STATE) == ()


def test_the_same_documents_in_other_words_need_nothing() -> None:
    worded = {
        "Statement": {"Action": ["x:y"], "Principal": {"AWS": ["a"]}, "Effect": "Allow"},
        "Version": "2012-10-17",
    }
    assert changes(replace(STATE, trust=worded), STATE) == ()


def test_a_new_role_is_created_first_and_gets_its_policies_after() -> None:
    first, *rest = changes(None, STATE)
    assert first == RoleChange("role", "", None, "created")
    assert {(change.attribute, change.item) for change in rest} == {
        ("managed_policy", "p1"),
        ("managed_policy", "p2"),
        ("inline_policy", INLINE_POLICY),
    }


def test_a_managed_policy_never_comes_before_what_denies_part_of_it_nor_stays_after() -> None:
    reined = {"Version": "2012-10-17", "Statement": [*READ["Statement"], *DENY_ALL["Statement"]]}
    wanted = replace(STATE, managed_policies=("lambda",), inline_policies={INLINE_POLICY: reined})
    for actual in (None, replace(STATE, inline_policies={}), STATE):
        order = [change.item for change in changes(actual, wanted) if change.after is not None]
        assert order.index(INLINE_POLICY) < order.index("lambda")
    back = [change.item for change in changes(wanted, replace(STATE, managed_policies=(), inline_policies={}))]
    assert back == ["lambda", INLINE_POLICY]


def test_a_deny_made_by_hand_goes_only_when_everything_else_is_done() -> None:
    actual = replace(STATE, inline_policies={"by-hand": DENY_ALL}, managed_policies=("p0",))
    by_hand = RoleChange("inline_policy", "by-hand", DENY_ALL, None)
    assert [change for change in changes(actual, STATE) if change.attribute != "tag"][-1] == by_hand


def test_an_inline_policy_is_narrowed_before_more_are_trusted() -> None:
    wide = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
    actual = replace(STATE, trust=OTHER_TRUST, inline_policies={INLINE_POLICY: wide})
    assert [change.attribute for change in changes(actual, STATE)] == ["inline_policy", "trust"]


def test_the_boundary_comes_first_and_what_goes_goes_before_what_comes() -> None:
    actual = RoleState("old", 7200, OTHER_TRUST, "", ("p0", "p1"), {"by-hand": READ}, {"b": "2"})
    found = [(change.attribute, change.item) for change in changes(actual, STATE)]
    assert found == [
        ("boundary_arn", ""),
        ("managed_policy", "p0"),
        ("inline_policy", "by-hand"),
        ("description", ""),
        ("max_session_seconds", ""),
        ("trust", ""),
        ("inline_policy", INLINE_POLICY),
        ("managed_policy", "p2"),
        ("tag", "a"),
        ("tag", "b"),
    ]


def revoked(*callers: str) -> dict[str, Any]:
    """A revocation policy as the broker writes it."""
    cutoff = Cutoff(datetime(2026, 11, 23, tzinfo=UTC), datetime(2026, 11, 24, tzinfo=UTC))
    listed = RoleRevocations("r", everyone=cutoff).with_session("0" * 26, cutoff.until, "alice")
    for caller in callers:
        listed = listed.with_caller(caller, cutoff)
    return policy_document(listed)


def with_inline(**inline: Any) -> RoleState:
    return replace(STATE, inline_policies={**STATE.inline_policies, **inline})


def test_revocations_and_quarantine_are_not_the_templates_to_remove() -> None:
    found = with_inline(**{QUARANTINE_POLICY: DENY_ALL, POLICY_NAME: revoked("alice")})
    assert changes(found, STATE) == ()


def test_a_revocation_policy_of_an_earlier_version_is_the_brokers_too() -> None:
    condition = {"StringEquals": {"aws:PrincipalTag/access-broker:session": ["a", "b"]}}
    document = {"Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": condition}]}
    assert changes(with_inline(**{POLICY_NAME: document}), STATE) == ()


FORGED: dict[str, tuple[str, Any]] = {
    "a name that only begins like ours": ("access-broker-anything", READ),
    "a policy that grants, under the name of the quarantine": (QUARANTINE_POLICY, READ),
    "a policy that grants, under the name of the revocations": (POLICY_NAME, READ),
    "a grant beside the revocations": (POLICY_NAME, {"Statement": [*revoked()["Statement"], *READ["Statement"]]}),
    "a quarantine that denies less": (
        QUARANTINE_POLICY,
        {"Statement": [{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}]},
    ),
    "revocations that deny less": (POLICY_NAME, {"Statement": [{**revoked()["Statement"][0], "Action": "s3:*"}]}),
    "revocations under another condition": (
        POLICY_NAME,
        {"Statement": [{**revoked()["Statement"][0], "Condition": {"Bool": {"aws:SecureTransport": "false"}}}]},
    ),
    "revocations of no one": (POLICY_NAME, {"Statement": []}),
    "our name in another letter case": ("Access-Broker-Quarantine", DENY_ALL),
}


@pytest.mark.parametrize(("name", "document"), FORGED.values(), ids=FORGED)
def test_a_policy_by_hand_is_visible_whatever_its_name(name: str, document: Any) -> None:
    found = with_inline(**{name: document})
    assert changes(found, STATE) == (RoleChange("inline_policy", name, document, None),)
    assert drift(fingerprint(STATE), fingerprint(found)).startswith("policies")


def test_going_back_to_an_older_state_never_goes_back_to_older_revocations() -> None:
    older, newer = with_inline(**{POLICY_NAME: revoked()}), with_inline(**{POLICY_NAME: revoked("alice")})
    assert changes(newer, older) == ()
    assert changes(STATE, older) == (RoleChange("inline_policy", POLICY_NAME, None, revoked()),)


def test_a_template_becomes_arns_our_tags_and_our_boundary() -> None:
    template = RoleTemplate("r", "d", ("B", "arn:aws:iam::1:policy/A"), READ, tags={"team": "web"})
    state = desired_state(template, TRUST, "boundary", "broker-dev", "aws")
    assert state.boundary_arn == "boundary"
    assert state.managed_policies == ("arn:aws:iam::1:policy/A", "arn:aws:iam::aws:policy/B")
    assert state.tags == {"team": "web", "access-broker:managed": "true", "access-broker:deployment": "broker-dev"}
    assert state.inline_policies == {INLINE_POLICY: READ}


names = st.sampled_from(["p1", "p2", "access-broker-template", "by-hand"])
states = st.builds(
    RoleState,
    description=st.sampled_from(["", "d"]),
    max_session_seconds=st.sampled_from([3600, 7200]),
    trust=st.sampled_from([TRUST, OTHER_TRUST]),
    boundary_arn=st.sampled_from(["", "boundary"]),
    managed_policies=st.sets(names).map(lambda chosen: tuple(sorted(chosen))),
    inline_policies=st.dictionaries(names, st.sampled_from([READ, DENY_ALL])),
    tags=st.dictionaries(names, st.sampled_from(["1", "2"])),
)


@given(states, states)
def test_making_every_change_ends_in_what_was_wanted(actual, wanted) -> None:
    assert changes(made(actual, changes(actual, wanted)), wanted) == ()


@given(states, states)
def test_on_the_way_a_role_never_has_a_policy_that_neither_state_has(actual, wanted) -> None:
    allowed = set(actual.managed_policies) | set(wanted.managed_policies)
    way = changes(actual, wanted)
    for length in range(len(way)):
        assert set(made(actual, way[:length]).managed_policies) <= allowed


def made(state: RoleState, some: tuple[RoleChange, ...]) -> RoleState:
    """The state after these changes, as IAM would make them."""
    for change in some:
        state = changed(state, change)
    return state


@given(st.lists(st.fixed_dictionaries({"Effect": st.just("Allow"), "Action": st.lists(st.text("ab:*"), min_size=1)})))
def test_the_order_of_statements_and_actions_means_nothing(statements) -> None:
    turned = [{**one, "Action": one["Action"][::-1]} for one in reversed(statements)]
    assert same({"Statement": statements}, {"Statement": turned})
    assert canonical({"Statement": statements}) == canonical(canonical({"Statement": statements}))


def test_documents_that_differ_in_one_value_are_not_the_same() -> None:
    assert not same(READ, DENY_ALL)
    assert not same(READ, None)
    assert same(None, None)
