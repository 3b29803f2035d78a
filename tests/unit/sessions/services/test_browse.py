"""Looking at sessions, their activity and the audit log: what one may see."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.access.domain.rule_files import load_rules
from chalicelib.access.services.rights import Rights
from chalicelib.audit.domain.filter import AuditFilter
from chalicelib.audit.services.read import AuditBrowser
from chalicelib.core.domain.callers import Caller
from chalicelib.core.domain.errors import InvalidRequest, NotFound, Refused
from chalicelib.core.domain.pages import Page
from chalicelib.core.domain.roles import Role
from chalicelib.core.domain.sessions import Session, SessionFilter
from chalicelib.sessions.services.activity import Activity
from chalicelib.sessions.services.browse import SessionBrowser
from tests.fakes.audit import FakeAuditReader, FakeLedger
from tests.fakes.core import ALICE, CAROL, EC2, NOW, Clock, FakeCatalogue, FakeJournal, origin, refusals
from tests.fakes.sessions import FakeActivityLog, FakeSessions, session

AUDITOR = Caller("user", "axel", "arn:aws:iam::123456789012:user/axel", "123456789012", "AIDA5", ("auditors",))
OWNER = Caller("user", "olga", "arn:aws:iam::123456789012:user/olga", "123456789012", "AIDA8", ("owners",))
S3 = Role("s3-read", "arn:aws:iam::123456789012:role/access-broker/s3-read")
POLICIES = """
@id("seen") permit (principal, action == Broker::Action::"SeeRole", resource);
@id("auditors") permit (principal in Broker::Group::"auditors", action == Broker::Action::"ReadAudit", resource);
@id("owners") permit (principal in Broker::Group::"owners", action == Broker::Action::"ReadAudit",
    resource == Broker::Role::"s3-read");
@id("never-this-way") @approvals("1") permit (principal, action == Broker::Action::"ReadAudit", resource);
"""
ALICES, CAROLS, ALICES_S3 = session(1), session(2, CAROL), session(3, role="s3-read")
EVERYTHING = SessionFilter()


@dataclass
class Desk:
    """The reading services and everything they touch."""

    sessions: FakeSessions = field(default_factory=lambda: FakeSessions().add(ALICES, CAROLS, ALICES_S3))
    journal: FakeJournal = field(default_factory=FakeJournal)
    log: FakeAuditReader = field(default_factory=FakeAuditReader)
    trail: FakeActivityLog = field(default_factory=FakeActivityLog)
    clock: Clock = field(default_factory=Clock)

    @property
    def rights(self) -> Rights:
        catalogue = FakeCatalogue({EC2.name: EC2, S3.name: S3})
        return Rights(rules=load_rules({"a.cedar": POLICIES}), catalogue=catalogue, clock=self.clock)

    @property
    def reading(self) -> SessionBrowser:
        recorder = refusals(self.journal, self.clock)
        return SessionBrowser(rights=self.rights, sessions=self.sessions, refusals=recorder, clock=self.clock)

    @property
    def audit(self) -> AuditBrowser:
        return AuditBrowser(
            rights=self.rights,
            log=self.log,
            ledger=FakeLedger(),
            refusals=refusals(self.journal, self.clock),
        )

    def seen_by(self, caller: Caller, wanted: SessionFilter = EVERYTHING) -> set[Session]:
        return set(self.reading.page(wanted, 10, None, origin(caller)).items)


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.mark.parametrize(
    ("caller", "wanted", "seen"),
    [
        (AUDITOR, EVERYTHING, {ALICES, CAROLS, ALICES_S3}),
        (AUDITOR, SessionFilter(caller="carol"), {CAROLS}),
        (AUDITOR, SessionFilter(role="s3-read"), {ALICES_S3}),
        (AUDITOR, SessionFilter(caller="alice", role="s3-read"), {ALICES_S3}),
        (ALICE, EVERYTHING, {ALICES, ALICES_S3}),
        (ALICE, SessionFilter(role="ec2-full"), {ALICES}),
        (ALICE, SessionFilter(caller="carol"), set()),
        (OWNER, EVERYTHING, set()),
        (OWNER, SessionFilter(role="s3-read"), {ALICES_S3}),
        (OWNER, SessionFilter(role="ec2-full"), set()),
        (OWNER, SessionFilter(caller="alice"), {ALICES_S3}),
    ],
)
def test_one_sees_ones_own_and_what_the_rules_give(
    desk: Desk, caller: Caller, wanted: SessionFilter, seen: set[Session]
) -> None:
    assert desk.seen_by(caller, wanted) == seen


def test_a_recreated_namesake_does_not_see_the_old_users_sessions(desk: Desk) -> None:
    assert desk.seen_by(Caller("user", "alice", ALICE.arn, ALICE.account, "AIDA-NEW")) == set()


def test_sessions_are_filtered_by_state(desk: Desk) -> None:
    old = session(4, issued_at=NOW - timedelta(hours=3))
    taken, failed = session(5, revoked_at=NOW), session(6, failed=True)
    desk.sessions.add(old, taken, failed)
    states = {"expired": {old}, "revoked": {taken}, "failed": {failed}, "active": {ALICES, CAROLS, ALICES_S3}}
    for state, wanted in states.items():
        assert desk.seen_by(AUDITOR, SessionFilter(state=state)) == wanted  # type: ignore[arg-type]


def test_pages_follow_one_another_newest_first(desk: Desk) -> None:
    desk.sessions.add(*(session(number, issued_at=NOW - timedelta(minutes=number)) for number in range(10, 15)))
    found, cursor = [], None
    while True:
        page = desk.reading.page(EVERYTHING, 3, cursor, origin(AUDITOR))
        found += [one.id for one in page.items]
        cursor = page.cursor
        if cursor is None:
            break
    assert found == sorted(desk.sessions.rows, reverse=True)


def test_the_count_is_of_living_sessions_one_may_see(desk: Desk) -> None:
    desk.sessions.add(session(5, revoked_at=NOW), session(6, issued_at=NOW - timedelta(hours=2)))
    assert desk.reading.active(EVERYTHING, origin(AUDITOR)) == 3
    assert desk.reading.active(EVERYTHING, origin(ALICE)) == 2
    assert desk.reading.active(SessionFilter(role="ec2-full"), origin(CAROL)) == 1


def test_a_session_of_somebody_else_does_not_exist(desk: Desk) -> None:
    assert desk.reading.one(ALICES.id, origin(ALICE)) == ALICES
    for caller, wanted in ((CAROL, ALICES.id), (AUDITOR, "0" * 26)):
        with pytest.raises(NotFound):
            desk.reading.one(wanted, origin(caller))


def test_a_read_of_a_session_of_others_leaves_a_record(desk: Desk) -> None:
    with pytest.raises(NotFound):
        desk.reading.one(ALICES.id, origin(CAROL))
    desk.seen_by(CAROL, SessionFilter(caller="alice"))
    read, listed = desk.journal.events
    assert (read.type, read.session, read.role, read.detail["action"]) == ("refuse", ALICES.id, "ec2-full", "ReadAudit")
    assert (listed.type, listed.detail["action"], listed.detail["name"]) == ("refuse", "ReadAudit", "alice")


def test_reads_of_what_is_ones_own_or_does_not_exist_leave_none(desk: Desk) -> None:
    desk.reading.one(ALICES.id, origin(ALICE))
    with pytest.raises(NotFound):
        desk.reading.one("0" * 26, origin(CAROL))
    for caller, wanted in ((ALICE, EVERYTHING), (OWNER, SessionFilter(caller="alice")), (AUDITOR, EVERYTHING)):
        desk.seen_by(caller, wanted)
    assert desk.journal.events == []


@dataclass
class TwoAPage(FakeSessions):
    """Rows of which a page looks at two, whether they match or not."""

    def page(self, wanted: Any, now: Any, limit: int, cursor: Any, matches: Any) -> Page[Session]:
        assert limit
        rows = [one for one in self.every(wanted, now) if not cursor or one.id < cursor]
        found = tuple(one for one in rows[:2] if matches(one))
        return Page(found, rows[1].id if len(rows) > 2 else None)


def test_no_cursor_names_a_session_of_others(desk: Desk) -> None:
    alices = [session(number, issued_at=NOW - timedelta(minutes=number)) for number in range(10, 16)]
    on_s3 = [session(number, role="s3-read", issued_at=NOW - timedelta(minutes=number)) for number in (20, 30)]
    desk.sessions = TwoAPage()
    desk.sessions.add(*alices, *on_s3)
    for caller in (CAROL, OWNER):
        found, cursor, named = set(), None, set()
        while True:
            page = desk.reading.page(SessionFilter(caller="alice"), 10, cursor, origin(caller))
            found |= set(page.items)
            if page.cursor is None:
                break
            assert page.cursor != cursor
            named.add(cursor := page.cursor)
        assert found == ({*on_s3} if caller is OWNER else set())
        assert named <= {one.id for one in on_s3}


def test_too_much_to_look_through_is_said_without_a_name(desk: Desk) -> None:
    desk.sessions = TwoAPage()
    desk.sessions.add(*(session(number, issued_at=NOW - timedelta(minutes=number)) for number in range(10, 40)))
    with pytest.raises(InvalidRequest) as error:
        desk.reading.page(SessionFilter(caller="alice"), 10, None, origin(CAROL))
    assert set(error.value.fields) == {"role"}


def test_a_recreated_namesake_gets_no_cursor_of_the_old_users(desk: Desk) -> None:
    desk.sessions = TwoAPage()
    desk.sessions.add(*(session(number, issued_at=NOW - timedelta(minutes=number)) for number in range(10, 15)))
    namesake = Caller("user", "alice", ALICE.arn, ALICE.account, "AIDA-NEW")
    assert desk.reading.page(EVERYTHING, 10, None, origin(namesake)).cursor is None


def test_activity_is_for_those_who_may_see_the_session(desk: Desk) -> None:
    service = Activity(sessions=desk.reading, log=desk.trail)
    empty = service.page(ALICES.id, "c", origin(AUDITOR))
    assert (empty.items, desk.trail.asked) == ((), [(ALICES, "c")])
    with pytest.raises(NotFound):
        service.page(ALICES.id, None, origin(CAROL))


def test_the_audit_log_is_for_those_who_may_read_it(desk: Desk) -> None:
    wanted = AuditFilter(NOW)
    page = desk.audit.page(wanted, 10, None, origin(AUDITOR))
    assert (page.items, desk.log.asked) == ((), [(wanted, 10, None)])
    assert desk.audit.head(origin(AUDITOR)).seq == 0


def test_a_role_owner_reads_what_concerns_the_role_and_nothing_else(desk: Desk) -> None:
    desk.audit.page(AuditFilter(NOW, role="s3-read"), 10, None, origin(OWNER))
    for wanted in (AuditFilter(NOW), AuditFilter(NOW, role="ec2-full")):
        with pytest.raises(Refused):
            desk.audit.page(wanted, 10, None, origin(OWNER))
    assert len(desk.log.asked) == 1


def test_being_refused_the_audit_log_is_on_record(desk: Desk) -> None:
    with pytest.raises(Refused):
        desk.audit.head(origin(ALICE))
    assert [(event.type, event.detail["action"]) for event in desk.journal.events] == [("refuse", "ReadAudit")]


@pytest.mark.parametrize(
    ("wanted", "fits"),
    [
        (AuditFilter(NOW), True),
        (AuditFilter(NOW, caller="alice", role="ec2-full", type="issue"), True),
        (AuditFilter(NOW, caller="bob"), False),
        (AuditFilter(NOW, role="s3-read"), False),
        (AuditFilter(NOW, type="refuse"), False),
        (AuditFilter(NOW, session="s1"), True),
        (AuditFilter(NOW, session="s2"), True),
        (AuditFilter(NOW, session="s3"), False),
    ],
)
def test_a_filter_takes_the_lines_it_names(wanted: AuditFilter, *, fits: bool) -> None:
    line = {
        "caller": {"name": "alice"},
        "role": "ec2-full",
        "type": "issue",
        "session": "s1",
        "detail": {"sessions": ["s2"]},
    }
    assert wanted.matches(line) is fits
    assert AuditFilter(NOW).matches({"unreadable": "x"})
