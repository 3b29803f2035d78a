"""Enforcing revocations: none is lost, whoever calls at the same time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Lock

import pytest

from chalicelib.core.domain.errors import AwsUnavailable, BrokerError, Conflict, RefusedByAws
from chalicelib.core.domain.ids import new_id
from chalicelib.core.services.leases import Leases
from chalicelib.sessions.domain.revocation import Cutoff, policy_document
from chalicelib.sessions.services.enforce_revocations import Pruned, RevocationEnforcer
from tests.fakes.audit import FakeRevocationList, FakeRevocationPolicy
from tests.fakes.core import NOW, Clock, Ids

HOUR = timedelta(hours=1)
OVER = 3615
"""Seconds after which the broker's session of an hour has ended for AWS as well."""

EVENT = '{"id": "e"}'


class FakeLeaseStore:
    """Leases in memory; `lose_next` takes the next one away in the middle."""

    def __init__(self) -> None:
        self.held: dict[str, str] = {}
        self.lose_next = 0
        self._lock = Lock()

    def take(self, thing: str, holder: str, now: datetime, until: datetime) -> bool:
        assert until > now
        with self._lock:
            return self.held.setdefault(thing, holder) == holder

    def extend(self, thing: str, holder: str, until: datetime) -> bool:
        assert until
        with self._lock:
            if self.lose_next:
                self.lose_next -= 1
                return False
            return self.held.get(thing) == holder

    def release(self, thing: str, holder: str) -> None:
        with self._lock:
            if self.held.get(thing) == holder:
                del self.held[thing]


@dataclass
class Desk:
    """An enforcing service and everything it touches."""

    revocations: FakeRevocationList = field(default_factory=FakeRevocationList)
    policy: FakeRevocationPolicy = field(default_factory=FakeRevocationPolicy)
    store: FakeLeaseStore = field(default_factory=FakeLeaseStore)
    clock: Clock = field(default_factory=Clock)
    ids: Ids = field(default_factory=Ids)

    @property
    def service(self) -> RevocationEnforcer:
        leases = Leases(store=self.store, clock=lambda: datetime.now(UTC), new_id=self.ids, pause=lambda _seconds: None)
        return RevocationEnforcer(
            revocations=self.revocations,
            policy=self.policy,
            leases=leases,
            clock=self.clock,
            pause=lambda _attempt: None,
        )

    def denied(self) -> set[str]:
        """The sessions that IAM denies."""
        statements = self.policy.policies.get("ec2-full", {"Statement": []})["Statement"]
        conditions = [one["Condition"].get("StringEquals", {}) for one in statements]
        return {name for one in conditions for name in one.get("aws:PrincipalTag/access-broker:session", ())}


@pytest.fixture
def desk() -> Desk:
    return Desk()


def ids_of(count: int) -> list[str]:
    return [new_id(NOW, number.to_bytes(10, "big")) for number in range(count)]


def test_a_session_is_on_the_list_with_its_event_and_denied_when_the_call_returns(desk: Desk) -> None:
    used = desk.service.end_session("ec2-full", "s1", NOW + HOUR, EVENT)
    assert desk.denied() == {"s1"}
    assert desk.revocations.events == [EVENT]
    assert 0 < used < 0.1


def test_thirty_at_once_on_one_role_are_all_denied_and_all_told(desk: Desk) -> None:
    wanted = ids_of(30)
    with ThreadPoolExecutor(max_workers=30) as pool:
        list(pool.map(lambda one: desk.service.end_session("ec2-full", one, NOW + HOUR, f"{EVENT}{one}"), wanted))
    assert desk.denied() == set(wanted)
    assert len(desk.revocations.events) == 30
    assert desk.policy.puts <= 30
    desk.clock.pass_seconds(OVER)
    assert desk.service.prune().changed == ("ec2-full",)
    assert desk.policy.current("ec2-full") is None


def test_repeating_a_revocation_changes_nothing_and_tells_nothing(desk: Desk) -> None:
    desk.service.end_session("ec2-full", "s1", NOW + HOUR, EVENT)
    desk.service.end_session("ec2-full", "s1", NOW + HOUR, EVENT)
    assert (len(desk.revocations.events), desk.policy.puts) == (1, 1)


def test_repeating_after_iam_failed_carries_it_out_without_a_second_event(desk: Desk) -> None:
    desk.policy.fails_with = RefusedByAws("no", "Throttling")
    with pytest.raises(RefusedByAws):
        desk.service.end_session("ec2-full", "s1", NOW + HOUR, EVENT)
    assert desk.store.held == {}
    desk.policy.fails_with = None
    desk.service.end_session("ec2-full", "s1", NOW + HOUR, EVENT)
    assert desk.denied() == {"s1"}
    assert len(desk.revocations.events) == 1


def test_who_lost_the_lease_while_iam_was_slow_writes_the_newest_list_again(desk: Desk) -> None:
    def somebody_overtakes() -> None:
        """While our older policy is on its way, another one is listed and rendered."""
        desk.policy.before_put = lambda: None
        desk.store.held.clear()
        desk.service.end_session("ec2-full", "s2", NOW + HOUR, EVENT)

    desk.policy.before_put = somebody_overtakes
    desk.service.end_session("ec2-full", "s1", NOW + HOUR, EVENT)
    assert desk.denied() == {"s1", "s2"}


def test_sessions_of_a_role_that_is_gone_are_revoked_already_and_it_is_told(desk: Desk) -> None:
    desk.policy.gone.add("ec2-full")
    desk.service.end_session("ec2-full", "s1", NOW + HOUR, EVENT)
    desk.service.end_caller("ec2-full", "alice", Cutoff(NOW, NOW + HOUR), f"{EVENT}2", {})
    assert desk.revocations.events == [EVENT, f"{EVENT}2"]
    assert desk.service.prune() == Pruned((), ())
    desk.clock.pass_seconds(OVER)
    assert desk.service.prune() == Pruned(("ec2-full",), ())
    assert desk.policy.policies == {}


def test_a_lease_lost_again_and_again_is_said(desk: Desk) -> None:
    desk.store.lose_next = 100
    with pytest.raises(AwsUnavailable, match="recorded"):
        desk.service.end_session("ec2-full", "s1", NOW + HOUR, EVENT)


def test_a_full_policy_refuses_before_anything_is_written(desk: Desk) -> None:
    desk.policy.taken = 10_200
    with pytest.raises(Conflict, match="--role ec2-full"):
        desk.service.end_session("ec2-full", "s1", NOW + HOUR, EVENT)
    assert (desk.revocations.rows, desk.policy.puts) == ({}, 0)


def test_a_caller_and_a_role_are_denied_by_time(desk: Desk) -> None:
    desk.service.end_caller("ec2-full", "alice", Cutoff(NOW, NOW + HOUR), EVENT, {})
    desk.service.end_everyone("ec2-full", Cutoff(NOW, NOW + HOUR), EVENT, {})
    assert desk.policy.current("ec2-full") == policy_document(desk.revocations.get("ec2-full"))
    assert desk.revocations.get("ec2-full").everyone


def test_the_young_are_denied_by_id_beside_the_cutoff_in_one_write(desk: Desk) -> None:
    one, two = ids_of(2)
    desk.service.end_caller("ec2-full", "alice", Cutoff(NOW, NOW + HOUR), EVENT, {one: NOW + HOUR})
    desk.service.end_everyone("s3-read", Cutoff(NOW, NOW + HOUR), EVENT, {two: NOW + HOUR})
    callers, role = desk.revocations.get("ec2-full"), desk.revocations.get("s3-read")
    assert (set(callers.sessions), set(callers.callers)) == ({one}, {"alice"})
    assert (set(role.sessions), role.everyone) == ({two}, Cutoff(NOW, NOW + HOUR))
    assert desk.policy.puts == 2


def test_a_cutoff_whose_young_do_not_fit_is_refused_whole(desk: Desk) -> None:
    desk.policy.taken = 10_240 - 300
    with pytest.raises(Conflict):
        desk.service.end_caller("ec2-full", "alice", Cutoff(NOW, NOW + HOUR), EVENT, {ids_of(1)[0]: NOW + HOUR})
    with pytest.raises(Conflict):
        desk.service.end_everyone("ec2-full", Cutoff(NOW, NOW + HOUR), EVENT, {ids_of(1)[0]: NOW + HOUR})
    assert (desk.revocations.rows, desk.revocations.events) == ({}, [])


def test_pruning_leaves_what_is_alive_and_does_nothing_when_there_is_nothing_to_do(desk: Desk) -> None:
    desk.service.end_session("ec2-full", "s1", NOW + HOUR, EVENT)
    desk.service.end_session("ec2-full", "s2", NOW + 2 * HOUR, EVENT)
    desk.clock.pass_seconds(OVER)
    assert desk.service.prune().changed == ("ec2-full",)
    assert desk.denied() == {"s2"}
    again = desk.service.prune()
    assert (again.changed, again.failed) == ((), ())
    assert len(desk.revocations.events) == 2


def test_two_who_cut_off_the_same_in_one_second_leave_two_events(desk: Desk) -> None:
    for event in ("of rita", "of olga"):
        desk.service.end_everyone("ec2-full", Cutoff(NOW, NOW + HOUR), event, {})
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
        desk.service.end_session("ec2-full", name, NOW + lasts * HOUR, EVENT)
    desk.clock.pass_seconds(60)
    pruned = desk.service.prune()
    assert (pruned.changed, pruned.failed) == (("ec2-full",), ())


def test_pruning_says_how_full_the_fullest_policy_still_is(desk: Desk) -> None:
    assert desk.service.prune().fullest == 0
    used = [desk.service.end_session("ec2-full", one, NOW + HOUR, f"{EVENT}{one}") for one in ids_of(30)]
    desk.service.end_session("s3-read", "s1", NOW + HOUR, EVENT)
    assert desk.service.prune().fullest == used[-1] > 0
    desk.clock.pass_seconds(OVER)
    assert desk.service.prune().fullest == 0


def test_pruning_mends_a_policy_that_somebody_removed(desk: Desk) -> None:
    desk.service.end_session("ec2-full", "s1", NOW + HOUR, EVENT)
    desk.policy.policies.clear()
    assert desk.service.prune().changed == ("ec2-full",)
    assert desk.denied() == {"s1"}


def test_pruning_goes_on_after_a_role_that_fails(desk: Desk) -> None:
    desk.service.end_session("broken", "s1", NOW + HOUR, EVENT)
    desk.service.end_session("ec2-full", "s2", NOW + HOUR, EVENT)
    remove = desk.policy.remove

    def remove_unless_broken(role: str) -> None:
        if role == "broken":
            raise BrokerError("no")
        remove(role)

    desk.policy.remove = remove_unless_broken  # type: ignore[method-assign]
    desk.clock.pass_seconds(OVER)
    pruned = desk.service.prune()
    assert (pruned.changed, pruned.failed) == (("ec2-full",), ("broken",))
