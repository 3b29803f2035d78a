"""Several roles asked for at once: filed all or none, decided together, granted one by one."""

from __future__ import annotations

import pytest

from chalicelib.approvals.domain.filings import MAX_WAITING, Crowded
from chalicelib.core.domain.errors import BrokerError, Conflict, InvalidRequest, NotFound, Refused
from tests.fakes.approval_desk import ALICE, EVE, RULES, ApprovalDesk
from tests.fakes.core import origin

ONLY_PROD = RULES.replace(
    'action in [Broker::Action::"Approve", Broker::Action::"ReviewBreakGlass"], resource);',
    'action == Broker::Action::"Approve", resource == Broker::Role::"prod");',
)


@pytest.fixture
def desk() -> ApprovalDesk:
    return ApprovalDesk()


def states(desk: ApprovalDesk) -> dict[str, str]:
    return {one.role: one.state for one in desk.requests.rows.values()}


def test_each_role_has_a_request_of_its_own_terms_and_knows_the_others(desk: ApprovalDesk) -> None:
    first = desk.file(also=("vault",))
    filed = [desk.requests.rows[one] for one in first.together]
    assert [(one.role, one.approvals, one.together) for one in filed] == [
        ("prod", 1, first.together),
        ("vault", 2, first.together),
    ]
    assert first == filed[0]
    assert [(event.type, event.role, event.detail["together"]) for event in desk.requests.events] == [
        ("request", "prod", list(first.together)),
        ("request", "vault", list(first.together)),
    ]


@pytest.mark.parametrize(("other", "kind"), [("hidden", NotFound), ("nothing", NotFound)])
def test_a_refusal_for_one_role_files_none_and_is_on_record_once(
    desk: ApprovalDesk, other: str, kind: type[BrokerError]
) -> None:
    with pytest.raises(kind):
        desk.file(also=(other,))
    assert desk.requests.rows == {}
    assert [(event.type, event.role) for event in desk.journal.events] == [("refuse", other)]


def test_a_role_is_named_once(desk: ApprovalDesk) -> None:
    with pytest.raises(InvalidRequest):
        desk.file(also=("vault", "prod"))
    assert desk.requests.rows == {}


def test_one_approval_counts_for_all_and_each_is_granted_when_it_has_enough(desk: ApprovalDesk) -> None:
    first = desk.file(also=("vault",))
    desk.approve(first)
    assert states(desk) == {"prod": "approved", "vault": "pending"}
    assert [grant.role for grant in desk.grants.rows.values()] == ["prod"]
    desk.approve(desk.requests.rows[first.together[1]], EVE)
    assert states(desk) == {"prod": "approved", "vault": "approved"}
    assert sorted(grant.role for grant in desk.grants.rows.values()) == ["prod", "vault"]


def test_it_does_not_matter_which_of_them_is_approved_or_how_often(desk: ApprovalDesk) -> None:
    first = desk.file(also=("vault",))
    second = desk.requests.rows[first.together[1]]
    for one in (second, first, second):
        desk.approve(one)
    assert states(desk) == {"prod": "approved", "vault": "pending"}
    assert desk.events.count("decide") == 2


@pytest.mark.parametrize("word", ["approve", "deny", "cancel"])
def test_the_id_of_a_settled_one_decides_those_that_wait(desk: ApprovalDesk, word: str) -> None:
    """The link that the second approver was sent names the first role, which one approval was enough for."""
    first = desk.file(also=("vault",))
    desk.approve(first)
    if word == "cancel":
        done = desk.request_decisions.cancel(first.id, "", origin(ALICE))
    else:
        done = {"approve": desk.approve, "deny": desk.deny}[word](first, EVE)
    settled = {"approve": "approved", "deny": "denied", "cancel": "cancelled"}[word]
    assert (done.role, states(desk)) == ("vault", {"prod": "approved", "vault": settled})


def test_where_none_waits_the_answer_says_what_became_of_the_one_that_was_named(desk: ApprovalDesk) -> None:
    first = desk.file(also=("vault",))
    desk.approve(first)
    assert desk.approve(first).role == "prod"  # the same again: the answer may have been lost
    desk.approve(first, EVE)
    with pytest.raises(Conflict, match=f"{first.id} was approved"):
        desk.deny(first, EVE)


def test_a_decision_of_another_in_the_same_moment_on_the_named_one_leaves_the_rest(desk: ApprovalDesk) -> None:
    first = desk.file(also=("vault",))
    desk.requests.before_save = lambda: desk.request_decisions.withdraw(first.id, "", origin(ALICE))
    assert desk.approve(first).role == "vault"
    assert len(desk.requests.rows[first.together[1]].decisions) == 1


@pytest.mark.parametrize("word", ["deny", "cancel"])
def test_a_denial_and_a_cancellation_hit_all_that_wait(desk: ApprovalDesk, word: str) -> None:
    first = desk.file(also=("vault",))
    if word == "deny":
        desk.deny(first)
    else:
        desk.request_decisions.cancel(first.together[1], "", origin(ALICE))
    assert set(states(desk).values()) == {"denied" if word == "deny" else "cancelled"}
    assert desk.grants.rows == {}


def test_who_may_not_approve_one_of_them_approves_none() -> None:
    desk = ApprovalDesk(ONLY_PROD)
    first = desk.file(also=("vault",))
    with pytest.raises((Refused, NotFound)):
        desk.approve(first)
    assert set(states(desk).values()) == {"pending"}
    assert desk.events.count("decide") == 0


def test_ones_own_request_among_others_cannot_be_approved(desk: ApprovalDesk) -> None:
    first = desk.file(also=("vault",))
    with pytest.raises(Refused):
        desk.approve(first, ALICE)
    assert set(states(desk).values()) == {"pending"}


def test_another_decision_in_the_same_moment_on_one_of_them_leaves_the_rest(desk: ApprovalDesk) -> None:
    """Between the reading and the writing of the first, the second is cancelled."""
    first = desk.file(also=("vault",))
    desk.requests.before_save = lambda: desk.request_decisions.withdraw(first.together[1], "", origin(ALICE))
    assert desk.approve(first).state == "approved"
    assert states(desk) == {"prod": "approved", "vault": "cancelled"}


def test_the_limit_of_waiting_requests_counts_each(desk: ApprovalDesk) -> None:
    for _ in range(MAX_WAITING - 1):
        desk.file()
    with pytest.raises(Crowded):
        desk.file(also=("vault",))
    assert len(desk.requests.rows) == MAX_WAITING - 1


def test_the_same_key_answers_the_same_requests_and_another_set_of_roles_is_another_ask(desk: ApprovalDesk) -> None:
    first = desk.file(once="k", also=("vault",))
    assert desk.file(once="k", also=("vault",)) == first
    assert len(desk.requests.rows) == 2
    assert desk.file(once="k").together == ()


def test_a_grant_of_one_of_them_ends_alone(desk: ApprovalDesk) -> None:
    first = desk.file(also=("vault",))
    desk.approve(first)
    desk.approve(desk.requests.rows[first.together[1]], EVE)
    desk.grant_ender.end(first.id, "done", origin(ALICE))
    assert [grant.role for grant in desk.grants.rows.values() if grant.ended_at is None] == ["vault"]
