"""Explaining says what issuing does: both services on the same state, and who may ask about others."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.access.domain.facts import Suspension
from chalicelib.access.domain.rule_files import load_rules
from chalicelib.access.domain.terms import TERMS
from chalicelib.access.services.rights import Rights
from chalicelib.approvals.domain.grants import Grant
from chalicelib.core.domain.callers import Caller
from chalicelib.core.domain.errors import (
    AccountUnreachable,
    AwsUnavailable,
    BrokerError,
    NotFound,
    Refused,
    RefusedByAws,
)
from chalicelib.core.domain.roles import Account, Role
from chalicelib.explain.services.callers import CallerExplainer
from chalicelib.explain.services.explain import ExplainAsk, Explainer
from chalicelib.sessions.domain.issuance import CredentialsAsk
from chalicelib.sessions.services.issue import SessionIssuer
from tests.fakes.approvals import FakeGrants, FakePeople
from tests.fakes.core import ALICE, BESIDE, CAROL, EC2, NOW, Clock, FakeCatalogue, FakeJournal, Ids, origin, refusals
from tests.fakes.explain import FakeIamFacts, FakeMemberCallers, FakeStanding
from tests.fakes.sessions import FakeSessions, FakeSts

if TYPE_CHECKING:
    from chalicelib.access.domain.rules import AccessRules

DEPLOYMENT, BROKER_ROLE = "access-broker-test", "arn:aws:iam::123456789012:role/broker-api"
SEEN = '@id("seen") permit (principal, action == Broker::Action::"SeeRole", resource);'
EVERYTHING = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


class Desk:
    """Both services, with what one caller holds."""

    def __init__(self, rules: AccessRules, held: list[Grant], *, quarantined: bool = False) -> None:
        self.journal = FakeJournal()
        catalogue = FakeCatalogue({EC2.name: replace(EC2, quarantined=quarantined)})
        clock, grants = Clock(), FakeGrants()
        for grant in held:
            grants.put(grant)
        self.session_issuer = SessionIssuer(
            deployment=DEPLOYMENT, rules=rules, catalogue=catalogue, grants=grants, sessions=FakeSessions(grants),
            refusals=refusals(FakeJournal()), sts=FakeSts(), row_writer=BESIDE, clock=clock, new_id=Ids(),
        )  # fmt: skip
        self.iam, self.standing = FakeIamFacts(DEPLOYMENT, BROKER_ROLE), FakeStanding()
        self.explainer = Explainer(
            deployment=DEPLOYMENT, broker_role_arn=BROKER_ROLE, people=FakePeople({ALICE.name: ALICE}),
            members=FakeMemberCallers,
            callers=CallerExplainer(suspensions=self.standing, trusts=self.iam, pinned={"ci"}), iam=self.iam,
            grants=grants, refusals=refusals(self.journal, clock),
            rights=Rights(rules=rules, catalogue=catalogue, clock=clock),
        )  # fmt: skip

    def issues(self, wanted: CredentialsAsk, *, mfa: bool = False) -> bool:
        try:
            self.session_issuer.issue(wanted, replace(origin(), mfa=mfa))
        except BrokerError:
            return False
        return True


def doors(*annotations: str) -> AccessRules:
    """A rule each, which gives everybody every role on these terms."""
    permit = 'permit (principal, action == Broker::Action::"TakeCredentials", resource);'
    texts = [f'@id("door-{number}") {terms} {permit}' for number, terms in enumerate(annotations)]
    return load_rules({"doors.cedar": "\n".join([SEEN, *texts])})


ANNOTATIONS = {
    "approvals": ["", '@approvals("1")', '@approvals("2")'],
    "reason": ["", '@reason("required")'],
    "max_duration": ["", '@max_duration("15m")', '@max_duration("30m")'],
    "mfa": ["", '@mfa("required")'],
}
TERMS_STATED = st.tuples(*map(st.sampled_from, ANNOTATIONS.values())).map(" ".join)
GRANTS = st.builds(
    lambda number, approvals, begins, lasts, reason: Grant(
        id=f"grant-{number}", caller=ALICE.name, caller_id=ALICE.unique_id, role=EC2.name, approvals=approvals,
        starts_at=NOW + timedelta(minutes=begins), until=NOW + timedelta(minutes=begins + lasts), reason=reason,
    ),
    st.integers(0, 9), st.integers(1, 2), st.sampled_from([-20, 0, 5]), st.sampled_from([19, 34, 60]),
    st.sampled_from(["", "deploy"]),
)  # fmt: skip
ASKS = st.builds(
    lambda seconds, reason, policy, tags: CredentialsAsk(
        EC2.name, duration_seconds=seconds, reason=reason, policy=policy, tags=tags
    ),
    st.sampled_from([None, 900, 1800, 3600]),
    st.sampled_from(["", "ticket 7"]),
    st.sampled_from([None, EVERYTHING]),
    st.sampled_from([{}, {"team": "web"}]),
)
"""Whatever a term can look at is there and is not there."""


def test_the_property_below_states_every_term_that_issuing_reads() -> None:
    assert set(ANNOTATIONS) == TERMS - {"grant"}


@given(
    st.lists(TERMS_STATED, max_size=4),
    st.lists(GRANTS, max_size=3, unique_by=lambda grant: grant.id),
    ASKS,
    st.sampled_from([False, False, True]),
    st.booleans(),
)
def test_it_says_allowed_if_and_only_if_issuing_issues(
    annotations: list[str],
    held: list[Grant],
    wanted: CredentialsAsk,
    quarantined: bool,  # noqa: FBT001  hypothesis draws it
    mfa: bool,  # noqa: FBT001  hypothesis draws it
) -> None:
    desk = Desk(doors(*annotations), held, quarantined=quarantined)
    asked = ExplainAsk(
        wanted.role,
        duration_seconds=wanted.duration_seconds,
        reason=wanted.reason,
        policy=wanted.policy,
        tags=wanted.tags,
    )
    explanation = desk.explainer.explain(asked, replace(origin(), mfa=mfa))
    assert explanation.allowed is desk.issues(wanted, mfa=mfa), explanation
    assert bool(explanation.change) is not explanation.allowed


OTHERS = """
@id("by-role") permit (principal, action == Broker::Action::"ExplainOthers",
    resource == Broker::Role::"ec2-full");
"""


def test_a_rule_about_one_role_lets_others_be_explained_on_that_role() -> None:
    desk = Desk(load_rules({"a.cedar": SEEN + OTHERS}), [])
    assert desk.explainer.explain(ExplainAsk("ec2-full", caller="alice"), origin(CAROL)).caller == "alice"


@pytest.mark.parametrize(("rules", "refusal"), [(SEEN, Refused), ("", NotFound)])
def test_who_may_not_explain_others_is_refused_and_recorded(rules: str, refusal: type[BrokerError]) -> None:
    desk = Desk(load_rules({"a.cedar": rules}), [])
    with pytest.raises(refusal):
        desk.explainer.explain(ExplainAsk("ec2-full", caller="alice"), origin(CAROL))
    [event] = desk.journal.events
    assert (event.type, event.detail["action"], event.detail["about"]) == ("refuse", "ExplainOthers", "alice")


def test_a_reason_that_only_the_approvers_were_told_opens_no_door_without_approvals() -> None:
    held = [Grant("grant-1", "alice", "AIDA1", "ec2-full", 1, NOW, NOW + timedelta(hours=1), reason="deploy")]
    desk = Desk(doors('@reason("required")', '@approvals("2")'), held)
    explanation = desk.explainer.explain(ExplainAsk("ec2-full"), origin())
    assert (explanation.allowed, explanation.layers[2].by) == (False, "door-0")
    assert not desk.issues(CredentialsAsk("ec2-full"))
    assert desk.explainer.explain(replace(ExplainAsk("ec2-full"), reason="mine"), origin()).allowed


def test_a_suspended_caller_is_the_first_thing_to_change() -> None:
    desk = Desk(doors(""), [])
    assert desk.explainer.explain(ExplainAsk(EC2.name, ALICE.name), origin()).allowed
    desk.standing.rows = [Suspension("01kq", ALICE.unique_id, "alice", "her laptop was stolen", "rita", NOW)]
    told = desk.explainer.explain(ExplainAsk(EC2.name, ALICE.name), origin())
    assert (told.allowed, told.layers[0].by, told.change) == (False, "suspension 01kq", "broker unsuspend alice")
    assert "stolen" not in str(told)


def test_a_session_of_a_role_in_the_file_is_told_what_its_trust_says() -> None:
    desk = Desk(doors(""), [])
    ci = Caller(
        "role", "ci/build-7", "arn:aws:sts::123456789012:assumed-role/ci/build-7", "123456789012", "AROACI/build-7"
    )
    trust = {"Effect": "Allow", "Principal": {"AWS": "123456789012"}, "Action": "sts:AssumeRole"}
    desk.iam.trusts["ci"] = {"Statement": [trust]}
    assert "does not pin" in desk.explainer.explain(ExplainAsk(EC2.name), origin(ci)).layers[1].detail
    pinned = {"StringEquals": {"sts:RoleSessionName": "${aws:username}"}}
    desk.iam.trusts["ci"] = {"Statement": [{**trust, "Condition": pinned}]}
    assert "its trust policy pins" in desk.explainer.explain(ExplainAsk(EC2.name), origin(ci)).layers[1].detail


MEMBER = Account("111122223333", "dev", state="joined")
THERE = Role(f"{MEMBER.id}:ec2-full", f"arn:aws:iam::{MEMBER.id}:role/access-broker/ec2-full", unique_id="AROADEV")
IN_IAM = ("trust_policy", "role_policies", "permissions_boundary")


def verdicts(home: Account, fails_with: Exception | None = None, denied_there: str = "") -> dict[str, str]:
    """Of the layers of a member's role, to one who asks for ec2:RunInstances."""
    desk = Desk(doors(""), [])
    desk.iam.denied_there = denied_there
    desk.explainer.rights.catalogue.roles[THERE.name] = replace(THERE, home=home)  # type: ignore[attr-defined]
    desk.iam.fails_with = fails_with
    told = desk.explainer.explain(ExplainAsk(THERE.name, operation="ec2:RunInstances"), origin())
    return {layer.layer: layer.verdict for layer in told.layers}


def test_the_layers_of_iam_are_judged_in_a_member_account_too() -> None:
    told = verdicts(MEMBER)
    names = ("account", "service_control_policies", *IN_IAM)
    assert [told[name] for name in names] == ["open"] * len(names)
    assert list(told).index(names[1]) == list(told).index(names[0]) + 1


@pytest.mark.parametrize(("denied", "verdict"), [("ec2:*", "closed"), ("s3:*", "open")])
def test_a_service_control_policy_of_the_account_is_a_layer_of_its_own(denied: str, verdict: str) -> None:
    assert verdicts(MEMBER, denied_there=denied)["service_control_policies"] == verdict


@pytest.mark.parametrize(
    "error", [AccountUnreachable(MEMBER.id, "AccessDenied"), AwsUnavailable("No answer."), RefusedByAws("No.", "X")]
)
def test_an_account_that_cannot_be_read_costs_its_own_layers_alone(error: BrokerError) -> None:
    told = verdicts(MEMBER, error)
    names = ("service_control_policies", *IN_IAM)
    assert [told[name] for name in names] == ["not_checked"] * len(names)
    assert (told["account"], told["access_rule"]) == ("open", "open")


def test_an_account_that_is_not_served_is_not_asked() -> None:
    told = verdicts(replace(MEMBER, state="unreachable"), RefusedByAws("No.", "X"))
    assert told["account"] == "closed"
    assert [told[name] for name in IN_IAM] == ["not_checked"] * 3
