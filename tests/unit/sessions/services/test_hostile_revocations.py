"""A revocation that was answered holds, whatever hostile callers do to the deny list before and after it.

Any sequence of issues and revocations runs through the services as they are,
with the table, IAM and the clock in memory. After each step an evaluator of the
policy that IAM then has judges the credentials of every session that was
answered or shown as revoked.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.access.domain.rule_files import load_rules
from chalicelib.access.services.rights import Rights
from chalicelib.core.domain.callers import Caller, source_identity
from chalicelib.core.services.leases import Leases
from chalicelib.sessions.domain.revocation import Cutoff
from chalicelib.sessions.domain.revocation_policy import compact_length
from chalicelib.sessions.domain.revocation_room import MAX_INLINE_CHARACTERS
from chalicelib.sessions.services.enforce_revocations import Enforced, RevocationEnforcer, RevocationOrder
from chalicelib.sessions.services.revoke import SessionRevoker
from tests.fakes.core import EC2, Clock, FakeCatalogue, FakeJournal, FakeLeases, Ids, origin, refusals
from tests.fakes.sessions import FakeRevocationList, FakeRevocationPolicy, FakeSessions, session

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.core.domain.sessions import Session

ACCOUNT = "123456789012"
RITA = Caller("user", "rita", f"arn:aws:iam::{ACCOUNT}:user/rita", ACCOUNT, "AIDA7", ("responders",))
POLICIES = """
@id("responders") permit (principal in Broker::Group::"responders", action == Broker::Action::"Revoke", resource);
"""
RULES = load_rules({"a.cedar": POLICIES})
ROLE = EC2.name
LONG = "a-role-with-a-name-as-long-as-iam-allows-it-to-be-which-is-64-ch"


def caller(number: int) -> Caller:
    """Users, session names of one role, people of Identity Center, and names that are cut, by turns."""
    kind, name = number % 4, f"person-{number:02}"
    if kind == 0:
        return Caller("user", name, f"arn:aws:iam::{ACCOUNT}:user/{name}", ACCOUNT, f"AIDA-{name}")
    role = ("ci", "sso", LONG)[kind - 1]
    arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{name}"
    return Caller("role", f"{role}/{name}", arn, ACCOUNT, f"AROA{kind}:{name}")


@dataclass
class World:
    """The services with everything around them, and AWS's side of every session: its time of issue and its end."""

    taken: int
    clock: Clock = field(default_factory=Clock)
    sessions: FakeSessions = field(default_factory=FakeSessions)
    policy: FakeRevocationPolicy = field(default_factory=FakeRevocationPolicy)
    dated: dict[str, datetime] = field(default_factory=dict)
    answered: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.policy.taken = self.taken
        ids, rights = Ids(), Rights(rules=RULES, catalogue=FakeCatalogue({ROLE: EC2}), clock=self.clock)
        self.enforcer = RevocationEnforcer(
            revocations=FakeRevocationList(),
            policy=self.policy,
            sessions=lambda: self.sessions,
            leases=Leases(store=FakeLeases(), clock=self.clock, new_id=ids, pause=lambda _seconds: None),
            clock=self.clock,
            pause=lambda _attempt: None,
        )
        self.revoker = SessionRevoker(
            home="123456789012",
            rights=rights,
            sessions=self.sessions,
            provisioner=self,
            journal=FakeJournal(),
            refusals=refusals(FakeJournal(), self.clock, ids),
            clock=self.clock,
            new_id=ids,
        )

    def order(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """The provision function (handlers/revocation_actions.py)."""
        done = self._carried_out(order, RevocationOrder(order["role"], order["event"], order["own"]))
        return {"widened": [one.document() for one in done.widened]}

    def _carried_out(self, order: Mapping[str, Any], first: RevocationOrder) -> Enforced:
        at = datetime.fromisoformat
        if order["action"] == "revoke_session":
            return self.enforcer.end_session(first, order["session"], at(order["expires_at"]), order["source_identity"])
        cutoff = Cutoff(at(order["before"]), at(order["until"]))
        young = {name: at(end) for name, end in order["sessions"].items()}
        if order["action"] == "revoke_caller":
            return self.enforcer.end_caller(first, order["source_identity"], cutoff, young)
        return self.enforcer.end_everyone(first, cutoff, young)

    def issue(self, number: int, count: int, late: int, minutes: int) -> None:
        """Sessions of one caller, a tenth of a second apart, which AWS dates up to 15 seconds later."""
        for _ in range(count):
            now, who = self.clock(), caller(number)
            made = session(len(self.dated) + 1, who, issued_at=now, expires_at=now + timedelta(minutes=minutes))
            made = replace(made, source_identity=source_identity(who))
            self.sessions.add(made)
            self.dated[made.id] = (now + timedelta(seconds=late)).replace(microsecond=0)
            self.clock.now += timedelta(milliseconds=100)

    def alive(self, number: int) -> list[Session]:
        """The caller's sessions whose credentials still work."""
        own = [one for one in self.sessions.rows.values() if one.caller == caller(number).name]
        return [one for one in own if self.allowed(one)]

    def end_own(self, number: int, count: int) -> None:
        for one in self.alive(number)[:count]:
            self.revoker.end_session(one.id, "", origin(caller(number)))
            self.answered.add(one.id)

    def end_one(self, number: int) -> None:
        for one in self.alive(number)[:1]:
            self.revoker.end_session(one.id, "leak", origin(RITA))
            self.answered.add(one.id)

    def allowed(self, one: Session) -> bool:
        """IAM's evaluation of a call with the session's credentials, by the policy that IAM has now."""
        dated = self.dated[one.id]
        if self.clock() >= dated + (one.expires_at - one.issued_at):
            return False
        document = self.policy.current(ROLE) or {"Statement": []}
        return not any(denies(statement, one, dated) for statement in document["Statement"])

    def check(self) -> None:
        document = self.policy.current(ROLE)
        assert document is None or compact_length(document) + self.taken <= MAX_INLINE_CHARACTERS
        ended = [one for one in self.sessions.rows.values() if one.revoked_at or one.id in self.answered]
        alive = [one for one in ended if self.allowed(one)]
        assert not alive


def denies(statement: Mapping[str, Any], one: Session, dated: datetime) -> bool:
    """IAM's Deny statement on a session: every condition operator and key must match, any of its values."""
    assert (statement["Effect"], statement["Action"], statement["Resource"]) == ("Deny", "*", "*")
    values: dict[str, Any] = {
        "aws:PrincipalTag/access-broker:session": one.id,
        "aws:SourceIdentity": one.source_identity,
        "aws:TokenIssueTime": dated,
    }
    for operator, keys in statement["Condition"].items():
        for key, wanted in keys.items():
            if operator == "StringLike":
                met = any(fnmatchcase(values[key], pattern) for pattern in wanted)
            else:
                assert operator == "DateLessThan"
                met = values[key] < datetime.fromisoformat(wanted)
            if not met:
                return False
    return True


callers, counts = st.integers(0, 11), st.sampled_from([1, 3, 30, 109])
steps = st.one_of(
    st.tuples(st.just("issue"), callers, counts, st.integers(0, 14), st.sampled_from([15, 60])),
    st.tuples(st.just("end_own"), callers, counts),
    st.tuples(st.just("end_one"), callers),
    st.tuples(st.just("end_caller"), callers),
    st.tuples(st.just("end_own_all"), callers),
    st.tuples(st.just("end_role")),
    st.tuples(st.just("pass"), st.sampled_from([1, 20, 890, 905, 3_595, 3_605])),
    st.tuples(st.just("prune")),
)


def play(world: World, step: tuple[Any, ...]) -> None:
    match step:
        case ("issue", number, count, late, minutes):
            world.issue(number, count, late, minutes)
        case ("end_own", number, count):
            world.end_own(number, count)
        case ("end_one", number):
            world.end_one(number)
        case ("end_caller", number):
            world.revoker.end_caller(caller(number).name, "leak", origin(RITA))
        case ("end_own_all", number):
            world.revoker.end_caller(caller(number).name, "", origin(caller(number)))
        case ("end_role",):
            world.revoker.end_role(ROLE, "leak", origin(RITA))
        case ("pass", seconds):
            world.clock.pass_seconds(seconds)
        case _:
            assert world.enforcer.prune().failed == ()


@settings(max_examples=100)
@given(st.sampled_from([0, 6_264, 9_000, 9_800, 10_060]), st.lists(steps, min_size=10, max_size=30))
def test_after_a_revocation_is_answered_no_call_is_ever_allowed_again(
    taken: int, sequence: list[tuple[Any, ...]]
) -> None:
    world = World(taken)
    for step in sequence:
        play(world, step)
        world.check()


def fill(world: World, numbers: range, each: int) -> None:
    for number in numbers:
        world.issue(number, each, 0, 60)
        world.end_own(number, each)


def test_no_number_of_own_revocations_keeps_the_administrator_from_ending_one_session_alone() -> None:
    world = World(6_264)
    world.issue(0, 2, 0, 60)
    victim, neighbour = world.alive(0)
    fill(world, range(4, 24), 40)
    world.clock.pass_seconds(30)
    world.revoker.end_session(victim.id, "leak", origin(RITA))
    world.check()
    assert (world.allowed(victim), world.allowed(neighbour)) == (False, True)


def test_those_who_revoke_themselves_cost_no_one_else_their_session() -> None:
    world = World(6_264)
    world.issue(0, 3, 0, 60)
    fill(world, range(1, 24), 109)
    assert all(world.allowed(one) for one in world.alive(0))
    assert len(world.alive(0)) == 3
