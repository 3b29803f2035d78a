"""Callers that the directory knows, for those who may read the audit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.core.domain.callers import OWN_KEYS
from chalicelib.core.domain.errors import NotFound, Refused
from chalicelib.core.domain.pages import Page

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import datetime
    from typing import Protocol

    from chalicelib.access.domain.facts import Facts
    from chalicelib.access.services.rights import Rights
    from chalicelib.core.domain.events import Origin
    from chalicelib.core.services.refusals import RefusalRecorder
    from chalicelib.directory.services.suspend import Suspensions

    class Directory(Protocol):
        """The directory's rows, read."""

        def page(self, limit: int, cursor: str | None) -> Page[Facts]:
            """Callers in order of their names."""
            ...

        def by_name(self, name: str) -> Iterable[Facts]:
            """Callers of that name."""
            ...

        def seen_at(self) -> datetime | None:
            """The time of the latest complete reading of IAM."""
            ...


SUSPENDED_TAG = f"{OWN_KEYS}suspended"


@dataclass(frozen=True, slots=True)
class KnownCaller:
    """One caller, as of a moment."""

    id: str
    """IAM's unique id: of two callers who had one name after the other, it tells which one is meant."""
    name: str
    kind: str
    arn: str
    groups: tuple[str, ...]
    tags: Mapping[str, str]
    suspended: bool
    as_of: datetime | None


@dataclass(frozen=True, slots=True)
class CallerFilter:
    """The callers a list is about; empty members do not narrow it."""

    group: str = ""
    suspended: bool | None = None

    def matches(self, caller: KnownCaller) -> bool:
        """True if the filter includes the caller."""
        return (not self.group or self.group in caller.groups) and self.suspended in {None, caller.suspended}


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerBrowser:
    """Cedar's `ReadAudit` on the whole broker decides."""

    rights: Rights
    directory: Directory
    suspensions: Suspensions
    refusals: RefusalRecorder

    def page(self, wanted: CallerFilter, limit: int, cursor: str | None, origin: Origin) -> Page[KnownCaller]:
        """One page in order of names; it may be short."""
        self._demand(origin)
        found = self.directory.page(limit, cursor)
        suspended, as_of = self._suspended(), self.directory.seen_at()
        callers = (self._known(facts, suspended, as_of) for facts in found.items)
        return Page(tuple(caller for caller in callers if wanted.matches(caller)), found.cursor)

    def one(self, name: str, origin: Origin) -> KnownCaller:
        """The user of that name, else the role; NotFound."""
        self._demand(origin)
        found = sorted(self.directory.by_name(name), key=lambda facts: facts.kind, reverse=True)
        if not found:
            raise NotFound(f"The directory has no caller {name}. It is read once a minute.")
        return self._known(found[0], self._suspended(), self.directory.seen_at())

    def _demand(self, origin: Origin) -> None:
        try:
            self.rights.demand("ReadAudit", "", origin)
        except (Refused, NotFound) as refusal:
            raise self.refusals.record(refusal, origin, detail={"action": "ReadAudit"}) from None

    def _suspended(self) -> set[str]:
        return {one.subject for one in self.suspensions.every()}

    def _known(self, facts: Facts, suspended: Collection[str], as_of: datetime | None) -> KnownCaller:
        out = facts.unique_id in suspended or SUSPENDED_TAG in facts.tags
        return KnownCaller(facts.unique_id, facts.name, facts.kind, facts.arn, facts.groups, facts.tags, out, as_of)
