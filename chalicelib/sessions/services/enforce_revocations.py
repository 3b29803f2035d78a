"""Enforces revocations: the list in the table first, then the policy in IAM, safe for calls at the same time.

The provision function runs this; it alone may write to IAM.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from chalicelib.core.domain.conditional_writes import write_conditionally
from chalicelib.core.domain.errors import AccountUnreachable, AwsUnavailable, BrokerError, Conflict, NotFound
from chalicelib.core.services.leases import LeaseLost
from chalicelib.sessions.domain.revocation import DATED_WITHIN
from chalicelib.sessions.domain.revocation_policy import characters, policy_document
from chalicelib.sessions.domain.revocation_room import MAX_INLINE_CHARACTERS, OWN_SHARE, ROOM, fitted, widenings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime
    from typing import Any, Protocol

    from chalicelib.core.domain.sessions import Session, SessionFilter
    from chalicelib.core.domain.times import Clock
    from chalicelib.core.services.leases import Leases
    from chalicelib.sessions.domain.revocation import Cutoff, RoleRevocations
    from chalicelib.sessions.domain.revocation_room import Widening

    Change = Callable[[RoleRevocations], RoleRevocations]
    """The list as it is to be, whatever room there is."""

    class RevocationList(Protocol):
        """The revocation list of each role."""

        def get(self, role: str) -> RoleRevocations:
            """The list of a role; empty where nothing was ever taken back."""
            ...

        def every(self) -> list[RoleRevocations]:
            """Every role's list."""
            ...

        def save(self, changed: RoleRevocations, event: str | None) -> None:
            """Write the list over the version it was read at, with its event as JSON; Conflict if that is not last."""
            ...

        def mark_rendered(self, role: str, version: int) -> None:
            """Remember which version IAM has."""
            ...

    class RevocationPolicy(Protocol):
        """The inline policy that carries a revocation list."""

        def others(self, role: str) -> int:
            """Characters that the role's other inline policies take; NotFound if there is no such role."""
            ...

        def current(self, role: str) -> Mapping[str, Any] | None:
            """The policy that IAM has, or None."""
            ...

        def put(self, role: str, document: Mapping[str, Any]) -> None:
            """Replace the policy; NotFound if there is no such role."""
            ...

        def remove(self, role: str) -> None:
            """Take the policy away; nothing to do where there is none, or no role."""
            ...

    class SessionRows(Protocol):
        """The rows of sessions."""

        def every(self, wanted: SessionFilter, now: datetime) -> Iterator[Session]:
            """Every session of the filter's role and times."""
            ...

        def mark_revoked(self, session_id: str, at: datetime) -> None:
            """Record in the session's row that it is revoked."""
            ...


MAX_TRIES = 40
"""Attempts to save a list while others save theirs; with the pauses of wiring under 36 s in all, 18 as a rule."""

KEPT = "The revocation is on record and not in force there: it is tried again every 15 minutes."
MAX_RENDERINGS = 3
"""Attempts to render, each with a lease of its own."""


@dataclass(frozen=True, slots=True)
class RevocationOrder:
    """The role, and the audit event as JSON: it rides in the list's row and comes out of the stream.

    `own` is the source identity of a caller who ends their own sessions, otherwise empty.
    """

    role: str
    event: str
    own: str = ""


@dataclass(frozen=True, slots=True)
class Enforced:
    """A revocation that IAM has: how full the policy is, from 0 to 1, and how far entries were widened for room."""

    used: float
    widened: tuple[Widening, ...] = ()


@dataclass(frozen=True, slots=True)
class Pruned:
    """The result of a run of pruning: roles whose policy it changed, and roles where it failed.

    `fullest` is how full the fullest policy is that it saw, from 0 to 1.
    """

    changed: tuple[str, ...]
    failed: tuple[str, ...]
    fullest: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationEnforcer:
    """Saving is optimistic (a version); rendering is under a lease per role.

    The holder of the lease renders the newest list. So a burst of revocations
    costs few IAM calls, and a call returns when IAM has at least its version.
    No revocation fails for lack of room: entries are widened instead
    (domain/revocation_room.py), and the answer and the event say how.

    In an account that is out of reach nothing is denied yet: the list is kept,
    the call fails and says so, and every run of pruning tries again. The call marks the rows of the sessions that it
    ended; where it failed, the run that brought the list there does.

    A role that is gone is revoked already: AWS ends its sessions with it, and
    a role of the same name is another one (IAM, "Unique identifiers"). Only
    the list and the event are written.
    """

    revocations: RevocationList
    policy: RevocationPolicy
    sessions: Callable[[], SessionRows]
    leases: Leases
    clock: Clock
    pause: Callable[[int], None]

    def end_session(
        self, order: RevocationOrder, session_id: str, expires_at: datetime, source_identity: str
    ) -> Enforced:
        """Deny one session of this source identity."""
        return self._revoke(order, lambda listed: listed.with_session(session_id, expires_at, source_identity))

    def end_caller(
        self, order: RevocationOrder, source_identity: str, cutoff: Cutoff, young: Mapping[str, datetime]
    ) -> Enforced:
        """Deny one caller's sessions issued before the cutoff, and the `young` ones by id.

        Young are those that AWS may have dated later, ids and when they expire.
        """

        def change(listed: RoleRevocations) -> RoleRevocations:
            return listed.with_caller(source_identity, cutoff).with_sessions(young, source_identity)

        return self._revoke(order, change, anyway=True)

    def end_everyone(self, order: RevocationOrder, cutoff: Cutoff, young: Mapping[str, datetime]) -> Enforced:
        """Deny every session of the role issued before the cutoff, and the `young` ones; otherwise as `end_caller`."""
        return self._revoke(order, lambda listed: listed.with_everyone(cutoff).with_sessions(young), anyway=True)

    def prune(self) -> Pruned:
        """Take expired entries out of every list, and mend policies that are not what the list says."""
        changed, failed, fullest = [], [], 0.0
        for listed in self.revocations.every():
            try:
                if self._prune(listed):
                    changed.append(listed.role)
                if listed.rendered < listed.version:
                    self._show(listed)
            except Conflict:
                continue  # another call changed the list in this moment, and rendered it
            except BrokerError:
                failed.append(listed.role)
                continue
            with suppress(BrokerError):  # it is done; how full it is, the next run tells
                fullest = max(fullest, self._share(listed.pruned(self.clock())))
        return Pruned(tuple(changed), tuple(failed), fullest)

    def _show(self, listed: RoleRevocations) -> None:
        """Mark the rows of the sessions that a list ended, which IAM did not have until now."""
        from chalicelib.core.domain.sessions import SessionFilter  # noqa: PLC0415  only after an account was out of reach

        now, rows = self.clock(), self.sessions()
        alive = SessionFilter(role=listed.role).alive(now - DATED_WITHIN)
        for session in rows.every(alive, now):
            if alive.matches(session, now) and listed.denies(session.id, session.source_identity, session.issued_at):
                rows.mark_revoked(session.id, now)

    def _revoke(self, order: RevocationOrder, change: Change, *, anyway: bool = False) -> Enforced:
        room = self._room(order.role)
        if room is None:
            self._save(order, change, ROOM, anyway=anyway)
            return Enforced(0.0)
        saved, widened = self._save(order, change, room, anyway=anyway)
        try:
            self._render(order.role, saved.version)
        except AccountUnreachable as unreachable:
            unreachable.detail = f"{unreachable.detail} {KEPT}"
            raise
        return Enforced(characters(saved) / max(room, 1), widened)

    def _share(self, listed: RoleRevocations) -> float:
        """How full the policy is, from 0 to 1: nothing is read of IAM for a list that is empty."""
        room = None if listed.empty else self._room(listed.role)
        return 0.0 if room is None else characters(listed) / max(room, 1)

    def _room(self, role: str) -> int | None:
        """Characters that the policy may have; None for a role that is gone.

        Where an account is out of reach the list is kept all the same: pruning
        brings it there when it is back.
        """
        try:
            return min(ROOM, MAX_INLINE_CHARACTERS - self.policy.others(role))
        except NotFound:
            return None
        except AccountUnreachable:
            return ROOM

    def _save(
        self, order: RevocationOrder, change: Change, room: int, *, anyway: bool
    ) -> tuple[RoleRevocations, tuple[Widening, ...]]:
        """The list after the change; a change that changes nothing is not written and makes no event.

        Unless `anyway`: two who cut off the same within one second are two revocations.
        """

        def prepare() -> tuple[tuple[RoleRevocations, tuple[Widening, ...]], Callable[[], None] | None]:
            read = self.revocations.get(order.role)
            exact = change(read)
            if exact == read and not anyway:
                return (read, ()), None
            listed = self._fitted(exact, room, order.own)
            widened = widenings(exact, listed)
            write = partial(self.revocations.save, listed, _told(order.event, widened))
            return (replace(listed, version=read.version + 1), widened), write

        exhausted = AwsUnavailable(f"Too many revocations on {order.role} in the same moment. Try again.")
        return write_conditionally(prepare, pause=self.pause, tries=MAX_TRIES, exhausted=exhausted)

    def _fitted(self, exact: RoleRevocations, room: int, own: str = "") -> RoleRevocations:
        """Entries that have expired make way before any other is widened."""
        if characters(exact) <= room * OWN_SHARE:
            return exact
        return fitted(exact.pruned(self.clock()), room, own)

    def _render(self, role: str, version: int) -> None:
        """Return when IAM has at least this version of the list.

        A lease that ran out while IAM was slow means that an older policy may
        have gone over a newer one: then the newest is written once more.
        """
        overtaken = False
        for _ in range(MAX_RENDERINGS):
            try:
                with self.leases.hold(f"revocations/{role}") as lease:
                    newest = self.revocations.get(role)
                    if newest.rendered < version or overtaken:
                        self._put(newest)
                        lease.extend()
                        self.revocations.mark_rendered(role, newest.version)
            except LeaseLost:
                overtaken = True
            else:
                return
        raise AwsUnavailable(f"The revocation on {role} is recorded but IAM is slow to take it. Try again.")

    def _put(self, listed: RoleRevocations) -> None:
        if listed.empty:
            self.policy.remove(listed.role)
        else:
            self.policy.put(listed.role, policy_document(listed))

    def _prune(self, listed: RoleRevocations) -> bool:
        """True if there was something to do. A new version is what makes `_render` write."""
        pruned = listed.pruned(self.clock())
        wanted = None if pruned.empty else policy_document(pruned)
        if pruned == listed and self.policy.current(listed.role) == wanted:
            return False
        room = self._room(listed.role)
        if room is None and pruned == listed:
            return False
        self.revocations.save(pruned if room is None else self._fitted(pruned, room), None)
        if room is not None:
            self._render(listed.role, listed.version + 1)
        return True


def _told(event: str, widened: tuple[Widening, ...]) -> str:
    """The event, saying how far entries were widened."""
    if not widened:
        return event
    document = json.loads(event)
    detail = {**document.get("detail", {}), "widened": [one.document() for one in widened]}
    return json.dumps({**document, "detail": detail}, ensure_ascii=True, separators=(",", ":"))
