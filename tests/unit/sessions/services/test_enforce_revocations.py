"""Enforcing revocations: none is lost, whoever calls at the same time."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.core.domain.errors import AccountUnreachable, AwsUnavailable, BrokerError, RefusedByAws
from chalicelib.core.domain.ids import new_id
from chalicelib.core.services.leases import Leases
from chalicelib.sessions.domain.revocation import Cutoff
from chalicelib.sessions.domain.revocation_policy import MARK_LENGTH, policy_document
from chalicelib.sessions.services.enforce_revocations import Enforced, Pruned, RevocationEnforcer, RevocationOrder
from tests.fakes.core import ALICE, NOW, Clock, FakeLeases, Ids
from tests.fakes.sessions import FakeRevocationList, FakeRevocationPolicy, FakeSessions, session

WHO = (ALICE, *(replace(ALICE, name=name, unique_id=f"AIDA{name}") for name in ("bob", "carol", "dave")))
HOUR = timedelta(hours=1)
OVER = 3615
"""Seconds after which the broker's session of an hour has ended for AWS as well."""

EVENT = '{"id": "e"}'


@dataclass
class Desk:
    """An enforcing service and everything it touches."""

    revocations: FakeRevocationList = field(default_factory=FakeRevocationList)
    policy: FakeRevocationPolicy = field(default_factory=FakeRevocationPolicy)
    store: FakeLeases = field(default_factory=FakeLeases)
    clock: Clock = field(default_factory=Clock)
    ids: Ids = field(default_factory=Ids)
    sessions: FakeSessions = field(default_factory=FakeSessions)

    @property
    def service(self) -> RevocationEnforcer:
        leases = Leases(store=self.store, clock=lambda: datetime.now(UTC), new_id=self.ids, pause=lambda _seconds: None)
        return RevocationEnforcer(
            revocations=self.revocations,
            policy=self.policy,
            sessions=lambda: self.sessions,
            leases=leases,
            clock=self.clock,
            pause=lambda _attempt: None,
        )

    def denied(self) -> set[str]:
        """The marks of the sessions that IAM denies."""
        statements = self.policy.policies.get("ec2-full", {"Statement": []})["Statement"]
        conditions = [one["Condition"].get("StringLike", {}) for one in statements]
        return {name for one in conditions for name in one.get("aws:PrincipalTag/access-broker:session", ())}


def end(desk: Desk, session_id: str, event: str) -> Enforced:
    return desk.service.end_session(RevocationOrder("ec2-full", event), session_id, NOW + HOUR, "alice")


def marks(*names: str) -> set[str]:
    return {f"*{name[-MARK_LENGTH:]}" for name in names}


@pytest.fixture
def desk() -> Desk:
    return Desk()


def ids_of(count: int) -> list[str]:
    return [new_id(NOW, number.to_bytes(10, "big")) for number in range(count)]


def test_a_session_is_on_the_list_with_its_event_and_denied_when_the_call_returns(desk: Desk) -> None:
    used = desk.service.end_session(RevocationOrder("ec2-full", EVENT), "s1", NOW + HOUR, "alice")
    assert desk.denied() == marks("s1")
    assert desk.revocations.events == [EVENT]
    assert 0 < used.used < 0.1


def test_thirty_at_once_on_one_role_are_all_denied_and_all_told(desk: Desk) -> None:
    wanted = ids_of(30)
    with ThreadPoolExecutor(max_workers=30) as pool:
        list(pool.map(lambda one: end(desk, one, f"{EVENT}{one}"), wanted))
    assert desk.denied() == marks(*wanted)
    assert len(desk.revocations.events) == 30
    assert desk.policy.puts <= 30
    desk.clock.pass_seconds(OVER)
    assert desk.service.prune().changed == ("ec2-full",)
    assert desk.policy.current("ec2-full") is None


def test_repeating_a_revocation_changes_nothing_and_tells_nothing(desk: Desk) -> None:
    desk.service.end_session(RevocationOrder("ec2-full", EVENT), "s1", NOW + HOUR, "alice")
    desk.service.end_session(RevocationOrder("ec2-full", EVENT), "s1", NOW + HOUR, "alice")
    assert (len(desk.revocations.events), desk.policy.puts) == (1, 1)


def test_repeating_after_iam_failed_carries_it_out_without_a_second_event(desk: Desk) -> None:
    desk.policy.fails_with = RefusedByAws("no", "Throttling")
    with pytest.raises(RefusedByAws):
        desk.service.end_session(RevocationOrder("ec2-full", EVENT), "s1", NOW + HOUR, "alice")
    assert desk.store.held == {}
    desk.policy.fails_with = None
    desk.service.end_session(RevocationOrder("ec2-full", EVENT), "s1", NOW + HOUR, "alice")
    assert desk.denied() == marks("s1")
    assert len(desk.revocations.events) == 1


def test_who_lost_the_lease_while_iam_was_slow_writes_the_newest_list_again(desk: Desk) -> None:
    def somebody_overtakes() -> None:
        """While our older policy is on its way, another one is listed and rendered."""
        desk.policy.before_put = lambda: None
        desk.store.held.clear()
        desk.service.end_session(RevocationOrder("ec2-full", EVENT), "s2", NOW + HOUR, "alice")

    desk.policy.before_put = somebody_overtakes
    desk.service.end_session(RevocationOrder("ec2-full", EVENT), "s1", NOW + HOUR, "alice")
    assert desk.denied() == marks("s1", "s2")


def test_sessions_of_a_role_that_is_gone_are_revoked_already_and_it_is_told(desk: Desk) -> None:
    desk.policy.gone.add("ec2-full")
    desk.service.end_session(RevocationOrder("ec2-full", EVENT), "s1", NOW + HOUR, "alice")
    desk.service.end_caller(RevocationOrder("ec2-full", f"{EVENT}2"), "alice", Cutoff(NOW, NOW + HOUR), {})
    assert desk.revocations.events == [EVENT, f"{EVENT}2"]
    assert desk.service.prune() == Pruned((), ())
    desk.clock.pass_seconds(OVER)
    assert desk.service.prune() == Pruned(("ec2-full",), ())
    assert desk.policy.policies == {}


def test_a_lease_lost_again_and_again_is_said(desk: Desk) -> None:
    desk.store.lose_next = 100
    with pytest.raises(AwsUnavailable, match="recorded"):
        desk.service.end_session(RevocationOrder("ec2-full", EVENT), "s1", NOW + HOUR, "alice")


def test_where_there_is_no_room_entries_are_widened_and_the_answer_and_the_event_say_how(desk: Desk) -> None:
    desk.policy.taken = 10_240 - 300
    for number, one in enumerate(ids_of(20)):
        order = RevocationOrder("ec2-full", json.dumps({"id": number, "detail": {"name": one}}))
        done = desk.service.end_session(order, one, NOW + HOUR, "alice")
        assert done.used <= 1
        if done.widened:
            break
    [widened] = [one.document() for one in done.widened]
    assert widened == {"source_identity": "alice", "before": "2026-11-23T12:00:16.000Z"}
    event = json.loads(desk.revocations.events[-1])
    assert (event["detail"]["name"], event["detail"]["widened"]) == (one, [widened])
    assert set(desk.revocations.get("ec2-full").callers) == {"alice"}


def test_entries_that_have_expired_make_way_before_others_are_widened(desk: Desk) -> None:
    for one in ids_of(150):
        desk.service.end_session(RevocationOrder("ec2-full", EVENT), one, NOW + timedelta(minutes=15), "bob")
    desk.clock.pass_seconds(1000)
    for number in range(170):
        one = new_id(desk.clock(), number.to_bytes(10, "big"))
        done = desk.service.end_session(RevocationOrder("ec2-full", EVENT, "bob"), one, NOW + HOUR, "alice")
        assert done.widened == ()


def test_a_caller_and_a_role_are_denied_by_time(desk: Desk) -> None:
    desk.service.end_caller(RevocationOrder("ec2-full", EVENT), "alice", Cutoff(NOW, NOW + HOUR), {})
    desk.service.end_everyone(RevocationOrder("ec2-full", EVENT), Cutoff(NOW, NOW + HOUR), {})
    assert desk.policy.current("ec2-full") == policy_document(desk.revocations.get("ec2-full"))
    assert desk.revocations.get("ec2-full").everyone


def test_the_young_are_denied_by_id_beside_the_cutoff_in_one_write(desk: Desk) -> None:
    one, two = ids_of(2)
    desk.service.end_caller(RevocationOrder("ec2-full", EVENT), "alice", Cutoff(NOW, NOW + HOUR), {one: NOW + HOUR})
    desk.service.end_everyone(RevocationOrder("s3-read", EVENT), Cutoff(NOW, NOW + HOUR), {two: NOW + HOUR})
    callers, role = desk.revocations.get("ec2-full"), desk.revocations.get("s3-read")
    assert (set(callers.sessions), set(callers.callers)) == ({one}, {"alice"})
    assert (set(role.sessions), role.everyone) == ({two}, Cutoff(NOW, NOW + HOUR))
    assert desk.policy.puts == 2


def test_a_cutoff_whose_young_do_not_fit_lies_later(desk: Desk) -> None:
    desk.policy.taken = 10_240 - 200
    order, young = RevocationOrder("ec2-full", EVENT), {ids_of(1)[0]: NOW + HOUR}
    done = desk.service.end_caller(order, "alice", Cutoff(NOW, NOW + HOUR), young)
    assert [one.document()["before"] for one in done.widened] == ["2026-11-23T12:00:16.000Z"]
    assert desk.service.end_everyone(order, Cutoff(NOW, NOW + HOUR), young).used < 1


def test_pruning_leaves_what_is_alive_and_does_nothing_when_there_is_nothing_to_do(desk: Desk) -> None:
    desk.service.end_session(RevocationOrder("ec2-full", EVENT), "s1", NOW + HOUR, "alice")
    desk.service.end_session(RevocationOrder("ec2-full", EVENT), "s2", NOW + 2 * HOUR, "alice")
    desk.clock.pass_seconds(OVER)
    assert desk.service.prune().changed == ("ec2-full",)
    assert desk.denied() == marks("s2")
    again = desk.service.prune()
    assert (again.changed, again.failed) == ((), ())
    assert len(desk.revocations.events) == 2


def test_two_who_cut_off_the_same_in_one_second_leave_two_events(desk: Desk) -> None:
    for event in ("of rita", "of olga"):
        desk.service.end_everyone(RevocationOrder("ec2-full", event), Cutoff(NOW, NOW + HOUR), {})
    assert desk.revocations.events == ["of rita", "of olga"]


class SlowOncePruned(FakeRevocationPolicy):
    """IAM answers no more once `old` has left the policy."""

    def others(self, role: str) -> int:
        if self.policies and "old" not in str(self.policies):
            raise AwsUnavailable("slow")
        return super().others(role)


def test_a_list_that_was_pruned_has_not_failed_because_its_policy_cannot_be_measured() -> None:
    desk = Desk(policy=SlowOncePruned())
    for name, lasts in (("old", 0), ("new", 2)):
        desk.service.end_session(RevocationOrder("ec2-full", EVENT), name, NOW + lasts * HOUR, "alice")
    desk.clock.pass_seconds(60)
    pruned = desk.service.prune()
    assert (pruned.changed, pruned.failed) == (("ec2-full",), ())


def test_pruning_says_how_full_the_fullest_policy_still_is(desk: Desk) -> None:
    assert desk.service.prune().fullest == 0
    used = [end(desk, one, f"{EVENT}{one}") for one in ids_of(30)]
    desk.service.end_session(RevocationOrder("s3-read", EVENT), "s1", NOW + HOUR, "alice")
    assert desk.service.prune().fullest == used[-1].used > 0
    desk.clock.pass_seconds(OVER)
    assert desk.service.prune().fullest == 0


def test_pruning_mends_a_policy_that_somebody_removed(desk: Desk) -> None:
    desk.service.end_session(RevocationOrder("ec2-full", EVENT), "s1", NOW + HOUR, "alice")
    desk.policy.policies.clear()
    assert desk.service.prune().changed == ("ec2-full",)
    assert desk.denied() == marks("s1")


def test_pruning_goes_on_after_a_role_that_fails(desk: Desk) -> None:
    desk.service.end_session(RevocationOrder("broken", EVENT), "s1", NOW + HOUR, "alice")
    desk.service.end_session(RevocationOrder("ec2-full", EVENT), "s2", NOW + HOUR, "alice")
    remove = desk.policy.remove

    def remove_unless_broken(role: str) -> None:
        if role == "broken":
            raise BrokerError("no")
        remove(role)

    desk.policy.remove = remove_unless_broken  # type: ignore[method-assign]
    desk.clock.pass_seconds(OVER)
    pruned = desk.service.prune()
    assert (pruned.changed, pruned.failed) == (("ec2-full",), ("broken",))


def test_the_rows_of_sessions_say_revoked_once_a_later_run_has_ended_them() -> None:
    """The account was out of reach when they were revoked: one by its id, the callers' own by cut-offs."""
    desk, account = Desk(), "111111111111"
    desk.policy.fails_with = AccountUnreachable(account, "AccessDenied")
    alices, bobs, carols, others = (session(number, who, role="ec2-full") for number, who in enumerate(WHO))
    desk.sessions.add(alices, bobs, carols, others)
    desk.clock.pass_seconds(60)
    until = Cutoff(desk.clock(), desk.clock() + HOUR)
    with pytest.raises(AccountUnreachable):
        desk.service.end_session(RevocationOrder("ec2-full", EVENT), alices.id, NOW + HOUR, "alice")
    for name in (bobs.source_identity, f"{carols.source_identity[:3]}*"):
        with pytest.raises(AccountUnreachable):
            desk.service.end_caller(RevocationOrder("ec2-full", EVENT), name, until, {})
    assert desk.service.prune().failed == ("ec2-full",)
    assert not any(one.revoked_at for one in desk.sessions.rows.values())
    desk.policy.fails_with = None
    desk.clock.pass_seconds(900)
    assert desk.service.prune().changed == ("ec2-full",)
    revoked = {name: one.revoked_at for name, one in desk.sessions.rows.items()}
    assert revoked == {alices.id: desk.clock(), bobs.id: desk.clock(), carols.id: desk.clock(), others.id: None}


def test_a_run_that_brings_nothing_new_to_iam_looks_at_no_session() -> None:
    desk = Desk()
    end(desk, new_id(NOW, bytes(10)), EVENT)
    desk.service.prune()
    assert desk.sessions.looks == 0
