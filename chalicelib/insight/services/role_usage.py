"""How a role was used, against what its policies allow."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chalicelib.access.services.rights import owns
from chalicelib.core.domain.errors import NoSuchRole, NotFound, Refused
from chalicelib.core.domain.sessions import SessionFilter
from chalicelib.core.domain.times import rfc3339
from chalicelib.explain.domain.allowed_actions import Documents, allowed_of, documents_of
from chalicelib.insight.domain.usage import ActionUse, LastAccessed, used
from chalicelib.sessions.services.visibility import as_seen

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from typing import Protocol

    from chalicelib.access.services.rights import Rights
    from chalicelib.core.domain.events import Origin
    from chalicelib.core.domain.roles import Role
    from chalicelib.core.domain.sessions import Session
    from chalicelib.core.services.refusals import RefusalRecorder
    from chalicelib.explain.services.browse_roles import RoleBrowser
    from chalicelib.explain.services.explain import IamFacts
    from chalicelib.insight.domain.usage import AccessedService
    from chalicelib.sessions.domain.activity import Call
    from chalicelib.sessions.services.activity import ActivityLog
    from chalicelib.sessions.services.browse import SessionBrowser

    class LastAccessedData(Protocol):
        """IAM's last-accessed data."""

        def of(self, arn: str) -> LastAccessed:
            """The data of a role; its state says if there are none."""
            ...


READS = 4
"""Pages of CloudTrail for one page of this: 16 lookups at most, which take 8 s at the rate that AWS allows."""


@dataclass(frozen=True, slots=True)
class UnusedActions:
    """The actions of a service that the role allows; `actions` are those that no session of this page called."""

    service: str
    allowed: int
    actions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class UsagePage:
    """The use by the sessions of one page. Only the first page has `unused` and `last_accessed`."""

    role: str
    since: str
    sessions: int
    used: tuple[ActionUse, ...]
    unmatched: tuple[str, ...]
    unused: tuple[UnusedActions, ...] | None
    last_accessed: LastAccessed | None
    regions: tuple[str, ...]
    regions_denied: tuple[str, ...]
    cursor: str | None


@dataclass(slots=True)
class _Read:
    """CloudTrail's answers to one page, and the place where the next one begins."""

    calls: list[Call]
    denied: dict[str, None]
    ended: int = 0
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Sources:
    """The facts about a role beside its sessions, and the names of all actions of AWS."""

    log: ActivityLog
    iam: IamFacts
    last_accessed: LastAccessedData
    actions: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleUsage:
    """Cedar's `ReadAudit` on the role decides. Callers who see the role may ask about their own sessions."""

    rights: Rights
    roles: RoleBrowser
    sessions: SessionBrowser
    refusals: RefusalRecorder
    sources: Sources

    def page(self, name: str, caller: str, since: datetime, cursor: str | None, origin: Origin) -> UsagePage:
        """The next sessions of the role, newest first, and what they called."""
        role = self._role(name, caller, origin)
        read = self._read(SessionFilter(caller=caller, role=role.name, since=since), cursor or "", origin)
        uses, unmatched = used(read.calls, self.sources.actions)
        documents = self._documents(role)
        whole = cursor is None and self.rights.may_read(role.name, origin)
        return UsagePage(
            role=role.name,
            since=rfc3339(since),
            sessions=read.ended,
            used=tuple(replace(use, allowed=documents.verdict(use.name)) for use in uses) if documents else uses,
            unmatched=unmatched,
            unused=self._unused(documents, uses) if whole and documents else None,
            last_accessed=self._last_accessed(role, documents) if whole else None,
            regions=self.sources.log.regions,
            regions_denied=tuple(read.denied),
            cursor=read.cursor,
        )

    def _role(self, name: str, caller: str, origin: Origin) -> Role:
        """The role; NotFound or Refused, on record, unless the caller may read how it was used."""
        role = self.rights.catalogue.get(name)
        absent = NoSuchRole()
        if role and caller == origin.caller.name and self._sees(name, origin):
            return role
        try:
            self.rights.demand("ReadAudit", name, origin)
        except (Refused, NotFound) as refusal:
            shown = as_seen(refusal, absent.detail, sees=self._sees(name, origin))
            raise self.refusals.record(shown, origin, role=name, detail={"action": "ReadAudit"}) from None
        if role is None:
            raise absent
        return role

    def _sees(self, name: str, origin: Origin) -> bool:
        try:
            self.roles.role(name, origin)
        except NotFound:
            return False
        return True

    def _read(self, wanted: SessionFilter, cursor: str, origin: Origin) -> _Read:
        """CloudTrail's pages of one session after the other; the cursor has the session before, and the page in it."""
        before, _, within = cursor.partition(" ")
        read = _Read([], {})
        for _ in range(READS):
            page = self.sessions.page(wanted, 1, before or None, origin)
            within = self._add(read, page.items, within, origin, own=wanted.caller == origin.caller.name)
            if not within:
                before = page.cursor or ""
            if not before and not within:
                return read
        read.cursor = f"{before} {within}"
        return read

    def _add(self, read: _Read, sessions: tuple[Session, ...], within: str, origin: Origin, *, own: bool) -> str:
        """Read one page of the session's calls; the cursor of the next one, "" after the last."""
        for session in sessions:
            if session.failed or (own and not owns(origin, session)):
                continue
            found = self.sources.log.page(session, within or None)
            read.calls += found.items
            read.denied |= dict.fromkeys(found.denied)
            if found.cursor:
                return found.cursor
            read.ended += 1
        return ""

    def _documents(self, role: Role) -> Documents | None:
        """The policies of the role, or None: in a member account the broker's API reads no IAM."""
        found = None if role.home else self.sources.iam.role(role, policies=True)
        return documents_of(found) if found else None

    def _unused(self, documents: Documents, uses: tuple[ActionUse, ...]) -> tuple[UnusedActions, ...]:
        called = {use.name for use in uses if use.count}
        allowed: Mapping[str, list[str]] = allowed_of(documents, self.sources.actions)
        return tuple(
            UnusedActions(service, len(names), tuple(name for name in names if f"{service}:{name}" not in called))
            for service, names in allowed.items()
        )

    def _last_accessed(self, role: Role, documents: Documents | None) -> LastAccessed:
        if documents is None:
            return LastAccessed("not_read")
        found = self.sources.last_accessed.of(role.arn)
        return replace(found, services=tuple(_judged(service, documents) for service in found.services))


def _judged(service: AccessedService, documents: Documents) -> AccessedService:
    about = documents.about(service.service)
    actions = (replace(one, allowed=about.verdict(f"{one.service}:{one.action}")) for one in service.actions)
    return replace(service, actions=tuple(actions))
